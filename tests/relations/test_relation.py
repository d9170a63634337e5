"""The algebra of relations and what is known of them."""

from __future__ import annotations

import time

import pytest
import sympy as sp
from flint import arb, ctx, fmpq
from hypothesis import given, settings

from relverify.core.box import Box, parse_box
from relverify.core.symbols import x, x1, x2, x3, y, y1, y2
from relverify.errors import InputError
from relverify.relations import Relation, parse_relation
from relverify.strategies.boxes import boxes
from relverify.strategies.relations import psd_relations, relations

UNIT = parse_box("[0,1]")


@given(psd_relations(max_leaves=2), psd_relations(max_leaves=2))
def test_sums_and_products_of_psd_relations_are_psd(left: Relation, right: Relation) -> None:
    assert (left + right).psd is True and (left + right).expr == left.expr + right.expr
    assert (left * right).psd is True and (left * right).expr == left.expr * right.expr
    assert (left - right).psd is None
    assert (left * "2/3").psd is True and (left * -1).psd is None and (left + -1).psd is None
    assert (3 * left).expr == 3 * left.expr and (1 + left).expr == 1 + left.expr


@given(relations(), relations())
def test_texts_of_combinations_read_back(left: Relation, right: Relation) -> None:
    for combined in (left + right, left - right, left * right, left * "1/3"):
        assert parse_relation(combined.text).expr == combined.expr


@pytest.mark.parametrize("text", ["gaussian(ell=1/2)*brownian + 2", "2*brownian", "gaussian(1) + bilinear(A=1)"])
def test_what_is_known_survives_the_text(text: str) -> None:
    relation = parse_relation(text)
    again = parse_relation(relation.text)
    assert relation.psd is again.psd is True
    for box in ("[0,1]", "[-1,1]"):
        assert relation.psd_on(parse_box(box)) == again.psd_on(parse_box(box))


def test_psd_depends_on_the_box_where_the_family_says_so() -> None:
    brownian = parse_relation("brownian")
    below = parse_box("[-1,1]")
    assert brownian.psd_on(UNIT) is True and brownian.psd_on(below) is None
    assert (brownian + 1).psd_on(below) is None and (brownian * parse_relation("gaussian(1)")).psd_on(below) is None
    assert parse_relation("gaussian(1)").psd_on(below) is True
    assert parse_relation("tanh_order(c=4)").psd_on(UNIT) is False


@settings(max_examples=20)
@given(relations())
def test_swapping_exchanges_the_arguments(relation: Relation) -> None:
    swapped = relation.swapped()
    assert swapped.swapped().expr == relation.expr
    assert sp.expand(parse_relation(swapped.text).expr - swapped.expr) == 0
    with ctx.workprec(96):
        p, q = arb(fmpq(2, 7)), arb(fmpq(-5, 4))
        assert swapped.functions.value(p, q).overlaps(relation.functions.value(q, p))
        assert swapped.functions.dxx(p, q).overlaps(relation.functions.dyy(q, p))


def test_swapping_exchanges_the_closed_forms() -> None:
    asymmetric = Relation(
        x**2 * y, "x**2*y", sup_dxx=lambda a, b: 2 * b[0].hi, sup_dyy=lambda a, b: sp.Integer(0)
    )  # fmt: skip
    tall, wide = parse_box("[0,5]"), parse_box("[0,1]")
    assert asymmetric.second_derivative_sup("x", wide, tall) == 10
    assert asymmetric.swapped().second_derivative_sup("y", tall, wide) == 10
    assert asymmetric.swapped().second_derivative_sup("x", tall, wide) == 0


def test_swapping_with_different_dimensions() -> None:
    relation = parse_relation("bilinear(A=[[1,2,3],[4,5,6]])").swapped()
    assert relation.expr == sum(c * u * v for c, (u, v) in zip(
        (1, 2, 3, 4, 5, 6), [(x1, y1), (x2, y1), (x3, y1), (x1, y2), (x2, y2), (x3, y2)], strict=True))  # fmt: skip
    assert (relation.x_symbols, relation.y_symbols) == ((x1, x2, x3), (y1, y2))
    row = parse_relation("bilinear(A=[[1,2]])").swapped()
    assert row.expr == x1 * y + 2 * x2 * y and (row.x_symbols, row.y_symbols) == ((x1, x2), (y,))


@pytest.mark.parametrize(
    ("text", "symmetric"),
    [
        ("x*y", True),
        ("x - y", False),
        ("(x+y)**2 - 2*x*y", True),
        ("sin(x-y)**2 + cos(x-y)**2 - 1", True),
        ("exp(x)*exp(-y)", False),
        ("max(x,y)", True),
        ("bilinear(A=[[1,2],[2,5]])", True),
        ("bilinear(A=[[1,2],[3,5]])", False),
        ("bilinear(A=[[1,2]])", False),
    ],
)
def test_symmetry(text: str, symmetric: bool) -> None:
    assert parse_relation(text).symmetric is symmetric


@settings(max_examples=15)
@given(relations(), boxes(max_length=1), boxes(max_length=1))
def test_second_derivatives_are_never_below_a_value(relation: Relation, x_box: Box, y_box: Box) -> None:
    for var, function in (("x", relation.functions.dxx), ("y", relation.functions.dyy)):
        bound = arb(fmpq(*map(int, relation.second_derivative_sup(var, x_box, y_box).as_numer_denom())))
        (low, high), (bottom, top) = x_box[0].ends, y_box[0].ends
        with ctx.workprec(128):
            for i in range(6):
                for j in range(6):
                    point = arb(low + (high - low) * i / 5), arb(bottom + (top - bottom) * j / 5)
                    assert not abs(function(*point)) > bound


def test_derivatives_are_those_of_the_expression() -> None:
    functions = parse_relation("x**3*y**2").functions
    values = [f(arb(2), arb(3)) for f in functions]
    assert values == [72, 108, 48, 108, 16]


@pytest.mark.parametrize(
    ("action", "said"),
    [
        (lambda: parse_relation("brownian").second_derivative_sup("x", UNIT, UNIT), "no bounded second derivative"),
        (lambda: parse_relation("abs(x - y)").second_derivative_sup("y", UNIT, UNIT), "no bounded second derivative"),
        (lambda: parse_relation("x1*y1 + y2").functions, "several dimensions"),
        (lambda: parse_relation("x1*y1 + y2").sup(UNIT, UNIT), "has 1 side"),
        (lambda: parse_relation("x1*y1") + parse_relation("x*y"), "mixes dimensions"),
        (lambda: parse_relation("x*y") * 0.5, "is a float"),
    ],
)
def test_bad_input_gets_one_line(action, said: str) -> None:
    with pytest.raises(InputError) as caught:
        action()
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_kinks_outside_the_boxes_do_not_matter() -> None:
    brownian = parse_relation("brownian")
    assert brownian.second_derivative_sup("x", UNIT, parse_box("[2,3]")) == 0


@pytest.mark.parametrize(
    ("text", "symmetric"),
    [
        ("tanh((x-y)^2)", True),
        ("(x^2-y^2)/(x-y)", True),
        ("sin(x+y)^2 + cos(y+x)^2*x*y", True),
        ("sqrt((x-y)^2) + max(y,x)", True),
        ("x - y", False),
        ("x*y + x/10^9", False),
        ("1/7", True),
        # the algebra of these takes minutes, and they are not symmetric
        ("-max(1/3, x2-y2, tanh(x1+x2-y1-y2+2/7))", False),
        ("(x1^2+x2^2+y1^2+y2^2)^2*exp(-(x3-y3+1/7)^2)*cos(2*x1+2*x3-2*y1-2*y3+4/7)", False),
        ("-log((x1^2+x2^2+y1^2+y2^2)^2+1) + 2*max(1/3, x1-y1+1/7, tanh(x1+x2+y1+y2))", False),
        ("exp(-x2^2*y2^2)*sinh(x1/2+x2/2+x3/2-y1/2-y2/2-y3/2+3/14)/9", False),
    ],
)
def test_symmetry_is_decided_quickly(text, symmetric):
    relation, start = parse_relation(text), time.process_time()
    assert relation.symmetric is symmetric
    assert time.process_time() - start < 5
