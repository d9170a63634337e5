"""Certified integers: counts are ceilings that have been decided, never rounded floats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy as sp
from flint import ctx

from relverify.errors import InputError
from relverify.rigor.decide import MAX_PREC, START_PREC, is_zero
from relverify.rigor.enclose import enclose
from relverify.rigor.exact import exact


def ceiling(
    expression: sp.Expr, values: Mapping[sp.Symbol, Any] | None = None, max_prec: int = MAX_PREC, name: str = "ceiling"
) -> int:
    """The least integer that is not below an expression, decided.

    Parameters
    ----------
    expression : Expr
        Free of floats.
    values : mapping of Symbol to exact number, optional
        Every free symbol.
    max_prec : int
        Where doubling of the precision ends.
    name : str, optional
        How errors name the value.

    Returns
    -------
    int

    Raises
    ------
    InputError
        If the value is not finite, or no precision decides it.

    Examples
    --------
    >>> eps = sp.Symbol("eps")
    >>> ceiling(sp.sqrt(1 / eps), {eps: "1e-4"})
    100
    >>> ceiling(sp.sqrt(1 / eps), {eps: "0.0000999"})
    101
    """
    exacts = {symbol: exact(value, symbol.name) for symbol, value in (values or {}).items()}
    prec = START_PREC
    while prec <= max_prec:
        ball = enclose(expression, exacts, prec)
        if ball.is_finite():
            with ctx.workprec(prec):
                integer = ball.ceil().unique_fmpz()
            if integer is not None and not ball.contains_integer():
                return int(integer)
            nearest = ball.unique_fmpz()
            if nearest is not None and is_zero(expression.subs(exacts) - int(nearest)):
                return int(nearest)
            if integer is not None and ball.is_exact():
                return int(integer)
        elif prec >= 512:
            raise InputError(name, f"{expression} has no finite value here", "parameters where it is finite")
        prec *= 2
    raise InputError(name, f"{expression} is too close to an integer to be decided at {max_prec} bits")


def floor(expression: sp.Expr, values: Mapping[sp.Symbol, Any] | None = None, max_prec: int = MAX_PREC) -> int:
    """The largest integer that is not above an expression, decided; see :func:`ceiling`.

    Examples
    --------
    >>> floor(sp.log(8, 2)), floor(sp.pi)
    (3, 3)
    """
    return -ceiling(-expression, values, max_prec, "floor")
