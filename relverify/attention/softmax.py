"""Softmax attention of exact scores, enclosed in balls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flint import arb, ctx, fmpq

from relverify.rigor.enclose import to_arb
from relverify.rigor.exact import to_fmpq


def attention_weights(scores: Sequence[Any], beta: Any, prec: int = 128) -> list[arb]:
    """Enclose the attention weights ``exp(beta s_j) / sum_l exp(beta s_l)``.

    Parameters
    ----------
    scores : sequence of exact rational number, length n
    beta : exact number
        Inverse temperature.
    prec : int
        Working precision in bits.

    Returns
    -------
    list of arb, length n

    Examples
    --------
    >>> [w.str(5, radius=False) for w in attention_weights([1, 0], 0)]
    ['0.50000', '0.50000']
    """
    exact = [to_fmpq(s, "scores") for s in scores]
    top = max(exact)
    with ctx.workprec(prec):
        temperature = to_arb(beta)
        powers = [(temperature * (s - top)).exp() for s in exact]
        total = sum(powers, arb(0))
        return [p / total for p in powers]


def attention_error(
    scores: Sequence[Any], values: Sequence[Sequence[fmpq]], chosen: int, beta: Any, prec: int = 128
) -> arb:
    """Enclose the Euclidean distance of the attention output from one of the values.

    Parameters
    ----------
    scores : sequence of exact rational number, length n
    values : sequence of sequence of fmpq, shape (n, p)
    chosen : int
        Index of the value that should be selected.
    beta : exact number
    prec : int

    Examples
    --------
    >>> attention_error([1, 0], [[fmpq(0)], [fmpq(1)]], 0, 0).str(5, radius=False)
    '0.50000'
    """
    weights = attention_weights(scores, beta, prec)
    with ctx.workprec(prec):
        # differences first: equal values then contribute exactly nothing
        sums = [
            sum((w * (v[c] - values[chosen][c]) for w, v in zip(weights, values, strict=True)), arb(0))
            for c in range(len(values[chosen]))
        ]
        return abs(sums[0]) if len(sums) == 1 else sum((s * s for s in sums), arb(0)).sqrt()


def total_variation(first: Sequence[Any], second: Sequence[Any], beta: Any, prec: int = 128) -> arb:
    """Enclose the total variation distance of the attention weights of two score vectors.

    Examples
    --------
    >>> total_variation([1, 0], [3, 2], 1).contains(0)
    True
    """
    pairs = zip(attention_weights(first, beta, prec), attention_weights(second, beta, prec), strict=True)
    with ctx.workprec(prec):
        return sum((abs(a - b) for a, b in pairs), arb(0)) / 2
