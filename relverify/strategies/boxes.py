"""Boxes with rational ends."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from relverify.core.box import Box, Interval
from relverify.rigor.exact import exact
from relverify.strategies.numbers import positives, rationals


@st.composite
def boxes(draw: Any, dim: int = 1, bound: int = 2, max_length: int = 3) -> Box:
    """Boxes that are not empty.

    Parameters
    ----------
    dim : int
        The number of sides.
    bound : int
        Of the magnitude of lower ends.
    max_length : int
        Of the sides.

    Returns
    -------
    SearchStrategy of Box
        Shrinks towards [0,1].

    Examples
    --------
    >>> from hypothesis import find
    >>> str(find(boxes(), lambda b: True))
    '[0,1]'
    """
    sides = []
    for _ in range(dim):
        low, length = draw(rationals(-bound, bound)), draw(positives(max_length))
        sides.append(Interval(exact(low), exact(low + length)))
    return Box(tuple(sides))


st.register_type_strategy(Box, boxes())
