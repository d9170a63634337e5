"""State dicts: exact values, weights_only, views, damaged and hostile files."""

import io
import zipfile

import numpy as np
import pytest

from relverify.errors import InputError
from relverify.networks import files
from relverify.networks.formats import torch_state
from relverify.networks.mlp import MLP

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
pytestmark = pytest.mark.torch


def refused(path, word):
    with pytest.raises(InputError, match=word) as caught:
        files.load(path, "tanh", "phi")
    assert "\n" not in str(caught.value) and str(caught.value).startswith("phi: ")


@pytest.fixture
def model():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(2, 5), torch.nn.Tanh(), torch.nn.Linear(5, 3, bias=False))


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
def test_weights_are_exact(tmp_path, model, dtype):
    model = model.to(getattr(torch, dtype))
    torch.save(model.state_dict(), tmp_path / "net.pt")
    net = files.load(tmp_path / "net.pt", "tanh")
    assert isinstance(net, MLP) and net.widths == (5,) and net.activation == "tanh"
    assert net.weights[0].tolist() == model[0].weight.detach().double().tolist()
    assert np.array_equal(net.biases[1], np.zeros(3))


def test_the_activation_must_be_given(tmp_path, model):
    torch.save(model.state_dict(), tmp_path / "net.pth")
    with pytest.raises(InputError, match="names no activation"):
        files.load(tmp_path / "net.pth")


def test_code_is_never_executed(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "executed"), "w"))

    torch.save({"0.weight": Bomb()}, tmp_path / "net.pt")
    refused(tmp_path / "net.pt", "more than tensors")
    assert not (tmp_path / "executed").exists()


def test_whole_models_and_other_objects_are_refused(tmp_path, model):
    torch.save(model, tmp_path / "model.pt")
    refused(tmp_path / "model.pt", "more than tensors")
    torch.save([torch.ones(1)], tmp_path / "list.pt")
    refused(tmp_path / "list.pt", "holds a list")
    torch.save({"0.weight": 3}, tmp_path / "number.pt")
    refused(tmp_path / "number.pt", "is a int")
    torch.save({"0.weight": torch.ones(1, 1, dtype=torch.int64)}, tmp_path / "int.pt")
    refused(tmp_path / "int.pt", "int64")
    torch.save({"0.weight": torch.ones(2, 2).to_sparse()}, tmp_path / "sparse.pt")
    refused(tmp_path / "sparse.pt", "dense|more than tensors|corrupt")
    torch.save({"0.weight": torch.full((1, 1), torch.nan)}, tmp_path / "nan.pt")
    refused(tmp_path / "nan.pt", "NaN")


def test_a_view_of_one_number_is_not_expanded(tmp_path):
    torch.save({"0.weight": torch.ones(1, 1).expand(10**6, 10**6)}, tmp_path / "view.pt")
    assert (tmp_path / "view.pt").stat().st_size < 10_000
    refused(tmp_path / "view.pt", "shape")


def test_an_archive_that_expands_to_too_much(tmp_path, monkeypatch):
    monkeypatch.setattr(torch_state, "MAX_BYTES", 10**7)
    with zipfile.ZipFile(tmp_path / "net.pt", "w", zipfile.ZIP_DEFLATED) as out, out.open("a/data.pkl", "w") as stream:
        for _ in range(11):
            stream.write(bytes(2**20))
    refused(tmp_path / "net.pt", "expands to too much")


def test_old_formats_and_truncations(tmp_path, model):
    stream = io.BytesIO()
    torch.save(model.state_dict(), stream, _use_new_zipfile_serialization=False)
    (tmp_path / "old.pt").write_bytes(stream.getvalue())
    refused(tmp_path / "old.pt", "no archive")
    torch.save(model.state_dict(), tmp_path / "net.pt")
    data = (tmp_path / "net.pt").read_bytes()
    for size in range(0, len(data), 101):
        (tmp_path / "cut.pt").write_bytes(data[:size])
        refused(tmp_path / "cut.pt", "phi")


def test_a_torch_that_reads_unsafely_is_refused(tmp_path, model, monkeypatch):
    torch.save(model.state_dict(), tmp_path / "net.pt")
    monkeypatch.setattr(torch, "__version__", "2.5.1+cpu")
    refused(tmp_path / "net.pt", "torch 2.6 or newer")
    assert torch_state._SAFE_SINCE == (2, 6)
