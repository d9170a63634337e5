"""Certify piecewise linear networks of two inputs on triangles (*vertex-certificate* in two dimensions).

The boxes are cut along the kinks of the first layers that are parallel to an axis, each rectangle by its diagonal into
two right triangles, and triangles into four. On a triangle T a network is the affine interpolant P of its values at the
vertices, up to a bound (zero but for rounding where no kink crosses T: the chord of each unit is taken elsewhere). On
T x S let r = q + rest with the quadratic Taylor polynomial q. Then <P, Q> is affine in x and in y, and

    q - <P, Q>  <=  max over the nine pairs of vertices  +  (ρ_T² λ(-q_xx) + ρ_S² λ(-q_yy))/2,

with the circumradius ρ and the largest eigenvalue λ, or 0 if that is negative: where x = Σ λ_i v_i is a mean of the
vertices, the affine interpolant of a quadratic form H exceeds it by Σ λ_i H[v_i - x] / 2, and Σ λ_i |v_i - x|² is
ρ² - |x - c|², c the circumcentre; mixed terms are interpolated exactly. The lower bound is the mirror image. Signs are
kept: where vertices lie below and the middle above, they cancel.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from flint import fmpq

from relverify.activations import activation
from relverify.certify.compiled import FINITE, down, float_floor
from relverify.certify.gemm import gamma, inflate, upper_product
from relverify.certify.matrix import SLACK
from relverify.certify.point import PointError
from relverify.certify.result import MatrixCertificate, Problem
from relverify.certify.taylor import taylor_model
from relverify.core.box import Box
from relverify.errors import Disagreement
from relverify.networks.mlp import MLP
from relverify.relations.relation import Relation
from relverify.rigor.decide import Verdict
from relverify.rigor.exact import dyadic, to_fmpq
from relverify.rigor.intervals import float_above, float_below

TINY = 2.0**-900
MAX_LINES = 64
PARENTS = 1024  # pairs of triangles whose 16 pairs of children are bounded at once
DEEPEST = 20
CANDIDATES = 6


def affine_models(network: MLP, vertices: np.ndarray, moved: float) -> tuple[np.ndarray, np.ndarray]:
    """Affine functions on triangles, given by their values at the vertices, and how far the outputs may be from them.

    Parameters
    ----------
    network : MLP
        With a piecewise linear activation.
    vertices : ndarray, shape (n, 3, p)
    moved : float
        How far each coordinate of a point may lie from the triangles.

    Returns
    -------
    values : ndarray, shape (n, 3, d)
    error : ndarray, shape (n, d)

    Examples
    --------
    >>> net = MLP(([[1.0, 0.0]], [[2.0]]), ([0.0], [1.0]))
    >>> values, error = affine_models(net, np.array([[[1.0, 0.0], [2.0, 0.0], [1.0, 1.0]]]), 0.0)
    >>> values[0, :, 0].tolist(), bool(error[0, 0] < 1e-14)
    ([3.0, 5.0, 3.0], True)
    """
    slopes = activation(network.activation).slopes
    assert slopes is not None
    left, right = slopes
    values, error = vertices, np.full((len(vertices), vertices.shape[2]), moved)
    for layer, (w, b) in enumerate(zip(network.weights, network.biases, strict=True)):
        if layer:
            lo, hi = values.min(axis=1) - error, values.max(axis=1) + error
            with np.errstate(all="ignore"):
                chord = (right * hi - left * lo) / (hi - lo)
            slope = np.where(lo >= 0, right, np.where(hi <= 0, left, chord))
            slope = np.where(np.isfinite(slope), slope, right)
            # s(z) - slope z is 0 at 0 and linear on either side: its range is spanned by the values at lo, 0 and hi
            ends = (left - slope) * np.minimum(lo, 0.0), (right - slope) * np.maximum(hi, 0.0)
            low, high = np.minimum(np.minimum(*ends), 0.0), np.maximum(np.maximum(*ends), 0.0)
            offset = 0.5 * (low + high)
            size = np.abs(values).max(axis=1)
            rounded = np.where((low == high) & ((slope == 0) | (slope == 1)), 0.0, 2.0**-48)
            rest = 0.5 * (high - low) + rounded * (np.abs(slope) * size + np.abs(low) + np.abs(high))
            values = values * slope[:, None] + offset[:, None]
            error = inflate(rest + np.abs(slope) * error + TINY, 8)
        size = np.abs(values).max(axis=1)
        rounding = gamma(w.shape[1] + 1)
        error = upper_product(inflate(error + rounding * size + TINY, 4), np.abs(w).T) + rounding * np.abs(b)
        error = inflate(error + TINY, 4)
        values = values @ w.T + b
    return values, error


def grid_lines(network: MLP, lo: float, hi: float, axis: int) -> np.ndarray:
    """Ends of an interval and the kinks of first-layer units along one axis, which only say where to cut.

    Examples
    --------
    >>> net = MLP(([[2.0, 0.0], [1.0, 1.0]], [[1.0, 1.0]]), ([-1.0, 0.0], [0.0]))
    >>> grid_lines(net, 0.0, 1.0, 0).tolist(), grid_lines(net, 0.0, 1.0, 1).tolist()
    ([0.0, 0.5, 1.0], [0.0, 1.0])
    """
    rows = network.weights[0]
    alone = (rows[:, axis] != 0) & (rows[:, 1 - axis] == 0)
    with np.errstate(all="ignore"):
        kinks = np.sort(-network.biases[0][alone] / rows[alone, axis])
    width = hi - lo
    lines = [lo]
    for kink in kinks.tolist():
        if lines[-1] + 1e-9 * width < kink < hi - 1e-9 * width:
            lines.append(kink)
    return np.array([*lines, hi]) if len(lines) <= MAX_LINES else np.array([lo, hi])


def applies(phi: MLP, psi: MLP) -> bool:
    """Whether both networks have two inputs and a piecewise linear activation, and are cut along some axis."""
    for network in (phi, psi):
        if network.in_features != 2 or activation(network.activation).slopes is None or not network.widths:
            return False
    return all((np.count_nonzero(network.weights[0], axis=1) == 1).any() for network in (phi, psi))


class _Triangles:
    """The triangles of one side: number = root 4^level + path, two bits a level."""

    def __init__(self, network: MLP, ends: list[tuple[fmpq, fmpq]]) -> None:
        self.network = network
        lows, highs = [float_below(a) for a, _ in ends], [float_above(b) for _, b in ends]
        x, y = (grid_lines(network, lows[k], highs[k], k) for k in range(2))
        roots = []
        for a, b in zip(x, x[1:], strict=False):
            for c, d in zip(y, y[1:], strict=False):
                # the right angle stands first
                roots += [[(b, c), (a, c), (b, d)], [(a, d), (a, c), (b, d)]]
        self.roots = np.array(roots)
        # a middle of two numbers is rounded once a level
        self.moved = (DEEPEST + 2) * 2.0**-52 * float(np.abs(self.roots).max()) + TINY

    def vertices(self, level: int, numbers: np.ndarray) -> np.ndarray:
        """Shape (n, 3, 2), the right angle first."""
        found = self.roots[numbers >> (2 * level)]
        for step in range(level - 1, -1, -1):
            digit = (numbers >> (2 * step)) & 3
            a, b, c = found[:, 0], found[:, 1], found[:, 2]
            ab, bc, ca = 0.5 * (a + b), 0.5 * (b + c), 0.5 * (c + a)
            parts = np.stack([[a, ab, ca], [ab, b, bc], [ca, bc, c], [bc, ca, ab]])
            found = parts[digit, :, np.arange(len(digit))]
        return found


class _Level(NamedTuple):
    """What one side gives to its pairs: triangles in families of four, the children of one triangle."""

    vertices: np.ndarray  # (u, 4, 3, 2)
    centre: np.ndarray  # (u, 4, 2)
    half: np.ndarray  # (u, 4, 2)
    radius: np.ndarray  # (u, 4), squared
    values: np.ndarray  # (u, 12, d)
    factors: tuple[np.ndarray, np.ndarray]  # (u, 4, 2d) each


def _level(side: _Triangles, level: int, parents: np.ndarray) -> _Level:
    children = (4 * parents[:, None] + np.arange(4)).ravel()
    vertices = side.vertices(level, children)
    values, error = affine_models(side.network, vertices, side.moved)
    low, high = vertices.min(axis=1), vertices.max(axis=1)
    centre = 0.5 * low + 0.5 * high
    half = inflate(np.maximum(high - centre, centre - low) + side.moved, 4)
    legs = vertices[:, 1:] - vertices[:, :1]
    radius = inflate(0.25 * (legs * legs).sum(axis=(1, 2)) + TINY, 8)
    size = np.abs(values).max(axis=1)
    left = np.concatenate([inflate(error + gamma(values.shape[2]) * size, 3), size], axis=1)
    right = np.concatenate([inflate(size + error, 1), error], axis=1)
    u = len(parents)
    return _Level(
        vertices.reshape(u, 4, 3, 2), centre.reshape(u, 4, 2), half.reshape(u, 4, 2), radius.reshape(u, 4),
        values.reshape(u, 12, -1), (left.reshape(u, 4, -1), right.reshape(u, 4, -1)),
    )  # fmt: skip


def _steepest(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """An upper bound of the larger eigenvalue of [[a, c], [c, b]], but for rounding; at least 0."""
    return np.maximum(0.5 * (a + b + np.sqrt((a - b) * (a - b) + 4 * c * c)), 0.0)


class _Search:
    def __init__(
        self, relation: Relation, phi: MLP, psi: MLP, ends: list[tuple[fmpq, fmpq]], symmetric: bool,
        eps: fmpq | None, within: fmpq | None,
    ) -> None:  # fmt: skip
        self.error = PointError(relation, phi, psi)
        self.ends, self.symmetric, self.hull = ends, symmetric, [(float_below(a), float_above(b)) for a, b in ends]
        self.first = _Triangles(phi, ends[:2])
        self.second = self.first if symmetric else _Triangles(psi, ends[2:])
        self.eps = None if eps is None else float_floor(eps)
        self.factor = None if within is None else math.nextafter(float_floor(within), 0.0)
        self.box = np.array([[float(v) for v in pair] for pair in ends]).T
        self.lower, self.upper, self.cells, self.reason = 0.0, 0.0, 0, ""
        self.argmax = tuple((a + b) / 2 for a, b in ends)
        self._record(self.argmax)

    @property
    def refuted(self) -> bool:
        return self.eps is not None and self.lower > self.eps

    @property
    def target(self) -> float:
        targets = [] if self.eps is None or self.refuted else [self.eps]
        targets += [] if self.factor is None else [min(self.factor * self.lower * (1 - 2.0**-50), FINITE)]
        return min(targets, default=math.inf)

    def _record(self, point: tuple[fmpq, ...]) -> None:
        ball = self.error.ball(point)
        size = max(down(ball), down(-ball)) if ball.is_finite() else 0.0
        if size > self.lower:
            self.lower, self.argmax = size, point

    def _climb(self, points: np.ndarray, steps: np.ndarray) -> None:
        lo, hi = self.box
        point, size = self.error.climb(np.clip(points, lo, hi), steps, lo, hi)
        if size > self.lower * (1 + 1e-4):
            self._record(
                tuple(min(max(dyadic(float(v)), a), b) for v, (a, b) in zip(point, self.ends, strict=True))
            )  # fmt: skip

    def run(self, max_cells: int, deadline: float, progress: Callable[[str], None] | None) -> None:
        first, second = (a.ravel() for a in np.indices((len(self.first.roots), len(self.second.roots))))
        if self.symmetric:
            first, second = first[first <= second], second[first <= second]
        # depth first, the largest bounds on top; what is open has the bound of its parents
        stack = [(1, first, second, np.full(len(first), math.inf))]
        while stack:
            level, first, second, known = stack.pop()
            open_ = ~(known <= self.target)
            self._settle(known[~open_])
            first, second, known = first[open_], second[open_], known[open_]
            if not len(first):
                continue
            self.reason = self.reason or self._limit(level, max_cells, deadline)
            if self.reason:
                self._settle(known)
                continue
            if progress is not None:
                progress(f"{self.cells} pairs of triangles, level {level}, error at least {self.lower:.4g}")
            if len(first) > PARENTS:
                for start in range(0, len(first), PARENTS):
                    part = slice(start, start + PARENTS)
                    stack.append((level, first[part], second[part], known[part]))
                continue
            stack.append((level + 1, *self._divide(level, first, second, known)))
        self.reason = self.reason or "target met"

    def _limit(self, level: int, max_cells: int, deadline: float) -> str:
        if self.refuted and self.factor is None:
            return "the error at a point is above eps"
        if self.cells >= max_cells:
            return f"limit of {max_cells} cells reached"
        if time.perf_counter() > deadline:
            return "time limit reached"
        return f"triangles cannot be divided further at level {level}" if level > DEEPEST else ""

    def _settle(self, bounds: np.ndarray) -> None:
        if len(bounds):
            self.upper = max(self.upper, float(bounds.max()))

    def _divide(
        self, level: int, first: np.ndarray, second: np.ndarray, known: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Bound the 16 pairs of children of each pair of triangles; returns those that miss the target."""
        (x_parents, i), (y_parents, j) = (np.unique(v, return_inverse=True) for v in (first, second))
        x, y = _level(self.first, level, x_parents), _level(self.second, level, y_parents)
        bound, found = self._bounds(x, y, i, j)
        self.cells += bound.size
        bound = np.minimum(bound, known[:, None, None])
        pairs = (4 * first[:, None, None] + np.arange(4)[:, None], 4 * second[:, None, None] + np.arange(4))
        a, b = (np.broadcast_to(p, bound.shape).ravel() for p in pairs)
        best = np.argsort(found.ravel())[-CANDIDATES:]
        n, s, t = np.unravel_index(best, found.shape)
        self._climb(
            np.concatenate([x.centre[i[n], s], y.centre[j[n], t]], axis=1),
            np.concatenate([x.half[i[n], s], y.half[j[n], t]], axis=1),
        )
        bound = bound.ravel()
        fails = ~(bound <= self.target)
        if self.symmetric:
            mirrored = a > b
            self._settle(bound[~fails & ~mirrored])
            fails &= ~mirrored
        else:
            self._settle(bound[~fails])
        a, b, bound = a[fails], b[fails], bound[fails]
        order = np.argsort(bound)
        return a[order], b[order], bound[order]

    def _bounds(self, x: _Level, y: _Level, i: np.ndarray, j: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Upper bounds of |e| and values of |e| at the middles of the hypotenuses, shape (m, 4, 4)."""
        m = len(i)
        cx, cy, hx, hy = x.centre[i][:, :, None], y.centre[j][:, None], x.half[i][:, :, None], y.half[j][:, None]
        model = taylor_model(
            self.error.expr, self.error.symbols, [cx[..., 0], cx[..., 1], cy[..., 0], cy[..., 1]],
            [hx[..., 0], hx[..., 1], hy[..., 0], hy[..., 1]], self.hull,
        )  # fmt: skip
        g, h = model.gradient, model.hessian
        # u (m, 4, 1, 3), v (m, 1, 4, 3): the vertices relative to the centres
        u = [(x.vertices[i][..., k] - x.centre[i][..., None, k])[:, :, None] for k in range(2)]
        v = [(y.vertices[j][..., k] - y.centre[j][..., None, k])[:, None] for k in range(2)]

        def e(array: np.ndarray) -> np.ndarray:
            return array[..., None]

        in_x = e(g[0]) * u[0] + e(g[1]) * u[1] + 0.5 * (e(h[0, 0]) * u[0] * u[0] + e(h[1, 1]) * u[1] * u[1])
        in_x = in_x + e(h[0, 1]) * u[0] * u[1]
        in_y = e(g[2]) * v[0] + e(g[3]) * v[1] + 0.5 * (e(h[2, 2]) * v[0] * v[0] + e(h[3, 3]) * v[1] * v[1])
        in_y = in_y + e(h[2, 3]) * v[0] * v[1]
        pull = [e(h[0, 2 + k]) * u[0] + e(h[1, 2 + k]) * u[1] for k in range(2)]
        q = model.value[..., None, None] + in_x[..., None] + in_y[..., None, :]
        q = q + pull[0][..., None] * v[0][..., None, :] + pull[1][..., None] * v[1][..., None, :]
        product = np.matmul(x.values[i], y.values[j].swapaxes(1, 2)).reshape(m, 4, 3, 4, 3).swapaxes(2, 3)
        distance = q - product
        top, bottom = distance.max(axis=(3, 4)), distance.min(axis=(3, 4))
        rx, ry = 0.5 * x.radius[i][:, :, None], 0.5 * y.radius[j][:, None]
        top = top + rx * _steepest(-h[0, 0], -h[1, 1], -h[0, 1]) + ry * _steepest(-h[2, 2], -h[3, 3], -h[2, 3])
        bottom = bottom - rx * _steepest(h[0, 0], h[1, 1], h[0, 1]) - ry * _steepest(h[2, 2], h[3, 3], h[2, 3])
        rest = upper_product(x.factors[0][i], y.factors[1][j].swapaxes(1, 2))
        halves = [hx[..., 0], hx[..., 1], hy[..., 0], hy[..., 1]]
        slopes = [np.abs(g[k]) + sum(np.abs(h[min(k, n), max(k, n)]) * halves[n] for n in range(4)) for k in range(4)]
        moved = self.first.moved * (slopes[0] + slopes[1]) + self.second.moved * (slopes[2] + slopes[3])
        size = np.abs(model.value) + sum(s * w for s, w in zip(slopes, halves, strict=True))
        beyond = model.remainder + rest + moved
        largest = np.maximum(top, -bottom)
        bound = largest + beyond + SLACK * (size + np.abs(product).max(axis=(3, 4)) + np.abs(largest) + beyond) + TINY
        bound[np.isnan(bound)] = np.inf
        # the middle of the hypotenuse, that is of the last two vertices
        middle = distance[..., 1:, 1:].mean(axis=(3, 4)) - 0.5 * (rx * (h[0, 0] + h[1, 1]) + ry * (h[2, 2] + h[3, 3]))
        found = np.abs(middle)
        found[~np.isfinite(found)] = 0.0
        return bound, found


def simplicial_certificate(
    relation: Relation, phi: MLP, psi: MLP | None, x: Box, y: Box, eps: fmpq | None, within: fmpq | None,
    time_limit: float | None = None, max_cells: int = 50_000_000, progress: Callable[[str], None] | None = None,
) -> MatrixCertificate:  # fmt: skip
    """Bound sup|r - <phi, psi>| from both sides, with proof, for piecewise linear networks of two inputs.

    Parameters
    ----------
    relation : Relation
        In x1, x2, y1, y2.
    phi, psi : MLP
        Networks to which :func:`applies` is true; ``psi=None`` means phi on both sides.
    x, y : Box
        With two sides each.
    eps, within : fmpq or None
        Targets; see :func:`relverify.certify.engine.matrix_certificate`.
    time_limit, max_cells, progress
        Likewise.

    Returns
    -------
    MatrixCertificate

    Examples
    --------
    >>> from relverify.core.box import parse_box
    >>> from relverify.networks.simplex import simplex_network
    >>> from relverify.relations import parse_relation
    >>> relation, box = parse_relation("exp(x1*y1 + x2*y2)"), parse_box("[0,1]^2")
    >>> net = simplex_network(relation, box, n_x=3).phi
    >>> found = simplicial_certificate(relation, net, None, box, box, None, fmpq(11, 10))
    >>> found.reason, found.ratio <= 1.1
    ('target met', True)
    """
    start = time.perf_counter()
    other = phi if psi is None else psi
    symmetric = (psi is None or psi == phi) and x == y and relation.symmetric
    ends = [(to_fmpq(side.lo), to_fmpq(side.hi)) for side in x.sides + y.sides]
    search = _Search(relation, phi, other, ends, symmetric, eps, within)
    with np.errstate(all="ignore"):
        search.run(max_cells, math.inf if time_limit is None else start + time_limit, progress)
    if search.upper < search.lower:
        raise Disagreement(f"upper bound {search.upper} below the error {search.lower} at {search.argmax}")
    verdict = None
    if search.eps is not None:
        verdict = Verdict.UNDECIDED
        if search.upper <= search.eps:
            verdict = Verdict.PROVED
        elif search.refuted:
            verdict = Verdict.REFUTED
    upper = dyadic(search.upper) if math.isfinite(search.upper) else None
    seconds = time.perf_counter() - start
    return MatrixCertificate(
        upper, dyadic(search.lower), search.argmax, search.cells, seconds, verdict, search.reason, eps,
        problem=Problem(relation, phi, psi, x, y),
    )  # fmt: skip
