"""Values of a symbol, read once: exact, in its domain, and enclosed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any

import sympy as sp
from flint import arb, ctx, fmpq

from relverify.core.symbols import domain
from relverify.errors import InputError
from relverify.rigor.decide import MAX_PREC, Verdict, decide
from relverify.rigor.enclose import to_arb
from relverify.rigor.exact import exact, plain

CAPACITY = 1024

# a symbol with the assumptions of a domain would make its test true
_BARE = sp.Symbol("value")


class Readings:
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

    Attributes
    ----------
    balls : dict
    """

    def __init__(self, prec: int, integer: bool, sign: str) -> None:
        self.prec, self.integer, self.sign = prec, integer, sign
        self.balls: dict[Any, arb] = {}
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
        ball = None if key is None else self.balls.get(key)
        if ball is not None:
            return ball
        ratio = (value, 1) if kind is int else key if kind is Fraction else plain(value) if kind is str else None
        if ratio is not None and self._contains(*ratio):
            ball = self._enclose(fmpq(*ratio))
        else:
            number = exact(value, symbol.name)
            if self.integer and not number.is_integer:
                raise InputError(symbol.name, f"{number} is not an integer", domain(symbol))
            if self.test is not None:
                self._require(number, symbol)
            ball = self._enclose(number)
        if key is not None and self.prec <= MAX_PREC:
            if len(self.balls) >= CAPACITY:
                self.balls.clear()
            self.balls[key] = ball
        return ball

    def _contains(self, p: int, q: int) -> bool:
        return (not self.integer or p % q == 0) and (p > 0 or self.sign == "" or (p == 0 and self.sign != "positive"))

    def _enclose(self, number: Any) -> arb:
        if ctx.prec == self.prec:
            return to_arb(number)
        with ctx.workprec(self.prec):
            return to_arb(number)

    def _require(self, number: sp.Expr, symbol: sp.Symbol) -> None:
        verdict = decide(self.test, {_BARE: number}).verdict
        if verdict is not Verdict.PROVED:
            shown = str(self.test).replace(_BARE.name, symbol.name)
            holds = "does not hold" if verdict is Verdict.REFUTED else "could not be decided"
            raise InputError(symbol.name, f"{shown} {holds} at {symbol.name}={number}", shown)


Domains = tuple[Readings, ...]


def finder(
    names: Sequence[str], domains: Sequence[Readings], function: Callable[..., Any]
) -> Callable[[Mapping[str, Any]], tuple[tuple[Any, ...], Any]]:
    """A function that looks up the balls of all values of a call, and applies another function to them.

    It is written out, since a loop would take as long as many a bound. Only the three types that are kept are looked
    up: values of other types may equal them (True, 1.0).

    Parameters
    ----------
    names : sequence of str
        The names of the values.
    domains : sequence of Readings
        The domain of each.
    function : callable
        Takes the balls in the order of the names.

    Returns
    -------
    callable
        Given the values by name, returns the values in order and the result; raises KeyError where something was not
        read before.

    Examples
    --------
    >>> from relverify.core.symbols import a, b
    >>> real = domains_of((a, b), 53)
    >>> real[0].read("2", a), real[1].read(1, b)
    (2.00000000000000, 1.00000000000000)
    >>> finder(["a", "b"], real, lambda a, b: a + b)({"b": 1, "a": "2"})
    (('2', 1), 3.00000000000000)
    """
    numbers = range(len(names))
    lines = ["def found(given):"]
    for i in numbers:
        lines.append(f"    v{i} = given[{names[i]!r}]; k = type(v{i})")
        other = f"t{i}[v{i}.as_integer_ratio() if k is Fraction else None]"
        lines.append(f"    b{i} = t{i}[v{i}] if k is str or k is int else {other}")
    values, balls = ("".join(f"{letter}{i}, " for i in numbers) for letter in "vb")
    lines.append(f"    return ({values}), function({balls})")
    namespace = {"function": function, "Fraction": Fraction, **{f"t{i}": domains[i].balls for i in numbers}}
    exec(compile("\n".join(lines), "<finder>", "exec"), namespace)
    return namespace["found"]  # type: ignore[return-value]


@lru_cache(maxsize=64)
def _readings(prec: int, integer: bool, sign: str) -> Readings:
    return Readings(prec, integer, sign)


def domains_of(symbols: Sequence[sp.Symbol], prec: int) -> Domains:
    """The readings of the domains of several symbols at a precision, shared by all theorems."""

    def sign(symbol: sp.Symbol) -> str:
        return "positive" if symbol.is_positive else "nonnegative" if symbol.is_nonnegative else ""

    return tuple(_readings(prec, bool(s.is_integer), sign(s)) for s in symbols)
