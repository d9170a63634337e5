"""Pairs of cells as lists of integers: their order by blocks, their children, and portions of bounded size.

Pairs are kept by their parents: a pair of cells of one level stands for its 2^p x 2^q children, which are written out
for a portion at a time. All children of one cell are in one group, hence those of a pair in one block.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from relverify.certify.cells import Axis
from relverify.certify.matrix import Pairs


class Family(NamedTuple):
    """Pairs of cells by their parents, in the order of their blocks.

    Parameters
    ----------
    first, second : ndarray of int, shape (n,)
        Cells of the level before.
    known : ndarray, shape (n,)
        Bounds of the parents, which hold for the children.
    """

    first: np.ndarray
    second: np.ndarray
    known: np.ndarray

    def sorted(self, axes: tuple[Axis, Axis]) -> Family:
        """The same, in the order of the blocks of the children."""
        a, b = self.first >> axes[0].siblings, self.second >> axes[1].siblings
        width = int(b.max(initial=0)) + 1
        if (int(a.max(initial=0)) + 1) * width < 2**62:
            order = np.argsort(a * width + b, kind="stable")
        else:
            order = np.lexsort((b, a))
        return Family(self.first[order], self.second[order], self.known[order])


def roots(axes: tuple[Axis, Axis], symmetric: bool, most: int) -> Iterator[Family]:
    """The pairs of the first level, by virtual parents, at most so many (or one row) at a time."""
    rows, columns = axes[0].count >> axes[0].dim, axes[1].count >> axes[1].dim
    step = max(1, most // columns)
    for start in range(0, rows, step):
        first, second = np.arange(start, min(start + step, rows)), np.arange(columns)
        i, j = (k.ravel() for k in np.meshgrid(first, second, indexing="ij"))
        if symmetric:
            i, j = i[i <= j], j[i <= j]
        yield Family(i, j, np.full(len(i), np.inf))


def children(axes: tuple[Axis, Axis], family: Family, symmetric: bool) -> Family:
    """The children of all pairs, with `known` of their own."""
    p, q = axes[0].dim, axes[1].dim
    i = ((family.first << p)[:, None, None] + np.arange(1 << p)[:, None]) + np.zeros(1 << q, dtype=np.int64)
    j = ((family.second << q)[:, None, None] + np.arange(1 << q)) + np.zeros((1 << p, 1), dtype=np.int64)
    first, second, known = i.ravel(), j.ravel(), np.repeat(family.known, 1 << (p + q))
    if symmetric:
        keep = first <= second
        first, second, known = first[keep], second[keep], known[keep]
    return Family(first, second, known)


def distinct(increasing: np.ndarray) -> np.ndarray:
    """The distinct numbers of an array that does not decrease."""
    return increasing[np.concatenate([[True], increasing[1:] != increasing[:-1]])]


def groups(family: Family, axes: tuple[Axis, Axis]) -> tuple[np.ndarray, np.ndarray]:
    """The groups of the children on both sides, increasing."""
    return tuple(distinct(np.sort(k >> axis.siblings)) for k, axis in zip(family[:2], axes, strict=True))  # type: ignore[return-value]


def parts(family: Family, axes: tuple[Axis, Axis], most: tuple[int, int]) -> Iterator[Family]:
    """Portions whose groups on each side are at most so many, halved until they are."""
    found = groups(family, axes)
    if len(family.first) <= 1 or all(len(k) <= m for k, m in zip(found, most, strict=True)):
        yield family
        return
    middle = len(family.first) // 2
    yield from parts(Family(*(v[:middle] for v in family)), axes, most)
    yield from parts(Family(*(v[middle:] for v in family)), axes, most)


def chunks(family: Family, axes: tuple[Axis, Axis], most: int, blocks: int) -> Iterator[slice]:
    """Ranges of at most so many parents and blocks."""
    a, b = family.first >> axes[0].siblings, family.second >> axes[1].siblings
    starts = np.flatnonzero(np.concatenate([[True], (a[1:] != a[:-1]) | (b[1:] != b[:-1])]))
    position, count = 0, len(a)
    while position < count:
        stop = min(position + most, count)
        k = int(np.searchsorted(starts, position, side="right")) - 1 + blocks
        if k < len(starts):
            stop = min(stop, int(starts[k]))
        yield slice(position, stop)
        position = stop


def arranged(
    cells: Family, axes: tuple[Axis, Axis], x_groups: np.ndarray, y_groups: np.ndarray
) -> Pairs:
    """Pairs as blocks and places in them, for sides that hold the given groups."""
    g, h = axes[0].group, axes[1].group
    a, b = cells.first // g, cells.second // h
    begins = np.concatenate([[True], (a[1:] != a[:-1]) | (b[1:] != b[:-1])])
    block = np.cumsum(begins) - 1
    x_slots, y_slots = np.searchsorted(x_groups, a[begins]), np.searchsorted(y_groups, b[begins])
    return Pairs(x_slots, y_slots, block, cells.first % g, cells.second % h)
