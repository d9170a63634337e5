"""Suprema are never below a value, are close to it, and refuse what is not bounded."""

from __future__ import annotations

import pytest
import sympy as sp
from flint import arb, ctx, fmpq
from hypothesis import given, settings

from relverify.core.box import Box
from relverify.core.symbols import x, y
from relverify.relations.relation import Relation
from relverify.relations.sup import supremum
from relverify.rigor.enclose import compile_arb
from relverify.rigor.exact import to_fmpq
from relverify.strategies.boxes import boxes
from relverify.strategies.relations import relations

STEPS = 7


def _values(expr: sp.Expr, cell: dict) -> list[arb]:
    """Enclosures of |f| on a grid, the ends included."""
    function = compile_arb(expr, tuple(cell))
    (low, high), (bottom, top) = cell.values()
    with ctx.workprec(128):
        return [
            abs(function(arb(low + (high - low) * i / STEPS), arb(bottom + (top - bottom) * j / STEPS)))
            for i in range(STEPS + 1)
            for j in range(STEPS + 1)
        ]


@settings(max_examples=20)
@given(relations(), boxes(max_length=2), boxes(max_length=2))
def test_never_below_a_sampled_value(relation: Relation, x_box: Box, y_box: Box) -> None:
    bound = to_fmpq(relation.sup(x_box, y_box))
    for value in _values(relation.expr, {x: x_box[0].ends, y: y_box[0].ends}):
        assert not value > arb(bound)


@pytest.mark.parametrize(
    ("expr", "ends", "value"),
    [
        (sp.sin(x), (0, 3), sp.Integer(1)),
        (sp.exp(x), (-1, 2), sp.exp(2)),
        (x**2 - x, (0, 1), sp.Rational(1, 4)),
        (-3 + 0 * x + x / 7, (0, 7), sp.Integer(3)),
        (sp.tanh(4 * x), (-1, 1), sp.tanh(4)),
        (sp.Abs(x - sp.Rational(1, 3)), (0, 1), sp.Rational(2, 3)),
        (sp.Min(x, 2 - x), (0, 2), sp.Integer(1)),
    ],
)
def test_close_to_known_suprema(expr: sp.Expr, ends: tuple[int, int], value: sp.Expr) -> None:
    found = supremum(expr, {x: tuple(map(fmpq, ends))})
    assert found.is_Rational
    assert value <= found <= value * sp.Rational(1002, 1000)


def test_constants_and_zero() -> None:
    assert supremum(sp.Integer(0), {x: (fmpq(0), fmpq(1))}) == 0
    assert supremum(sp.Rational(-5, 4), {x: (fmpq(0), fmpq(1))}) == sp.Rational(5, 4)


def test_a_smaller_slack_gives_a_closer_bound() -> None:
    cell = {x: (fmpq(0), fmpq(1))}
    expr = sp.exp(-x) * sp.sin(5 * x)
    loose, tight = supremum(expr, cell, fmpq(1, 10)), supremum(expr, cell, fmpq(1, 100_000))
    exact = sp.exp(-sp.atan(5) / 5) * 5 / sp.sqrt(26)
    assert exact < tight <= loose
    assert tight < exact * sp.Rational(100_003, 100_000)


@pytest.mark.parametrize("expr", [1 / x, sp.log(x), sp.tan(2 * x), sp.DiracDelta(x)])
def test_unbounded_expressions_are_refused(expr: sp.Expr) -> None:
    with pytest.raises(ArithmeticError, match="not bounded"):
        supremum(expr, {x: (fmpq(-1), fmpq(1))})


def test_cells_that_tie_in_float64_are_compared_exactly() -> None:
    """Two maxima that differ by less than float64 sees: the bound must hold for the larger."""
    small = sp.Rational(1, 2**60)
    expr = sp.Piecewise((1, x < 0), (1 + small, True))
    assert supremum(expr, {x: (fmpq(-1), fmpq(1))}) >= 1 + small
