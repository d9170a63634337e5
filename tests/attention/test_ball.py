"""Figures of heads that are known in closed form, on the unit ball."""

import math

import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st

from relverify.attention import ball, heads
from relverify.attention.figures import Place, Spread, capacity, contexts, needed_features, quantisation
from relverify.certify.linear import Balls
from relverify.rigor.intervals import Intervals

ONE = Intervals(1.0)
EPS = fmpq(1, 10)
MOVED = (2 * math.atanh(0.1) * (1 - 1e-15), 2 * math.atanh(0.1) * (1 + 1e-15))


def figures(query, key, query_shift=None, key_shift=None, tied=False, width=5):
    """Of a head given by the first coordinates of its inputs, the scores not divided."""
    query, key = np.asarray(query, dtype=float), np.asarray(key, dtype=float)
    wide = [np.hstack([m, np.zeros((len(m), width - m.shape[1]))]) for m in (query, key)]
    shifts = [np.zeros(len(query)) if s is None else np.asarray(s, dtype=float) for s in (query_shift, key_shift)]
    head = heads.reduce(*(Balls.exact(v) for v in (*wide, *shifts)))
    return ball.figures(Place(0, 0, 0, None, tied), head, None, EPS, MOVED, ONE)


def close(pair, value, wide=1e-9):
    assert pair[0] <= value <= pair[1], (pair, value)
    assert pair[1] - pair[0] <= wide * max(1.0, abs(value))


TURN = [[0.0, -1.0], [1.0, 0.0]]


def test_minus_the_inner_product():
    """No kernel comes closer to -c<x,y> than c: at x, -x the diagonal is -c and the rest c."""
    found = figures(-3 * np.eye(2), np.eye(2))
    close(found.one_network, 3.0)
    close(found.negative, 3.0)
    close(found.antisymmetric, 0.0)
    close(found.symmetric, 3.0)
    close(found.size, 3.0)
    close(found.swing, 3.0)
    assert found.psd == "refuted" and found.signature == (0, 2)


def test_a_rotation():
    found = figures(2 * np.eye(2), TURN)
    close(found.one_network, 2.0)
    close(found.antisymmetric, 2.0)
    close(found.symmetric, 0.0)
    assert found.psd == "refuted" and found.signature == (0, 0)
    close(found.share, 1.0)


def test_an_indefinite_and_a_skew_part_together():
    """Between the larger and the root of the sum of squares; the known kernel attains the latter."""
    found = figures(np.eye(2), -np.eye(2) * 3 + 4 * np.array(TURN))
    close(found.negative, 3.0)
    close(found.antisymmetric, 4.0)
    close(found.size, 5.0)
    # eight points on a circle prove more than either part alone
    assert 4.1421 <= found.one_network[0] <= 4.1422
    assert 5 <= found.one_network[1] <= 5 + 1e-9


def test_tied_weights_are_one_network_whatever_the_biases_are():
    found = figures([[2.0, 1.0]], [[2.0, 1.0]], [3.0], [-1.0], tied=True)
    assert found.psd == "proved" and found.one_network == (0.0, 0.0) and found.antisymmetric == (0.0, 0.0)


def test_a_positive_part_does_not_count():
    """diag(5, -1): the nearest kernel keeps the 5."""
    found = figures(np.diag([5.0, -1.0]), np.eye(2))
    close(found.one_network, 1.0)
    assert found.signature == (1, 1)


def test_ranges_with_biases():
    """(2x + 3)(y + 1) on [-1,1]: from 0 to 10; the swing is the largest |2x + 3|."""
    found = figures([[2.0]], [[1.0]], [3.0], [1.0])
    # here the multipliers have a gap: 2/3 are lost
    assert -0.67 < found.scores[0][0] <= 0 <= found.scores[0][1] < 1e-12
    close(found.scores[1], 10.0, 1e-6)
    close(found.swing, 5.0)
    assert 5 <= found.query_range < 5 + 1e-12 and 2 <= found.key_range < 2 + 1e-12


def test_a_negative_score_with_biases():
    """(2x + 1)(y + 2): the least value is at x = -1, y = 1."""
    found = figures([[2.0]], [[1.0]], [1.0], [2.0])
    close(found.scores[0], -3.0, 1e-6)
    close(found.scores[1], 9.0, 1e-6)


def test_rank_of_a_known_spectrum():
    """Two features carry the head, the others are too small to move attention."""
    found = figures(np.diag([4.0, 3.0, 1e-4, 1e-5]), np.eye(4))
    assert found.rank == (2, 2)
    assert figures(np.zeros((2, 2)), np.eye(2)).rank == (0, 0)


def test_needed_features_by_the_formula():
    """Equal values s: d features leave at least s sqrt(k - d)/k of k of them."""
    for count, d in ((8, 3), (16, 12), (5, 0)):
        left = max(math.sqrt(k - d) / k for k in range(d + 1, count + 1))
        assert needed_features(np.ones(count), left * 0.999) >= d + 1
        assert needed_features(np.ones(count), math.sqrt(count - d) / (d + 1)) <= d + 1
    assert needed_features(np.array([1.0, 1.0]), 1.0) == 0
    assert needed_features(np.array([0.0, 0.0]), 0.1) == 0


@pytest.mark.parametrize("weights", ["equal", "balanced"])
def test_needed_features_by_the_matrix_of_values(weights):
    """The values at the points ±e_i, weighted, have the singular values that the formula uses."""
    s = np.array([2.0, 1.5, 1.0, 0.25, 0.2])
    share = np.full(5, 1 / 5) if weights == "equal" else (1 / s) / np.sum(1 / s)
    signs = np.kron(np.eye(5), [[1.0], [-1.0]])
    both = np.repeat(share / 2, 2)
    sigma = np.linalg.svd(np.sqrt(both)[:, None] * (signs * s @ signs.T) * np.sqrt(both), compute_uv=False)
    for d in range(4):
        left = math.sqrt(np.sum(sigma[d:] ** 2))
        assert needed_features(s, left * (1 - 1e-12)) > d


def test_contexts_and_capacity_are_the_theorems():
    assert contexts((2.0, 2.0), EPS) == (math.floor(1 + math.exp(4) / 9),) * 2
    low, high = contexts((1.0, 400.0), EPS)
    assert low == 1.0 and math.isinf(high)
    margin = math.log(9)
    assert capacity(20.0, 3, EPS) == math.floor((1 + math.sqrt(40 / margin)) ** 3)
    assert capacity(20.0, 3, EPS, 0.5) == math.floor((1 + math.sqrt(40 / (margin - 1))) ** 3)
    assert math.isinf(capacity(20.0, 3, EPS, 1.2))
    assert capacity(0.0, 3, EPS) == 1.0


def test_fewer_features_serve_fewer_queries():
    long = figures(np.diag([9.0, *[0.01] * 4]), np.eye(5))
    assert long.rank[1] == 1 and long.capacity < capacity(9.0, 2, EPS)


@pytest.mark.parametrize("bits", [3, 8, 14])
def test_bits_are_the_least_for_which_the_bound_holds(bits):
    """With one feature of size 1: two errors of half a step and their product."""
    step = 1 / (2 ** (bits - 1) - 1)
    error = step + step**2 / 4
    eps = fmpq(int(2**60 * math.tanh(error / 2) * (1 + 1e-9)) + 1, 2**60)
    spread = Spread(1, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
    assert quantisation(spread, eps) == bits
    assert quantisation(spread, eps - eps / 10**6) == bits + 1
    assert quantisation(Spread(1, 1e40, 1e40, 1e40, 1e40, 1e40, 1e40, 1.0), eps) is None


def test_the_coordinates_are_those_of_the_head():
    """The reduced head gives the scores of the given one at every point, within the error that is claimed."""
    rng = np.random.default_rng(1)
    query, key = rng.normal(size=(2, 4, 40)).astype(np.float32).astype(float)
    shifts = rng.normal(size=(2, 4))
    head = heads.reduce(*(Balls.exact(v) for v in (query, key, *shifts)))
    assert head.q.shape == (4, 8) and 0 < head.error < 1e-10 and 1 - head.inner < 1e-11
    stacked = np.vstack([query, key])
    basis = np.linalg.qr(stacked.T)[0]
    for _ in range(5):
        u, v = (w / np.linalg.norm(w) for w in rng.normal(size=(2, 40)))
        a, b = basis.T @ u, basis.T @ v
        exact = (query @ u + shifts[0]) @ (key @ v + shifts[1])
        reduced = (head.q.mid @ a + head.q0.mid) @ (head.k.mid @ b + head.k0.mid)
        assert abs(exact - reduced) < 1e-10


def test_planted_error_of_the_weights_shows():
    """Radii of the weights reach every figure: the bounds contain the head with other weights within them."""
    base = np.array([[2.0, 0.0], [0.0, 1.0]])
    other = base + 1e-3
    rad = np.full((2, 2), 1.0001e-3)
    zero = Balls.exact(np.zeros(2))
    head = heads.reduce(Balls(base, rad), Balls.exact(np.eye(2)), zero, zero)
    wide = ball.figures(Place(0, 0, 0), head, None, EPS, MOVED, ONE)
    narrow = figures(other, np.eye(2), width=2)
    for name in ("size", "symmetric", "swing", "one_network"):
        assert getattr(wide, name)[0] <= getattr(narrow, name)[0] <= getattr(narrow, name)[1] <= getattr(wide, name)[1]


def test_huge_weights_are_refused():
    zero = Balls.exact(np.zeros(1))
    with pytest.raises(ValueError, match="too large"):
        heads.reduce(Balls.exact([[1e200]]), Balls.exact([[1.0]]), zero, zero)


def test_rotation_matrix():
    from fractions import Fraction

    from relverify.attention.families import Architecture

    model = Architecture("llama", 1, 1, 1, 4, 4, "rms", 9, Fraction(100))
    found = heads.rotation(model, 3)
    for i, angle in enumerate((3.0, 0.3)):
        exact = arb(3) * (arb(1) if i == 0 else arb(1) / 10)
        assert found.interval.lo[i, i] <= float(exact.cos()) <= found.interval.hi[i, i]
        assert abs(found.mid[i, i + 2] - math.sin(angle)) < 1e-15
    assert np.abs(found.mid @ found.mid.T - np.eye(4)).max() < 1e-15
    np.testing.assert_array_equal(heads.rotation(model, 0).mid, np.eye(4))


@given(st.integers(0, 10**6), st.integers(1, 3), st.integers(1, 5), st.sampled_from([1e-30, 1e-3, 1.0, 1.0, 1e8]))
def test_random_heads_stay_inside(seed, size, width, factor):
    """Degenerate heads too: equal or zero rows, no biases, queries against keys. Compared with many points."""
    rng = np.random.default_rng(seed)
    query, key = rng.normal(size=(2, size, width))
    shifts = rng.normal(size=(2, size)) * rng.choice([0.0, 1.0, 100.0], size=(2, 1))
    kind = rng.integers(0, 5)
    if kind == 0:
        key = -query
    elif kind == 1:
        key[0] = 0
    elif kind == 2:
        query[-1] = query[0] * (1 + 1e-14)
        key[-1] = key[0]
    found = figures(query * factor, key, shifts[0] * factor, shifts[1], width=width)
    u = rng.normal(size=(width, 500))
    u /= np.linalg.norm(u, axis=0)
    queries = (query @ u + shifts[0][:, None]) * factor
    along, across = queries.T @ shifts[1], np.linalg.norm(key.T @ queries, axis=0)
    tiny = 1e-13 * (abs(along) + across).max()
    assert across.max() <= found.swing[1] + tiny
    assert found.scores[0][0] <= (along - across).min() + tiny and (along + across).max() - tiny <= found.scores[1][1]
    form = query.T @ key * factor
    low = max(0.0, -np.linalg.eigvalsh((form + form.T) / 2)[0])
    skew = np.linalg.norm(form - form.T, 2) / 2
    tiny = 1e-13 * np.linalg.norm(form, 2)
    assert found.negative[0] - tiny <= low <= found.negative[1] + tiny
    assert found.antisymmetric[0] - tiny <= skew <= found.antisymmetric[1] + tiny
    assert found.one_network[0] <= min(found.one_network[1], math.hypot(low, skew) + tiny)
    assert found.decided and found.rank[0] <= found.rank[1] <= size
