"""Proved lower bounds of the number of hidden units (*width-lower*, greedy segments).

If phi has one hidden ReLU layer with N units, every <phi(x), psi(y)> is affine in x between the at most N
breakpoints of phi, whatever psi is.  A segment of x on which some r(., y) is farther than eps from all affine
functions must therefore contain a breakpoint of phi in its interior.  So m such segments with disjoint
interiors prove N >= m.  By Chebyshev alternation three points x1 < x2 < x3 decide the distance:

    |f(x1)(x3 - x2) - f(x2)(x3 - x1) + f(x3)(x2 - x1)| / (2 (x3 - x1)) > eps.

The search is in floating point; every triple that is returned was proved in Arb at exact rational points.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import flint
import numpy as np
from flint import arb, fmpq

from relverify.certify.compiled import Compiled, compiled, float_floor, rational_ends
from relverify.core.box import Box
from relverify.errors import InputError
from relverify.relations.relation import Relation
from relverify.rigor.exact import dyadic, to_fmpq

Triple = tuple[fmpq, fmpq, fmpq, fmpq]
MAX_SEGMENTS = 5000
ROWS, MAX_ROWS = 33, 264


@dataclass(frozen=True)
class Segments:
    """Proved lower bound of the hidden units of phi.

    Parameters
    ----------
    needed : int
        Units of every phi with one hidden ReLU layer whose error with some psi is at most eps, at least.
    infeasible : list of (y, x1, x2, x3)
        The proofs, one a unit, with disjoint ``[x1, x3]`` in increasing order.
    """

    needed: int
    infeasible: list[Triple]


def needed_pieces(relation: Relation, x: Box | str, y: Box | str | None, eps: object, several: bool = True) -> Segments:
    """Prove how many hidden units phi needs at least, for a given error and any partner psi.

    Parameters
    ----------
    relation : Relation
    x, y : Box or str
        One-dimensional boxes; y defaults to x. For the units of psi pass the swapped relation and boxes.
    eps : exact number > 0
    several : bool
        Use all y of a grid at once (the sharper bound), or only the single best y.

    Returns
    -------
    Segments

    Notes
    -----
    Theorem *width-lower*. For a deep network the bound holds for the number of its breakpoints instead.
    """
    limit = to_fmpq(eps, "eps")
    if limit <= 0:
        raise InputError("eps", f"{limit} is not positive", "a number > 0")
    x_ends = rational_ends(x, "x")
    y_ends = x_ends if y is None else rational_ends(y, "y")
    proof = _Proof(compiled(relation), limit)
    scan = _Scan(relation, x_ends, y_ends, float(limit), ROWS)
    if several:
        found, rows = scan.greedy(np.arange(ROWS), proof), ROWS
        # a kink that moves with y serves one segment a row, so many segments call for many rows
        while rows <= 4 * len(found) and rows < MAX_ROWS:
            rows = min(8 * rows, MAX_ROWS)
            scan = _Scan(relation, x_ends, y_ends, float(limit), rows)
            found = max(found, scan.greedy(np.arange(rows), proof), key=len)
    else:
        singles = sorted((np.array([row]) for row in range(ROWS)), key=lambda row: -len(scan.greedy(row, None)))
        found = max((scan.greedy(row, proof) for row in singles[:3]), key=len)
    return Segments(len(found), found)


def needed_units(
    relation: Relation, x: Box | str, y: Box | str | None, eps: object, symmetric: bool
) -> tuple[int, Segments, Segments | None]:
    """Prove how many hidden units one network (symmetric form) or two networks together need.

    Parameters
    ----------
    relation : Relation
    x, y : Box or str
    eps : exact number > 0
    symmetric : bool
        One network for both sides; then the larger of the two sides counts, else their sum.

    Returns
    -------
    needed : int
    x_side, y_side : Segments
        y_side is None when it equals the x side.
    """
    y = x if y is None else y
    x_side = needed_pieces(relation, x, y, eps)
    if symmetric and relation.symmetric and rational_ends(x, "x") == rational_ends(y, "y"):
        return x_side.needed, x_side, None
    y_side = needed_pieces(relation.swapped(), y, x, eps)
    total = max(x_side.needed, y_side.needed) if symmetric else x_side.needed + y_side.needed
    return total, x_side, y_side


class _Proof:
    """Decides triples with Arb."""

    def __init__(self, code: Compiled, eps: fmpq) -> None:
        self.code, self.eps = code, eps

    def holds(self, triple: Triple) -> bool:
        """Whether r(., y) is proved farther than eps from all affine functions on x1 < x2 < x3."""
        y, x1, x2, x3 = triple
        if not x1 < x2 < x3:
            return False
        with flint.ctx.workprec(192):
            f1, f2, f3 = (self.code.value(arb(t), arb(y)) for t in (x1, x2, x3))
            distance = abs(f1 * arb(x3 - x2) - f2 * arb(x3 - x1) + f3 * arb(x2 - x1)) / arb(2 * (x3 - x1))
            return bool(distance > arb(self.eps))


class _Scan:
    """Float search for the shortest infeasible segment: a guide, no part of a proof."""

    def __init__(
        self, relation: Relation, x_ends: tuple[fmpq, fmpq], y_ends: tuple[fmpq, fmpq], eps: float, rows: int
    ) -> None:
        self.function, self.eps = relation.values, eps
        self.lo, self.hi = _inside(x_ends)
        self.ys = np.linspace(*_inside(y_ends), rows)
        fractions = np.linspace(0.0, 1.0, 33)
        # the chord with every inner point, and all triples of a coarser grid for functions with inflections
        triples = [(0, k, 32) for k in range(1, 32)] + list(combinations(range(0, 33, 4), 3))
        self.fractions, self.triples = fractions, np.array(triples).T
        s1, s2, s3 = fractions[self.triples]
        self.weights = np.stack([s3 - s2, s1 - s3, s2 - s1]) / (2 * (s3 - s1))

    def worst(self, start: float, end: float, rows: np.ndarray) -> tuple[float, tuple[float, ...]]:
        """Largest distance from affine over the rows and triples of a segment, and where."""
        points = start + (end - start) * self.fractions
        points[-1] = end
        values = self.function(points[None, :], self.ys[rows][:, None])
        with np.errstate(invalid="ignore"):
            distance = np.abs(np.einsum("tk,rtk->rk", self.weights, values[:, self.triples]))
        distance = np.where(np.isfinite(distance), distance, 0.0)
        row, column = np.unravel_index(int(np.argmax(distance)), distance.shape)
        where = (float(self.ys[rows][row]), *(float(points[k]) for k in self.triples[:, column]))
        return float(distance[row, column]), where

    def shortest(self, start: float, rows: np.ndarray, slack: float) -> tuple[float, ...] | None:
        """Triple of nearly the shortest infeasible segment from a start, or None if there is none."""
        limit = self.eps * (1 + slack)
        best, where = self.worst(start, self.hi, rows)
        if best <= limit:
            return None
        short, long = start, where[3]
        while long - short > 1e-7 * (long - start) and short < (middle := (short + long) / 2) < long:
            best, candidate = self.worst(start, middle, rows)
            if best > limit:
                long, where = min(middle, candidate[3]), candidate
            else:
                short = middle
        return where

    def greedy(self, rows: np.ndarray, proof: _Proof | None) -> list[Triple]:
        """Disjoint infeasible segments from left to right; without a proof object merely for counting."""
        found: list[Triple] = []
        start = self.lo
        while start < self.hi and len(found) < MAX_SEGMENTS:
            for slack in (1e-8, 1e-4, 1e-2):
                where = self.shortest(start, rows, slack)
                if where is None:
                    return found
                y, x1, x2, x3 = (dyadic(v) for v in where)
                if proof is None or proof.holds((y, x1, x2, x3)):
                    found.append((y, x1, x2, x3))
                    start = where[3]
                    break
            else:
                return found
        return found


def _inside(ends: tuple[fmpq, fmpq]) -> tuple[float, float]:
    """Float64 ends of an interval, rounded inwards."""
    lo, hi = -float_floor(-ends[0]), float_floor(ends[1])
    return lo, max(lo, hi)
