"""Balls contain the values: every operation against mpmath, at points and over wide balls."""

import math
from fractions import Fraction

import mpmath
import pytest
import sympy as sp
from flint import arb, ctx, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp

from relverify.errors import InputError, UnknownNode
from relverify.rigor.enclose import ARB, arf_to_fmpq, compile_arb, enclose, endpoints, to_arb
from relverify.rigor.roots import IsolatedRoot

x, y, k = sp.symbols("x y k")
DIGITS = 60

# operation: expression, reference written out by hand, domain of x, domain of y
ANY, POSITIVE, UNIT, SMALL = (-20, 20), (Fraction(1, 50), 20), (Fraction(-99, 100), Fraction(99, 100)), (-3, 3)
CASES = {
    "exp": (sp.exp(x), mp.exp, ANY),
    "log": (sp.log(x), mp.log, POSITIVE),
    "sin": (sp.sin(x), mp.sin, ANY),
    "cos": (sp.cos(x), mp.cos, ANY),
    "tan": (sp.tan(x), mp.tan, ANY),
    "cot": (sp.cot(x), mp.cot, POSITIVE),
    "sec": (sp.sec(x), mp.sec, ANY),
    "csc": (sp.csc(x), mp.csc, POSITIVE),
    "sinh": (sp.sinh(x), mp.sinh, ANY),
    "cosh": (sp.cosh(x), mp.cosh, ANY),
    "tanh": (sp.tanh(x), mp.tanh, ANY),
    "coth": (sp.coth(x), mp.coth, POSITIVE),
    "sech": (sp.sech(x), mp.sech, ANY),
    "csch": (sp.csch(x), mp.csch, POSITIVE),
    "asin": (sp.asin(x), mp.asin, UNIT),
    "acos": (sp.acos(x), mp.acos, UNIT),
    "atan": (sp.atan(x), mp.atan, ANY),
    "asinh": (sp.asinh(x), mp.asinh, ANY),
    "acosh": (sp.acosh(x + 1), lambda v: mp.acosh(v + 1), POSITIVE),
    "atanh": (sp.atanh(x), mp.atanh, UNIT),
    "gamma": (sp.gamma(x), mp.gamma, POSITIVE),
    "loggamma": (sp.loggamma(x), mp.loggamma, POSITIVE),
    "digamma": (sp.digamma(x), mp.digamma, POSITIVE),
    "polygamma": (sp.polygamma(3, x), lambda v: mp.polygamma(3, v), POSITIVE),
    "polygamma of even order": (sp.polygamma(2, x), lambda v: mp.polygamma(2, v), POSITIVE),
    "factorial": (sp.factorial(x), mp.factorial, POSITIVE),
    "erf": (sp.erf(x), mp.erf, SMALL),
    "erfc": (sp.erfc(x), mp.erfc, SMALL),
    "sinc": (sp.sinc(x), lambda v: mp.sin(v) / v if v else mp.mpf(1), ANY),
    "zeta": (sp.zeta(x + 2), lambda v: mp.zeta(v + 2), POSITIVE),
    "sqrt": (sp.sqrt(x), mp.sqrt, POSITIVE),
    "square": (x**2, lambda v: v * v, ANY),
    "power_integer": (x**7, lambda v: v**7, ANY),
    "reciprocal": (x**-3, lambda v: 1 / v**3, POSITIVE),
    "rational power": (x ** sp.Rational(5, 3), lambda v: mp.exp(5 * mp.log(v) / 3), POSITIVE),
    "ratio": (x / 3 - sp.Rational(22, 7), lambda v: v / 3 - mp.mpf(22) / 7, ANY),
    "Abs": (abs(x), abs, ANY),
    "sign": (sp.sign(x), mp.sign, ANY),
    "Heaviside": (sp.Heaviside(x), lambda v: mp.mpf(v > 0) if v else mp.mpf(1) / 2, ANY),
    "Heaviside at 0": (sp.Heaviside(x, 1), lambda v: mp.mpf(v >= 0), ANY),
    "floor": (sp.floor(x), mp.floor, ANY),
    "ceiling": (sp.ceiling(x), mp.ceil, ANY),
    "Max": (sp.Max(x, x**2, 1), lambda v: max(v, v * v, 1), ANY),
    "Min": (sp.Min(x, x**2, 1), lambda v: min(v, v * v, 1), ANY),
    "Piecewise": (
        sp.Piecewise((x + 1, x < -1), (x**2, (x >= -1) & (x <= 1)), (sp.exp(x), True)),
        lambda v: v + 1 if v < -1 else v * v if v <= 1 else mp.exp(v),
        SMALL,
    ),
    "Piecewise with Or, Not, Ne": (
        sp.Piecewise((1, sp.Or(x < -1, x > 1)), (2, sp.Ne(x, 0)), (3, True)),
        lambda v: mp.mpf(1 if abs(v) > 1 else 2 if v else 3),
        SMALL,
    ),
    "constants": (
        x * sp.pi + sp.E + sp.EulerGamma + sp.GoldenRatio,
        lambda v: v * mp.pi + mp.e + mp.euler + (1 + mp.sqrt(5)) / 2,
        ANY,
    ),
    "Sum": (
        sp.Sum(x**k / sp.factorial(k), (k, 0, 6)),
        lambda v: mp.fsum(v**i / mp.factorial(i) for i in range(7)),
        ANY,
    ),
    "Product": (sp.Product(x + k, (k, -1, 2)), lambda v: (v - 1) * v * (v + 1) * (v + 2), ANY),
    "IsolatedRoot": (
        IsolatedRoot(sp.Lambda(k, k**3 + k - x), sp.Integer(0), x + 1),
        lambda v: 2 * mp.sinh(mp.asinh(3 * mp.sqrt(3) / 2 * v) / 3) / mp.sqrt(3),
        POSITIVE,
    ),
    "empty Sum": (sp.Sum(x, (k, 1, 0)) + x, lambda v: v, ANY),
}
BINARY = {
    "power": (x**y, lambda a, b: mp.exp(b * mp.log(a)), POSITIVE, SMALL),
    "atan2": (sp.atan2(x, y), mp.atan2, POSITIVE, ANY),
    "atan2 below": (sp.atan2(-x, y), lambda a, b: mp.atan2(-a, b), POSITIVE, ANY),
    "zeta/2": (sp.zeta(x + 2, y), lambda a, b: mp.zeta(a + 2, b), POSITIVE, POSITIVE),
    "lowergamma": (sp.lowergamma(x, y), lambda a, b: mp.gammainc(a, 0, b), POSITIVE, POSITIVE),
    "uppergamma": (sp.uppergamma(x, y), lambda a, b: mp.gammainc(a, b), POSITIVE, POSITIVE),
    "besseli": (sp.besseli(x, y), mp.besseli, POSITIVE, POSITIVE),
    "besselj": (sp.besselj(x, y), mp.besselj, POSITIVE, POSITIVE),
    "besselk": (sp.besselk(x, y), mp.besselk, POSITIVE, POSITIVE),
    "binomial": (sp.binomial(x + y, y), lambda a, b: mp.binomial(a + b, b), POSITIVE, POSITIVE),
    "Max, Min": (sp.Max(x, y) / 7 - sp.Min(x, y), lambda a, b: max(a, b) / 7 - min(a, b), ANY, ANY),
}


def _point(domain):
    return st.fractions(*domain, max_denominator=400)


def _mpf(value):
    return mp.mpf(value.numerator) / value.denominator


def _arb(value):
    return arb(fmpq(value.numerator, value.denominator))


def _assert_holds(ball, reference):
    """The ball overlaps the reference, up to the last digits of the latter."""
    if not ball.is_finite():
        raise AssertionError(f"{ball} encloses nothing")
    sign, mantissa, exponent, _ = mp.mpf(reference)._mpf_
    with ctx.workprec(400):
        point = arb(-int(mantissa) if sign else int(mantissa)) * arb(2) ** int(exponent)
        slack = (abs(point) + 1) * arb(10) ** (4 - DIGITS)
        assert (point + arb(0, slack.upper())).overlaps(ball), (ball, reference)


@pytest.mark.parametrize("name", CASES)
def test_one_argument_against_mpmath(name):
    expression, reference, domain = CASES[name]
    function = compile_arb(expression, (x,))

    @settings(max_examples=15)
    @given(_point(domain))
    def check(point):
        with mpmath.workdps(DIGITS + 20), ctx.workprec(300):
            ball = function(_arb(point))
            _assert_holds(ball, reference(_mpf(point)))
            assert ball.rel_accuracy_bits() > 60 or ball.contains(0)

    check()


@pytest.mark.parametrize("name", BINARY)
def test_two_arguments_against_mpmath(name):
    expression, reference, *domains = BINARY[name]
    function = compile_arb(expression, (x, y))

    @settings(max_examples=10)
    @given(*map(_point, domains))
    def check(a, b):
        with mpmath.workdps(DIGITS + 20), ctx.workprec(300):
            _assert_holds(function(_arb(a), _arb(b)), reference(_mpf(a), _mpf(b)))

    check()


@pytest.mark.parametrize("name", CASES)
def test_wide_balls_contain_the_values_at_their_points(name):
    expression, _, domain = CASES[name]
    function = compile_arb(expression, (x,))

    @settings(max_examples=12)
    @given(_point(domain), st.fractions(0, 2, max_denominator=50))
    def check(left, width):
        with ctx.workprec(80):
            wide = function(_arb(left).union(_arb(left + width)))
        for step in range(5):
            with ctx.workprec(200):
                value = function(_arb(left + width * step / 4))
            assert not value.is_finite() or wide.overlaps(value), (left, width, step)

    check()


@pytest.mark.parametrize("name", BINARY)
def test_wide_balls_of_two_arguments(name):
    expression, _, *domains = BINARY[name]
    function = compile_arb(expression, (x, y))

    @settings(max_examples=8)
    @given(*map(_point, domains), st.fractions(0, 1, max_denominator=50))
    def check(a, b, width):
        with ctx.workprec(80):
            wide = function(_arb(a).union(_arb(a + width)), _arb(b).union(_arb(b + width)))
        for i, j in ((0, 0), (1, 0), (0, 1), (1, 1), (Fraction(1, 3), Fraction(2, 3))):
            value = function(_arb(a + width * i), _arb(b + width * j))
            assert not value.is_finite() or wide.overlaps(value), (a, b, width, i, j)

    check()


def test_every_template_is_tested():
    covered = set().union(*(type_names(case[0]) for case in [*CASES.values(), *BINARY.values()]))
    spelled = {key.partition("/")[0] for key in ARB.templates}
    internal = {"sqrt", "square", "power", "power_integer", "ratio", "digamma"}
    relational = {"Equality", "DiracDelta", "LessThan", "GreaterThan", "StrictLessThan", "StrictGreaterThan"}
    assert spelled - internal - relational - covered <= {"And", "Not", "Unequality"}  # in the tests of truth


def type_names(expression):
    return {type(node).__name__ for node in sp.preorder_traversal(expression)}


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        (sp.sign(sp.sqrt(x)), (-1,)), (sp.Heaviside(sp.log(x)), (-1,)), (sp.sqrt(x), (-1,)), (sp.log(x), (0,)),
        (1 / x, (0,)), (x**-2, (0,)), (x**y, (0, -1)), (x**y, (-8, "1/3")), (sp.acos(x), (2,)), (sp.gamma(x), (-2,)),
        (sp.factorial(x), (-1,)), (sp.binomial(x, y), (3, 5)), (sp.polygamma(1, x), (-1,)), (sp.zeta(x), (1,)),
        (sp.atan2(x, y), (0, 0)), (sp.DiracDelta(x), (0,)), (sp.loggamma(x), ("-1/2",)),
        (sp.Max(sp.sqrt(x), 1), (-1,)), (sp.Min(1, sp.log(x)), (-1,)), (sp.floor(1 / x), (0,)), (abs(1 / x), (0,)),
        (sp.Piecewise((1, x > 1)), (0,)), (sp.Piecewise((1, sp.log(x) > 0), (2, True)) + 1 / x, (0,)),
        (sp.Sum(k, (k, 1, x)), ("5/2",)), (sp.Sum(k, (k, 1, x)), (10**9,)), (sp.Sum(k, (k, 1, x)), (-2,)),
        (sp.Product(k, (k, 4, x)), (1,)), (sp.besselk(0, x), (0,)), (sp.acosh(x), (0,)), (sp.atanh(x), (1,)),
    ],
)  # fmt: skip
def test_where_the_expression_is_undefined_no_finite_ball_is_returned(expression, values):
    """The sign of nan was [-1, 1], atan2(0, 0) was 0, and a backward sum was empty."""
    function = compile_arb(expression, (x, y)[: len(values)])
    assert not function(*map(to_arb, values)).is_finite()


def test_undecided_cases_are_hulls():
    around = arb(0, 1)
    for expression, low, high in (
        (sp.sign(x), -1, 1),
        (sp.Heaviside(x), 0, 1),
        (sp.Heaviside(x, 5), 0, 5),
        (sp.Piecewise((7, x > 0), (9, True)), 7, 9),
        (sp.Piecewise((7, x > 0), (8, x > -5), (sp.log(-1 - x**2), True)), 7, 8),
        (sp.floor(x + sp.Rational(1, 2)), -1, 1),
        (sp.Max(x, 0), 0, 1),
    ):
        ball = compile_arb(expression, (x,))(around)
        assert ball.contains(low) and ball.contains(high) and ball.is_finite() and ball.rad() < 6, expression
    assert compile_arb(sp.DiracDelta(x), (x,))(arb(2, 1)) == 0
    assert compile_arb(sp.DiracDelta(x, 1), (x,))(arb(-3)) == 0


def test_truth_has_three_values():
    less, less_equal = (compile_arb(r, (x,)) for r in (x < 1, x <= 1))
    assert (less(arb(0)), less(arb(1)), less(arb(1, 1)), less(arb.nan())) == (True, False, None, None)
    assert (less_equal(arb(1)), less_equal(arb(2)), less_equal(arb(1, 1)), less_equal(arb.nan())) == (
        True, False, None, None,
    )  # fmt: skip
    equal, unequal = (compile_arb(r, (x,)) for r in (sp.Eq(x, 1), sp.Ne(x, 1)))
    assert (equal(arb(1)), equal(arb(2)), equal(arb(1, 1)), equal(arb.nan())) == (True, False, None, None)
    assert (unequal(arb(1)), unequal(arb(2)), unequal(arb(1, 1))) == (False, True, None)
    for operator, table in ((sp.And, {(1, 1): True, (0, 1): False}), (sp.Or, {(0, 0): False, (0, 1): True})):
        both = compile_arb(operator(x > 0, y > 0), (x, y))
        for (a, b), expected in table.items():
            assert both(arb(2 * a - 1), arb(2 * b - 1)) is expected
        assert both(arb(0, 1), arb(0, 1)) is None
    assert compile_arb(sp.And(x > 0, y > 0), (x, y))(arb(0, 1), arb(-1)) is False
    assert compile_arb(sp.Or(x > 0, y > 0), (x, y))(arb(0, 1), arb(1)) is True


def test_precision_is_that_of_the_call_and_restored():
    before = ctx.prec
    assert enclose(sp.pi, prec=2000).rel_accuracy_bits() > 1900
    assert ctx.prec == before
    with pytest.raises(UnknownNode):
        enclose(sp.LambertW(sp.Integer(3)), prec=777)
    assert ctx.prec == before
    third = compile_arb(sp.Rational(1, 3) * x, (x,))
    for prec in (53, 700, 53):
        with ctx.workprec(prec):
            accuracy = third(arb(1)).rel_accuracy_bits()
        assert prec - 3 <= accuracy <= prec + 3


def test_values_of_all_exact_kinds():
    for value in (2, "2", Fraction(2), fmpq(2), sp.Integer(2), arb(2), "sqrt(4)"):
        assert enclose(x**2, {x: value}) == 4
    for value in (2.0, sp.Float(2), "x", None, True, 2j, sp.oo, sp.nan, sp.I):
        with pytest.raises(InputError):
            enclose(x**2, {x: value})
    with pytest.raises(UnknownNode, match="Symbol x"):
        enclose(x)


@given(st.integers(-(2**80), 2**80), st.integers(-200, 200))
def test_ends_are_exact(mantissa, exponent):
    value = fmpq(mantissa) * fmpq(2) ** exponent
    with ctx.workprec(200):
        ball = arb(value)
    assert endpoints(ball) == (value, value)
    wide = arb(1).union(arb(fmpq(1, 3)))
    low, high = endpoints(wide)
    assert low <= fmpq(1, 3) and high >= 1
    assert arf_to_fmpq(arb(value).mid()) == arf_to_fmpq(arb(value).mid())


@pytest.mark.parametrize("size", [10**13, -(10**13)])
def test_numbers_too_large_to_be_written_out_are_refused(size):
    """The exact ends of exp(10^13) have 1.4e13 bits."""
    ball = enclose(sp.exp(x), {x: size})
    assert ball.is_finite() and ball > 0
    with pytest.raises(InputError, match="cannot be written out"):
        endpoints(ball)


@pytest.mark.parametrize("exponent", [3, 4, 7, 12])
def test_powers_of_balls_around_zero_are_finite(exponent):
    power = compile_arb(x**exponent, (x,))
    assert power(arb(0, 2)).is_finite()
    assert power(arb(0, 2)).contains(arb(2) ** exponent)
    assert power(arb(3)) == 3**exponent


@pytest.mark.parametrize("last", range(7))
def test_sums_and_products_take_every_index(last):
    n, k = sp.symbols("n k")
    for low in range(min(last, 1) + 2):
        assert enclose(sp.Sum(k, (k, low, n)), {n: last}) == sum(range(low, last + 1))
        assert enclose(sp.Product(k + 1, (k, low, n)), {n: last}) == math.prod(range(low + 1, last + 2))


def test_backward_ranges_are_not_empty_and_are_left_out():
    """SymPy reverses them: the sum from 2 to 0 is minus the term at 1."""
    n, k = sp.symbols("n k")
    assert sp.Sum(k, (k, 2, 0)).doit() == -1 and not enclose(sp.Sum(k, (k, 2, n)), {n: 0}).is_finite()
