"""A second opinion on every evaluation: mpmath at the asked precision, by its own compiled code."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import mpmath
import sympy as sp
from flint import arb, ctx

from relverify.errors import Disagreement
from relverify.rigor.exact import exact
from relverify.rigor.roots import solve
from relverify.rigor.straightline import Arithmetic, compile_expression

GUARD_DIGITS = 15


def _piecewise(pairs: Sequence[tuple[bool, Any]]) -> Any:
    return next(value for condition, value in pairs if condition)


def _integers(low: Any, high: Any) -> list[Any]:
    # not ints, whose quotients would be floats
    return [mpmath.mpf(k) for k in range(int(mpmath.nint(low)), int(mpmath.nint(high)) + 1)]


def _integer(value: int) -> mpmath.mpf:
    """Exact; ``mpf(value)`` would round to the precision of the moment of compilation."""
    return mpmath.mp.make_mpf(mpmath.libmp.from_int(value))


def _heaviside(x: Any, at_zero: Any) -> Any:
    return at_zero if x == 0 else (mpmath.sign(x) + 1) / 2


_SAME = "exp log sin cos tan cot sec csc sinh cosh tanh coth sech csch asin acos atan asinh acosh atanh gamma erf erfc"

MPMATH = Arithmetic(
    templates={
        **{name: f"mp.{name}({{0}})" for name in _SAME.split()},
        "sinc": "mp.sinc({0})", "sqrt": "mp.sqrt({0})", "square": "{0} * {0}", "power_integer": "{0} ** {1}",
        "power": "{0} ** {1}", "ratio": "mp.fdiv({0}, {1})", "Abs": "abs({0})", "sign": "mp.sign({0})",
        "Heaviside": "heaviside({0}, {1})", "floor": "mp.floor({0})", "ceiling": "mp.ceil({0})",
        "Max": "max({0}, {1})", "Min": "min({0}, {1})", "loggamma": "mp.loggamma({0})", "digamma": "mp.digamma({0})",
        "factorial": "mp.factorial({0})", "binomial": "mp.binomial({0}, {1})",
        "lowergamma": "mp.gammainc({0}, 0, {1})", "uppergamma": "mp.gammainc({0}, {1})",
        "polygamma": "mp.polygamma(int({0}), {1})", "besseli": "mp.besseli({0}, {1})",
        "besselj": "mp.besselj({0}, {1})", "besselk": "mp.besselk({0}, {1})", "zeta/1": "mp.zeta({0})",
        "zeta/2": "mp.zeta({0}, {1})", "atan2": "mp.atan2({0}, {1})",
        "Sum": "mp.fsum({0}(k) for k in integers({1}, {2}))",
        "Product": "mp.fprod({0}(k) for k in integers({1}, {2}))", "IsolatedRoot": "solve({0}, {1}, {2})",
        "StrictLessThan": "({0} < {1})", "LessThan": "({0} <= {1})", "StrictGreaterThan": "({0} > {1})",
        "GreaterThan": "({0} >= {1})", "Equality": "({0} == {1})", "Unequality": "({0} != {1})",
        "And": "({0} and {1})", "Or": "({0} or {1})", "Not": "(not {0})",
    },
    constants={
        "Pi": "+mp.pi", "Exp1": "+mp.e", "EulerGamma": "+mp.euler", "GoldenRatio": "+mp.phi",
        "BooleanTrue": "True", "BooleanFalse": "False",
    },
    integer=_integer,
    namespace={
        "mp": mpmath.mp, "abs": abs, "max": max, "min": min, "int": int, "piecewise": _piecewise,
        "integers": _integers, "solve": solve, "heaviside": _heaviside, "__builtins__": {},
    },
)  # fmt: skip


@lru_cache(maxsize=512)
def _compiled(expression: sp.Basic, arguments: tuple[sp.Symbol, ...]) -> Callable[..., Any]:
    return compile_expression(expression, arguments, MPMATH)


def evaluate(expression: sp.Basic, values: Mapping[sp.Symbol, Any] | None = None, digits: int = 50) -> mpmath.mpf:
    """Evaluate an expression by mpmath.

    Parameters
    ----------
    expression : Expr
        Free of floats.
    values : mapping of Symbol to exact number, optional
        Every free symbol.
    digits : int
        Significant decimal digits asked for; guard digits are added.

    Returns
    -------
    mpf
        Rounded to `digits` digits. Not an enclosure.

    Raises
    ------
    Disagreement
        If mpmath finds no real number.

    Examples
    --------
    >>> mpmath.nstr(evaluate(sp.exp(-1), digits=20), 20)
    '0.3678794411714423216'
    """
    exacts = {symbol: exact(value, symbol.name) for symbol, value in (values or {}).items()}
    function = _compiled(sp.sympify(expression), tuple(exacts))
    try:
        with mpmath.workdps(digits + GUARD_DIGITS):
            value = mpmath.mpf(function(*[_compiled(number, ())() for number in exacts.values()]))
    except (ArithmeticError, ValueError, TypeError, StopIteration) as error:
        raise Disagreement(f"mpmath finds no real number ({type(error).__name__}: {error})") from None
    with mpmath.workdps(digits):
        return +value


def confirm(
    expression: sp.Basic, values: Mapping[sp.Symbol, Any] | None, ball: arb, digits: int, attempts: int = 4
) -> mpmath.mpf:
    """Evaluate by mpmath, and check that the value lies in an enclosure.

    mpmath does not notice when digits cancel. Only where more guard digits do not help, the two disagree.

    Parameters
    ----------
    expression, values, digits
        See :func:`evaluate`.
    ball : arb
        The enclosure.
    attempts : int
        How often the number of guard digits is raised.

    Returns
    -------
    mpf
        Rounded to `digits` digits.

    Raises
    ------
    Disagreement
        If the two cannot both be right.

    Examples
    --------
    >>> x = sp.Symbol("x")
    >>> mpmath.nstr(confirm(sp.exp(x) - 1, {x: "1e-60"}, arb("1e-60"), 15))
    '1.0e-60'
    """
    asked = digits
    while True:
        value = evaluate(expression, values, asked)
        try:
            held_inside(value, ball, digits)
            with mpmath.workdps(digits):
                return +value
        except Disagreement:
            attempts -= 1
            if attempts < 0:
                raise
            asked = 4 * asked + GUARD_DIGITS


def held_inside(value: mpmath.mpf, ball: arb, digits: int) -> mpmath.mpf:
    """Check that a second opinion lies in an enclosure, up to its own last digit.

    Parameters
    ----------
    value : mpf
        Correct to `digits` digits, if mpmath is right.
    ball : arb
        The enclosure.
    digits : int

    Returns
    -------
    mpf
        The value.

    Raises
    ------
    Disagreement
        If the two cannot both be right.
    """
    if not mpmath.isfinite(value):
        raise Disagreement(f"mpmath found {value}, Arb found {ball}")
    sign, mantissa, exponent, _ = value._mpf_
    with ctx.workprec(max(64, int(4 * digits))):
        point = arb(-int(mantissa) if sign else int(mantissa)) * arb(2) ** int(exponent)
        unit = abs(point) * arb(10) ** (2 - digits)
        if not (arb(point.mid(), unit.upper()) if unit.upper() > 0 else point).overlaps(ball):
            raise Disagreement(f"mpmath found {mpmath.nstr(value, 20)}, Arb found {ball.str(20)}")
    return value
