"""Bounds as functions: exact parameters in, enclosures out, with mpmath as the second opinion."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import mpmath
import sympy as sp
from flint import arb, ctx, fmpq

from relverify.core.readings import Domains, domains_of, finder
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

# accuracy and precision in bits, the domains of the symbols at that precision, and their finder
_Plan = tuple[int, int, Domains, Callable[[Mapping[str, Any]], tuple[tuple[Any, ...], Any]]]


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
            values = dict(self.values)
            self._mpmath = second_opinion.confirm(self.function.expression, values, self.ball, self.shown)
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
        self._plans: dict[int, _Plan] = {}

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
            If a symbol is unknown, missing or given twice, or a value lies outside its domain or the hypotheses.

        Examples
        --------
        >>> from relverify.core.registry import theorem
        >>> theorem("perturbation").bound.evaluate(20, K_f=1, K_g=2, delta_f="0.5", delta_g="1/4").value
        '1.375'
        """
        plan = self._plans.get(digits) if type(digits) is int else None
        wanted, prec, domains, found = plan or self._plan(digits)
        given = _joined(values, named) if values and named else (values or named)
        before = ctx.prec
        ctx.prec = prec
        try:
            try:
                points, (ball, holds) = found(given)
            except KeyError:
                points, ball, holds = self._read(given, domains)
            if holds is not True or len(given) > len(points):
                self._check(given, points, holds)
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
        points, ball, holds = self._read(values, domains_of(self.symbols, ctx.prec))
        self._check(values, points, holds)
        return ball

    def count(self, values: Mapping[str, Any] | None = None, /, **named: Any) -> int | None:
        """The certified integer of a resource form, or None where the form is not a count."""
        if self.resource is None or not self.resource.integer:
            return None
        given = _joined(values or {}, named)
        with ctx.workprec(COUNT_PREC):
            points, _, holds = self._read(given, domains_of(self.symbols, COUNT_PREC))
            self._check(given, points, holds)
        return max(self.resource.least, ceiling(self.expression, dict(zip(self.symbols, points, strict=True))))

    def _plan(self, digits: int) -> _Plan:
        """The accuracy and the precision, in bits, for a number of digits, and the readings at that precision."""
        if type(digits) is not int or not 1 <= digits <= MAX_DIGITS:
            raise InputError("digits", f"{digits!r} is not a number of digits", f"1 to {MAX_DIGITS}")
        wanted = int(digits * 3.3219280948873626) + 2
        prec = wanted + GUARD_BITS
        if len(self._plans) >= MAX_PLANS:
            self._plans.clear()
        domains = domains_of(self.symbols, prec)
        self._plans[digits] = wanted, prec, domains, finder([s.name for s in self.symbols], domains, self._checked)
        return self._plans[digits]

    def _read(self, given: Mapping[str, Any], domains: Domains) -> tuple[tuple[Any, ...], arb, bool | None]:
        """The values in order, the bound at the current precision, and whether balls prove the hypotheses."""
        points, balls = [], []
        for symbol, readings in zip(self.symbols, domains, strict=True):
            if symbol.name not in given:
                raise InputError(symbol.name, "has no value", f"{symbol.name}=… ({domain(symbol)})")
            points.append(given[symbol.name])
            balls.append(readings.read(points[-1], symbol))
        ball, holds = self._checked(*balls)
        return tuple(points), ball, holds

    def _check(self, given: Mapping[str, Any], points: Sequence[Any], holds: bool | None) -> None:
        if len(given) > len(points):
            self._check_others(given)
        if holds is not True:
            self._refuse_outside(dict(zip(self.symbols, points, strict=True)), self._tests)

    def _check_others(self, given: Mapping[str, Any]) -> None:
        """Values that the expression does not need must be right as well: a hypothesis may speak of them."""
        for name in given:
            if name not in self._known:
                raise InputError(str(name)[:60], f"is not a symbol of {self.label}", ", ".join(self._known))
        values = {self._known[name]: value for name, value in given.items()}
        others = [s for s in values if s not in self.symbols]
        for symbol, readings in zip(others, domains_of(others, COUNT_PREC), strict=True):
            readings.read(values[symbol], symbol)
        self._refuse_outside(values, [h for h in self.hypotheses(frozenset(values)) if h not in self._tests])

    def _refuse_outside(self, given: Mapping[sp.Symbol, Any], tests: Iterable[sp.Basic]) -> None:
        values = {s: exact(p, s.name) for s, p in given.items()}
        for test in tests:
            decision = decide(test, values)
            if decision.verdict is not Verdict.PROVED:
                symbols = sorted(test.free_symbols, key=lambda s: s.name)
                shown = ", ".join(f"{s}={values[s]}" for s in symbols)
                holds = "does not hold" if decision.verdict is Verdict.REFUTED else "could not be decided"
                raise InputError(symbols[0].name, f"{_ascii(test)} {holds} at {shown}", _ascii(test))

    def _at_zero(self, ball: arb, digits: int, points: Sequence[Any]) -> Enclosure:
        """A value that no precision separates from zero is settled by algebra, or reported as it is."""
        from relverify.rigor.decide import is_zero

        value = self.expression.subs({s: exact(p) for s, p in zip(self.symbols, points, strict=True)})
        # the root of a ball around 0 is not finite, but that of an exact 0 is 0
        if value == 0 or (ball.is_finite() and is_zero(value)):
            return Enclosure(arb(0), digits, self, points)
        raise InputError("digits", f"{self.label} has no enclosure with {digits} digits here", "other parameters")


def _joined(values: Mapping[str, Any], named: Mapping[str, Any]) -> dict[str, Any]:
    for name in named:
        if name in values:
            raise InputError(name, "is given twice", "one value")
    return {**values, **named}


def _ascii(test: sp.Basic) -> str:
    return str(test).replace("**", "^")
