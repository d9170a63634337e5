"""Network files: safetensors with the keys of a ``torch.nn.Sequential`` of Linear layers and one activation.

A file holds ``0.weight``, ``0.bias``, ``2.weight``, ... and the metadata entry ``activation``.  Files are
written whole or not at all: to a temporary file in the same folder, which then replaces the target.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from relverify.errors import InputError
from relverify.networks.mlp import MLP

MAX_BYTES = 256 * 2**20
_KEY = re.compile(r"(0|[1-9][0-9]{0,3})\.(weight|bias)")
_ACCEPTED = "a .safetensors file with 0.weight, 0.bias, 2.weight, ... and the metadata 'activation'"


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
    target = Path(path)
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".tmp")
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)  # mkstemp makes the file private
        os.replace(temporary, target)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        raise InputError(argument, f"cannot write {target}: {error.strerror}", "a writable path") from error
    return target


def save(mlp: MLP, path: str | os.PathLike[str]) -> Path:
    """Write a network to a safetensors file (float64, exact).

    Parameters
    ----------
    mlp : MLP
    path : path ending in ``.safetensors``

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If the suffix differs or the file cannot be written.
    """
    _check_suffix(path)
    tensors: dict[str, np.ndarray] = {}
    for k, (w, b) in enumerate(zip(mlp.weights, mlp.biases, strict=True)):
        tensors[f"{2 * k}.weight"], tensors[f"{2 * k}.bias"] = w, b
    # one metadata entry only: with several their order, hence the bytes, would not be reproducible
    return write_atomically(path, to_bytes(tensors, {"activation": mlp.activation}))


def load(path: str | os.PathLike[str], activation: str | None = None, argument: str = "network") -> MLP:
    """Read a network from a safetensors file.

    Parameters
    ----------
    path : path
    activation : str, optional
        Replaces the activation named in the file's metadata; required when the file names none.
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
    """
    _check_suffix(path, argument)
    try:
        size = os.stat(path).st_size
        if not os.path.isfile(path):
            raise InputError(argument, f"{path} is not a file", _ACCEPTED)
        if size > MAX_BYTES:
            raise InputError(argument, f"{path} has {size} bytes", f"at most {MAX_BYTES} bytes")
        with safe_open(os.fspath(path), framework="numpy") as stream:
            metadata = stream.metadata() or {}
            tensors = {key: stream.get_tensor(key) for key in stream.keys()}  # noqa: SIM118 (not a dict)
    except InputError:
        raise
    except OSError as error:
        raise InputError(argument, f"cannot read {path}: {error.strerror or error}", _ACCEPTED) from error
    except (SafetensorError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(argument, f"{path} is corrupt or truncated ({error})", _ACCEPTED) from error
    return _assemble(tensors, activation or metadata.get("activation"), argument, os.fspath(path))


def _check_suffix(path: str | os.PathLike[str], argument: str = "path") -> None:
    if Path(path).suffix != ".safetensors":
        raise InputError(argument, f"{path} does not end in .safetensors", _ACCEPTED)


def _assemble(tensors: dict[str, np.ndarray], activation: str | None, argument: str, path: str) -> MLP:
    for key, tensor in tensors.items():
        if not _KEY.fullmatch(key):
            raise InputError(argument, f"{path} has the unexpected key {key[:60]!r}", _ACCEPTED)
        if tensor.dtype.kind != "f":
            raise InputError(argument, f"{path}: {key} has type {tensor.dtype}", "float16, float32 or float64")
    layers = sorted({int(key.split(".")[0]) for key in tensors})
    if not layers or layers != list(range(0, 2 * len(layers), 2)):
        raise InputError(argument, f"{path} has the layers {layers[:8]}", _ACCEPTED)
    missing = [f"{k}.weight" for k in layers if f"{k}.weight" not in tensors]
    if missing:
        raise InputError(argument, f"{path} lacks {missing[0]}", _ACCEPTED)
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
