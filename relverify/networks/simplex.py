"""Interpolation of relations of two numbers a side on Kuhn simplices (*grid-neurons* in two dimensions).

A box is cut into n x n equal rectangles, each by its diagonal into two triangles. With z = (x - v)/h the hat function
of the node v is

    relu(1 - max(0, z_1, z_2) + min(0, z_1, z_2)) = relu(1 - (|z_1| + |z_2| + |z_1 - z_2|)/2).

The first hidden layer holds the knots of x_1, x_2 and x_1 - x_2 (n + n + 2n - 1 units), the second one unit a node:
exactly 4n - 1 + (n + 1)^2 units carry any number of outputs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sympy as sp
from flint import arb, ctx, fmpq

from relverify.core.box import Box, parse_box
from relverify.errors import InputError
from relverify.networks.construct import balanced_factors, symmetric_factor
from relverify.networks.counts import positive_eps
from relverify.networks.mlp import MLP
from relverify.relations.relation import Relation
from relverify.relations.sup import supremum
from relverify.rigor.enclose import compile_arb
from relverify.rigor.exact import from_fmpq, to_fmpq
from relverify.rigor.integers import ceiling

MAX_CELLS = 40


@dataclass(frozen=True)
class SimplexNetwork:
    """Networks on Kuhn simplices.

    Parameters
    ----------
    phi : MLP
    psi : MLP or None
        None means the symmetric form, phi with itself.
    n_x, n_y : int
        Cells an axis of each side; n_y is 0 in the symmetric form.
    error : Expr
        Proved upper bound of the error for real weights.
    """

    phi: MLP
    psi: MLP | None
    n_x: int
    n_y: int
    error: sp.Expr

    @property
    def hidden_units(self) -> int:
        """Hidden units of all networks together, counted."""
        return self.phi.hidden_units + (0 if self.psi is None else self.psi.hidden_units)


def simplex_units(n: int) -> int:
    """Hidden units on n x n cells.

    Examples
    --------
    >>> simplex_units(1), simplex_units(7)
    (7, 91)
    """
    return 4 * n - 1 + (n + 1) ** 2


def hat_network(box: Box | str, n: int, values: np.ndarray) -> MLP:
    """The network that is affine on the triangles and takes given values at the nodes.

    Parameters
    ----------
    box : Box or str
        With two sides.
    n : int
        Cells an axis.
    values : ndarray, shape ((n + 1)^2, d)
        Node (i, j), at lo + (i h_1, j h_2), stands in row i (n + 1) + j.

    Returns
    -------
    MLP
        Two hidden layers with ``simplex_units(n)`` units; values hold up to rounding of the weights.

    Examples
    --------
    >>> net = hat_network("[0,2]^2", 2, np.arange(9.0)[:, None])
    >>> net.widths, [float(v) for v in net(np.array([[1.0, 2.0], [0.5, 0.25]]))[:, 0]]
    ((7, 9), [5.0, 1.75])
    """
    sides = _sides(parse_box(box, "x"), "x")
    if not 1 <= n <= MAX_CELLS:
        raise InputError("n", f"{n} is out of range", f"1 to {MAX_CELLS} cells an axis")
    lows = [float(lo) for lo, _ in sides]
    scales = [float(n / (hi - lo)) for lo, hi in sides]
    # t_k = (x_k - lo_k)/h_k in [0, n]; units relu(t_1 - i), relu(t_2 - i), then relu(t_1 - t_2 - i), |i| < n
    rows = [[scales[0], 0.0]] * n + [[0.0, scales[1]]] * n + [[scales[0], -scales[1]]] * (2 * n - 1)
    starts = [lows[0] * scales[0], lows[1] * scales[1], lows[0] * scales[0] - lows[1] * scales[1]]
    shifts = [*range(n), *range(n), *range(1 - n, n)]
    of = [0] * n + [1] * n + [2] * (2 * n - 1)
    biases = [-starts[k] - shift for k, shift in zip(of, shifts, strict=True)]
    second, offsets = np.zeros(((n + 1) ** 2, 4 * n - 1)), np.ones((n + 1) ** 2)
    for i in range(n + 1):
        for j in range(n + 1):
            row = i * (n + 1) + j
            for block, at in ((0, i), (n, j)):
                _absolute(second[row], offsets, row, block, block, at, n)
            if abs(i - j) < n:
                # |s - c| = c - s + 2 relu(s - c) with s = t_1 - t_2
                second[row, 0] += 0.5
                second[row, n] -= 0.5
                offsets[row] -= 0.5 * (i - j)
                second[row, 2 * n + (i - j) + n - 1] -= 1.0
            else:
                sign = 0.5 if i > j else -0.5
                second[row, 0] += sign
                second[row, n] -= sign
                offsets[row] -= sign * (i - j)
    return MLP((np.array(rows), second, np.asarray(values).T), (np.array(biases), offsets, np.zeros(values.shape[1])))


def _absolute(row: np.ndarray, offsets: np.ndarray, index: int, start: int, first: int, at: int, n: int) -> None:
    """Subtract |t - at|/2 for t in [0, n], by the units relu(t - i) that begin at `start`; relu(t) = t."""
    if at == 0:
        row[first] -= 0.5
        return
    row[first] += 0.5
    offsets[index] -= 0.5 * at
    if at < n:
        row[start + at] -= 1.0


def simplex_network(
    relation: Relation, x: Box | str, y: Box | str | None = None, n_x: int = 1, n_y: int | None = None
) -> SimplexNetwork:
    """Interpolate a relation of two numbers a side on Kuhn simplices.

    Parameters
    ----------
    relation : Relation
        In x1, x2, y1, y2.
    x, y : Box or str
        With two sides each; y defaults to x.
    n_x, n_y : int
        Cells an axis. Without n_y one network serves both sides; then the relation must be symmetric, and should be
        PSD.

    Returns
    -------
    SimplexNetwork
        Its error is proved for real weights; certify the stored ones.

    Notes
    -----
    On a triangle with circumradius ρ that holds its circumcentre an affine interpolant errs by at most sup‖D²f‖ ρ²/2;
    here ρ² = (h_1² + h_2²)/4. So the error is at most the sum of sup‖D² r‖ (h_1² + h_2²)/8 over both sides.
    """
    x_box, y_box = parse_box(x, "x"), parse_box(x if y is None else y, "y")
    one = n_y is None
    if one and (x_box != y_box or not relation.symmetric):
        raise InputError("relation", "is not symmetric on equal boxes", "two networks (give n_y)")
    points = _nodes(x_box, n_x, "x"), _nodes(y_box, n_x if n_y is None else n_y, "y")
    values = _values(relation, *points)
    if one:
        left = right = symmetric_factor((values + values.T) / 2)
    else:
        left, right = balanced_factors(values)
    error = sum(
        (c / n**2 for c, n in zip(curvatures(relation, x_box, y_box), (n_x, n_x if n_y is None else n_y), strict=True)),
        sp.Integer(0),
    )
    psi = None if n_y is None else hat_network(y_box, n_y, right)
    return SimplexNetwork(hat_network(x_box, n_x, left), psi, n_x, n_y or 0, error)


def simplex_cells(relation: Relation, x: Box | str, y: Box | str | None = None, eps: object = None) -> tuple[int, int]:
    """Cells an axis that suffice for an error: (n_x, n_y), n_y = 0 where one network serves both sides.

    Examples
    --------
    >>> from relverify.relations import parse_relation
    >>> simplex_cells(parse_relation("x1*y2 - x2*y1"), "[-1,1]^2", eps="1e-1")
    (1, 1)
    """
    limit = positive_eps(eps)
    x_box, y_box = parse_box(x, "x"), parse_box(x if y is None else y, "y")
    a, b = curvatures(relation, x_box, y_box)
    if x_box == y_box and relation.symmetric and relation.psd_on(x_box):
        n = max(1, ceiling(sp.sqrt((a + b) / limit), name="cells"))
        return _in_range(n), 0
    # cells cost about 2n: the sum of (n+1)² + 4n - 1 is least where a/n_x⁴ = b/n_y⁴, about
    best: tuple[int, int, int] | None = None
    for n_x in range(1, MAX_CELLS + 1):
        left = limit - a / n_x**2
        if left.is_positive is not True and left != 0:
            continue
        if b != 0 and left == 0:
            continue
        n_y = 1 if b == 0 else max(1, ceiling(sp.sqrt(b / left), name="cells"))
        cost = simplex_units(n_x) + simplex_units(n_y)
        if n_y <= MAX_CELLS and (best is None or cost < best[0]):
            best = cost, n_x, n_y
    if best is None:
        raise InputError("eps", f"{limit} is out of reach", f"an error that {MAX_CELLS} cells an axis reach")
    return best[1], best[2]


def _in_range(n: int) -> int:
    if n > MAX_CELLS:
        raise InputError("eps", f"needs {n} cells an axis", f"an error that {MAX_CELLS} cells an axis reach")
    return n


def curvatures(relation: Relation, x: Box, y: Box) -> tuple[sp.Expr, sp.Expr]:
    """(a, b) so that interpolation on n_x and n_y cells errs by at most a/n_x² + b/n_y²; rational, rounded up.

    Parameters
    ----------
    relation : Relation
        In x1, x2, y1, y2.
    x, y : Box
        With two sides.
    """
    if len(relation.x_symbols) != 2 or len(relation.y_symbols) != 2:
        raise InputError("relation", f"{relation.text} has not two coordinates a side", "a relation in x1, x2, y1, y2")
    sides = _sides(x, "x"), _sides(y, "y")
    both = [(relation.x_symbols, sides[0]), (relation.y_symbols, sides[1])]
    expr, cell = relation.expr, dict(zip(relation.x_symbols + relation.y_symbols, sides[0] + sides[1], strict=True))
    difference = sp.expand(expr.subs({u: u + v for u, v in zip(*(s for s, _ in both), strict=True)}, simultaneous=True))
    if not difference.has(*relation.y_symbols):
        # a function of x - y: half as many variables, and equal second derivatives in x and in y
        ends = [(a - d, b - c) for (a, b), (c, d) in zip(*sides, strict=True)]
        expr, cell = difference, dict(zip(relation.x_symbols, ends, strict=True))
        both = [(relation.x_symbols, side) for side in sides]
    found = []
    for symbols, ends in both:
        h = sp.hessian(expr, symbols)
        try:
            # the largest sum over a row bounds the spectral norm, and is equal to it where D² is diagonal
            norm = max(supremum(sp.Abs(h[k, k]) + sp.Abs(h[0, 1]), cell, fmpq(1, 1000)) for k in range(2))
        except ArithmeticError:
            problem = f"{relation.text} has no bounded second derivatives on {x} x {y}"
            raise InputError("relation", problem, "a relation that is twice differentiable there") from None
        found.append(norm * from_fmpq(sum(((hi - lo) ** 2 for lo, hi in ends), fmpq(0)) / 8))
    return found[0], found[1]


def _sides(box: Box, argument: str) -> list[tuple[fmpq, fmpq]]:
    if box.dim != 2:
        raise InputError(argument, f"has {box.dim} sides", 'a box with two sides such as "[-1,1]^2"')
    return [(to_fmpq(s.lo), to_fmpq(s.hi)) for s in box.sides]


def _nodes(box: Box, n: int, argument: str) -> list[tuple[fmpq, fmpq]]:
    axes = [[lo + (hi - lo) * k / n for k in range(n + 1)] for lo, hi in _sides(box, argument)]
    return [(a, b) for a in axes[0] for b in axes[1]]


def _values(relation: Relation, xs: list[tuple[fmpq, fmpq]], ys: list[tuple[fmpq, fmpq]]) -> np.ndarray:
    code = compile_arb(relation.expr, relation.x_symbols + relation.y_symbols)
    with ctx.workprec(64):
        left, right = [[[arb(v) for v in p] for p in points] for points in (xs, ys)]
        values = np.array([[float(code(*p, *q).mid()) for q in right] for p in left])
    if not np.isfinite(values).all():
        raise InputError("relation", "has no finite value at a node", "a relation that is continuous on the box")
    return values
