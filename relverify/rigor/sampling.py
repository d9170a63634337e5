"""Exact expectations over independent draws from a finite measure."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from flint import arb, fmpq, fmpz

from relverify.errors import InputError

MAX_OUTCOMES = 100_000


def counts(kinds: int, draws: int) -> Iterator[tuple[int, ...]]:
    """All ways to draw so often each of so many kinds.

    Examples
    --------
    >>> list(counts(2, 2))
    [(0, 2), (1, 1), (2, 0)]
    """
    for bars in itertools.combinations(range(draws + kinds - 1), kinds - 1):
        ends = (-1, *bars, draws + kinds - 1)
        yield tuple(b - a - 1 for a, b in itertools.pairwise(ends))


def expectation(probabilities: Sequence[fmpq], draws: int, value: Callable[[tuple[int, ...]], Any]) -> Any:
    """The expectation of a function of how often each kind is drawn.

    Parameters
    ----------
    probabilities : sequence of fmpq
        Positive, with sum 1.
    draws : int
        Independent ones, at least 1.
    value : callable
        Takes the counts; returns an fmpq or an arb.

    Returns
    -------
    fmpq or arb
        Exact, or enclosed at the precision of ``flint.ctx``.

    Raises
    ------
    InputError
        If the probabilities do not add up to 1, or there are too many outcomes.

    Examples
    --------
    >>> expectation([fmpq(1, 2), fmpq(1, 2)], 3, lambda c: fmpq(abs(c[0] - c[1])))
    3/2
    """
    if sum(probabilities, fmpq(0)) != 1 or min(probabilities) <= 0:
        raise InputError("probabilities", f"{list(probabilities)} are not those of a measure", "positive, with sum 1")
    kinds = len(probabilities)
    if math.comb(draws + kinds - 1, kinds - 1) > MAX_OUTCOMES:
        raise InputError("draws", f"{draws} draws have too many outcomes", f"at most {MAX_OUTCOMES} outcomes")
    total = fmpq(0)
    for drawn in counts(kinds, draws):
        weight = fmpq(_multinomial(drawn))
        for probability, count in zip(probabilities, drawn, strict=True):
            weight *= probability**count
        found = value(drawn)
        total = total + (arb(weight) if isinstance(found, arb) else weight) * found
    return total


def _multinomial(drawn: Sequence[int]) -> fmpz:
    ways, so_far = fmpz(1), 0
    for count in drawn:
        so_far += count
        ways *= fmpz.bin_uiui(so_far, count)
    return ways
