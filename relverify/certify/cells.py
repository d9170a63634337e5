"""Cells of a box that are divided in all directions at once, numbered so that relatives are neighbours."""

from __future__ import annotations

import numpy as np
from flint import fmpq

from relverify.certify.axis import keeps_slack, knots
from relverify.certify.matrix import Side, joined, side
from relverify.certify.parallel import Pool
from relverify.networks.mlp import MLP
from relverify.rigor.intervals import float_above, float_below

LEVELS = {1: 6, 2: 3, 3: 2}  # the grid of the first level: 64 cells, 8 x 8, 4 x 4 x 4
GROUPS = {1: 3, 2: 2, 3: 1}  # 8, 16 and 8 neighbouring cells are paired as a block
PORTION = 2**16  # numbers an array of the Taylor models that are computed at once


class Axis:
    """The cells of one side at every level.

    A cell is an integer: that of its root times 2^(p level), plus the path, p bits a level. The 2^p children of cell
    k are 2^p k, 2^p k + 1, ..., and cells with the same k // group are relatives.

    Parameters
    ----------
    network, other : MLP
        The network of this side and that of the other.
    ends : sequence of (fmpq, fmpq)
        The box, one pair a coordinate; its float64 hull is covered.
    divisions : int
        1, or 3 to begin with thirds; see :func:`relverify.certify.grid.divisions`.

    Examples
    --------
    >>> net = MLP(([[1.0, 1.0]],), ([0.0],))
    >>> axis = Axis(net, net, [(fmpq(0), fmpq(1))] * 2)
    >>> [corner.tolist() for corner in axis.corners(0, np.array([1]))]
    [[[0.125, 0.0]], [[0.25, 0.125]]]
    """

    def __init__(self, network: MLP, other: MLP, ends: list[tuple[fmpq, fmpq]], divisions: int = 1) -> None:
        self.network, self.other, self.dim = network, other, len(ends)
        lo, hi = np.array([[float_below(a), float_above(b)] for a, b in ends]).T
        self.group = 1 << (self.dim * GROUPS.get(self.dim, 1))
        self.start = LEVELS.get(self.dim, 1)
        self.roots_lo, self.roots_hi = lo[None], hi[None]
        if divisions > 1:
            self.start -= divisions.bit_length() - 1
            lines = [_equal(a, b, divisions) for a, b in zip(lo.tolist(), hi.tolist(), strict=True)]
            self.roots_lo = _product([line[:-1] for line in lines])
            self.roots_hi = _product([line[1:] for line in lines])
        if self.dim == 1 and (hi - lo)[0] > 0:
            edges = knots(network, float(lo[0]), float(hi[0]))
            if len(edges) > 2:
                edges = _padded(edges, self.group)
                self.start, self.roots_lo, self.roots_hi = 0, edges[:-1, None], edges[1:, None]
        self.count = len(self.roots_lo) << (self.dim * self.start)
        whole = np.arange(self.count)
        self.first_lo, self.first_hi = _halved(self.roots_lo, self.roots_hi, whole, self.start)
        self.deepest = (60 - len(self.roots_lo).bit_length()) // self.dim - self.start

    def corners(self, level: int, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper corners of cells, shape (n, p); neighbours share their ends exactly."""
        return _halved(self.first_lo, self.first_hi, cells, level)

    def side(self, level: int, groups: np.ndarray, pool: Pool) -> Side:
        """What the pairs need of all cells of some groups, in portions that fit into the caches."""
        monomials = (self.dim + 1) * (self.dim + 2) * (self.dim + 3) // 6
        widest = max((*self.network.widths, self.network.out_features))
        step = max(1, PORTION // (monomials * widest * self.group))

        def portion(start: int) -> Side:
            cells = (groups[start : start + step, None] * self.group + np.arange(self.group)).ravel()
            return side(self.network, self.other, *self.corners(level, cells), self.group)

        return joined(list(pool.map(portion, range(0, len(groups), step))))

    @property
    def siblings(self) -> int:
        """Shift from a cell to the group of its children."""
        return self.group.bit_length() - 1 - self.dim

    @property
    def cell_bytes(self) -> int:
        """Memory of one cell in a :class:`Side`, about."""
        monomials = (self.dim + 1) * (self.dim + 2) * (self.dim + 3) // 6
        features = self.network.out_features
        hidden = sum(n.widths[-1] for n in (self.network, self.other) if keeps_slack(n))
        return 8 * (features * (monomials + 16) + 2 * hidden + 64)


def _halved(lo: np.ndarray, hi: np.ndarray, cells: np.ndarray, depth: int) -> tuple[np.ndarray, np.ndarray]:
    """Corners of cells, `depth` levels below those with corners lo and hi."""
    p = lo.shape[1]
    root = cells >> (p * depth)
    lo, hi = lo[root], hi[root]
    for step in range(depth - 1, -1, -1):
        upper = ((cells >> (p * step))[:, None] >> np.arange(p) & 1) == 1
        middle = np.minimum(np.maximum(lo + 0.5 * (hi - lo), lo), hi)
        lo, hi = np.where(upper, middle, lo), np.where(upper, hi, middle)
    return lo, hi


def _equal(lo: float, hi: float, parts: int) -> np.ndarray:
    """Ends of about equal parts of an interval, which they cover."""
    inner = np.clip(lo + (hi - lo) * (np.arange(1, parts) / parts), lo, hi)
    return np.concatenate([[lo], inner, [hi]])


def _product(lines: list[np.ndarray]) -> np.ndarray:
    """All points with these coordinates, one row each."""
    return np.stack([axis.ravel() for axis in np.meshgrid(*lines, indexing="ij")], axis=1)


def _padded(edges: np.ndarray, multiple: int, least: int = 32) -> np.ndarray:
    """Halve the longest cells until there are enough, and a multiple of the size of groups."""
    cells = list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
    target = max(least, -(-len(cells) // multiple) * multiple)
    while len(cells) < target:
        cells.sort(key=lambda c: c[0] - c[1])
        halved = min(target - len(cells), max(1, len(cells) // 2))
        parts = [((a + 0.5 * (b - a)), a, b) for a, b in cells[:halved]]
        cells = [c for m, a, b in parts for c in ((a, m), (m, b))] + cells[halved:]
    cells.sort()
    return np.array([a for a, _ in cells] + [cells[-1][1]])
