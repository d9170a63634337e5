"""Each figure of the Gaussian of length scale 1/2 on [0,1], derived a second time by other means.

Sampled units are derived in ``test_upper_bounds``. Here: splines by dynamic programming over all allocations, grids by
their formulas, and what is needed by the distance to affine functions, half the gap of two convex hulls.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

import relverify
from relverify.certify.segments import needed_pieces
from relverify.networks.counts import grid_units, spline_units
from relverify.networks.synthesize import synthesize
from relverify.relations import parse_relation

GAUSSIAN, BOX = parse_relation("gaussian(ell=1/2)"), "[0,1]"
EPS = ("1e-1", "1e-2", "1e-3", "1e-4")
T = np.linspace(-1, 1, 400_001)  # t = (x - 1/2)/ell
# suprema that the library rounds up are at most so much larger, which changes a count by half of that
SLACK = 1.002


def feature(k):
    return T**k * np.exp(-(T**2) / 2) / math.sqrt(math.factorial(k))


def bend(k):
    """The second derivative in x."""
    polynomial = T ** (k + 2) - (2 * k + 1) * T**k + (k * (k - 1) * T ** (k - 2) if k >= 2 else 0)
    return 4 * polynomial * np.exp(-(T**2) / 2) / math.sqrt(math.factorial(k))


CURVES = [float(np.abs(bend(k)).max()) / 8 for k in range(12)]  # δ = c/n² on n pieces of [0,1]
SIZES = [float(np.abs(feature(k)).max()) for k in range(12)]
# ‖x-1/2‖²/ell² is at most 1, and what d features leave is P(d, 1)
TAILS = [1 - sum(math.exp(-1) / math.factorial(j) for j in range(d)) for d in range(13)]


def cheapest(costs, budget, most):
    """The least number of units with Σ cost_i(n_i) <= budget, over all allocations."""
    units = np.arange(1, most + 1)
    spent = np.full(most + 1, np.inf)
    spent[0] = 0.0
    for cost in costs:
        own = np.concatenate([[np.inf], cost(units)])
        # least sum of what was spent on N - n and of the cost of n
        spent = np.array([np.min(spent[: total + 1] + own[total::-1]) for total in range(most + 1)])
    enough = np.nonzero(spent <= budget)[0]
    return int(enough[0]) if len(enough) else None


def vector(d, eps):
    delta = math.sqrt(1 + eps - TAILS[d]) - 1  # K = 1
    return [lambda n, c=c: (c / n**2) ** 2 for c in CURVES[:d]], delta**2


def coordinate(d, eps):
    pairs = list(zip(CURVES, SIZES, strict=True))[:d]
    return [lambda n, c=c, k=k: 2 * k * c / n**2 + (c / n**2) ** 2 for c, k in pairs], eps - TAILS[d]


@pytest.mark.parametrize("budget", [vector, coordinate])
@pytest.mark.parametrize("eps", EPS)
def test_splines(eps, budget):
    """22, 94, 344, 1219 and 23, 87, 297, 966: no allocation of fewer units keeps the budget."""
    found = spline_units(GAUSSIAN, BOX, eps, budget.__name__)
    least = []
    for factor in (1.0, SLACK):
        counts = []
        for d in range(1, 12):
            if TAILS[d] < float(eps):
                costs, allowed = budget(d, float(eps))
                scaled = [lambda n, cost=cost, factor=factor: cost(n) * factor for cost in costs]
                counts.append(cheapest(scaled, allowed, found.units + 5))
        least.append(min(n for n in counts if n is not None))
    print(f"{budget.__name__} budget, {eps}: {found.units} units, {least[0]} by dynamic programming")
    assert least[0] <= found.units <= least[1]


@pytest.mark.parametrize("eps", EPS)
def test_grids(eps):
    """M = sup|r_xx| = 4, so that n pieces err by at most 2 · 4/(8n²) = 1/n²: 4, 10, 32, 100."""
    assert grid_units(GAUSSIAN, BOX, eps=eps).units == math.ceil(1 / math.sqrt(float(eps)) - 1e-9)


@pytest.mark.parametrize("eps", EPS[:3])
def test_shifted_grids(eps):
    """About half the error: the certified count is near 1/√(2 eps), and what the theorem says is not smaller."""
    built = synthesize(GAUSSIAN, BOX, eps=eps)
    predicted = relverify.bound("grid-neurons-shifted", relation=GAUSSIAN.text, x=BOX, eps=eps, solve="n").integer
    print(f"shifted grid, {eps}: {built.N} built and certified, {predicted} predicted")
    half = 1 / math.sqrt(2 * float(eps))
    assert half <= built.N + 1e-9 and math.ceil(half) >= built.N
    assert built.N <= predicted <= grid_units(GAUSSIAN, BOX, eps=eps).units


@pytest.mark.parametrize("eps", EPS)
def test_the_closed_form_of_what_is_needed(eps):
    """|r_xx| >= m = 4(1 - 4a²)e^{-2a²} where |z| <= a: 2a√m/(4√eps) - 1 units, with the best a 0, 2, 7, 22."""
    a = np.linspace(0, 0.5, 100_001)
    best = float((2 * a * np.sqrt(4 * (1 - 4 * a**2) * np.exp(-2 * a**2))).max())
    found = relverify.bound("width-lower", relation=GAUSSIAN.text, x=BOX, eps=eps, solve="N").integer
    assert max(0, math.ceil(0.999 * best / (4 * math.sqrt(float(eps))) - 1)) <= found
    assert found <= max(0, math.ceil(best / (4 * math.sqrt(float(eps))) - 1))


def distance(values):
    """The distance of values at equal points to affine functions: half the largest gap of the two hulls."""
    xs = np.arange(len(values))
    gaps = []
    for sign in (1, -1):
        hull = []
        for x, v in zip(xs, sign * values, strict=True):
            while len(hull) > 1 and (hull[-1][1] - hull[-2][1]) * (x - hull[-2][0]) <= (v - hull[-2][1]) * (
                hull[-1][0] - hull[-2][0]
            ):
                hull.pop()
            hull.append((x, v))
        gaps.append(np.interp(xs, *zip(*hull, strict=True)))
    return float((gaps[0] + gaps[1]).max()) / 2


def segments(ys, eps, points=101):
    """Greedy segments on which some section is farther than eps from affine functions."""
    start, found = 0.0, 0
    fractions = np.linspace(0, 1, points)

    def far(end):
        x = start + (end - start) * fractions
        return any(distance(np.exp(-2 * (x - y) ** 2)) > eps for y in ys)

    while far(1.0):
        low, high = start, 1.0
        for _ in range(22):
            middle = (low + high) / 2
            low, high = (low, middle) if far(middle) else (middle, high)
        start, found = high, found + 1
    return found


@pytest.mark.parametrize(
    ("eps", "rows"),
    [("1e-1", 17), ("1e-2", 17), ("1e-3", 17), pytest.param("1e-4", 33, marks=pytest.mark.slow)],
)
def test_segments(eps, rows):
    """1, 3, 11, 37 with the best single y and 1, 4, 15, 49 with several."""
    ys = np.linspace(0, 1, rows)
    single, several = max(segments([y], float(eps)) for y in ys), segments(ys, float(eps))
    found = [needed_pieces(GAUSSIAN, BOX, BOX, eps, several=s).needed for s in (False, True)]
    print(f"segments, {eps}: {found} proved, {[single, several]} by hulls at {rows} values of y")
    assert single <= found[0] <= single + 1 and several <= found[1] <= several + 1


@pytest.mark.slow
@pytest.mark.parametrize("eps", EPS)
def test_the_table_is_printed(eps):
    """Upper over lower is at most 1.5 at 1e-4."""
    found = relverify.compare(GAUSSIAN.text, BOX, eps=eps)
    for row in found.rows:
        print(f"{row.name:52} {row.theorem:30} {row.counts[-1]}")
    if eps == "1e-4":
        assert found.ratio <= 1.5
