"""Exact rational numbers."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hypothesis import strategies as st


def rationals(lo: Any, hi: Any, max_denominator: int = 12) -> st.SearchStrategy[Fraction]:
    """Rationals of an interval with small denominators.

    Parameters
    ----------
    lo, hi : int, Fraction or str
        The ends, both included.
    max_denominator : int

    Returns
    -------
    SearchStrategy of Fraction
        Shrinks towards integers near zero.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(rationals(-3, 3), lambda q: q > 1)
    Fraction(2, 1)
    """
    return st.fractions(Fraction(lo), Fraction(hi), max_denominator=max_denominator)


def positives(top: Any, max_denominator: int = 12) -> st.SearchStrategy[Fraction]:
    """Positive rationals with small denominators.

    Parameters
    ----------
    top : int, Fraction or str
        The largest, at least 1.
    max_denominator : int

    Returns
    -------
    SearchStrategy of Fraction
        Shrinks towards 1.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(positives(3), lambda q: True)
    Fraction(1, 1)
    """
    return st.one_of(st.just(Fraction(1)), rationals(Fraction(1, max_denominator), top, max_denominator))
