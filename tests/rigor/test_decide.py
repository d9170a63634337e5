"""Three verdicts, none of them wrong."""

from fractions import Fraction

import pytest
import sympy as sp
from flint import arb, ctx
from hypothesis import given, settings
from hypothesis import strategies as st

from relverify.errors import InputError, UnknownNode
from relverify.rigor.decide import Decision, Verdict, compare, decide, is_zero, overall
from relverify.rigor.enclose import enclose

PROVED, REFUTED, UNDECIDED = Verdict.PROVED, Verdict.REFUTED, Verdict.UNDECIDED
x, y = sp.symbols("x y")
OPERATORS = {"<=": sp.Le, "<": sp.Lt, ">=": sp.Ge, ">": sp.Gt, "==": sp.Eq}


def _holds(op, a, b):
    return {"<=": a <= b, "<": a < b, ">=": a >= b, ">": a > b, "==": a == b}[op]


@given(
    st.sampled_from(sorted(OPERATORS)), st.fractions(-3, 3, max_denominator=9), st.fractions(-3, 3, max_denominator=9)
)
def test_rational_comparisons_are_exact(op, a, b):
    relation = OPERATORS[op](x / 3, y / 3, evaluate=False)
    expected = PROVED if _holds(op, a, b) else REFUTED
    assert decide(relation, {x: a, y: b}).verdict is expected


@settings(max_examples=30)
@given(st.sampled_from(sorted(OPERATORS)), st.integers(0, 30), st.integers(0, 30), st.integers(0, 30))
def test_roots_are_decided_by_algebra_where_equal(op, a, b, c):
    """sqrt(a) + sqrt(b) against sqrt(a + b + 2 sqrt(a b)) are equal; the third number moves them apart."""
    left, right = sp.sqrt(x) + sp.sqrt(y), sp.sqrt(a + b + c + 2 * sp.sqrt(sp.Integer(a * b)))
    relation = OPERATORS[op](left, right, evaluate=False)
    assert decide(relation, {x: a, y: b}).verdict is (PROVED if _holds(op, 0, c) else REFUTED)


def test_close_numbers_need_more_bits():
    near = sp.pi + sp.Rational(1, 10**200)
    decision = decide(sp.Lt(sp.pi + x, near, evaluate=False), {x: 0})
    assert decision.verdict is PROVED and decision.prec >= 512
    hidden = sp.Lt(sp.pi + x, sp.pi + sp.Rational(1, 2**9000), evaluate=False)
    assert decide(hidden, {x: 0}, max_prec=1024).verdict is UNDECIDED
    assert decide(hidden, {x: 0}, max_prec=16384).verdict is PROVED


@pytest.mark.parametrize(
    ("relation", "verdict"),
    [
        (True, PROVED),
        (False, REFUTED),
        (sp.true, PROVED),
        (sp.false, REFUTED),
        (sp.And(sp.Lt(x, 1), sp.Gt(x, 0)), PROVED),
        (sp.And(sp.Lt(x, 1), sp.Gt(x, 1, evaluate=False)), REFUTED),
        (sp.And(sp.Lt(sp.sqrt(-x), 1), sp.Gt(x, 0)), UNDECIDED),
        (sp.And(sp.Lt(sp.sqrt(-x), 1), sp.Gt(x, 1)), REFUTED),
        (sp.Lt(sp.log(-x), 1), UNDECIDED),
        (sp.Le(1 / (2 * x - 1), 1, evaluate=False), UNDECIDED),
        (sp.Ne(x, 1), UNDECIDED),
        (sp.Or(x < 1, x > 2), UNDECIDED),
        (x + 1, UNDECIDED),
        (sp.Eq(sp.sin(x) ** 2 + sp.cos(x) ** 2, 1, evaluate=False), PROVED),
        (sp.Eq(sp.exp(x), sp.exp(x) + x), REFUTED),
        (sp.Gt(sp.exp(x), sp.exp(x), evaluate=False), REFUTED),
        (sp.Le(sp.exp(-(10**6) * x), 0, evaluate=False), REFUTED),
    ],
)
def test_verdicts(relation, verdict):
    decision = decide(relation, {x: sp.Rational(1, 2)})
    assert decision.verdict is verdict
    assert decision.reason and "\n" not in decision.reason


def test_what_is_not_finite_proves_nothing():
    for value in (arb.nan(), arb("inf"), arb("-inf"), arb(0, "inf")):
        for op in OPERATORS:
            for sides in ((value, arb(0)), (arb(0), value), (value, value)):
                assert compare(lambda p, s=sides: s[0], op, lambda p, s=sides: s[1], 128).verdict is UNDECIDED


def test_overlapping_balls():
    wide = arb(0, 2)
    for op in OPERATORS:
        assert compare(lambda p: wide, op, lambda p: wide, 64).verdict is UNDECIDED


def test_compare_runs_at_the_precision_that_it_passes_and_restores_it():
    seen = []

    def left(prec):
        seen.append((prec, ctx.prec))
        return enclose(sp.pi, prec=prec)

    before = ctx.prec
    decision = compare(left, "<", lambda p: enclose(sp.pi, prec=p), max_prec=600)
    assert decision.verdict is UNDECIDED and "512 bits" in decision.reason
    assert seen == [(p, p) for p in (64, 128, 256, 512)] and ctx.prec == before

    def fails(prec):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        compare(fails, "<", left)
    assert ctx.prec == before


def test_errors_are_named():
    with pytest.raises(InputError, match="x: "):
        decide(x < 1, {x: 0.5})
    with pytest.raises(UnknownNode, match="Symbol y"):
        decide(x < y, {x: 1})


@settings(max_examples=40)
@given(st.lists(st.integers(2, 12), min_size=1, max_size=3), st.fractions(-1, 1, max_denominator=40))
def test_is_zero_never_lies(radicands, shift):
    value = sum(sp.sqrt(r) for r in radicands)
    squared = sp.expand(value**2)
    zero = sp.sqrt(squared) - value + sp.Rational(shift.numerator, shift.denominator)
    assert is_zero(zero) is (shift == 0)


@pytest.mark.parametrize(
    ("number", "zero"),
    [
        (sp.sqrt(3 + 2 * sp.sqrt(2)) - 1 - sp.sqrt(2), True),
        (sp.exp(1) - sp.exp(1) * sp.cos(1) ** 2 - sp.exp(1) * sp.sin(1) ** 2, True),
        (sp.log(8) - 3 * sp.log(2), True),
        (sp.Rational(1, 10**300), False),
        (sp.sqrt(2) - sp.Rational(665857, 470832), False),
        (sp.exp(sp.pi * sp.sqrt(163)) - 262537412640768744, False),
        (sp.cbrt(2) ** 3 - 2, True),
        (
            (sp.sqrt(2) + sp.sqrt(3) + sp.sqrt(5) + sp.sqrt(7)) ** 2
            - sp.expand((sp.sqrt(2) + sp.sqrt(3) + sp.sqrt(5) + sp.sqrt(7)) ** 2),
            True,
        ),
    ],
)
def test_is_zero(number, zero):
    assert is_zero(number) is zero


def test_a_conjunction_is_as_good_as_its_worst_part():
    assert overall([]) is PROVED
    assert overall([PROVED, UNDECIDED]) is UNDECIDED
    assert overall(iter([PROVED, UNDECIDED, REFUTED])) is REFUTED
    assert [v.exit_code for v in (PROVED, REFUTED, UNDECIDED)] == [0, 1, 2]


def test_a_decision_is_no_truth_value():
    for verdict in Verdict:
        with pytest.raises(TypeError, match="three values"):
            bool(Decision(verdict, ""))


@given(st.fractions(-5, 5, max_denominator=30))
def test_decisions_agree_with_python(value):
    relation = sp.Le(x**3 - x, sp.Rational(3, 8), evaluate=False)
    expected = value**3 - value <= Fraction(3, 8)
    assert decide(relation, {x: value}).verdict is (PROVED if expected else REFUTED)


def test_exact_algebra_uses_no_bits():
    assert decide(sp.true) == Decision(PROVED, "evaluated by exact algebra", 0)


def test_reasons_show_digits_where_they_are_known_and_radii_where_not():
    root = decide(sp.Lt(sp.sqrt(x), 1, evaluate=False), {x: 2})
    assert root.reason == "1.41421356237 >= 1.00000000000" and root.verdict is REFUTED and root.prec == 64
    wide = compare(lambda p: arb(1, 0.25), "<=", lambda p: arb(3, 0.5))
    assert wide.reason == "[1e+0 +/- 0.251] <= [3e+0 +/- 0.501]" and wide.verdict is PROVED


def test_algebraic_numbers_too_small_for_balls_are_not_zero():
    tiny = sp.sqrt(sp.Integer(10) ** 400 + 2)
    close = sp.sqrt(2) * sp.sqrt(sp.Integer(10) ** 400 + 1) - sp.sqrt(2 * sp.Integer(10) ** 400 + 3)
    assert enclose(close, prec=512).contains(0) and not is_zero(close)
    assert is_zero(sp.sqrt(2) * tiny - sp.sqrt(2 * sp.Integer(10) ** 400 + 4))
