"""The figures of a head on given inputs: its scores are one matrix, enclosed entry by entry.

Functions of the query add a number to each row. The distance to the nearest symmetric PSD relation on these points, up
to such functions:

- Below: for a matrix M = vv' or xy' - yx' with entries that are integers and rows that sum to 0, every PSD relation has
  ``<K, M> >= 0``, so the distance is at least ``-<R, M>/sum |M|``.
- Above: ``GG' + d I + t_i + t_j + c`` is PSD for d > 0 and large c. Its distance, less the best number for each row, is
  half the largest range of a row of the difference.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np
from flint import arb, ctx, fmpq

from relverify.attention.figures import PREC, Figures, Pair, Place, Spread, capacity, contexts, quantisation
from relverify.certify.linear import Balls, length, singular_values, symmetric_eigenvalues
from relverify.rigor.intervals import Intervals

RESOLUTION = 2.0**20


def figures(
    place: Place, query: Balls, key: Balls, turned: Balls | None, eps: fmpq, moved: Pair, factor: Intervals
) -> Figures:
    """The figures of a head on n inputs.

    Parameters
    ----------
    place : Place
    query, key : Balls, shape (n, d)
        The features, the factor of the scores in the queries.
    turned : Balls or None
    eps, moved, factor
        See :func:`relverify.attention.ball.figures`.

    Returns
    -------
    Figures
        The sizes are those of the doubly centred scores.
    """
    size, count = query.shape[1], query.shape[0]
    rotated = key if turned is None else key @ turned.T
    scores = query @ rotated.T
    rows = _centred(scores)
    double = _centred(rows.T).T
    half = double * 0.5
    symmetric, antisymmetric = half + half.T, half - half.T
    eigenvalues, sigma = symmetric_eigenvalues(symmetric), singular_values(rows)
    negative = (-eigenvalues[0]).maximum(0.0) * Balls.of(fmpq(1, count)).interval
    lower = 0.0 if place.tied else _distance_below(scores, symmetric.mid, antisymmetric.mid)
    spread = _spread(query, key, turned is not None, factor)
    swing = _half_range(scores)
    # without any network there is still the best function of the query
    upper = 0.0 if place.tied else min(_distance_above(scores, rows.mid, symmetric.mid), swing[1])
    if turned is not None:
        swing = swing[0], max(swing[1], float((Intervals(np.float64(spread.query_norm)) * spread.key_norm).hi))
    product = float((Intervals(np.float64(spread.query_norm)) * spread.key_norm).hi)
    ends = scores.interval
    return Figures(
        place,
        size=_largest(double),
        symmetric=_largest(symmetric),
        antisymmetric=(0.0, 0.0) if place.tied else _largest(antisymmetric),
        negative=(0.0, 0.0) if place.tied else (max(float(negative.lo), 0.0), float(negative.hi)),
        signature=(int(np.sum(eigenvalues.lo > 0)), 0 if place.tied else int(np.sum(eigenvalues.hi < 0))),
        psd="proved" if place.tied else "refuted" if lower > 0 else "undecided",
        one_network=(max(lower, 0.0), upper),
        rank=(_needed(sigma.lo, moved[1]), _suffices(scores, rows.mid, size, moved[0])),
        swing=swing,
        context=contexts(swing, eps),
        capacity=min(capacity(product, size, eps), float(count)),
        scores=((float(ends.lo.min()), float(ends.hi.min())), (float(ends.lo.max()), float(ends.hi.max()))),
        bits=quantisation(spread, eps),
        query_range=spread.query_range,
        key_range=spread.key_range,
        singular=tuple((max(float(sigma.lo[i]), 0.0), float(sigma.hi[i])) for i in range(min(size, count))),
    )


def _centred(matrix: Balls) -> Balls:
    """Less the mean of each row."""
    mean = (matrix @ np.ones(matrix.shape[1])) * Balls.of(fmpq(1, matrix.shape[1]))
    return matrix - Balls(mean.mid[:, None], mean.rad[:, None])


def _largest(matrix: Balls) -> Pair:
    sizes = abs(matrix.interval)
    return float(sizes.lo.max()), float(sizes.hi.max())


def _half_range(matrix: Balls) -> Pair:
    """Half the largest difference within a row."""
    ends = matrix.interval
    low = Intervals(ends.lo.max(axis=1)) - Intervals(ends.hi.min(axis=1))
    high = Intervals(ends.hi.max(axis=1)) - Intervals(ends.lo.min(axis=1))
    return max(float(low.lo.max()) / 2, 0.0), float(high.hi.max()) / 2


def _distance_below(scores: Balls, symmetric: np.ndarray, antisymmetric: np.ndarray) -> float:
    """The best of a few certificates, each evaluated with proved rounding."""
    best, flat = 0.0, Balls(scores.mid.ravel(), scores.rad.ravel())
    for matrix in _certificates(scores.mid, symmetric, antisymmetric):
        total = int(np.abs(matrix).sum())
        if total and not matrix.sum(axis=1).any():
            # integers below 2^53, so exact as floats
            value = -(flat @ matrix.ravel().astype(np.float64)).interval
            best = max(best, float((value / total).lo))
    return best


def _certificates(scores: np.ndarray, symmetric: np.ndarray, antisymmetric: np.ndarray) -> Iterator[np.ndarray]:
    """Integer matrices whose rows sum to 0: PSD, antisymmetric, or both added."""
    n = len(scores)
    if n < 2:
        return
    negative = _integers(np.linalg.eigh(symmetric)[1][:, 0])
    yield np.outer(negative, negative)
    # two points
    diagonal = np.diagonal(scores)
    i, j = divmod(int(np.argmin(diagonal[:, None] + diagonal - scores - scores.T)), n)
    pair = np.zeros(n, dtype=np.int64)
    pair[i], pair[j] = 1, -1
    yield np.outer(pair, pair) * int(i != j)
    if n < 3:
        return
    left, _, right = np.linalg.svd(antisymmetric)
    for sign in (1, -1):
        x, y = _integers(left[:, 0]), _integers(sign * right[0])
        skew = np.outer(x, y) - np.outer(y, x)
        yield skew
        yield np.outer(negative, negative) + skew
    # three points
    turn = scores - scores.T
    i, j = divmod(int(np.argmax(turn)), n)
    k = int(np.argmax(turn[i, j] + turn[j] + turn[:, i]))
    cycle = np.zeros((n, n), dtype=np.int64)
    for a, b in itertools.pairwise((i, j, k, i)):
        cycle[a, b] -= 1
        cycle[b, a] += 1
    yield cycle


def _integers(vector: np.ndarray) -> np.ndarray:
    """Integers near the multiples of a vector that sum to 0."""
    scale = RESOLUTION / max(float(np.abs(vector).max()), 1e-300)
    rounded = np.rint(vector * scale).astype(np.int64)
    rounded[int(np.argmax(np.abs(rounded)))] -= int(rounded.sum())
    return rounded


def _distance_above(scores: Balls, rows: np.ndarray, symmetric: np.ndarray) -> float:
    values, vectors = np.linalg.eigh((symmetric + symmetric.T) / 2)
    kept = values > 0
    factor = vectors[:, kept] * np.sqrt(values[kept])
    lift = 1e-13 * max(float(np.abs(values).max(initial=0.0)), 1e-280)
    kernel = Balls.exact(factor) @ factor.T if kept.any() else Balls.exact(np.zeros_like(rows))
    return _half_range(scores - kernel - (lift * np.eye(len(rows)) + rows.mean(axis=0)))[1]


def _suffices(scores: Balls, rows: np.ndarray, size: int, moved: float) -> int:
    left, sigma, right = np.linalg.svd(rows)
    low, high = -1, min(size, len(rows))

    def error(features: int) -> float:
        if features == 0:
            return _half_range(scores)[1]
        product = Balls.exact(left[:, :features] * sigma[:features]) @ right[:features]
        return _half_range(scores - product)[1]

    if not error(high) <= moved:
        return size
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if error(middle) <= moved else (middle, high)
    return high


def _needed(sigma: np.ndarray, moved: float) -> int:
    """Features needed: what d of them leave of the matrix has at least this root mean square."""
    found = 0
    with ctx.workprec(PREC):
        squares = [arb(max(float(s), 0.0)) ** 2 for s in sigma]
        rest = sum(squares, arb(0))
        allowed = (arb(moved) * len(sigma)) ** 2
        for square in squares:
            if not rest > allowed:
                break
            found += 1
            rest = rest - square
    return found


def _spread(query: Balls, key: Balls, rotary: bool, factor: Intervals) -> Spread:
    mean = key.mid.mean(axis=0)
    centred = key if rotary else key - mean
    ones = np.ones(key.shape[1])

    def norm(vectors: Balls) -> float:
        return max(float(length(vectors[i]).hi) for i in range(vectors.shape[0]))

    def largest(vectors: Balls) -> float:
        sizes = vectors.magnitude
        if rotary:
            half = sizes.shape[1] // 2
            sizes = (Intervals(sizes[:, :half]).square() + Intervals(sizes[:, half:]).square()).sqrt().hi
        return float(sizes.max())

    def total(vectors: Balls) -> float:
        if rotary:
            return math.inf
        return float((Balls.exact(vectors.magnitude) @ ones).interval.hi.max())

    return Spread(
        key.shape[1],
        norm(query),
        norm(centred),
        total(query),
        total(centred),
        float((Intervals(np.asarray(largest(query))) / factor).hi),
        largest(key),
        float(factor.hi),
    )
