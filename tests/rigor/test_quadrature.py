"""Certified integrals: primitives, kinks, and integrands that are not analytic."""

from __future__ import annotations

import pytest
import sympy as sp
from flint import acb, arb, ctx, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from relverify.errors import UnknownNode
from relverify.rigor.enclose import enclose
from relverify.rigor.quadrature import compile_acb, integral

x, y = sp.symbols("x y", real=True)
FUNCTIONS = [sp.exp(x) * sp.cos(3 * x), 1 / (2 + x), sp.sqrt(x + 3), sp.log(x + 3), x**7 - x, sp.tanh(2 * x) + sp.pi]


@pytest.mark.parametrize("function", FUNCTIONS, ids=str)
def test_integrals_of_derivatives(function: sp.Expr) -> None:
    @settings(max_examples=5)
    @given(st.fractions(-1, 0, max_denominator=9), st.fractions(0, 2, max_denominator=9))
    def check(a, b) -> None:
        low, high = (sp.Rational(v.numerator, v.denominator) for v in (a, b))
        ball = integral(function.diff(x), x, low, high, prec=96)
        exact = enclose(function.subs(x, high) - function.subs(x, low), prec=160)
        assert ball.overlaps(exact) and ball.rad() < 1e-20

    check()


@given(st.fractions(0, 1, max_denominator=50))
def test_kinks_are_cut(value) -> None:
    p = sp.Rational(value.numerator, value.denominator)
    assert integral(sp.Min(x, p), x, 0, 1).overlaps(enclose(p - p**2 / 2))
    assert integral(sp.Max(x, p), x, 0, 1).overlaps(enclose((1 + p**2) / 2))
    ball = integral(sp.exp(-abs(x - p)), x, 0, 1)
    assert ball.overlaps(enclose(2 - sp.exp(-p) - sp.exp(p - 1))) and ball.rad() < 1e-30


def test_kinks_far_from_the_ends() -> None:
    assert integral(abs(x - 3), x, -4, 5).overlaps(arb(53) / 2)
    ball = integral(abs(x - 3) * abs(x + 2) + abs(x - 7), x, -4, 5)
    # by pieces: ∫(x²-x-6) on [-4,-2] and [3,5], minus the same on [-2,3]; and ∫(7-x)
    assert ball.overlaps(arb(38) / 3 + arb(125) / 6 + arb(38) / 3 + arb(117) / 2) and ball.rad() < 1e-30


def test_kinks_outside_are_left_alone() -> None:
    """At -1 and at 5 the logarithms are not defined."""
    ball = integral(sp.log(x) * abs(x + 1) + sp.log(4 - x) * abs(5 - x), x, 1, 2)
    primitive = [((t + 1) ** 2 * sp.log(t) - t**2 / 2 - 2 * t - sp.log(t)) / 2 for t in (sp.Integer(1), sp.Integer(2))]
    mirror = [((u + 1) ** 2 * sp.log(u) - u**2 / 2 - 2 * u - sp.log(u)) / 2 for u in (sp.Integer(2), sp.Integer(3))]
    assert ball.overlaps(enclose(primitive[1] - primitive[0] + mirror[1] - mirror[0])) and ball.rad() < 1e-30


def test_kinks_that_are_not_linear_still_give_an_enclosure() -> None:
    ball = integral(abs(sp.cos(5 * x)), x, -1, 1, prec=64)
    F = (4 + sp.sin(5 - 2 * sp.pi)) / 5 * 2
    assert ball.overlaps(enclose(F)) and ball.rad() < 1e-9


def test_parameters() -> None:
    assert integral(x * y, x, 0, 1, {y: sp.Rational(1, 3)}).overlaps(arb(1) / 6)
    wide = integral(sp.exp(x * y), x, 0, 1, {y: arb(1).union(arb(2))}, prec=53)
    with ctx.workprec(100):
        assert wide.overlaps(arb(1).exp() - 1) and wide.overlaps((arb(2).exp() - 1) / 2)


def test_branch_cuts_are_seen() -> None:
    root = compile_acb(sp.sqrt(x), (x,))
    across = acb(arb(-1, 0.5), arb(0, 0.5))
    assert root(across).is_finite() and not root(across, analytic=True).is_finite()
    size = compile_acb(abs(x), (x,))
    assert not size(acb(arb(0, 1)), analytic=True).is_finite()
    assert size(acb(fmpq(-1, 2))).real == arb(fmpq(1, 2))


def test_singular_and_unknown_integrands() -> None:
    assert not integral(1 / x, x, 0, 1, prec=53).is_finite()
    with pytest.raises(UnknownNode):
        integral(sp.floor(x), x, 0, 1)
