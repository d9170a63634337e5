"""The gap of continuous utilities in random contexts, proved from their derivatives."""

from __future__ import annotations

from typing import Any

import sympy as sp
from flint import arb, ctx, fmpq

from relverify.attention.gap import gap_quantile
from relverify.attention.selection import predict
from relverify.certify.compiled import rational_ends
from relverify.core.box import Box, parse_box
from relverify.errors import InputError
from relverify.relations.parse import parse_relation
from relverify.relations.relation import Relation, from_expression
from relverify.relations.sup import supremum
from relverify.rigor.enclose import endpoints
from relverify.rigor.exact import from_fmpq, to_fmpq

PREC = 128


def modulo_queries(utility: Any) -> Relation:
    """A utility without the terms that depend on the query alone, which attention does not see.

    Examples
    --------
    >>> modulo_queries("-(x-y)**2").expr
    2*x*y - y**2
    """
    found = parse_relation(utility, "utility")
    if not found.one_dimensional:
        raise InputError("utility", f"{found.text} has inputs of several dimensions", "a function of numbers x, y")
    (symbol,) = found.y_symbols
    kept = [t for t in sp.Add.make_args(sp.expand(found.expr)) if t.has(symbol)]
    if len(kept) == len(sp.Add.make_args(sp.expand(found.expr))):
        return found
    return from_expression(sp.Add(*kept))


def retrieval_gap(
    utility: Any, x: Box | str, y: Box | str | None = None, *, n: int, gamma: Any = None, eta: Any = None
) -> fmpq:
    """A gap that the best of n independent uniform items is proved to have with probability 1 - gamma, or eta itself.

    Parameters
    ----------
    utility : str or Relation
        Strictly monotone, or strictly concave or convex, in y for every x, with derivatives that prove it.
    x, y : Box or str
    n : int
    gamma, eta : exact number
        One of the two.

    Returns
    -------
    fmpq

    Raises
    ------
    InputError
        If neither is proved.

    Notes
    -----
    The distribution function F of u(x, Y) makes F(u(x, Y)) uniform, so its gap t has the law *gap-law*, and over a gap
    eta of u it differs by at most ``|{s - eta < u(x, .) <= s}|/L``. With ``|u_y| >= mu`` that set has a length of at
    most eta/mu; with ``|u_yy| >= m`` it consists of at most two intervals, each no longer than ``sqrt(2*eta/m)``. So
    eta is ``mu*t*L`` or ``m*(t*L)**2/8``, whichever is larger.

    Examples
    --------
    >>> found = retrieval_gap("exp(x*y)/2 + y", "[0,1]", n=8, gamma="1/10")
    >>> bool(fmpq(13, 1000) < found < fmpq(14, 1000))
    True
    """
    boxes = parse_box(x, "x"), parse_box(x if y is None else y, "y")
    reduced = modulo_queries(utility)
    if (gamma is None) == (eta is None):
        raise InputError("gamma", "or eta is needed, and not both", "one of the two")
    if eta is not None:
        margin = to_fmpq(eta, "eta")
        if margin <= 0:
            raise InputError("eta", f"{eta} is not positive", "a number > 0")
        return margin
    with ctx.workprec(PREC):
        quantile = endpoints(gap_quantile(n, to_fmpq(gamma, "gamma"), PREC))[0]
    low, high = rational_ends(boxes[1], "y")
    length, (slope, down, up) = (high - low) * quantile, _derivatives(reduced, *boxes)
    margin = max(slope * length, max(down, up) * length**2 / 8)
    if margin <= 0:
        problem = f"{reduced.text} is not proved to be strictly monotone, concave or convex in y"
        raise InputError("utility", problem, "eta in place of gamma")
    return _short(margin)


def required_gap(
    utility: Any, x: Box | str, y: Box | str | None = None, *, n: int, eps: Any, gamma: Any = None, eta: Any = None
) -> tuple[fmpq, fmpq]:
    """The gap to build for, and the distance within which items need none (*attention-selection-near*).

    Parameters
    ----------
    utility, x, y, n, gamma, eta
        See :func:`retrieval_gap`.
    eps : exact number > 0

    Returns
    -------
    eta, near : fmpq
        With ``near == 0`` the gap is one above all other items.

    Notes
    -----
    Let ``m <= -u_yy <= M`` and ``k = sqrt(M/m)``, and let y* be the greatest point of u(x, .). An item lies within r of
    y* with probability 1 - gamma, ``r = L(1 - gamma**(1/n))``, where r is at most L/2. With the slope g at y*, which is
    0 inside the interval, its utility is short of the greatest one by at most ``g*r + M*r**2/2``, that of an item at
    distance d by at least ``g*d + m*d**2/2``. So the best item lies within k*r of y*, and one farther than `near` from
    it is at least ``m*near*(near - 2*k*r)/2`` below it, for ``near >= 2*k*r``.

    Examples
    --------
    >>> wide, near = required_gap("-(x-y)**2", "[0,1]", n=512, eps="1/10", gamma="1/10")
    >>> wide > 10**5 * retrieval_gap("-(x-y)**2", "[0,1]", n=512, gamma="1/10"), bool(near < fmpq(1, 10))
    (True, True)
    """
    plain = retrieval_gap(utility, x, y, n=n, gamma=gamma, eta=eta)
    if gamma is None:
        return plain, fmpq(0)
    boxes, reduced = (parse_box(x, "x"), parse_box(x if y is None else y, "y")), modulo_queries(utility)
    (low, high), allowed = rational_ends(boxes[1], "y"), to_fmpq(eps, "eps")
    length, (_, down, _) = high - low, _derivatives(reduced, *boxes)
    choices = [(plain, fmpq(0))]
    if down > 0:
        (second,) = reduced.y_symbols
        most = supremum(reduced.expr.diff(second, 2), _cell(reduced, *boxes))
        with ctx.workprec(PREC):
            r = arb(length) * (1 - arb(to_fmpq(gamma)).root(n))
            reach = endpoints((arb(to_fmpq(most)) / arb(down)).sqrt() * r)[1]
            short = bool(r <= arb(length) / 2)
        for share in range(1, 16):
            near = allowed * fmpq(share, 16)
            if short and 2 * reach < near < length:
                choices.append((_short(down * near * (near - 2 * reach) / 2), near))

    def temperature(choice: tuple[fmpq, fmpq]) -> fmpq:
        margin, near = choice
        return predict(n, margin, fmpq(1, 2), from_fmpq(length - near), from_fmpq(allowed - near))[0]

    return min(choices, key=temperature)


def _short(value: fmpq) -> fmpq:
    """A positive number rounded down to 40 bits, for cheap exact arithmetic."""
    scale = fmpq(2) ** (40 + int(value.q).bit_length() - int(value.p).bit_length())
    return fmpq((value * scale).floor()) / scale


def _cell(utility: Relation, x: Box, y: Box) -> dict[Any, tuple[fmpq, fmpq]]:
    return {utility.x_symbols[0]: rational_ends(x, "x"), utility.y_symbols[0]: rational_ends(y, "y")}


def _derivatives(utility: Relation, x: Box, y: Box) -> tuple[fmpq, fmpq, fmpq]:
    """Lower bounds of inf |u_y|, inf -u_yy and inf u_yy, each 0 unless it is positive."""
    (second,), cell = utility.y_symbols, _cell(utility, x, y)
    slope = utility.expr.diff(second)
    curve = slope.diff(second)
    return max(_least(slope, cell), _least(-slope, cell)), _least(-curve, cell), _least(curve, cell)


def _least(expression: sp.Expr, cell: dict[Any, tuple[fmpq, fmpq]]) -> fmpq:
    """A lower bound of inf f, or 0."""
    try:
        size = supremum(expression, cell)
        return max(to_fmpq(size - supremum(size - expression, cell)), fmpq(0))
    except ArithmeticError:
        return fmpq(0)
