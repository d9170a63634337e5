"""Bounds as functions: exact parameters in, enclosures out, with mpmath as the second opinion."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import getitem, itemgetter
from typing import Any

import mpmath
import sympy as sp
from flint import arb, ctx, fmpq

from relverify.core.readings import Domains, domains_of
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
MAX_PLANS = 64
COUNT_PREC = 128
_LOOKED_UP = frozenset({int, str})


class Enclosure:
    """A real number known to lie in a ball, to a number of digits.

    Parameters
    ----------
    ball : arb
        Contains the value.
    digits : int
        Correct significant digits that were asked for.
    function : BoundFunction
        What was evaluated.
    points : sequence of exact numbers
        At which values of its symbols.
    """

    __slots__ = ("_mpmath", "ball", "digits", "function", "points")

    def __init__(self, ball: arb, digits: int, function: BoundFunction, points: Sequence[Any]) -> None:
        self.ball, self.digits, self.function, self.points = ball, digits, function, points

    @property
    def values(self) -> tuple[tuple[sp.Symbol, sp.Expr], ...]:
        """The exact value of every symbol."""
        return tuple((s, exact(p)) for s, p in zip(self.function.symbols, self.points, strict=True))

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
        if not hasattr(self, "_mpmath"):
            found = second_opinion.evaluate(self.function.expression, dict(self.values), self.shown)
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

    Attributes
    ----------
    symbols : tuple of Symbol
        The free symbols of the expression, in the order of the quantities.
    function : callable
        The expression, compiled by :func:`relverify.rigor.enclose.compile_arb`: balls in, a ball out, no checks.
    """

    def __init__(self, label: str, expression: sp.Expr, formal: Formal, resource: Resource | None = None) -> None:
        self.label, self.expression, self.formal, self.resource = label, expression, formal, resource
        free = expression.free_symbols
        self.symbols = tuple(q.symbol for q in formal.quantities if q.symbol in free)
        if missing := free - set(self.symbols):
            raise TypeError(f"{label}: {missing} are not among the quantities")
        self._known = {q.symbol.name: q.symbol for q in formal.quantities}
        self._tests = tuple(self.hypotheses())
        self.function = compile_arb(expression, self.symbols)
        self._checked = compile_arb([expression, sp.And(*self._tests, evaluate=False)], self.symbols)
        names = [s.name for s in self.symbols]
        self._pick = itemgetter(*names) if len(names) > 1 else lambda given: tuple(given[name] for name in names)
        self._plans: dict[int, tuple[int, int, Domains]] = {}

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
        >>> theorem("perturbation").bound.evaluate(20, K_f=1, K_g=2, delta_f="0.5", delta_g="1/4").value
        '1.375'
        """
        plan = self._plans.get(digits) if type(digits) is int else None
        wanted, prec, domains = plan or self._plan(digits)
        given = {**values, **named} if values and named else (values or named)
        before = ctx.prec
        ctx.prec = prec
        try:
            ball, points = self._enclose(given, domains)
            if ball.rel_accuracy_bits() >= wanted:
                return Enclosure(ball, digits, self, points)
            limit = max(MAX_PREC, 4 * prec)
            while prec < limit:
                prec *= 2
                ctx.prec = prec
                ball = self.function(*[to_arb(p) for p in points])
                if ball.rel_accuracy_bits() >= wanted:
                    return Enclosure(ball, digits, self, points)
        finally:
            ctx.prec = before
        return self._at_zero(ball, digits, points)

    def ball(self, values: Mapping[str, Any]) -> arb:
        """Enclose the bound at the current precision of ``flint.ctx``, with all checks of :meth:`evaluate`."""
        return self._enclose(values, domains_of(self.symbols, ctx.prec))[0]

    def count(self, values: Mapping[str, Any] | None = None, /, **named: Any) -> int | None:
        """The certified integer of a resource form, or None where the form is not a count."""
        if self.resource is None or not self.resource.integer:
            return None
        with ctx.workprec(COUNT_PREC):
            points = self._enclose({**(values or {}), **named}, domains_of(self.symbols, COUNT_PREC))[1]
        return max(self.resource.least, ceiling(self.expression, dict(zip(self.symbols, points, strict=True))))

    def _plan(self, digits: int) -> tuple[int, int, Domains]:
        """The accuracy and the precision, in bits, for a number of digits, and the readings at that precision."""
        if type(digits) is not int or not 1 <= digits <= MAX_DIGITS:
            raise InputError("digits", f"{digits!r} is not a number of digits", f"1 to {MAX_DIGITS}")
        wanted = int(digits * 3.3219280948873626) + 2
        prec = wanted + GUARD_BITS
        if len(self._plans) >= MAX_PLANS:
            self._plans.clear()
        self._plans[digits] = wanted, prec, domains_of(self.symbols, prec)
        return self._plans[digits]

    def _enclose(self, given: Mapping[str, Any], domains: Domains) -> tuple[arb, Sequence[Any]]:
        """Read the values, check them, and enclose the bound at the current precision."""
        try:
            points = self._pick(given)
            # equal values of other types (True, 1.0) must not be found in the place of ints: they are refused
            if not _LOOKED_UP.issuperset(map(type, points)):
                points, balls = self._read(given, domains)
            else:
                balls = map(getitem, domains, points)
            result, holds = self._checked(*balls)
        except KeyError:
            points, balls = self._read(given, domains)
            result, holds = self._checked(*balls)
        if len(given) > len(points):
            self._refuse_unknown(given)
        if holds is not True:
            self._refuse_outside(points)
        return result, points

    def _read(self, given: Mapping[str, Any], domains: Domains) -> tuple[list[Any], Iterable[arb]]:
        points, balls = [], []
        for symbol, readings in zip(self.symbols, domains, strict=True):
            if symbol.name not in given:
                raise InputError(symbol.name, "has no value", f"{symbol.name}=… ({domain(symbol)})")
            points.append(given[symbol.name])
            balls.append(readings.read(points[-1], symbol))
        return points, balls

    def _refuse_unknown(self, given: Mapping[str, Any]) -> None:
        for name in given:
            if name not in self._known:
                raise InputError(str(name)[:60], f"is not a symbol of {self.label}", ", ".join(self._known))

    def _refuse_outside(self, points: Sequence[Any]) -> None:
        values = {s: exact(p) for s, p in zip(self.symbols, points, strict=True)}
        for test in self._tests:
            decision = decide(test, values)
            if decision.verdict is not Verdict.PROVED:
                symbols = sorted(test.free_symbols, key=lambda s: s.name)
                shown = ", ".join(f"{s}={values[s]}" for s in symbols)
                holds = "does not hold" if decision.verdict is Verdict.REFUTED else "could not be decided"
                raise InputError(symbols[0].name, f"{_ascii(test)} {holds} at {shown}", _ascii(test))

    def _at_zero(self, ball: arb, digits: int, points: Sequence[Any]) -> Enclosure:
        """A value that no precision separates from zero is settled by algebra, or reported as it is."""
        from relverify.rigor.decide import is_zero

        values = dict(zip(self.symbols, points, strict=True))
        if ball.is_finite() and is_zero(self.expression.subs({s: exact(p) for s, p in values.items()})):
            return Enclosure(arb(0), digits, self, points)
        raise InputError("digits", f"{self.label} has no enclosure with {digits} digits here", "other parameters")


def _ascii(test: sp.Basic) -> str:
    return str(test).replace("**", "^")
