"""Constructed networks: exact counts, nodal values, residuals."""

import numpy as np
import pytest
import sympy
from flint import fmpq

from relverify.certify.vertex import vertex_certificate
from relverify.errors import InputError
from relverify.networks.construct import grid_network, interpolating_network, spline_network
from relverify.relations.parse import parse_relation

GAUSSIAN = parse_relation("gaussian(ell=1/2)")
TANH = parse_relation("tanh_order(4)")


@pytest.mark.parametrize("n", [1, 2, 5, 16])
@pytest.mark.parametrize("shifted", [False, True])
def test_counts_are_exact(n, shifted):
    built = grid_network(GAUSSIAN, "[0,1]", None, n, shifted=shifted)
    assert built.psi is None and built.phi.hidden_units == n == built.hidden_units
    assert built.phi.out_features <= n + 1
    assert built.residual < fmpq(1, 10**12)
    two = grid_network(TANH, "[-1,1]", None, n, n + 2, shifted)
    assert (two.phi.hidden_units, two.psi.hidden_units) == (n, n + 2)
    assert two.phi.out_features == two.psi.out_features <= n + 1
    assert two.residual < fmpq(1, 10**11)


def test_plain_values_are_interpolated_at_the_nodes():
    built = grid_network(TANH, "[-1,1]", "[0,1/3]", 8, 4)
    x, y = np.linspace(-1, 1, 9), np.linspace(0, 1 / 3, 5)
    product = built.phi(x[:, None]) @ built.psi(y[:, None]).T
    assert np.allclose(product, np.tanh(4 * (x[:, None] - y)), atol=1e-12)


def test_features_below_rounding_are_dropped():
    built = grid_network(GAUSSIAN, "[0,1]", None, 100)
    assert built.phi.out_features < 20 and built.residual < fmpq(1, 10**12)


@pytest.mark.parametrize("eps, n", [("1e-1", 4), ("1e-2", 10), ("1e-3", 32), ("1e-4", 100)])
def test_plain_counts_of_the_theorem_are_proved(eps, n):
    built = grid_network(GAUSSIAN, "[0,1]", None, n)
    assert vertex_certificate(GAUSSIAN, built.phi, None, "[0,1]", eps=eps).verdict == "proved"


def test_shift_halves_the_error():
    plain, shifted = (grid_network(GAUSSIAN, "[0,1]", None, 20, shifted=s).phi for s in (False, True))
    errors = [vertex_certificate(GAUSSIAN, p, None, "[0,1]", within="1.01").upper for p in (plain, shifted)]
    assert fmpq(45, 100) < errors[1] / errors[0] < fmpq(55, 100)


def test_shift_on_a_kink_gives_two_thirds():
    relation = parse_relation("brownian")
    for shifted, exact in ((False, fmpq(1, 32)), (True, fmpq(1, 48))):
        built = grid_network(relation, "[0,1]", None, 8, shifted=shifted)
        result = vertex_certificate(relation, built.phi, None, "[0,1]", within="1.05")
        assert abs(result.lower - exact) < fmpq(1, 10**10) and exact <= result.upper


def test_misuse_is_refused():
    with pytest.raises(InputError, match="not symmetric"):
        grid_network(TANH, "[-1,1]", None, 4)
    with pytest.raises(InputError, match="differs"):
        grid_network(GAUSSIAN, "[0,1]", "[0,2]", 4)
    with pytest.raises(InputError, match="out of range"):
        grid_network(GAUSSIAN, "[0,1]", None, 0)
    with pytest.raises(InputError, match="no finite value"):
        grid_network(parse_relation("log(x+y)"), "[0,1]", None, 4)


def test_interpolating_network_hits_its_values():
    nodes, values = np.array([0.0, 0.25, 1.0]), np.array([[1.0, 0.0], [2.0, -1.0], [0.0, 4.0]])
    net = interpolating_network(nodes, values)
    assert net.hidden_units == 2 and np.allclose(net(nodes[:, None]), values, atol=1e-15)


def test_spline_network_counts_and_errors():
    t = sympy.Symbol("t")
    functions, pieces = (
        [t**2, sympy.sin(3 * t), 1 + 2 * t, sympy.Rational(1, 3), sympy.exp(t)],
        [4, 7, 9, 9, 3],
    )
    net = spline_network(functions, "[-1,1]", pieces)
    assert net.hidden_units == 4 + 7 + 1 + 0 + 3 and net.out_features == 5
    x = np.linspace(-1, 1, 2001)
    values = net(x[:, None])
    exact = np.stack([x**2, np.sin(3 * x), 1 + 2 * x, np.full_like(x, 1 / 3), np.exp(x)], axis=1)
    errors = np.abs(values - exact).max(axis=0)
    # M_2 L^2 / (8 n^2) with L = 2
    bounds = [2 * 4 / (8 * 16), 9 * 4 / (8 * 49), 1e-14, 1e-15, np.e * 4 / (8 * 9)]
    assert (errors <= np.array(bounds) + 1e-14).all() and errors[0] > 0.99 * bounds[0]
    # every unit serves one output
    assert (np.count_nonzero(net.weights[1], axis=0) == 1).all()


def test_spline_network_of_constants_has_no_units():
    assert spline_network([sympy.Integer(2)], "[0,1]", [5]).hidden_units == 0
    with pytest.raises(InputError, match="variables"):
        spline_network([sympy.Symbol("a") * sympy.Symbol("b")], "[0,1]", [5])
    with pytest.raises(InputError, match="out of range"):
        spline_network([sympy.Symbol("a") ** 2], "[0,1]", [0])
