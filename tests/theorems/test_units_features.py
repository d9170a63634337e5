"""What the instances of counts, sampled units and ranks claim about themselves, checked by other means."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import mpmath
import pytest
from flint import arb, ctx, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from relverify.rigor.enclose import enclose
from relverify.strategies.numbers import rationals
from relverify.theorems import (
    barron_l2,
    barron_sup,
    barron_sup_affine,
    chebyshev_rank,
    deep_square,
    direct_sampling,
    fourier_rank,
    kernel_barron,
    neuron_rate,
    neuron_rate_coordinate,
    sample_complexity,
    symmetric_neurons,
    symmetric_neurons_coordinate,
)


def close(ball, value, relative=1e-9):
    return abs(float(ball.mid()) - float(value)) <= relative * (1 + abs(float(value)))


@settings(max_examples=25)
@given(st.lists(rationals("1/4", 2, 4), min_size=1, max_size=2), st.sampled_from((Fraction(1, 2), 1, 2)))
def test_no_smaller_allocation_keeps_the_euclidean_budget(costs, p):
    budget = Fraction(1, 4)
    power = int(2 / Fraction(p))
    found = symmetric_neurons.least_counts(costs, Fraction(p), budget)

    def spent(counts):
        return sum(c * c / Fraction(n) ** power for c, n in zip(costs, counts, strict=True))

    total = sum(found)
    assert spent(found) <= budget
    # one unit less, split in any way
    fewer = [split for split in itertools.product(range(1, total), repeat=len(costs)) if sum(split) == total - 1]
    assert all(spent(split) > budget for split in fewer)


@settings(max_examples=25)
@given(st.lists(st.tuples(rationals("1/4", 2, 4), rationals("1/4", 2, 4)), min_size=1, max_size=2))
def test_no_smaller_allocation_keeps_the_other_budget(pairs):
    costs, sups = [c for c, _ in pairs], [k for _, k in pairs]
    found = symmetric_neurons_coordinate.least_counts(costs, sups, Fraction(1, 2), Fraction(1, 4))

    def spent(counts):
        deltas = [c / Fraction(n) ** 2 for c, n in zip(costs, counts, strict=True)]
        return sum(2 * k * d + d * d for k, d in zip(sups, deltas, strict=True))

    total = sum(found)
    assert spent(found) <= Fraction(1, 4)
    fewer = [split for split in itertools.product(range(1, total), repeat=len(costs)) if sum(split) == total - 1]
    assert all(spent(split) > Fraction(1, 4) for split in fewer)


# relu units (a, w_1, w_0) with ‖w‖ = 5, 1, 13 and points, drawn in order
UNITS = [(Fraction(1, 2), 3, 4), (Fraction(-2), 0, 1), (Fraction(1, 3), 5, -12)]
POINTS = [Fraction(-1, 2), Fraction(3)]


def ordered(n, value):
    """The mean of a function of the drawn units over all ordered draws, with probability |a|‖w‖/V each."""
    sizes = [abs(a) * Fraction(math.isqrt(w * w + b * b)) for a, w, b in UNITS]
    V = sum(sizes)
    total = 0
    for order in itertools.product(range(len(UNITS)), repeat=n):
        chance = math.prod(sizes[k] / V for k in order)
        total += chance * value(V, order)
    return total


@pytest.mark.parametrize(("unit", "curved"), [(barron_sup, False), (barron_sup_affine, True)])
@pytest.mark.parametrize("n", [1, 3])
def test_mean_errors_of_sampled_units(unit, curved, n):
    def shape(t):
        return abs(t) / 2 if curved else max(t, 0)

    def error(V, order):
        worst = Fraction(0)
        for x in POINTS:
            f = sum(a * shape(w * x + b) for a, w, b in UNITS)
            drawn = Fraction(0)
            for k in order:
                a, w, b = UNITS[k]
                drawn += V / n * (1 if a > 0 else -1) * shape(w * x + b) / math.isqrt(w * w + b * b)
            worst = max(worst, abs(f - drawn))
        return worst

    instance = unit._instance([(a, [w, b]) for a, w, b in UNITS], POINTS, n)
    assert Fraction(str(instance.exact)) == ordered(n, error)


def test_mean_errors_of_sampled_sections():
    vectors = [(3, 4), (1, 0), (-5, 12)]
    atoms = [([a, b], [w, c]) for (a, b), (_, w, c) in zip(vectors, UNITS, strict=True)]
    sizes = [math.hypot(*v) * math.hypot(w, b) for v, (_, w, b) in zip(vectors, UNITS, strict=True)]
    V, n, total = sum(sizes), 2, 0.0
    for order in itertools.product(range(3), repeat=n):
        worst = 0.0
        for x in map(float, POINTS):
            gap = []
            for axis in (0, 1):
                f = sum(v[axis] * max(w * x + b, 0) for v, (_, w, b) in zip(vectors, UNITS, strict=True))
                drawn = 0.0
                for k in order:
                    _, w, b = UNITS[k]
                    drawn += V / n * vectors[k][axis] / math.hypot(*vectors[k]) * max(w * x + b, 0) / math.hypot(w, b)
                gap.append(f - drawn)
            worst = max(worst, math.hypot(*gap))
        total += math.prod(sizes[k] / V for k in order) * worst
    assert close(kernel_barron.section(atoms, POINTS, n, curved=False).observed(128), total)


def test_mean_errors_of_sampled_knots():
    knots, length, n = [(Fraction(1, 4), 1), (Fraction(1, 2), -2), (Fraction(1), 1)], Fraction(2), 2
    V, total = 4, Fraction(0)
    grid = sorted({Fraction(0), length, *(length * s for s, _ in knots)})
    for order in itertools.product(range(3), repeat=n):
        errors = []
        for x in grid:
            h = sum(c * abs(x - length * s) / 2 for s, c in knots)
            drawn = sum(
                Fraction(V, n) * (1 if knots[k][1] > 0 else -1) * abs(x - length * knots[k][0]) / 2 for k in order
            )
            errors.append(h - drawn)
        total += math.prod(Fraction(abs(knots[k][1]), V) for k in order) * (max(errors) - min(errors)) / 2
    assert Fraction(str(direct_sampling._instance(knots, length, n).exact)) == total


def test_complexity_by_all_signs():
    pairs, units = [(1, 0), (Fraction(1, 2), -1), (0, 2)], [((3, 4), (0, 1)), ((1, 0), (-4, 3))]
    total = 0.0
    for signs in itertools.product((1, -1), repeat=3):
        sums = []
        for (a, b), (c, d) in units:
            products = [max(a * x + b, 0) / math.hypot(a, b) * max(c * y + d, 0) / math.hypot(c, d) for x, y in pairs]
            sums.append(abs(sum(s * v for s, v in zip(signs, products, strict=True))))
        total += max(sums)
    instance = sample_complexity._instance(pairs, units, 2)
    assert close(instance.observed(64), 2 * total / 8 / 3)


def test_the_fast_waves_take_nearly_all_signs():
    instance = fourier_rank._fast()
    # eight waves, four drawn: with all signs the error is the sum of |count/4 − 1/8|
    total = 0.0
    for order in itertools.product(range(8), repeat=4):
        total += sum(abs(order.count(k) / 4 - 1 / 8) for k in range(8)) / 8**4
    # the first wave stays at 1, the others reach cos(π/19)
    low = 8 * total * math.cos(math.pi / 19) * 0.9
    assert low < float(instance.observed(64).mid()) <= 8 * total + 1e-9


def test_the_pole_has_the_stated_coefficients():
    with mpmath.workdps(30):
        q, c = 2 - mpmath.sqrt(3), 2 / mpmath.sqrt(3)
        for k in range(4):
            value = mpmath.quad(lambda t, k=k: mpmath.cos(k * t) / (1 - mpmath.cos(t) / 2), [0, mpmath.pi]) / mpmath.pi
            assert mpmath.almosteq(value * (2 if k else 1), 2 * c * q**k if k else c)
        rest = 2 - c - 2 * c * q
        assert close(chebyshev_rank._pole().observed(128), rest, 1e-12)


@pytest.mark.parametrize("m", [1, 2, 5])
def test_the_deep_network_interpolates(m):
    for j in range(2**m + 1):
        assert deep_square._instance(m, Fraction(j, 2**m)).exact == 0
    middle = deep_square._instance(m, Fraction(1, 2 ** (m + 1)))
    assert Fraction(str(middle.exact)) == Fraction(1, 4 ** (m + 1))


@pytest.mark.parametrize("s", [1, 3])
def test_tails_of_power_laws_are_those_that_the_instances_take(s):
    for d in (1, 4):
        assert mpmath.zeta(1 + s, d + 1) <= mpmath.mpf(d) ** -s / s


def test_least_units_of_power_laws_over_all_numbers_of_features():
    # s = 1, q = 0, p = 1: c_i = B/i, f_i = A/i, tail A²/d
    A, B, eps = Fraction(1, 2), Fraction(1), Fraction(1, 2)
    vector, coordinate = [], []
    for d in range(1, 12):
        t = eps - A * A / d
        K = math.sqrt(2) * float(A)
        if t > 0:
            costs, sups = [B / k for k in range(1, d + 1)], [A / k for k in range(1, d + 1)]
            delta = float(t) / (math.sqrt(K * K + float(t)) + K)
            vector.append(sum(symmetric_neurons.least_counts(costs, 1, Fraction(delta**2))))
            coordinate.append(sum(symmetric_neurons_coordinate.least_counts(costs, sups, 1, t)))
    for unit, counts in ((neuron_rate, vector), (neuron_rate_coordinate, coordinate)):
        assert unit._instance(A, B, 1, 0, "1", eps).observed(64) == arb(min(counts))


def test_the_mean_of_sampled_knots_lies_just_below_its_bound():
    instance, formal = direct_sampling.extremal(), direct_sampling.THEOREM.formal()
    values = {symbol: instance.values[symbol.name] for symbol in formal.bound.free_symbols}
    with ctx.workprec(1024):
        stated, observed = enclose(formal.bound, values, 1024), instance.observed(1024)
        assert stated * (1 - arb(fmpq(1, 2**390))) < observed < stated


def test_units_with_several_outputs_in_the_mean_square():
    """Against the mean over all ordered draws, in floating point, of the error summed over outputs and points."""
    masses, n = [1.0, 0.25, 4.0], 2
    units = [((3.0, -4.0), (3 / 5, 4 / 5, 0.0), 0.5), ((-5.0, 12.0), (1 / 3, 2 / 3, 2 / 3), 2.0)]
    exact = [([3, -4], ("3/5", "4/5", 0), "1/2"), ([-5, 12], ("1/3", "2/3", "2/3"), 2)]
    instance = barron_l2._instance([1, "1/4", 4], exact, n)
    sizes = [math.hypot(*a) * norm for a, _, norm in units]
    V = sum(sizes)
    assert float(instance.values["V"]) == V == 28.5
    shapes = [[norm * v / math.sqrt(m) for v, m in zip(direction, masses, strict=True)] for _, direction, norm in units]
    f = [[sum(a[j] * row[k] for (a, _, _), row in zip(units, shapes, strict=True)) for k in range(3)] for j in range(2)]
    total = 0.0
    for order in itertools.product(range(2), repeat=n):
        error = 0.0
        for j, k in itertools.product(range(2), range(3)):
            drawn = sum(V * units[i][0][j] / math.hypot(*units[i][0]) * shapes[i][k] / units[i][2] for i in order) / n
            error += masses[k] * (drawn - f[j][k]) ** 2
        total += math.prod(sizes[i] / V for i in order) * error
    assert math.isclose(float(instance.exact) ** 2, total, rel_tol=1e-12)
    assert math.isclose(float(barron_l2.THEOREM.bound.evaluate(20, instance.values).value) ** 2, total, rel_tol=1e-12)
