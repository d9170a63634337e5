"""Taylor models of networks: containment at exact points, order of the error, planted errors."""

import flint
import numpy as np
import pytest
from flint import arb

from relverify.activations import activations
from relverify.certify import axis
from relverify.certify.axis import centres, knots, taylor
from relverify.certify.monomials import monomials
from relverify.certify.point import network_ball
from relverify.networks.mlp import MLP
from relverify.rigor.exact import dyadic

NAMES = sorted(activations())


def network(p, name, seed=0, depth=2, width=8, scale=1.0):
    rng = np.random.default_rng(seed)
    sizes = [p, *[width] * depth, 3]
    weights = tuple(scale * rng.normal(size=(b, a)) / np.sqrt(a) for a, b in zip(sizes[:-1], sizes[1:], strict=True))
    return MLP(weights, tuple(rng.normal(size=w.shape[0]) for w in weights), name)


def excess(net, models, lo, hi, seed=1, points=3):
    """Largest |network - polynomial| / allowed over random points of each cell, the network in balls."""
    rng = np.random.default_rng(seed)
    table, (centre, half) = monomials(net.in_features), centres(lo, hi)
    worst = 0.0
    with flint.ctx.workprec(128):
        for k in range(len(lo)):
            for _ in range(points):
                x = np.clip(
                    centre[k] + half[k] * rng.choice([-1, 1, rng.uniform(-1, 1)], size=len(half[k])), lo[k], hi[k]
                )
                t = [
                    arb(dyadic(float(v)) - dyadic(float(c))) / arb(float(h)) if h else arb(0)
                    for v, c, h in zip(x, centre[k], half[k], strict=True)
                ]
                powers = [np.prod([t[i] for i in word], initial=arb(1)) for word in table.words]
                value = network_ball(net, [dyadic(float(v)) for v in x])
                for j, ball in enumerate(value):
                    polynomial = sum(
                        (arb(float(c)) * q for c, q in zip(models.coefficients[:, k, j], powers, strict=True)), arb(0)
                    )
                    allowed = arb(float(models.error[k, j]))
                    if models.slack is not None:
                        row = np.abs(net.weights[-1][j])
                        allowed += sum(
                            (arb(float(w)) * arb(float(s)) for w, s in zip(row, models.slack[k], strict=True)), arb(0)
                        )
                    worst = max(worst, float((abs(ball - polynomial) / allowed).upper()))
    return worst


def cells(p, width, n=12, seed=3):
    lo = np.random.default_rng(seed).uniform(-1, 1, size=(n, p))
    return lo, lo + width


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("p", "width"), [(1, 0.5), (1, 1e-2), (2, 0.1), (3, 0.05), (1, 1e-9)])
def test_models_contain_the_network(name, p, width):
    net, (lo, hi) = network(p, name), cells(p, width)
    assert excess(net, taylor(net, lo, hi), lo, hi) <= 1.0


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_any_depth(depth):
    net, (lo, hi) = network(2, "gelu", depth=depth), cells(2, 0.1)
    assert excess(net, taylor(net, lo, hi), lo, hi) <= 1.0


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"relu", "leaky_relu", "identity"}))
def test_the_error_of_smooth_networks_is_of_order_four(name):
    net = network(2, name)
    wide, narrow = (np.median(taylor(net, *cells(2, h)).error) for h in (0.02, 0.01))
    assert 12 < wide / narrow < 20


@pytest.mark.parametrize("name", ["relu", "leaky_relu"])
def test_away_from_kinks_a_piecewise_linear_network_is_exact(name):
    net = network(1, name)
    ends = knots(net, -1.0, 1.0)
    lo, hi = ends[:-1, None], ends[1:, None]
    models = taylor(net, lo, hi)
    assert models.slack is not None and models.slack.max() < 1e-12 and models.error.max() < 1e-12
    assert excess(net, models, lo, hi) <= 1.0


def test_knots_are_the_breakpoints():
    net = network(1, "relu")
    exact = [float(v.p) / float(v.q) for v in net.breakpoints(-1, 1)]
    found = knots(net, -1.0, 1.0)[1:-1]
    assert all(np.abs(found - v).min() < 1e-9 for v in exact)


def test_huge_weights_give_constants_with_the_range():
    net, (lo, hi) = network(1, "tanh", scale=1e8), cells(1, 0.1)
    models = taylor(net, lo, hi)
    assert np.all(np.isfinite(models.error)) and excess(net, models, lo, hi) <= 1.0


def test_overflow_is_undecided():
    net = network(1, "square", depth=3, scale=1e200)
    models = taylor(net, *cells(1, 0.1))
    assert not np.isfinite(models.error).any()


def test_degenerate_cells():
    net = network(2, "tanh")
    lo, _ = cells(2, 0.1)
    models = taylor(net, lo, lo)
    assert models.error.max() < 1e-13 and excess(net, models, lo, lo) <= 1.0


def test_a_weight_moved_by_1e9_relative_is_caught():
    net, (lo, hi) = network(1, "tanh"), cells(1, 1e-4)
    weights = [w.copy() for w in net.weights]
    weights[1][0, 0] *= 1 + 1e-9
    assert excess(net, taylor(net.with_weights(weights), lo, hi), lo, hi) > 1.0


@pytest.mark.parametrize("name", ["relu", "tanh"])
def test_a_halved_remainder_is_caught(name):
    net = MLP(([[1.0]], [[1.0]]), ([0.0], [0.0]), name)
    lo = np.linspace(-0.3, 0.2, 11)[:, None]
    models = taylor(net, lo, lo + 0.1)
    halved = axis.Models(models.coefficients, models.error / 2, None if models.slack is None else models.slack / 2)
    assert excess(net, models, lo, lo + 0.1, points=12) <= 1.0 < excess(net, halved, lo, lo + 0.1, points=12)


def test_a_dropped_rounding_term_is_caught(monkeypatch):
    net, (lo, hi) = network(2, "identity", width=40, depth=3), cells(2, 1e-3)
    assert excess(net, taylor(net, lo, hi), lo, hi) <= 1.0
    monkeypatch.setattr(axis, "gamma", lambda terms: 0.0)
    monkeypatch.setattr(axis, "ROUNDING", 0.0)
    assert excess(net, taylor(net, lo, hi), lo, hi) > 1.0
