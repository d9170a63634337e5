"""NumPy archives without pickle: arrays ``0.weight``, ``0.bias``, ``2.weight``, ... and the text ``activation``.

An archive may be compressed, so the sizes that it announces are checked before anything is expanded.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path
from typing import IO

import numpy as np

from relverify.networks.formats import MAX_BYTES, Content, Format, FormatError, check_count, tensors
from relverify.networks.mlp import MLP

_HEADER = 4096
_MAX_MEMBERS = 2000


def _read(path: Path) -> Content:
    found: dict[str, np.ndarray] = {}
    activation = None
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > _MAX_MEMBERS or sum(m.file_size for m in members) > MAX_BYTES:
                raise FormatError("expands to too much", f"at most {MAX_BYTES} bytes")
            if len({m.filename for m in members}) != len(members):
                raise FormatError("has a member twice")
            for member in members:
                with archive.open(member) as stream:
                    # no more than was announced, whatever the compressed data hold
                    array = _array(member.filename, io.BytesIO(stream.read(member.file_size)))
                key = member.filename.removesuffix(".npy")
                if key == "activation":
                    activation = _text(array)
                else:
                    found[key] = array
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, SyntaxError) as error:
        raise FormatError(f"is corrupt or truncated ({error})") from error
    return Content(found, activation)


def _array(name: str, stream: IO[bytes]) -> np.ndarray:
    version = np.lib.format.read_magic(stream)  # type: ignore[no-untyped-call]
    if version not in ((1, 0), (2, 0)):
        raise FormatError(f"{name[:60]!r} has the format version {version}", "version 1.0 or 2.0")
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    shape, fortran, dtype = readers[version](stream, max_header_size=_HEADER)
    if dtype.kind not in "fU" or dtype.itemsize == 0:
        raise FormatError(f"{name[:60]!r} has type {dtype}", "floating-point numbers")
    check_count(name, shape, dtype.itemsize)
    data = stream.read()
    if len(data) != int(np.prod(shape, dtype=np.int64)) * dtype.itemsize:
        raise FormatError(f"{name[:60]!r} has {len(data)} bytes of data", "as many as its shape asks for")
    return np.frombuffer(data, dtype=dtype).reshape(shape, order="F" if fortran else "C")


def _text(array: np.ndarray) -> str:
    if array.dtype.kind != "U" or array.ndim or array.dtype.itemsize > 400:
        raise FormatError("'activation' is not a short text", "a text such as 'tanh'")
    return str(array[()])


def _write(mlp: MLP) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, activation=np.array(mlp.activation), **tensors(mlp))  # type: ignore[arg-type]
    return stream.getvalue()


FORMAT = Format(
    (".npz",), "an .npz file with the arrays 0.weight, 0.bias, 2.weight, ... and the text 'activation'", _read, _write
)
