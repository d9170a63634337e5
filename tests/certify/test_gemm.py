"""A-priori rounding bounds of matrix products, against exact rational arithmetic."""

import numpy as np
import pytest
from flint import fmpq, fmpq_mat
from hypothesis import given, settings
from hypothesis import strategies as st

from relverify.certify import gemm
from relverify.rigor.exact import dyadic


def exact(matrix):
    return fmpq_mat(*matrix.shape, [dyadic(float(v)) for v in matrix.ravel()])


def outside(a, b, middle, radius):
    """Number of entries of the exact product farther than `radius` from `middle`."""
    true, m, r = (exact(a) * exact(b)).entries(), exact(middle).entries(), exact(radius).entries()
    return sum(abs(t - v) > w for t, v, w in zip(true, m, r, strict=True))


def random(rng, shape, spread):
    return rng.normal(size=shape) * 2.0 ** rng.integers(-spread, spread + 1, size=shape)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0, 1, 30, 500]), st.integers(1, 90))
def test_products_lie_in_their_bounds(seed, spread, terms):
    rng = np.random.default_rng(seed)
    a, b = random(rng, (4, terms), spread), random(rng, (terms, 3), spread)
    assert outside(a, b, *gemm.product(a, b)) == 0
    sizes = gemm.upper_product(np.abs(a), np.abs(b))
    assert all(s >= t for s, t in zip(exact(sizes).entries(), (exact(abs(a)) * exact(abs(b))).entries(), strict=True))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 20))
def test_radii_of_the_operands_are_covered(seed, terms):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(3, terms)), rng.normal(size=(terms, 2))
    ra, rb = rng.random(a.shape) * 1e-3, rng.random(b.shape) * 1e-3
    middle, radius = gemm.product(a, b, ra, rb)
    for _ in range(5):
        signs = rng.choice([-1, 1], size=a.shape), rng.choice([-1, 1], size=b.shape)
        moved = exact(a + 0.999 * signs[0] * ra), exact(b + 0.999 * signs[1] * rb)
        true, m, r = (moved[0] * moved[1]).entries(), exact(middle).entries(), exact(radius).entries()
        assert all(abs(t - v) <= w for t, v, w in zip(true, m, r, strict=True))


def test_gamma_is_rounded_up():
    for terms in (1, 10, 4096, 2**24):
        true = fmpq(terms, 2**53) / (1 - fmpq(terms, 2**53))
        assert true <= dyadic(gemm.gamma(terms)) <= true * (1 + fmpq(1, 2**50))
    with pytest.raises(ValueError):
        gemm.gamma(2**24 + 1)


def accumulated(values):
    """1 + tiny + tiny + ...: every addition rounds down, so the error is nearly terms times half an ulp."""
    a = np.full((1, values), 2.0**-53)
    a[0, 0] = 1.0
    return a, np.ones((values, 1))


def test_a_dropped_rounding_term_is_caught(monkeypatch):
    a, b = accumulated(100)
    # sums in the order of the terms, as the bound allows every order
    worst = np.array([[np.add.accumulate(a[0] * b[:, 0])[-1]]])
    assert outside(a, b, worst, gemm.product(a, b)[1]) == 0
    monkeypatch.setattr(gemm, "gamma", lambda terms: 0.0)
    assert outside(a, b, worst, gemm.product(a, b)[1]) == 1


def test_a_bound_of_one_rounding_instead_of_all_is_caught(monkeypatch):
    a, b = accumulated(100)
    worst = np.array([[np.add.accumulate(a[0] * b[:, 0])[-1]]])
    monkeypatch.setattr(gemm, "gamma", lambda terms: 2.0**-53)
    assert outside(a, b, worst, gemm.product(a, b)[1]) == 1


def test_underflow_is_covered():
    a = np.full((1, 3), 2.0**-600)
    middle, radius = gemm.product(a, a.T)
    assert middle[0, 0] == 0.0 and outside(a, a.T, middle, radius) == 0
    assert gemm.upper_product(a, a.T)[0, 0] > 0.0


def test_overflow_is_not_hidden():
    a = np.full((1, 2), 1e200)
    with np.errstate(over="ignore"):
        assert not np.isfinite(gemm.upper_product(a, a.T)[0, 0])
        assert not np.isfinite(gemm.product(a, a.T)[1][0, 0])
