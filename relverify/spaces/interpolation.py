"""Functions of least norm in the RKHS of a kernel, enclosed: norms, values, and what they leave open elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import flint
from flint import arb, arb_mat, fmpq

from relverify.errors import InputError
from relverify.relations.relation import Relation
from relverify.rigor.enclose import compile_arb
from relverify.rigor.exact import to_fmpq

MAX_PRECISION = 8192
ACCURATE = 40
Point = tuple[fmpq, ...]


@dataclass(frozen=True)
class LeastNorm:
    """The function ``f = sum_j a_j k(x_j, .)`` of least norm with given values at given points.

    Parameters
    ----------
    points : tuple of tuple of fmpq, length n
    values : tuple of fmpq, length n
    coefficients : tuple of arb, length n
    norm_squared : arb
        ``a'Ga``, the square of the norm of f; a lower bound for every function of the space with these values.
    prec : int
        The precision in bits at which the balls were found.
    """

    points: tuple[Point, ...]
    values: tuple[fmpq, ...]
    coefficients: tuple[arb, ...]
    norm_squared: arb
    prec: int
    _kernel: Callable[..., arb]
    _inverse: arb_mat

    def at(self, *point: Any) -> arb:
        """Enclose f at a point: the inner product ``<f, k(x, .)>``."""
        row = self._row(point)
        with flint.ctx.workprec(self.prec):
            return sum((a * k for a, k in zip(self.coefficients, row, strict=True)), arb(0))

    def power_squared(self, *point: Any) -> arb:
        """Enclose ``k(x, x) - k_x' G^-1 k_x``, the squared distance of k(x, .) to the span of the k(x_j, .)."""
        place = _point(point, len(self.points[0]))
        row = self._row(point)
        with flint.ctx.workprec(self.prec):
            column = arb_mat(len(row), 1, row)
            coordinates = [arb(c) for c in place]
            return self._kernel(*coordinates, *coordinates) - (column.transpose() * self._inverse * column)[0, 0]

    def deviation(self, norm: Any, *point: Any) -> arb:
        """How far every function of at most a given norm with the same values may be from f at a point.

        Parameters
        ----------
        norm : exact number
            At least the least norm.
        point : exact numbers

        Returns
        -------
        arb
            An upper bound, ``P(x) sqrt(norm^2 - |f|^2)``, and it is attained.
        """
        size = to_fmpq(norm, "norm")
        with flint.ctx.workprec(self.prec):
            left = arb(size * size) - self.norm_squared
            if left < 0:
                raise InputError("norm", f"{size} is less than the least norm", "a norm that a function can have")
            return (self.power_squared(*point).abs_upper() * left.abs_upper()).sqrt()

    def _row(self, point: Sequence[Any]) -> list[arb]:
        place = _point(point, len(self.points[0]))
        with flint.ctx.workprec(self.prec):
            return [self._kernel(*[arb(c) for c in node], *[arb(c) for c in place]) for node in self.points]


def least_norm(kernel: Relation, points: Sequence[Any], values: Sequence[Any]) -> LeastNorm:
    """The function of least norm in the space of a kernel with given values.

    Parameters
    ----------
    kernel : Relation
        Symmetric, PSD at the points.
    points : sequence of exact numbers, or of sequences of them
    values : sequence of exact rational numbers

    Returns
    -------
    LeastNorm

    Raises
    ------
    InputError
        If lengths differ, the Gram matrix is not proved positive definite, or the kernel is not symmetric.

    Notes
    -----
    Theorem *rkhs*. The Gram matrix is factored in balls; all pivots positive proves that it is positive definite.

    Examples
    --------
    >>> from relverify.relations import parse_relation
    >>> f = least_norm(parse_relation("gaussian(ell=1/2)"), ["0", "1/2"], [1, 0])
    >>> f.at("0").overlaps(arb(1)), f.at("1/2").contains(0)
    (True, True)
    """
    if not kernel.symmetric:
        raise InputError("kernel", f"{kernel.text} is not symmetric", "a symmetric PSD relation")
    dim = len(kernel.x_symbols)
    nodes = tuple(_point(p if isinstance(p, list | tuple) else (p,), dim) for p in points)
    targets = tuple(to_fmpq(v, "values") for v in values)
    if not nodes or len(nodes) != len(targets):
        raise InputError("values", f"has {len(targets)} entries for {len(nodes)} points", "one a point")
    function = compile_arb(kernel.expr, kernel.x_symbols + kernel.y_symbols)
    prec = 128
    while prec <= MAX_PRECISION:
        with flint.ctx.workprec(prec):
            G = arb_mat([[function(*[arb(c) for c in p], *[arb(c) for c in q]) for q in nodes] for p in nodes])
            if _definite(G):
                inverse = G.inv()
                column = arb_mat(len(targets), 1, [arb(v) for v in targets])
                solved = inverse * column
                square = (column.transpose() * solved)[0, 0]
                if square.rel_accuracy_bits() > ACCURATE or all(v == 0 for v in targets):
                    return LeastNorm(nodes, targets, tuple(solved.entries()), square, prec, function, inverse)
        prec *= 2
    problem = "have a Gram matrix that is not proved positive definite"
    raise InputError("points", problem, "different points of a kernel")


def _point(values: Sequence[Any], dim: int) -> Point:
    if len(values) != dim:
        raise InputError("points", f"a point has {len(values)} coordinates", f"{dim}, as the kernel has")
    return tuple(to_fmpq(v, "points") for v in values)


def _definite(G: arb_mat) -> bool:
    """Whether all pivots of Cholesky's factorization are proved positive."""
    n = G.nrows()
    rows = [[G[i, j] for j in range(n)] for i in range(n)]
    for k in range(n):
        if not rows[k][k] > 0:
            return False
        for i in range(k + 1, n):
            factor = rows[i][k] / rows[k][k]
            for j in range(k + 1, n):
                rows[i][j] = rows[i][j] - factor * rows[k][j]
    return True
