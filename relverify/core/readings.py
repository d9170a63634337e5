"""Values of a symbol, read once: exact, in its domain, and enclosed."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any

import sympy as sp
from flint import arb, ctx

from relverify.core.symbols import domain
from relverify.errors import InputError
from relverify.rigor.decide import MAX_PREC, Verdict, decide
from relverify.rigor.enclose import to_arb
from relverify.rigor.exact import exact

CAPACITY = 1024

# a symbol with the assumptions of a domain would make its test true
_BARE = sp.Symbol("value")


class Readings(dict[Any, arb]):
    """The balls of the values of one domain that were read before, at one precision.

    The keys are ints, texts and, for fractions, pairs of ints. A value that is not exact, or not in the domain, never
    enters, so that a value that is found needs no further check.

    Parameters
    ----------
    prec : int
        In bits.
    integer : bool
        Whether the domain consists of integers.
    sign : {"positive", "nonnegative", ""}
        Which real numbers it contains.
    """

    def __init__(self, prec: int, integer: bool, sign: str) -> None:
        super().__init__()
        self.prec, self.integer = prec, integer
        self.test = {"positive": sp.Gt(_BARE, 0), "nonnegative": sp.Ge(_BARE, 0), "": None}[sign]

    def read(self, value: Any, symbol: sp.Symbol) -> arb:
        """Read a value and enclose it.

        Parameters
        ----------
        value : exact number
            See :func:`relverify.rigor.exact.exact`.
        symbol : Symbol
            Names the value in errors.

        Returns
        -------
        arb

        Raises
        ------
        InputError
            If the value is not exact or outside the domain.
        """
        kind = type(value)
        key = value.as_integer_ratio() if kind is Fraction else value if kind is int or kind is str else None
        ball = None if key is None else self.get(key)
        if ball is not None:
            return ball
        number = exact(value, symbol.name)
        if self.integer and not number.is_integer:
            raise InputError(symbol.name, f"{number} is not an integer", domain(symbol))
        if self.test is not None:
            self._require(number, symbol)
        with ctx.workprec(self.prec):
            ball = to_arb(number)
        if key is not None and self.prec <= MAX_PREC:
            if len(self) >= CAPACITY:
                self.clear()
            self[key] = ball
        return ball

    def _require(self, number: sp.Expr, symbol: sp.Symbol) -> None:
        if number.is_Rational and (number.p > 0 or (number.p == 0 and isinstance(self.test, sp.GreaterThan))):
            return
        verdict = decide(self.test, {_BARE: number}).verdict
        if verdict is not Verdict.PROVED:
            shown = str(self.test).replace(_BARE.name, symbol.name)
            holds = "does not hold" if verdict is Verdict.REFUTED else "could not be decided"
            raise InputError(symbol.name, f"{shown} {holds} at {symbol.name}={number}", shown)


Domains = tuple[Readings, ...]


@lru_cache(maxsize=64)
def _readings(prec: int, integer: bool, sign: str) -> Readings:
    return Readings(prec, integer, sign)


def domains_of(symbols: Sequence[sp.Symbol], prec: int) -> Domains:
    """The readings of the domains of several symbols at a precision, shared between all theorems."""

    def sign(symbol: sp.Symbol) -> str:
        return "positive" if symbol.is_positive else "nonnegative" if symbol.is_nonnegative else ""

    return tuple(_readings(prec, bool(s.is_integer), sign(s)) for s in symbols)
