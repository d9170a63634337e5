"""The audit of a real model, derived again with numpy alone, and its files."""

import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

import relverify
from relverify import cli
from relverify.attention import audit_report, ball

LAYERS, HEADS, SIZE, WIDTH = 6, 12, 32, 384
DOCS = Path(__file__).parents[2] / "docs"
CHOSEN = ((0, 2), (2, 7), (5, 11))


@pytest.fixture(scope="session")
def found(real):
    return relverify.audit(real / "model.safetensors", real / "config.json")


@pytest.fixture(scope="session")
def weights(real):
    """Queries, keys and norms of a layer in double precision."""

    def layer(number):
        norm = "embeddings.LayerNorm" if number == 0 else f"encoder.layer.{number - 1}.output.LayerNorm"
        here = f"encoder.layer.{number}.attention.self"
        names = [f"{here}.{p}.{kind}" for p in ("query", "key") for kind in ("weight", "bias")]
        with safe_open(real / "model.safetensors", framework="numpy") as stream:
            return [stream.get_tensor(n).astype(np.float64) for n in (*names, f"{norm}.weight", f"{norm}.bias")]

    return layer


def test_all_heads_of_a_real_model(found):
    assert [(h.place.layer, h.place.head) for h in found.heads] == [(i, j) for i in range(LAYERS) for j in range(HEADS)]
    assert str(found.verdict) == "proved" and all(h.decided for h in found.heads)
    print(f"{len(found.heads)} heads in {found.seconds:.1f} s of wall time")
    assert found.seconds <= 60
    for h in found.heads:
        assert h.psd == "refuted" and h.rank[0] <= h.rank[1] <= SIZE
        assert 0 < h.one_network[0] <= h.one_network[1] <= h.swing[1]
        # the two bounds of the distance differ by at most the root of 2
        assert h.one_network[1] <= 1.4143 * h.one_network[0]


@pytest.mark.parametrize(("layer", "head"), CHOSEN)
def test_figures_of_a_head_derived_again(found, weights, layer, head):
    """In all 384 dimensions, by other formulas, in plain double precision."""
    wq, bq, wk, bk, gain, shift = weights(layer)
    rows = slice(head * SIZE, (head + 1) * SIZE)
    wq, bq, wk, bk = wq[rows], bq[rows], wk[rows], bk[rows]
    centre = np.eye(WIDTH) - np.full((WIDTH, WIDTH), 1 / WIDTH)
    image = gain[:, None] * centre * np.sqrt(WIDTH)
    form = image.T @ wq.T @ wk @ image / np.sqrt(SIZE)
    q0, k0 = wq @ shift + bq, wk @ shift + bk
    pull = image.T @ wk.T @ q0 / np.sqrt(SIZE)
    other = image.T @ wq.T @ k0 / np.sqrt(SIZE)
    figures = found.heads[layer * HEADS + head]

    def inside(pair, value):
        tiny = 1e-9 * max(1.0, abs(value))
        assert pair[0] - tiny <= value <= pair[1] + tiny, (pair, value)
        assert pair[1] - pair[0] <= 1e-6 * max(1.0, abs(value))

    symmetric, skew = (form + form.T) / 2, (form - form.T) / 2
    eigenvalues = np.linalg.eigvalsh(symmetric)
    inside(figures.size, np.linalg.norm(form, 2))
    inside(figures.symmetric, np.abs(eigenvalues).max())
    inside(figures.antisymmetric, np.linalg.norm(skew, 2))
    inside(figures.negative, -eigenvalues[0])
    assert figures.signature == (np.sum(eigenvalues > 1e-6), np.sum(eigenvalues < -1e-6))
    for pair, value in zip(figures.singular, np.linalg.svd(form, compute_uv=False), strict=False):
        inside(pair, value)
    # the distance: certificates on points of the ball, from the relation with its biases
    def proved(points, weights):
        scores = points @ form @ points.T + (points @ pull)[None, :] + (points @ other)[:, None]
        assert np.linalg.norm(points, axis=1).max() <= 1 + 1e-12
        assert np.abs(weights.sum(axis=1)).max() < 1e-12
        assert np.linalg.eigvalsh((weights + weights.T) / 2)[0] > -1e-12
        return -(scores * weights).sum() / np.abs(weights).sum()

    low = max(-eigenvalues[0], np.linalg.norm(skew, 2))
    best = low
    for half in (4, 6, 10):
        c, s = np.cos(np.pi / half), np.sin(np.pi / half)
        z = np.linalg.eigh(-2 * c * symmetric - 1j * s * skew)[1][:, -1]
        turns = np.exp(1j * np.pi * np.arange(2 * half) / half)
        for direction in (1, -1):
            circle = (turns[:, None] * z[None, :]).real
            circle /= np.linalg.norm(circle, axis=1).max()
            shift = np.roll(np.eye(2 * half), direction, axis=1) + c * np.eye(2 * half)
            best = max(best, proved(circle, shift - np.roll(shift, half, axis=1)))
    assert low * (1 - 1e-9) <= figures.one_network[0] <= best * (1 + 1e-3)
    assert figures.one_network[0] >= best * (1 - 1e-3)
    squares, vectors = np.linalg.eigh(skew.T @ skew)

    def exists(r):
        root = (vectors * np.sqrt(np.maximum(r * r - squares, 0))) @ vectors.T
        return np.linalg.eigvalsh(symmetric + root)[0] >= -1e-9

    assert exists(figures.one_network[1] * (1 + 1e-9))
    assert not exists(figures.one_network[1] * (1 - 1e-3)) or figures.one_network[1] <= low * (1 + 1e-3)
    # the swing: the largest |form' u + pull|, by fixed points from many starts
    starts = np.random.default_rng(0).normal(size=(WIDTH, 40))
    u = starts / np.linalg.norm(starts, axis=0)
    for _ in range(400):
        u = form @ (form.T @ u + pull[:, None])
        u /= np.linalg.norm(u, axis=0)
    inside(figures.swing, np.linalg.norm(form.T @ u + pull[:, None], axis=0).max())
    # the scores: alternating maximisation of both signs
    for sign, pair in ((1, figures.scores[1]), (-1, figures.scores[0])):
        v = starts / np.linalg.norm(starts, axis=0)
        for _ in range(400):
            u = sign * (other[:, None] + form @ v)
            u /= np.linalg.norm(u, axis=0)
            v = sign * (pull[:, None] + form.T @ u)
            v /= np.linalg.norm(v, axis=0)
        values = other @ u + pull @ v + np.sum(u * (form @ v), axis=0) + q0 @ k0 / np.sqrt(SIZE)
        inside(pair, values[np.argmax(sign * values)])


def forward(weights, layer, h):
    """Queries and keys of a layer, shape (heads, n, size), from what stands before its norm."""
    wq, bq, wk, bk, gain, shift = weights(layer)
    centred = h - h.mean(axis=1, keepdims=True)
    x = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-12) * gain + shift
    return ((x @ w.T + b).reshape(len(h), HEADS, SIZE).transpose(1, 0, 2) for w, b in ((wq, bq), (wk, bk)))


def softmax(scores):
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("layer", range(LAYERS))
def test_quantised_for_real_on_random_inputs(found, weights, layer):
    """1000 inputs: scores in the proved range, and attention that moves by at most eps with the bits that suffice."""
    h = np.random.default_rng(layer).standard_t(3, size=(1000, WIDTH))
    worst, coarse = 0.0, 0.0
    for head, (q, k) in enumerate(zip(*forward(weights, layer, h), strict=True)):
        figures = found.heads[layer * HEADS + head]
        scores = q @ k.T / np.sqrt(SIZE)
        assert figures.scores[0][0] <= scores.min() and scores.max() <= figures.scores[1][1]
        assert np.ptp(scores, axis=1).max() / 2 <= figures.swing[1]
        attention = softmax(scores)
        for bits in (figures.bits, 4):
            parts = []
            for vectors, largest in ((q, figures.query_range), (k, figures.key_range)):
                step = largest / (2 ** (bits - 1) - 1)
                integers = np.rint(vectors / step)
                assert np.abs(integers).max() <= 2 ** (bits - 1) - 1
                parts.append(integers * step)
            moved = np.abs(attention - softmax(parts[0] @ parts[1].T / np.sqrt(SIZE))).sum(axis=1).max() / 2
            worst, coarse = (max(worst, moved), coarse) if bits > 4 else (worst, max(coarse, moved))
    print(f"layer {layer}: attention moved by {worst:.2g} of the allowed 0.1, with 4 bits by {coarse:.2g}")
    assert 0 < worst <= 0.1 < coarse


def test_command_on_the_real_model(real, capsys, tmp_path):
    """Given inputs: embeddings of the model, behind its norm."""
    with safe_open(real / "model.safetensors", framework="numpy") as stream:
        tokens = stream.get_slice("embeddings.word_embeddings.weight")[1996:2028].astype(np.float64)
        gain, shift = (stream.get_tensor(f"embeddings.LayerNorm.{p}").astype(np.float64) for p in ("weight", "bias"))
    centred = tokens - tokens.mean(axis=1, keepdims=True)
    inputs = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-12) * gain + shift
    np.save(tmp_path / "tokens.npy", np.broadcast_to(inputs, (LAYERS, *inputs.shape)))
    arguments = ["--config", str(real / "config.json"), "--inputs", str(tmp_path / "tokens.npy"), "--json"]
    code = cli.run(["audit", str(real / "model.safetensors"), *arguments, "--out", str(tmp_path / "out")])
    printed = json.loads(capsys.readouterr().out)
    assert code == 0 and len(printed["heads"]) == LAYERS * HEADS and printed["inputs"] == "32 given inputs"
    with safe_open(real / "model.safetensors", framework="numpy") as stream:
        parts = [stream.get_tensor(f"encoder.layer.0.attention.self.{p}").astype(np.float64)
                 for p in ("query.weight", "query.bias", "key.weight", "key.bias")]  # fmt: skip
    q, k = inputs @ parts[0].T + parts[1], inputs @ parts[2].T + parts[3]
    for head in range(HEADS):
        columns = slice(head * SIZE, (head + 1) * SIZE)
        scores = q[:, columns] @ k[:, columns].T / np.sqrt(SIZE)
        row = printed["heads"][head]
        assert row["scores"]["least"]["lo"] - 1e-9 <= scores.min() <= row["scores"]["least"]["hi"] + 1e-9
        assert row["scores"]["greatest"]["lo"] - 1e-9 <= scores.max() <= row["scores"]["greatest"]["hi"] + 1e-9
        assert abs(row["swing"]["lo"] - np.ptp(scores, axis=1).max() / 2) < 1e-9


def test_the_output_in_the_documentation(real, found, capsys):
    """Words as printed; numbers, which are rounded to two or three digits, within one part in twenty."""
    from rich.console import Console

    Console(width=100).print(audit_report.table(found))
    lines = [*capsys.readouterr().out.splitlines(), *(f"{name} {value}" for name, value in audit_report.summary(found))]
    stored = (DOCS / "examples" / "audit_minilm.txt").read_text(encoding="utf-8").splitlines()
    printed, shown = ([line.replace("–", " ").split() for line in part if line.strip()] for part in (lines, stored))
    assert len(printed) == len(shown) > LAYERS * HEADS
    for here, there in zip(printed, shown, strict=True):
        if there[0] == "seconds" or "─" in there[0]:
            continue
        assert len(here) == len(there)
        for a, b in zip(here, there, strict=True):
            assert a == b or abs(float(a) - float(b)) <= abs(float(b)) / 20


def test_report_table_and_maps(make, tmp_path, capsys):
    model = make("llama")
    out = tmp_path / "new" / "out"
    arguments = ["audit", str(model.model), "--config", str(model.config), "--offset", "2", "--offset", "0"]
    assert cli.run([*arguments, "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "1.3 @0" in printed and "8 of 8 heads, proved" in printed and str(out / "audit.html") in printed
    written = json.loads((out / "audit.json").read_text(encoding="utf-8"))
    assert all(type(h["rank"][end]) is int for h in written["heads"] for end in ("lo", "hi"))
    assert [h["offset"] for h in written["heads"][:3]] == [2, 0, 2] and written["verdict"] == "proved"
    page = (out / "audit.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == len(audit_report.MAPS) and "http" not in page
    assert page.count("<td>1.3 @") == 2
    for name, *_ in audit_report.MAPS:
        assert (out / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert cli.run([*arguments, "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["heads"] == written["heads"]


def test_heat_map_shows_the_numbers():
    values = np.array([[0.25, 0.5, 0.75], [1.0, 0.0, 0.125]])
    ax = audit_report.head_map(values, "a title", vmin=0, vmax=1)
    np.testing.assert_array_equal(ax.images[0].get_array(), values)
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title()) == ("head", "layer", "a title")


def test_numbers_of_the_table_are_rounded_outwards(make):
    model = make("gpt2")
    found = relverify.audit(model.model, model.config, ball="2")
    for head in found.heads:
        cells = dict(zip(audit_report.COLUMNS, audit_report.row(found, head), strict=True))
        low, high = map(float, cells["scores"].split(" to "))
        assert low <= head.scores[0][0] and head.scores[1][1] <= high
        low, high = map(float, cells["distance"].split("–"))
        assert low <= head.share[0] and head.share[1] <= high
        assert float(cells["swing"]) >= head.swing[1] and float(cells["capacity"]) >= head.capacity * (1 - 1e-12)


def test_tied_queries_and_keys_are_one_network(make):
    model = make("bert")
    here = "encoder.layer.1.attention.self"
    model.tensors[f"{here}.key.weight"] = model.tensors[f"{here}.query.weight"]
    model.write()
    found = relverify.audit(model.model, model.config)
    assert [h.psd for h in found.heads] == ["refuted"] * 3 + ["proved"] * 3
    assert found.heads[3].one_network == (0.0, 0.0) and found.heads[3].signature[1] == 0


def test_only_one_layer_is_in_memory(make, monkeypatch):
    """The peak does not grow with the number of layers."""
    peaks = []
    for layers in (1, 6):
        model = make("gpt2", width=256, heads=64, layers=layers)
        monkeypatch.setattr(ball, "figures", lambda *_: None)
        tracemalloc.start()
        relverify.audit(model.model, model.config)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    weights = 256 * 3 * 256 * 8
    assert weights < peaks[0] and peaks[1] < 1.2 * peaks[0]


def test_figures_beyond_what_is_proved_are_undecided_and_exit_2(make, capsys):
    """Scores of 1e60 need more than 64 bits."""
    model = make("bert")
    for part in ("query", "key"):
        model.tensors[f"encoder.layer.0.attention.self.{part}.weight"] *= np.float32(1e30)
    model.write()
    assert cli.run(["audit", str(model.model), "--config", str(model.config), "--json"]) == 2
    printed = json.loads(capsys.readouterr().out)
    assert printed["verdict"] == "undecided" and printed["heads"][0]["bits"] is None
    assert [h["guarantee"] for h in printed["heads"]] == ["undecided"] * 3 + ["enclosed"] * 3


def test_progress_and_python_interface(make):
    model, lines = make("bert"), []
    found = relverify.audit(model.model, model.config, progress=lines.append, eps="0.01")
    assert lines == ["layer 1 of 2", "layer 2 of 2"] and found.as_dict()["eps"] == "1/100"
    looser = relverify.audit(model.model, model.config, eps="1/4")
    for tight, loose in zip(found.heads, looser.heads, strict=True):
        assert tight.bits > loose.bits and tight.rank[1] >= loose.rank[1] and tight.context[1] <= loose.context[1]
