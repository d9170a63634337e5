"""How many features an error needs: points by search, bounds proved in rational arithmetic.

Two forms compete (*rank-lower* and *rank-lower-minor*), and *rank-lower-one-network* for one network with itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from flint import fmpq, fmpq_mat

from relverify.core.box import Box
from relverify.errors import InputError
from relverify.lower.rank import eigenvalues, minor_bound
from relverify.lower.values import Point, Values, enclosed_values, float_values, grid, rational_points
from relverify.relations.relation import Relation

GRID, CANDIDATES = 33, 129
MAX_FEATURES = 63
# eigenvalues of squares are enclosed to this share of eps²
SHARE = fmpq(1, 2**24)


@dataclass(frozen=True)
class FeatureBound:
    """A proof that d features err by more than some error.

    Parameters
    ----------
    theorem : str
        The label.
    d : int
    bound : fmpq
        Every network (or pair) with d features errs by at least this.
    xs, ys : tuple of points
    values : Values
        Of the relation at their pairs.
    """

    theorem: str
    d: int
    bound: fmpq
    xs: tuple[Point, ...]
    ys: tuple[Point, ...]
    values: Values


def root_below(square: fmpq) -> fmpq:
    """A rational number at most the square root, and near it; 0 for numbers that are not positive.

    Examples
    --------
    >>> root_below(fmpq(9, 4)), root_below(fmpq(-1))
    (3/2, 0)
    """
    if square <= 0:
        return fmpq(0)
    scale = 1 << 128
    while square * scale * scale < 1 << 128:
        scale <<= 64
    from math import isqrt

    return fmpq(isqrt(int((square * scale * scale).floor())), scale)


def tail_bound(matrix: fmpq_mat, d: int, eps: fmpq) -> fmpq:
    """What d features err at least on a matrix of values, by its singular values (*rank-lower*, equal weights).

    Parameters
    ----------
    matrix : fmpq_mat, shape (n, m)
    d : int
    eps : fmpq
        An error; the bound is accurate to a small share of it.

    Returns
    -------
    fmpq

    Examples
    --------
    >>> bool(fmpq(999, 1000) < tail_bound(fmpq_mat([[1, 1], [1, -1]]) * 2, 1, fmpq(1)) <= 2)
    True
    """
    n, m = matrix.nrows(), matrix.ncols()
    gram = matrix * matrix.transpose() if n <= m else matrix.transpose() * matrix
    squares = eigenvalues(gram, eps * eps * n * m * SHARE)
    return root_below(sum((max(low, fmpq(0)) for low, _ in squares[d:]), fmpq(0)) / (n * m))


def one_network_bound(matrix: fmpq_mat, d: int, eps: fmpq) -> fmpq:
    """What one network of d features errs at least on a matrix of values (*rank-lower-one-network*, equal weights).

    Parameters
    ----------
    matrix : fmpq_mat, shape (n, n)
    d : int
    eps : fmpq
        See :func:`tail_bound`.

    Returns
    -------
    fmpq

    Examples
    --------
    >>> one_network_bound(fmpq_mat([[-1]]), 5, fmpq(1)) >= fmpq(999, 1000)
    True
    """
    n = matrix.nrows()
    sym, skew = (matrix + matrix.transpose()) / 2, (matrix - matrix.transpose()) / 2
    values = eigenvalues(sym, eps * SHARE)
    positive = sum((low * low for low, _ in values[d:] if low > 0), fmpq(0))
    negative = sum((high * high for _, high in values if high < 0), fmpq(0))
    return root_below((positive + negative + sum((v * v for v in skew.entries()), fmpq(0))) / (n * n))


def features_needed(relation: Relation, x: Box, y: Box, eps: fmpq, one_network: bool = False) -> FeatureBound | None:
    """Prove that d features err by more than eps, with d as large as the search finds.

    Parameters
    ----------
    relation : Relation
    x, y : Box
    eps : fmpq
    one_network : bool
        Of one network with itself; x and y are equal boxes.

    Returns
    -------
    FeatureBound or None
        ``d + 1`` features are needed; None where not even d = 0 is excluded. At most ``MAX_FEATURES`` are tried.

    Examples
    --------
    >>> from relverify.core.box import parse_box
    >>> from relverify.relations import parse_relation
    >>> unit = parse_box("[0,1]")
    >>> features_needed(parse_relation("x*y"), unit, unit, fmpq(1, 10)).d
    0
    """
    found = [_by_spectrum(relation, x, y, eps, tail_bound, "rank-lower", _singular_tails)]
    if one_network:
        label = "rank-lower-one-network"
        found.append(_by_spectrum(relation, x, y, eps, one_network_bound, label, _eigenvalue_tails))
    start = max((f.d for f in found if f is not None), default=-1)
    found.append(_by_minor(relation, x, y, eps, start + 1))
    proved = [f for f in found if f is not None]
    return max(proved, key=lambda f: (f.d, f.bound)) if proved else None


def _node_sets(box: Box) -> list[np.ndarray]:
    """Equal steps, ends included or not, and Chebyshev points on every side."""
    side = max(2, int(np.floor(GRID ** (1 / box.dim) + 1e-9)))
    equal, middles = np.linspace(0, 1, side), (np.arange(side) + 0.5) / side
    sets = []
    for axis in (equal, middles, (1 - np.cos(np.pi * middles)) / 2):
        axes = [float(s.lo) + axis * float(s.hi - s.lo) for s in box.sides]
        sets.append(np.stack([a.ravel() for a in np.meshgrid(*axes, indexing="ij")], axis=1))
    return sets


def _singular_tails(values: np.ndarray) -> np.ndarray:
    squares = np.linalg.svd(values, compute_uv=False) ** 2
    return np.sqrt(np.append(np.cumsum(squares[::-1])[::-1], 0.0) / values.size)


def _eigenvalue_tails(values: np.ndarray) -> np.ndarray:
    sym, skew = (values + values.T) / 2, (values - values.T) / 2
    eigen = np.linalg.eigvalsh(sym)[::-1]
    positive = np.append(np.cumsum(np.where(eigen > 0, eigen, 0.0)[::-1] ** 2)[::-1], 0.0)
    return np.sqrt((positive + (eigen[eigen < 0] ** 2).sum() + (skew**2).sum()) / values.size)


def _by_spectrum(
    relation: Relation,
    x: Box,
    y: Box,
    eps: fmpq,
    prove: Callable[[fmpq_mat, int, fmpq], fmpq],
    label: str,
    tails: Callable[[np.ndarray], np.ndarray],
) -> FeatureBound | None:
    limit = float(eps)
    ranked = []
    for xs, ys in zip(_node_sets(x), _node_sets(y), strict=True):
        values = float_values(relation, xs, ys)
        if np.isfinite(values).all():
            above = tails(values) > limit * (1 + 1e-6)
            # decreasing: the number of entries above is the first index that is not
            ranked.append((int(above.sum()) - 1, xs, ys))
    if not ranked:
        return None
    d, xs, ys = max(ranked, key=lambda item: item[0])
    if d < 0:
        return None
    d = min(d, MAX_FEATURES - 1)
    left, right = rational_points(xs, x), rational_points(ys, y)
    exact = enclosed_values(relation, left, right)
    try:
        bound = prove(exact.matrix, d, eps) - exact.slack
    except InputError:
        # eigenvalues that were not enclosed: the minors remain
        return None
    return FeatureBound(label, d, bound, tuple(left), tuple(right), exact) if bound > eps else None


def _by_minor(relation: Relation, x: Box, y: Box, eps: fmpq, start: int) -> FeatureBound | None:
    """The largest nonsingular matrix that the search finds, of at least start + 1 rows."""
    tried: dict[int, FeatureBound | None] = {}
    search = _MinorSearch(relation, x, y)

    def at(d: int) -> FeatureBound | None:
        if d not in tried:
            tried[d] = _proved_minor(relation, x, y, eps, search.points(d + 1))
        return tried[d]

    low, step = start, 1
    if at(low) is None:
        return None
    while low + step < MAX_FEATURES and at(low + step) is not None:
        low, step = low + step, 2 * step
    high = min(low + step, MAX_FEATURES)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if at(middle) is not None else (low, middle)
    return at(low)


def _proved_minor(
    relation: Relation, x: Box, y: Box, eps: fmpq, points: tuple[np.ndarray, np.ndarray] | None
) -> FeatureBound | None:
    if points is None:
        return None
    left, right = rational_points(points[0], x), rational_points(points[1], y)
    exact = enclosed_values(relation, left, right)
    bound = minor_bound(exact.matrix) - exact.slack
    if bound <= eps:
        return None
    return FeatureBound("rank-lower-minor", len(left) - 1, bound, tuple(left), tuple(right), exact)


class _MinorSearch:
    """Square matrices of values with small inverses: large pivots first, then points moved one at a time."""

    def __init__(self, relation: Relation, x: Box, y: Box) -> None:
        self.relation, self.boxes = relation, (x, y)
        self.grids = tuple(grid(box, CANDIDATES) for box in (x, y))
        values = float_values(relation, *self.grids)
        self.values = np.where(np.isfinite(values), values, 0.0)

    def points(self, size: int) -> tuple[np.ndarray, np.ndarray] | None:
        """Points of x and of y, or None if no such matrix is nonsingular in float64."""
        if size > min(self.values.shape):
            return None
        rest, rows, columns = self.values.copy(), [], []
        for _ in range(size):
            i, j = divmod(int(np.argmax(np.abs(rest))), rest.shape[1])
            if rest[i, j] == 0:
                return None
            rows.append(i)
            columns.append(j)
            rest = rest - np.outer(rest[:, j], rest[i]) / rest[i, j]
        sides = [self.grids[0][rows], self.grids[1][columns]]
        values = self.values[np.ix_(rows, columns)].copy()
        best, step = float(_qualities(values[None])[0]), 1 / 16
        while step > 1 / 4096:
            before = best
            for side in (0, 1):
                for i in range(size):
                    best = self._move(sides, values, side, i, step, best)
            if best < before * 1.001:
                step /= 2
        return sides[0], sides[1]

    def _move(
        self, sides: list[np.ndarray], values: np.ndarray, side: int, i: int, step: float, best: float
    ) -> float:
        """Move one point by a step where that makes the inverse smaller; the quality afterwards."""
        box = self.boxes[side]
        low, high = (np.array([float(getattr(s, end)) for s in box.sides]) for end in ("lo", "hi"))
        steps = step * np.diag(high - low)
        places = np.clip(sides[side][i] + np.concatenate([steps, -steps]), low, high)
        lines = float_values(self.relation, *((places, sides[1]) if side == 0 else (sides[0], places)))
        options = np.repeat(values[None], len(places), axis=0)
        if side == 0:
            options[:, i, :] = lines
        else:
            options[:, :, i] = lines.T
        scores = _qualities(options)
        k = int(np.argmax(scores))
        if scores[k] <= best:
            return best
        sides[side][i], values[:] = places[k], options[k]
        return float(scores[k])


def _qualities(stack: np.ndarray) -> np.ndarray:
    """One over the sum of the absolute entries of the inverse, for a stack of matrices; 0 for singular ones."""
    qualities = []
    for values in stack:
        try:
            total = np.abs(np.linalg.inv(values)).sum()
        except np.linalg.LinAlgError:
            total = np.inf
        qualities.append(1 / total if np.isfinite(total) else 0.0)
    return np.array(qualities)
