"""Interpolation on Kuhn simplices: exact counts, hats, proved errors."""

import itertools

import numpy as np
import pytest
from flint import fmpq

from relverify.errors import InputError
from relverify.networks.simplex import hat_network, simplex_cells, simplex_network, simplex_units
from relverify.relations.parse import parse_relation

GAUSSIAN = parse_relation("exp(-((x1-y1)**2+(x2-y2)**2))")


@pytest.mark.parametrize("n", [1, 2, 4])
def test_hats_are_one_at_their_node_and_sum_to_one(n):
    net = hat_network("[-1,1]x[0,1]", n, np.eye((n + 1) ** 2))
    assert net.hidden_units == 4 * n - 1 + (n + 1) ** 2 == simplex_units(n) and len(net.widths) == 2
    nodes = [[fmpq(2 * i, n) - 1, fmpq(j, n)] for i, j in itertools.product(range(n + 1), repeat=2)]
    for row, node in enumerate(nodes):
        assert net.at_exact(node) == [fmpq(k == row) for k in range(len(nodes))]
    for k in range(12):
        values = net.at_exact([fmpq(k, 6) - 1, fmpq(5 * k % 12, 12)])
        assert sum(values, fmpq(0)) == 1 and min(values) >= 0
        assert sum(v > 0 for v in values) <= 3


def test_interpolation_is_affine_between_the_nodes_of_a_triangle():
    values = np.random.default_rng(0).integers(-8, 9, (9, 2)).astype(float)
    net = hat_network("[0,2]^2", 2, values)
    a, b, c = (np.array(p, dtype=float) for p in ((1, 0), (2, 0), (2, 1)))
    rows = [net(p[None])[0] for p in (a, b, c)]
    inside = net(((a + 2 * b + 5 * c) / 8)[None])[0]
    assert np.array_equal(inside, (rows[0] + 2 * rows[1] + 5 * rows[2]) / 8)


@pytest.mark.parametrize("n", [2, 5])
def test_errors_on_a_grid_stay_below_the_proved_one(n):
    built = simplex_network(GAUSSIAN, "[-1,1]^2", n_x=n)
    axis = np.linspace(-1, 1, 23)
    points = np.array(list(itertools.product(axis, axis)))
    features = built.phi(points)
    exact = np.exp(-((points[:, None] - points[None]) ** 2).sum(axis=2))
    assert np.abs(exact - features @ features.T).max() <= float(built.error)


def test_counts_of_the_theorem():
    relation = parse_relation("x1*y2 - x2*y1 + sin(x1+y2)/4")
    assert simplex_cells(relation, "[-1,1]^2", eps="1e-1") == (2, 3)
    n_x, n_y = simplex_cells(relation, "[-1,1]^2", eps="3e-2")
    built = simplex_network(relation, "[-1,1]^2", None, n_x, n_y)
    assert built.hidden_units == simplex_units(n_x) + simplex_units(n_y) and built.error <= 0.03


def test_misuse_is_refused():
    with pytest.raises(InputError, match="two sides"):
        hat_network("[0,1]", 2, np.eye(9))
    with pytest.raises(InputError, match="out of range"):
        hat_network("[0,1]^2", 0, np.eye(1))
    with pytest.raises(InputError, match="coordinates"):
        simplex_cells(parse_relation("x*y"), "[0,1]^2", eps="1e-1")
    with pytest.raises(InputError, match="symmetric"):
        simplex_network(parse_relation("x1*y2"), "[0,1]^2", n_x=2)
    with pytest.raises(InputError, match="out of reach"):
        simplex_cells(GAUSSIAN, "[0,1]^2", eps="1e-9")
