"""Bounds as functions: exact parameters in, enclosures out, with mpmath as the second opinion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mpmath
import sympy as sp
from flint import arb, ctx, fmpq

from relverify.core.symbols import domain
from relverify.core.theorem import Formal, Resource
from relverify.errors import InputError
from relverify.rigor import second_opinion
from relverify.rigor.decide import MAX_PREC, Verdict, decide
from relverify.rigor.decimals import decimal_string
from relverify.rigor.enclose import compile_arb, endpoints, to_arb
from relverify.rigor.exact import exact
from relverify.rigor.integers import ceiling

GUARD_BITS = 24
SHOWN_MORE = 8
MAX_DIGITS = 100_000


class Enclosure:
    """A real number known to lie in a ball, to a number of digits.

    Parameters
    ----------
    ball : arb
        Contains the value.
    digits : int
        Correct significant digits that were asked for.
    expression : Expr
        What was evaluated.
    values : tuple of (Symbol, exact number)
        At which parameters.
    """

    __slots__ = ("_mpmath", "ball", "digits", "expression", "values")

    def __init__(self, ball: arb, digits: int, expression: sp.Expr, values: tuple[tuple[sp.Symbol, Any], ...]) -> None:
        self.ball, self.digits, self.expression, self.values = ball, digits, expression, values
        self._mpmath: mpmath.mpf | None = None

    @property
    def ends(self) -> tuple[fmpq, fmpq]:
        """The ends of the ball, exactly."""
        return endpoints(self.ball)

    @property
    def shown(self) -> int:
        """Digits of the decimals: more than asked for, so that `value` and `mpmath` stay between `lo` and `hi`."""
        return self.digits + SHOWN_MORE

    @property
    def value(self) -> str:
        """The midpoint as a decimal; at least `digits` digits are correct."""
        low, high = self.ends
        return decimal_string((low + high) / 2, self.shown)

    @property
    def lo(self) -> str:
        """A decimal that is not above the value."""
        return decimal_string(self.ends[0], self.shown, "down")

    @property
    def hi(self) -> str:
        """A decimal that is not below the value."""
        return decimal_string(self.ends[1], self.shown, "up")

    @property
    def mpmath(self) -> mpmath.mpf:
        """The value by mpmath, checked to lie in the ball.

        Raises
        ------
        Disagreement
            If mpmath and Arb contradict each other.
        """
        if self._mpmath is None:
            values = {symbol: exact(value) for symbol, value in self.values}
            found = second_opinion.evaluate(self.expression, values, self.shown)
            self._mpmath = second_opinion.held_inside(found, self.ball, self.shown)
        return self._mpmath

    def __repr__(self) -> str:
        return f"Enclosure(lo={self.lo!r}, hi={self.hi!r})"


class BoundFunction:
    """A bound, or a resource form of it, compiled once.

    Parameters
    ----------
    label : str
        Names the theorem in errors.
    expression : Expr
    formal : Formal
        Gives the domains and hypotheses to enforce.
    resource : Resource, optional
        If the expression is a resource form.
    """

    def __init__(self, label: str, expression: sp.Expr, formal: Formal, resource: Resource | None = None) -> None:
        self.label, self.expression, self.formal, self.resource = label, expression, formal, resource
        free = expression.free_symbols
        self.symbols = tuple(q.symbol for q in formal.quantities if q.symbol in free)
        if missing := free - set(self.symbols):
            raise TypeError(f"{label}: {missing} are not among the quantities")
        self._names = tuple(s.name for s in self.symbols)
        self._known = {q.symbol.name: q.symbol for q in formal.quantities}
        self._integer = tuple(bool(s.is_integer) for s in self.symbols)
        self._function = compile_arb(expression, self.symbols)
        # assumptions would evaluate s > 0 to true, so the tests are about bare symbols of the same names
        bare = {s: sp.Symbol(s.name) for s in self.symbols}
        tests = [sp.Gt(bare[s], 0) if s.is_positive else sp.Ge(bare[s], 0) for s in self.symbols if s.is_nonnegative]
        tests += [h.xreplace(bare) for h in self.hypotheses()]
        self._tests = tuple(tests)
        self._test = compile_arb(sp.And(*tests, evaluate=False), tuple(bare.values())) if tests else None
        self._bare = bare

    def hypotheses(self, known: frozenset[sp.Symbol] | None = None) -> list[sp.Basic]:
        """The hypotheses that speak only of the given symbols."""
        allowed = known or frozenset(self.symbols)
        return [h for h in self.formal.hypotheses if isinstance(h, sp.Basic) and h.free_symbols <= allowed]

    def evaluate(self, digits: int = 50, values: Mapping[str, Any] | None = None, /, **named: Any) -> Enclosure:
        """Enclose the bound at exact parameters.

        Parameters
        ----------
        digits : int
            Significant decimal digits; the precision is raised until the ball has them.
        values : mapping of str to exact number, optional
        **named : exact numbers
            The value of every symbol, by its ASCII name.

        Returns
        -------
        Enclosure

        Raises
        ------
        InputError
            If a symbol is unknown or missing, or a value lies outside its domain or the hypotheses.

        Examples
        --------
        >>> from relverify.core.registry import theorem
        >>> theorem("perturbation").bound.evaluate(20, K_f=1, K_g=2, delta_f="0.1", delta_g="0.1").value
        '0.31'
        """
        given = {**values, **named} if values else named
        points = self._points(given)
        if type(digits) is not int or not 1 <= digits <= MAX_DIGITS:
            raise InputError("digits", f"{digits!r} is not a number of digits", f"1 to {MAX_DIGITS}")
        wanted = int(digits * 3.3219280948873626) + 2
        prec, before = wanted + GUARD_BITS, ctx.prec
        limit = max(MAX_PREC, 4 * prec)
        try:
            while True:
                ctx.prec = prec
                balls = [to_arb(p) for p in points]
                if self._test is not None and prec == wanted + GUARD_BITS and self._test(*balls) is not True:
                    self._refuse_outside(points)
                ball = self._function(*balls)
                if ball.rel_accuracy_bits() >= wanted:
                    return Enclosure(ball, digits, self.expression, tuple(zip(self.symbols, points, strict=True)))
                if prec >= limit:
                    break
                prec *= 2
        finally:
            ctx.prec = before
        return self._at_zero(ball, digits, points)

    def ball(self, values: Mapping[str, Any]) -> arb:
        """Enclose the bound at the current precision of ``flint.ctx``, with all checks of :meth:`evaluate`."""
        points = self._points(values)
        balls = [to_arb(p) for p in points]
        if self._test is not None and self._test(*balls) is not True:
            self._refuse_outside(points)
        result: arb = self._function(*balls)
        return result

    def count(self, values: Mapping[str, Any] | None = None, /, **named: Any) -> int | None:
        """The certified integer of a resource form, or None where the form is not a count."""
        if self.resource is None or not self.resource.integer:
            return None
        points = self._points({**(values or {}), **named})
        self._refuse_outside(points)
        return max(self.resource.least, ceiling(self.expression, dict(zip(self.symbols, points, strict=True))))

    def _points(self, given: Mapping[str, Any]) -> list[Any]:
        points = []
        for name, integer in zip(self._names, self._integer, strict=True):
            if name not in given:
                raise InputError(name, "has no value", f"{name}=… ({domain(self._known[name])})")
            value = given[name]
            if type(value) is not int and type(value) is not fmpq:
                value = exact(value, name)
                if integer and not value.is_integer:
                    raise InputError(name, f"{value} is not an integer", domain(self._known[name]))
            points.append(value)
        if len(given) > len(points):
            for name in given:
                if name not in self._known:
                    raise InputError(str(name)[:60], f"is not a symbol of {self.label}", ", ".join(self._known))
        return points

    def _refuse_outside(self, points: list[Any]) -> None:
        values = {self._bare[s]: exact(p) for s, p in zip(self.symbols, points, strict=True)}
        for test in self._tests:
            decision = decide(test, values)
            if decision.verdict is not Verdict.PROVED:
                names = sorted(s.name for s in test.free_symbols)
                shown = ", ".join(f"{name}={values[sp.Symbol(name)]}" for name in names)
                holds = "does not hold" if decision.verdict is Verdict.REFUTED else "could not be decided"
                raise InputError(names[0], f"{_ascii(test)} {holds} at {shown}", _ascii(test))

    def _at_zero(self, ball: arb, digits: int, points: list[Any]) -> Enclosure:
        """A value that no precision separates from zero is settled by algebra, or reported as it is."""
        from relverify.rigor.decide import is_zero

        values = dict(zip(self.symbols, points, strict=True))
        if ball.is_finite() and is_zero(self.expression.subs({s: exact(p) for s, p in values.items()})):
            return Enclosure(arb(0), digits, self.expression, tuple(values.items()))
        raise InputError("digits", f"{self.label} has no enclosure with {digits} digits here", "other parameters")


def _ascii(test: sp.Basic) -> str:
    return str(test).replace("**", "^")
