"""Unit counts of the asymmetric theorem: the pieces of the proof, and networks built from the counts."""

from __future__ import annotations

import flint
import numpy as np
import pytest
import sympy as sp
from flint import arb, fmpq

from relverify.core.box import parse_box
from relverify.errors import InputError
from relverify.networks.asymmetric import Expansion2, _expand, _proved_tail, _side, _vander, asymmetric_units
from relverify.networks.minimax import float_values
from relverify.relations import parse_relation
from relverify.rigor.decide import Verdict, decide
from relverify.rigor.exact import exact

UNIT = (fmpq(0), fmpq(1))


@pytest.mark.parametrize(
    ("text", "x", "y", "eps"),
    [
        ("tanh_order(c=4)", "[0,1]", None, "1e-1"),
        ("tanh_order(c=4)", "[0,1]", None, "1e-2"),
        ("exp(x*y)", "[0,1]", "[-1,1]", "1e-2"),
        ("gaussian(ell=1/2)", "[0,1]", None, "1e-2"),
    ],
)
@pytest.mark.parametrize("budget", ["vector", "coordinate"])
def test_splines_of_the_counts_reach_eps(text, x, y, eps, budget):
    relation = parse_relation(text)
    found = asymmetric_units(relation, x, y, eps, budget)
    assert decide(sp.Le(found.error, exact(eps), evaluate=False)).verdict is Verdict.PROVED
    assert (sum(found.per_feature[: found.d]), sum(found.per_feature[found.d :])) == (found.n_x, found.n_y)
    boxes = parse_box(x), parse_box(y or x)
    ends = tuple(box[0].ends for box in boxes)
    expansion = _expand(float_values(relation), ends, float(fmpq(1) * exact(eps)))[0].cut(found.d)
    points = np.linspace(-1, 1, 301)
    sides = []
    for coefficients, counts in (
        (expansion.f, found.per_feature[: found.d]),
        (expansion.g, found.per_feature[found.d :]),
    ):
        columns = []
        for i, n in enumerate(counts):
            nodes = np.linspace(-1, 1, n + 1)
            columns.append(np.interp(points, nodes, np.polynomial.chebyshev.chebval(nodes, coefficients[:, i])))
        sides.append(np.stack(columns, axis=1))
    grids = [float(a) + float(b - a) * (points + 1) / 2 for a, b in ends]
    error = np.abs(float_values(relation)(*grids) - sides[0] @ sides[1].T).max()
    assert error <= float(exact(eps))


def test_suprema_of_polynomials():
    """T_5 has supremum 1 and |T_5''| <= 200, taken at 1: 5²(5²-1)/3."""
    coefficients = np.zeros((6, 1))
    coefficients[5] = 1.0
    (sup,), (curve,), energy = _side(coefficients)
    assert 1 <= sup <= fmpq(101, 100)
    assert 100 <= curve <= fmpq(101)
    assert 1 <= energy <= fmpq(101, 100)


def test_second_derivatives_by_hand():
    with flint.ctx.workprec(128):
        table = _vander([arb(fmpq(1, 3))], 4, 2)
    # T_2'' = 4, T_3'' = 24 z, T_4'' = 96 z² - 16
    for k, value in enumerate((0, 0, 4, 8, fmpq(-16, 3))):
        assert table[0, k].overlaps(arb(value))


def test_tail_is_an_upper_bound_and_close():
    """exp(x y) without features leaves e; with one constant feature it leaves e - 1."""
    relation, box = parse_relation("exp(x*y)"), parse_box("[0,1]")
    ends = (UNIT, UNIT)
    nothing = Expansion2(np.zeros((2, 1)), np.zeros((2, 1)))
    ones = Expansion2(np.array([[1.0], [0.0]]), np.array([[1.0], [0.0]]))
    for expansion, true in ((nothing, arb(1).exp()), (ones, arb(1).exp() - 1)):
        tail = _proved_tail(relation, expansion, box, box, ends, fmpq(1, 10))
        assert arb(tail) >= true
        assert arb(tail) <= true + arb(fmpq(1, 100))


def test_edges():
    product = asymmetric_units(parse_relation("x*y"), "[0,1]", eps="1e-6")
    assert (product.units, product.d) == (2, 1)
    assert asymmetric_units(parse_relation("3"), "[0,1]", eps="1e-6").units == 0


@pytest.mark.parametrize(
    ("text", "x", "eps", "budget", "message"),
    [
        ("brownian", "[0,1]", "1e-3", "best", "not approximated"),
        ("x*y", "[0,1]", "0", "best", "eps"),
        ("x*y", "[0,1]", "-1", "best", "eps"),
        ("x*y", "[0,1]", "1e-2", "l7", "budget"),
        ("x*y", "[0,1]^2", "1e-2", "best", "dimensions"),
        ("tanh_order(c=4)", "[0,1]", "3e-5", "best", "points"),
    ],
)
def test_refuses(text, x, eps, budget, message):
    with pytest.raises(InputError, match=message):
        asymmetric_units(parse_relation(text), x, eps=eps, budget=budget)
