"""SymPy to Arb: every value an enclosure, every constant exact.

Expressions are compiled once by a walk over the tree. The compiled code runs at the precision of
``flint.ctx.prec`` and takes balls of any width, so it encloses ranges as well as values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import sympy as sp
from flint import arb, arf, ctx, fmpq, fmpz

from relverify.errors import InputError
from relverify.rigor.exact import exact, to_fmpq
from relverify.rigor.roots import isolate
from relverify.rigor.straightline import Arithmetic, compile_expression

MAX_TERMS = 1_000_000
MAX_EXPONENT = 10_000_000


def _equal(a: arb, b: arb) -> bool | None:
    if a.is_exact() and b.is_exact():
        return bool(a == b)
    return None if a.overlaps(b) else False


def _not(a: bool | None) -> bool | None:
    return None if a is None else not a


def _piecewise(pairs: Sequence[tuple[bool | None, arb]]) -> arb:
    """The hull of the branches that can apply."""
    result: arb | None = None
    for condition, value in pairs:
        if condition is False:
            continue
        result = value if result is None else result.union(value)
        if condition is True:
            return result
    return arb.nan()


def _integer_limits(low: arb, high: arb) -> range | None:
    first, last = low.unique_fmpz(), high.unique_fmpz()
    if first is None or last is None or not -1 <= int(last) - int(first) < MAX_TERMS:
        # one below the first is the empty range; SymPy reverses longer backward ranges
        return None
    return range(int(first), int(last) + 1)


def _sum(term: Callable[[arb], arb], low: arb, high: arb) -> arb:
    limits = _integer_limits(low, high)
    if limits is None:
        return arb.nan()
    total = arb(0)
    for k in limits:
        total += term(arb(k))
    return total


def _product(term: Callable[[arb], arb], low: arb, high: arb) -> arb:
    limits = _integer_limits(low, high)
    if limits is None:
        return arb.nan()
    total = arb(1)
    for k in limits:
        total *= term(arb(k))
    return total


def _polygamma(order: arb, x: arb) -> arb:
    m = order.unique_fmpz()
    if m is None or m < 0 or not (x > 0):
        return arb.nan()
    if m == 0:
        return x.digamma()
    sign = 1 if int(m) % 2 else -1
    return sign * arb(m).fac() * (order + 1).zeta(x)


def _dirac(x: arb, _: arb | None = None) -> arb:
    return arb.nan() if x.contains(0) or not x.is_finite() else arb(0)


def _sign(x: arb) -> arb:
    # the sign of nan is [-1, 1] in Arb; only nan differs from itself
    return x.sgn() if x.mid() == x.mid() else arb.nan()


def _heaviside(x: arb, at_zero: arb) -> arb:
    if x == 0:
        return at_zero
    step = (_sign(x) + 1) / 2
    return step.union(at_zero) if x.contains(0) else step


def _arctangent(y: arb, x: arb) -> arb:
    return arb.nan() if y.contains(0) and x.contains(0) else arb.atan2(y, x)


def _integer_power(base: arb, exponent: int) -> arb:
    """Repeated squaring: the power of python-flint is not finite on balls around 0."""
    result = base if exponent & 1 else None
    while exponent > 1:
        base, exponent = base * base, exponent >> 1
        if exponent & 1:
            result = base if result is None else result * base
    return arb(1) if result is None else result


def _power(base: arb, exponent: arb) -> arb:
    return base**exponent


_METHODS = (
    "exp log sin cos tan cot sec csc sinh cosh tanh coth sech csch asin acos atan asinh acosh atanh gamma erf erfc sinc"
)

ARB = Arithmetic(
    templates={
        **{name: f"{{0}}.{name}()" for name in _METHODS.split()},
        "sqrt": "{0}.sqrt()", "square": "{0} * {0}", "power_integer": "integer_power({0}, {1})",
        "power": "power({0}, {1})", "ratio": "{0} / {1}", "Abs": "abs({0})", "sign": "sign({0})",
        "Heaviside": "heaviside({0}, {1})",
        "DiracDelta": "dirac({0})", "DiracDelta/2": "dirac({0}, {1})", "floor": "{0}.floor()", "ceiling": "{0}.ceil()",
        "Max": "{0}.max({1})", "Min": "{0}.min({1})", "loggamma": "{0}.lgamma()", "digamma": "{0}.digamma()",
        "factorial": "{0}.fac()", "binomial": "({0}.fac() / ({1}.fac() * ({0} - {1}).fac()))",
        "lowergamma": "{1}.gamma_lower({0})", "uppergamma": "{1}.gamma_upper({0})",
        "polygamma": "polygamma({0}, {1})", "besseli": "{1}.bessel_i({0})", "besselj": "{1}.bessel_j({0})",
        "besselk": "{1}.bessel_k({0})", "zeta/1": "{0}.zeta()", "zeta/2": "{0}.zeta({1})",
        "atan2": "arctangent({0}, {1})", "Sum": "add_up({0}, {1}, {2})", "Product": "multiply_up({0}, {1}, {2})",
        "IsolatedRoot": "isolate({0}, {1}, {2})",
        # three values, written out since calls would cost more than the comparisons
        "StrictLessThan": "True if {0} < {1} else False if {0} >= {1} else None",
        "LessThan": "True if {0} <= {1} else False if {0} > {1} else None",
        "StrictGreaterThan": "True if {0} > {1} else False if {0} <= {1} else None",
        "GreaterThan": "True if {0} >= {1} else False if {0} < {1} else None",
        "Equality": "equal({0}, {1})", "Unequality": "negate(equal({0}, {1}))", "Not": "negate({0})",
        "And": "{0} if {1} is True or {0} is False else False if {1} is False else None",
        "Or": "{0} if {1} is False or {0} is True else True if {1} is True else None",
    },
    constants={
        "Pi": "arb.pi()", "Exp1": "arb.const_e()", "EulerGamma": "arb.const_euler()", "GoldenRatio": "golden()",
        "BooleanTrue": "True", "BooleanFalse": "False",
    },
    integer=arb,
    namespace={
        "arb": arb, "abs": abs, "power": _power, "integer_power": _integer_power, "sign": _sign,
        "heaviside": _heaviside, "dirac": _dirac,
        "arctangent": _arctangent, "polygamma": _polygamma, "piecewise": _piecewise,
        "add_up": _sum, "multiply_up": _product, "equal": _equal, "negate": _not,
        "isolate": isolate, "golden": lambda: (arb(5).sqrt() + 1) / 2, "__builtins__": {},
    },
)  # fmt: skip


def compile_arb(expression: sp.Basic | Sequence[sp.Basic], arguments: Sequence[sp.Symbol]) -> Callable[..., Any]:
    """Compile an expression to Arb.

    Parameters
    ----------
    expression : Expr or sequence of Expr
        Free of floats. A Relational or Boolean compiles to a three-valued truth (True, False or None).
    arguments : sequence of Symbol
        The order of the arguments.

    Returns
    -------
    callable
        Takes one :class:`flint.arb` an argument and returns a ball that contains the value for every choice of the
        arguments in their balls, or a tuple of such balls. Where the expression may be undefined, the ball is not
        finite. A Dirac delta is 0 on balls that exclude its zero and not finite on others; a Heaviside step or sign
        of undecided argument is the hull of its values.

    Raises
    ------
    UnknownNode
        If the expression has an operation without a rigorous evaluation.

    Examples
    --------
    >>> x = sp.Symbol("x")
    >>> f = compile_arb(sp.exp(-x) / 3, (x,))
    >>> f(arb(1)).overlaps(enclose(sp.exp(-1) / 3))
    True
    """
    return compile_expression(expression, arguments, ARB)


@lru_cache(maxsize=512)
def _compiled(expression: sp.Basic, arguments: tuple[sp.Symbol, ...]) -> Callable[..., Any]:
    return compile_arb(expression, arguments)


def to_arb(value: Any) -> arb:
    """Enclose an exact number at the current precision.

    Parameters
    ----------
    value : arb, fmpq, int or exact SymPy number
        A ball is passed on as it is.
    """
    if isinstance(value, arb):
        return value
    if isinstance(value, int | fmpz | fmpq) and not isinstance(value, bool):
        return arb(value)
    number = exact(value)
    return arb(to_fmpq(number)) if number.is_Rational else _compiled(number, ())()


def enclose(expression: sp.Basic, values: Mapping[sp.Symbol, Any] | None = None, prec: int = 128) -> arb:
    """Enclose the value of an expression at exact parameters.

    Parameters
    ----------
    expression : Expr
        Free of floats.
    values : mapping of Symbol to exact number or ball, optional
        The parameters.
    prec : int
        Working precision in bits; the ball may be wider.

    Returns
    -------
    arb
        A ball that contains the value; not finite where it cannot be enclosed.

    Examples
    --------
    >>> enclose(sp.pi / 3, prec=128).str(30)
    '[1.04719755119659774615421446109 +/- 3.17e-30]'
    """
    values = dict(values or {})
    arguments = tuple(values)
    with ctx.workprec(prec):
        result: arb = _compiled(sp.sympify(expression), arguments)(*[to_arb(v) for v in values.values()])
    return result


def endpoints(ball: arb) -> tuple[fmpq, fmpq]:
    """The exact rational ends of a finite ball.

    Examples
    --------
    >>> endpoints(arb(3))
    (3, 3)
    """
    return arf_to_fmpq(ball.mid()) - arf_to_fmpq(ball.rad()), arf_to_fmpq(ball.mid()) + arf_to_fmpq(ball.rad())


def arf_to_fmpq(value: arb | arf) -> fmpq:
    """The exact value of an exact ball (a midpoint or a radius)."""
    mantissa, exponent = value.man_exp()
    exponent = int(exponent)
    if abs(exponent) > MAX_EXPONENT:
        raise InputError("value", f"is beyond 2^{exponent} and cannot be written out", f"up to 2^±{MAX_EXPONENT}")
    return fmpq(mantissa) * (1 << exponent) if exponent >= 0 else fmpq(mantissa, 1 << -exponent)
