"""Reasons why a relation has no finite bound: each kind is found, none where there is none."""

import numpy as np
import pytest
from flint import fmpq

from relverify.certify.singular import corners, grid, undefined
from relverify.relations import parse_relation
from relverify.rigor.pictures import compile_numpy

BOX = [(fmpq(-1), fmpq(1))] * 2


def reason(text, ends=BOX):
    relation = parse_relation(text)
    found = undefined(relation.expr, relation.x_symbols + relation.y_symbols, grid(ends), ends)
    return found and found.reason


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1/(x-y)^2", "r divides by x - y, which is 0 at (x, y) = ("),
        ("x/(1/3+x-y)", "r divides by x - y + 1/3, which has both signs"),
        ("exp(1/x)+y", "r divides by x, which has both signs"),
        ("log(x*y)", "r takes the logarithm of x*y, which is negative at (x, y) = ("),
        ("sqrt(x)+y", "r takes a root of x, which is negative at (x, y) = (-1, -1)"),
        ("1/sqrt(x+1)+y", "r divides by a root of x + 1, which is 0 at (x, y) = (-1, -1)"),
        ("x^y", "r takes a power of x, which is negative at (x, y) = (-1, -1)"),
        ("tan(3*x)*y", "r divides by cos(3*x), which has both signs"),
        ("sin(x)/(x^2+y^2-1/100)", "r divides by x^2 + y^2 - 1/100, which has both signs"),
    ],
)
def test_reasons(text, said):
    assert reason(text).startswith(said)


@pytest.mark.parametrize("text", ["x*y", "1/(2+x-y)*0+1/(5/2+x*y)", "log(3+x-y)", "sqrt(1+x)*y", "tan(x)*y", "2^(x*y)"])
def test_nothing_is_said_of_relations_that_are_defined(text):
    assert reason(text) is None


def test_points_are_those_of_the_box():
    """The float64 hull of a box reaches beyond its end 1/3, where the root is not asked for."""
    ends = [(fmpq(1, 3), fmpq(1)), (fmpq(0), fmpq(1))]
    beyond = np.array([[1 / 3, 0.5], [np.nextafter(1 / 3, 0), 1.0]])
    relation = parse_relation("sqrt(x-1/3)*y")
    assert undefined(relation.expr, relation.x_symbols + relation.y_symbols, beyond, ends) is None


@pytest.mark.parametrize("text", ["1/(x-y)", "x/(1/3+x-y)", "1/x+1/y", "log(1/3+x-y)"])
def test_points_beside_the_place_have_large_values(text):
    relation = parse_relation(text)
    symbols = relation.x_symbols + relation.y_symbols
    with np.errstate(all="ignore"):
        values = compile_numpy(relation.expr, symbols)(*undefined(relation.expr, symbols, grid(BOX), BOX).beside.T)
    assert np.abs(values[np.isfinite(values)]).max() > (30 if "log" in text else 1e12)


def test_corners():
    found = corners(np.array([[0.0, 2.0]]), np.array([[1.0, 4.0]]))
    assert sorted(map(tuple, found.tolist())) == [(0, 2), (0, 4), (0.5, 3), (1, 2), (1, 4)]
    assert len(grid(BOX * 3)) == 4**6 and grid(BOX).min() == -1 and grid(BOX).max() == 1
