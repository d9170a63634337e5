"""The distance of a relation to the kernels of one network with itself (*indefinite-lower*).

A convex program in float64 finds, for the values R of a relation at some points, the nearest PSD matrix and with it
the multipliers W + A of the bound. W is moved to the nearest PSD matrix, both are rounded to rationals with a small
multiple of the identity for W, and the bound is proved again in rational arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpq, fmpq_mat, fmpz

from relverify.core.box import Box
from relverify.errors import InputError, MissingDependency
from relverify.lower.values import Point, Values, enclosed_values, float_values, grid, rational_points
from relverify.relations.relation import Relation
from relverify.spaces.rkhs import ldlt

# multiples of 2**-ROUNDING for multipliers whose absolute values add up to 1
ROUNDING = 56
START, LARGEST, ROUNDS = 17, 24, 4


@dataclass(frozen=True)
class IndefiniteCertificate:
    """Points and matrices that prove a distance to all symmetric PSD kernels.

    Parameters
    ----------
    points : tuple of tuple of fmpq
    values : Values
        Of the relation at the pairs of points.
    W, A : fmpq_mat, shape (n, n)
        PSD and antisymmetric.
    bound : fmpq
        What they prove; 0 where they prove nothing.
    """

    points: tuple[Point, ...]
    values: Values
    W: fmpq_mat
    A: fmpq_mat
    bound: fmpq


@dataclass(frozen=True)
class Distance:
    """Proved bounds of the distance of a relation to the kernels of one network with itself.

    Parameters
    ----------
    lower : fmpq
        Every network with itself, of any size, errs by at least this.
    upper : fmpq or None
        Some network with itself errs by at most this; None where none was built.
    certificate : IndefiniteCertificate or None
        Of the lower bound; None where it is 0.
    reason : str
        What the upper bound rests on.
    """

    lower: fmpq
    upper: fmpq | None
    certificate: IndefiniteCertificate | None
    reason: str = ""


def distance_bound(matrix: fmpq_mat, W: fmpq_mat, A: fmpq_mat) -> fmpq:
    """The bound that W and A prove for a matrix of values, in rational arithmetic.

    Parameters
    ----------
    matrix, W, A : fmpq_mat, shape (n, n)

    Returns
    -------
    fmpq
        ``-<R, W + A> / sum |W_ij + A_ij|``.

    Raises
    ------
    InputError
        If W is not symmetric PSD, A is not antisymmetric, or both are 0.

    Examples
    --------
    >>> distance_bound(fmpq_mat([[-1]]), fmpq_mat([[1]]), fmpq_mat([[0]]))
    1
    >>> zero, skew = fmpq_mat(2, 2), fmpq_mat([[0, -1], [1, 0]])
    >>> distance_bound(fmpq_mat([[0, 1], [0, 0]]), zero, skew)
    1/2
    """
    if A.transpose() != -A:
        raise InputError("A", "is not antisymmetric", "a matrix with A' = -A")
    if not ldlt(W).psd:
        raise InputError("W", "is not positive semidefinite", "a symmetric PSD matrix")
    total = (W + A).entries()
    size = sum((abs(m) for m in total), fmpq(0))
    if size == 0:
        raise InputError("W", "and A are both 0", "matrices with W + A not 0")
    return -sum((r * m for r, m in zip(matrix.entries(), total, strict=True)), fmpq(0)) / size


def nearest_kernel(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The PSD matrix nearest to a matrix in its largest entry, and the multipliers, in float64.

    Parameters
    ----------
    values : ndarray, shape (n, n)
        Finite.

    Returns
    -------
    kernel : ndarray, shape (n, n)
    multipliers : ndarray, shape (n, n)
        W + A, about PSD after symmetrization; the absolute values add up to about 1.

    Raises
    ------
    MissingDependency
        If the solver Clarabel is not installed.

    Notes
    -----
    No part of a proof: what it returns is checked by :func:`distance_bound`.
    """
    try:
        import clarabel  # type: ignore[import-untyped]
        from scipy import sparse
    except ImportError:
        raise MissingDependency("clarabel", "all") from None
    n = len(values)
    # Clarabel's order of the upper triangle, column by column, off-diagonal entries times sqrt 2
    rows, columns = (index[np.lexsort((np.triu_indices(n)[0], np.triu_indices(n)[1]))] for index in np.triu_indices(n))
    count, scale = len(rows), np.where(rows == columns, 1.0, np.sqrt(0.5))
    high, low = (bound(values, values.T)[rows, columns] for bound in (np.maximum, np.minimum))
    # minimize eps where k + eps >= high, eps - k >= -low and k is PSD
    entries, ones = sparse.diags(scale), -np.ones((count, 1))
    constraints = sparse.bmat([[-entries, ones], [entries, ones], [-sparse.eye(count), None]], format="csc")
    cost = np.zeros(count + 1)
    cost[-1] = 1.0
    settings = clarabel.DefaultSettings()
    settings.verbose, settings.max_threads = False, 1
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = 1e-14
    solver = clarabel.DefaultSolver(
        sparse.csc_matrix((count + 1, count + 1)),
        cost,
        constraints,
        np.concatenate([-high, low, np.zeros(count)]),
        [clarabel.NonnegativeConeT(2 * count), clarabel.PSDTriangleConeT(n)],
        settings,
    )
    solution = solver.solve()
    above, below = np.split(np.array(solution.z)[: 2 * count], 2)
    multipliers = np.zeros((n, n))
    # a multiplier belongs to the entry, of the two of a pair, whose value is the high or the low one
    upper_first = values[rows, columns] >= values[columns, rows]
    tie = values[rows, columns] == values[columns, rows]
    for first, weight in ((upper_first, above), (~upper_first, -below)):
        share = np.where(tie, 0.5, 1.0) * weight
        np.subtract.at(multipliers, (rows, columns), np.where(first | tie, share, 0.0))
        np.subtract.at(multipliers, (columns, rows), np.where(~first | tie, share, 0.0))
    kernel = np.zeros((n, n))
    kernel[rows, columns] = kernel[columns, rows] = np.array(solution.x)[:count] * scale
    return kernel, multipliers


def certify_distance(relation: Relation, points: Sequence[Point]) -> IndefiniteCertificate | None:
    """Prove how far a relation is from all kernels, by its values at given points.

    Parameters
    ----------
    relation : Relation
        With as many coordinates of x as of y.
    points : sequence of tuple of fmpq

    Returns
    -------
    IndefiniteCertificate or None
        None where nothing was proved, as for every kernel.

    Examples
    --------
    >>> from relverify.relations import parse_relation
    >>> found = certify_distance(parse_relation("x - y"), [(fmpq(0),), (fmpq(1),)])
    >>> bool(fmpq(999, 1000) < found.bound <= 1)
    True
    """
    values = enclosed_values(relation, points, points)
    floats = np.array([[float(v) for v in row] for row in values.matrix.tolist()])
    _, multipliers = nearest_kernel(floats)
    rounded = rationalized(multipliers)
    if rounded is None:
        return None
    W, A = rounded
    bound = distance_bound(values.matrix, W, A) - values.slack
    return IndefiniteCertificate(tuple(points), values, W, A, bound) if bound > 0 else None


def rationalized(multipliers: np.ndarray) -> tuple[fmpq_mat, fmpq_mat] | None:
    """Rational W, exactly PSD, and antisymmetric A near float64 multipliers.

    Parameters
    ----------
    multipliers : ndarray, shape (n, n)

    Returns
    -------
    W, A : fmpq_mat, shape (n, n)
        None if they are 0, or become 0, or are not finite.
    """
    size = np.abs(multipliers).sum()
    if not 0 < size < np.inf:
        return None
    M = multipliers / size
    n, unit = len(M), fmpz(1) << ROUNDING
    sym, skew = (M + M.T) / 2, (M - M.T) / 2
    # the nearest PSD matrix costs less than lifting all eigenvalues; a shift of some units covers the rounding
    eigenvalues, vectors = np.linalg.eigh(sym)
    sym = (vectors * np.maximum(eigenvalues, 0.0)) @ vectors.T
    shift = 4 * n * 2.0**-ROUNDING
    for _ in range(8):
        W, A = fmpq_mat(n, n), fmpq_mat(n, n)
        for i in range(n):
            for j in range(i + 1):
                W[i, j] = W[j, i] = fmpq(round((sym[i, j] + (shift if i == j else 0.0)) * 2.0**ROUNDING), unit)
                A[i, j] = fmpq(round(skew[i, j] * 2.0**ROUNDING), unit)
                A[j, i] = -A[i, j]
        if ldlt(W).psd:
            return (W, A) if any(entry != 0 for entry in (W + A).entries()) else None
        shift *= 4
    return None


def distance(relation: Relation, box: Box, upper: bool = True) -> Distance:
    """Bound the distance of a relation to the kernels of one network with itself, from both sides.

    Parameters
    ----------
    relation : Relation
        With as many coordinates of x as of y.
    box : Box
        Of x and of y.
    upper : bool
        Build a network with itself too, for intervals.

    Returns
    -------
    Distance

    Notes
    -----
    Theorem *indefinite-lower*. The points are an equal grid at first; then those that the multipliers use, with
    points at ever smaller steps beside them. Adding points never makes the distance smaller.
    """
    if relation.symmetric and relation.psd_on(box):
        return Distance(fmpq(0), fmpq(0), None, f"{relation.text} is a PSD kernel: {relation.psd_reason}")
    best: IndefiniteCertificate | None = None
    points = grid(box, max(START, 3**box.dim))
    sides = np.array([float(s.hi - s.lo) for s in box.sides])
    step = sides / max(1, len(np.unique(points[:, 0])) - 1)
    for _ in range(ROUNDS):
        found = certify_distance(relation, sorted(set(rational_points(points, box))))
        if found is None:
            break
        if best is None or found.bound > best.bound:
            best = found
        points = _refined(best, box, step := step / 3)
    lower = fmpq(0) if best is None else best.bound
    if not upper or box.dim != 1:
        return Distance(lower, None, best, "no network was built")
    top, reason = _built(relation, box)
    return Distance(lower, top, best, reason)


def _refined(found: IndefiniteCertificate, box: Box, step: np.ndarray) -> np.ndarray:
    """The points with the largest multipliers, and neighbours of them in every coordinate."""
    total = found.W + found.A
    n = len(found.points)
    use = [sum(abs(float(total[i, j])) + abs(float(total[j, i])) for j in range(n)) for i in range(n)]
    order = sorted(range(n), key=lambda i: -use[i])
    kept = [i for i in order if use[i] > 1e-6 * max(use)][: max(2, LARGEST // (1 + 2 * box.dim))]
    low, high = (np.array([float(getattr(s, end)) for s in box.sides]) for end in ("lo", "hi"))
    centres = np.array([[float(c) for c in found.points[i]] for i in kept])
    beside = [centres + sign * step * axis for axis in np.eye(box.dim) for sign in (1, -1)]
    return np.clip(np.concatenate([centres, *beside]), low, high)


def _built(relation: Relation, box: Box, pieces: int = 32) -> tuple[fmpq | None, str]:
    """The error of the network that interpolates the nearest PSD matrix on a grid, proved."""
    from relverify.certify.vertex import vertex_certificate
    from relverify.networks.construct import interpolating_network
    from relverify.networks.knots import equal_nodes
    from relverify.rigor.exact import to_fmpq

    nodes = equal_nodes((to_fmpq(box[0].lo), to_fmpq(box[0].hi)), pieces)
    values = float_values(relation, nodes[:, None], nodes[:, None])
    if not np.isfinite(values).all():
        return None, "the relation is not finite on the grid"
    kernel, _ = nearest_kernel(values)
    eigenvalues, vectors = np.linalg.eigh((kernel + kernel.T) / 2)
    factor = vectors * np.sqrt(np.maximum(eigenvalues, 0.0))
    network = interpolating_network(nodes, factor)
    options: dict[str, Any] = {"within": "1.02", "max_cells": 100_000, "time_limit": 20.0}
    try:
        certificate = vertex_certificate(relation, network, None, box, **options)
    except InputError as error:
        return None, str(error)
    return certificate.upper, f"a network with itself of {network.hidden_units} units"
