"""Units that suffice for disjoint features, and for the sections of a kernel without truncation."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import flint
import sympy as sp
from flint import arb, fmpq

from relverify.core.box import Box, Interval
from relverify.errors import InputError
from relverify.networks.counts import MAX_FEATURES, PREC
from relverify.relations.barron import augmented_length, curved_barron, slope_variation
from relverify.relations.expansion import Expansion
from relverify.relations.relation import Relation
from relverify.relations.sup import supremum
from relverify.rigor.calculus import derivative
from relverify.rigor.enclose import arf_to_fmpq, compile_arb, enclose
from relverify.rigor.exact import from_fmpq, to_fmpq
from relverify.rigor.quadrature import integral

CELLS = 512
PATIENCE = 3


class SampledFeatures:
    """Features of an expansion, each by drawn units: n_i units err by at most c_i/√n_i.

    Parameters
    ----------
    relation : Relation
        Symmetric PSD, of numbers.
    box : Box
        An interval.
    eps : fmpq
        The error that is asked for.
    """

    def __init__(self, relation: Relation, box: Box, eps: fmpq) -> None:
        self.relation, self.box, self.eps = relation, box, eps
        self.symbol = relation.x_symbols[0]
        self.length = to_fmpq(box[0].length)
        self._features: dict[int, _Feature] = {}

    def count(self, cost: Callable[[_Feature], fmpq], extra: int) -> tuple[int, int]:
        """The least sum of n_i = ⌈c_i Σc/δ²⌉ over the numbers of features, with `extra` units for each that varies."""
        expansion = self.relation.expansion(self.box)
        if expansion is None:
            raise InputError("relation", f"{self.relation.text} has no stored expansion on {self.box}", "one that has")
        norm = upper(enclose(sp.sqrt(expansion.energy), prec=PREC))
        best: tuple[int, int] | None = None
        worse = 0
        for d in range(MAX_FEATURES):
            tail = upper(enclose(expansion.tail(d), prec=PREC))
            if tail >= self.eps:
                continue
            square = delta_below(norm, self.eps - tail) ** 2
            costs = [cost(self.feature(expansion, i)) for i in range(1, d + 1)]
            total = sum(costs, fmpq(0))
            drawn = [int((c * total / square).ceil()) for c in costs]
            if sum((c * c / n for c, n in zip(costs, drawn, strict=True) if c), fmpq(0)) > square:
                raise RuntimeError(f"{drawn} units do not keep the budget")
            units = sum(drawn) + extra * sum(not self.feature(expansion, i).constant for i in range(1, d + 1))
            if best is None or units < best[0]:
                best, worse = (units, d), 0
            worse += 1
            if worse > PATIENCE:
                return best
        if best is None:
            problem = f"{from_fmpq(self.eps)} is out of reach of {MAX_FEATURES} features"
            raise InputError("eps", problem, "a larger error")
        return best

    def feature(self, expansion: Expansion, i: int) -> _Feature:
        """The constants of feature i, about the centre of the interval."""
        if i not in self._features:
            centre = (self.box[0].lo + self.box[0].hi) / 2
            moved = expansion.feature(i).subs(self.symbol, self.symbol + centre)
            self._features[i] = _feature(moved, self.symbol, self.length)
        return self._features[i]

    def barron(self, feature: _Feature) -> fmpq:
        """4VR of *barron-sup*."""
        return upper(4 * arb(feature.curved + feature.least_slope) * _radius_squared(self.length).sqrt())

    def curved(self, feature: _Feature) -> fmpq:
        """2V'R of *barron-sup-affine*."""
        return upper(2 * arb(feature.curved) * _radius_squared(self.length).sqrt())

    def knots(self, feature: _Feature) -> fmpq:
        """L/4 times the total variation of the slope, of *direct-sampling*."""
        return feature.variation * self.length / 4


class _Feature:
    """Upper bounds of integrals of a function on [-L/2, L/2]."""

    def __init__(self, function: sp.Expr, symbol: sp.Symbol, length: fmpq) -> None:
        side = Interval(from_fmpq(-length / 2), from_fmpq(length / 2))
        self.curved = _finite(curved_barron(function, symbol, side), function)
        self.variation = _finite(slope_variation(function, symbol, side), function)
        self.constant = symbol not in function.free_symbols
        slope = compile_arb(derivative(function, symbol), (symbol,))
        with flint.ctx.workprec(PREC):
            slopes = [slope(arb(length * (2 * k - CELLS) / (2 * CELLS))) for k in range(CELLS + 1)]
            if any(slope <= 0 for slope in slopes) and any(slope >= 0 for slope in slopes):
                # h' is continuous, so it has a zero
                self.least_slope = fmpq(0)
            else:
                least = min(arf_to_fmpq(abs(slope).upper()) for slope in slopes)
                self.least_slope = upper(arb(least) * _radius_squared(length).sqrt())


@lru_cache(maxsize=512)
def _feature(function: sp.Expr, symbol: sp.Symbol, length: fmpq) -> _Feature:
    return _Feature(function, symbol, length)


class Sections:
    """The sections F(x) = r(x, ·) in the space of r, without truncation.

    Parameters
    ----------
    relation : Relation
        Symmetric PSD, of numbers.
    box : Box
        An interval.
    eps : fmpq
        The error that is asked for.
    """

    def __init__(self, relation: Relation, box: Box, eps: fmpq) -> None:
        self.relation, self.box, self.eps = relation, box, eps
        self.length = to_fmpq(box[0].length)

    def delta(self) -> fmpq:
        """The error of the features that keeps eps."""
        (symbol,), (other,) = self.relation.x_symbols, self.relation.y_symbols
        energy = supremum(self.relation.expr.subs(other, symbol), {symbol: self.box[0].ends})
        return delta_below(upper(enclose(sp.sqrt(energy), prec=PREC)), self.eps)

    def speed(self, order: int) -> sp.Expr:
        """The square of the norm of a derivative of F: ∂^k_x ∂^k_y r on the diagonal."""
        (symbol,), (other,) = self.relation.x_symbols, self.relation.y_symbols
        mixed = derivative(derivative(self.relation.expr, symbol, order), other, order)
        value = mixed.subs(other, symbol)
        # a sign on the diagonal would be taken for 0 there
        jumps = (sp.sign, sp.Heaviside, sp.DiracDelta, sp.Piecewise, sp.Derivative)
        if mixed.has(*jumps) or value.has(sp.nan, sp.zoo, sp.oo):
            problem = f"the sections of {self.relation.text} have no derivative of order {order} in its space"
            raise InputError("relation", problem, "a smooth kernel")
        return sp.simplify(value)

    def spline(self) -> tuple[int, int]:
        """Units and features of one spline: n pieces err by at most M L²/(8n²), M = sup‖F''‖."""
        speed = self.speed(2)
        symbol = self.relation.x_symbols[0]
        try:
            top = speed if not speed.free_symbols else supremum(speed, {symbol: self.box[0].ends})
        except ArithmeticError:
            raise InputError("relation", f"{self.relation.text} has no bounded curvature", "a smooth kernel") from None
        curve = upper(enclose(sp.sqrt(top), prec=PREC)) * self.length**2 / 8
        units = max(1, _root_above(curve / self.delta()))
        return units, units + 1

    def curvature(self) -> fmpq:
        """V' of *kernel-barron-affine*, about the centre."""
        symbol = self.relation.x_symbols[0]
        centre = (self.box[0].lo + self.box[0].hi) / 2
        density = sp.sqrt(self.speed(2).subs(symbol, symbol + centre))
        half = from_fmpq(self.length / 2)
        if not density.free_symbols:
            length = augmented_length(Interval(-half, half))
            return upper(enclose(density * length, prec=PREC))
        return _finite(integral(density * sp.sqrt(1 + symbol**2), symbol, -half, half), density)

    def sampled_curved(self) -> tuple[int, int]:
        """Units and features by *kernel-barron-affine*."""
        factor = enclose(2 + sp.sqrt(2), prec=PREC)
        units = self._drawn(factor, self.curvature())
        return units + 1, units + 2

    def sampled(self) -> tuple[int, int]:
        """Units and features by *kernel-barron*; one unit at an end carries the affine part with the least slope."""
        symbol = self.relation.x_symbols[0]
        slope = compile_arb(sp.sqrt(self.speed(1)), (symbol,))
        low = to_fmpq(self.box[0].lo)
        with flint.ctx.workprec(PREC):
            slopes = [slope(arb(low + self.length * k / CELLS)) for k in range(CELLS + 1)]
            least = min((arf_to_fmpq(ball.upper()) for ball in slopes if ball.is_finite()), default=None)
            if least is None:
                raise InputError("relation", f"the sections of {self.relation.text} have no slope", "a smooth kernel")
            V = self.curvature() + upper(arb(least) * _radius_squared(self.length).sqrt())
        units = self._drawn(2 * enclose(2 + sp.sqrt(2), prec=PREC), V)
        return units, units

    def _drawn(self, factor: arb, V: fmpq) -> int:
        with flint.ctx.workprec(PREC):
            cost = upper(factor * arb(V) * _radius_squared(self.length).sqrt())
        return max(1, int(((cost / self.delta()) ** 2).ceil()))


def _radius_squared(length: fmpq) -> arb:
    """R² = 1 + L²/4 for a centred interval."""
    with flint.ctx.workprec(PREC):
        return arb(1 + length * length / 4)


def delta_below(norm: fmpq, t: fmpq) -> fmpq:
    """A rational lower bound of t/(√(K²+t)+K)."""
    with flint.ctx.workprec(PREC):
        return arf_to_fmpq((arb(t) / (arb(norm**2 + t).sqrt() + arb(norm))).lower())


def _finite(ball: arb, function: sp.Expr) -> fmpq:
    if not ball.is_finite():
        raise InputError("relation", f"the variation of {function} is not enclosed", "a smooth kernel")
    return upper(ball)


def _root_above(value: fmpq) -> int:
    """The least integer n with n² >= value."""
    root = int(value.ceil().isqrt())
    return root if root * root >= value else root + 1


def upper(ball: arb) -> fmpq:
    """The upper end of a finite ball, rounded up.

    Examples
    --------
    >>> bool(upper(arb(1) / 3) >= fmpq(1, 3))
    True
    """
    with flint.ctx.workprec(PREC):
        return arf_to_fmpq(ball.upper())
