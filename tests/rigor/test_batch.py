"""Bounds over arrays: float64 ends that are really outside."""

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from flint import arb, ctx
from hypothesis import given, settings
from hypothesis import strategies as st

from relverify.core.evaluate import BoundFunction
from relverify.core.symbols import K, beta, eps, n
from relverify.core.theorem import Formal, Quantity
from relverify.errors import InputError
from relverify.rigor.batch import _outward, batch


def _bound(expression, *symbols, hypotheses=()):
    formal = Formal(tuple(Quantity(s, "a quantity") for s in symbols), expression, "b", (), hypotheses)
    return BoundFunction("test", expression, formal)


PRODUCT = _bound(n * eps + K / 3, n, eps, K)


@settings(max_examples=40)
@given(st.lists(st.fractions("1/1000", 1000), min_size=2, max_size=6), st.integers(1, 10**20))
def test_ends_are_outside_and_close(points, count):
    lo, hi = batch(PRODUCT, n=count, eps=points, K="1/7")
    assert lo.shape == hi.shape == (len(points),) and lo.dtype == hi.dtype == np.float64
    for low, high, point in zip(lo, hi, points, strict=True):
        value = count * point + Fraction(1, 21)
        assert Fraction(float(low)) <= value <= Fraction(float(high))
        assert high <= np.nextafter(np.nextafter(low, np.inf), np.inf)


def test_exact_values_are_points():
    lo, hi = batch(PRODUCT, n=np.array([1, 2, 3]), eps=["0.5", Fraction(1, 4), sp.Integer(2)], K=0)
    assert lo.tolist() == hi.tolist() == [0.5, 0.5, 6.0]
    lo, hi = batch(PRODUCT, n=1, eps=2, K=0)
    assert (lo.tolist(), hi.tolist()) == ([2.0], [2.0])
    lo, _ = batch(PRODUCT, n=[3], eps=(1, 2), K=0)
    assert lo.tolist() == [3.0, 6.0]


def test_values_beyond_float64():
    growing = _bound(sp.exp(beta), beta)
    lo, hi = batch(growing, beta=[0, 700, 10**6, 10**12])
    assert lo[0] == hi[0] == 1 and hi[1] < np.inf
    assert (lo[2:] == np.finfo(float).max).all() and (hi[2:] == np.inf).all()
    lo, hi = batch(_bound(sp.exp(-beta), beta), beta=[744, 10**6])
    assert (lo >= 0).all() and (hi > 0).all() and hi[1] == np.nextafter(0, 1)
    lo, hi = batch(_bound(sp.log(K), K), K=[0, 1])
    assert (lo[0], hi[0], lo[1], hi[1]) == (-np.inf, np.inf, 0, 0)


@given(st.fractions(-3, 3), st.integers(-1100, 1030))
def test_outward_rounding(value, exponent):
    with ctx.workprec(64):
        ball = arb(value.numerator) / value.denominator * arb(2) ** exponent
        low, high = _outward(ball)
        assert arb(low) <= ball.lower() and arb(high) >= ball.upper()


def test_low_precision_is_wide_but_right():
    before = ctx.prec
    lo, hi = batch(PRODUCT, 4, n=7, eps="1/3", K=1)
    assert lo[0] < 8 / 3 < hi[0] and ctx.prec == before


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"n": [1, 2], "eps": [1, 2, 3], "K": 0}, "parameters"),
        ({"n": 1, "eps": [0.5], "K": 0}, "eps"),
        ({"n": 1, "eps": np.array([0.5]), "K": 0}, "eps"),
        ({"n": 1, "eps": np.array(["1"]), "K": 0}, "eps"),
        ({"n": np.array(1), "eps": 1, "K": 0}, "n"),
        ({"n": np.ones((2, 2), dtype=int), "eps": 1, "K": 0}, "n"),
        ({"n": [True], "eps": 1, "K": 0}, "n"),
        ({"n": [1, 0], "eps": 1, "K": 0}, "n"),
        ({"n": ["3/2"], "eps": 1, "K": 0}, "n"),
        ({"n": 1, "eps": [1, -1], "K": 0}, "eps"),
        ({"n": 1, "eps": [1, 0], "K": 0}, "eps"),
        ({"n": 1, "eps": 1}, "K"),
        ({"n": 1, "eps": 1, "K": 0, "foo": 1}, "foo"),
        ({"n": 1, "eps": np.array([1 + 1j]), "K": 0}, "eps"),
        ({"n": 1, "eps": [None], "K": 0}, "eps"),
    ],
)
def test_refused(values, named):
    before = ctx.prec
    with pytest.raises(InputError, match=rf"^{named}: "):
        batch(PRODUCT, **values)
    assert ctx.prec == before


def test_hypotheses_hold_at_every_point():
    limited = _bound(n * eps, n, eps, hypotheses=(n * eps <= 1,))
    assert batch(limited, n=[1, 2], eps="1/2")[1].tolist() == [0.5, 1.0]
    with pytest.raises(InputError, match="does not hold at"):
        batch(limited, n=[1, 3], eps="1/2")
