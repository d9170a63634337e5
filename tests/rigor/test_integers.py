"""Ceilings near, at and beyond integers."""

import math

import pytest
import sympy as sp
from flint import ctx
from hypothesis import given, settings
from hypothesis import strategies as st

from relverify.errors import InputError
from relverify.rigor.integers import ceiling, floor

x, eps = sp.symbols("x epsilon")


@given(st.fractions(-(10**9), 10**9, max_denominator=10**6))
def test_rationals(value):
    assert ceiling(x, {x: value}) == math.ceil(value)
    assert floor(x, {x: value}) == math.floor(value)
    assert ceiling(x / 3 + 1, {x: value}) == math.ceil(value / 3 + 1)


@settings(max_examples=40)
@given(st.integers(0, 10**30), st.sampled_from([-1, 0, 1]))
def test_roots_at_and_beside_squares(n, step):
    radicand = n * n + step
    if radicand >= 0:
        below = math.isqrt(radicand)
        expected = below if below * below == radicand else below + 1
        assert ceiling(sp.sqrt(x), {x: radicand}) == expected
        assert floor(sp.sqrt(x), {x: radicand}) == below


@pytest.mark.parametrize("power", [1, 20, 60, 300])
@pytest.mark.parametrize("side", [-1, 0, 1])
@pytest.mark.parametrize("size", [0, 1, 100, 2**63, 10**40])
def test_next_to_integers(power, side, size):
    near = sp.sqrt(2) ** 2 * size / 2 + side * sp.pi / 10 ** (power + 1)
    assert ceiling(near) == size + (1 if side > 0 else 0)
    assert floor(near) == size - (1 if side < 0 else 0)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (sp.sqrt(3 + 2 * sp.sqrt(2)) - sp.sqrt(2), 1),
        (sp.log(8) / sp.log(2), 3),
        (sp.sqrt(2) * sp.sqrt(8), 4),
        (sp.exp(sp.pi * sp.sqrt(163)), 262537412640768744),
        (sp.exp(sp.pi * sp.sqrt(163)) - 262537412640768743, 1),
        (-sp.pi, -3),
        (sp.cos(1) ** 2 + sp.sin(1) ** 2, 1),
        (sp.exp(-(10**6)), 1),
        (-sp.exp(-(10**6)), 0),
        (sp.Max(sp.sqrt(2), 2), 2),
        (sp.factorial(20), math.factorial(20)),
    ],
)
def test_special_values(expression, expected):
    assert ceiling(expression) == expected


def test_counts_of_a_grid():
    count = sp.sqrt(x / (8 * eps))
    assert ceiling(count, {x: 8, eps: "1/10000"}) == 100
    assert ceiling(count, {x: 8, eps: "0.00009999999999999999999999999999"}) == 101
    assert ceiling(count, {x: 8, eps: "0.00010000000000000000000000000001"}) == 100


@pytest.mark.parametrize(
    "expression", [sp.log(x), 1 / x, sp.sqrt(x - 1), sp.gamma(x), sp.exp(10**12 + x), sp.zeta(x + 1)]
)
def test_no_finite_or_no_decidable_value(expression):
    before = ctx.prec
    with pytest.raises(InputError, match="units"):
        ceiling(expression, {x: 0}, name="units")
    assert ctx.prec == before


def test_an_undecidable_integer_is_reported():
    hidden = 1 + sp.exp(-(10**5))
    with pytest.raises(InputError, match="too close to an integer"):
        ceiling(hidden, max_prec=512)
    assert ceiling(1 + sp.exp(-1000)) == 2
    with pytest.raises(InputError, match="float"):
        ceiling(x, {x: 0.5})
