"""Features that an error needs: singular values and nonsingular matrices of values, found in float64 and proved."""

from __future__ import annotations

import flint
import numpy as np
from flint import arb, arb_mat, fmpq, fmpq_mat

from relverify.errors import InputError
from relverify.rigor.enclose import endpoints

MAX_SIGNS = 12
PRECISION, DIGITS = 384, (40, 90)


def sign_norm(matrix: fmpq_mat) -> tuple[fmpq, list[int]]:
    """The largest sum of s_i P_ij t_j over signs s and t: the norm of P from the maximum norm to the 1-norm.

    Parameters
    ----------
    matrix : fmpq_mat, shape (n, m)

    Returns
    -------
    norm : fmpq
        Exact up to ``MAX_SIGNS`` columns, else the sum of all ``|P_ij|``, which is not less.
    signs : list of int, length m
        The signs t that attain it; empty where they were not sought.

    Examples
    --------
    >>> sign_norm(fmpq_mat([[1, 1], [1, -1]]))
    (2, [1, 1])
    """
    rows, columns = matrix.nrows(), matrix.ncols()
    total = sum((abs(v) for v in matrix.entries()), fmpq(0))
    if columns > MAX_SIGNS:
        return total, []
    numerators, _ = matrix.numer_denom()
    table = [[int(v) for v in row] for row in numerators.tolist()]
    signs, sums = [1] * columns, [sum(row) for row in table]
    best, found = sum(map(abs, sums)), list(signs)
    # Gray code: one sign changes at a time, and the first never, since −t gives the same sum
    for step in range(1, 1 << (columns - 1)):
        j = columns - 1 - ((step & -step).bit_length() - 1)
        signs[j] = -signs[j]
        for i in range(rows):
            sums[i] += 2 * signs[j] * table[i][j]
        if (value := sum(map(abs, sums))) > best:
            best, found = value, list(signs)
    column = matrix * fmpq_mat(columns, 1, found)
    return sum((abs(v) for v in column.entries()), fmpq(0)), found


def minor_bound(matrix: fmpq_mat) -> fmpq:
    """The distance of a square matrix to the singular ones, entry by entry (*rank-lower-minor*); 0 if it is singular.

    Examples
    --------
    >>> minor_bound(fmpq_mat([[1, 1], [1, -1]]))
    1
    """
    if matrix.det() == 0:
        return fmpq(0)
    return 1 / sign_norm(matrix.inv())[0]


def eigenvalues(matrix: fmpq_mat, width: fmpq) -> list[tuple[fmpq, fmpq]]:
    """Enclose the eigenvalues of a symmetric matrix, in decreasing order.

    Parameters
    ----------
    matrix : fmpq_mat, shape (n, n)
        Symmetric.
    width : fmpq
        The widest enclosure that is accepted.

    Returns
    -------
    list of (fmpq, fmpq)
        Lower and upper ends, one pair an eigenvalue with its multiplicity.

    Raises
    ------
    InputError
        If the matrix is not symmetric, or its eigenvalues were not found so accurately.

    Notes
    -----
    With V near orthogonal, the eigenvalues of V'GV are those of G times factors between the extreme eigenvalues of V'V
    (Ostrowski), and they differ from its diagonal by at most the norm of the rest (Weyl). V is found in float64, or
    else by mpmath; multiple eigenvalues need no care.

    Examples
    --------
    >>> [(round(float(a), 6), round(float(b), 6)) for a, b in eigenvalues(fmpq_mat([[0, 2], [2, 0]]), fmpq(1, 10**9))]
    [(2.0, 2.0), (-2.0, -2.0)]
    """
    if matrix != matrix.transpose():
        raise InputError("matrix", "is not symmetric", "a symmetric matrix")
    with flint.ctx.workprec(PRECISION):
        G = arb_mat(matrix)
        # entries scaled to at most 1, so that float64 holds them
        largest = max((abs(v) for v in matrix.entries()), default=fmpq(0)) or fmpq(1)
        guess = np.linalg.eigh(np.array([[float(v / largest) for v in row] for row in matrix.tolist()]))[1]
        V = arb_mat(guess.tolist())
        for digits in (*DIGITS, 0):
            V = _orthonormal(V)
            found = _enclosed(V.transpose() * G * V, V.transpose() * V)
            if found is not None and all(high - low <= width for low, high in found):
                return found
            if digits:
                V = _eigenvectors(matrix, digits)
    raise InputError("matrix", f"has eigenvalues that were not enclosed within {width}", "another choice of points")


def _eigenvectors(matrix: fmpq_mat, digits: int) -> arb_mat:
    """Eigenvectors by mpmath at a number of digits: a guess, no part of a proof."""
    import mpmath

    mp = mpmath.MPContext()
    mp.dps = digits
    rows = [[mp.mpf(int(v.p)) / int(v.q) for v in row] for row in matrix.tolist()]
    vectors = mp.eigsy(mp.matrix(rows))[1]
    return arb_mat([[arb(mp.nstr(v, digits)).mid() for v in row] for row in vectors.tolist()])


def _orthonormal(V: arb_mat) -> arb_mat:
    """Newton and Schulz's iteration towards the nearest orthogonal matrix, without its rounding errors."""
    for _ in range(5):
        V = (V * 3 - V * (V.transpose() * V)).mid() / 2
        V = V.mid()
    return V


def _enclosed(B: arb_mat, square: arb_mat) -> list[tuple[fmpq, fmpq]] | None:
    n = B.nrows()
    rest, apart = arb(0), arb(0)
    for i in range(n):
        for j in range(n):
            rest += B[i, j] * B[i, j] if i != j else arb(0)
            difference = square[i, j] - (1 if i == j else 0)
            apart += difference * difference
    norm, share = rest.abs_upper().sqrt(), apart.abs_upper().sqrt()
    factor = 1 + share * arb(0, 1)
    if not (factor.is_finite() and factor > 0):
        return None
    pairs = []
    for middle in sorted((B[i, i] for i in range(n)), key=lambda b: b.mid(), reverse=True):
        ball = (middle + norm * arb(0, 1)) / factor
        if not ball.is_finite():
            return None
        pairs.append(endpoints(ball))
    # the i-th largest lower and upper ends bound the i-th largest eigenvalue
    lows, highs = (sorted((pair[k] for pair in pairs), reverse=True) for k in (0, 1))
    return list(zip(lows, highs, strict=True))
