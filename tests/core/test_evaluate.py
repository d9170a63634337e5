"""Bounds as functions: every value refused or enclosed, with its hypotheses."""

from decimal import Decimal
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy as sp
from flint import arb, ctx, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from relverify.core.evaluate import MAX_DIGITS, BoundFunction, Enclosure
from relverify.core.registry import theorem, theorems
from relverify.core.symbols import K, N, beta, delta, eps, n, x
from relverify.core.theorem import Formal, Quantity, Resource
from relverify.errors import Disagreement, InputError
from relverify.rigor.enclose import endpoints


def _bound(expression, *symbols, hypotheses=(), resource=None):
    formal = Formal(tuple(Quantity(s, "a quantity") for s in symbols), expression, "b", (), hypotheses)
    return BoundFunction("test", expression, formal, resource)


PRODUCT = _bound(n * eps + K / 3, n, eps, K)
LIMITED = _bound(n * eps, n, eps, N, K, hypotheses=(n * eps <= 1, n <= N, K < 5, "a text"))


@settings(max_examples=60)
@given(
    st.integers(1, 10**30),
    st.fractions("1/1000000", 10**6),
    st.fractions(0, 10**6),
    st.sampled_from([1, 2, 15, 50, 333]),
)
def test_the_value_lies_between_the_ends(count, size, other, digits):
    exact = count * size + other / 3
    found = PRODUCT.evaluate(digits, n=count, eps=size, K=other)
    assert Fraction(found.lo) <= exact <= Fraction(found.hi)
    assert Fraction(found.lo) <= Fraction(found.value) <= Fraction(found.hi)
    low, high = (Fraction(int(q.p), int(q.q)) for q in found.ends)
    assert low <= exact <= high and Fraction(found.lo) <= low and high <= Fraction(found.hi)
    assert abs(Fraction(found.value) - exact) <= exact * Fraction(10) ** -digits
    sign, mantissa, exponent, _ = found.mpmath._mpf_
    opinion = Fraction(int(mantissa)) * Fraction(2) ** exponent
    assert not sign and abs(opinion - exact) <= exact * Fraction(10) ** (1 - digits)


@pytest.mark.parametrize("digits", [1, 20, 100, 1000])
def test_irrational_parameters(digits):
    found = PRODUCT.evaluate(digits, n=2, eps="sqrt(2)", K="pi")
    with mpmath.workdps(digits + 20):
        reference = 2 * mpmath.sqrt(2) + mpmath.pi / 3
        assert mpmath.mpf(found.lo) <= reference <= mpmath.mpf(found.hi)
        assert abs(mpmath.mpf(found.value) - reference) < reference * mpmath.mpf(10) ** -digits
        assert abs(found.mpmath - reference) < reference * mpmath.mpf(10) ** (1 - digits)


def test_kinds_of_exact_numbers_give_the_same_value():
    kinds = (2, "2", "4/2", Fraction(2), fmpq(2), sp.Integer(2), "sqrt(4)", "2.0")
    assert {repr(PRODUCT.evaluate(10, n=v, eps=v, K=v)) for v in kinds} == {repr(PRODUCT.evaluate(10, n=2, eps=2, K=2))}
    # what was read before must not let equal values of other kinds in
    for bad in (2.0, np.float64(2), np.int64(2), True, Decimal(2), sp.Float(2), 2 + 0j):
        with pytest.raises(InputError, match=r"^eps: "):
            PRODUCT.evaluate(10, n=2, eps=bad, K=2)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"n": 2, "eps": 1}, "K"),
        ({}, "n"),
        ({"n": 2, "eps": 1, "K": 1, "foo": 1}, "foo"),
        ({"n": 2, "eps": 1, "K": 1, "digits": 1}, "digits"),
        ({"n": 0, "eps": 1, "K": 1}, "n"),
        ({"n": -1, "eps": 1, "K": 1}, "n"),
        ({"n": "3/2", "eps": 1, "K": 1}, "n"),
        ({"n": fmpq(3, 2), "eps": 1, "K": 1}, "n"),
        ({"n": Fraction(3, 2), "eps": 1, "K": 1}, "n"),
        ({"n": "sqrt(2)", "eps": 1, "K": 1}, "n"),
        ({"n": True, "eps": 1, "K": 1}, "n"),
        ({"n": 1, "eps": 0, "K": 1}, "eps"),
        ({"n": 1, "eps": "-1e-300", "K": 1}, "eps"),
        ({"n": 1, "eps": fmpq(-1, 3), "K": 1}, "eps"),
        ({"n": 1, "eps": "sqrt(2)-2", "K": 1}, "eps"),
        ({"n": 1, "eps": "sqrt(3+2*sqrt(2))-1-sqrt(2)", "K": 1}, "eps"),
        ({"n": 1, "eps": 1, "K": "-1/10"}, "K"),
        ({"n": 1, "eps": 0.5, "K": 1}, "eps"),
        ({"n": 1, "eps": None, "K": 1}, "eps"),
        ({"n": 1, "eps": "abc", "K": 1}, "eps"),
        ({"n": 1, "eps": [1], "K": 1}, "eps"),
        ({"n": 1, "eps": sp.oo, "K": 1}, "eps"),
        ({"n": 1, "eps": eps, "K": 1}, "eps"),
        ({"n": -(10**5000), "eps": 1, "K": 1}, "n"),
        ({"n": 1, "eps": "9**9**9", "K": 1}, "eps"),
    ],
)
def test_refused_by_name_in_one_line(values, named):
    before = ctx.prec
    for call in (
        lambda: PRODUCT.evaluate(50, values),
        lambda: PRODUCT.evaluate(**values),
        lambda: PRODUCT.ball(values),
    ):
        with pytest.raises(InputError) as found:
            call()
        assert str(found.value).startswith(f"{named}: ") and str(found.value).isprintable()
    assert ctx.prec == before


def test_values_given_twice():
    with pytest.raises(InputError, match=r"^n: is given twice"):
        PRODUCT.evaluate(10, {"n": 1, "eps": 1, "K": 1}, n=2)
    assert PRODUCT.evaluate(10, {"n": 1, "eps": 1}, K=3).value == "2"


@pytest.mark.parametrize("digits", [0, -1, MAX_DIGITS + 1, 10**30, 1.0, "50", True, None])
def test_digits_have_limits(digits):
    with pytest.raises(InputError, match=r"^digits: "):
        PRODUCT.evaluate(digits, n=1, eps=1, K=1)


def test_many_digits():
    found = PRODUCT.evaluate(20_000, n=3, eps="sqrt(2)", K="1/3")
    assert found.ball.rel_accuracy_bits() > 66_000 and len(found.lo) > 20_000
    assert ctx.prec == 53


def test_hypotheses_are_enforced():
    assert LIMITED.evaluate(10, n=2, eps="1/2").value == "1"
    assert LIMITED.evaluate(10, n=2, eps="sqrt(2)/4").value.startswith("0.7071067811")
    for bad in ({"n": 3, "eps": "1/2"}, {"n": 2, "eps": "0.50000000000000000000000000000000001"}):
        with pytest.raises(InputError, match="does not hold at eps="):
            LIMITED.evaluate(10, bad)
    irrational = _bound(eps, eps, hypotheses=(sp.Le(eps**2, 2, evaluate=False),))
    assert irrational.evaluate(10, eps="sqrt(2)").value.startswith("1.414")
    with pytest.raises(InputError, match=r"could not be decided|does not hold"):
        _bound(eps, eps, hypotheses=(sp.Le(sp.log(eps - 1), 2),)).evaluate(10, eps="1/2")


def test_values_that_the_bound_does_not_need_must_be_right_too():
    """n = 1 was accepted where a hypothesis says n >= 2 of an n that is not in the bound."""
    assert LIMITED.evaluate(10, n=2, eps="1/2", N=2).value == "1"
    for bad, named in (({"N": 1}, "N"), ({"N": "1/2"}, "N"), ({"K": 5}, "K"), ({"K": -1}, "K"), ({"K": 0.5}, "K")):
        with pytest.raises(InputError, match=rf"^{named}: "):
            LIMITED.evaluate(10, n=2, eps="1/2", **bad)


def test_zero_is_settled_by_algebra():
    difference = _bound(K - sp.sqrt(2) - delta, K, delta)
    assert repr(difference.evaluate(30, K="sqrt(2)", delta=0)) == "Enclosure(lo='0', hi='0')"
    assert difference.evaluate(10, K="sqrt(3+2*sqrt(2))", delta=1).mpmath == 0
    assert _bound(K, K).evaluate(10, K=0).value == "0"
    assert difference.evaluate(5, K="sqrt(2)", delta="1e-200").value == "-1e-200"
    # no ball around 0 has a finite root
    root = _bound(sp.sqrt(K**2 - delta**2), K, delta)
    assert root.evaluate(10, K="1/3", delta="1/3").value == "0"
    assert root.evaluate(10, K="sqrt(2)", delta="sqrt(2)").mpmath == 0


def test_cancellation_costs_precision_but_no_digits():
    small = _bound(sp.exp(beta) - 1 - beta, beta)
    found = small.evaluate(15, beta="1e-80")
    assert abs(Fraction(found.value) * 2 * 10**160 - 1) < Fraction(1, 10**15)
    assert mpmath.almosteq(found.mpmath, mpmath.mpf("5e-161"))


@pytest.mark.parametrize(
    ("expression", "values"),
    [(sp.log(K), {"K": 0}), (1 / K, {"K": 0}), (sp.sqrt(K - 1), {"K": 0}), (sp.log(K) / sp.log(2 * K), {"K": "1/2"})],
)
def test_no_finite_value(expression, values):
    before = ctx.prec
    with pytest.raises(InputError, match="no enclosure"):
        _bound(expression, K).evaluate(20, values)
    assert ctx.prec == before


def test_values_too_large_to_be_written():
    found = _bound(sp.exp(beta), beta).evaluate(10, beta=10**12)
    assert found.ball > 10**100
    with pytest.raises(InputError, match="cannot be written out"):
        _ = found.lo


def test_a_wrong_ball_is_contradicted():
    found = PRODUCT.evaluate(30, n=1, eps=1, K=1)
    with ctx.workprec(200):
        wrong = Enclosure(found.ball * (1 + arb("1e-20")), 30, PRODUCT, found.points)
    with pytest.raises(Disagreement):
        _ = wrong.mpmath


def test_counts():
    def count(integer=True, least=0):
        return _bound(sp.sqrt(K / eps), K, eps, resource=Resource(sp.sqrt(K / eps), integer, least=least))

    assert count().count(K=1, eps="1/10000") == 100
    assert count().count(K=1, eps="0.00009999999999999999999999999999") == 101
    assert count().count({"K": 0}, eps=1) == 0
    assert count(least=1).count({"K": 0, "eps": 1}) == 1
    assert count(integer=False).count(K=1, eps=1) is None
    assert _bound(K, K).count(K=1) is None
    with pytest.raises(InputError, match=r"^eps: is given twice"):
        count().count({"K": 1, "eps": 1}, eps=1)
    with pytest.raises(InputError, match=r"^eps: "):
        count().count(K=1, eps=0)


def test_symbols_without_a_meaning_are_an_error_of_the_record():
    with pytest.raises(TypeError, match="not among the quantities"):
        _bound(K * x, K)


@pytest.mark.parametrize("label", theorems())
def test_every_bound_needs_all_its_values(label):
    bound = theorem(label).bound
    for symbol in bound.symbols:
        with pytest.raises(InputError):
            bound.evaluate(10, {s.name: 1 for s in bound.symbols if s != symbol})
        with pytest.raises(InputError, match=rf"^{symbol.name}: "):
            bound.evaluate(10, {s.name: 1 for s in bound.symbols} | {symbol.name: 0.5})


@pytest.mark.parametrize("label", theorems())
def test_every_resource_form_is_enclosed_and_counted_alike(label):
    record = theorem(label)
    for name, resource in record.formal().solve.items():
        form = record.resource(name)
        values = {s.name: 1 if s.is_integer else "1/3" for s in form.symbols}
        try:
            found = form.evaluate(20, values)
        except InputError:
            continue
        assert found.mpmath is not None
        low, high = endpoints(found.ball)
        counted = form.count(values)
        assert (counted is not None) is resource.integer
        if counted is not None and counted > resource.least:
            assert counted - 1 < Fraction(int(high.p), int(high.q)) and Fraction(int(low.p), int(low.q)) <= counted
    with pytest.raises(InputError, match=r"^solve: "):
        record.resource("nonsense")


def test_threads_share_no_wrong_result():
    """flint's precision is global, so that threads may widen each other's balls, but never falsify them."""
    from concurrent.futures import ThreadPoolExecutor

    def work(digits):
        try:
            found = PRODUCT.evaluate(digits, n=2, eps="1/3", K="1/7")
        except InputError:
            return True
        low, high = (Fraction(int(q.p), int(q.q)) for q in found.ends)
        return low <= Fraction(2, 3) + Fraction(1, 21) <= high

    before = ctx.prec
    try:
        with ThreadPoolExecutor(4) as pool:
            assert all(pool.map(work, [15, 200, 30, 400] * 15))
    finally:
        ctx.prec = before
