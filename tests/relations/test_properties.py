"""The constants that theorems ask of relations."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sympy as sp
from flint import arb

from relverify.core.box import parse_box
from relverify.core.registry import theorem, theorems
from relverify.errors import InputError
from relverify.relations import parse_relation
from relverify.relations.properties import PROPERTIES, constants
from relverify.rigor.enclose import enclose
from relverify.rigor.exact import to_fmpq
from relverify.rigor.quadrature import integral

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


def test_families_may_state_a_property_or_say_why_there_is_none() -> None:
    stated = replace(GAUSSIAN, facts={"sup": lambda x, y: sp.Integer(7), "kernel_barron": "it was said so"})
    assert PROPERTIES["sup"](stated, UNIT, UNIT) == 7
    with pytest.raises(InputError, match="it was said so"):
        PROPERTIES["kernel_barron"](stated, UNIT, UNIT)
    silent = replace(GAUSSIAN, facts={"sup": lambda x, y: None})
    assert PROPERTIES["sup"](silent, UNIT, UNIT) == PROPERTIES["sup"](replace(GAUSSIAN, facts={}), UNIT, UNIT)


def test_kernel_barron_in_closed_form_and_by_quadrature() -> None:
    """√(∂²x∂²y r) is √3/ell² for the Gaussian and e^{s²/2}√(s⁴+4s²+2) for exp(xy)."""
    length = (sp.sqrt(2) + sp.asinh(1)) / 2
    found = PROPERTIES["kernel_barron"](parse_relation("exp(-2*(x-y)**2)"), UNIT, UNIT)
    assert sp.simplify(found - 4 * sp.sqrt(3) * length) == 0
    s = sp.Symbol("s", real=True)
    density = sp.exp(s**2 / 2) * sp.sqrt(s**4 + 4 * s**2 + 2) * sp.sqrt(1 + s**2)
    exact = enclose(density.subs(s, 0))
    assert exact > 0
    ball = integral(density, s, 0, 1)
    bound = to_fmpq(PROPERTIES["kernel_barron"](parse_relation("exp(x*y)"), UNIT, UNIT))
    assert ball <= arb(bound) <= ball * arb(1001) / 1000


@pytest.mark.parametrize("text", ["brownian", "exp(-abs(x-y))", "(1+abs(x-y))*exp(-abs(x-y))", "tanh_order(c=1)"])
def test_kernel_barron_is_refused_with_the_reason(text: str) -> None:
    with pytest.raises(InputError, match=r"on the diagonal|not symmetric positive semidefinite"):
        PROPERTIES["kernel_barron"](parse_relation(text), UNIT, UNIT)


@pytest.mark.parametrize("name", sorted(PROPERTIES))
@pytest.mark.parametrize("text", ["gaussian(ell=1/2)", "brownian", "sin(3*x + y)"])
def test_every_property_is_a_positive_number_or_refused(name: str, text: str) -> None:
    try:
        value = PROPERTIES[name](parse_relation(text), UNIT, UNIT)
    except InputError as error:
        assert error.problem and "\n" not in str(error)
    else:
        assert enclose(value).is_finite() and enclose(value) >= 0


def test_several_dimensions() -> None:
    square, relation = parse_box("[0,1]^2"), parse_relation("(x1*y1 + x2*y2)**2")
    bound = PROPERTIES["second_derivative_x"](relation, square, square)
    # the Hessian is 2 y y', of operator norm 2‖y‖² <= 4
    assert 4 <= bound <= sp.Rational(401, 100)
    assert sp.simplify(PROPERTIES["circumradius"](relation, square, square) - 1) == 0
    with pytest.raises(InputError, match="side"):
        PROPERTIES["sup"](relation, UNIT, UNIT)
    with pytest.raises(InputError, match="several coordinates"):
        PROPERTIES["kernel_barron"](relation, square, square)
