"""Each layout against a plain forward pass: the scores, their range, and attention with rounded queries and keys."""

import numpy as np
import pytest

import relverify
from relverify.attention import heads
from relverify.attention.families import Config, family
from relverify.attention.weights import Weights

RNG = np.random.default_rng(5)


def layer_norm(h, gain, shift, eps):
    centred = h - h.mean(axis=-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + eps) * gain + shift


def rms_norm(h, gain, eps):
    return h / np.sqrt((h**2).mean(axis=-1, keepdims=True) + eps) * gain


def rotate(vectors, positions, base):
    """As the reference implementation does: halves, not neighbours."""
    half = vectors.shape[-1] // 2
    angles = positions[:, None] * base ** (-np.arange(half) / half)
    cos, sin = np.tile(np.cos(angles), 2), np.tile(np.sin(angles), 2)
    turned = np.concatenate([-vectors[..., half:], vectors[..., :half]], axis=-1)
    return vectors * cos + turned * sin


def split(vectors, size):
    """From (n, heads * size) to (heads, n, size)."""
    return vectors.reshape(len(vectors), -1, size).transpose(1, 0, 2)


def forward(model, layer, h):
    """Queries and keys of a layer before any rotation, shape (heads, n, size), from hidden states."""
    t, c = ({name: v.astype(np.float64) for name, v in model.tensors.items()}, model.configuration)
    if c["model_type"] == "bert":
        norm = "embeddings.LayerNorm" if layer == 0 else f"encoder.layer.{layer - 1}.output.LayerNorm"
        x = layer_norm(h, t[f"{norm}.weight"], t[f"{norm}.bias"], c["layer_norm_eps"])
        here = f"encoder.layer.{layer}.attention.self"
        q, k = (x @ t[f"{here}.{p}.weight"].T + t[f"{here}.{p}.bias"] for p in ("query", "key"))
        size = c["hidden_size"] // c["num_attention_heads"]
    elif c["model_type"] == "gpt2":
        here = f"transformer.h.{layer}"
        x = layer_norm(h, t[f"{here}.ln_1.weight"], t[f"{here}.ln_1.bias"], 1e-5)
        q, k, _ = np.split(x @ t[f"{here}.attn.c_attn.weight"] + t[f"{here}.attn.c_attn.bias"], 3, axis=1)
        size = c["n_embd"] // c["n_head"]
    else:
        here = f"model.layers.{layer}"
        x = rms_norm(h, t[f"{here}.input_layernorm.weight"], c["rms_norm_eps"])
        q, k = (
            x @ t[f"{here}.self_attn.{p}_proj.weight"].T + t.get(f"{here}.self_attn.{p}_proj.bias", 0.0)
            for p in ("q", "k")
        )
        size = c["head_dim"]
    q, k = split(q, size), split(k, size)
    return q, np.repeat(k, len(q) // len(k), axis=0)


def states(count, width):
    """Hidden states of very different sizes."""
    return RNG.normal(size=(count, width)) * 10.0 ** RNG.uniform(-4, 3, size=(count, 1))


def softmax(scores):
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def rounded(values, largest, bits):
    step = largest / (2 ** (bits - 1) - 1)
    integers = np.rint(values / step)
    assert np.abs(integers).max() <= 2 ** (bits - 1) - 1
    return integers * step


LAYOUTS = [
    ("bert", {}),
    ("gpt2", {}),
    ("gpt2", {"scale_attn_by_inverse_layer_idx": True, "seed": 3}),
    ("llama", {}),
    ("llama", {"biases": False, "seed": 4, "rope_theta": 500.0}),
]


@pytest.mark.parametrize(("layout", "options"), LAYOUTS)
def test_scores_of_a_plain_forward_pass(make, layout, options):
    model = make(layout, **options)
    found = relverify.audit(model.model, model.config, offsets=(0, 3), eps="1/20")
    a = found.architecture
    assert len(found.heads) == a.layers * a.heads * len(found.offsets)
    h = states(150, a.width)
    for figures in found.heads:
        place = figures.place
        q, k = (part[place.head] for part in forward(model, place.layer, h))
        scale = 1 / np.sqrt(a.head_size) / (place.layer + 1 if a.divisors else 1)
        turned = k
        if a.rotary is not None:
            # queries at place 7, keys before them
            q = rotate(q, np.full(len(q), 7), float(a.rotary))
            turned = rotate(k, np.full(len(k), 7 - place.offset), float(a.rotary))
        scores = q @ turned.T * scale
        tiny = 1e-12 * np.abs(scores).max()
        (least, least_taken), (greatest_taken, greatest) = figures.scores
        assert least - tiny <= scores.min() and scores.max() <= greatest + tiny
        assert least <= least_taken <= greatest_taken <= greatest
        half = np.ptp(scores, axis=1).max() / 2
        assert half <= figures.swing[1] + tiny
        # random inputs come within a factor of what is proved, so the bounds are not idle
        assert scores.max() > greatest / 5 and half > figures.swing[0] / 5
        assert np.abs(q).max() <= figures.query_range + tiny and np.abs(turned).max() <= figures.key_range + tiny
        ranges = (q, figures.query_range), (turned, figures.key_range)
        low_q, low_k = (rounded(vectors, largest, figures.bits) for vectors, largest in ranges)
        moved = low_q @ low_k.T * scale
        total_variation = np.abs(softmax(scores) - softmax(moved)).sum(axis=1).max() / 2
        assert 0 < total_variation <= 1 / 20
        weight = softmax(scores[:, :16]).max()
        assert weight <= 1 / (1 + 15 * np.exp(-2 * figures.swing[1])) + 1e-12


@pytest.mark.parametrize("layout", ["bert", "gpt2", "llama"])
def test_projections_are_those_of_the_forward_pass(make, layout):
    """The affine maps of the unit ball, at the points that stand for hidden states."""
    model = make(layout)
    entries = Config.read(model.config)
    naming = family(entries.get("model_type"))
    a = naming.architecture(entries)
    stored = naming.layer(Weights(model.model), a, 1)
    mapped = heads.of_norm(stored, a)
    (query, query_shift), (key, key_shift) = (
        mapped(m, b) for m, b in ((stored.query, stored.query_bias), (stored.key, stored.key_bias))
    )
    h = RNG.normal(size=(20, a.width))
    eps = model.configuration.get("layer_norm_eps", model.configuration.get("rms_norm_eps", 1e-5))
    centred = h - h.mean(axis=1, keepdims=True) if a.norm == "layer" else h
    u = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + eps) / np.sqrt(a.width)
    assert np.linalg.norm(u, axis=1).max() < 1
    q, k = forward(model, 1, h)
    np.testing.assert_allclose(split(u @ query.mid.T + query_shift.mid, a.head_size), q, rtol=1e-10, atol=1e-10)
    keys = np.repeat(split(u @ key.mid.T + key_shift.mid, a.head_size), a.heads // a.key_heads, axis=0)
    np.testing.assert_allclose(keys, k, rtol=1e-10, atol=1e-10)
    assert query.rad.max() < 1e-13 and key.rad.max() < 1e-13


def test_rotary_scores_at_an_offset_do_not_depend_on_the_place(make):
    model = make("llama")
    found = relverify.audit(model.model, model.config, offsets=(0, 5))
    inputs = model.folder / "inputs.npy"
    x = rms_norm(RNG.normal(size=(9, 16)), model.tensors["model.layers.0.input_layernorm.weight"].astype(float), 1e-6)
    np.save(inputs, x)
    given = relverify.audit(model.model, model.config, inputs=inputs, offsets=(0, 5))
    for on_ball, on_points in zip(found.heads, given.heads, strict=True):
        assert on_ball.place == on_points.place
        if on_ball.place.layer == 0:
            assert on_ball.scores[0][0] <= on_points.scores[0][0] <= on_points.scores[1][1] <= on_ball.scores[1][1]
            assert on_points.swing[0] <= on_ball.swing[1]


def test_keys_shared_by_groups_of_heads(make):
    found = relverify.audit(*(lambda m: (m.model, m.config))(make("llama")), offsets=(0,))
    assert [h.place.key_head for h in found.heads] == [0, 0, 1, 1] * 2
