"""Numbers of hidden units that suffice, before anything is built: *grid-neurons* and the paper's *symmetric* theorem.

Every count is certified: the inequality that it has to satisfy is decided in exact rationals or balls.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import flint
import sympy as sp
from flint import arb, fmpq

from relverify.certify.compiled import compiled, rational_ends
from relverify.core.box import Box, parse_box
from relverify.errors import InputError
from relverify.networks.allocation import MAX_UNITS, allocate
from relverify.relations.relation import Expansion, Relation
from relverify.relations.sup import supremum
from relverify.rigor.decide import Verdict, decide
from relverify.rigor.enclose import arf_to_fmpq, enclose
from relverify.rigor.exact import exact, from_fmpq, to_fmpq
from relverify.rigor.integers import ceiling

MAX_FEATURES = 200
PREC = 192
BUDGETS = ("best", "vector", "coordinate")


@dataclass(frozen=True)
class Prediction:
    """Hidden units that suffice for an error.

    Parameters
    ----------
    units : int
        Of all networks together.
    n_x, n_y : int
        Of phi and psi; n_y is 0 where one network serves both sides.
    d : int
        Outputs of each network; an upper bound for *grid-neurons*.
    theorem : str
        ``"grid-neurons"``, ``"symmetric"`` or ``"asymmetric"``.
    error : Expr
        Proved upper bound of the error at these counts, at most eps.
    per_feature : tuple of int
        Units of each feature, where features have units of their own.
    deltas : tuple of fmpq
        Proved upper bounds of the error of each feature.
    tail : fmpq or None
        Proved upper bound of what the features leave of the relation.
    budget : str
        How the errors of the features were added up: ``"vector"`` or ``"coordinate"``.
    """

    units: int
    n_x: int
    n_y: int
    d: int
    theorem: str
    error: sp.Expr
    per_feature: tuple[int, ...] = ()
    deltas: tuple[fmpq, ...] = ()
    tail: fmpq | None = None
    budget: str = ""


def positive_eps(eps: object) -> sp.Expr:
    """Read an error bound.

    Raises
    ------
    InputError
        If it is missing, not exact or not positive.

    Examples
    --------
    >>> positive_eps("1e-2")
    1/100
    """
    if eps is None:
        raise InputError("eps", "is missing", "a number > 0")
    value = exact(eps, "eps")
    if value.is_positive is not True:
        raise InputError("eps", f"{value} is not positive", "a number > 0")
    return value


def one_network(relation: Relation, x: Box, y: Box) -> bool:
    """Whether one network can serve both sides: a symmetric PSD relation on equal boxes.

    Examples
    --------
    >>> from relverify.relations import parse_relation
    >>> box = parse_box("[0,1]")
    >>> one_network(parse_relation("brownian"), box, box), one_network(parse_relation("x*y"), box, box)
    (True, False)
    """
    return x == y and relation.psd_on(x) is True and relation.symmetric


def grid_units(relation: Relation, x: Box | str, y: Box | str | None = None, eps: object = None) -> Prediction:
    """Units of a grid network that suffice for an error (*grid-neurons*).

    Parameters
    ----------
    relation : Relation
        One variable each side; Lipschitz.
    x, y : Box or str
        Intervals; y defaults to x.
    eps : exact number > 0

    Returns
    -------
    Prediction
        One network for a relation known to be PSD on equal boxes, two for all others.

    Raises
    ------
    InputError
        If eps is not positive or a slope is not bounded.

    Notes
    -----
    With h = L/n the error of interpolation is at most ``(h_x^2 M_x + h_y^2 M_y)/8`` where second derivatives are
    bounded. A kink ``c min(x, y)``, also one within max(x, y) or abs(x - y), adds ``|c| h/4`` on equal grids: on a
    cell at the diagonal, of side h, the error of min is ``min(u, v) - u v/h <= h/4``, elsewhere it is 0. On unequal
    grids it adds ``|c| (h_x + h_y)/4``, since the slopes along each axis range over an interval of length ``|c|``.
    Any other kink is charged by the largest slope.

    Examples
    --------
    >>> from relverify.relations import parse_relation
    >>> [grid_units(parse_relation("gaussian(ell=1/2)"), "[0,1]", eps=e).units for e in ("1e-1", "1e-2", "1e-3")]
    [4, 10, 32]
    >>> grid_units(parse_relation("brownian"), "[0,1]", eps="3e-2").units
    9
    """
    limit = positive_eps(eps)
    x_box = parse_box(x, "x")
    y_box = x_box if y is None else parse_box(y, "y")
    rational_ends(x_box, "x"), rational_ends(y_box, "y")
    compiled(relation)
    kink, smooth = _split_kink(relation)
    (curve_x, slope_x), (curve_y, slope_y) = (_remainder(smooth, axis, x_box, y_box) for axis in "xy")
    if one_network(relation, x_box, y_box):
        a, b = curve_x + curve_y, kink * x_box[0].length / 4 + slope_x + slope_y
        n = _least(a, b, limit)
        return Prediction(n, n, 0, n + 1, "grid-neurons", a / n**2 + b / n)
    b_x, b_y = kink * x_box[0].length / 4 + slope_x, kink * y_box[0].length / 4 + slope_y
    n_x, n_y = _least_split((curve_x, curve_y), (b_x, b_y), limit)
    error = curve_x / n_x**2 + b_x / n_x + curve_y / n_y**2 + b_y / n_y
    if kink != 0 and x_box == y_box:
        # equal grids are better at a kink along the diagonal
        b = kink * x_box[0].length / 4 + slope_x + slope_y
        n = _least(curve_x + curve_y, b, limit)
        if 2 * n <= n_x + n_y:
            n_x = n_y = n
            error = (curve_x + curve_y) / n**2 + b / n
    return Prediction(n_x + n_y, n_x, n_y, min(n_x, n_y) + 1, "grid-neurons", error)


def grid_rate(relation: Relation, x: Box, y: Box) -> str:
    """The exponent of 1/eps in the units of :func:`grid_units`: 1/2 where r bends, 1 at a kink, 0 where it is exact.

    Examples
    --------
    >>> from relverify.relations import parse_relation
    >>> box = parse_box("[0,1]")
    >>> [grid_rate(parse_relation(text), box, box) for text in ("exp(x*y)", "brownian", "x*y")]
    ['1/2', '1', '0']
    """
    kink, smooth = _split_kink(relation)
    if kink != 0:
        return "1"
    terms = [_remainder(smooth, axis, x, y) for axis in "xy"]
    if any(slope != 0 for _, slope in terms):
        return "1"
    return "1/2" if any(curve != 0 for curve, _ in terms) else "0"


def _remainder(relation: Relation, axis: str, x: Box, y: Box) -> tuple[sp.Expr, sp.Expr]:
    """(a, b) so that interpolation on n pieces along an axis errs by at most a/n² + b/n; one of the two is 0.

    Where the second derivative is not bounded, slopes in [-S, S] give S h/2.
    """
    length = (x if axis == "x" else y)[0].length
    try:
        return relation.second_derivative_sup(axis, x, y) * length**2 / 8, sp.Integer(0)
    except InputError:
        symbol = (relation.x_symbols if axis == "x" else relation.y_symbols)[0]
        cell = {relation.x_symbols[0]: x[0].ends, relation.y_symbols[0]: y[0].ends}
        try:
            return sp.Integer(0), supremum(relation.expr.diff(symbol), cell) * length / 2
        except ArithmeticError:
            problem = f"{relation.text} has no bounded slope in {axis} on {x} x {y}"
            raise InputError("relation", problem, "a Lipschitz relation") from None


def _split_kink(relation: Relation) -> tuple[sp.Expr, Relation]:
    """|c| and a relation s without kink, with r = s + c min(x, y)."""
    (x,), (y,) = relation.x_symbols, relation.y_symbols
    least, z = sp.Min(x, y), sp.Dummy("z", real=True)
    folded = {sp.Max(x, y): x + y - z, sp.Abs(x - y): x + y - 2 * z, sp.Abs(y - x): x + y - 2 * z, least: z}
    expr = sp.expand(relation.expr).xreplace(folded)
    if not expr.has(z):
        return sp.Integer(0), relation
    slope = sp.expand(expr).diff(z)
    if slope.free_symbols:
        return sp.Integer(0), relation
    rest = sp.expand(expr - slope * z)
    return sp.Abs(slope), Relation(rest, str(rest), x_symbols=relation.x_symbols, y_symbols=relation.y_symbols)


def _least(a: sp.Expr, b: sp.Expr, eps: sp.Expr) -> int:
    """The least n >= 1 with a/n² + b/n <= eps."""
    return _in_range(max(1, ceiling((b + sp.sqrt(b**2 + 4 * a * eps)) / (2 * eps), name="units")))


def _in_range(units: int) -> int:
    if units > MAX_UNITS:
        raise InputError("eps", f"needs {units} units", f"an error that at most {MAX_UNITS} units reach")
    return units


def _least_split(a: tuple[sp.Expr, sp.Expr], b: tuple[sp.Expr, sp.Expr], eps: sp.Expr) -> tuple[int, int]:
    """The least n_x + n_y with Σ(a/n² + b/n) <= eps; the search is in float64, the result is decided."""
    fa, fb = [float(v) for v in a], [float(v) for v in b]
    limit = float(eps)

    def term(axis: int, n: int) -> float:
        return fa[axis] / n**2 + fb[axis] / n

    # along a curve of equal error the sum is convex in n_x: its least value by ternary search
    def partner(n: int) -> int:
        left = limit - term(0, n)
        if left <= 0:
            return MAX_UNITS * 10
        guess = (fb[1] + (fb[1] ** 2 + 4 * fa[1] * left) ** 0.5) / (2 * left)
        return max(1, int(min(-(-guess // 1), MAX_UNITS * 10)))

    start = _least(a[0], b[0], eps)
    low, high = start, max(4 * (start + _least(a[1], b[1], eps)), 4)
    while high - low > 64:
        third = (high - low) // 3
        one, two = low + third, high - third
        if one + partner(one) <= two + partner(two):
            high = two
        else:
            low = one
    ranked = sorted((n + partner(n), abs(n - partner(n)), n) for n in range(max(1, low - 64), high + 65))
    for total, _, n_x in ranked:
        for n_y in (total - n_x, total - n_x + 1):
            if n_y <= MAX_UNITS and decide(_claim(a, b, n_x, n_y, eps)).verdict is Verdict.PROVED:
                return n_x, _in_range(n_x + n_y) - n_x
    raise InputError("eps", f"{eps} is out of reach", f"an error that at most {MAX_UNITS} units reach")


def _claim(a: tuple[sp.Expr, sp.Expr], b: tuple[sp.Expr, sp.Expr], n_x: int, n_y: int, eps: sp.Expr) -> sp.Basic:
    return sp.Le(a[0] / n_x**2 + b[0] / n_x + a[1] / n_y**2 + b[1] / n_y, eps, evaluate=False)


def spline_units(relation: Relation, x: Box | str, eps: object = None, budget: str = "best") -> Prediction:
    """Units of one network by the paper's *symmetric* theorem with a spline for each feature (*ridge-spline*).

    Parameters
    ----------
    relation : Relation
        Symmetric, with a stored expansion on the box.
    x : Box or str
        An interval.
    eps : exact number > 0
    budget : {"best", "vector", "coordinate"}
        Whether the errors δ_i of the features have to satisfy ``Σ δ_i² <= δ²``, δ = t/(sqrt(K²+t)+K), or
        ``Σ (2 K_i δ_i + δ_i²) <= t``, with t = eps - τ_d; or the better of the two.

    Returns
    -------
    Prediction
        The least count over the numbers d of features tried; the allocation is exact for each d (greedy marginal
        gain of a separable convex budget) and its inequality is decided in exact rationals.

    Raises
    ------
    InputError
        If eps is not positive, or the relation has no expansion whose features have bounded second derivatives.

    Examples
    --------
    >>> from relverify.relations import parse_relation
    >>> found = spline_units(parse_relation("gaussian(ell=1/2)"), "[0,1]", "1e-1", budget="vector")
    >>> found.units, found.per_feature
    (22, (5, 6, 6, 5))
    """
    limit = to_fmpq(positive_eps(eps), "eps")
    if budget not in BUDGETS:
        raise InputError("budget", f"{budget!r} is unknown", ", ".join(BUDGETS))
    box = parse_box(x, "x")
    expansion = relation.expansion(box) if box.dim == 1 else None
    if expansion is None:
        raise InputError(
            "relation", f"{relation.text} has no stored expansion on {box}", "a family with an expansion there"
        )
    features = SplineFeatures(relation, expansion, box)
    kinds = ("vector", "coordinate") if budget == "best" else (budget,)
    best: Prediction | None = None
    worse = 0
    for d in range(MAX_FEATURES):
        tail = _upper(enclose(expansion.tail(d), prec=PREC))
        if tail >= limit:
            continue
        for kind in kinds:
            found = _allocate(features, d, limit, tail, kind, best.units if best else MAX_UNITS)
            if found is not None:
                best, worse = found, 0
        worse += 1
        if best is not None and worse > 3:
            return best
    if best is None:
        problem = f"{from_fmpq(limit)} is out of reach of {MAX_FEATURES} features and {MAX_UNITS} units"
        raise InputError("eps", problem, "a larger error")
    return best


class SplineFeatures:
    """Certified constants of the features, computed once each."""

    def __init__(self, relation: Relation, expansion: Expansion, box: Box) -> None:
        self.expansion, self.box, self.symbol = expansion, box, relation.x_symbols[0]
        self.norm = _upper(enclose(sp.sqrt(expansion.energy), prec=PREC))
        self.length = to_fmpq(box[0].length)

    def curve(self, i: int) -> fmpq:
        """c with δ = c/n² for n pieces: M L²/8."""
        return _curve(self.expansion.feature(i), self.symbol, self.box) * self.length**2 / 8

    def size(self, i: int) -> fmpq:
        """sup|f_i|."""
        return _sup(self.expansion.feature(i), self.symbol, self.box)

    def constant(self, i: int) -> bool:
        """Whether the feature costs nothing."""
        return self.symbol not in self.expansion.feature(i).free_symbols


@lru_cache(maxsize=1024)
def _curve(expr: sp.Expr, symbol: sp.Symbol, box: Box) -> fmpq:
    return _sup(expr.diff(symbol, 2), symbol, box)


@lru_cache(maxsize=1024)
def _sup(expr: sp.Expr, symbol: sp.Symbol, box: Box) -> fmpq:
    try:
        return to_fmpq(supremum(expr, {symbol: box[0].ends}))
    except ArithmeticError:
        problem = f"{expr} is not bounded on {box}"
        raise InputError("relation", problem, "features with bounded second derivatives") from None


def _upper(ball: arb) -> fmpq:
    with flint.ctx.workprec(PREC):
        return arf_to_fmpq(ball.upper())


def _allocate(f: SplineFeatures, d: int, eps: fmpq, tail: fmpq, kind: str, most: int) -> Prediction | None:
    """The least allocation for d features, if it has fewer units than `most`."""
    t = eps - tail
    curves = [f.curve(i) for i in range(1, d + 1)]
    least = [0 if f.constant(i) else 1 for i in range(1, d + 1)]
    if kind == "vector":
        with flint.ctx.workprec(PREC):
            budget = arf_to_fmpq((arb(t) / ((arb(f.norm**2 + t)).sqrt() + arb(f.norm))).lower()) ** 2
        linear = [fmpq(0)] * d
    else:
        budget, linear = t, [2 * f.size(i) for i in range(1, d + 1)]
    found = allocate(curves, linear, fmpq(1), least, budget, most)
    if found is None:
        return None
    counts, deltas, total = found
    error: sp.Expr = from_fmpq(tail + total)
    if kind == "vector":
        norm, length = from_fmpq(f.norm), sp.sqrt(from_fmpq(total))
        error = from_fmpq(tail) + 2 * norm * length + from_fmpq(total)
    units = sum(counts)
    return Prediction(units, units, 0, d, "symmetric", error, tuple(counts), tuple(deltas), tail, kind)
