"""Knots that share the error equally."""

import numpy as np
import pytest

from relverify.certify.vertex import vertex_certificate
from relverify.errors import InputError
from relverify.networks.construct import grid_network
from relverify.networks.knots import equal_nodes, graded_nodes, grading_gain, piece_errors
from relverify.networks.synthesize import synthesize
from relverify.relations import parse_relation

STEEP = parse_relation("polynomial(p=6,c=0)")


@pytest.mark.parametrize("n", [1, 2, 7, 40])
@pytest.mark.parametrize(
    ("text", "box"), [("polynomial(p=6,c=0)", "[0,1]"), ("exp(3*x*y)", "[-1,1]"), ("x*y", "[0,1]")]
)
def test_knots_increase_from_end_to_end(text, box, n):
    nodes = graded_nodes(parse_relation(text), box, box, n)
    low, high = map(int, box.strip("[]").split(","))
    assert nodes.shape == (n + 1,) and (nodes[0], nodes[-1]) == (low, high) and (np.diff(nodes) > 0).all()


def test_the_errors_of_the_pieces_agree():
    """x^6 y^6 at y = 1: the error of a piece is about h² 30 t⁴/8, so that knots are at t³ = k/n."""
    nodes = graded_nodes(STEEP, "[0,1]", "[0,1]", 40)
    errors = piece_errors(STEEP, nodes, np.linspace(0, 1, 65))
    assert errors.max() < 1.02 * errors[5:].min()
    assert np.abs(nodes**3 - np.arange(41) / 40).max() < 0.02


def test_gains():
    """√(sup|r''|) over its mean: 1/(∫t² dt) = 3 for x^6 y^6, 1 where the supremum over y is the same for all x."""
    assert 2.8 < grading_gain(STEEP, "[0,1]", "[0,1]") < 3.05
    for text in ("gaussian(ell=1/2)", "brownian", "1/(x*y)", "x*y"):
        assert grading_gain(parse_relation(text), "[0,1]", "[0,1]") == 1


def test_without_finite_values_the_pieces_are_equal():
    nodes = graded_nodes(parse_relation("log(x+y)"), "[0,1]", "[0,1]", 4)
    assert nodes.tolist() == [0, 0.25, 0.5, 0.75, 1]


@pytest.mark.parametrize("shifted", [False, True])
def test_graded_networks_err_less(shifted):
    errors = []
    for graded in (False, True):
        built = grid_network(STEEP, "[0,1]", None, 20, shifted=shifted, graded=graded)
        assert built.hidden_units == 20 and built.psi is None
        errors.append(vertex_certificate(STEEP, built.phi, None, "[0,1]", within="1.05"))
    assert errors[1].upper * 5 < errors[0].lower


def test_both_sides_are_graded():
    relation = parse_relation("x**6*y")
    built = grid_network(relation, "[0,1]", None, 12, 3, graded=True)
    assert (built.phi.hidden_units, built.psi.hidden_units) == (12, 3)
    knots = np.sort(-built.phi.biases[0])
    assert np.diff(knots)[0] > 3 * np.diff(knots)[-1]
    assert np.allclose(np.diff(np.sort(-built.psi.biases[0])), 1 / 3)


def test_synthesis_needs_fewer_units():
    found = synthesize(STEEP, "[0,1]", eps="1e-2")
    assert found.graded and found.as_dict()["graded"] and found.N < 12
    assert not synthesize(parse_relation("gaussian(ell=1/2)"), "[0,1]", eps="1e-2").graded


def test_tiny_boxes_are_refused():
    with pytest.raises(InputError, match="too short"):
        graded_nodes(STEEP, "[1,1+2^-50]", "[0,1]", 40)
    assert equal_nodes((0, 1), 1).tolist() == [0, 1]
