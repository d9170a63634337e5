"""Figures of heads on given inputs."""

import numpy as np
import pytest
from flint import fmpq

from relverify.attention import points
from relverify.attention.figures import Place
from relverify.certify.linear import Balls
from relverify.rigor.intervals import Intervals

EPS = fmpq(1, 10)
MOVED = (0.2006706954621511, 0.20067069546215125)


def figures(query, key, tied=False):
    place, one = Place(0, 0, 0, None, tied), Intervals(1.0)
    return points.figures(place, Balls.exact(query), Balls.exact(key), None, EPS, MOVED, one)


def near(pair, value):
    assert pair[0] <= value + 1e-12 and value <= pair[1] + 1e-12 and pair[1] - pair[0] < 1e-9


def test_scores_and_swing_are_those_of_the_matrix():
    rng = np.random.default_rng(0)
    query, key = rng.normal(size=(2, 12, 3))
    found = figures(query, key)
    scores = query @ key.T
    near(found.scores[0], scores.min())
    near(found.scores[1], scores.max())
    near(found.swing, np.ptp(scores, axis=1).max() / 2)
    centre = np.eye(12) - 1 / 12
    double = centre @ scores @ centre
    near(found.size, np.abs(double).max())
    near(found.antisymmetric, np.abs(double - double.T).max() / 2)
    near(found.negative, -np.linalg.eigvalsh((double + double.T) / 2)[0] / 12)
    assert 0 < found.one_network[0] <= found.one_network[1] <= found.swing[1]
    assert found.rank[0] <= found.rank[1] == 3 and found.capacity == 12 and found.psd == "refuted"


def test_minus_the_inner_product_at_two_points():
    """-<x, y> at 1 and -1: no kernel and no function of the query comes closer than 1."""
    found = figures(np.array([[-1.0], [1.0]]), np.array([[1.0], [-1.0]]))
    near(found.one_network, 1.0)


def test_the_square_turned_by_a_quarter():
    """Four points on a circle, scores <x, Jy>: a cycle proves most of the distance 1."""
    circle = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    found = figures(circle, circle @ np.array([[0.0, -1.0], [1.0, 0.0]]))
    assert found.one_network[0] > 0.6 and found.one_network[1] <= 1 + 1e-9


def test_a_kernel_is_near_itself():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(9, 3))
    # a bias of the queries is a function of the key, one of the keys a function of the query
    found = figures(x + np.array([1.0, 0.0, 2.0]), x + np.array([0.0, -1.0, 0.5]))
    assert found.one_network[0] < 1e-9 and found.one_network[1] < 1e-9
    assert found.psd == "undecided" and found.one_network[0] == 0
    assert figures(x, x, tied=True).psd == "proved"


def test_equal_inputs():
    found = figures(np.ones((4, 2)), np.ones((4, 2)))
    assert found.one_network[0] == 0 and found.swing[1] < 1e-12 and found.rank == (0, 0) and found.context == (1, 1)


@pytest.mark.parametrize("seed", range(4))
def test_no_kernel_found_by_descent_is_nearer(seed):
    """The lower bound against the nearest kernel that gradient descent finds over its factor and row shifts."""
    rng = np.random.default_rng(seed)
    query, key = rng.normal(size=(2, 5, 2))
    found = figures(query, key)
    scores = query @ key.T
    best = found.swing[1]
    for start in range(3):
        factor = np.random.default_rng(start).normal(size=(5, 5)) * 0.5
        for step in range(3000):
            error = factor @ factor.T - scores
            error -= (error.max(axis=1, keepdims=True) + error.min(axis=1, keepdims=True)) / 2
            best = min(best, np.abs(error).max())
            i, j = divmod(int(np.argmax(np.abs(error))), 5)
            gradient = np.zeros((5, 5))
            gradient[i, j] = np.sign(error[i, j])
            other = int(np.argmin(error[i] * gradient[i, j]))
            gradient[i, other] -= gradient[i, j]
            factor -= 0.05 / (1 + step / 50) * (gradient + gradient.T) @ factor
    assert found.one_network[0] <= best + 1e-12
    # neither is idle
    assert found.one_network[0] > best / 3
