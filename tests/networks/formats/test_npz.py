"""npz: exact round trips, no pickle, no expansion beyond the limit, damaged archives."""

import io
import zipfile

import numpy as np
import pytest

from relverify.errors import InputError
from relverify.networks import files
from relverify.networks.formats import npz
from relverify.networks.mlp import MLP

NET = MLP(([[1.0], [0.1]], [[1.0, -2.0]]), ([0.0, -0.5], [1e-300]), "gelu")


def member(header, data=b"", version=(1, 0)):
    text = header.encode() + b"\n"
    return b"\x93NUMPY" + bytes(version) + len(text).to_bytes(2, "little") + text + data


def archive(path, members, **options):
    with zipfile.ZipFile(path, "w", **options) as out:
        for name, data in members.items():
            out.writestr(name, data)
    return path


def refused(path, word):
    with pytest.raises(InputError, match=word) as caught:
        files.load(path, "relu", "phi")
    assert "\n" not in str(caught.value) and str(caught.value).startswith("phi: ")


def test_round_trip_is_exact_and_reproducible(tmp_path):
    path = files.save(NET, tmp_path / "net.npz")
    assert files.load(path) == NET and files.load(path).activation == "gelu"
    assert files.save(NET, tmp_path / "again.npz").read_bytes() == path.read_bytes()


def test_arrays_of_numpy_in_any_order_type_and_compression(tmp_path):
    w = np.asfortranarray(np.array([[1.5, 2.0], [3.0, 4.0]], dtype=">f4"))
    np.savez_compressed(tmp_path / "net.npz", **{"0.weight": w})
    net = files.load(tmp_path / "net.npz")
    assert net.weights[0].tolist() == [[1.5, 2.0], [3.0, 4.0]] and net.biases[0].tolist() == [0.0, 0.0]


def test_pickled_objects_are_never_read(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "executed"), "w"))

    stream = io.BytesIO()
    np.savez(stream, **{"0.weight": np.array([Bomb()], dtype=object)})
    (tmp_path / "net.npz").write_bytes(stream.getvalue())
    refused(tmp_path / "net.npz", "type object")
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (member("{'descr': '<f8', 'fortran_order': False, 'shape': (10**9,), }"), "corrupt|truncated"),
        (member("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 1), }"), "shape"),
        (member("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }", b"12345678"), "8 bytes of data"),
        (member("{'descr': '<f8', 'fortran_order': False, 'shape': (-1, 1), }"), "shape"),
        (member("{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }", bytes(8)), "dimensions"),
        (member("{'descr': '<i8', 'fortran_order': False, 'shape': (1, 1), }", bytes(8)), "int64"),
        (member("__import__('os').abort()"), "corrupt"),
        (member("{'descr': '<f8'" + " " * 5000 + "}"), "corrupt"),
        (member("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1), }", bytes(8), (9, 0)), "version"),
        (b"", "corrupt"),
        (b"not numpy at all", "corrupt"),
    ],
)
def test_hostile_members(tmp_path, content, word):
    refused(archive(tmp_path / "net.npz", {"0.weight.npy": content}), word)


def test_long_doubles_are_refused_since_float64_cannot_hold_them(tmp_path):
    if np.dtype(np.longdouble).itemsize == 8:
        pytest.skip("long double is float64 on this platform")
    np.savez(tmp_path / "net.npz", **{"0.weight": np.ones((1, 1), dtype=np.longdouble)})
    refused(tmp_path / "net.npz", "type float128|longdouble")


def test_an_archive_that_expands_to_too_much(tmp_path, monkeypatch):
    monkeypatch.setattr(npz, "MAX_BYTES", 10**7)
    path = tmp_path / "net.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out, out.open("0.weight.npy", "w") as stream:
        for _ in range(11):
            stream.write(bytes(2**20))
    assert path.stat().st_size < 2**20
    refused(path, "expands to too much")


def test_every_truncation_and_flipped_byte_is_refused_or_harmless(tmp_path):
    data = files.save(NET, tmp_path / "net.npz").read_bytes()
    path = tmp_path / "cut.npz"
    for size in range(0, len(data), 37):
        path.write_bytes(data[:size])
        refused(path, "phi")
    rng = np.random.default_rng(0)
    for where in rng.integers(0, len(data), size=200):
        changed = bytearray(data)
        changed[where] ^= 1 << int(rng.integers(8))
        path.write_bytes(changed)
        try:
            files.load(path, argument="phi")
        except InputError as error:
            assert "\n" not in str(error)


def test_names_twice_and_foreign_members(tmp_path):
    good = member("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1), }", bytes(8))
    refused(archive(tmp_path / "net.npz", {"0.weight.npy": good, "notes.npy": good}), "unexpected key")
    with zipfile.ZipFile(tmp_path / "twice.npz", "w") as out, pytest.warns(UserWarning, match="Duplicate"):
        out.writestr("0.weight.npy", good)
        out.writestr("0.weight.npy", good)
    refused(tmp_path / "twice.npz", "twice")
