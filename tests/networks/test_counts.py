"""Predicted unit counts against the tables of the theory and against formulas written out by hand."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import mpmath
import pytest
import sympy as sp
from flint import fmpq

from relverify.certify.vertex import vertex_certificate
from relverify.core.box import parse_box
from relverify.core.symbols import x as X
from relverify.errors import InputError
from relverify.networks.construct import grid_network
from relverify.networks.counts import grid_units, one_network, spline_units
from relverify.relations import parse_relation
from relverify.rigor.decide import Verdict, decide
from relverify.rigor.exact import exact, to_fmpq

GAUSSIAN = "gaussian(ell=1/2)"


@pytest.mark.parametrize(("eps", "units"), [("1e-1", 4), ("1e-2", 10), ("1e-3", 32), ("1e-4", 100)])
def test_gaussian_table(eps, units):
    found = grid_units(parse_relation(GAUSSIAN), "[0,1]", eps=eps)
    assert (found.units, found.n_x, found.n_y, found.d) == (units, units, 0, units + 1)


@pytest.mark.parametrize(("eps", "units"), [("3e-2", 9), ("1e-2", 25)])
def test_brownian_table(eps, units):
    found = grid_units(parse_relation("brownian"), "[0,1]", eps=eps)
    assert found.units == units
    assert found.error == sp.Rational(1, 4 * units)


@pytest.mark.parametrize(("box", "split"), [("[0,1]", (18, 18)), ("[-1,1]", (35, 36))])
def test_tanh_order_split(box, split):
    found = grid_units(parse_relation("tanh_order(c=4)"), box, eps="1e-2")
    assert tuple(sorted((found.n_x, found.n_y))) == split


@pytest.mark.parametrize(
    ("text", "x", "y", "eps"),
    [
        ("exp(x*y)", "[0,1]", "[-1,2]", "1e-2"),
        ("sin(x)*cos(3*y)", "[0,1]", "[0,2]", "1e-3"),
        ("x**2*y", "[0,1]", "[0,4]", "1e-1"),
    ],
)
def test_split_is_the_least_one(text, x, y, eps):
    relation, x_box, y_box = parse_relation(text), parse_box(x), parse_box(y)
    found = grid_units(relation, x, y, eps)
    a = Fraction(str(relation.second_derivative_sup("x", x_box, y_box) * x_box[0].length ** 2 / 8))
    b = Fraction(str(relation.second_derivative_sup("y", x_box, y_box) * y_box[0].length ** 2 / 8))
    limit = Fraction(eps)
    assert a / found.n_x**2 + b / found.n_y**2 <= limit
    less = found.units - 1
    assert all(a / n**2 + b / (less - n) ** 2 > limit for n in range(1, less))


@pytest.mark.parametrize(
    ("text", "x", "eps"),
    [
        (GAUSSIAN, "[0,1]", "1e-2"),
        ("brownian", "[0,1]", "3e-2"),
        ("2*brownian + gaussian(ell=1/2)", "[0,1]", "1e-1"),
        ("abs(x-y) + x*y**2", "[0,1]", "1e-1"),
        ("exp(-abs(x-y))", "[0,1]", "1e-1"),
        ("tanh_order(c=4)", "[0,1]", "1e-1"),
        ("min(x,y)*max(x,y/2)", "[0,1]", "1e-1"),
    ],
)
def test_predicted_error_holds_for_the_built_network(text, x, eps):
    relation = parse_relation(text)
    found = grid_units(relation, x, eps=eps)
    assert decide(sp.Le(found.error, exact(eps), evaluate=False)).verdict is Verdict.PROVED
    built = grid_network(relation, x, x, found.n_x, found.n_y or None)
    assert built.hidden_units == found.units
    # float64 weights add their rounding where the bound is attained
    certificate = vertex_certificate(relation, built.phi, built.psi, x, x, within="1.05")
    assert certificate.lower <= to_fmpq(eps) + fmpq(1, 10**12)


def test_edges():
    assert grid_units(parse_relation("bilinear(A=2)"), "[0,1]", eps="1e-9").units == 1
    assert grid_units(parse_relation("x+y"), "[0,1]", eps="1e-9").units == 2
    box = parse_box("[0,1]")
    assert one_network(parse_relation(GAUSSIAN), box, box)
    assert not one_network(parse_relation(GAUSSIAN), box, parse_box("[0,2]"))
    assert not one_network(parse_relation("brownian"), parse_box("[-1,1]"), parse_box("[-1,1]"))


@pytest.mark.parametrize(
    ("eps", "vector", "coordinate", "quoted"),
    [("1e-1", 22, 23, 26), ("1e-2", 94, 87, 99), ("1e-3", 344, 297, 350), ("1e-4", 1219, 966, 1225)],
)
def test_splines_of_damped_taylor_features(eps, vector, coordinate, quoted):
    """The counts 26, 99, 350, 1225 do suffice; the exact allocation needs fewer."""
    relation = parse_relation(GAUSSIAN)
    by_vector = spline_units(relation, "[0,1]", eps, "vector")
    assert by_vector.units <= quoted
    assert by_vector.units == vector
    assert spline_units(relation, "[0,1]", eps, "coordinate").units == coordinate
    best = spline_units(relation, "[0,1]", eps)
    assert best.units == min(vector, coordinate) == sum(best.per_feature)


def _second_derivative_sup(k: int) -> mpmath.mpf:
    """sup over [0,1] of |(e^{-t²/2} t^k)''|/sqrt(k!), t = 2x - 1, on a grid (from below)."""

    def value(t: mpmath.mpf) -> mpmath.mpf:
        p = t ** (k + 2) - (2 * k + 1) * t**k + (k * (k - 1) * t ** (k - 2) if k >= 2 else 0)
        return abs(p) * mpmath.exp(-t * t / 2) * 4 / mpmath.sqrt(mpmath.factorial(k))

    return max(value(mpmath.mpf(j) / 1000) for j in range(1, 1001))


@pytest.mark.parametrize("eps", ["1e-1", "1e-2", "1e-3"])
@mpmath.workprec(200)
def test_vector_budget_by_hand(eps):
    """The budget holds for constants computed independently, and fails with one unit less anywhere."""
    found = spline_units(parse_relation(GAUSSIAN), "[0,1]", eps, "vector")
    tail = mpmath.gammainc(found.d, 0, 1, regularized=True)
    t = mpmath.mpf(eps) - tail
    assert found.tail >= fmpq(int(mpmath.floor(tail * 10**40)), 10**40)
    delta = t / (mpmath.sqrt(1 + t) + 1)
    sups = [_second_derivative_sup(k) for k in range(found.d)]

    def spent(counts):
        return sum((m / (8 * n * n)) ** 2 for m, n in zip(sups, counts, strict=True))

    assert spent(found.per_feature) <= delta**2
    for k in range(found.d):
        fewer = list(found.per_feature)
        fewer[k] -= 1
        assert spent(fewer) > delta**2 * (1 - mpmath.mpf(1) / 100)


def test_spline_deltas_bound_the_interpolation_error():
    relation = parse_relation(GAUSSIAN)
    found = spline_units(relation, "[0,1]", "1e-1")
    expansion = relation.expansion(parse_box("[0,1]"))
    for i, (n, delta) in enumerate(zip(found.per_feature, found.deltas, strict=True), start=1):
        feature = sp.lambdify(X, expansion.feature(i), "mpmath")
        nodes = [mpmath.mpf(k) / n for k in range(n + 1)]
        for a, b in pairwise(nodes):
            middle = (feature(a) + feature(b)) / 2 - feature((a + b) / 2)
            assert abs(middle) <= float(delta)


def test_brownian_splines():
    found = spline_units(parse_relation("brownian"), "[0,1]", "1e-1")
    assert found.tail < fmpq(1, 10)
    assert decide(sp.Le(found.error, sp.Rational(1, 10), evaluate=False)).verdict is Verdict.PROVED


@pytest.mark.parametrize("eps", ["0", "-1/100", 0, None, 0.01, "pie"])
@pytest.mark.parametrize("count", [grid_units, spline_units])
def test_refuses_eps(count, eps):
    with pytest.raises(InputError, match=r"^eps"):
        count(parse_relation(GAUSSIAN), "[0,1]", eps=eps)


def test_refuses_what_has_no_count():
    with pytest.raises(InputError, match="no stored expansion"):
        spline_units(parse_relation("tanh_order(c=4)"), "[0,1]", "1e-2")
    with pytest.raises(InputError, match="no stored expansion"):
        spline_units(parse_relation("brownian"), "[1,2]", "1e-2")
    with pytest.raises(InputError, match="budget"):
        spline_units(parse_relation(GAUSSIAN), "[0,1]", "1e-2", "l7")
    with pytest.raises(InputError, match="no bounded slope"):
        grid_units(parse_relation("sqrt(x)*y"), "[0,1]", eps="1e-2")
    with pytest.raises(InputError, match="dimensions"):
        grid_units(parse_relation(GAUSSIAN), "[0,1]^2", eps="1e-2")
    with pytest.raises(InputError, match="units"):
        grid_units(parse_relation(GAUSSIAN), "[0,1]", eps="1e-14")
