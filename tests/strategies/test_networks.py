"""Random networks have the shape asked for and are exact."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from relverify.networks.mlp import MLP
from relverify.strategies.networks import dyadics, networks

QUICK = settings(phases=(Phase.generate, Phase.shrink), database=None)


@given(dyadics(bound=3, bits=5))
def test_dyadics_are_exact(value: float) -> None:
    assert abs(value) <= 3 and 32 % Fraction(value).denominator == 0


@given(networks(widths=(3, 2), inputs=2, outputs=4))
def test_the_shape_is_the_one_asked_for(net: MLP) -> None:
    assert (net.in_features, net.widths, net.out_features) == (2, (3, 2), 4)
    assert net.activation == "relu" and net.hidden_units == 5


@given(networks(max_depth=3, max_width=5))
def test_random_shapes_keep_their_limits(net: MLP) -> None:
    assert 1 <= len(net.widths) <= 3 and max(net.widths) <= 5 and 1 <= net.out_features <= 3


@given(networks(), st.integers(-64, 64))
def test_float64_execution_is_exact_at_these_weights(net: MLP, k: int) -> None:
    """Few binary places make float64 exact, so both semantics agree to the last bit."""
    point = k / 16
    found = net(np.array([[point]]))[0]
    assert [fmpq(*v.as_integer_ratio()) for v in found.tolist()] == net.at_exact(fmpq(k, 16))


def test_networks_shrink_to_one_unit_of_weight_zero() -> None:
    net = find(networks(), lambda net: True, settings=QUICK)
    assert net.widths == (1,) and net.out_features == 1
    assert not any(w.any() for w in net.weights) and not any(b.any() for b in net.biases)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_every_depth_occurs(depth: int) -> None:
    assert find(networks(max_depth=3), lambda net: len(net.widths) == depth, settings=QUICK)


@given(networks(widths=(2,), outputs=1, activation=("tanh", "gelu")))
def test_activations_are_chosen_from_those_asked_for(net: MLP) -> None:
    assert net.activation in ("tanh", "gelu") and np.isfinite(net(np.array([[0.5]]))).all()


def test_one_activation_by_name() -> None:
    assert find(networks(activation="tanh"), lambda net: True, settings=QUICK).activation == "tanh"
