"""Interval arrays: every operation encloses the exact rational result."""

import operator
from fractions import Fraction

import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

import relverify.rigor.intervals as module
from relverify.rigor.exact import dyadic
from relverify.rigor.intervals import LEAST, Intervals, check_arithmetic, float_above, float_below

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
CASES = settings(max_examples=400, deadline=None)


def exact(value):
    return Fraction(float(value))


def holds(interval, value):
    """An end that is infinite or NaN claims nothing on its side, but an infinite one must be the outer one."""
    lo, hi = float(interval.lo), float(interval.hi)
    assert lo != np.inf and hi != -np.inf
    return (not np.isfinite(lo) or Fraction(lo) <= value) and (not np.isfinite(hi) or value <= Fraction(hi))


def random_floats(rng, size):
    """Exponents all over the range, with zeros, subnormal and integer numbers."""
    values = rng.integers(0, 2**63, size, dtype=np.int64).view(np.float64)
    values = np.where(np.isfinite(values), values, 1.0) * rng.choice([-1, 1], size)
    values[::7] = rng.integers(-5, 6, values[::7].size)
    values[::11] = rng.integers(-50, 50, values[::11].size) * LEAST
    values[::3] = rng.normal(size=values[::3].size)
    return values


def test_the_processor_computes_as_assumed():
    assert check_arithmetic()


@pytest.mark.parametrize("name", ["+", "-", "*", "/"])
def test_points_enclose_exact_results(name):
    rng = np.random.default_rng(1)
    a, b = random_floats(rng, 20_000), random_floats(rng, 20_000)
    operation = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}[name]
    result = operation(Intervals(a), Intervals(b))
    for i in range(a.size):
        if name == "/" and b[i] == 0:
            assert np.isnan(result.lo[i]) and np.isnan(result.hi[i])
        else:
            assert holds(result[i], operation(exact(a[i]), exact(b[i]))), (a[i], b[i])


@given(*[FLOATS] * 6)
@CASES
def test_operations_contain_the_results_of_members(a, b, c, d, s, t):
    x, y = Intervals(min(a, b), max(a, b)), Intervals(min(c, d), max(c, d))
    u, v = (min(max(m, float(i.lo)), float(i.hi)) for m, i in ((s, x), (t, y)))
    eu, ev = exact(u), exact(v)
    assert holds(x + y, eu + ev) and holds(x - y, eu - ev) and holds(x * y, eu * ev)
    assert holds(x.square(), eu**2) and holds(abs(x), abs(eu)) and holds(-x, -eu)
    assert holds(x**3, eu**3) and holds(x**4, eu**4) and holds(x**0, Fraction(1))
    assert holds(x.minimum(y), min(eu, ev)) and holds(x.maximum(y), max(eu, ev)) and holds(x.hull(y), ev)
    if y.lo > 0 or y.hi < 0:
        assert holds(x / y, eu / ev) and holds(y**-3, ev**-3)
    else:
        assert np.isnan((x / y).lo) and np.isnan((x / y).hi)
    root = abs(x).sqrt()
    assert exact(root.lo) ** 2 <= abs(eu) and (root.hi == np.inf or abs(eu) <= exact(root.hi) ** 2)


def test_ranges_are_those_of_the_function():
    x = Intervals(-1.0, 2.0)
    assert float((x**2).lo) == 0 and float((x * x).lo) < -1 and 8 <= float((x**3).hi) < 8.00001
    assert -1.00001 < float((x**3).lo) <= -1


def test_zero_stays_the_end_of_what_is_not_negative():
    zero, part = Intervals(0.0), Intervals(0.0, 1.0)
    for value in (zero * zero, part * part, zero + part.square(), zero / Intervals(2.0), zero.square(), part**3):
        assert float(value.lo) == 0 and float(value.sqrt().lo) == 0


def test_numbers_on_the_left():
    x = Intervals(1.0, 2.0)
    for value, lo, hi in ((5 - x, 3, 4), (5.0 - x, 3, 4), (5 + x, 6, 7), (5 * x, 5, 10), (4 / x, 2, 4)):
        assert value.contains(Intervals(float(lo), float(hi))) and value.width < hi - lo + 1e-14


def test_undefined_is_kept():
    undefined = Intervals(-1.0).sqrt()
    values = (
        undefined + 1, undefined * 0.0, undefined.square(), abs(undefined), undefined.within(-1, 1), -undefined,
        undefined**0, undefined.minimum(0.0), undefined.hull(0.0), 1.0 / undefined, undefined**3,
    )  # fmt: skip
    for value in values:
        assert np.isnan(value.lo) and np.isnan(value.hi) and not value.decided
    assert not (undefined < 1e308) and not (undefined > -1e308)
    assert undefined.ends == (-np.inf, np.inf)


def test_intervals_with_two_finite_ends_are_decided():
    ends = np.array([0.0, -np.inf, np.inf, np.nan])
    lo, hi = np.meshgrid(ends, ends)
    found = Intervals(lo, hi).decided
    assert found.dtype == bool and found.sum() == 1 and found[0, 0]


def test_numbers_beyond_the_range_have_the_largest_float_below():
    largest = float(np.finfo(np.float64).max)
    huge = fmpq(10) ** 400
    assert float_below(huge) == largest and float_above(huge) == np.inf
    assert float_below(-huge) == -np.inf and float_above(-huge) == -largest


def test_overflow_is_unbounded():
    square = Intervals(1e200).square()
    assert float(square.hi) == np.inf and not square.decided and not (square < np.inf)
    tiny = Intervals(1e-200).square()
    assert float(tiny.lo) == 0 and float(tiny.hi) >= LEAST


@given(st.fractions(), st.integers(-1100, 1100))
@CASES
def test_exact_numbers_are_enclosed(q, shift):
    value = fmpq(q.numerator, q.denominator) * fmpq(2) ** shift
    for number in (value, arb(value)):
        low, high = float_below(number), float_above(number)
        assert (low == -np.inf or dyadic(low) <= value) and (high == np.inf or value <= dyadic(high))
    low = float_below(value)
    if abs(low) < 1e308:
        assert value < dyadic(np.nextafter(low, np.inf))
    assert holds(Intervals.enclosing(q), q) and holds(Intervals.enclosing([[q]])[0, 0], q)


def test_exact_numbers_that_are_floats_stay_points():
    array = Intervals.enclosing([1, Fraction(1, 4), fmpq(3, 2), arb(0.1)])
    assert array.lo.tolist() == array.hi.tolist() == [1, 0.25, 1.5, 0.1]
    assert np.isnan(Intervals.enclosing(arb.nan()).lo)
    wide = Intervals.enclosing(10**400)
    assert wide.lo == np.finfo(float).max and wide.hi == np.inf
    with pytest.raises(TypeError):
        Intervals.enclosing("1")


def test_shapes_and_masks():
    rows, columns = Intervals(np.arange(3.0)[:, None]), Intervals(np.arange(4.0)[None], np.arange(4.0)[None] + 1)
    product = np.ones((3, 4)) * (rows + columns)
    assert product.shape == (3, 4) and (rows < columns).tolist()[0] == [False, True, True, True]
    assert (columns > rows)[0, 1] and (rows >= 0.0).all() and (columns.width < 1.0001).all()
    assert product[1].contains(product[1, 2]).tolist() == [False, False, True, False]


@pytest.mark.parametrize("dropped", ["_OUTWARDS", "LEAST"])
def test_a_dropped_rounding_term_is_caught(monkeypatch, dropped):
    monkeypatch.setattr(module, dropped, 0.0)
    wrong = 0
    for a, b in [(1 / 3, 1 / 5), (1e-170, 3e-170), (0.1, 0.7), (1 + 2**-52, 1 + 2**-52)]:
        wrong += not holds(Intervals(a) * Intervals(b), exact(a) * exact(b))
    assert wrong
