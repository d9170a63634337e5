"""Proved two-sided bounds of sup |r(x, y) - <phi(x), psi(y)>| for one-input ReLU networks.

Theorem *vertex-certificate*.  On a grid that contains the breakpoints of both networks the product
``B = <phi, psi>`` is exactly bilinear on each cell, so with ``I`` the bilinear interpolation at the corners
``e = r - B = I e + (r - I r)``, and

    r - I_x r = -(x - a)(b - x) r_xx / 2   in  h^2/8 [-sup r_xx, -inf r_xx]   (0 added to the range),
    |r - I_x r| <= (sup r_x - inf r_x) h / 4,

the second for kinks.  Where a kink runs along x = y, as that of min(x, y), square cells on the diagonal are cut
into two triangles, on which r is smooth and e differs from its linear interpolation by at most
``(h^2/4)(max(|r_xx|, |r_yy|) + |r_xy - B_xy|)``: half the squared circumradius h^2/2 times a Hessian bound.

The suprema are taken by ball arithmetic over the cell; the signs are kept, so opposite signs of the corner errors and
of the remainder cancel.  Cells are bisected until the bound meets the target.  Rounding is included: values are Arb
balls, cell bounds are float64 rounded outwards.
"""

from __future__ import annotations

import heapq
import math
import time
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import flint
import numpy as np
from flint import arb, arb_mat, fmpq

from relverify.certify.compiled import Compiled, Kink, compiled, diagonal_kink, down, float_floor, rational_ends, up
from relverify.certify.result import ABOVE, MET, Plotted, Problem
from relverify.core.box import Box, parse_box
from relverify.errors import Disagreement, InputError
from relverify.networks.mlp import MLP
from relverify.relations.relation import Relation
from relverify.rigor.decide import Verdict
from relverify.rigor.exact import dyadic, to_fmpq

INFINITY = math.inf
MAX_VERTICES = 4_000_000
SMALLEST = fmpq(1, 2**40)


@dataclass(frozen=True)
class VertexCertificate(Plotted):
    """Proved bounds ``lower <= sup |r - <phi, psi>| <= upper`` on a box.

    Parameters
    ----------
    upper, lower : fmpq
        Both proved, rounding included; ``upper`` is None if no finite bound was reached.
    argmax : tuple of fmpq
        The point at which ``|e| >= lower``.
    cells : int
        Number of cells that were bounded.
    seconds : float
    verdict : Verdict or None
        Whether the error is at most eps; None if no eps was given.
    reason : str
        Why the search ended.
    eps : fmpq or None
    problem : Problem or None
    """

    upper: fmpq | None
    lower: fmpq
    argmax: tuple[fmpq, fmpq]
    cells: int
    seconds: float
    verdict: Verdict | None
    reason: str
    eps: fmpq | None = None
    problem: Problem | None = field(default=None, repr=False, compare=False)

    @property
    def ratio(self) -> float:
        """``upper / lower`` rounded to a float (infinite if lower is 0 and upper is not)."""
        if self.upper is None or (self.lower == 0 and self.upper > 0):
            return INFINITY
        return 1.0 if self.upper == 0 else float(arb(self.upper / self.lower))


def vertex_certificate(
    relation: Relation,
    phi: MLP,
    psi: MLP | None,
    x: Box | str,
    y: Box | str | None = None,
    eps: object = None,
    within: object = None,
    max_cells: int = 2_000_000,
    time_limit: float | None = None,
) -> VertexCertificate:
    """Bound the error of a pair of one-input ReLU networks from both sides, with proof.

    Parameters
    ----------
    relation : Relation
        r(x, y), one variable each.
    phi, psi : MLP
        Networks with one input and the same number d of outputs; ``psi=None`` means phi on both sides.
    x, y : Box or str
        One-dimensional boxes with rational ends; y defaults to x.
    eps : exact number, optional
        Stop as soon as the error is proved at most eps, or proved larger (with the point).
    within : exact number, optional
        Refine until ``upper <= within * lower``; 1.1 if neither eps nor within is given.
    max_cells : int
        Limit after which the verdict is undecided.
    time_limit : float, optional
        Limit in seconds, to the same effect.

    Returns
    -------
    VertexCertificate

    Raises
    ------
    InputError
        If a network is not a one-input ReLU network, dimensions differ, or the relation is not supported.
    Disagreement
        If the two bounds contradict each other, which only an error in the arithmetic can cause.

    Notes
    -----
    Theorem *vertex-certificate*; the networks are exact real functions of their float64 weights.
    """
    start = time.perf_counter()
    x_box, y_box = rational_ends(x, "x"), rational_ends(x if y is None else y, "y")
    for name, network in (("phi", phi), ("psi", psi)):
        if network is not None:
            network.require_exact(name)
            if network.in_features != 1:
                raise InputError(name, f"has {network.in_features} inputs", "a network with one input")
    if psi is not None and psi.out_features != phi.out_features:
        raise InputError("psi", f"has {psi.out_features} outputs", f"{phi.out_features} outputs, as phi")
    limit = None if eps is None else to_fmpq(eps, "eps")
    if limit is not None and limit <= 0:
        raise InputError("eps", f"{limit} is not positive", "a number > 0")
    factor = None if within is None else to_fmpq(within, "within")
    if factor is not None and factor <= 1:
        raise InputError("within", f"{factor} is not above 1", "a number > 1, such as 1.1")
    if limit is None and factor is None:
        factor = fmpq(11, 10)
    symmetric = (psi is None or psi == phi) and x_box == y_box and relation.symmetric
    deadline = INFINITY if time_limit is None else start + time_limit
    search = _Search(
        compiled(relation), diagonal_kink(relation), phi, phi if psi is None else psi, x_box, y_box, symmetric
    )
    reason = search.run(limit, factor, max_cells, deadline)
    verdict = None
    if limit is not None:
        verdict = Verdict.UNDECIDED
        if search.upper <= search.floor_eps:
            verdict = Verdict.PROVED
        elif search.lower > search.floor_eps:
            verdict = Verdict.REFUTED
    upper = dyadic(search.upper) if math.isfinite(search.upper) else None
    seconds = time.perf_counter() - start
    problem = Problem(relation, phi, psi, parse_box(x, "x"), parse_box(x if y is None else y, "y"))
    lower = dyadic(search.lower)
    return VertexCertificate(upper, lower, search.argmax, search.cells, seconds, verdict, reason, limit, problem)


def _add(a: float, b: float) -> float:
    """Sum rounded up; exact if a term is zero."""
    if a == 0 or b == 0:
        return a + b
    return math.nextafter(a + b, INFINITY)


_Corner = tuple[float, float]


class _Search:
    """Best-first bisection of the cells, largest bound first."""

    def __init__(
        self,
        relation: Compiled,
        kink: Kink | None,
        phi: MLP,
        psi: MLP,
        x_box: tuple[fmpq, fmpq],
        y_box: tuple[fmpq, fmpq],
        symmetric: bool,
    ) -> None:
        self.relation, self.kink, self.symmetric = relation, kink, symmetric
        self.xs = [x_box[0], *phi.breakpoints(*x_box), x_box[1]]
        self.ys = [y_box[0], *psi.breakpoints(*y_box), y_box[1]]
        if len(self.xs) * len(self.ys) > MAX_VERTICES:
            raise InputError(
                "network", f"gives {len(self.xs)} x {len(self.ys)} vertices", f"at most {MAX_VERTICES} in all"
            )
        self.lower, self.upper, self.floor_eps, self.cells = 0.0, INFINITY, -INFINITY, 0
        self.argmax = (self.xs[0], self.ys[0])
        self.heap: list[tuple[Any, ...]] = []
        for self.prec in (128, 256, 512, 1024):
            self._vertices(phi, psi)
            width = np.max(self.high - self.low)
            # enough digits: the enclosures are narrow against the largest error found
            if width <= 2.0**-20 * self.lower or width <= 2.0**-100 * self.scale:
                break

    def _vertices(self, phi: MLP, psi: MLP) -> None:
        n, m = len(self.xs), len(self.ys)
        with flint.ctx.workprec(self.prec):
            self.product: arb_mat = phi.values_arb(self.xs, self.prec) * psi.values_arb(self.ys, self.prec).transpose()
            balls_x, balls_y = [arb(p) for p in self.xs], [arb(p) for p in self.ys]
            self.high, self.low = np.zeros((n, m)), np.zeros((n, m))
            value, product = self.relation.value, self.product
            for i, bx in enumerate(balls_x):
                for j in range(i if self.symmetric else 0, m):
                    self.low[i, j], self.high[i, j] = self._record(
                        value(bx, balls_y[j]) - product[i, j], self.xs[i], self.ys[j]
                    )
            if self.symmetric:
                self.low = np.triu(self.low) + np.triu(self.low, 1).T
                self.high = np.triu(self.high) + np.triu(self.high, 1).T
            self.scale = max(abs(float(v)) for v in product.entries())

    def _record(self, error: arb, x: fmpq, y: fmpq) -> _Corner:
        if not error.is_finite():
            return -INFINITY, INFINITY
        low, high = down(error), up(error)
        size = max(low, -high)
        if size > self.lower:
            self.lower, self.argmax = size, (x, y)
        return low, high

    def product_at(self, i: int, j: int, x: fmpq, y: fmpq) -> arb:
        """Enclose <phi, psi> at a point of the base cell (i, j), where it is exactly bilinear."""
        width, height = self.xs[i + 1] - self.xs[i], self.ys[j + 1] - self.ys[j]
        s = arb((x - self.xs[i]) / width) if width else arb(0)
        t = arb((y - self.ys[j]) / height) if height else arb(0)
        p = self.product
        left = p[i, j] + t * (p[i, j + 1] - p[i, j])
        right = p[i + 1, j] + t * (p[i + 1, j + 1] - p[i + 1, j])
        return left + s * (right - left)

    def error_at(self, i: int, j: int, x: fmpq, y: fmpq) -> _Corner:
        """Enclose e at a point of the base cell (i, j)."""
        with flint.ctx.workprec(self.prec):
            return self._record(self.relation.value(arb(x), arb(y)) - self.product_at(i, j, x, y), x, y)

    def push(self, i: int, j: int, ends: tuple[fmpq, ...], corners: Sequence[_Corner]) -> None:
        """Bound |e| on a sub-cell of the base cell (i, j) and queue it.

        Corners come in the order (xa, ya), (xa, yb), (xb, ya), (xb, yb).
        """
        xa, xb, ya, yb = ends
        self.cells += 1
        low, high = min(c[0] for c in corners), max(c[1] for c in corners)
        with flint.ctx.workprec(53):
            cell_x, cell_y = arb(xa).union(arb(xb)), arb(ya).union(arb(yb))
            step_x, step_y = arb(xb - xa), arb(yb - ya)
            seconds = self._second(ends, cell_x, cell_y)
            rises, falls, firsts = [0.0, 0.0], [0.0, 0.0], None
            for axis, (step, curvature) in enumerate(zip((step_x, step_y), seconds, strict=True)):
                if curvature.is_finite():
                    part = step * step / 8
                    rises[axis] = max(0.0, up(-part * curvature))
                    falls[axis] = max(0.0, up(part * curvature))
                else:
                    if firsts is None:
                        firsts = self.relation.first(cell_x, cell_y)
                    slope = firsts[axis]
                    rises[axis] = falls[axis] = max(0.0, up(slope.rad() * step / 2)) if slope.is_finite() else INFINITY
            top = _add(high, _add(rises[0], rises[1]))
            bottom = _add(-low, _add(falls[0], falls[1]))
            bound = max(top, bottom)
            if self.kink is not None and (xa, xb) == (ya, yb):
                bound = min(bound, self._by_triangles(i, j, step_x, cell_x, corners))
        along_x = max(rises[0], falls[0]), max(rises[1], falls[1])
        # without information on the remainders (both infinite, or zero) the longer side is cut
        cut_x = along_x[0] > along_x[1] if along_x[0] != along_x[1] else xb - xa >= yb - ya
        heapq.heappush(self.heap, (-bound, self.cells, i, j, ends, corners, cut_x))

    def _second(self, ends: tuple[fmpq, ...], cell_x: arb, cell_y: arb) -> tuple[arb, ...]:
        """Second derivatives on a cell; beside a kinked diagonal those of the smooth part, also if the cell touches."""
        if self.kink is not None and ends[1] <= ends[2]:
            return self.kink.below(cell_x, cell_y)[:2]
        if self.kink is not None and ends[3] <= ends[0]:
            return self.kink.above(cell_x, cell_y)[:2]
        return self.relation.second(cell_x, cell_y)

    def _by_triangles(self, i: int, j: int, step: arb, cell: arb, corners: Sequence[_Corner]) -> float:
        """Bound |e| on a square cell cut along the diagonal, where r has its kink."""
        assert self.kink is not None
        p = self.product
        twist = p[i, j] - p[i, j + 1] - p[i + 1, j] + p[i + 1, j + 1]
        slope = twist / arb((self.xs[i + 1] - self.xs[i]) * (self.ys[j + 1] - self.ys[j]))
        bound = 0.0
        sides = [(self.kink.below, 1)] if self.symmetric else [(self.kink.below, 1), (self.kink.above, 2)]
        for part, corner in sides:
            r_xx, r_yy, r_xy = part(cell, cell)
            if not (r_xx.is_finite() and r_yy.is_finite() and r_xy.is_finite()):
                return INFINITY
            rest = up(step * step / 4 * (abs(r_xx).max(abs(r_yy)) + abs(r_xy - slope)))
            vertices = (corners[0], corners[3], corners[corner])
            bound = max(bound, _add(max(max(-low, high) for low, high in vertices), rest))
        return bound

    def split(self, entry: tuple[Any, ...]) -> None:
        """Bisect a cell along the axis with the larger remainder."""
        _, _, i, j, (xa, xb, ya, yb), (c00, c01, c10, c11), cut_x = entry
        if cut_x:
            middle = (xa + xb) / 2
            m0, m1 = self.error_at(i, j, middle, ya), self.error_at(i, j, middle, yb)
            parts = [((xa, middle, ya, yb), (c00, c01, m0, m1)), ((middle, xb, ya, yb), (m0, m1, c10, c11))]
        else:
            middle = (ya + yb) / 2
            m0, m1 = self.error_at(i, j, xa, middle), self.error_at(i, j, xb, middle)
            parts = [((xa, xb, ya, middle), (c00, m0, c10, m1)), ((xa, xb, middle, yb), (m0, c01, m1, c11))]
        for ends, corners in parts:
            # below the diagonal the mirror image is already in the queue
            if not (self.symmetric and ends[3] <= ends[0]):
                self.push(i, j, ends, corners)

    def _base_cells(self, deadline: float) -> bool:
        """Queue the cells between the breakpoints; False if the time was over before."""
        low, high = self.low.tolist(), self.high.tolist()
        for i in range(len(self.xs) - 1):
            if time.perf_counter() > deadline:
                return False
            for j in range(i if self.symmetric else 0, len(self.ys) - 1):
                corners = tuple((low[a][b], high[a][b]) for a in (i, i + 1) for b in (j, j + 1))
                self.push(i, j, (self.xs[i], self.xs[i + 1], self.ys[j], self.ys[j + 1]), corners)
        return True

    def _improve_lower(self) -> None:
        """Raise the lower bound: midpoints of the worst cells, then a compass search from the best point."""
        for entry in heapq.nsmallest(24, self.heap):
            i, j, (xa, xb, ya, yb) = entry[2], entry[3], entry[4]
            for x in (xa, (xa + xb) / 2):
                for y in (ya, (ya + yb) / 2):
                    self.error_at(i, j, x, y)
        step_x = (self.xs[-1] - self.xs[0]) / len(self.xs) / 4
        step_y = (self.ys[-1] - self.ys[0]) / len(self.ys) / 4
        for _ in range(6):
            before, (x, y) = self.lower, self.argmax
            for dx, dy in ((step_x, 0), (-step_x, 0), (0, step_y), (0, -step_y)):
                px, py = x + dx, y + dy
                if self.xs[0] <= px <= self.xs[-1] and self.ys[0] <= py <= self.ys[-1]:
                    i = min(bisect_right(self.xs, px), len(self.xs) - 1) - 1
                    j = min(bisect_right(self.ys, py), len(self.ys) - 1) - 1
                    self.error_at(i, j, px, py)
            if self.lower == before:
                step_x, step_y = step_x / 2, step_y / 2

    def run(self, eps: fmpq | None, within: fmpq | None, max_cells: int, deadline: float) -> str:
        """Refine until the targets are met; returns the reason for stopping."""
        self.floor_eps = -INFINITY if eps is None else float_floor(eps)
        if not self._base_cells(deadline):
            return "time limit reached"
        self._improve_lower()
        factor = None if within is None else math.nextafter(float_floor(within), 0.0)
        noise = 2.0**-80 * self.scale
        while True:
            self.upper = -self.heap[0][0]
            if self.upper < self.lower:
                raise Disagreement(f"upper bound {self.upper} below the error {self.lower} at {self.argmax}")
            decided = eps is None or self.upper <= self.floor_eps or self.lower > self.floor_eps
            # the product may overflow, and an infinite bound is none
            tight = factor is None or (self.upper < INFINITY and self.upper <= factor * self.lower)
            if decided and tight:
                return ABOVE if eps is not None and self.lower > self.floor_eps else MET
            if self.upper <= noise:
                return "the error is at the level of the working precision"
            xa, xb, ya, yb = self.heap[0][4]
            if math.isinf(self.upper) and min(xb - xa, yb - ya) < SMALLEST:
                return f"r has no finite slope near x = {float(xa):.6g}, y = {float(ya):.6g}"
            if self.cells >= max_cells:
                return f"limit of {max_cells} cells reached"
            if time.perf_counter() > deadline:
                return "time limit reached"
            self.split(heapq.heappop(self.heap))
