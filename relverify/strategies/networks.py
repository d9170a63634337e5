"""Networks with dyadic weights, exact as float64 and as rationals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

from relverify.networks.mlp import MLP


def dyadics(bound: int = 4, bits: int = 4) -> st.SearchStrategy[float]:
    """Dyadic rationals as floats, which hold them exactly.

    Parameters
    ----------
    bound : int
        Of the magnitude.
    bits : int
        Binary places.

    Returns
    -------
    SearchStrategy of float
        Shrinks towards zero, and towards few binary places last.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(dyadics(), lambda w: w > 1)
    1.0625
    """
    return st.integers(-bound << bits, bound << bits).map(lambda k: k / (1 << bits))


@st.composite
def networks(
    draw: Any,
    widths: Sequence[int] | None = None,
    inputs: int = 1,
    outputs: int | None = None,
    max_depth: int = 2,
    max_width: int = 4,
    bound: int = 4,
    bits: int = 4,
    activation: str | Sequence[str] = "relu",
) -> MLP:
    """Networks of a given shape, or of a small random one.

    Parameters
    ----------
    widths : sequence of int, optional
        The hidden layers; random if not given.
    inputs : int
    outputs : int, optional
        The feature dimension; 1 to 3 if not given.
    max_depth, max_width : int
        Limits of random shapes.
    bound, bits : int
        See :func:`dyadics`.
    activation : str or sequence of str
        A name of :func:`relverify.activations.activations`, or several to choose from.

    Returns
    -------
    SearchStrategy of MLP
        Shrinks towards few layers, few units and zero weights.

    Examples
    --------
    >>> from hypothesis import find
    >>> net = find(networks(widths=(2,), outputs=1), lambda net: True)
    >>> net.widths, net.at_exact(3)
    ((2,), [0])
    """
    if widths is None:
        widths = draw(st.lists(st.integers(1, max_width), min_size=1, max_size=max_depth))
    sizes = [inputs, *widths, outputs if outputs is not None else draw(st.integers(1, 3))]
    weight = dyadics(bound, bits)
    weights, biases = [], []
    for columns, rows in zip(sizes[:-1], sizes[1:], strict=True):
        entries = draw(st.lists(weight, min_size=rows * columns, max_size=rows * columns))
        weights.append(np.array(entries).reshape(rows, columns))
        biases.append(np.array(draw(st.lists(weight, min_size=rows, max_size=rows))))
    name = activation if isinstance(activation, str) else draw(st.sampled_from(list(activation)))
    return MLP(tuple(weights), tuple(biases), name)


st.register_type_strategy(MLP, networks())
