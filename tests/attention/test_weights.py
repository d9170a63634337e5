"""Files from outside: exact values, and one clear line for everything that is wrong."""

import json
import struct

import numpy as np
import pytest
from safetensors.numpy import save_file

import relverify
from relverify import cli
from relverify.attention.families import Config, families
from relverify.attention.weights import Weights
from relverify.errors import InputError


def test_float_types_are_read_exactly(tmp_path):
    values = np.array([[1.5, -0.125, 3.0e-5], [65504.0, 0.1, 2.0**-24]])
    tensors = {"h": values.astype(np.float16), "s": values.astype(np.float32), "d": values}
    save_file(tensors, tmp_path / "m.safetensors")
    stored = Weights(tmp_path / "m.safetensors")
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(stored.tensor(name, 2, 3), tensor.astype(np.float64))
    assert "h" in stored and "x" not in stored


def test_bfloat16_is_the_upper_half_of_float32(tmp_path):
    exact = np.array([1.0, -2.5, 2.0**-100, 3.0 * 2.0**90], dtype=np.float32)
    raw = (exact.view(np.uint32) >> 16).astype(np.uint16).tobytes()
    header = json.dumps({"w": {"dtype": "BF16", "shape": [4], "data_offsets": [0, len(raw)]}}).encode()
    (tmp_path / "m.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + raw)
    np.testing.assert_array_equal(Weights(tmp_path / "m.safetensors").tensor("w", 4), exact.astype(np.float64))


def test_shards_give_the_same_figures(make):
    model = make("bert")
    whole = relverify.audit(model.model, model.config)
    names = sorted(model.tensors)
    parts = {"a.safetensors": names[::2], "b.safetensors": names[1::2]}
    for shard, members in parts.items():
        save_file({name: model.tensors[name] for name in members}, model.folder / shard)
    index = {"weight_map": {name: shard for shard, members in parts.items() for name in members}}
    path = model.folder / "model.safetensors.index.json"
    path.write_text(json.dumps(index), encoding="utf-8")
    assert relverify.audit(path, model.config).heads == whole.heads
    (model.folder / "b.safetensors").unlink()
    with pytest.raises(InputError, match=r"b\.safetensors"):
        Weights(path)
    path.write_text(json.dumps({"weight_map": {"x": "../../etc/x.safetensors"}}), encoding="utf-8")
    with pytest.raises(InputError, match="beside"):
        Weights(path)


KEY = "encoder.layer.1.attention.self.key.weight"


def _drop(model):
    del model.tensors[KEY]


def _set(value):
    def change(model):
        model.tensors[KEY] = value

    return change


def _nan(model):
    model.tensors[KEY][2, 3] = np.nan


def _nan_bias(model):
    model.tensors[KEY.replace("weight", "bias")][0] = np.nan


def _configure(**entries):
    def change(model):
        model.configuration.update(entries)
        for name in [n for n, v in entries.items() if v is None]:
            del model.configuration[name]

    return change


WRONG = {
    "missing tensor": (_drop, KEY),
    "wrong shape": (_set(np.zeros((12, 11), dtype=np.float32)), "[12, 11]"),
    "not square for the heads": (_set(np.zeros((9, 12), dtype=np.float32)), "[9, 12]"),
    "NaN": (_nan, "NaN"),
    "infinite": (_set(np.full((12, 12), np.inf, dtype=np.float32)), "infinite"),
    "integers": (_set(np.zeros((12, 12), dtype=np.int8)), "I8"),
    "too large": (_set(np.full((12, 12), 1e200)), "too large"),
    "unknown family": (_configure(model_type="mamba"), "mamba"),
    "no family": (_configure(model_type=None), "model_type"),
    "a family that is no text": (_configure(model_type=["bert"]), "model_type"),
    "heads": (_configure(num_attention_heads=5), "divide"),
    "no heads": (_configure(num_attention_heads=0), "num_attention_heads"),
    "heads in words": (_configure(num_attention_heads="three"), "three"),
    "more layers than weights": (_configure(num_hidden_layers=3), "encoder.layer.2"),
    "fewer layers than weights": (_configure(num_hidden_layers=1), "config: speaks of 1 layers"),
    "NaN in a bias": (_nan_bias, "key.bias holds NaN"),
    "another width": (_configure(hidden_size=24), "[24, 24], as the config says"),
    "another family": (_configure(model_type="gpt2", n_embd=12, n_head=3, n_layer=2), "lacks h.0.ln_1.weight"),
    "billions of layers": (_configure(num_hidden_layers=10**12), "num_hidden_layers"),
    "relative positions": (_configure(position_embedding_type="relative_key"), "relative_key"),
    "quantised": (_configure(quantization_config={"bits": 4}), "quantised"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_model_is_one_line_and_exit_64(name, make, capsys):
    change, said = WRONG[name]
    model = make("bert")
    change(model)
    model.write()
    out = model.folder / "out"
    code = cli.run(["audit", str(model.model), "--config", str(model.config), "--out", str(out), "--json"])
    printed = capsys.readouterr()
    lines = [line for line in printed.err.splitlines() if line.startswith("relverify: ")]
    assert code == 64 and printed.out == "" and len(lines) == 1 and said in lines[0] and len(lines[0]) < 400
    assert "Traceback" not in printed.err and not out.exists()


BROKEN = {
    "truncated": lambda data: data[: len(data) // 2],
    "empty": lambda data: b"",
    "no header": lambda data: data[:5],
    "a huge header": lambda data: struct.pack("<Q", 2**60) + data[8:],
    "not safetensors": lambda data: b"PK\x03\x04" + data,
    "a pickle": lambda data: b"\x80\x04\x95" + data,
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_one_line_and_exit_64(name, make, capsys):
    model = make("gpt2")
    model.model.write_bytes(BROKEN[name](model.model.read_bytes()))
    assert cli.run(["audit", str(model.model), "--config", str(model.config), "--json"]) == 64
    assert "truncated" in capsys.readouterr().err.splitlines()[-1]


def test_other_bad_arguments(make, capsys, tmp_path):
    model = make("llama")
    np.save(tmp_path / "wide.npy", np.ones((4, 17)))
    np.save(tmp_path / "one.npy", np.ones((1, 16)))
    np.save(tmp_path / "nan.npy", np.full((4, 16), np.nan))
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (4, 1000000000000), }"
    (tmp_path / "huge.npy").write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header) + 1) + header + b"\n")
    (tmp_path / "text.txt").write_text("1 2 3", encoding="utf-8")
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    (tmp_path / "list.json").write_text("[1]", encoding="utf-8")
    (tmp_path / "deep.json").write_text("[" * 10**5, encoding="utf-8")
    files = "wide.npy", "one.npy", "nan.npy", "objects.npy", "huge.npy", "text.txt", "no.npy", ""
    cases = [
        ["--eps", "0"], ["--eps", "1/2"], ["--eps", "0.1.2"], ["--ball", "-1"], ["--ball", "nan"], ["--offset", "-1"],
        *(["--inputs", str(tmp_path / name)] for name in files),
        ["--inputs", str(tmp_path / "wide.npy"), "--ball", "1"],
    ]  # fmt: skip
    for case in cases:
        assert cli.run(["audit", str(model.model), "--config", str(model.config), "--json", *case]) == 64, case
        assert capsys.readouterr().err.splitlines()[-1].startswith(f"relverify: {case[-2][2:]}"), case
    for name in ("broken.json", "list.json", "deep.json", "no.json"):
        assert cli.run(["audit", str(model.model), "--config", str(tmp_path / name)]) == 64
    assert cli.run(["audit", str(model.model), "--config", str(tmp_path)]) == 64
    assert cli.run(["audit", str(tmp_path), "--config", str(model.config)]) == 64
    assert cli.run(["audit", str(tmp_path / "text.txt"), "--config", str(model.config)]) == 64
    for entry in ({"rope_scaling": {"type": "linear"}}, {"rope_parameters": {"rope_type": "yarn"}}, {"head_dim": 3}):
        odd = make("llama", **entry)
        assert cli.run(["audit", str(odd.model), "--config", str(odd.config)]) == 64


@pytest.mark.parametrize("name", ["no.json", "."])
def test_a_config_that_is_no_file_is_said_once(name, make, capsys):
    model = make("bert")
    path = model.folder / name
    assert cli.run(["audit", str(model.model), "--config", str(path)]) == 64
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"relverify: config: {path} is not a file; accepted: a config.json"
    )


@pytest.mark.parametrize(("layout", "entry"), [("gpt2", "n_layer"), ("llama", "num_hidden_layers")])
def test_layers_that_the_config_does_not_speak_of(layout, entry, make):
    with pytest.raises(InputError, match="speaks of 1 layers, the weights hold more"):
        model = make(layout, **{entry: 1})
        relverify.audit(model.model, model.config)


def test_a_shard_alone_and_a_truncated_shard(make, capsys):
    model = make("bert")
    names = sorted(model.tensors)
    for shard, members in {"a": names[::2], "b": names[1::2]}.items():
        save_file({name: model.tensors[name] for name in members}, model.folder / f"{shard}.safetensors")
    index = {"weight_map": {name: "ab"[k % 2] + ".safetensors" for k, name in enumerate(names)}}
    path = model.folder / "model.safetensors.index.json"
    path.write_text(json.dumps(index), encoding="utf-8")
    cut = model.folder / "b.safetensors"
    cut.write_bytes(cut.read_bytes()[:-5])
    for weights, said in ((model.folder / "a.safetensors", "lacks"), (path, "b.safetensors is corrupt or truncated")):
        assert cli.run(["audit", str(weights), "--config", str(model.config)]) == 64
        assert said in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("kind", ["F8_E4M3", "F8_E5M2"])
def test_eight_bit_floats_are_refused(kind, make, capsys):
    model = make("bert")
    header, data = {}, b""
    for name, tensor in model.tensors.items():
        raw = bytes(tensor.size) if name == KEY else tensor.tobytes()
        shape, place = list(tensor.shape), [len(data), len(data) + len(raw)]
        header[name] = {"dtype": kind if name == KEY else "F32", "shape": shape, "data_offsets": place}
        data += raw
    text = json.dumps(header).encode()
    model.model.write_bytes(struct.pack("<Q", len(text)) + text + data)
    assert cli.run(["audit", str(model.model), "--config", str(model.config)]) == 64
    assert f"{KEY} has the type {kind}; accepted: F64, F32, F16, BF16" in capsys.readouterr().err


def test_biases_that_a_family_always_has_must_be_there(make):
    model = make("llama")
    del model.tensors["model.layers.1.self_attn.k_proj.bias"]
    model.write()
    with pytest.raises(InputError, match=r"k_proj\.bias"):
        relverify.audit(model.model, model.config)


def test_every_family_reads_its_own_types():
    assert {"bert", "roberta", "distilbert", "gpt2", "llama", "mistral", "qwen2"} <= set(families())
    for model_type, record in families().items():
        assert model_type in record.model_types
        with pytest.raises(InputError):
            record.architecture(Config({"model_type": model_type}))
