"""Networks of the sizes that the paper's theorems predict, trained feature by feature."""

from __future__ import annotations

import numpy as np
import pytest

from relverify.certify.engine import certify
from relverify.cli import run
from relverify.errors import InputError
from relverify.networks.files import load
from relverify.relations import parse_relation
from relverify.rigor.decide import Verdict
from relverify.rigor.exact import to_fmpq

torch = pytest.importorskip("torch", reason="needs PyTorch")

from relverify.networks import ensemble, train_features  # noqa: E402
from relverify.networks import train as training  # noqa: E402

pytestmark = pytest.mark.torch
GAUSSIAN = "gaussian(ell=1/2)"


def _holds(found, eps):
    assert found.verdict is Verdict.PROVED
    assert found.certificate.upper <= to_fmpq(eps)
    assert found.error_at_start.lower > to_fmpq(eps)
    assert found.units == found.predicted == sum(n.hidden_units for n in (found.phi, found.psi) if n is not None)
    assert found.start == training.EQUISPACED
    again = certify(found.relation, found.phi, found.psi, found.x, found.y, eps)
    assert again.verdict is Verdict.PROVED


@pytest.mark.parametrize(
    ("text", "box", "eps", "theorem"),
    [
        (GAUSSIAN, "[0,1]", "1e-2", "symmetric"),
        ("brownian", "[0,1]", "1e-1", "symmetric"),
        ("tanh_order(2)", "[-1,1]", "1e-1", "asymmetric"),
        ("x^2*y-x", "[0,2]", "1e-2", "asymmetric"),
    ],
)
def test_small_networks_meet_the_error_too(text, box, eps, theorem, monkeypatch):
    monkeypatch.setattr(training, "WIDE", 1)
    _holds(training.train(parse_relation(text), box, eps=eps, theorem=theorem, seed=3), eps)


def test_networks_depend_on_the_seed_alone(monkeypatch):
    monkeypatch.setattr(training, "WIDE", 1)
    digests = [
        training.train(parse_relation("brownian"), "[0,1]", eps="1e-1", theorem="symmetric", seed=s).phi.digest()
        for s in (0, 0, 1)
    ]
    assert digests[0] == digests[1] != digests[2]


def test_features_of_least_squares_at_the_knots():
    grid = np.linspace(0.0, 1.0, 65)
    nodes = np.array([0.0, 0.3, 1.0])
    line = train_features._values(nodes, grid, 2 - 3 * grid)
    assert np.allclose(line, 2 - 3 * nodes)
    assert train_features._values(nodes[:1], grid, np.full(65, 7.0)).tolist() == [7.0]


def test_random_knots_are_refused():
    with pytest.raises(InputError, match=r"init.*random-knots is not accepted for 966 units"):
        training.train(parse_relation(GAUSSIAN), "[0,1]", eps="1e-4", theorem="symmetric", init="random-knots")


def test_wide_networks_are_written_without_a_certificate(tmp_path, capsys):
    """A certificate that would take too long to check costs nothing of what was trained."""
    words = ["--x", "[0,1]", "--eps", "1e-4", "--theorem", "symmetric", "--search", "0", "--out", str(tmp_path / "n")]
    assert run(["train", GAUSSIAN, *words]) == 0
    shown = capsys.readouterr().out
    assert "966 (966 predicted by symmetric)" in shown
    assert "certificate file  none, network has 966 hidden units, too many for the checker" in shown
    assert load(tmp_path / "n" / "phi.safetensors").hidden_units == 966
    assert sorted(p.name for p in (tmp_path / "n").iterdir()) == ["phi.safetensors", "record.json"]


def test_search_for_the_smallest_begins_where_knots_are_fitted_together(monkeypatch):
    monkeypatch.setattr(training, "WIDE", 20)
    monkeypatch.setattr(ensemble, "WIDE", 20)
    relation = parse_relation(GAUSSIAN)
    found = ensemble.smallest(relation, "[0,1]", eps="1e-2", theorem="symmetric", members=2)
    assert found.units <= 20 < found.trained.predicted == max(found.tried)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("text", "box", "eps", "theorem", "units"),
    [
        ("brownian", "[0,1]", "3e-3", "symmetric", 22_355),
        ("tanh_order(4)", "[-1,1]", "1e-3", "asymmetric", 6_928),
        (GAUSSIAN, "[0,1]", "1e-4", "symmetric", 966),
    ],
)
def test_sizes_of_the_paper_are_enough_in_practice(text, box, eps, theorem, units, seed):
    found = training.train(parse_relation(text), box, eps=eps, theorem=theorem, seed=seed)
    _holds(found, eps)
    assert found.units <= units
