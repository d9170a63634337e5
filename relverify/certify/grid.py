"""Which grid a search starts with, from the bounds of a sample of cells.

Cells are halved in all directions, so that a level too many costs a factor 2^(p+q). Two sequences of grids are at
hand, n, 2n, 4n, ... and 3n/2, 3n, 6n, ... cells an axis. For each size the share of pairs whose bound misses the target
is estimated on random pairs of cells; the sequence with fewer pairs in all is taken. The choice affects the cost alone.
"""

from __future__ import annotations

import numpy as np

from relverify.certify.cells import LEVELS
from relverify.certify.matrix import Pairs, pair_bounds, side
from relverify.certify.point import PointError

SAMPLE = {4: 64, 6: 256}  # pairs, by the number of coordinates
DEEPEST = 4


def divisions(error: PointError, box: np.ndarray, eps: float | None, within: float | None, split: int) -> int:
    """Parts of each axis before halving: 1 or 3.

    Parameters
    ----------
    error : PointError
    box : ndarray, shape (2, p + q)
        Lower and upper ends, in float64.
    eps, within : float or None
        The targets.
    split : int
        p.

    Returns
    -------
    int
        1 for fewer than four coordinates, where the choice does not pay.
    """
    lo, hi = box
    p, q = split, len(lo) - split
    if p + q not in SAMPLE or p != q or not np.all(hi > lo):
        return 1
    rng = np.random.default_rng(0)
    points = rng.uniform(lo, hi, size=(4096, p + q))
    values = np.abs(error.floats(points))
    first = np.argsort(values)[-6:]
    _, largest = error.climb(points[first], np.full((6, p + q), 0.05) * (hi - lo), lo, hi)
    targets = [t for t in (eps, None if within is None else within * largest) if t is not None]
    target = min(targets)
    if not target > 0 or (eps is not None and largest > eps and within is None):
        return 1
    missing: dict[int, float] = {}

    def cost(start: int) -> float:
        """Pairs of the sequence from `start` cells an axis on."""
        total, open_share = 0.0, 1.0
        for level in range(DEEPEST):
            cells = start << level
            total += open_share * float(cells) ** (p + q)
            if cells not in missing:
                missing[cells] = _missing(error, lo, hi, p, cells, target, rng)
            open_share = min(open_share, missing[cells])
            if open_share == 0:
                return total
        return total + open_share * float(start << DEEPEST) ** (p + q)

    usual = 1 << LEVELS[p]
    return 3 if cost(usual * 3 // 2) < cost(usual) else 1


def _missing(
    error: PointError, lo: np.ndarray, hi: np.ndarray, p: int, cells: int, target: float, rng: np.random.Generator
) -> float:
    """Share of pairs of cells, `cells` an axis, with bounds above the target."""
    count = SAMPLE[len(lo)]
    corner = rng.integers(0, cells, size=(count, len(lo))) / cells
    lower = lo + corner * (hi - lo)
    upper = lower + (hi - lo) / cells
    first = side(error.phi, error.psi, lower[:, :p], upper[:, :p], 1)
    second = side(error.psi, error.phi, lower[:, p:], upper[:, p:], 1)
    each, zero = np.arange(count), np.zeros(count, dtype=np.int64)
    bounds = pair_bounds(error.expr, error.symbols, first, second, Pairs(each, each, each, zero, zero)).bound
    return float(np.mean(~(bounds <= target)))
