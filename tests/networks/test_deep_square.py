"""Deep networks for squares, products and polynomials: exact errors, exact counts, certificates."""

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from relverify.certify.vertex import vertex_certificate
from relverify.errors import InputError
from relverify.networks.deep_square import (
    deep_polynomial,
    monomial_network,
    monomial_units,
    product_network,
    square_network,
)
from relverify.relations.parse import parse_relation


@pytest.mark.parametrize("m", [1, 2, 3, 7])
def test_square_has_the_count_of_the_theorem_and_its_exact_error(m):
    net = square_network(m)
    assert net.hidden_units == 3 * m - 1 and len(net.widths) == m
    errors = []
    for k in range(2**m):
        left, middle = fmpq(k, 2**m), fmpq(2 * k + 1, 2 ** (m + 1))
        assert net.at_exact(left)[0] == left**2
        errors.append(net.at_exact(middle)[0] - middle**2)
    assert set(errors) == {fmpq(1, 4 ** (m + 1))}


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 5), st.fractions(-2, 2), st.fractions(-2, 2))
def test_product_errs_by_no_more_than_stated(m, x, y):
    net = product_network(m, 2.0)
    assert net.hidden_units == 6 * m + 2
    x, y = fmpq(x.numerator, x.denominator), fmpq(y.numerator, y.denominator)
    assert abs(net.at_exact([x, y])[0] - x * y) <= fmpq(4, 4 ** (m + 1))


@pytest.mark.parametrize("degree", [0, 1, 2, 3, 4, 5, 8, 11])
def test_monomials_have_the_predicted_count_and_error(degree):
    m = 3
    net = monomial_network(np.eye(degree + 1), 2.0, m)
    assert net.hidden_units == monomial_units(degree, m)
    for k in range(-7, 8):
        x = fmpq(2 * k, 7)
        for power, value in enumerate(net.at_exact(x)):
            error = abs(value - (x / 2) ** power)
            assert error <= fmpq(max(power - 1, 0), 4 ** (m + 1))
            assert power > 1 or error < fmpq(1, 2**50)


@pytest.mark.parametrize(
    "text, box, eps, one",
    [
        ("(x*y+1)**2", "[-1,1]", "1e-3", True),
        ("x**3*y - x*y**2", "[0,2]", "1e-2", False),
        ("x*y", "[-1,1]", "1e-6", True),
    ],
)
def test_polynomials_are_certified(text, box, eps, one):
    relation = parse_relation(text)
    built = deep_polynomial(relation, box, eps=eps)
    assert (built.psi is None) == one and built.hidden_units == built.units
    certificate = vertex_certificate(relation, built.phi, built.psi, box, eps=eps)
    assert certificate.verdict == "proved"
    assert built.error <= fmpq(1, 10 ** int(eps[-1]))


def test_the_count_grows_with_the_logarithm_of_eps():
    relation = parse_relation("(x*y+1)**2")
    units = [deep_polynomial(relation, "[-1,1]", eps=f"1e-{k}").units for k in (2, 4, 6, 8)]
    steps = np.diff(units)
    assert steps.max() <= 2 * steps.min() and units[-1] < 150


def test_misuse_is_refused():
    with pytest.raises(InputError, match="not a polynomial"):
        deep_polynomial(parse_relation("exp(x*y)"), "[0,1]", eps="1e-2")
    with pytest.raises(InputError, match="teeth"):
        deep_polynomial(parse_relation("x**2*y**2"), "[0,1]", eps="1e-20")
    with pytest.raises(InputError, match="out of range"):
        square_network(0)
    with pytest.raises(InputError, match="eps"):
        deep_polynomial(parse_relation("x*y"), "[0,1]", eps="0")
