"""Relations that are not PSD are refuted at points; what is only unknown is said to be assumed."""

import numpy as np
import pytest

import relverify
from relverify.core.box import parse_box
from relverify.errors import InputError
from relverify.relations import parse_relation
from relverify.relations.indefinite import negative_form

UNIT = parse_box("[0,1]")


@pytest.mark.parametrize("text", ["x+y", "-x*y", "cos(x-y)-1/2", "abs(x-y)", "(x-y)^2", "1-3*(x-y)^2"])
def test_negative_forms(text):
    found = negative_form(parse_relation(text), UNIT)
    bound = float(found.partition("< ")[2].partition(" ")[0])
    points = np.linspace(0, 1, 9)
    function = {"abs": np.abs, "cos": np.cos}
    matrix = eval(text.replace("^", "**"), {"x": points[:, None], "y": points, **function})
    least = np.linalg.eigvalsh(np.broadcast_to(matrix, (9, 9)))[0]
    assert least <= bound < 0 and bound - least <= 0.01 * abs(least)


@pytest.mark.parametrize("text", ["x*y", "exp(-(x-y)^2)", "min(x,y)", "1", "0*x", "cos(x-y)", "exp(x*y)"])
def test_psd_relations_are_not_refuted(text):
    assert negative_form(parse_relation(text), UNIT) == ""


def test_several_coordinates():
    assert negative_form(parse_relation("x1*y1 - x2*y2"), parse_box("[-1,1]^2"))
    assert negative_form(parse_relation("x1*y1 + x2*y2"), parse_box("[-1,1]^2")) == ""


def test_bounds_say_what_is_assumed():
    known = relverify.bound("grid-neurons", relation="gaussian(ell=1/2)", x="[0,1]", eps="1/10", solve="n")
    assert known.assumed == []
    found = relverify.bound("grid-neurons", relation="exp(-2*(x-y)^2)", x="[0,1]", eps="1/10", solve="n")
    assert found.assumed == ["exp(-2*(x - y)**2) is positive semidefinite on [0,1] (neither proved nor refuted)"]
    assert found.integer == known.integer


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x+y", "x + y is not symmetric positive semidefinite on [0,1]: Σ v_i v_j r(x_i, x_j) < -"),
        ("tanh(x-y)", "tanh(x - y) is not symmetric positive semidefinite: r(x, y) and r(y, x) differ"),
        ("polynomial(p=3,c=-1)", "the monomial of degree p-1 has a negative coefficient"),
    ],
)
def test_bounds_refuse_what_is_violated(text, said):
    with pytest.raises(InputError) as caught:
        relverify.bound("grid-neurons", relation=text, x="[0,1]", eps="1/10", solve="n")
    assert said in str(caught.value)
