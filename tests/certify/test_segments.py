"""Proved lower bounds of the number of hidden units."""

import pytest
from flint import arb, ctx, fmpq

from relverify.certify.segments import needed_pieces, needed_units
from relverify.errors import InputError
from relverify.relations.parse import parse_relation

GAUSSIAN = parse_relation("gaussian(ell=1/2)")


@pytest.mark.parametrize("eps, several", [("1e-1", 1), ("1e-2", 4), ("1e-3", 15), ("1e-4", 49)])
def test_gaussian(eps, several):
    assert needed_pieces(GAUSSIAN, "[0,1]", None, eps).needed == several


@pytest.mark.parametrize("eps, single", [("1e-1", 1), ("1e-2", 3), ("1e-3", 11), ("1e-4", 37)])
def test_single_best_y(eps, single):
    found = needed_pieces(GAUSSIAN, "[0,1]", None, eps, several=False)
    assert found.needed == single and len({y for y, *_ in found.infeasible}) == 1
    # each segment is proved here once more, from its three points
    with ctx.workprec(300):
        for y, x1, x2, x3 in found.infeasible:
            a, b, c = ((-2 * (arb(x) - arb(y)) ** 2).exp() for x in (x1, x2, x3))
            assert abs(b - a - (c - a) * arb((x2 - x1) / (x3 - x1))) / 2 > arb(fmpq(1, 10 ** int(eps[-1])))


def test_triples_are_proofs():
    result = needed_pieces(GAUSSIAN, "[0,1]", None, "1e-3")
    assert len(result.infeasible) == result.needed
    end = fmpq(0)
    with ctx.workprec(300):
        for y, x1, x2, x3 in result.infeasible:
            assert end <= x1 < x2 < x3 <= 1 and 0 <= y <= 1
            end = x3
            a, b, c = ((-2 * (arb(x) - arb(y)) ** 2).exp() for x in (x1, x2, x3))
            chord = a + (c - a) * arb((x2 - x1) / (x3 - x1))
            assert abs(b - chord) / 2 > arb(fmpq(1, 1000))


def test_quadratic_matches_the_closed_form():
    # x^2 is eps-close to affine on length 2 sqrt(2 eps) exactly: eps = 1/800 gives length 1/10
    relation = parse_relation("x^2")
    assert needed_pieces(relation, "[0,1]", None, "1/800").needed in (9, 10)
    assert needed_pieces(relation, "[0,1]", None, fmpq(1, 800) * fmpq(99, 100)).needed == 10
    assert needed_pieces(relation, "[0,1]", None, fmpq(1, 800) * fmpq(101, 100)).needed == 9


def test_affine_needs_nothing_and_kinks_move_with_y():
    assert needed_pieces(parse_relation("x*y"), "[0,1]", None, "1e-6").needed == 0
    # min(x, y): one segment of length a little over 8 eps per unit
    assert needed_pieces(parse_relation("brownian"), "[0,1]", None, "1e-2").needed == 12


def test_two_networks_add_and_one_takes_the_larger():
    tanh = parse_relation("tanh_order(4)")
    total, x_side, y_side = needed_units(tanh, "[-1,1]", None, "1e-1", symmetric=False)
    assert total == x_side.needed + y_side.needed and x_side.needed == y_side.needed == 5
    assert needed_units(GAUSSIAN, "[0,1]", None, "1e-2", symmetric=True) == (4, needed_pieces(
        GAUSSIAN, "[0,1]", None, "1e-2"), None)  # fmt: skip


def test_never_more_than_is_built():
    # a network with n units and certified error e refutes any claim needed > n at e
    from relverify.certify.vertex import vertex_certificate
    from relverify.networks.construct import grid_network

    for n in (1, 3, 7, 20):
        phi = grid_network(GAUSSIAN, "[0,1]", None, n, shifted=True).phi
        upper = vertex_certificate(GAUSSIAN, phi, None, "[0,1]").upper
        assert needed_pieces(GAUSSIAN, "[0,1]", None, upper).needed <= n


def test_functions_unknown_to_numpy():
    relation = parse_relation("erf(3*(x-y))")
    assert needed_pieces(relation, "[0,1]", None, "1/20").needed >= 2


def test_eps_must_be_positive():
    with pytest.raises(InputError, match="not positive"):
        needed_pieces(GAUSSIAN, "[0,1]", None, "0")
