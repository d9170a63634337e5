"""One-input ReLU networks with given values at finitely many points."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from flint import fmpq

from relverify.attention.preorders import Preorder, sorted_points
from relverify.errors import InputError
from relverify.networks.mlp import MLP
from relverify.rigor.exact import to_fmpq


def point_network(points: Sequence[Any], values: Sequence[Sequence[fmpq]], bits: int | None = None) -> MLP:
    """A network with P - 1 shared hidden units that takes given values at P points of the line.

    Parameters
    ----------
    points : sequence of exact rational number, length P
        Distinct, in any order.
    values : sequence of sequence of fmpq, shape (P, d)
        With real weights the values are taken exactly. The stored weights are float64, so they are taken exactly
        where all slopes are (for instance at integer points a power of two apart), else up to rounding.
    bits : int, optional
        Round the output weights to multiples of ``2**-bits`` instead of to float64.

    Returns
    -------
    MLP

    Examples
    --------
    >>> net = point_network([0, 1, 3], [[fmpq(0)], [fmpq(1)], [fmpq(0)]])
    >>> net.hidden_units, [net.at_exact(x)[0] for x in (0, 1, 3)]
    (2, [0, 1, 0])
    """
    order = sorted_points(points, len(values))
    knots = [to_fmpq(points[j]) for j in order]
    return _network(knots, [values[j] for j in order], bits)


def step_network(points: Sequence[Any], values: Sequence[Sequence[fmpq]]) -> MLP:
    """A network with 2(runs - 1) hidden units that takes given values, constant on runs of equal values.

    Parameters
    ----------
    points : sequence of exact rational number, length P
    values : sequence of sequence of fmpq, shape (P, d)

    Returns
    -------
    MLP

    Examples
    --------
    >>> step_network(range(6), [[fmpq(0)]] * 3 + [[fmpq(1)]] * 3).hidden_units
    2
    """
    order = sorted_points(points, len(values))
    knots, chosen = [], []
    for left, right in pairwise(order):
        if list(values[left]) != list(values[right]):
            knots += [to_fmpq(points[left]), to_fmpq(points[right])]
            chosen += [values[left], values[right]]
    if not knots:
        return _network([to_fmpq(points[order[0]])], [values[order[0]]], None)
    # one more knot to the right: the last unit then ends the last ramp
    return _network([*knots, knots[-1] + 1], [*chosen, chosen[-1]], None)


def utility_network(points: Sequence[Any], preorder: Preorder) -> MLP:
    """The utility of a preorder as a network with min(P - 1, 2(runs - 1)) hidden units.

    Parameters
    ----------
    points : sequence of exact rational number, length P
        Where the items stand on the line.
    preorder : Preorder

    Returns
    -------
    MLP
    """
    values = [[u] for u in preorder.utility()]
    if 2 * (preorder.runs(points) - 1) < preorder.size - 1:
        return step_network(points, values)
    return point_network(points, values)


def _network(knots: Sequence[fmpq], values: Sequence[Sequence[fmpq]], bits: int | None) -> MLP:
    """Linear between increasing knots, constant to the left; one unit for each knot but the last."""
    d = len(values[0])
    slopes = [[fmpq(0)] * d]
    for (a, va), (b, vb) in pairwise(zip(knots, values, strict=True)):
        slopes.append([(q - p) / (b - a) if b > a else fmpq(0) for p, q in zip(va, vb, strict=True)])
    changes = [[q - p for p, q in zip(before, after, strict=True)] for before, after in pairwise(slopes)]
    offset = np.array([nearest(v, bits) for v in values[0]])
    if not changes:
        return MLP((np.zeros((d, 1)),), (offset,))
    first = np.ones((len(changes), 1)), np.array([-nearest(t) for t in knots[:-1]])
    second = np.array([[nearest(change[c], bits) for change in changes] for c in range(d)])
    return MLP((first[0], second), (first[1], offset))


def nearest(value: fmpq, bits: int | None = None) -> float:
    """The float64 nearest to a rational number, or to its nearest multiple of ``2**-bits``.

    Examples
    --------
    >>> nearest(fmpq(1, 3), 2), nearest(fmpq(1, 4))
    (0.25, 0.25)
    """
    numerator, denominator = int(value.p), int(value.q)
    try:
        if bits is not None:
            numerator, denominator = (2 * (numerator << bits) + denominator) // (2 * denominator), 1 << bits
        return numerator / denominator
    except OverflowError:
        raise InputError("points", "lie too close together or too far away for float64 weights") from None
