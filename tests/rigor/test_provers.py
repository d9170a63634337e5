"""What the provers prove is true, what they refute is false, at every point that they speak of."""

import pytest
import sympy as sp
from flint import ctx
from hypothesis import given, settings
from hypothesis import strategies as st

from relverify.errors import InputError
from relverify.rigor.decide import Verdict, decide
from relverify.rigor.provers import prove_by_z3, prove_identity, prove_on_box

PROVED, REFUTED, UNDECIDED = Verdict.PROVED, Verdict.REFUTED, Verdict.UNDECIDED
x, y, z = sp.symbols("x y z", real=True)
a, b, c = sp.symbols("a b c", positive=True)
s, t = sp.symbols("s t", nonnegative=True)
n = sp.Symbol("n", integer=True, positive=True)
less, lost = sp.Symbol("less", negative=True), sp.Symbol("lost", nonpositive=True)
apart = sp.Symbol("apart", real=True, nonzero=True)
half = sp.Rational(1, 2)
inner = sp.Function("inner")


@pytest.mark.parametrize(
    ("lhs", "rhs", "verdict"),
    [
        ((x + y) ** 3, x**3 + 3 * x**2 * y + 3 * x * y**2 + y**3, PROVED),
        (sp.sinh(x), (sp.exp(x) - sp.exp(-x)) / 2, PROVED),
        (sp.sqrt(a**2), a, PROVED),
        (sp.Sum(z, (z, 1, n)), n * (n + 1) / 2, PROVED),
        (sp.tanh(x), (1 - sp.exp(-2 * x)) / (1 + sp.exp(-2 * x)), PROVED),
        (inner(x) + y, y + inner(x), PROVED),
        (sp.sqrt(x**2), x, REFUTED),
        ((x + y) ** 2, x**2 + y**2, REFUTED),
        (sp.log(a * b), sp.log(a) * sp.log(b), REFUTED),
        (sp.exp(x) * (1 + sp.Rational(1, 10**30)), sp.exp(x), REFUTED),
        (inner(x), inner(y), UNDECIDED),
        (n, n + 1, REFUTED),
        (sp.sin(sp.pi * n), 0, PROVED),
        (sp.Max(s, 0), s, PROVED),
        (sp.Abs(less), -less, PROVED),
        (sp.Abs(lost), lost, REFUTED),
    ],
)
def test_identities(lhs, rhs, verdict):
    assert prove_identity(lhs, rhs).verdict is verdict


@pytest.mark.parametrize(
    ("lhs", "relation", "rhs", "given", "verdict"),
    [
        (2 * x * y, "<=", x**2 + y**2, (), PROVED),
        (2 * x * y, "<", x**2 + y**2, (), REFUTED),
        (2 * x * y, "<", x**2 + y**2, (sp.Ne(x, y),), PROVED),
        (x, "<=", y, (), REFUTED),
        (sp.sqrt(a * b), "<=", (a + b) / 2, (), PROVED),
        (sp.sqrt(s), "<=", s, (), REFUTED),
        (sp.sqrt(s), "<=", s, (s >= 1,), PROVED),
        (sp.sqrt(x), ">=", 0, (), UNDECIDED),
        (1 / x, ">=", 0, (x >= 0,), UNDECIDED),
        (1 / x, ">=", 0, (x > 0,), PROVED),
        (1 / (1 + x**2), "<=", 1, (), PROVED),
        (a / b + b / a, ">=", 2, (), PROVED),
        (x / apart, "=", -(-x / apart), (), PROVED),
        (a ** sp.Rational(3, 2), ">=", a, (a >= 1,), PROVED),
        (a ** sp.Rational(-3, 2), ">", 0, (), PROVED),
        (sp.sqrt(a**3), "=", a * sp.sqrt(a), (), PROVED),
        (a ** sp.Rational(5, 2), "<=", a, (), REFUTED),
        (abs(x + y), "<=", abs(x) + abs(y), (), PROVED),
        (abs(x * y), "=", abs(x) * abs(y), (), PROVED),
        (abs(x), "<=", x, (), REFUTED),
        (sp.Max(x, y, z), ">=", (x + y + z) / 3, (), PROVED),
        (sp.Min(x, y), "<=", sp.Max(x, y), (), PROVED),
        (sp.Min(x, y, z), "<=", x, (), PROVED),
        (sp.Min(x, y, z), "<=", (x + y + z) / 3, (), PROVED),
        (sp.Min(x, y), ">=", x, (), REFUTED),
        (sp.Max(x, y), "=", (x + y + abs(x - y)) / 2, (), PROVED),
        (sp.Max(x, y), "<=", x, (), REFUTED),
        (less, "<", 0, (), PROVED),
        (lost, "<=", 0, (), PROVED),
        (apart**2, ">", 0, (), PROVED),
        (s, ">", 0, (), REFUTED),
        (n, ">=", 1, (), PROVED),
        (x**17, ">=", 0, (), UNDECIDED),
        (x ** sp.Rational(1, 3), ">=", 0, (), UNDECIDED),
        (sp.exp(x), ">", 0, (), PROVED),
        (sp.exp(x), ">=", x, (), UNDECIDED),
        (inner(x) ** 2, ">=", 0, (), PROVED),
        (sp.pi, ">", 3, (), UNDECIDED),
        (sp.pi, ">", 0, (), PROVED),
        (x, "<=", 1, (sp.And(x <= y, y <= 1),), PROVED),
        (x, "<=", 1, (sp.Or(x <= 0, x < 1),), PROVED),
        (x, "=", 1, (sp.Eq(x, 1),), PROVED),
        (x, "<=", 1, (sp.Not(sp.Eq(x, 1)),), REFUTED),
        (sp.Float(0.5) * x, "<=", x, (), UNDECIDED),
        (x, "<=", 1, (sp.Xor(x > 1, y > 1),), UNDECIDED),
        (2**a / 2**a * b, "=", b, (), PROVED),
        (a**-b * a**b * c, "<=", c, (), PROVED),
        (c * a**-b, "<=", c / a**b, (), PROVED),
    ],
)
def test_z3(lhs, relation, rhs, given, verdict):
    decision = prove_by_z3(lhs, relation, rhs, given)
    assert decision.verdict is verdict, decision


def test_z3_does_not_refute_claims_about_integers_by_fractions():
    """(n - 1)(n - 2) >= 0 holds for integers, and fails at 3/2."""
    assert prove_by_z3((n - 1) * (n - 2), ">=", 0).verdict is UNDECIDED


@pytest.mark.parametrize(
    "given", [(a < 0,), (x < 1, x > 2), (sp.false,), (n < 1,), (x**2 < 0,), (sp.Lt(abs(x), 0, evaluate=False),)]
)
def test_contradictory_assumptions_prove_nothing(given):
    decision = prove_by_z3(x + a + n, "<=", -1, given)
    assert decision.verdict is UNDECIDED and "contradict" in decision.reason


def test_z3_keeps_the_conditions_of_nested_quotients():
    """y/(1 + 1/x) was read as x y/(1 + x), which is defined at x = 0."""
    at_zero = (x >= 0, x <= 0)
    assert prove_by_z3(y / (1 + 1 / x), "=", 0, at_zero).verdict is UNDECIDED
    assert prove_by_z3(y / (1 + 1 / x), "<=", y, (x > 0, y >= 0)).verdict is PROVED


def test_z3_keeps_fresh_variables_apart():
    """Roots, quotients and functions of different terms are different variables, those of one term the same."""
    names = sp.symbols("v0_Symbol v1_Symbol root0 root1 quotient0 quotient1", positive=True)
    root0, quotient0 = names[2], names[4]
    for other in names:
        assert prove_by_z3(sp.sqrt(other + 1), "=", root0).verdict is REFUTED
        assert prove_by_z3(1 / (other + 1), "=", quotient0).verdict is REFUTED
    assert prove_by_z3(sp.sqrt(a) * sp.sqrt(b) / (sp.sqrt(a) + 1), "<=", sp.sqrt(c)).verdict is REFUTED
    assert prove_by_z3(sp.exp(x) * sp.sin(y), "=", sp.sin(y) * sp.exp(x)).verdict is PROVED
    twins = sp.Symbol("w", positive=True), sp.Symbol("w", nonnegative=True)
    assert prove_by_z3(twins[0], "=", twins[1]).verdict is REFUTED


_POLYNOMIALS = st.lists(st.integers(-3, 3), min_size=6, max_size=6).map(
    lambda v: sum(k * m for k, m in zip(v, (1, x, y, x * y, x**2, y**2), strict=True))
)


@settings(max_examples=30)
@given(_POLYNOMIALS, st.integers(-3, 3), st.integers(-3, 3), st.sampled_from(["<=", ">", "<"]))
def test_z3_proves_nothing_that_fails_at_a_point(polynomial, p, q, relation):
    lhs, rhs = abs(polynomial) - sp.Max(x, 0), sp.Min(polynomial, y) + 2
    verdict = prove_by_z3(lhs, relation, rhs, (x <= 2,)).verdict
    point = {x: sp.Rational(min(p, 4), 2), y: sp.Rational(q, 2)}
    claim = {"<=": sp.Le, ">": sp.Gt, "<": sp.Lt}[relation]
    holds = decide(claim(lhs, rhs, evaluate=False), {v: point[v] for v in (x, y)}).verdict
    assert not (verdict is PROVED and holds is REFUTED)


@pytest.mark.parametrize(
    ("lhs", "relation", "rhs", "box", "verdict"),
    [
        (sp.sin(x), "<=", x, {x: ("1/100", 3)}, PROVED),
        (sp.sin(x), "<", x + sp.Rational(1, 10), {x: (0, 3)}, PROVED),
        (sp.exp(x), ">=", 1 + x, {x: ("1/10", 5)}, PROVED),
        (sp.exp(x), "<=", 1 + 2 * x, {x: (0, 2)}, REFUTED),
        (x * y, "<", 1 + half, {x: (-1, 1), y: (-1, 1)}, PROVED),
        (x * y, "<", 1, {x: (-1, 1), y: (-1, 1)}, UNDECIDED),
        (x * y, "<", sp.Rational(99, 100), {x: (-1, 1), y: (-1, 1)}, REFUTED),
        (x**2, ">=", 0, {x: (-1, 1)}, UNDECIDED),
        (sp.log(x), "<=", x, {x: (0, 1)}, UNDECIDED),
        (1 / x, ">=", 1, {x: (-1, 1)}, REFUTED),
        (1 / x, ">=", -100, {x: (0, 1)}, UNDECIDED),
        (x, "=", x, {x: (0, 1)}, UNDECIDED),
        (x + 1, "=", x, {x: (0, 1)}, UNDECIDED),
        (x, "!=", x, {x: (0, 1)}, UNDECIDED),
        (3 * x, ">=", 1, {x: ("1/3", 1)}, UNDECIDED),
        (3 * x, ">=", 1, {x: ("1/3", "1/3")}, UNDECIDED),
        (3 * x, "<=", 1, {x: (0, "1/3")}, UNDECIDED),
        (x**2, ">=", 2, {x: ("sqrt(2)", 2)}, UNDECIDED),
        (x**2, ">=", 2, {x: ("sqrt(2)", "sqrt(2)")}, UNDECIDED),
        (x**2, ">", 2 - sp.Rational(1, 10**9), {x: ("sqrt(2)", 2)}, PROVED),
        (x**2, "<", 2 - sp.Rational(1, 10**9), {x: (1, "sqrt(2)")}, REFUTED),
        (sp.Integer(1), "<", sp.Integer(2), {}, PROVED),
        (sp.Integer(2), "<", sp.Integer(1), {}, REFUTED),
        (sp.sqrt(2) ** 2 * y, "<", 3, {x: (0, 1)}, UNDECIDED),
        (x, "<=", 5, {x: (3, 2)}, UNDECIDED),
        (sp.sqrt(a**2), ">=", a, {a: (-2, -1)}, UNDECIDED),
        (n, ">=", half, {n: (1, 9)}, PROVED),
        (sp.LambertW(x), ">=", 0, {x: (1, 2)}, UNDECIDED),
        (less, "<", 1, {less: (-2, -1)}, UNDECIDED),
    ],
)
def test_boxes(lhs, relation, rhs, box, verdict):
    before = ctx.prec
    decision = prove_on_box(lhs, relation, rhs, box)
    assert decision.verdict is verdict, decision
    assert ctx.prec == before


def test_a_point_that_refutes_lies_in_the_box():
    """The midpoint of a thin box at 1/3 was rounded out of it, to where 3 x < 1."""
    third = sp.Rational(1, 3)
    for width in (sp.Rational(1, 2**200), sp.Rational(1, 2**126), sp.Integer(0)):
        for claim in ((3 * x, ">=", 1), (3 * x, "<=", 1 + 3 * width), (x, "<=", third + width)):
            assert prove_on_box(*claim, {x: (third, third + width)}).verdict is not REFUTED
    assert "x=" in prove_on_box(x, "<", third, {x: (0, 1)}).reason


def test_boxes_have_exact_ends():
    with pytest.raises(InputError, match="float"):
        prove_on_box(x, "<", 2, {x: (0, 0.5)})


@settings(max_examples=30)
@given(
    st.lists(st.integers(-4, 4), min_size=4, max_size=4),
    st.fractions(-2, 2, max_denominator=9),
    st.fractions("1/9", 2, max_denominator=9),
    st.fractions(0, 1, max_denominator=20),
)
def test_boxes_prove_nothing_that_fails_at_a_point(coefficients, left, width, where):
    cubic = sum(k * x**i for i, k in enumerate(coefficients)) - sp.Max(x, -x) / 7
    decision = prove_on_box(cubic, "<=", 3 - x / 3, {x: (left, left + width)})
    at = decide(sp.Le(cubic, 3 - x / 3, evaluate=False), {x: left + width * where}).verdict
    assert not (decision.verdict is PROVED and at is REFUTED)
    assert decision.verdict is not REFUTED or "x=" in decision.reason
