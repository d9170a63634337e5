"""mpmath confirms every enclosure, and contradicts wrong ones."""

import mpmath
import pytest
import sympy as sp
from flint import arb, ctx
from hypothesis import given, settings
from hypothesis import strategies as st

from relverify.errors import Disagreement, UnknownNode
from relverify.rigor import second_opinion
from relverify.rigor.enclose import ARB, enclose
from relverify.rigor.roots import IsolatedRoot
from relverify.rigor.second_opinion import MPMATH, confirm, evaluate, held_inside

x, i, j = sp.symbols("x i j")

EXPRESSIONS = [
    *(f(x) for f in (sp.exp, sp.log, sp.sin, sp.cos, sp.tan, sp.cot, sp.sec, sp.csc, sp.sinh, sp.cosh, sp.tanh)),
    *(f(x) for f in (sp.sech, sp.csch, sp.asinh, sp.atan, sp.gamma, sp.loggamma, sp.erf, sp.erfc, sp.sinc)),
    *(f(x) for f in (sp.ceiling, sp.floor, sp.coth, sp.sign, sp.Heaviside)),
    *(f(x / 20) for f in (sp.asin, sp.acos, sp.atanh)),
    sp.acosh(x + 1), sp.factorial(x), sp.binomial(x + 3, 3 * x / 2), sp.digamma(x), sp.polygamma(2, x), sp.zeta(x + 2),
    sp.zeta(x + 2, x), sp.lowergamma(x, 2), sp.uppergamma(x, 2), sp.besseli(x, 1), sp.besselj(1, x), sp.besselk(2, x),
    sp.atan2(-x, 2), abs(x - 5), sp.sqrt(x), x**7, x ** sp.Rational(-5, 3), sp.Rational(3, 7) ** x,
    sp.Heaviside(x - 3, 1),
    sp.Max(x, 2, x**2 / 9), sp.Min(x, sp.pi), sp.EulerGamma * sp.GoldenRatio * sp.pi * sp.E * x,
    sp.Piecewise((x, x < 2), (x**2, sp.And(x >= 2, sp.Ne(x, 5))), (7, sp.Or(x > 5, x <= 4)), (8, True)),
    sp.Piecewise((1, sp.Eq(x, 3)), (2, True)), sp.Sum(x**i / sp.factorial(i), (i, 0, 9)),
    sp.Product(1 + x / i, (i, 1, 5)), sp.Sum(i / j + i ** (-j), (i, 1, 4), (j, 1, 7)), sp.Sum(i, (i, 1, 0)) + x,
    IsolatedRoot(sp.Lambda(i, i * sp.exp(i) - x), sp.Integer(0), x + 1),
]  # fmt: skip


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=str)
def test_the_two_agree_on_every_operation(expression):
    @settings(max_examples=6)
    @given(st.fractions("1/9", 19, max_denominator=60), st.sampled_from([5, 30, 80]))
    def check(point, digits):
        value = {x: sp.Rational(point.numerator, point.denominator)}
        confirm(expression, value, enclose(expression, value, 64 + 4 * digits), digits)

    check()


def test_both_know_the_same_operations():
    assert {key for key in ARB.templates if not key.startswith("DiracDelta")} == set(MPMATH.templates)
    assert set(ARB.constants) == set(MPMATH.constants)


def test_constants_do_not_keep_the_precision_of_the_first_evaluation():
    """mpf(n) rounds when the code is compiled: later evaluations to more digits were wrong."""
    n = sp.Symbol("n", integer=True)
    long = sp.Integer(10) ** 90 + 1
    assert evaluate(long * n, {n: 1}, 15) == mpmath.mpf(10) ** 90
    with mpmath.workdps(200):
        assert evaluate(long * n, {n: 1}, 150) == mpmath.mpf(10) ** 90 + 1


def test_indices_of_sums_are_not_machine_numbers():
    """Quotients of two indices were floats."""
    total = sp.Sum(i / j, (i, 1, 3), (j, 1, 7))
    held_inside(evaluate(total, {}, 60), enclose(total, prec=300), 60)


def test_cancellation_is_no_disagreement():
    cancelling = sp.exp(x) - 1 - x
    value = {x: sp.Rational(1, 10**60)}
    assert abs(confirm(cancelling, value, enclose(cancelling, value, 900), 20) * 2 * mpmath.mpf(10) ** 120 - 1) < 1e-15


@settings(max_examples=25)
@given(st.integers(1, 60), st.sampled_from([-1, 1]))
def test_a_wrong_ball_is_found_to_its_last_digits(digits, side):
    with ctx.workprec(64 + 8 * digits):
        ball = enclose(sp.pi, prec=64 + 8 * digits)
        held_inside(evaluate(sp.pi, {}, digits), ball, digits)
        wrong = ball * (1 + side * arb(10) ** (4 - digits))
        if digits > 5:
            with pytest.raises(Disagreement):
                confirm(sp.pi, {}, wrong, digits)


@pytest.mark.parametrize("expression", [sp.sqrt(x), 1 / (x + 1), sp.log(x), sp.zeta(x + 2), sp.acos(2 - x)])
def test_no_real_number_is_a_disagreement(expression):
    with pytest.raises(Disagreement):
        confirm(expression, {x: -1}, arb(1), 15)
    assert mpmath.mp.prec == 53


def test_zero_and_not_a_number():
    assert confirm(x, {x: 0}, arb(0), 20) == 0
    with pytest.raises(Disagreement):
        held_inside(mpmath.mpf(0), arb(1), 20)
    for bad in (mpmath.nan, mpmath.inf, -mpmath.inf):
        with pytest.raises(Disagreement):
            held_inside(bad, arb(0, "inf"), 20)
    with pytest.raises(UnknownNode):
        evaluate(sp.LambertW(x), {x: 1})


def test_precision_is_restored():
    mpmath.mp.prec, ctx.prec = 71, 83
    try:
        confirm(sp.exp(x), {x: 1}, enclose(sp.E, prec=400), 60)
        assert (mpmath.mp.prec, ctx.prec) == (71, 83)
    finally:
        mpmath.mp.prec, ctx.prec = 53, 53
    assert second_opinion.GUARD_DIGITS >= 10


def test_digits_are_raised_four_times(monkeypatch):
    asked = []

    def wrong(expression, values, digits):
        asked.append(digits)
        return mpmath.mpf(2)

    monkeypatch.setattr(second_opinion, "evaluate", wrong)
    with pytest.raises(Disagreement):
        confirm(sp.Integer(1), None, arb(1), 10)
    assert asked == [10, 55, 235, 955, 3835]
    del asked[:]
    assert confirm(sp.Integer(2), None, arb(2), 10) == 2 and asked == [10]
