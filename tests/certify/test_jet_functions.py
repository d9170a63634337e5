"""Expansions of functions of one number: values, derivatives and cubic remainders against Arb."""

import numpy as np
import pytest
from flint import arb, arb_series, ctx, fmpq

from relverify.certify import jet_functions as module
from relverify.certify.jet_functions import Function, integer_power, kinked, rational_power
from relverify.rigor.intervals import Intervals

CASES = {name: (getattr(module, name), name) for name in module.NAMES}
CASES |= {
    "reciprocal": (module.reciprocal, lambda z: 1 / z), "square": (module.square, lambda z: z * z),
    "cube": (integer_power(3), lambda z: z * z * z), "seventh": (integer_power(7), lambda z: z**7),
    "third": (rational_power(fmpq(1, 3)), lambda z: (z.log() / 3).exp()),
    "seven halves": (rational_power(fmpq(7, 2)), lambda z: z * z * z * z.sqrt()),
}  # fmt: skip
POSITIVE = {"sqrt", "log", "third", "seven halves"}


def apply(f, z):
    if not isinstance(f, str):
        return f(z)
    if f == "erf" and isinstance(z, arb):
        return z.erf()
    if f in ("tanh", "sinh", "cosh") and not isinstance(z, arb):
        up, down = z.exp(), (-z).exp()
        return {"sinh": (up - down) / 2, "cosh": (up + down) / 2, "tanh": (up - down) / (up + down)}[f]
    return getattr(z, f)()


@pytest.mark.parametrize("name", CASES)
def test_expansions_hold_beside_the_point(name):
    function, f = CASES[name]
    rng = np.random.default_rng(11)
    a = np.concatenate([rng.normal(size=150) * 3, rng.normal(size=150) * 30, np.exp(rng.normal(size=100) * 8), [0.0]])
    a = np.abs(a) if name in POSITIVE else a
    if name == "sinh" or name == "cosh":
        a = np.clip(a, -300, 300)
    deviation = np.exp(rng.uniform(-25, 1, a.size))
    deviation[::3] = rng.uniform(0, 1.2, deviation[::3].size) * np.abs(a[::3])
    with np.errstate(all="ignore"):
        e = Function.expand(function, a, deviation)
    shape = np.broadcast_shapes(a.shape)
    parts = [np.broadcast_to(p, shape) for p in e]
    decided = 0
    for i in range(a.size):
        value, first, second, *errors, cubic = (float(p[i]) for p in parts)
        if not np.isfinite(cubic):
            continue
        with ctx.workprec(500):
            old, ctx.cap = ctx.cap, 3
            try:
                series = apply(f, arb_series([arb(a[i]), 1]))
            finally:
                ctx.cap = old
            true = [series[0], series[1], series[2] * 2]
            if not all(t.is_finite() for t in true):
                continue
            decided += 1
            for t, got, error in zip(true, (value, first, second), errors, strict=True):
                assert abs(t - arb(got)) <= arb(error * (1 + 2**-44) + 2**-800), (name, a[i], got, error)
            for s in (-1.0, -0.5, -1e-3, 0.5, 1.0):
                d = arb(s * deviation[i])
                rest = apply(f, arb(a[i]) + d) - true[0] - true[1] * d - true[2] * d * d / 2
                assert abs(rest) <= arb(cubic * (1 + 2**-44) + 2**-800), (name, a[i], s, deviation[i], cubic)
    assert decided > 150


@pytest.mark.parametrize("name", CASES)
def test_cubic_terms_are_near_the_third_derivative(name):
    """For small deviations the bound is at most twice |f'''| D³/6, up to what vanishes at zeros of f'''."""
    function, f = CASES[name]
    a, deviation = np.linspace(0.3, 1.4, 50), 1e-3
    cubic = np.broadcast_to(function.expand(a, np.float64(deviation)).cubic, a.shape)
    for x, bound in zip(a, cubic, strict=True):
        old, ctx.cap = ctx.cap, 4
        third = abs(float(apply(f, arb_series([arb(x), 1]))[3]))
        ctx.cap = old
        assert bound <= (2 * third + 0.5) * deviation**3


@pytest.mark.parametrize("left", [-1.0, 0.0])
def test_chords_of_kinks(left):
    rng = np.random.default_rng(12)
    lo, hi = -np.exp(rng.uniform(-30, 20, 500)), np.exp(rng.uniform(-30, 20, 500))
    slope, shift, radius = kinked(lo, hi, left)
    for t in (0.0, 0.5, 1.0):
        for i in range(500):
            for point in (arb(lo[i]) * t, arb(hi[i]) * t):
                value = point if point >= 0 else left * point
                assert abs(value - arb(slope[i]) * point - arb(shift[i])) <= arb(radius[i])
    assert (radius <= 0.51 * np.minimum(-lo, hi) * (1 - left) + 1e-14 * (hi - lo)).all()
    slope, shift, radius = kinked(np.array([1.0, -2.0, np.nan, 0.0]), np.array([2.0, -1.0, 1.0, 0.0]), left)
    assert slope[:2].tolist() == [1, left] and radius[:2].tolist() == [0, 0] and np.isnan(radius[2]) and radius[3] == 0


def test_bounds_of_values():
    assert module.tanh.bounds(-np.inf, np.inf) == (-1, 1) and module.exp.bounds(-np.inf, 0.0)[0] == 0
    low, high = module.exp.bounds(-1.0, 0.0)
    assert 0.3678 < low < 0.36788 and 1 <= high < 1 + 1e-14
    assert module.log.bounds(-1.0, 1.0) == (-np.inf, np.inf)


def test_deviations_that_are_too_large_are_undecided():
    expansion = module.sin.expand(np.zeros(2), np.array([1e40, np.nan]))
    assert not np.isfinite(expansion.cubic).any()
    assert module.tanh.range(Intervals(-np.inf, np.inf)).contains(1.0)
