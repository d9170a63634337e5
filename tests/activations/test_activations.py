"""Every activation of the folder: enclosures against balls, derivatives against the series of balls, kinks."""

import flint
import numpy as np
import pytest
from flint import arb, arb_series
from hypothesis import given
from hypothesis import strategies as st

from relverify.activations import activation, activations
from relverify.activations.activation import piecewise_linear
from relverify.certify.compiled import down, up
from relverify.errors import InputError
from relverify.networks.mlp import MLP
from relverify.rigor.intervals import Intervals

NAMES = sorted(activations())
POINTS = np.concatenate([np.linspace(-7, 7, 58), [-700.0, -40.0, 1e-300, 40.0, 700.0, -1e-9, 1e-9]])


def logistic(z):
    return 1 / (1 + (-z).exp())


# series of the formulas in the documentation, written out independently of the files
SERIES = {
    "tanh": lambda z: 1 - 2 / ((2 * z).exp() + 1),
    "sigmoid": logistic,
    "softplus": lambda z: (1 + z.exp()).log(),
    "gelu": lambda z: z * (1 + (z * (1 / arb(2).sqrt())).erf()) / 2,
    "silu": lambda z: z * logistic(z),
    "sin": lambda z: z.sin(),
    "square": lambda z: z * z,
    "identity": lambda z: z,
    "relu": lambda z: z if z[0] > 0 else 0 * z,
    "leaky_relu": lambda z: z if z[0] > 0 else z * arb(0.01),
}


def exact_derivatives(name, point):
    """s, s', s'', s''' at a point as balls, from a power series at high precision."""
    with flint.ctx.workprec(256 if 1e-100 < abs(point) < 100 else 4096):
        series = SERIES[name](arb_series([arb(point), 1], prec=4))
        return [series[k] * [1, 1, 2, 6][k] for k in range(4)]


def test_every_file_has_its_formula_here():
    assert set(SERIES) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_enclosures_contain_the_derivatives(name):
    found = activation(name).derivatives(Intervals(POINTS))
    for k, point in enumerate(POINTS):
        for order, exact in enumerate(exact_derivatives(name, point)):
            lo, hi = found[order].lo[k], found[order].hi[k]
            assert lo <= up(exact) and down(exact) <= hi, (name, point, order)
            # and they are sharp: a few hundred rounding errors of the size of the argument at most
            assert hi - lo <= 1e-13 * (1 + abs(point)) ** 3, (name, point, order)


@pytest.mark.parametrize("name", NAMES)
def test_values_at_points_are_within_their_errors(name):
    for order, (values, errors) in enumerate(activation(name).local(POINTS)):
        errors = np.broadcast_to(errors, values.shape)
        for value, error, point in zip(values, errors, POINTS, strict=True):
            with flint.ctx.workprec(256):
                distance = abs(exact_derivatives(name, point)[order] - arb(float(value)))
                assert distance <= arb(float(error)), (name, point, order)
            assert error <= 1e-13 * (1 + abs(point)) ** 3, (name, point, order)


@given(st.floats(-25, 25), st.floats(0, 3))
def test_ranges_of_tanh_are_those_of_their_extremes(lo, width):
    """Beside the ends, the derivatives of second and third order have extremes at t = 0, ±3^-1/2 and ±(2/3)^1/2."""
    hi = lo + width
    found = activation("tanh").derivatives(Intervals(np.array([lo]), np.array([hi])))
    inner = [v for t in (0.0, 3**-0.5, (2 / 3) ** 0.5) for v in (-np.arctanh(t), np.arctanh(t)) if lo <= v <= hi]
    exact = [exact_derivatives("tanh", v) for v in (lo, hi, *inner)]
    for order in range(4):
        least, most = (f(float(e[order].mid()) for e in exact) for f in (min, max))
        assert found[order].lo[0] <= least + 1e-15 and most - 1e-15 <= found[order].hi[0]
        assert found[order].lo[0] >= least - 1e-13 and found[order].hi[0] <= most + 1e-13


@pytest.mark.parametrize("name", NAMES)
def test_value_and_ball_agree(name):
    record = activation(name)
    values = record.value(POINTS)
    for value, point in zip(values, POINTS, strict=True):
        with flint.ctx.workprec(256):
            ball = record.ball(arb(point))
            assert ball.is_finite() and abs(ball - arb(float(value))) <= 1e-13 * (1 + abs(arb(point)))
            exact = exact_derivatives(name, point)[0]
            assert ball.overlaps(exact)


@pytest.mark.parametrize("name", NAMES)
@given(st.floats(-6, 6), st.floats(0, 3), st.floats(0, 1))
def test_wide_enclosures_contain_narrow_ones(name, lo, width, part):
    record = activation(name)
    hi = lo + width
    wide = record.derivatives(Intervals(np.array([lo]), np.array([hi])))
    point = min(max(lo + part * width, lo), hi)
    for outer, inner in zip(wide, record.derivatives(Intervals(np.array([point]))), strict=True):
        # NaN in `outer` means that nothing is claimed
        assert not bool((outer.lo > inner.hi) | (outer.hi < inner.lo))


@pytest.mark.parametrize("name", ["relu", "leaky_relu"])
def test_nothing_is_claimed_of_curvature_across_a_kink(name):
    record = activation(name)
    _, first, second, third = record.derivatives(Intervals(np.array([-1.0, 0.5]), np.array([1.0, 2.0])))
    assert record.kinks == (0.0,)
    assert (first.lo[0], first.hi[0]) == (record.slopes[0], 1.0) and first.lo[1] == first.hi[1] == 1.0
    assert np.isnan(second.lo[0]) and np.isnan(third.hi[0]) and second.hi[1] == 0.0


@pytest.mark.parametrize("name", NAMES)
def test_undefined_arguments_stay_undefined(name):
    for part in activation(name).derivatives(Intervals(np.array([np.nan]))):
        assert np.isnan(part.lo[0]) or np.isinf(part.lo[0]) or not part.decided[0]


def test_kinks():
    assert activation("identity").kinks == activation("tanh").kinks == ()
    assert piecewise_linear("hinge", "", -1.0, 1.0).kinks == (0.0,)


def test_unknown_names_are_refused_by_name():
    with pytest.raises(InputError, match="'swish' is unknown; accepted: gelu, identity, leaky_relu"):
        activation("swish")
    with pytest.raises(InputError, match="unknown"):
        MLP(([[1.0]],), ([0.0],), "swish")


@pytest.mark.parametrize("name", NAMES)
def test_networks_take_every_activation(name):
    net = MLP(([[1.0]], [[2.0]]), ([0.5], [1.0]), name)
    value = activation(name).value(np.array([0.75]))[0]
    assert net(np.array([[0.25]]))[0, 0] == pytest.approx(2 * value + 1)
