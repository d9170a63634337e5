"""Counts that suffice, side by side, against constants and formulas worked out by hand."""

from __future__ import annotations

import dataclasses

import mpmath
import pytest
import sympy as sp

from relverify.errors import InputError
from relverify.networks.upper_bounds import upper_bounds
from relverify.relations import parse_relation

GAUSSIAN = parse_relation("gaussian(ell=1/2)")
mp = mpmath.MPContext()
mp.dps = 40


def bend(k, s):
    """The second derivative of t^k e^{-t²/2}/√(k!), t = 2s, at s."""
    t = 2 * s
    p = t ** (k + 2) - (2 * k + 1) * t**k + (k * (k - 1) * t ** (k - 2) if k >= 2 else 0)
    return 4 * p * mp.exp(-t * t / 2) / mp.sqrt(mp.factorial(k))


def pieces(k):
    """[-1/2, 1/2], cut where the bend is 0: t^4 - (2k+1) t² + k(k-1) = 0."""
    root = mp.sqrt((2 * k + 1) ** 2 - 4 * k * (k - 1))
    squares = [((2 * k + 1) + sign * root) / 2 for sign in (1, -1)]
    inside = {mp.sqrt(z) / 2 for z in squares if 0 < z < 1} | {mp.mpf(0)}
    return sorted({-mp.mpf(1) / 2, mp.mpf(1) / 2} | inside | {-z for z in inside})


def integral(k, weight):
    cuts = pieces(k)
    return mp.fsum(abs(mp.quad(lambda s: bend(k, s) * weight(s), [a, b])) for a, b in zip(cuts, cuts[1:], strict=False))


CURVED = [integral(k, lambda s: mp.sqrt(1 + s * s)) for k in range(14)]
VARIATION = [integral(k, lambda s: mp.mpf(1)) for k in range(14)]
R = mp.sqrt(mp.mpf(5) / 4)


def disjoint(costs, eps):
    """The least (Σ c_i)²/δ² over the numbers of features, before rounding up; K = 1."""
    best = mp.inf
    for d in range(1, 14):
        t = mp.mpf(eps) - mp.gammainc(d, 0, 1, regularized=True)
        if t > 0:
            best = min(best, (mp.fsum(costs[:d]) / (mp.sqrt(1 + t) - 1)) ** 2)
    return best


@pytest.mark.parametrize(
    ("eps", "quoted", "shared", "splines", "coordinate", "grid"),
    [
        ("1e-1", 3.55e6, 5, 26, 26, 4),
        ("1e-2", 3.95e8, 14, 99, 92, 10),
        ("1e-3", 4.05e10, 42, 350, 303, 32),
        ("1e-4", 4.05e12, 132, 1225, 974, 100),
    ],
)
def test_gaussian_table(eps, quoted, shared, splines, coordinate, grid):
    """Fewer units than 3.5e6, …, 4.0e12 and 26, …, 1225 suffice: x is centred, and integers are allocated exactly."""
    found = {bound.theorem: bound for bound in upper_bounds(GAUSSIAN, "[0,1]", eps=eps)}
    # V = V': every feature has a slope 0 somewhere on the interval
    expected = {
        "barron-sup": disjoint([4 * R * v for v in CURVED], eps),
        "barron-sup-affine": disjoint([2 * R * v for v in CURVED], eps),
        "direct-sampling": disjoint([v / 4 for v in VARIATION], eps),
    }
    for label, value in expected.items():
        assert value <= found[label].units <= value * mp.mpf("1.001") + 30
        assert not found[label].constructive
    assert found["barron-sup"].units <= quoted
    assert found["symmetric-neurons"].units <= splines
    assert found["symmetric-neurons-coordinate"].units <= coordinate
    assert found["ridge-spline"].units == shared
    assert found["grid-neurons"].units == grid


def test_sections_by_hand():
    """‖F''‖ = √3/ℓ² = 4√3 and ‖F'‖ = 1/ℓ = 2 everywhere."""
    eps = "1e-3"
    found = {bound.theorem: bound for bound in upper_bounds(GAUSSIAN, "[0,1]", eps=eps)}
    delta = mp.sqrt(1 + mp.mpf(eps)) - 1
    curved = 4 * mp.sqrt(3) * mp.quad(lambda s: mp.sqrt(1 + s * s), [-mp.mpf(1) / 2, mp.mpf(1) / 2])
    factor = 2 + mp.sqrt(2)
    assert found["kernel-barron-affine"].units == int(mp.ceil((factor * curved * R / delta) ** 2)) + 1
    assert found["kernel-barron"].units == int(mp.ceil((2 * factor * (curved + 2 * R) * R / delta) ** 2))
    assert found["ridge-spline"].units == int(mp.ceil(mp.sqrt(4 * mp.sqrt(3) / (8 * delta))))


def test_shifted_boxes_count_alike():
    """The kernel is invariant under shifts, and x is centred."""
    here, there = (upper_bounds(GAUSSIAN, box, eps="1e-1") for box in ("[0,1]", "[5,6]"))
    assert [(b.theorem, b.units) for b in here] == [(b.theorem, b.units) for b in there]


def test_a_kernel_with_a_kink_has_no_curvature():
    found = {bound.theorem: bound for bound in upper_bounds(parse_relation("brownian"), "[0,1]", eps="1e-1")}
    for label in ("kernel-barron", "kernel-barron-affine", "ridge-spline"):
        assert found[label].units is None and "no derivative" in found[label].reason
    assert found["grid-neurons"].units == 3
    assert found["barron-sup"].units > found["barron-sup-affine"].units > found["direct-sampling"].units


def test_curvature_that_is_hidden_by_absolute_values():
    """Matérn 5/2 with a = √5/ℓ: ‖F'‖ = a/√3 and ‖F''‖ = a², though r is written with |x − y|."""
    matern = parse_relation("matern(nu=5/2,ell=1)")
    found = {bound.theorem: bound for bound in upper_bounds(matern, "[0,1]", eps="1e-1")}
    delta = mp.sqrt(mp.mpf(11) / 10) - 1
    curved = 5 * mp.quad(lambda s: mp.sqrt(1 + s * s), [-mp.mpf(1) / 2, mp.mpf(1) / 2])
    factor = 2 + mp.sqrt(2)
    assert found["kernel-barron-affine"].units == int(mp.ceil((factor * curved * R / delta) ** 2)) + 1
    slope = mp.sqrt(mp.mpf(5) / 3)
    assert found["kernel-barron"].units == int(mp.ceil((2 * factor * (curved + slope * R) * R / delta) ** 2))
    assert found["ridge-spline"].units == int(mp.ceil(mp.sqrt(5 / (8 * delta))))
    rough = {b.theorem: b for b in upper_bounds(parse_relation("matern(nu=3/2,ell=1)"), "[0,1]", eps="1e-1")}
    assert rough["ridge-spline"].units is None and rough["kernel-barron-affine"].units is None


def test_without_an_expansion_the_sections_still_count():
    found = {bound.theorem: bound for bound in upper_bounds(GAUSSIAN * 2 + GAUSSIAN, "[0,1]", eps="1e-1")}
    assert found["barron-sup"].units is None and "no stored expansion" in found["barron-sup"].reason
    assert found["ridge-spline"].units is not None


def test_splines_of_sampled_waves_by_hand():
    """A Gaussian with its spectrum: V = 1, Ω = 1/ℓ = 2, given as facts of the relation."""
    known = {"fourier_mass": lambda x, y: sp.Integer(1), "spectral_frequency": lambda x, y: sp.Integer(2)}
    relation = dataclasses.replace(GAUSSIAN, facts={**GAUSSIAN.facts, **known})
    found = {bound.theorem: bound for bound in upper_bounds(relation, "[0,1]", eps="1e-1")}["fourier-neurons"]
    # κ = 1/150, and the rest of the error for the draw of m
    kappa = mp.mpf(1) / 150
    m = int(mp.ceil((16 / (mp.mpf(1) / 10 - 2 * mp.sqrt(2) * kappa - 2 * kappa**2)) ** 2))
    assert found.d == 2 * m and found.units == int(mp.ceil(2 * m + 2 * m * 2 / mp.sqrt(2 * kappa)))


def test_two_networks():
    found = {bound.theorem: bound for bound in upper_bounds(parse_relation("sin(x+2*y)"), "[0,1]", eps="1e-2")}
    assert set(found) == {
        "fourier-rank", "chebyshev-rank", "deep-square", "asymmetric-neurons", "asymmetric-neurons-coordinate",
        "grid-neurons", "barron-sup", "barron-sup-affine", "direct-sampling",
    }  # fmt: skip
    # M_x = 1 and M_y = 4, rounded up a little: (n_x, n_y) with 1/(8 n_x²) + 4/(8 n_y²) <= 1/100
    least = min(n + m for n in range(1, 60) for m in range(1, 60) if 100 * (m * m + 4 * n * n) <= 8 * n * n * m * m)
    assert least <= found["grid-neurons"].units <= least + 1
    assert found["asymmetric-neurons"].d == 2
    assert found["deep-square"].units is None and "polynomial" in found["deep-square"].reason


def test_polynomials_are_cheap_for_deep_networks():
    relation = parse_relation("(x*y+1)**2")
    units = {}
    for eps in ("1e-2", "1e-6"):
        found = {bound.theorem: bound for bound in upper_bounds(relation, "[0,1]", eps=eps)}
        units[eps] = found["deep-square"].units, found["grid-neurons"].units
    # logarithmic against square root growth
    assert units["1e-6"][0] < 3 * units["1e-2"][0] and units["1e-6"][1] > 90 * units["1e-2"][1]
    assert found["chebyshev-rank"].units is None and 3 <= found["chebyshev-rank"].d <= 12


@pytest.mark.parametrize(
    ("text", "box", "eps", "match"),
    [
        ("gaussian(ell=1/2)", "[0,1]", "0", "not positive"),
        ("gaussian(ell=1/2)", "[0,1]^2", "1e-1", "numbers"),
        ("x1*y1 + x2*y2", "[0,1]^2", "1e-1", "numbers"),
    ],
)
def test_refuses(text, box, eps, match):
    with pytest.raises(InputError, match=match):
        upper_bounds(parse_relation(text), box, eps=eps)
