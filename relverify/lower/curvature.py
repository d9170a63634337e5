"""The curvature that *width-lower* and its deep forms ask for: an interval of x on which r(., y) bends one way."""

from __future__ import annotations

from dataclasses import dataclass

import flint
import numpy as np
from flint import arb, fmpq

from relverify.certify.compiled import compiled, rational_ends
from relverify.core.box import Box
from relverify.relations.relation import Relation
from relverify.rigor.exact import dyadic

COLUMNS, ROWS = 129, 65
MAX_CELLS = 20_000


@dataclass(frozen=True)
class Bend:
    """``|d^2 r/dx^2| >= mu`` with one sign for all x in [lo, hi], at one y.

    Parameters
    ----------
    y, lo, hi, mu : fmpq
        ``mu > 0`` and ``lo < hi``.
    """

    y: fmpq
    lo: fmpq
    hi: fmpq
    mu: fmpq

    @property
    def length(self) -> fmpq:
        """``hi - lo``."""
        return self.hi - self.lo


def bend(relation: Relation, x: Box | str, y: Box | str | None = None) -> Bend | None:
    """Find and prove the interval with the largest bound by *width-lower*.

    Parameters
    ----------
    relation : Relation
        Of two numbers.
    x, y : Box or str
        Intervals; y defaults to x.

    Returns
    -------
    Bend or None
        None where no curvature was proved, as for relations that are affine in x or have kinks only.

    Examples
    --------
    >>> from relverify.relations import parse_relation
    >>> found = bend(parse_relation("x^2"), "[0,1]")
    >>> found.length, bool(fmpq(199, 100) < found.mu <= 2)
    (1, True)
    """
    x_ends = rational_ends(x, "x")
    y_ends = x_ends if y is None else rational_ends(y, "y")
    code = compiled(relation)
    xs = [x_ends[0] + (x_ends[1] - x_ends[0]) * k / (COLUMNS - 1) for k in range(COLUMNS)]
    ys = [y_ends[0] + (y_ends[1] - y_ends[0]) * k / (ROWS - 1) for k in range(ROWS)]
    second = np.empty((ROWS, COLUMNS))
    with flint.ctx.workprec(64):
        for i, b in enumerate(ys):
            for j, a in enumerate(xs):
                value = code.second(arb(a), arb(b))[0]
                second[i, j] = float(value.mid()) if value.is_finite() else 0.0
    ranked = []
    for i in range(ROWS):
        for sign in (1.0, -1.0):
            gain, first, last, least = _best_interval(sign * second[i])
            if gain > 0:
                ranked.append((gain, i, sign, first, last, least))
    for _, i, sign, first, last, least in sorted(ranked, reverse=True)[:8]:
        for share in ("0.9999", "0.99", "0.9"):
            mu = dyadic(float(share) * least)
            found = Bend(ys[i], xs[first], xs[last], mu)
            if proved_bend(relation, found, sign):
                return found
    return None


def proved_bend(relation: Relation, found: Bend, sign: float | None = None) -> bool:
    """Prove a bend in balls, cell by cell.

    Parameters
    ----------
    relation : Relation
    found : Bend
    sign : {1, -1, None}
        Of the second derivative; by default either.

    Returns
    -------
    bool
        False where it could not be proved.
    """
    if sign is None:
        return proved_bend(relation, found, 1) or proved_bend(relation, found, -1)
    code, cells, count = compiled(relation), [(found.lo, found.hi)], 0
    with flint.ctx.workprec(96):
        y, mu = arb(found.y), arb(found.mu)
        while cells:
            lo, hi = cells.pop()
            count += 1
            value = code.second(arb(lo).union(arb(hi)), y)[0] * int(sign)
            if value >= mu:
                continue
            middle = (lo + hi) / 2
            there = code.second(arb(middle), y)[0] * int(sign)
            if count > MAX_CELLS or not there >= mu:
                return False
            cells += [(lo, middle), (middle, hi)]
    return True


def _best_interval(values: np.ndarray) -> tuple[float, int, int, float]:
    """The interval of indices with the largest length times the root of the least value."""
    best, n = (0.0, 0, 0, 0.0), len(values)
    for first in range(n - 1):
        if values[first] <= 0:
            continue
        least = np.minimum.accumulate(values[first:])
        gains = np.arange(n - first) * np.sqrt(np.maximum(least, 0.0))
        k = int(np.argmax(gains))
        if gains[k] > best[0]:
            best = (float(gains[k]), first, first + k, float(least[k]))
    return best
