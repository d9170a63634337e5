"""Bounds on pairs of cells: samples in balls stay below, coefficients cancel, planted errors."""

import numpy as np
import pytest
from flint import arb

from relverify.activations import activations
from relverify.certify import axis, matrix
from relverify.certify.matrix import Pairs, pair_bounds, side
from relverify.certify.point import PointError
from relverify.networks.mlp import MLP
from relverify.relations.parse import parse_relation
from relverify.relations.relation import from_expression
from relverify.rigor.exact import dyadic, from_fmpq

GROUP = 4
TEXTS = {
    1: "exp(-2*(x-y)^2)*cos(x) + abs(x-y)/3",
    2: "tanh(x1-y1+x2*y2)",
    3: "1/(8 + x1*y1 + x2*y2 + x3*y3)",
}


def network(p, name, seed, scale=1.0):
    rng = np.random.default_rng(seed)
    weights = (rng.normal(size=(6, p)) * scale, rng.normal(size=(5, 6)) / 2, rng.normal(size=(3, 5)) / 2)
    return MLP(weights, tuple(rng.normal(size=w.shape[0]) / 2 for w in weights), name)


def every_pair(groups):
    block, row, column = (a.ravel() for a in np.indices((groups * groups, GROUP, GROUP)))
    first, second = (a.ravel() for a in np.indices((groups, groups)))
    return Pairs(first, second, block, row, column)


def worst(relation, nets, width, seed=0, groups=2, points=1):
    """Largest |e| / bound over random points of all pairs, e in balls; and the bounds."""
    rng = np.random.default_rng(seed)
    corners = [rng.uniform(-1, 1, size=(groups * GROUP, net.in_features)) for net in nets]
    sides = [side(net, other, lo, lo + width, GROUP) for net, other, lo in zip(nets, nets[::-1], corners, strict=True)]
    pairs = every_pair(groups)
    found = pair_bounds(relation.expr, relation.x_symbols + relation.y_symbols, *sides, pairs)
    error, ratio = PointError(relation, *nets), 0.0
    for k, bound in enumerate(found.bound):
        i, j = (
            pairs.first[pairs.block[k]] * GROUP + pairs.row[k],
            pairs.second[pairs.block[k]] * GROUP + pairs.column[k],
        )
        for _ in range(points):
            part = [rng.choice([0.0, 1.0, rng.random()], size=lo.shape[1]) for lo in corners]
            point = np.concatenate([corners[0][i] + part[0] * width, corners[1][j] + part[1] * width])
            end = np.concatenate([corners[0][i] + width, corners[1][j] + width])
            ball = error.ball([dyadic(float(v)) for v in np.minimum(point, end)])
            ratio = max(ratio, float((abs(ball) / arb(float(bound))).lower()))
    return ratio, found


@pytest.mark.parametrize("p", [1, 2, 3])
@pytest.mark.parametrize("names", [("tanh", "tanh"), ("gelu", "relu"), ("leaky_relu", "relu"), ("sin", "square")])
@pytest.mark.parametrize("width", [0.3, 1e-2])
def test_samples_stay_below(p, names, width):
    nets = [network(p, name, seed) for seed, name in enumerate(names)]
    ratio, _ = worst(parse_relation(TEXTS[p]), nets, width)
    assert 0.1 < ratio <= 1.0


@pytest.mark.parametrize("name", sorted(activations()))
def test_every_activation(name):
    nets = [network(1, name, 5), network(1, name, 6)]
    assert worst(parse_relation(TEXTS[1]), nets, 0.05)[0] <= 1.0


def test_coefficients_cancel_before_absolute_values():
    """x y - <x, y> is zero to all orders: the bound must be rounding, not the size of the parts."""
    line = MLP(([[1.0]],), ([0.0],))
    _, found = worst(parse_relation("x*y"), [line, line], 0.5)
    assert found.bound.max() < 1e-12


def test_unbounded_relations_are_not_bounded():
    line = MLP(([[1.0]],), ([0.0],))
    lo = np.zeros((GROUP, 1))
    cells = side(line, line, lo, lo + 0.5, GROUP)
    relation = parse_relation("1/(x-y)")
    found = pair_bounds(relation.expr, relation.x_symbols + relation.y_symbols, cells, cells, every_pair(1))
    assert np.isinf(found.bound).all()


def test_a_weight_moved_by_1e9_relative_is_caught():
    """The bound of an almost exact network excludes the error of the moved one."""
    line, moved = MLP(([[1.0]],), ([0.0],)), MLP(([[1.0 + 1e-9]],), ([0.0],))
    relation = parse_relation("x*y")
    _, found = worst(relation, [line, line], 0.5)
    error = PointError(relation, line, moved).ball([dyadic(0.5), dyadic(0.5)])
    assert float(abs(error).lower()) > found.bound.max()


def test_a_halved_remainder_of_r_is_caught(monkeypatch):
    """x^3 at a cell around 0 has no part of degree two: its bound is its remainder."""
    zero = MLP(([[0.0]],), ([0.0],))
    relation = parse_relation("x^3 + 0*y")
    lo = np.full((GROUP, 1), -0.5)

    def bound():
        cells = side(zero, zero, lo, -lo, GROUP)
        symbols = (*relation.x_symbols, *relation.y_symbols)
        return pair_bounds(relation.expr, symbols, cells, cells, every_pair(1)).bound.max()

    assert bound() >= 0.125
    true = matrix.taylor_model
    monkeypatch.setattr(matrix, "taylor_model", lambda *a: (m := true(*a))._replace(remainder=m.remainder / 2))
    assert bound() < 0.125


def test_a_halved_remainder_of_a_network_is_caught(monkeypatch):
    """relu at its kink: its bound is the distance from the chord."""
    relu, one = MLP(([[1.0]], [[1.0]]), ([0.0], [0.0]), "relu"), MLP(([[0.0]],), ([1.0],))
    relation = parse_relation("x/2 + 0*y")
    lo = np.full((GROUP, 1), -1.0)

    def bound():
        first, second = side(relu, one, lo, -lo, GROUP), side(one, relu, lo, -lo, GROUP)
        symbols = (*relation.x_symbols, *relation.y_symbols)
        return pair_bounds(relation.expr, symbols, first, second, every_pair(1)).bound.max()

    assert bound() >= 0.5
    true = matrix.taylor

    def halved(*arguments):
        models = true(*arguments)
        slack = None if models.slack is None else models.slack / 2
        return matrix.Models(models.coefficients, models.error / 2, slack)

    monkeypatch.setattr(matrix, "taylor", halved)
    assert bound() < 0.5


def test_a_dropped_rounding_term_is_caught(monkeypatch):
    """r is the product as float64 computes it, so that e is nothing but rounding, and large since terms cancel."""
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=500) * 1e6, rng.normal(size=500)
    a, b = np.concatenate([a, -a, [1e-3]]), np.concatenate([b, b * (1 + 2.0**-40), [1.0]])
    first, second = (MLP((np.zeros((len(v), 1)),), (v,)) for v in (a, b))
    lo = np.zeros((GROUP, 1))
    cells = side(first, second, lo, lo, GROUP), side(second, first, lo, lo, GROUP)
    computed = float(np.matmul(cells[0].coefficients[0][0], cells[1].coefficients[0][0].T)[0, 0])
    exact = sum((dyadic(u) * dyadic(v) for u, v in zip(a.tolist(), b.tolist(), strict=True)), dyadic(0.0))
    relation = from_expression(from_fmpq(dyadic(computed)))

    def bound():
        cells = side(first, second, lo, lo, GROUP), side(second, first, lo, lo, GROUP)
        symbols = (*relation.x_symbols, *relation.y_symbols)
        return dyadic(float(pair_bounds(relation.expr, symbols, *cells, every_pair(1)).bound.max()))

    true = abs(dyadic(computed) - exact)
    assert 0 < true <= bound()
    monkeypatch.setattr(matrix, "gamma", lambda terms: 0.0)
    monkeypatch.setattr(axis, "gamma", lambda terms: 0.0)
    assert bound() < true
