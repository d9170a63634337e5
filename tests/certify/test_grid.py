"""The first grid: it covers the box, changes the cost and never the claim, and the cheaper one is taken."""

import numpy as np
import pytest
from flint import fmpq

from relverify.certify import engine, grid
from relverify.certify.cells import Axis
from relverify.certify.engine import matrix_certificate
from relverify.certify.point import PointError
from relverify.networks.mlp import MLP
from relverify.relations.parse import parse_relation
from relverify.rigor.exact import dyadic

GAUSS = parse_relation("exp(-(x1-y1)^2-(x2-y2)^2)")


def network(seed, p, d, name="tanh"):
    rng = np.random.default_rng(seed)
    return MLP((rng.normal(size=(9, p)), rng.normal(size=(d, 9)) / 6), (rng.normal(size=9), rng.normal(size=d)), name)


@pytest.mark.parametrize("p", [1, 2, 3])
def test_thirds_cover_the_box_and_children_their_parents(p):
    net = network(0, p, 1)
    axis = Axis(net, net, [(fmpq(-1, 3), fmpq(2, 3))] * p, 3)
    usual = Axis(net, net, [(fmpq(-1, 3), fmpq(2, 3))] * p)
    assert axis.count * 2**p == usual.count * 3**p and axis.count % axis.group == 0
    lo, hi = axis.corners(0, np.arange(axis.count))
    assert dyadic(float(lo.min())) <= fmpq(-1, 3) and dyadic(float(hi.max())) >= fmpq(2, 3)
    assert np.isclose(np.prod(hi - lo, axis=1).sum(), 1.0, rtol=1e-12)
    assert len({tuple(c) for c in np.concatenate([lo, hi], axis=1)}) == axis.count
    # neighbours share their ends exactly: every lower end is an upper end of another cell, or an end of the box
    for k in range(p):
        assert set(lo[:, k]) - set(hi[:, k]) == {lo.min()}
    parents = np.arange(axis.count)
    children = [axis.corners(1, (parents << p) + k) for k in range(1 << p)]
    assert np.array_equal(np.min([c[0] for c in children], axis=0), lo)
    assert np.array_equal(np.max([c[1] for c in children], axis=0), hi)


@pytest.mark.parametrize("psi", [None, network(2, 2, 3, "relu")])
def test_both_grids_bound_the_same_error(psi, monkeypatch):
    phi, found = network(1, 2, 3), []
    for parts in (1, 3):
        monkeypatch.setattr(engine, "divisions", lambda *_, parts=parts: parts)
        found.append(matrix_certificate(GAUSS, phi, psi, "[-1,1]^2", within="1.05"))
    assert all(f.reason == "target met" and f.ratio <= 1.05 for f in found) and found[0].cells != found[1].cells
    assert max(f.lower for f in found) <= min(f.upper for f in found)


def test_the_cheaper_sequence_is_taken(monkeypatch):
    error, box = PointError(GAUSS, network(1, 2, 3), network(1, 2, 3)), np.array([[-1.0] * 4, [1.0] * 4])
    for enough in (8, 12, 16, 24, 32, 48):
        monkeypatch.setattr(grid, "_missing", lambda *a, enough=enough: float(a[4] < enough))
        # 12, 24 and 48 cells an axis are cheaper than 16, 32 and 64, but 8, 16 and 32 cheaper than 12, 24 and 48
        assert grid.divisions(error, box, None, 1.1, 2) == (3 if enough in (12, 24, 48) else 1)


def test_the_sample_estimates_the_pairs_that_fail():
    phi = network(1, 2, 3)
    error, lo, hi = PointError(GAUSS, phi, phi), -np.ones(4), np.ones(4)
    target = 1.1 * np.abs(error.floats(np.random.default_rng(1).uniform(-1, 1, size=(5000, 4)))).max()
    shares = [grid._missing(error, lo, hi, 2, n, target, np.random.default_rng(0)) for n in (1, 8, 32, 128)]
    assert shares == sorted(shares, reverse=True) and shares[0] == 1 and shares[-1] < 1


def test_small_problems_and_odd_targets_keep_the_usual_grid():
    net = network(1, 1, 2)
    error = PointError(parse_relation("x*y"), net, net)
    assert grid.divisions(error, np.array([[-1.0, -1.0], [1.0, 1.0]]), None, 1.1, 1) == 1
    phi = network(1, 2, 3)
    four = PointError(GAUSS, phi, phi)
    assert grid.divisions(four, np.array([[0.0] * 4, [1.0, 1.0, 0.0, 1.0]]), None, 1.1, 2) == 1
    assert grid.divisions(four, np.array([[-1.0] * 4, [1.0] * 4]), 1e-9, None, 2) == 1  # refuted at once
