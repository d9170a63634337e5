"""Relations are read from text by families, algebra and expressions; bad text gets one line."""

from __future__ import annotations

import pytest
import sympy as sp

from relverify.core.symbols import x, x1, x2, y, y1, y2
from relverify.errors import InputError
from relverify.relations import Relation, families, parse_relation


@pytest.mark.parametrize(
    ("text", "expr"),
    [
        ("gaussian(ell=1/2)", sp.exp(-2 * (x - y) ** 2)),
        ("gaussian(1)", sp.exp(-((x - y) ** 2) / 2)),
        ("gaussian(ell=0.5)", sp.exp(-2 * (x - y) ** 2)),
        ("gaussian(ell=sqrt(2))", sp.exp(-((x - y) ** 2) / 4)),
        ("brownian", sp.Min(x, y)),
        ("brownian()", sp.Min(x, y)),
        ("tanh_order(c=4)", sp.tanh(4 * (x - y))),
        ("bilinear(A=3)", 3 * x * y),
        ("bilinear(A=[[1,2],[3,4]])", x1 * y1 + 2 * x1 * y2 + 3 * x2 * y1 + 4 * x2 * y2),
        ("2*brownian + bilinear(A=1)", 2 * sp.Min(x, y) + x * y),
        ("-brownian", -sp.Min(x, y)),
        ("brownian/4 - x*y", sp.Min(x, y) / 4 - x * y),
        ("gaussian(1)*cos(x)", sp.exp(-((x - y) ** 2) / 2) * sp.cos(x)),
        ("exp(-(x-y)^2)", sp.exp(-((x - y) ** 2))),
        ("0.1*x", x / 10),
        ("max(x, y) - min(x, y)", sp.Max(x, y) - sp.Min(x, y)),
        ("x1*y2 - 1", x1 * y2 - 1),
        ("3/7", sp.Rational(3, 7)),
    ],
)
def test_read(text: str, expr: sp.Expr) -> None:
    relation = parse_relation(text)
    assert relation.expr == expr and not relation.expr.has(sp.Float)
    assert parse_relation(relation.text).expr == relation.expr


def test_the_symbols_follow_the_names() -> None:
    assert parse_relation("x1*y2").x_symbols == (x1, x2) and parse_relation("x1*y2").y_symbols == (y1, y2)
    assert parse_relation("x*y").one_dimensional and not parse_relation("x1*y1 + y2").one_dimensional


def test_a_relation_is_passed_on() -> None:
    relation = parse_relation("brownian")
    assert parse_relation(relation) is relation


def test_every_family_is_found_and_reads_its_example() -> None:
    assert set(families()) >= {"bilinear", "brownian", "gaussian", "tanh_order"}
    for name, family in families().items():
        relation = parse_relation(family.example)
        assert isinstance(relation, Relation) and relation.name == name == family.name


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("gaussian(ell=0)", "ell: 0 is not accepted; accepted: a number > 0"),
        ("gaussian(ell=-1/3)", "ell: -1/3 is not accepted"),
        ("gaussian()", "gaussian: ell is missing"),
        ("gaussian", "gaussian: ell is missing"),
        ("gaussian(1, 2, 3)", "has no parameter"),
        ("gaussian(1, ell=2)", "gives ell twice"),
        ("gaussian(ell=1, ell=2)", "repeated"),
        ("gaussian(ell=[1])", "not accepted"),
        ("gaussian(ell=x)", "unknown name 'x'"),
        ("gaussian(ell=nan)", "unknown name 'nan'"),
        ("brownian(1)", "accepted: no parameters"),
        ("bilinear(A=[[1],[2,3]])", "A: is not a matrix of accepted shape"),
        ("bilinear(A=[])", "A: is not a matrix"),
        ("bilinear(A=[[[1]]])", "A: has an entry that is not a number"),
        ("nosuch(1)", "unknown function or family 'nosuch'"),
        ("__import__('os')", "relation: "),
        ("x.__class__", "contains Attribute"),
        ("lambda: 1", "relation: "),
        ("9**9**9", "power that is too large"),
        ("x**100000", "power that is too large"),
        ("(" * 10_000 + "x" + ")" * 10_000, "at most 4000"),
        ("(" * 100 + "x" + ")" * 100, "nested 100 deep"),
        ("x+" * 5_000_000 + "x", "at most 4000"),
        ("x/0", "divides by zero"),
        ("brownian/0", "divides by zero"),
        ("sqrt(-1)*x", "not real"),
        ("z + x", "unknown name 'z'"),
        ("exp(gaussian(ell=1))", "sums and products of families"),
        ("gaussian(ell=1)/brownian", "sums and products of families"),
        ("x1 + brownian", "mixes dimensions"),
        ("", "is empty"),
        ("x y", "cannot be read"),
        ("π*x", "outside ASCII"),
        ("x = 3", "cannot be read"),
    ],
    ids=lambda text: text[:24],
)
def test_bad_text_gets_one_line(text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_relation(text)
    message = str(caught.value)
    assert said in message and "\n" not in message and len(message) < 400


def test_the_argument_is_named() -> None:
    with pytest.raises(InputError, match=r"^kernel: is a int; accepted: text$"):
        parse_relation(3, "kernel")  # type: ignore[arg-type]
