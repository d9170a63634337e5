"""Network files: exact round trips, refusal of damaged files, nothing half-written."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from relverify.errors import InputError
from relverify.networks import files, formats
from relverify.networks.mlp import MLP

NET = MLP(([[1.0], [0.1]], [[1.0, -2.0]]), ([0.0, -0.5], [1e-300]))
FINITE = st.floats(allow_nan=False, allow_infinity=False, width=64)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(FINITE, min_size=9, max_size=9), st.sampled_from(["relu", "tanh"]))
def test_round_trip_is_bit_for_bit(tmp_path, numbers, activation):
    a = np.array(numbers)
    net = MLP((a[:2].reshape(2, 1), a[2:6].reshape(2, 2)), (a[5:7], a[7:9]), activation)
    path = files.save(net, tmp_path / "net.safetensors")
    back = files.load(path)
    assert back.digest() == net.digest() and back.activation == activation
    assert all(u.tobytes() == v.tobytes() for u, v in zip(net.weights, back.weights, strict=True))
    assert os.listdir(tmp_path) == ["net.safetensors"]


def test_bytes_are_reproducible(tmp_path):
    one = files.save(NET, tmp_path / "a.safetensors").read_bytes()
    assert files.save(NET, tmp_path / "b.safetensors").read_bytes() == one


def test_every_truncation_is_one_clear_line(tmp_path):
    data = files.save(NET, tmp_path / "net.safetensors").read_bytes()
    path = tmp_path / "cut.safetensors"
    for size in {0, 4, 8, 20, len(data) // 2, len(data) - 8, len(data) - 1}:
        path.write_bytes(data[:size])
        with pytest.raises(InputError, match="phi: ") as caught:
            files.load(path, argument="phi")
        assert "\n" not in str(caught.value)


def test_nan_in_a_file(tmp_path):
    path = tmp_path / "nan.safetensors"
    save_file({"0.weight": np.array([[np.nan]]), "0.bias": np.zeros(1)}, path, {"activation": "relu"})
    with pytest.raises(InputError, match="NaN"):
        files.load(path)


@pytest.mark.parametrize(
    ("tensors", "metadata", "word"),
    [
        ({"0.weight": np.ones((1, 1)), "2.bias": np.ones(1)}, {"activation": "relu"}, "lacks 2.weight"),
        ({"0.weight": np.ones((1, 1)), "extra": np.ones(1)}, {"activation": "relu"}, "unexpected key"),
        ({"1.weight": np.ones((1, 1))}, {"activation": "relu"}, "layers"),
        ({"0.weight": np.ones((1, 1), dtype=np.int64)}, {"activation": "relu"}, "int64"),
        ({"0.weight": np.ones((1, 1)), "2.weight": np.ones((1, 1))}, None, "no activation"),
        ({"0.weight": np.ones((2, 1)), "2.weight": np.ones((1, 1))}, {"activation": "relu"}, "columns"),
        ({"0.weight": np.ones(3)}, {"activation": "relu"}, "dimensions"),
        ({"0.weight": np.ones((1, 1)), "2.weight": np.ones((1, 1))}, {"activation": "swoosh"}, "unknown"),
    ],
)
def test_wrong_contents(tmp_path, tensors, metadata, word):
    path = tmp_path / "net.safetensors"
    save_file(tensors, path, metadata)
    with pytest.raises(InputError, match=word):
        files.load(path)


def test_float32_is_read_exactly_and_bias_is_optional(tmp_path):
    path = tmp_path / "net.safetensors"
    save_file({"0.weight": np.array([[0.1]], dtype=np.float32)}, path, {"activation": "relu"})
    net = files.load(path)
    assert net.weights[0][0, 0] == float(np.float32(0.1)) and net.biases[0][0] == 0


def test_activation_can_be_given(tmp_path):
    assert files.load(files.save(NET, tmp_path / "net.safetensors"), activation="tanh").activation == "tanh"


def test_size_limit_and_places(tmp_path, monkeypatch):
    path = files.save(NET, tmp_path / "net.safetensors")
    for bad in (tmp_path / "missing.safetensors", tmp_path / "net.bin", tmp_path / "folder.safetensors"):
        (tmp_path / "folder.safetensors").mkdir(exist_ok=True)
        with pytest.raises(InputError):
            files.load(bad)
    monkeypatch.setattr(formats, "MAX_BYTES", 10)
    with pytest.raises(InputError, match="at most 10 bytes"):
        files.load(path)


def test_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = files.save(NET, tmp_path / "net.safetensors")
    before = path.read_bytes()

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "replace", fail)
    with pytest.raises(InputError, match="No space left"):
        files.save(MLP(([[5.0]],), ([0.0],)), path)
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["net.safetensors"]
    monkeypatch.undo()
    with pytest.raises(InputError, match="cannot write"):
        files.save(NET, tmp_path / "no" / "net.safetensors")


WRITER = """
import sys
from relverify import cli
from relverify.networks.files import write_atomically

def work():
    print("ready", flush=True)
    while True:
        write_atomically(sys.argv[1], bytes(3_000_000))

cli.run = work
cli.main()
"""


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_signals_leave_no_half_written_file(tmp_path, sent):
    target = tmp_path / "a.bin"
    for wait in (0.0, 0.0123, 0.0371, 0.0619):
        command = [sys.executable, "-c", WRITER, str(target)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert process.stdout.readline() == b"ready\n"
        time.sleep(wait)
        process.send_signal(sent)
        process.communicate(timeout=30)
        assert process.returncode == (128 + sent if sent == signal.SIGTERM else -sent)
        names = set(os.listdir(tmp_path))
        assert not target.exists() or target.stat().st_size == 3_000_000
        if sent != signal.SIGKILL:
            assert names <= {"a.bin"}
        # what a killed process leaves is hidden, and does not hinder the next one
        assert all(name == "a.bin" or name.startswith(".a.bin.") for name in names)
    assert files.write_atomically(target, b"whole").read_bytes() == b"whole"


def test_paths_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    for path in ("", tmp_path, tmp_path / "missing" / "a", tmp_path / "file" / "a", tmp_path / ("ä" * 300)):
        with pytest.raises(InputError) as caught:
            files.write_atomically(path, b"data", "out")
        assert str(caught.value).startswith("out: ") and "\n" not in str(caught.value)
    for path in ("", tmp_path / "file", tmp_path / "file" / "a"):
        with pytest.raises(InputError, match=r"^out: "):
            files.make_folder(path)
    assert os.listdir(tmp_path) == ["file"]
