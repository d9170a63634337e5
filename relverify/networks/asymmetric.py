"""Unit counts by the paper's *asymmetric* theorem with a spline for each feature, for any smooth relation.

The expansion is found in float64 and then proved: the relation on Chebyshev nodes is factored by singular values, the
factors become polynomials f_i, g_i with exact (dyadic) coefficients, and the tail ``sup|r - Σ f_i g_i|`` is enclosed.
Suprema of polynomials of degree n come from their values at N > n Chebyshev nodes, divided by ``cos(π n / (2 N))``
(Ehlich and Zeller 1964).
"""

from __future__ import annotations

from dataclasses import dataclass

import flint
import numpy as np
import sympy as sp
from flint import arb, arb_mat, fmpq

from relverify.certify.compiled import compiled, rational_ends, up
from relverify.core.box import Box, parse_box
from relverify.errors import InputError
from relverify.networks.allocation import MAX_UNITS, allocate
from relverify.networks.counts import BUDGETS, PREC, Prediction, positive_eps
from relverify.networks.minimax import Values, float_values
from relverify.relations.relation import Relation
from relverify.rigor.enclose import arf_to_fmpq, enclose
from relverify.rigor.exact import dyadic, from_fmpq, to_fmpq

DEGREES = (7, 11, 15, 23, 31, 47)
MAX_POINTS = 3_000_000
FINER = 12
# parts of eps: left for the proof of the tail, and the most that polynomials of a degree may leave
SLACK, ROUGH = 1 / 40, 1 / 50


@dataclass(frozen=True)
class Expansion2:
    """Features of two sides as Chebyshev coefficients.

    Parameters
    ----------
    f, g : ndarray, shape (degree + 1, d)
        Coefficients of f_i(x) and g_i(y) on the boxes mapped to [-1, 1].
    """

    f: np.ndarray
    g: np.ndarray

    @property
    def d(self) -> int:
        """Number of features."""
        return int(self.f.shape[1])

    def cut(self, d: int) -> Expansion2:
        """The first d features."""
        return Expansion2(self.f[:, :d], self.g[:, :d])


def asymmetric_units(
    relation: Relation, x: Box | str, y: Box | str | None = None, eps: object = None, budget: str = "best"
) -> Prediction:
    """Units of two networks by the paper's *asymmetric* theorem with a spline for each feature (*ridge-spline*).

    Parameters
    ----------
    relation : Relation
        One variable each side, smooth enough for polynomial features.
    x, y : Box or str
        Intervals; y defaults to x.
    eps : exact number > 0
    budget : {"best", "vector", "coordinate"}
        Whether the errors α_i of the f_i and β_i of the g_i have to satisfy ``Σ (α_i² + β_i²) <= 2 δ²``, with
        δ = t/(sqrt(K²+t)+K), K = max(K_f, K_g), t = eps - τ_d; or
        ``Σ (sup|g_i| α_i + α_i²/2 + sup|f_i| β_i + β_i²/2) <= t``.

    Returns
    -------
    Prediction
        ``per_feature`` and ``deltas`` list the f_i first, then the g_i.

    Raises
    ------
    InputError
        If eps is not positive, or polynomials of degree 47 do not approximate the relation well enough.

    Notes
    -----
    The first budget suffices since K(a+b) + ab <= sqrt(2) K D + D²/2 with D² = a² + b², which is t at
    D = sqrt(2) δ; the second since α β <= (α² + β²)/2.

    Examples
    --------
    >>> from relverify.relations import parse_relation
    >>> found = asymmetric_units(parse_relation("x*y"), "[0,1]", eps="1e-2")
    >>> found.d, found.units
    (1, 2)
    """
    limit = to_fmpq(positive_eps(eps), "eps")
    if budget not in BUDGETS:
        raise InputError("budget", f"{budget!r} is unknown", ", ".join(BUDGETS))
    x_box = parse_box(x, "x")
    y_box = x_box if y is None else parse_box(y, "y")
    ends = rational_ends(x_box, "x"), rational_ends(y_box, "y")
    compiled(relation)
    expansion, tails = _expand(float_values(relation), ends, float(limit))
    margin = float(limit) * SLACK
    best: tuple[int, int] | None = None
    for d in range(1, expansion.d + 1):
        if tails[d] + margin >= float(limit):
            continue
        found = _predict(expansion.cut(d), dyadic(tails[d] + margin), limit, budget, best[0] if best else MAX_UNITS)
        if found is not None:
            best = found.units, d
        if best is not None and d > best[1] + 3:
            break
    if best is None:
        raise InputError("eps", f"{limit} is out of reach", f"an error that at most {MAX_UNITS} units reach")
    chosen = expansion.cut(best[1])
    tail = _proved_tail(relation, chosen, x_box, y_box, ends, limit)
    result = _predict(chosen, tail, limit, budget)
    if result is None:
        raise InputError("eps", f"{limit} leaves nothing for the features", "a larger error")
    return result


def polynomial_features(
    relation: Relation, x: Box, y: Box, eps: fmpq, d: int
) -> tuple[tuple[tuple[list[fmpq], list[fmpq], np.ndarray], ...], fmpq]:
    """The first d features of either side, with proved upper bounds.

    Returns
    -------
    sides : pair of (sizes, curves, coefficients)
        Bounds of sup|f_i| and of sup|f_i''| L²/8, and the Chebyshev coefficients.
    energy : fmpq
        Of sup Σ f_i² and sup Σ g_i².
    """
    ends = rational_ends(x, "x"), rational_ends(y, "y")
    chosen = _expand(float_values(relation), ends, float(eps))[0].cut(d)
    found = [_side(coefficients) for coefficients in (chosen.f, chosen.g)]
    sides = tuple((sups, curves, own) for (sups, curves, _), own in zip(found, (chosen.f, chosen.g), strict=True))
    return sides, max(energy for _, _, energy in found)


def _map(points: np.ndarray, ends: tuple[fmpq, fmpq]) -> np.ndarray:
    low, high = float(ends[0]), float(ends[1])
    return (low + high) / 2 + (high - low) / 2 * points


def _expand(
    values: Values, ends: tuple[tuple[fmpq, fmpq], tuple[fmpq, fmpq]], eps: float
) -> tuple[Expansion2, list[float]]:
    """Polynomial features and, for each number of them, the largest error on a grid (float64)."""
    chebyshev = np.polynomial.chebyshev
    test = np.cos(np.linspace(0, np.pi, 161))
    table = values(_map(test, ends[0]), _map(test, ends[1]))
    for degree in DEGREES:
        nodes = chebyshev.chebpts1(degree + 1)
        matrix = values(_map(nodes, ends[0]), _map(nodes, ends[1]))
        left, sizes, right = np.linalg.svd(matrix)
        keep = max(1, int(np.sum(sizes > 1e-13 * max(sizes[0], 1e-300))))
        transform = np.linalg.inv(chebyshev.chebvander(nodes, degree))
        root = np.sqrt(sizes[:keep])
        f, g = transform @ (left[:, :keep] * root), transform @ (right[:keep].T * root)
        # coefficients at the rounding level would only cost units
        found = Expansion2(*(np.where(np.abs(c) < 1e-15, 0.0, c) for c in (f, g)))
        basis = chebyshev.chebvander(test, degree)
        p, q = basis @ found.f, basis @ found.g
        tails, rest = [float(np.abs(table).max())], table.copy()
        for i in range(keep):
            rest -= np.outer(p[:, i], q[:, i])
            tails.append(float(np.abs(rest).max()))
        if min(tails) <= eps * ROUGH:
            return found, tails
    problem = f"is not approximated within {eps * ROUGH:.2g} by polynomials of degree {DEGREES[-1]}"
    raise InputError("relation", problem, "a smoother relation or a larger eps")


def _vander(points: list[arb], degree: int, order: int = 0) -> arb_mat:
    """Enclosures of T_k, or of its second derivative, at points: (len(points), degree + 1)."""
    rows: list[arb] = []
    for z in points:
        t, u, s = [arb(1), z], [arb(0), arb(1)], [arb(0), arb(0)]
        for k in range(2, degree + 1):
            t.append(2 * z * t[k - 1] - t[k - 2])
            u.append(2 * t[k - 1] + 2 * z * u[k - 1] - u[k - 2])
            s.append(4 * u[k - 1] + 2 * z * s[k - 1] - s[k - 2])
        rows += (s if order else t)[: degree + 1]
    return arb_mat(len(points), degree + 1, rows)


def _matrix(array: np.ndarray) -> arb_mat:
    return arb_mat(array.shape[0], array.shape[1], array.ravel().tolist())


class _Nodes:
    """Values of polynomials at many Chebyshev nodes, and what they prove about suprema."""

    def __init__(self, degree: int) -> None:
        self.degree, self.count = degree, FINER * 2 * max(degree, 1)
        angles = [arb.pi() * (2 * j + 1) / (2 * self.count) for j in range(self.count)]
        points = [angle.cos() for angle in angles]
        self.values, self.second = _vander(points, degree), _vander(points, degree, 2)

    def inflate(self, degree: int) -> arb:
        """The factor from the largest value at the nodes to the supremum of a polynomial."""
        return 1 / (arb.pi() * degree / (2 * self.count)).cos()


def _largest(balls: list[arb]) -> arb:
    largest = arb(0)
    for ball in balls:
        largest = largest.max(abs(ball))
    return arb(largest.upper())


def _side(coefficients: np.ndarray) -> tuple[list[fmpq], list[fmpq], fmpq]:
    """Upper bounds of sup|f_i|, of sup|f_i''|/2 on [-1, 1] (that is M L²/8), and of sup Σ f_i²."""
    with flint.ctx.workprec(PREC):
        nodes = _Nodes(len(coefficients) - 1)
        values, second = nodes.values * _matrix(coefficients), nodes.second * _matrix(coefficients)
        d, factor = coefficients.shape[1], nodes.inflate(nodes.degree)
        sups: list[fmpq] = []
        curves: list[fmpq] = []
        for i in range(d):
            for found, table, scale in ((sups, values, arb(1)), (curves, second, arb(1) / 2)):
                top = _largest([table[j, i] for j in range(nodes.count)])
                found.append(arf_to_fmpq((top * factor * scale).upper()))
        squares = [sum((values[j, i] ** 2 for i in range(d)), arb(0)) for j in range(nodes.count)]
        energy = arf_to_fmpq((_largest(squares) * nodes.inflate(2 * nodes.degree)).upper())
    return sups, curves, energy


def _predict(expansion: Expansion2, tail: fmpq, eps: fmpq, budget: str, most: int = MAX_UNITS) -> Prediction | None:
    """The least allocation for given features, if it has fewer units than `most`."""
    t = eps - tail
    if t <= 0:
        return None
    (sup_f, curve_f, energy_f), (sup_g, curve_g, energy_g) = _side(expansion.f), _side(expansion.g)
    curves, d = curve_f + curve_g, expansion.d
    least = [0 if not np.any(c[1:, i]) else 1 for c in (expansion.f, expansion.g) for i in range(d)]
    best: Prediction | None = None
    for kind in ("vector", "coordinate") if budget == "best" else (budget,):
        if kind == "vector":
            energy = max(energy_f, energy_g)
            with flint.ctx.workprec(PREC):
                delta = arf_to_fmpq((arb(t) / (arb(energy + t).sqrt() + arb(energy).sqrt())).lower())
            spent = allocate(curves, [fmpq(0)] * (2 * d), fmpq(1), least, 2 * delta**2, most)
        else:
            spent = allocate(curves, sup_g + sup_f, fmpq(1, 2), least, t, most)
        if spent is None or (best is not None and sum(spent[0]) >= best.units):
            continue
        counts, deltas, total = spent
        error: sp.Expr = from_fmpq(tail + total)
        if kind == "vector":
            norm = sp.sqrt(from_fmpq(max(energy_f, energy_g)))
            error = from_fmpq(tail) + norm * sp.sqrt(2 * from_fmpq(total)) + from_fmpq(total) / 2
        n_x, n_y = sum(counts[:d]), sum(counts[d:])
        best = Prediction(
            n_x + n_y, n_x, n_y, d, "asymmetric", error, tuple(counts), tuple(deltas), tail, kind
        )  # fmt: skip
    return best


def _proved_tail(
    relation: Relation,
    expansion: Expansion2,
    x: Box,
    y: Box,
    ends: tuple[tuple[fmpq, fmpq], tuple[fmpq, fmpq]],
    eps: fmpq,
) -> fmpq:
    """Upper bound of sup|r - Σ f_i g_i|: largest value on a grid plus (h_x² sup|e_xx| + h_y² sup|e_yy|)/8."""
    degree = len(expansion.f) - 1
    curves = []
    with flint.ctx.workprec(PREC):
        nodes = _Nodes(degree)
        f, g = _matrix(expansion.f), _matrix(expansion.g)
        values = nodes.values * f, nodes.values * g
        for axis, (low, high) in enumerate(ends):
            pair = (nodes.second * f, values[1]) if axis == 0 else (values[0], nodes.second * g)
            top = _largest((pair[0] * pair[1].transpose()).entries()) * nodes.inflate(degree) ** 2
            own = enclose(relation.second_derivative_sup("xy"[axis], x, y), prec=PREC) * (high - low) ** 2
            # e_xx L²/8 for the whole side; on [-1, 1] the second derivative of a polynomial is (L/2)² times that on it
            curves.append(up(own / 8 + top / 2))
        room = float(eps) * SLACK / 2
        steps = [int(np.ceil(np.sqrt(2 * c / room))) + 1 for c in curves]
        if steps[0] * steps[1] > MAX_POINTS:
            problem = f"the tail needs a proof on {steps[0]} x {steps[1]} points"
            raise InputError("eps", problem, f"a larger error (at most {MAX_POINTS} points)")
        grids = [[fmpq(2 * k, n) - 1 for k in range(n + 1)] for n in steps]
        inside = [
            [low + (high - low) * (z + 1) / 2 for z in grid] for grid, (low, high) in zip(grids, ends, strict=True)
        ]
    with flint.ctx.workprec(96):
        left = _vander([arb(z) for z in grids[0]], degree) * _matrix(expansion.f)
        right = _vander([arb(z) for z in grids[1]], degree) * _matrix(expansion.g)
        product = left * right.transpose()
        value, balls = compiled(relation).value, [arb(b) for b in inside[1]]
        largest = 0.0  # float64, so that the loop is fast; rounding is added below
        for i, a in enumerate(inside[0]):
            point = arb(a)
            for j, b in enumerate(balls):
                size = float(abs(value(point, b) - product[i, j]).upper())
                if not size <= largest:
                    largest = size
        if not np.isfinite(largest):
            raise InputError("relation", "has no finite value at a point", "a relation that is continuous on the box")
        total = arb(largest) * (1 + arb(2) ** -50)
        for curve, n in zip(curves, steps, strict=True):
            total += arb(curve) / n**2
        return arf_to_fmpq(total.upper())
