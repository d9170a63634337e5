"""Features that an error needs: singular values and nonsingular matrices of values, found in float64 and proved."""

from __future__ import annotations

import flint
from flint import acb_mat, arb, fmpq, fmpq_mat

from relverify.errors import InputError
from relverify.rigor.enclose import endpoints

MAX_SIGNS = 12
MAX_PRECISION = 8192


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
        If no precision up to ``MAX_PRECISION`` suffices.

    Examples
    --------
    >>> [(round(float(a), 6), round(float(b), 6)) for a, b in eigenvalues(fmpq_mat([[0, 2], [2, 0]]), fmpq(1, 10**9))]
    [(2.0, 2.0), (-2.0, -2.0)]
    """
    if matrix != matrix.transpose():
        raise InputError("matrix", "is not symmetric", "a symmetric matrix")
    prec = 128
    while prec <= MAX_PRECISION:
        with flint.ctx.workprec(prec):
            try:
                balls: list[arb] = [v.real for v in acb_mat(matrix).eig(multiple=True)]
            except ValueError:
                balls = [arb.nan()]
            ends = [endpoints(ball) if ball.is_finite() else None for ball in balls]
        pairs = [pair for pair in ends if pair is not None]
        if len(pairs) == matrix.nrows() and all(high - low <= width for low, high in pairs):
            return sorted(pairs, reverse=True)
        prec *= 2
    raise InputError("matrix", f"has eigenvalues that {MAX_PRECISION} bits do not separate", "another choice of points")
