"""Ways to count are found by themselves, and say how counts grow."""

import pytest
import sympy as sp
from flint import fmpq

from relverify.core.box import parse_box
from relverify.core.registry import theorems
from relverify.errors import InputError
from relverify.networks.counts import grid_rate
from relverify.networks.methods import KINDS, Problem, exponent, methods, rate_of
from relverify.relations import parse_relation

UNIT = parse_box("[0,1]")
X = sp.Symbol("x", positive=True)


def problem(text, box=UNIT):
    return Problem(parse_relation(text), box, box)


def test_every_method_names_a_theorem():
    names = [(m.name, m.own) for m in methods()]
    assert len(names) == len(set(names)) > 15
    for method in methods():
        assert method.theorem in theorems() and method.kind in KINDS and method.name


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (3 / X + 100, "1"),
        (sp.sqrt(1 + 1 / X**3), "3/2"),
        (sp.log(2 / X), "log"),
        (sp.Integer(7), "0"),
        (sp.exp(1 / X), ""),
    ],
)
def test_exponents(count, expected):
    assert exponent(count, X) == expected


def test_rates_of_theorems():
    assert rate_of("kernel-barron", "n") == "2" and rate_of("ridge-spline", "n", each=True) == "1/2 each"
    assert rate_of("deep-square", "m") == "log"


@pytest.mark.parametrize(
    ("text", "rate"),
    [("gaussian(ell=1)", "1/2"), ("brownian", "1"), ("laplace(ell=1)", "1"), ("abs(x-1/3)*y", "1"), ("x*y", "0")],
)
def test_rates_of_grids(text, rate):
    assert grid_rate(parse_relation(text), UNIT, UNIT) == rate


@pytest.mark.parametrize("text", ["gaussian(ell=1/2)", "x*y*exp(x)"])
def test_methods_fit_one_network_or_two(text):
    task = problem(text)
    assert task.own == (text != "x*y*exp(x)")
    assert {m.own for m in methods() if m.fits(task)} == {task.own, None}


def test_large_searches_are_left_out():
    built = next(m for m in methods() if m.searches)
    with pytest.raises(InputError, match="pairs of cells"):
        built.count(problem("gaussian(ell=1/2)"), fmpq(1, 10**6))
    assert built.count(problem("gaussian(ell=1/2)"), fmpq(1, 100)).units == 8


def test_constants_are_found_once(monkeypatch):
    from relverify.networks import methods as module

    calls = []
    monkeypatch.setattr(module, "constants", lambda *args: calls.append(args) or {"M": 1})
    task = problem("gaussian(ell=1/2)")
    assert [task.constants("grid-neurons", frozenset({"M"})) for _ in range(3)] == [{"M": 1}] * 3 and len(calls) == 1
