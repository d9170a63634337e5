"""Certified integrals of expressions in one variable (the method of Petras, as Arb has it)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import sympy as sp
from flint import acb, arb, ctx

from relverify.rigor.enclose import enclose, to_arb
from relverify.rigor.roots import IsolatedRoot
from relverify.rigor.straightline import Arithmetic, compile_expression

_METHODS = "exp sin cos tan cot sec csc sinh cosh tanh coth sech csch gamma erf"


def _integer_power(base: acb, exponent: int) -> acb:
    result = acb(1)
    while exponent:
        if exponent & 1:
            result = result * base
        base, exponent = base * base, exponent >> 1
    return result


class _Flag:
    """Whether the integrand has to be analytic on the ball; set by the integrator before each call."""

    analytic = False

    def sqrt(self, z: acb) -> acb:
        return z.sqrt(analytic=self.analytic)

    def log(self, z: acb) -> acb:
        return z.log(analytic=self.analytic)

    def power(self, z: acb, exponent: acb) -> acb:
        return z.pow(exponent, analytic=self.analytic)

    def size(self, z: acb) -> acb:
        return z.real_abs(analytic=self.analytic)

    def sign(self, z: acb) -> acb:
        return z.real_sgn(analytic=self.analytic)

    def larger(self, z: acb, w: acb) -> acb:
        return z.real_max(w, analytic=self.analytic)

    def smaller(self, z: acb, w: acb) -> acb:
        return z.real_min(w, analytic=self.analytic)


ACB = Arithmetic(
    templates={
        **{name: f"{{0}}.{name}()" for name in _METHODS.split()},
        "sqrt": "flag.sqrt({0})", "log": "flag.log({0})", "square": "{0} * {0}", "ratio": "{0} / {1}",
        "power_integer": "integer_power({0}, {1})", "power": "flag.power({0}, {1})", "Abs": "flag.size({0})",
        "sign": "flag.sign({0})", "Max": "flag.larger({0}, {1})", "Min": "flag.smaller({0}, {1})",
    },
    constants={"Pi": "acb.pi()", "Exp1": "acb(1).exp()"},
    integer=acb,
    namespace={"acb": acb, "integer_power": _integer_power, "flag": _Flag(), "__builtins__": {}},
)  # fmt: skip


def compile_acb(expression: sp.Expr, arguments: Sequence[sp.Symbol]) -> Callable[..., acb]:
    """Compile an expression to complex balls.

    Parameters
    ----------
    expression : Expr
        Free of floats.
    arguments : sequence of Symbol

    Returns
    -------
    callable
        Takes one :class:`flint.acb` an argument, and ``analytic=True`` where the value must not be finite unless the
        expression is analytic there.

    Raises
    ------
    UnknownNode
        If the expression has an operation without a rigorous evaluation.

    Examples
    --------
    >>> z = sp.Symbol("z")
    >>> f = compile_acb(sp.sqrt(z), (z,))
    >>> f(acb(4)), f(acb(arb(0, 1)), analytic=True).is_finite()
    (2.00000000000000, False)
    """
    flag = _Flag()
    code = compile_expression(expression, arguments, replace(ACB, namespace={**ACB.namespace, "flag": flag}))

    def evaluate(*values: acb, analytic: bool = False) -> acb:
        flag.analytic = analytic
        return acb(code(*values))

    return evaluate


def integral(
    expression: sp.Expr,
    symbol: sp.Symbol,
    low: Any,
    high: Any,
    values: Mapping[sp.Symbol, Any] | None = None,
    prec: int = 128,
) -> arb:
    """Enclose the integral of an expression over an interval.

    Parameters
    ----------
    expression : Expr
        Real and bounded. Absolute values, minima and maxima of linear functions are cut at their kinks.
    symbol : Symbol
    low, high : exact number
        ``low <= high``.
    values : mapping of Symbol to exact number or ball, optional
        Of the other symbols, inside of which no kink may move.
    prec : int

    Returns
    -------
    arb
        Not finite where it cannot be enclosed.

    Examples
    --------
    >>> x = sp.Symbol("x", real=True)
    >>> integral(sp.exp(-abs(x - 1)), x, 0, 2).overlaps(to_arb(2 - 2 * sp.exp(-1)))
    True
    """
    others = dict(values or {})
    rewritten = _by_sizes(sp.sympify(expression))
    # constants of any kind need no extension to the complex plane
    constants = [a for a in rewritten.atoms(sp.Function, IsolatedRoot) if not a.free_symbols]
    named = {a: sp.Dummy(real=True) for a in constants}
    rewritten = rewritten.xreplace(named)
    others |= {named[a]: enclose(a, prec=prec + 20) for a in constants}
    with ctx.workprec(prec):
        points = [sp.sympify(low), *_kinks(rewritten, symbol, low, high), sp.sympify(high)]
        total = arb(0)
        for a, b in zip(points[:-1], points[1:], strict=True):
            piece = _one_side(rewritten, symbol, (a + b) / 2)
            function = compile_acb(piece, (symbol, *others))
            fixed = [acb(to_arb(v)) for v in others.values()]

            def integrand(z: acb, analytic: bool, f: Any = function, rest: Any = fixed) -> acb:
                return f(z, *rest, analytic=analytic)

            total += acb.integral(integrand, acb(to_arb(a)), acb(to_arb(b))).real
        return total


def _by_sizes(expression: sp.Expr) -> sp.Expr:
    """Minima and maxima of two by absolute values."""

    def rewritten(node: sp.Expr) -> sp.Expr:
        first, second = node.args
        size = sp.Abs(first - second)
        return (first + second + (size if isinstance(node, sp.Max) else -size)) / 2

    return expression.replace(lambda e: isinstance(e, sp.Max | sp.Min) and len(e.args) == 2, rewritten)


def _linear(expression: sp.Expr, symbol: sp.Symbol) -> list[tuple[sp.Expr, sp.Expr]]:
    """Absolute values of linear functions of the symbol with numbers as coefficients, and their zeros."""
    found = []
    for size in expression.atoms(sp.Abs):
        slope = size.args[0].diff(symbol)
        if slope.is_number and slope.is_nonzero:
            zero = sp.expand(symbol - size.args[0] / slope)
            if zero.is_number:
                found.append((size, zero))
    return found


def _kinks(expression: sp.Expr, symbol: sp.Symbol, low: Any, high: Any) -> list[sp.Expr]:
    a, b = to_arb(low), to_arb(high)
    inside = {zero for _, zero in _linear(expression, symbol) if not (to_arb(zero) <= a or to_arb(zero) >= b)}
    return sorted(inside, key=lambda zero: float(to_arb(zero)))


def _one_side(expression: sp.Expr, symbol: sp.Symbol, middle: sp.Expr) -> sp.Expr:
    """The expression without the absolute values whose sign is known on the piece around the middle."""
    centre = to_arb(middle)
    signs = {}
    for size, zero in _linear(expression, symbol):
        away = centre - to_arb(zero)
        if away > 0 or away < 0:
            positive = (size.args[0].diff(symbol) > 0) == bool(away > 0)
            signs[size] = size.args[0] if positive else -size.args[0]
    return expression.xreplace(signs)
