"""Network files, in any format of :mod:`relverify.networks.formats`, chosen by the suffix.

The native format is safetensors with the keys of a ``torch.nn.Sequential`` of Linear layers and one activation:
``0.weight``, ``0.bias``, ``2.weight``, ... and the metadata entry ``activation``. Files are written whole or not at
all: to a temporary file in the same folder, which then replaces the target.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from pathlib import Path

import numpy as np

from relverify.errors import InputError
from relverify.networks import formats
from relverify.networks.formats import Content, Format, FormatError
from relverify.networks.mlp import MLP

_KEY = re.compile(r"(0|[1-9][0-9]{0,3})\.(weight|bias)")


def write_atomically(path: str | os.PathLike[str], data: bytes, argument: str = "path") -> Path:
    """Write a file so that it appears complete or not at all.

    Parameters
    ----------
    path : path
    data : bytes
    argument : str
        Name used in the error message.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If the folder does not exist or cannot be written.
    """
    _not_empty(path, argument)
    target = Path(path)
    # the name is known before the file exists, so that an interrupt at any time finds what is to be removed
    temporary = target.parent / f".{target.name[:50]}.{secrets.token_hex(8)}.tmp"
    try:
        with open(temporary, "xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, target)
    except OSError as error:
        raise InputError(argument, f"cannot write {target}: {error.strerror}", "a writable path") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
    return target


def make_folder(path: str | os.PathLike[str], argument: str = "out") -> Path:
    """A folder for results, which is made if need be.

    Parameters
    ----------
    path : path
    argument : str
        Name used in the error message.

    Raises
    ------
    InputError
        If the path is empty, or the folder cannot be made.
    """
    _not_empty(path, argument)
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(argument, f"{folder} cannot be made ({error.strerror})", "a writable folder") from error
    return folder


def _not_empty(path: str | os.PathLike[str], argument: str) -> None:
    if not os.fspath(path):
        raise InputError(argument, "is empty", "a path")


def save(mlp: MLP, path: str | os.PathLike[str]) -> Path:
    """Write a network to a file, with exact float64 weights.

    Parameters
    ----------
    mlp : MLP
    path : path ending in ``.safetensors``, ``.npz`` or ``.onnx``

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If the suffix differs, the format cannot express the activation, or the file cannot be written.
    MissingDependency
        If the format needs a package that is not installed.
    """
    chosen = _format(path, "path", writes=True)
    assert chosen.write is not None
    try:
        data = chosen.write(mlp)
    except FormatError as error:
        raise InputError("network", error.problem, error.accepted) from error
    return write_atomically(path, data)


def load(path: str | os.PathLike[str], activation: str | None = None, argument: str = "network") -> MLP:
    """Read a network from a file; nothing in it is executed.

    Parameters
    ----------
    path : path
        Ending in ``.safetensors``, ``.npz``, ``.pt``, ``.pth`` or ``.onnx``.
    activation : str, optional
        Replaces the activation named in the file; required when the file names none, as a state dict does.
    argument : str
        Name used in error messages.

    Returns
    -------
    MLP
        Weights of any float type are converted to float64 exactly.

    Raises
    ------
    InputError
        If the file is missing, too large, truncated, or not such a network.
    MissingDependency
        If the format needs a package that is not installed.
    """
    chosen = _format(path, argument)
    accepted = chosen.accepted
    try:
        size = os.stat(path).st_size
        if not os.path.isfile(path):
            raise InputError(argument, f"{path} is not a file", accepted)
        if size > formats.MAX_BYTES:
            raise InputError(argument, f"{path} has {size} bytes", f"at most {formats.MAX_BYTES} bytes")
        found = chosen.read(Path(path))
    except InputError:
        raise
    except FormatError as error:
        raise InputError(argument, f"{path} {error.problem}", error.accepted or accepted) from error
    except OSError as error:
        raise InputError(argument, f"cannot read {path}: {error.strerror or error}", accepted) from error
    except (ValueError, TypeError, MemoryError, OverflowError) as error:
        raise InputError(argument, f"{path} is corrupt or truncated ({error})", accepted) from error
    if chosen.fixed and activation not in (None, found.activation):
        raise InputError(argument, f"{path} computes {found.activation}, not {activation}", "no other activation")
    return _assemble(found, activation, argument, os.fspath(path), accepted)


def _format(path: str | os.PathLike[str], argument: str, writes: bool = False) -> Format:
    known = {suffix: f for suffix, f in formats.formats().items() if f.write is not None or not writes}
    found = known.get(Path(path).suffix)
    if found is None:
        raise InputError(argument, f"{path} has an unknown suffix", ", ".join(sorted(known)))
    return found


def _assemble(found: Content, activation: str | None, argument: str, path: str, accepted: str) -> MLP:
    tensors, activation = found.tensors, activation or found.activation
    for key, tensor in tensors.items():
        if not _KEY.fullmatch(key):
            raise InputError(argument, f"{path} has the unexpected key {key[:60]!r}", accepted)
        if tensor.dtype.kind != "f" or tensor.dtype.itemsize > 8:
            raise InputError(argument, f"{path}: {key} has type {tensor.dtype}", "float16, float32 or float64")
    layers = sorted({int(key.split(".")[0]) for key in tensors})
    if not layers or layers != list(range(0, 2 * len(layers), 2)):
        raise InputError(argument, f"{path} has the layers {layers[:8]}", accepted)
    missing = [f"{k}.weight" for k in layers if f"{k}.weight" not in tensors]
    if missing:
        raise InputError(argument, f"{path} lacks {missing[0]}", accepted)
    if activation is None:
        if len(layers) > 1:
            raise InputError(argument, f"{path} names no activation", "metadata 'activation', or give it explicitly")
        activation = "relu"
    weights = tuple(tensors[f"{k}.weight"] for k in layers)
    biases = tuple(
        tensors.get(f"{k}.bias", np.zeros(w.shape[0] if w.ndim else 0)) for k, w in zip(layers, weights, strict=True)
    )
    try:
        return MLP(weights, biases, activation)
    except InputError as error:
        raise InputError(argument, f"{path}: {error.argument} {error.problem}", error.accepted) from error
