"""The record of a family of transformers; one family is one module with one constant ``FAMILY``."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from relverify.errors import InputError

if TYPE_CHECKING:
    from relverify.attention.weights import Weights

MAX_CONFIG_BYTES = 4 * 2**20
MAX_NUMBER = 2**24
MAX_LAYERS = 4096


@dataclass(frozen=True)
class Architecture:
    """What the configuration says of attention.

    Parameters
    ----------
    model_type : str
    layers, heads, key_heads, head_size, width : int
        `width` is that of the hidden states; `key_heads` divides `heads`.
    norm : {"layer", "rms"}
        What the input of attention comes from.
    positions : int or None
        The longest context of the model.
    rotary : Fraction or None
        The base of rotary positions.
    biases : bool
        Whether queries and keys must have biases, where the layout leaves it open.
    divisors : tuple of int
        By layer, what scores are divided by besides the square root of the head size.
    """

    model_type: str
    layers: int
    heads: int
    key_heads: int
    head_size: int
    width: int
    norm: str
    positions: int | None = None
    rotary: Fraction | None = None
    biases: bool = False
    divisors: tuple[int, ...] = ()


@dataclass(frozen=True)
class LayerWeights:
    """What the scores of one layer are made of: float64 arrays that hold the stored weights exactly.

    Parameters
    ----------
    query : ndarray, shape (heads * head_size, width)
    key : ndarray, shape (key_heads * head_size, width)
    query_bias, key_bias : ndarray
        Zero where the model has none.
    gain, shift : ndarray, shape (width,)
        Of the norm that makes the input of the layer's attention.
    """

    query: np.ndarray
    key: np.ndarray
    query_bias: np.ndarray
    key_bias: np.ndarray
    gain: np.ndarray
    shift: np.ndarray


@dataclass(frozen=True)
class Family:
    """A naming of configuration and weights.

    Parameters
    ----------
    model_types : tuple of str
        The values of ``model_type`` that it reads.
    title : str
        One line on the layout.
    architecture : callable
        Given a :class:`Config`, the :class:`Architecture`.
    layer : callable
        Given :class:`relverify.attention.weights.Weights`, the architecture and a number, the :class:`LayerWeights`.
    """

    model_types: tuple[str, ...]
    title: str
    architecture: Callable[[Config], Architecture]
    layer: Callable[[Weights, Architecture, int], LayerWeights]


class Config:
    """A ``config.json``, every entry checked where it is read.

    Parameters
    ----------
    entries : mapping
    """

    def __init__(self, entries: Mapping[str, Any]) -> None:
        self.entries = entries

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Config:
        """Read a file.

        Raises
        ------
        InputError
            If it is missing, too large, or no JSON object.
        """
        if not os.path.isfile(path):
            raise InputError("config", f"{path} is not a file", "a config.json")
        try:
            with open(path, "rb") as stream:
                data = stream.read(MAX_CONFIG_BYTES + 1)
            entries = json.loads(data) if len(data) <= MAX_CONFIG_BYTES else None
        except OSError as error:
            raise InputError("config", f"cannot read {path}: {error.strerror}", "a config.json") from error
        except (ValueError, RecursionError) as error:
            raise InputError("config", f"{path} is not JSON ({str(error)[:80]})", "a config.json") from error
        if len(data) > MAX_CONFIG_BYTES:
            raise InputError("config", f"{path} is too large", f"at most {MAX_CONFIG_BYTES} bytes")
        if not isinstance(entries, dict):
            raise InputError("config", f"{path} holds no object", "a config.json")
        return cls(entries)

    def get(self, name: str, default: Any = None) -> Any:
        """An entry, or the default where it is missing or null."""
        value = self.entries.get(name)
        return default if value is None else value

    def count(self, *names: str, default: int | None = None, most: int = MAX_NUMBER) -> int:
        """A positive integer under the first of some names that is there."""
        accepted = f"an integer from 1 to {most}"
        for name in names:
            value = self.entries.get(name)
            if value is not None:
                if type(value) is not int or not 1 <= value <= most:
                    raise InputError("config", f"{name} is {str(value)[:40]!r}", accepted)
                return value
        if default is None:
            raise InputError("config", f"there is no {names[0]}", accepted)
        return default

    def rational(self, name: str, default: int) -> Fraction:
        """A positive number, exactly as written: 1e4 is ten thousand."""
        value = self.get(name, default)
        good = type(value) in (int, float) and math.isfinite(value) and 0 < value < 1e30
        if not good:
            raise InputError("config", f"{name} is {str(value)[:40]!r}", "a positive number")
        return Fraction(str(value))

    def only(self, name: str, *accepted: Any) -> None:
        """Refuse an entry that is there with another value."""
        value = self.entries.get(name)
        if value is not None and value not in accepted:
            raise InputError("config", f"{name} = {str(value)[:60]!r} is not supported", str(accepted[0]))

    def head_size(self, width: int, heads: int) -> int:
        """The width divided among the heads."""
        if width % heads:
            raise InputError("config", f"{heads} heads do not divide {width}", "a multiple of the number of heads")
        return width // heads
