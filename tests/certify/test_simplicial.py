"""Certificates on triangles: sound on random networks, tight on aligned ones; planted errors are caught."""

import numpy as np
import pytest
from flint import arb, fmpq

from relverify.certify import simplicial
from relverify.certify.engine import certify
from relverify.certify.point import PointError
from relverify.certify.simplicial import affine_models, applies, simplicial_certificate
from relverify.core.box import parse_box
from relverify.networks.mlp import MLP
from relverify.networks.simplex import hat_network, simplex_network
from relverify.relations.parse import parse_relation
from relverify.rigor.pictures import compile_numpy

BOX = parse_box("[-1,1]^2")
GAUSSIAN = parse_relation("exp(-((x1-y1)**2+(x2-y2)**2))")
ORDER = parse_relation("x1*y2 - x2*y1 + sin(x1+y2)/4")


def random_network(generator, d=2):
    rows = generator.normal(size=(6, 2))
    rows[:2] = [[1.0, 0.0], [0.0, -2.0]]
    return MLP(
        (rows, generator.normal(size=(4, 6)), generator.normal(size=(d, 4)) / 3),
        (generator.normal(size=6) / 2, generator.normal(size=4), generator.normal(size=d)),
        generator.choice(["relu", "leaky_relu"]),
    )


def largest(relation, phi, psi, box, count=4000):
    generator = np.random.default_rng(5)
    points = generator.uniform([float(s.lo) for s in box.sides], [float(s.hi) for s in box.sides], (count, 2))
    others = generator.permutation(points)
    values = compile_numpy(relation.expr, relation.x_symbols + relation.y_symbols)(*points.T, *others.T)
    return np.abs(values - (phi(points) * psi(others)).sum(axis=1)).max()


@pytest.mark.parametrize("seed", range(8))
def test_random_networks_are_bounded(seed):
    generator = np.random.default_rng(seed)
    phi, psi = random_network(generator), random_network(generator)
    assert applies(phi, psi)
    found = simplicial_certificate(ORDER, phi, psi, BOX, BOX, None, fmpq(3, 2), max_cells=20_000)
    assert found.lower <= found.upper
    assert largest(ORDER, phi, psi, BOX) <= float(found.upper)
    size = abs(PointError(ORDER, phi, psi).ball(found.argmax))
    assert size >= arb(found.lower)


@pytest.mark.parametrize(
    "relation, cells, eps", [(GAUSSIAN, (7,), "1e-1"), (ORDER, (2, 3), "1e-1"), (ORDER, (4, 5), "3e-2")]
)
def test_the_counts_of_the_theorem_are_proved(relation, cells, eps):
    net = simplex_network(relation, BOX, None, *cells)
    found = certify(relation, net.phi, net.psi, BOX, eps=eps)
    assert found.verdict == "proved" and found.lower <= found.upper
    assert float(found.lower) <= float(net.error)


def test_an_error_above_eps_is_refuted_at_a_point():
    net = simplex_network(GAUSSIAN, BOX, None, 3)
    found = certify(GAUSSIAN, net.phi, None, BOX, eps="1e-1")
    assert found.verdict == "refuted" and found.lower > fmpq(1, 10)


def test_both_halves_of_a_symmetric_problem_agree():
    net = simplex_network(GAUSSIAN, BOX, None, 3)
    one = simplicial_certificate(GAUSSIAN, net.phi, None, BOX, BOX, None, fmpq(11, 10))
    moved = net.phi.with_weights([*net.phi.weights[:-1], net.phi.weights[-1] * (1 + 2.0**-50)])
    two = simplicial_certificate(GAUSSIAN, net.phi, moved, BOX, BOX, None, fmpq(11, 10))
    assert one.ratio <= 1.1 and two.ratio <= 1.1 and one.cells < two.cells
    assert one.lower <= two.upper and two.lower <= one.upper


def test_a_bilinear_relation_is_met_up_to_rounding():
    relation = parse_relation("x1*y2 + x2*y1")
    net = simplex_network(relation, BOX, None, 1, 1)
    found = certify(relation, net.phi, net.psi, BOX, eps="1e-12")
    assert found.verdict == "proved"


def test_crossed_kinks_are_enclosed():
    net = MLP(([[1.0, 1.0]], [[1.0]]), ([-0.5], [0.0]))
    values, error = affine_models(net, np.array([[[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]]), 0.0)
    for x, y in [(0.25, 0.25), (0.5, 0.5), (0.0, 0.0), (0.3, 0.0)]:
        mean = (1 - x - y) * values[0, 0, 0] + x * values[0, 1, 0] + y * values[0, 2, 0]
        assert abs(max(x + y - 0.5, 0) - mean) <= error[0, 0]


def test_a_dropped_curvature_is_caught(monkeypatch):
    net = hat_network(BOX, 1, np.zeros((4, 1)))
    relation = parse_relation("2 - (x1 - 1/3)**2 + 0*x2*y1*y2")
    honest = simplicial_certificate(relation, net, None, BOX, BOX, None, fmpq(11, 10))
    assert honest.upper >= honest.lower > 1
    monkeypatch.setattr(simplicial, "_steepest", lambda a, b, c: 0 * a)
    with pytest.raises(Exception, match="below the error"):
        simplicial_certificate(relation, net, None, BOX, BOX, None, fmpq(11, 10))


def test_limits_keep_the_bounds():
    net = simplex_network(GAUSSIAN, BOX, None, 4)
    found = simplicial_certificate(GAUSSIAN, net.phi, None, BOX, BOX, None, fmpq(1001, 1000), max_cells=3000)
    assert "limit" in found.reason and found.lower <= found.upper
