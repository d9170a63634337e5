"""File formats of networks; one format is one module of this package with one constant ``FORMAT``.

Files are data from outside: none is executed, sizes are limited before anything is read, and whatever is not a network
of the documented form is refused.
"""

from __future__ import annotations

import functools
import importlib
import math
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from relverify.networks.mlp import MLP

MAX_BYTES = 256 * 2**20


class FormatError(ValueError):
    """A file is not a network of its format; the message says why, and `accepted` what would be."""

    def __init__(self, problem: str, accepted: str = "") -> None:
        self.problem, self.accepted = problem, accepted
        super().__init__(problem)


@dataclass(frozen=True)
class Content:
    """What a file holds.

    Parameters
    ----------
    tensors : dict of str to ndarray
        ``0.weight``, ``0.bias``, ``2.weight``, ...
    activation : str or None
        Its name, where the file has one.
    """

    tensors: dict[str, np.ndarray]
    activation: str | None = None


@dataclass(frozen=True)
class Format:
    """One file format.

    Parameters
    ----------
    suffixes : tuple of str
        With the dot.
    accepted : str
        What error messages say is accepted.
    read : callable
        From a path to a :class:`Content`; raises FormatError, OSError or ValueError.
    write : callable, optional
        From an MLP to the bytes of a file, the same bytes for the same network.
    fixed : bool
        Whether files define the activation, so that no other can be put in its place.
    """

    suffixes: tuple[str, ...]
    accepted: str
    read: Callable[[Path], Content]
    write: Callable[[MLP], bytes] | None = None
    fixed: bool = False


@functools.cache
def formats() -> Mapping[str, Format]:
    """All formats by suffix, found by a walk over the folder.

    Examples
    --------
    >>> sorted(formats())
    ['.npz', '.onnx', '.pt', '.pth', '.safetensors']
    """
    found: dict[str, Format] = {}
    for info in sorted(pkgutil.iter_modules(__path__), key=lambda i: i.name):
        module = importlib.import_module(f"{__name__}.{info.name}")
        found.update(dict.fromkeys(module.FORMAT.suffixes, module.FORMAT))
    return MappingProxyType(found)


def tensors(mlp: MLP) -> dict[str, np.ndarray]:
    """The weights of a network under the keys of a ``torch.nn.Sequential``."""
    result: dict[str, np.ndarray] = {}
    for k, (w, b) in enumerate(zip(mlp.weights, mlp.biases, strict=True)):
        result[f"{2 * k}.weight"], result[f"{2 * k}.bias"] = w, b
    return result


def check_count(key: str, shape: tuple[int, ...], item: int = 8) -> None:
    """Refuse an array before it is made, if it would be larger than files may be."""
    if len(shape) > 8 or any(n < 0 for n in shape) or math.prod(shape) * item > MAX_BYTES:
        raise FormatError(f"{key[:60]!r} has the shape {shape[:8]}", f"arrays of at most {MAX_BYTES} bytes")
