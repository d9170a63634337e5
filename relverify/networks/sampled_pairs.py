"""Units drawn for each feature of two networks: the paper's *asymmetric* theorem with the theorems of Barron.

The features are the polynomials of :mod:`relverify.networks.asymmetric`. Their curved parts are bounded by the supremum
of the second derivative, ∫|h''|w <= sup|h''| ∫w.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import flint
import numpy as np
import sympy as sp
from flint import arb, fmpq

from relverify.certify.compiled import rational_ends
from relverify.core.box import Box, Interval
from relverify.networks.asymmetric import asymmetric_units, polynomial_features
from relverify.networks.counts import PREC, Prediction
from relverify.networks.feature_counts import delta_below, upper
from relverify.relations.barron import augmented_length
from relverify.relations.relation import Relation
from relverify.rigor.enclose import enclose
from relverify.rigor.exact import from_fmpq


@dataclass(frozen=True)
class Bounds:
    """Upper bounds for a feature h on an interval of length L.

    Parameters
    ----------
    size : fmpq
        Of sup|h|.
    curve : fmpq
        Of sup|h''| L²/8.
    length : fmpq
    """

    size: fmpq
    curve: fmpq
    length: fmpq

    def _curved(self) -> arb:
        """V' <= sup|h''| ∫√(1+s²) ds about the middle."""
        half = from_fmpq(self.length / 2)
        weight = enclose(augmented_length(Interval(-half, half)), prec=PREC)
        return 8 * arb(self.curve) / arb(self.length) ** 2 * weight

    def _radius(self) -> arb:
        return enclose(sp.sqrt(1 + from_fmpq(self.length) ** 2 / 4), prec=PREC)

    def barron(self) -> fmpq:
        """4VR of *barron-sup*; some slope of h is at most 2 sup|h|/L, and one unit at an end carries it."""
        with flint.ctx.workprec(PREC):
            slope = 2 * arb(self.size) / arb(self.length) * self._radius()
            return upper(4 * (self._curved() + slope) * self._radius())

    def curved(self) -> fmpq:
        """2V'R of *barron-sup-affine*."""
        with flint.ctx.workprec(PREC):
            return upper(2 * self._curved() * self._radius())

    def knots(self) -> fmpq:
        """L/4 times the variation of the slope, of *direct-sampling*."""
        return 2 * self.curve


@lru_cache(maxsize=8)
def euclidean_splines(relation: Relation, x: Box, y: Box, eps: fmpq) -> Prediction:
    """Splines with the Euclidean budget, found once for all methods that use their features."""
    return asymmetric_units(relation, x, y, from_fmpq(eps), "vector")


def sampled_pairs(
    relation: Relation, x: Box, y: Box, eps: fmpq, cost: Callable[[Bounds], fmpq], extra: int
) -> tuple[int, int]:
    """Units of two networks, n_i = ⌈c_i Σc/(2δ²)⌉ for each feature and `extra` for each that varies, and features.

    Parameters
    ----------
    relation : Relation
        Smooth enough for polynomial features.
    x, y : Box
        Intervals.
    eps : fmpq
    cost : callable
        From the bounds of a feature to c with an error of at most c/√n by n drawn units.
    extra : int

    Returns
    -------
    units, d : int

    Raises
    ------
    InputError
        As :func:`relverify.networks.asymmetric.asymmetric_units`.

    Notes
    -----
    With Σ(α_i² + β_i²) <= 2δ², δ = t/(√(K²+t)+K), the inner product errs by at most t; see *asymmetric-neurons*.

    Examples
    --------
    >>> from relverify.core.box import parse_box
    >>> from relverify.relations import parse_relation
    >>> unit = parse_box("[0,1]")
    >>> sampled_pairs(parse_relation("x**2*y"), unit, unit, fmpq(1, 10), Bounds.knots, 1)[1]
    1
    """
    found = euclidean_splines(relation, x, y, eps)
    assert found.tail is not None
    sides, energy = polynomial_features(relation, x, y, eps, found.d)
    bounds: list[Bounds] = []
    varies = 0
    for (sizes, curves, coefficients), box in zip(sides, (x, y), strict=True):
        low, high = rational_ends(box, "x")
        bounds += [Bounds(size, curve, high - low) for size, curve in zip(sizes, curves, strict=True)]
        varies += int(np.any(coefficients[1:] != 0, axis=0).sum())
    with flint.ctx.workprec(PREC):
        norm = upper(arb(energy).sqrt())
    square = 2 * delta_below(norm, eps - found.tail) ** 2
    costs = [cost(bound) for bound in bounds]
    total = sum(costs, fmpq(0))
    drawn = [int((c * total / square).ceil()) for c in costs]
    if sum((c * c / n for c, n in zip(costs, drawn, strict=True) if c), fmpq(0)) > square:
        raise RuntimeError(f"{drawn} units do not keep the budget")
    return sum(drawn) + extra * varies, found.d
