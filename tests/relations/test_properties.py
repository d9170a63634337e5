"""The constants that theorems ask of relations."""

from __future__ import annotations

import pytest
import sympy as sp

from relverify.core.box import parse_box
from relverify.core.registry import theorem, theorems
from relverify.errors import InputError
from relverify.relations import parse_relation
from relverify.relations.properties import PROPERTIES, constants

UNIT = parse_box("[0,1]")
GAUSSIAN = parse_relation("gaussian(ell=1/2)")


def test_every_property_that_a_theorem_names_exists() -> None:
    named = {q.of_relation for t in theorems().values() for q in t.formal().quantities if q.of_relation}
    assert named and named <= set(PROPERTIES)


def test_constants_of_the_gaussian() -> None:
    assert constants(theorem("grid-neurons"), GAUSSIAN, UNIT, UNIT, {"L", "M"}) == {"L": 1, "M": 4}


def test_only_what_is_wanted_is_computed() -> None:
    assert constants(theorem("grid-neurons"), GAUSSIAN, UNIT, UNIT, {"L"}) == {"L": 1}
    assert constants(theorem("grid-neurons"), GAUSSIAN, UNIT, UNIT, set()) == {}


def test_lengths_and_suprema() -> None:
    tall = parse_box("[-1,2]")
    assert PROPERTIES["length_x"](GAUSSIAN, UNIT, tall) == 1 and PROPERTIES["length_y"](GAUSSIAN, UNIT, tall) == 3
    relation = parse_relation("x**3*y")
    assert 6 * 2 <= PROPERTIES["second_derivative_x"](relation, UNIT, tall) <= 12 * sp.Rational(1002, 1000)
    assert PROPERTIES["second_derivative_y"](relation, UNIT, tall) == 0
    assert 2 <= PROPERTIES["sup"](relation, UNIT, tall) <= 2 * sp.Rational(1002, 1000)
    assert 12 <= PROPERTIES["third_derivative"](relation, UNIT, tall) <= 12 * sp.Rational(1002, 1000)


def test_the_root_of_the_diagonal_bounds_the_features() -> None:
    root = PROPERTIES["diagonal_root"](parse_relation("brownian"), parse_box("[0,4]"), parse_box("[0,4]"))
    assert 2 <= root <= 2 * sp.Rational(1001, 1000)
    assert PROPERTIES["diagonal_root"](GAUSSIAN, UNIT, UNIT) >= 1


@pytest.mark.parametrize(
    ("text", "x", "y"),
    [
        ("tanh_order(c=4)", "[0,1]", "[0,1]"),
        ("x - y", "[0,1]", "[0,1]"),
        ("gaussian(ell=1/2)", "[0,1]", "[0,2]"),
        ("bilinear(A=-1)", "[0,1]", "[0,1]"),
    ],
)
def test_symmetric_theorems_refuse_other_relations(text: str, x: str, y: str) -> None:
    record = theorem("symmetric")
    with pytest.raises(InputError) as caught:
        constants(record, parse_relation(text), parse_box(x), parse_box(y), {"K"})
    assert "symmetric" in str(caught.value) and "\n" not in str(caught.value)


def test_relations_without_a_bounded_derivative_are_refused() -> None:
    with pytest.raises(InputError, match="no bounded second derivative"):
        constants(theorem("grid-neurons"), parse_relation("brownian"), UNIT, UNIT, {"M"})
