"""All counts of hidden units that are known to suffice for a relation, side by side.

Every count is a certified integer: it satisfies the inequality of its theorem in exact rationals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import flint
import sympy as sp
from flint import arb, fmpq

from relverify.core.box import Box, Interval, parse_box
from relverify.core.registry import theorem
from relverify.errors import InputError
from relverify.networks.asymmetric import asymmetric_units
from relverify.networks.counts import MAX_FEATURES, PREC, grid_units, one_network, positive_eps, spline_units
from relverify.networks.deep_square import deep_polynomial
from relverify.relations.barron import augmented_length, curved_barron, slope_variation
from relverify.relations.expansion import Expansion
from relverify.relations.properties import constants
from relverify.relations.relation import Relation
from relverify.relations.sup import supremum
from relverify.rigor.decide import Verdict, decide
from relverify.rigor.enclose import arf_to_fmpq, compile_arb, enclose
from relverify.rigor.exact import from_fmpq, to_fmpq
from relverify.rigor.integers import ceiling
from relverify.rigor.quadrature import integral

CELLS = 512
PATIENCE = 3


@dataclass(frozen=True)
class UpperBound:
    """Hidden units that suffice, by one theorem.

    Parameters
    ----------
    name : str
        What is built or drawn, in words.
    theorem : str
        The label of the theorem.
    constructive : bool
        Whether the network is built; otherwise it is shown to exist.
    units : int or None
        None where the theorem counts features only, or says nothing about the relation.
    d : int or None
        Features, or an upper bound of their number.
    reason : str
        Why there is no count.
    """

    name: str
    theorem: str
    constructive: bool
    units: int | None
    d: int | None = None
    reason: str = ""


def upper_bounds(
    relation: Relation, x: Box | str, y: Box | str | None = None, eps: object = None
) -> tuple[UpperBound, ...]:
    """Counts that suffice for a relation of two numbers, by every theorem that gives one.

    Parameters
    ----------
    relation : Relation
    x, y : Box or str
        Intervals; y defaults to x.
    eps : exact number > 0

    Returns
    -------
    tuple of UpperBound
        One network for a relation known to be symmetric PSD on equal intervals, two for all others, whose units are
        added. Existence results come first.

    Raises
    ------
    InputError
        If eps is not positive, or x and y are not numbers.

    Notes
    -----
    Disjoint features each have units of their own, and their errors share the Euclidean budget of *symmetric-neurons*;
    x is centred, so that R = sqrt(1 + L²/4). Where h' has a zero z, h is h(z) + ∫_{s>z} h''(s) relu(x-s) ds +
    ∫_{s<z} h''(s) relu(s-x) ds, so that V is the curved part V' = ∫|h''(s)| sqrt(1+s²) ds; in general the least
    |h'(z)| sqrt(1+L²/4) is added, by one unit at an end. For the shared spline and the sampled sections the features
    are sections of the relation in its own space, without truncation.

    Examples
    --------
    >>> from relverify.relations import parse_relation
    >>> for bound in upper_bounds(parse_relation("gaussian(ell=1/2)"), "[0,1]", eps="1e-1"):
    ...     if bound.units is not None:
    ...         print(bound.units, bound.name)
    1615442 sampled units for each feature
    403868 sampled units for each feature, affine part free
    4685 sampled knots for each feature
    2181589 sampled sections
    317684 sampled sections, affine part free
    22 splines for each feature, Euclidean budget
    23 splines for each feature, budget of its own
    5 shared spline
    4 grid
    """
    limit = to_fmpq(positive_eps(eps), "eps")
    x_box = parse_box(x, "x")
    y_box = x_box if y is None else parse_box(y, "y")
    if not relation.one_dimensional or x_box.dim != 1 or y_box.dim != 1:
        problem = f"{relation.text} on {x_box} x {y_box} is not one of two numbers"
        raise InputError("relation", problem, "a relation of numbers x, y on intervals")
    entries = [*_of_features(relation, x_box, y_box, limit)]
    if one_network(relation, x_box, y_box):
        entries += _of_one_network(relation, x_box, limit)
    else:
        entries += _of_two_networks(relation, x_box, y_box, limit)
    # existence before construction
    return tuple(_attempt(*entry) for entry in sorted(entries, key=lambda entry: entry[2]))


_Count = Callable[[], tuple[int | None, int | None]]
_Entry = tuple[str, str, bool, _Count]


def _attempt(name: str, theorem: str, constructive: bool, count: _Count) -> UpperBound:
    try:
        units, d = count()
    except InputError as error:
        return UpperBound(name, theorem, constructive, None, None, error.problem)
    return UpperBound(name, theorem, constructive, units, d)


def _rank(label: str, symbol: str, each: int, relation: Relation, x: Box, y: Box, eps: fmpq) -> _Count:
    """Features by a theorem that counts them, with the constants of the relation."""

    def count() -> tuple[None, int]:
        record = theorem(label)
        form = record.resource(symbol)
        values = constants(record, relation, x, y, {s.name for s in form.symbols} - {"eps"})
        found = form.count({**values, "eps": from_fmpq(eps)})
        assert found is not None
        return None, each * found

    return count


def _of_features(relation: Relation, x: Box, y: Box, eps: fmpq) -> Iterator[_Entry]:
    """What does not depend on the number of networks: theorems that count features, and polynomials."""

    def deep() -> tuple[int, int]:
        found = deep_polynomial(relation, x, y, from_fmpq(eps))
        return found.units, found.phi.out_features

    yield "sampled waves", "fourier-rank", False, _rank("fourier-rank", "m", 2, relation, x, y, eps)
    yield "Chebyshev polynomials", "chebyshev-rank", True, _rank("chebyshev-rank", "d", 1, relation, x, y, eps)
    yield "deep network of a polynomial", "deep-square", True, deep


def _of_two_networks(relation: Relation, x: Box, y: Box, eps: fmpq) -> Iterator[_Entry]:
    def splines(budget: str) -> _Count:
        def count() -> tuple[int, int]:
            found = asymmetric_units(relation, x, y, from_fmpq(eps), budget)
            return found.units, found.d

        return count

    def grid() -> tuple[int, int]:
        found = grid_units(relation, x, y, from_fmpq(eps))
        return found.units, found.d

    yield "splines for each feature, Euclidean budget", "asymmetric-neurons", True, splines("vector")
    yield "splines for each feature, budget of its own", "asymmetric-neurons-coordinate", True, splines("coordinate")
    yield "two grids", "grid-neurons", True, grid


def _of_one_network(relation: Relation, box: Box, eps: fmpq) -> Iterator[_Entry]:
    exact_eps = from_fmpq(eps)

    def splines(budget: str) -> _Count:
        def count() -> tuple[int, int]:
            found = spline_units(relation, box, exact_eps, budget)
            return found.units, found.d

        return count

    def grid() -> tuple[int, int]:
        found = grid_units(relation, box, eps=exact_eps)
        return found.units, found.d

    features = _Sampled(relation, box, eps)
    sections = _Sections(relation, box, eps)
    each = "for each feature"
    barron = f"sampled units {each}"
    yield barron, "barron-sup", False, lambda: features.count(features.barron, 0)
    yield "sampled frequencies", "fourier-rank-anchored", False, _rank(
        "fourier-rank-anchored", "m", 2, relation, box, box, eps
    )
    yield "splines of sampled waves", "fourier-neurons", False, lambda: _waves(relation, box, eps)
    yield f"{barron}, affine part free", "barron-sup-affine", False, lambda: features.count(features.curved, 1)
    yield f"sampled knots {each}", "direct-sampling", False, lambda: features.count(features.knots, 1)
    yield "sampled sections", "kernel-barron", False, sections.sampled
    yield "sampled sections, affine part free", "kernel-barron-affine", False, sections.sampled_curved
    yield f"splines {each}, Euclidean budget", "symmetric-neurons", True, splines("vector")
    yield f"splines {each}, budget of its own", "symmetric-neurons-coordinate", True, splines("coordinate")
    yield "shared spline", "ridge-spline", True, sections.spline
    yield "grid", "grid-neurons", True, grid


def _waves(relation: Relation, box: Box, eps: fmpq) -> tuple[int, int]:
    """The first-order best split of eps: a fifth for the splines, with κ rounded, and the rest for the draw."""
    record = theorem("fourier-neurons")
    values = constants(record, relation, box, box, {"V", "L", "Omega"})
    mass = _upper(enclose(values["V"], prec=PREC))
    kappa = fmpq(1, int((15 * mass / eps).ceil()))
    rest = from_fmpq(eps) - 2 * sp.sqrt(2) * from_fmpq(kappa) * values["V"] - 2 * from_fmpq(kappa) ** 2 * values["V"]
    draws = max(1, ceiling((8 * values["V"] * values["L"] * values["Omega"] / rest) ** 2))
    given = {**values, "m": draws, "kappa": from_fmpq(kappa)}
    bound = record.formal().bound.subs({record.formal().symbol(name): value for name, value in given.items()})
    if decide(sp.Le(bound, from_fmpq(eps), evaluate=False)).verdict is not Verdict.PROVED:
        raise ArithmeticError(f"{draws} frequencies do not keep the error")
    units = record.resource("N").count(given)
    assert units is not None
    return units, 2 * draws


class _Sampled:
    """Features of an expansion, each by drawn units: n_i units err by at most c_i/√n_i."""

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
        norm = _upper(enclose(sp.sqrt(expansion.energy), prec=PREC))
        best: tuple[int, int] | None = None
        worse = 0
        for d in range(MAX_FEATURES):
            tail = _upper(enclose(expansion.tail(d), prec=PREC))
            if tail >= self.eps:
                continue
            square = _delta(norm, self.eps - tail) ** 2
            costs = [cost(self.feature(expansion, i)) for i in range(1, d + 1)]
            total = sum(costs, fmpq(0))
            drawn = [int((c * total / square).ceil()) for c in costs]
            if sum((c * c / n for c, n in zip(costs, drawn, strict=True) if c), fmpq(0)) > square:
                raise ArithmeticError(f"{drawn} units do not keep the budget")
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
        if i not in self._features:
            centre = (self.box[0].lo + self.box[0].hi) / 2
            moved = expansion.feature(i).subs(self.symbol, self.symbol + centre)
            self._features[i] = _feature(moved, self.symbol, self.length)
        return self._features[i]

    def barron(self, feature: _Feature) -> fmpq:
        return _upper(4 * arb(feature.curved + feature.least_slope) * _radius_squared(self.length).sqrt())

    def curved(self, feature: _Feature) -> fmpq:
        return _upper(2 * arb(feature.curved) * _radius_squared(self.length).sqrt())

    def knots(self, feature: _Feature) -> fmpq:
        return feature.variation * self.length / 4


class _Feature:
    """Upper bounds of integrals of a function on [-L/2, L/2]."""

    def __init__(self, function: sp.Expr, symbol: sp.Symbol, length: fmpq) -> None:
        side = Interval(from_fmpq(-length / 2), from_fmpq(length / 2))
        self.curved = _finite(curved_barron(function, symbol, side), function)
        self.variation = _finite(slope_variation(function, symbol, side), function)
        self.constant = symbol not in function.free_symbols
        slope = compile_arb(function.diff(symbol), (symbol,))
        with flint.ctx.workprec(PREC):
            slopes = [slope(arb(length * (2 * k - CELLS) / (2 * CELLS))) for k in range(CELLS + 1)]
            if any(slope <= 0 for slope in slopes) and any(slope >= 0 for slope in slopes):
                # h' is continuous, so it has a zero
                self.least_slope = fmpq(0)
            else:
                least = min(arf_to_fmpq(abs(slope).upper()) for slope in slopes)
                self.least_slope = _upper(arb(least) * _radius_squared(length).sqrt())


@lru_cache(maxsize=512)
def _feature(function: sp.Expr, symbol: sp.Symbol, length: fmpq) -> _Feature:
    return _Feature(function, symbol, length)


class _Sections:
    """The sections F(x) = r(x, ·) in the space of r, without truncation."""

    def __init__(self, relation: Relation, box: Box, eps: fmpq) -> None:
        self.relation, self.box, self.eps = relation, box, eps
        self.length = to_fmpq(box[0].length)

    def delta(self) -> fmpq:
        (symbol,), (other,) = self.relation.x_symbols, self.relation.y_symbols
        energy = supremum(self.relation.expr.subs(other, symbol), {symbol: self.box[0].ends})
        return _delta(_upper(enclose(sp.sqrt(energy), prec=PREC)), self.eps)

    def speed(self, order: int) -> sp.Expr:
        """The square of the norm of a derivative of F: ∂^k_x ∂^k_y r on the diagonal."""
        (symbol,), (other,) = self.relation.x_symbols, self.relation.y_symbols
        mixed = self.relation.expr.diff(symbol, order).diff(other, order).subs(other, symbol)
        if mixed.has(sp.DiracDelta, sp.nan, sp.zoo, sp.Derivative):
            problem = f"the sections of {self.relation.text} have no derivative of order {order} in its space"
            raise InputError("relation", problem, "a smooth kernel")
        return sp.simplify(mixed)

    def spline(self) -> tuple[int, int]:
        """n pieces err by at most M L²/(8n²), M = sup‖F''‖."""
        speed = self.speed(2)
        symbol = self.relation.x_symbols[0]
        try:
            top = speed if not speed.free_symbols else supremum(speed, {symbol: self.box[0].ends})
        except ArithmeticError:
            raise InputError("relation", f"{self.relation.text} has no bounded curvature", "a smooth kernel") from None
        curve = _upper(enclose(sp.sqrt(top), prec=PREC)) * self.length**2 / 8
        units = max(1, _root_above(curve / self.delta()))
        return units, units + 1

    def curvature(self) -> fmpq:
        symbol = self.relation.x_symbols[0]
        centre = (self.box[0].lo + self.box[0].hi) / 2
        density = sp.sqrt(self.speed(2).subs(symbol, symbol + centre))
        half = from_fmpq(self.length / 2)
        if not density.free_symbols:
            length = augmented_length(Interval(-half, half))
            return _upper(enclose(density * length, prec=PREC))
        return _finite(integral(density * sp.sqrt(1 + symbol**2), symbol, -half, half), density)

    def sampled_curved(self) -> tuple[int, int]:
        factor = enclose(2 + sp.sqrt(2), prec=PREC)
        units = self._drawn(factor, self.curvature())
        return units + 1, units + 2

    def sampled(self) -> tuple[int, int]:
        """V is at most V' and the least norm of F', by one unit at an end, times the length of that unit."""
        symbol = self.relation.x_symbols[0]
        slope = compile_arb(sp.sqrt(self.speed(1)), (symbol,))
        low = to_fmpq(self.box[0].lo)
        with flint.ctx.workprec(PREC):
            least = min(arf_to_fmpq(slope(arb(low + self.length * k / CELLS)).upper()) for k in range(CELLS + 1))
            V = self.curvature() + _upper(arb(least) * _radius_squared(self.length).sqrt())
        units = self._drawn(2 * enclose(2 + sp.sqrt(2), prec=PREC), V)
        return units, units

    def _drawn(self, factor: arb, V: fmpq) -> int:
        with flint.ctx.workprec(PREC):
            cost = _upper(factor * arb(V) * _radius_squared(self.length).sqrt())
        return max(1, int(((cost / self.delta()) ** 2).ceil()))


def _radius_squared(length: fmpq) -> arb:
    """R² = 1 + L²/4 for a centred interval."""
    with flint.ctx.workprec(PREC):
        return arb(1 + length * length / 4)


def _delta(norm: fmpq, t: fmpq) -> fmpq:
    """A rational lower bound of t/(√(K²+t)+K)."""
    with flint.ctx.workprec(PREC):
        return arf_to_fmpq((arb(t) / (arb(norm**2 + t).sqrt() + arb(norm))).lower())


def _finite(ball: arb, function: sp.Expr) -> fmpq:
    if not ball.is_finite():
        raise InputError("relation", f"the variation of {function} is not enclosed", "a smooth kernel")
    return _upper(ball)


def _root_above(value: fmpq) -> int:
    """The least integer n with n² >= value."""
    root = int(value.ceil().isqrt())
    return root if root * root >= value else root + 1


def _upper(ball: arb) -> fmpq:
    with flint.ctx.workprec(PREC):
        return arf_to_fmpq(ball.upper())
