"""Elementary functions against Arb: every enclosure contains the value, and planted errors are seen."""

import dataclasses
import math

import numpy as np
import pytest
from flint import arb, arb_series, ctx, fmpq, fmpz

import relverify.rigor.elementary as functions
import relverify.rigor.elementary_exp as exp_kernels
import relverify.rigor.elementary_trig as trig_kernels
from relverify.rigor.exact import dyadic
from relverify.rigor.intervals import Intervals

# widest result in ulps for |x| in [1e-300, 700] (sine and tangent: away from the zeros of large arguments)
FUNCTIONS = {
    "exp": (lambda x: x.exp(), 9), "tanh": (lambda x: x.tanh(), 19), "sinh": (lambda x: x.sinh(), 15),
    "cosh": (lambda x: x.cosh(), 13), "sigmoid": (lambda x: 1 / (1 + (-x).exp()), 13), "log": (lambda x: x.log(), 14),
    "softplus": (lambda x: x.exp().log1p(), 18), "sin": (lambda x: x.sin(), 13), "cos": (lambda x: x.cos(), 13),
    "tan": (lambda x: x.tan(), 23), "atan": (lambda x: x.atan(), 19), "erf": (lambda x: x.erf(), 20),
    "sqrt": (lambda x: x.sqrt(), 5),
}  # fmt: skip
EVERYTHING = (-math.inf, math.inf)
KNOWN = {
    "exp": (0, math.inf), "tanh": (-1, 1), "cosh": (1, math.inf), "sigmoid": (0, 1), "softplus": (0, math.inf),
    "sin": (-1, 1), "cos": (-1, 1), "erf": (-1, 1),
}  # fmt: skip
EDGES = {
    "exp": lambda k: (k + 0.5) * math.log(2), "tanh": lambda k: (k + 0.5) * math.log(2) / 2,
    "log": lambda k: 2.0 ** (k / 2),
    "sin": lambda k: k * math.pi / 4, "cos": lambda k: k * math.pi / 4, "tan": lambda k: k * math.pi / 4,
    "erf": lambda k: k / 32, "atan": lambda k: [0.41421, 2.41421, 1, 0.2, 5][k % 5],
}  # fmt: skip


def points(name, rng):
    """20,000 numbers over all exponents, near the borders of argument reduction, subnormal, huge and special."""
    bits = rng.integers(0, 2**63, 6000, dtype=np.int64).view(np.float64)
    usual = np.exp(rng.uniform(-40, 7, 6000))
    near = np.array([EDGES.get(name, EDGES["exp"])(int(k)) for k in rng.integers(-1000, 1000, 5000)])
    near *= 1 + rng.integers(-3, 4, near.size) * 2.0**-52
    x = np.concatenate([
        bits[np.isfinite(bits)], usual, near, rng.integers(0, 100, 500) * 2.0**-1074, rng.normal(size=3000),
        rng.integers(-50, 50, 500),
        [0.0, 1.0, 2.0**-1022, 1e308, 709.782712893384, 710.4758600739439, 745.2, 1.6e6, 1.7e6],
    ])  # fmt: skip
    x *= rng.choice([-1.0, 1.0], x.size)
    return np.abs(x) if name in ("log", "sqrt") else x


def reference(name, x):
    # a ball that is narrow: large arguments cost their bits
    bits = 128 + max(0, math.frexp(x)[1]) + (1100 if abs(x) < 1e-30 or name in ("softplus", "sigmoid") else 0)
    with ctx.workprec(min(bits, 2400)):
        return FUNCTIONS[name][0](arb(float(x)))


def missed(lo, hi, balls, known=EVERYTHING):
    """Indices where Arb's ball is not inside.

    An end that is infinite or NaN claims nothing; one that is the known bound of the function is right.
    """
    return [
        i
        for i, ball in enumerate(balls)
        if (math.isfinite(lo[i]) and lo[i] != known[0] and not arb(lo[i]) <= ball)
        or (math.isfinite(hi[i]) and hi[i] != known[1] and not ball <= arb(hi[i]))
        or lo[i] == math.inf
        or hi[i] == -math.inf
    ]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_points_contain_the_ball_of_arb(name, record_property):
    x = points(name, np.random.default_rng(5))
    result = getattr(functions, name)(Intervals(x))
    balls = [reference(name, v) for v in x]
    assert x.size >= 20_000 and all(b.is_finite() for b, v in zip(balls, x, strict=True) if 0 < abs(v) < 700)
    assert not missed(result.lo.tolist(), result.hi.tolist(), balls, KNOWN.get(name, EVERYTHING))
    usual = (np.abs(x) > 1e-300) & (np.abs(x) < 700) & (np.abs(result.lo) > 1e-300)
    if name in ("sin", "cos", "tan"):
        usual &= np.abs(x) < 1e3
    ulps = ((result.hi - result.lo) / np.spacing(np.minimum(np.abs(result.lo), np.abs(result.hi))))[usual]
    record_property("widest", float(ulps.max()))
    print(f"{name}: widest {ulps.max():.0f} ulp, median {np.median(ulps):.1f} ulp")
    assert result.decided[usual].all() and ulps.max() <= FUNCTIONS[name][1]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_intervals_contain_the_values_at_members(name):
    rng = np.random.default_rng(6)
    centre = points(name, rng)[rng.permutation(20_000)[:3000]]
    centre = np.where(np.abs(centre) < 1e300, centre, 1.0)
    half = np.exp(rng.uniform(-40, 3, centre.size)) * np.maximum(rng.choice([1.0, 0.0], centre.size), np.abs(centre))
    lo, hi = centre - half, centre + half
    if name in ("log", "sqrt"):
        lo = np.maximum(lo, 1e-3 * centre)
        lo, hi = lo[lo > 0], hi[lo > 0]
    result = getattr(functions, name)(Intervals(lo, hi))
    for t in (0.0, 0.3, 0.77, 1.0):
        inside = np.minimum(np.maximum(lo + t * (hi - lo), lo), hi)
        balls = [reference(name, v) for v in inside]
        assert not missed(result.lo.tolist(), result.hi.tolist(), balls, KNOWN.get(name, EVERYTHING))


def test_extrema_inside_are_found():
    wave = functions.cos(Intervals(np.array([-0.1, 3.0, 100.0, 1e9, 0.1]), np.array([0.1, 3.3, 107.0, 1e9 + 7, 3.0])))
    assert wave.hi[0] == 1 and wave.lo[1] == -1 and wave.contains(Intervals(-1.0, 1.0))[2:4].all()
    assert not wave.contains(1.0)[4] and not wave.contains(-1.0)[4]
    assert functions.tan(Intervals(1.0, 2.0)).decided.item() is False
    assert functions.tan(Intervals(-1.5, 1.5)).decided.item() is True


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_not_a_number_is_undecided(name):
    result = getattr(functions, name)(Intervals(np.array([np.nan, 1.0, -1.0])))
    assert np.isnan(result.lo[0]) and np.isnan(result.hi[0]) and result.decided[1]
    whole = getattr(functions, name)(Intervals(-np.inf, np.inf))
    assert not whole.decided or (whole.lo >= -1.6 and whole.hi <= 1.6)
    assert name not in ("log", "sqrt") or not result.decided[2]


@pytest.mark.parametrize("q", [fmpq(1, 3), fmpq(-2, 5), fmpq(3, 2), fmpq(-1, 4), fmpq(7), fmpq(22, 7)])
def test_rational_powers(q):
    rng = np.random.default_rng(7)
    x = np.exp(rng.uniform(-30, 30, 2000))
    result = functions.power(Intervals(x), q)
    with ctx.workprec(200):
        balls = [arb(float(v)) ** arb(q) for v in x]
        assert not missed(result.lo.tolist(), result.hi.tolist(), balls)
    assert (result.width <= 1e-12 * result.hi).all()
    zero = functions.power(Intervals(np.array([0.0, 0.0]), np.array([0.0, 1.0])), q)
    assert (zero.lo == 0).all() if q > 0 else not zero.decided.any()
    if q.q != 1:
        assert not functions.power(Intervals(-1.0, 1.0), q).decided


KERNELS = {
    name: getattr(exp_kernels, name.upper(), None) or getattr(trig_kernels, name.upper())
    for name in FUNCTIONS
    if name != "sqrt"
}


@pytest.mark.parametrize("name", KERNELS)
def test_a_dropped_error_term_is_caught(name):
    x = points(name, np.random.default_rng(8))[6000:8000]
    value, _ = KERNELS[name](x)
    assert missed(value.tolist(), value.tolist(), [reference(name, v) for v in x])


def factorial_series(step, start, sign):
    return lambda k: sign(k) / fmpq(fmpz.fac_ui(step * k + start))


POLYNOMIALS = {
    "exp": (exp_kernels._EXP, factorial_series(1, 2, lambda k: 1), True),
    "sinh": (exp_kernels._SINH, factorial_series(2, 3, lambda k: 1), False),
    "sin": (trig_kernels._SIN, factorial_series(2, 3, lambda k: (-1) ** (k + 1)), False),
    "cos": (trig_kernels._COS, factorial_series(2, 4, lambda k: (-1) ** k), False),
    "atan": (trig_kernels._ATAN, lambda k: fmpq((-1) ** (k + 1), 2 * k + 3), False),
    "log": (exp_kernels._LOG, lambda k: fmpq(2, 2 * k + 3), False),
    "log1p": (exp_kernels._LOG1P, lambda k: fmpq(2, 2 * k + 3), False),
}


# length, then truncation, error (in units of 2**-53) and size, as the analysis gives them
PROVED = {
    "exp": (11, 0.02464846401783483, 0.7255832753659509, 0.5631362333979953),
    "log1p": (11, 0.3918163729252775, 1.3171868706982295, 0.7150159094372607),
    "log": (8, 0.39102168914136887, 1.1188947492398547, 0.6787002836575083),
    "sinh": (7, 0.1008713767289911, 0.3110266781396966, 0.1752011936438015),
    "sin": (7, 0.08346889596086171, 0.27652778327856026, 0.1718836596580256),
    "cos": (6, 0.022563536614166095, 0.06860002495507907, 0.04253297585335667),
    "atan": (11, 0.4208009120111206, 0.9725247994842686, 0.37251370733351385),
}  # fmt: skip
RELATIVE = {
    "exp": 2.5936341958763713, "tanh": 7.361765773160214, "sigmoid": 4.593634195880549, "softplus": 7.0472950546480755,
    "sinh": 5.718801062610464, "cosh": 4.593634195880549, "log": 5.108205595091309, "sin": 4.55065682309967,
    "cos": 4.55065682309967, "tan": 9.09365140176779, "atan": 7.385308588633066, "erf": 0.0,
}  # fmt: skip


def units(value):
    scaled = value * fmpq(2**53)
    return int(scaled.p) / int(scaled.q)


def test_the_proved_errors_are_those_of_the_analysis():
    """A constant of an error bound may be wrong where no point shows it: a change must be meant."""
    for name, (length, truncation, error, size) in PROVED.items():
        polynomial = POLYNOMIALS[name][0]
        found = len(polynomial.coefficients), units(polynomial.truncation), units(polynomial.error)
        assert found == (length, pytest.approx(truncation, rel=1e-15), pytest.approx(error, rel=1e-15))
        assert units(polynomial.size) / 2**53 == pytest.approx(size, rel=1e-15)
        parts = sum((abs(dyadic(c)) * polynomial.radius**k for k, c in enumerate(polynomial.coefficients)), fmpq(0))
        assert polynomial.size == parts + polynomial.error
    assert set(PROVED) == set(POLYNOMIALS) and set(RELATIVE) == set(KERNELS)
    for name, relative in RELATIVE.items():
        assert units(KERNELS[name].relative) == pytest.approx(relative, rel=1e-15), name
    assert units(trig_kernels._erf_table()[1]) == pytest.approx(7.907549180973468, rel=1e-15)
    assert pytest.approx(8.459755082799432e-37, rel=1e-12) == trig_kernels._SLOPE


def test_tangents_have_twice_the_error_of_the_reduced_argument():
    x = np.concatenate([np.linspace(-20, 20, 999), np.arange(1, 99, 2) * (math.pi / 2) * (1 + 2.0**-40), [1e6, 1.6e6]])
    value, error = trig_kernels._tan(x)
    least = np.abs(x) * trig_kernels._SLOPE * (1 + value * value)
    assert (error >= 1.99 * least).all() and (error <= 2.01 * least).all()


def test_the_numbers_that_the_analysis_uses():
    """Those of the docstrings that stand for real numbers, on the side that keeps the bounds true."""
    with ctx.workprec(100):
        log2, third = arb(2).log(), arb(1) / 3
        assert log2 / 2 + arb(2) ** -20 < arb(exp_kernels._RADIUS) and (-arb(exp_kernels._RADIUS)).exp() > 0.7071
        assert arb(2).sqrt() - 1 < arb(fmpq(41425, 100000)) and 1 - (-log2 / 2).exp() > 0.2071
        assert 1 / (1 - arb(fmpq(2945, 100000))) < arb(fmpq(10304, 10000)) and log2 / 2 > arb(fmpq(3465, 10000))
        assert ((arb(2).sqrt() - 1) / (arb(2).sqrt() + 1)) ** 2 < arb(fmpq(2945, 100000)) and third**2 < arb(0.1112)
        assert arb(1).cosh() / arb(1).sinh() < arb(fmpq(13131, 10000)) and 1 - (arb(21)).tanh() < arb(2) ** -59
        assert (arb.pi() / 4 + arb(2) ** -16) ** 2 < arb(trig_kernels._SQUARE)
        assert (arb.pi() / 4 + arb(2) ** -16).cos() > 0.707 and (arb.pi() / 8).tan() ** 2 < arb(fmpq(1716, 10000))
        assert arb(0.41421).atan() > arb(fmpq(3926, 10000)) and (1 - arb(6).erf()) < arb(2) ** -55


def truncated(polynomial, term, symmetric):
    """The largest error of exact evaluation at 41 rational points, against 150 terms of the series."""
    worst = fmpq(0)
    for i in range(-40 if symmetric else 0, 41, 2):
        z = polynomial.radius * fmpq(i, 40)
        value = sum((dyadic(c) * z**k for k, c in enumerate(polynomial.coefficients)), fmpq(0))
        worst = max(worst, abs(value - sum((term(k) * z**k for k in range(150)), fmpq(0))))
    return worst


@pytest.mark.parametrize("name", POLYNOMIALS)
def test_polynomials_are_as_near_as_proved(name):
    polynomial, term, symmetric = POLYNOMIALS[name]
    assert truncated(polynomial, term, symmetric) <= polynomial.truncation + fmpq(1, 10**60)


@pytest.mark.parametrize("name", POLYNOMIALS)
def test_a_moved_coefficient_is_caught(name):
    """By 1e-15 relative: all whose move is above twice the proved truncation (a smaller move is within the bound)."""
    polynomial, term, symmetric = POLYNOMIALS[name]
    caught = 0
    for k, c in enumerate(polynomial.coefficients):
        if abs(c) * float(polynomial.radius) ** k * 1e-15 > 2 * float(polynomial.truncation):
            moved = list(polynomial.coefficients)
            moved[k] = c * (1 + 1e-15)
            assert (
                truncated(dataclasses.replace(polynomial, coefficients=tuple(moved)), term, symmetric)
                > polynomial.truncation
            )
            caught += 1
    assert caught


@pytest.mark.parametrize(("name", "module", "constant"), [
    ("exp", exp_kernels, "_LN2"), ("log", exp_kernels, "_LN2_LOW"), ("sin", trig_kernels, "_P1"),
    ("cos", trig_kernels, "_P2"), ("tan", trig_kernels, "_P3"),
])  # fmt: skip
def test_a_moved_constant_of_the_reduction_is_caught(monkeypatch, name, module, constant):
    x = points(name, np.random.default_rng(9))
    x = np.concatenate([x[np.abs(x) < 700], np.arange(1, 400) * math.pi])[-6000:]
    shift = {"_LN2": 1e-15, "_P1": 1e-15, "_LN2_LOW": 0.1}.get(constant, 1e-3)
    monkeypatch.setattr(module, constant, getattr(module, constant) * (1 + shift))
    result = getattr(functions, name)(Intervals(x))
    assert missed(result.lo.tolist(), result.hi.tolist(), [reference(name, v) for v in x])


def test_the_table_of_erf(monkeypatch):
    """Moved by 1e-15 relative, the values at the nodes leave the proved bound."""
    table, relative = trig_kernels._erf_table()
    moved = table.copy()
    moved[0] *= 1 + 1e-15
    monkeypatch.setattr(trig_kernels, "_erf_table", lambda: (moved, relative))
    x = np.arange(1, 96) / 16
    result = functions.erf(Intervals(x))
    assert missed(result.lo.tolist(), result.hi.tolist(), [reference("erf", v) for v in x])


def test_the_series_of_erf_is_that_of_arb():
    with ctx.workprec(100):
        series = arb_series([arb(0), 1]).erf()
        assert abs(float(series[1]) - trig_kernels._erf_table()[0][1, 0]) < 1e-15
