"""Reproducing kernel Banach spaces of two finite feature maps: pairings, and quotient norms with proved bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp
from flint import arb, ctx, fmpq, fmpq_mat

from relverify.errors import InputError
from relverify.rigor.decide import Decision, compare
from relverify.rigor.exact import exact, to_fmpq
from relverify.spaces.rkhs import matrix

STEPS = 200
BITS = 60


@dataclass(frozen=True)
class QuotientNorm:
    """The least norm of the vectors that represent a function, between two proved bounds.

    Parameters
    ----------
    representer : tuple of fmpq
        A vector w of the span with ``<w, phi(x_i)> = f(x_i)``, of nearly least norm.
    functional : tuple of fmpq
        A vector v, orthogonal to all that does not show in f; ``<w, v>/|v|_q`` is a lower bound.
    pairing : fmpq
        ``<w, v>``, the same for every representer w.
    p : Expr
        The exponent, or infinity.

    Examples
    --------
    >>> found = quotient_norm([[1, 1]], [2], [[1, 0], [0, 1]], 3)
    >>> found.decide_gap("1e-12").verdict
    <Verdict.PROVED: 'proved'>
    """

    representer: tuple[fmpq, ...]
    functional: tuple[fmpq, ...]
    pairing: fmpq
    p: sp.Expr

    def upper(self, prec: int = 128) -> arb:
        """Encloses the norm of the representer: no less than the least norm."""
        return norm(self.representer, self.p, prec)

    def lower(self, prec: int = 128) -> arb:
        """Encloses what the functional proves: by Hölder's inequality no representer is shorter."""
        if self.pairing == 0:
            return arb(0)
        with ctx.workprec(prec):
            return arb(self.pairing) / norm(self.functional, conjugate(self.p), prec)

    def decide_gap(self, relative: Any) -> Decision:
        """Whether upper <= (1 + relative) lower."""
        factor = 1 + to_fmpq(relative, "relative")
        return compare(self.upper, "<=", lambda prec: arb(factor) * self.lower(prec))


def exponent(p: Any) -> sp.Expr:
    """Read an exponent.

    Parameters
    ----------
    p : exact rational number >= 1, or ``"inf"``

    Raises
    ------
    InputError
        If it is none of these.

    Examples
    --------
    >>> exponent("inf"), exponent("4/3")
    (oo, 4/3)
    """
    if p in ("inf", "oo") or p is sp.oo:
        return sp.oo
    value = exact(p, "p")
    if not value.is_Rational or value < 1:
        raise InputError("p", f"{value} is not accepted", 'a rational number >= 1 or "inf"')
    return value


def conjugate(p: sp.Expr) -> sp.Expr:
    """The q with 1/p + 1/q = 1.

    Examples
    --------
    >>> conjugate(sp.Integer(1)), conjugate(sp.Integer(3)), conjugate(sp.oo)
    (oo, 3/2, 1)
    """
    if p == 1:
        return sp.oo
    return sp.Integer(1) if p == sp.oo else p / (p - 1)


def norm(vector: Sequence[Any], p: sp.Expr, prec: int = 128) -> arb:
    """The l_p norm of a rational vector, enclosed; exact for p = 1 and infinity where the precision holds it.

    Examples
    --------
    >>> norm([3, -4], sp.Integer(2)), norm([3, -4], sp.oo)
    (5.00000000000000, 4.00000000000000)
    """
    sizes = [abs(to_fmpq(v)) for v in vector]
    with ctx.workprec(prec):
        if p == sp.oo:
            return arb(max(sizes))
        if p == 1:
            return arb(sum(sizes, fmpq(0)))
        if p == 2:
            return arb(sum((size * size for size in sizes), fmpq(0))).sqrt()
        power = arb(to_fmpq(p))
        total = sum((arb(size) ** power for size in sizes if size), arb(0))
        return total ** (1 / power) if any(sizes) else arb(0)


def representer(phi: Sequence[Sequence[Any]], values: Sequence[Any], psi: Sequence[Sequence[Any]]) -> tuple[fmpq, ...]:
    """A vector w of the span of the psi(y_j) with ``<w, phi(x_i)> = values[i]``.

    Parameters
    ----------
    phi : sequence of rows, shape (n, d)
        Feature vectors phi(x_i).
    values : sequence of exact rational numbers, length n
    psi : sequence of rows, shape (m, d)
        Feature vectors psi(y_j).

    Raises
    ------
    InputError
        If the shapes differ, or no function of the space takes the values.

    Examples
    --------
    >>> representer([[1, 1]], [2], [[1, 0]])
    (2, 0)
    """
    return _solve(*_checked(phi, values, psi))


def pairing(
    phi: Sequence[Sequence[Any]], psi: Sequence[Sequence[Any]], f: Sequence[Any], g: Sequence[Any]
) -> fmpq:
    """The pairing of a function f of x and a function g of y, given by their values.

    Parameters
    ----------
    phi, psi : sequences of rows, shapes (n, d) and (m, d)
    f : sequence of exact rational numbers, length n
        ``f = <w, phi(.)>`` with w in the span of the psi(y_j).
    g : sequence of exact rational numbers, length m
        ``g = <v, psi(.)>`` with v in the span of the phi(x_i).

    Returns
    -------
    fmpq
        ``<w, v>``, which does not depend on the choice of w and v.

    Examples
    --------
    >>> phi, psi = [[1, 0, 1], [0, 1, 1]], [[1, 1, 0], [0, 1, 2]]
    >>> section = [sum(a * b for a, b in zip(phi[1], row)) for row in psi]
    >>> pairing(phi, psi, [2, 3], section)
    3
    """
    w, v = representer(phi, f, psi), representer(psi, g, phi)
    return sum((a * b for a, b in zip(w, v, strict=True)), fmpq(0))


def quotient_norm(
    phi: Sequence[Sequence[Any]], values: Sequence[Any], psi: Sequence[Sequence[Any]], p: Any
) -> QuotientNorm:
    """The least l_p norm of the w in the span of the psi(y_j) that represent a function, with a proved lower bound.

    Parameters
    ----------
    phi : sequence of rows, shape (n, d)
    values : sequence of exact rational numbers, length n
    psi : sequence of rows, shape (m, d)
    p : exact rational number >= 1, or ``"inf"``

    Returns
    -------
    QuotientNorm
        For p = 1 and infinity both bounds agree, by exact linear programming. For others the search is in float64,
        and both bounds are those of rational vectors that satisfy their conditions exactly.

    Raises
    ------
    InputError
        If the shapes differ, p is not an exponent, or no function of the space takes the values.

    Examples
    --------
    >>> found = quotient_norm([[1, 2]], [4], [[1, 0], [0, 1]], 1)
    >>> found.upper(), found.lower()
    (2.00000000000000, 2.00000000000000)
    """
    power = exponent(p)
    F, taken, span = _checked(phi, values, psi)
    start = fmpq_mat(span.ncols(), 1, list(_solve(F, taken, span)))
    moves = _invisible(F, span)
    if power in (1, sp.oo):
        w = start + moves * _least(start, moves, power) if moves.ncols() else start
        v = _steepest(start, moves, power)
    elif not moves.ncols():
        w, v = start, _power(start, power)
    elif power >= 2:
        w = start + moves * _descend(start, moves, power)
        v = _projected(_power(w, power), moves)
    else:
        # the dual problem is the smooth one: the shortest v orthogonal to the moves with <start, v> = |start|²
        seen = _projected(start, moves)
        if not any(seen.entries()):
            w, v = seen, seen
        else:
            hidden = _null_space(fmpq_mat([*moves.transpose().tolist(), list(seen.entries())]))
            v = seen + hidden * _descend(seen, hidden, conjugate(power)) if hidden.ncols() else seen
            w = _power(v, conjugate(power))
            scale = (seen.transpose() * seen)[0, 0] / (v.transpose() * w)[0, 0]
            w = start + _parallel(scale * w - start, moves)
    return QuotientNorm(tuple(w.entries()), tuple(v.entries()), (w.transpose() * v)[0, 0], power)


def _checked(phi: Any, values: Any, psi: Any) -> tuple[fmpq_mat, list[fmpq], fmpq_mat]:
    F, span = matrix(phi, "phi"), matrix(psi, "psi")
    if F.ncols() != span.ncols():
        raise InputError("psi", f"has {span.ncols()} columns", f"{F.ncols()}, as phi")
    if len(values) != F.nrows():
        raise InputError("values", f"has {len(values)} entries", f"{F.nrows()}, one a point")
    return F, [to_fmpq(v, "values") for v in values], span


def _solve(F: fmpq_mat, values: Sequence[fmpq], span: fmpq_mat) -> tuple[fmpq, ...]:
    """w = spanᵀ c with F w = values, by elimination."""
    A = F * span.transpose()
    n, m = A.nrows(), A.ncols()
    augmented = fmpq_mat(n, m + 1, [A[i, j] if j < m else values[i] for i in range(n) for j in range(m + 1)])
    reduced, rank = augmented.rref()
    c = fmpq_mat(m, 1)
    for i in range(rank):
        pivot = next(j for j in range(m + 1) if reduced[i, j] != 0)
        if pivot == m:
            raise InputError("values", "are not taken by any function of the space", "values of some <w, phi(x)>")
        c[pivot, 0] = reduced[i, m]
    return tuple((span.transpose() * c).entries())


def _null_space(A: fmpq_mat) -> fmpq_mat:
    """Columns that span the null space of a matrix."""
    reduced, rank = A.rref()
    pivots = [next(j for j in range(A.ncols()) if reduced[i, j] != 0) for i in range(rank)]
    free = [j for j in range(A.ncols()) if j not in pivots]
    basis = fmpq_mat(A.ncols(), len(free))
    for k, j in enumerate(free):
        basis[j, k] = fmpq(1)
        for i, pivot in enumerate(pivots):
            basis[pivot, k] = -reduced[i, j]
    return basis


def _invisible(F: fmpq_mat, span: fmpq_mat) -> fmpq_mat:
    """Independent columns that span the vectors of the span that are orthogonal to all phi(x_i)."""
    vectors = span.transpose() * _null_space(F * span.transpose())
    reduced, rank = vectors.transpose().rref()
    return fmpq_mat(span.ncols(), rank, [reduced[j, i] for i in range(span.ncols()) for j in range(rank)])


def _parallel(v: fmpq_mat, moves: fmpq_mat) -> fmpq_mat:
    """The part of v in the span of the moves, exactly."""
    inner = moves.transpose() * moves
    return moves * inner.solve(moves.transpose() * v)


def _projected(v: fmpq_mat, moves: fmpq_mat) -> fmpq_mat:
    """The part of v that is orthogonal to the moves, exactly."""
    return v - _parallel(v, moves) if moves.ncols() else v


def _power(w: fmpq_mat, p: sp.Expr) -> fmpq_mat:
    """A rational vector near sign(w)|w|^{p-1}, for the largest entry scaled to 1."""
    values = _floats(w)[:, 0]
    values = values / max(float(np.max(np.abs(values))), 1e-300)
    return _rational(np.sign(values) * np.abs(values) ** (float(p) - 1))


def _floats(A: fmpq_mat) -> np.ndarray:
    entries = [int(x.p) / int(x.q) for x in A.entries()]
    return np.array(entries).reshape(A.nrows(), A.ncols())


def _rational(values: np.ndarray) -> fmpq_mat:
    """Dyadic numbers with at most `BITS` binary places."""
    return fmpq_mat(len(values), 1, [fmpq(round(float(v) * 2**BITS), 2**BITS) for v in values])


def _descend(start: fmpq_mat, moves: fmpq_mat, p: sp.Expr) -> fmpq_mat:
    """Coordinates of the moves that make Σ |w_i|^p small, p >= 2: Newton's method with halved steps, in float64."""
    power, w = float(p), _floats(start)[:, 0]
    orthogonal, triangle = np.linalg.qr(_floats(moves))
    w = w - orthogonal @ (orthogonal.T @ w)
    scale = max(float(np.max(np.abs(w))), 1e-300)
    w, c = w / scale, np.zeros(orthogonal.shape[1])

    def value(c: np.ndarray) -> float:
        return float(np.sum(np.abs(w + orthogonal @ c) ** power))

    for _ in range(STEPS):
        now = w + orthogonal @ c
        gradient = orthogonal.T @ (np.sign(now) * np.abs(now) ** (power - 1))
        curvature = (power - 1) * np.clip(np.abs(now), 1e-6, None) ** (power - 2)
        step = np.linalg.lstsq(orthogonal.T * curvature @ orthogonal, gradient, rcond=None)[0]
        size, before = 1.0, value(c)
        while size > 1e-12 and not value(c - size * step) < before:
            size /= 2
        if size <= 1e-12:
            break
        c = c - size * step
    # the first shift of w is made in the same coordinates
    shift = orthogonal.T @ _floats(start)[:, 0]
    return _rational(np.linalg.solve(triangle, c * scale - shift))


def _least(start: fmpq_mat, moves: fmpq_mat, p: sp.Expr) -> fmpq_mat:
    """Coordinates of the moves at which the l_1 or the sup norm is least, by exact linear programming."""
    import z3

    d, m = moves.nrows(), moves.ncols()
    c = [z3.Real(f"c{j}") for j in range(m)]
    sizes = [z3.Real(f"s{i}") for i in range(d if p == 1 else 1)]
    optimum = z3.Optimize()
    for i in range(d):
        entry = z3.Sum([_number(start[i, 0]), *[_number(moves[i, j]) * c[j] for j in range(m)]])
        size = sizes[i if p == 1 else 0]
        optimum.add(entry <= size, -entry <= size)
    optimum.minimize(z3.Sum(sizes))
    return _taken(optimum, c)


def _steepest(start: fmpq_mat, moves: fmpq_mat, p: sp.Expr) -> fmpq_mat:
    """The v orthogonal to the moves, of dual norm at most 1, with the largest <start, v>: the dual program."""
    import z3

    d = moves.nrows()
    v, sizes = [z3.Real(f"v{i}") for i in range(d)], [z3.Real(f"s{i}") for i in range(d)]
    optimum = z3.Optimize()
    for entry, size in zip(v, sizes, strict=True):
        optimum.add(entry <= size, -entry <= size)
    optimum.add(*[size <= 1 for size in sizes] if p == 1 else [z3.Sum(sizes) <= 1])
    for j in range(moves.ncols()):
        optimum.add(z3.Sum([_number(moves[i, j]) * v[i] for i in range(d)]) == 0)
    optimum.maximize(z3.Sum([_number(start[i, 0]) * v[i] for i in range(d)]))
    return _taken(optimum, v)


def _number(value: fmpq) -> Any:
    import z3

    return z3.RatVal(int(value.p), int(value.q))


def _taken(optimum: Any, variables: Sequence[Any]) -> fmpq_mat:
    """The values at the optimum; that they are good is proved by the two bounds, not by the solver."""
    import z3

    if optimum.check() != z3.sat:
        raise ArithmeticError("the linear program was not solved")
    model = optimum.model()
    values = [model.eval(variable, model_completion=True) for variable in variables]
    return fmpq_mat(len(values), 1, [fmpq(v.numerator_as_long(), v.denominator_as_long()) for v in values])
