"""Exact description of networks."""

from itertools import pairwise

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from relverify.errors import InputError
from relverify.networks.mlp import MLP
from relverify.rigor.enclose import endpoints
from relverify.rigor.exact import dyadic

SMALL = st.integers(-64, 64).map(lambda k: k / 16)


@st.composite
def networks(draw, inputs=1):
    sizes = [inputs, *draw(st.lists(st.integers(1, 4), min_size=0, max_size=3)), draw(st.integers(1, 3))]
    weights, biases = [], []
    for fan_in, fan_out in pairwise(sizes):
        weights.append(np.array(draw(st.lists(SMALL, min_size=fan_in * fan_out, max_size=fan_in * fan_out))))
        weights[-1] = weights[-1].reshape(fan_out, fan_in)
        biases.append(np.array(draw(st.lists(SMALL, min_size=fan_out, max_size=fan_out))))
    return MLP(tuple(weights), tuple(biases))


HAT = MLP(([[1.0], [1.0], [1.0]], [[1.0, -2.0, 1.0]]), ([0.0, -1.0, -2.0], [0.0]))


def test_hat_is_exact():
    assert HAT.hidden_units == 3
    assert HAT.widths == (3,)
    assert HAT.breakpoints(-1, 3) == [0, 1, 2]
    assert HAT.at_exact(fmpq(1, 3)) == [fmpq(1, 3)]
    assert HAT.at_exact(fmpq(7, 3)) == [0]


@settings(max_examples=60, deadline=None)
@given(networks())
def test_affine_between_breakpoints_at_any_depth(net):
    knots = [fmpq(-4), *net.breakpoints(-4, 4), fmpq(4)]
    assert knots == sorted(set(knots))
    for left, right in pairwise(knots):
        third = left + (right - left) / 3
        ends = zip(net.at_exact(left), net.at_exact(right), net.at_exact(third), strict=True)
        assert all(a + (b - a) / 3 == c for a, b, c in ends)


@settings(max_examples=40, deadline=None)
@given(networks(), st.integers(-40, 40))
def test_balls_contain_exact_values(net, p):
    point = fmpq(p, 7)
    row = net.values_arb([point, fmpq(1)]).table()[0]
    for ball, value in zip(row, net.at_exact(point), strict=True):
        low, high = endpoints(ball)
        assert low <= value <= high and high - low < fmpq(1, 2**90)
    floats = net(np.array([[float(point)]]))[0]
    assert np.allclose(floats, [float(v) for v in net.at_exact(point)], atol=1e-9)


def test_deep_sawtooth_has_all_pieces():
    tent = ([[2.0], [2.0]], [0.0, -1.0])
    again = ([[2.0, -4.0], [2.0, -4.0]], [0.0, -1.0])
    net = MLP((tent[0], again[0], [[1.0, -2.0]]), (tent[1], again[1], [0.0]))
    assert net.breakpoints(0, 1) == [fmpq(1, 4), fmpq(1, 2), fmpq(3, 4)]


def test_piece_limit_is_an_error():
    with pytest.raises(InputError, match="affine pieces"):
        HAT.breakpoints(-1, 3, limit=2)


@pytest.mark.parametrize(
    ("weights", "biases", "word"),
    [
        (([[np.nan]],), ([0.0],), "NaN"),
        (([[1.0]],), ([np.inf],), "NaN or an infinity"),
        (([[1.0]],), ([0.0, 1.0],), "length"),
        (([[1.0]], [[1.0, 2.0]]), ([0.0], [0.0]), "columns"),
        (([1.0],), ([0.0],), "dimensions"),
        ((), (), "matrices"),
        (([["a"]],), ([0.0],), "array"),
    ],
)
def test_bad_networks_are_refused(weights, biases, word):
    with pytest.raises(InputError, match=word):
        MLP(weights, biases)


def test_only_relu_is_exact():
    net = MLP(HAT.weights, HAT.biases, "tanh")
    with pytest.raises(InputError, match="piecewise linear"):
        net.at_exact(1)
    with pytest.raises(InputError, match="unknown"):
        MLP(HAT.weights, HAT.biases, "swoosh")


def test_several_inputs_have_no_breakpoints():
    net = MLP(([[1.0, 2.0]],), ([0.5],))
    assert net.at_exact([fmpq(1), fmpq(1, 2)]) == [fmpq(5, 2)]
    with pytest.raises(InputError, match="inputs"):
        net.breakpoints(0, 1)


def test_digest_sees_one_bit_and_arrays_are_frozen():
    weights = [w.copy() for w in HAT.weights]
    weights[0][0, 0] = np.nextafter(1.0, 2.0)
    other = HAT.with_weights(weights)
    assert other != HAT and len({HAT, other, HAT.with_weights(HAT.weights)}) == 2
    assert dyadic(weights[0][0, 0]) > 1
    with pytest.raises(ValueError, match="read-only"):
        HAT.weights[0][0, 0] = 3.0
