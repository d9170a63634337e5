"""Derivatives of relations that are written with an absolute value: equal to those of the two sides."""

from __future__ import annotations

import pytest
import sympy as sp
from flint import arb, ctx, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from relverify.rigor.calculus import derivative
from relverify.rigor.enclose import compile_arb

x, y = sp.symbols("x y", real=True)
u = abs(x - y)
PROFILES = {
    "matern 3/2": ((1 + u) * sp.exp(-u), 2),
    "matern 5/2": ((1 + u + u**2 / 3) * sp.exp(-u), 4),
    "sobolev": (1 - sp.bernoulli(4, u) / 24, 2),
    "arc-cosine": ((sp.sin(u) + (sp.pi - u) * sp.cos(u)) / sp.pi, 2),
    "laplace": (sp.exp(-u), 0),
    "cube with slope": (abs(2 * x - 3 * y) ** 3 * sp.exp(y), 2),
    "not stationary": (x * (1 + u) * sp.exp(-u) + y**2, 2),
}


def _sides(expression: sp.Expr) -> list[sp.Expr]:
    (size,) = expression.atoms(sp.Abs)
    return [expression.xreplace({size: size.args[0]}), expression.xreplace({size: -size.args[0]})]


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("symbol", [x, y])
@pytest.mark.parametrize("order", [1, 2])
def test_it_is_the_derivative_on_both_sides(name: str, symbol: sp.Symbol, order: int) -> None:
    expression, _ = PROFILES[name]
    (size,) = expression.atoms(sp.Abs)
    found = derivative(expression, symbol, order)
    for sign, side in zip((1, -1), _sides(expression), strict=True):
        inside = found.replace(sp.DiracDelta, lambda *a: sp.Integer(0)).replace(
            sp.sign, lambda a, s=sign: sp.Integer(s)
        )
        inside = inside.xreplace({size: sign * size.args[0]})
        for p, q in ((sp.Rational(1, 3), sp.Rational(-2, 5)), (sp.Integer(2), sp.Rational(7, 4))):
            at = {x: p, y: q}
            with ctx.workprec(200):
                difference = compile_arb((inside - side.diff(symbol, order)).subs(at), ())()
            assert difference.contains(0) and difference.rad() < arb(2) ** -150


@pytest.mark.parametrize("name", PROFILES)
def test_a_delta_stays_exactly_where_the_slope_jumps(name: str) -> None:
    expression, smooth = PROFILES[name]
    for order in range(1, 5):
        found = derivative(expression, x, order)
        assert found.has(sp.DiracDelta) is (order >= smooth + 2), (order, found)


@settings(max_examples=20)
@given(st.integers(-8, 8), st.integers(1, 6))
def test_the_second_derivative_is_bounded_across_the_diagonal(k: int, width: int) -> None:
    """The difference quotient of the slopes lies in the enclosure over the cell, and that is narrow."""
    slope, bend = (compile_arb(derivative(PROFILES["matern 3/2"][0], x, n), (x, y)) for n in (1, 2))
    a, b = fmpq(k, 7), fmpq(k, 7) + fmpq(width, 64)
    middle = arb((a + b) / 2)
    with ctx.workprec(128):
        enclosure = bend(arb(a).union(arb(b)), middle)
        quotient = (slope(arb(b), middle) - slope(arb(a), middle)) / arb(b - a)
    assert enclosure.overlaps(quotient) and enclosure.rad() < arb(width) / 8


def test_other_expressions_are_those_of_sympy() -> None:
    for expression in (sp.sin(x * y), sp.Min(x, y), abs(x - y) * abs(x), abs(x**2 - y)):
        assert derivative(expression, x) == expression.diff(x)
    assert derivative(abs(x - y), sp.Symbol("t")) == 0
