"""Training from random output weights: certified errors at the predicted sizes."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from flint import fmpq

from relverify.certify.vertex import vertex_certificate
from relverify.errors import InputError, MissingDependency
from relverify.relations import parse_relation
from relverify.rigor.decide import Verdict
from relverify.rigor.exact import to_fmpq

torch = pytest.importorskip("torch", reason="needs PyTorch")

from relverify.networks.ensemble import smallest, train_ensemble  # noqa: E402
from relverify.networks.minimax import fine_grid, float_values  # noqa: E402
from relverify.networks.train import train  # noqa: E402

pytestmark = pytest.mark.torch
GAUSSIAN = "gaussian(ell=1/2)"


def _holds(found, eps):
    """The certificate, taken again from the exported networks."""
    assert found.verdict is Verdict.PROVED
    again = vertex_certificate(found.relation, found.phi, found.psi, found.x, found.y, eps)
    assert again.verdict is Verdict.PROVED
    assert found.certificate.upper <= to_fmpq(eps)
    assert found.error_at_start.verdict is Verdict.REFUTED
    assert found.error_at_start.lower > to_fmpq(eps)


def test_gaussian_quick():
    lines = []
    found = train(parse_relation(GAUSSIAN), "[0,1]", eps="1e-1", progress=lines.append)
    _holds(found, "1e-1")
    assert (found.units, found.phi.hidden_units, found.psi) == (4, 4, None)
    assert found.start == "output weights random by seed, knots equispaced"
    assert len(lines) >= 3 and len(found.history) >= 1
    record = json.loads(json.dumps(found.as_dict()))
    assert record["verdict"] == "proved" and record["seed"] == 0
    assert fmpq(0) < to_fmpq(record["lower"]) <= found.certificate.lower
    assert to_fmpq(record["upper"]) >= found.certificate.upper


def test_same_seed_same_network_and_no_global_state():
    relation = parse_relation(GAUSSIAN)
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    one = train(relation, "[0,1]", eps="1e-1", seed=5, device="cpu")
    two = train(relation, "[0,1]", eps="1e-1", seed=5, device="cpu")
    other = train(relation, "[0,1]", eps="1e-1", seed=6, device="cpu")
    assert one.phi.digest() == two.phi.digest() != other.phi.digest()
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)


def test_two_networks_on_two_boxes():
    found = train(parse_relation("exp(x*y)"), "[0,1]", "[-1,1]", eps="1e-1")
    _holds(found, "1e-1")
    assert found.phi.hidden_units == found.n_x and found.psi.hidden_units == found.n_y
    assert found.units == found.n_x + found.n_y


def test_units_are_kept():
    tanh = parse_relation("tanh_order(c=4)")
    found = train(tanh, "[0,1]", eps="1e-1", units=(7, 5))
    assert (found.phi.hidden_units, found.psi.hidden_units) == (7, 5)
    assert train(tanh, "[0,1]", eps="1e-1", units=9).units == 9


def test_too_small_a_network_is_refuted():
    found = train(parse_relation(GAUSSIAN), "[0,1]", eps="1e-2", units=2)
    assert found.verdict is Verdict.REFUTED
    assert found.certificate.lower > fmpq(1, 100)


def test_zeroed_weight_loses_the_certificate():
    found = train(parse_relation(GAUSSIAN), "[0,1]", eps="1e-1")
    output = found.phi.weights[1].copy()
    output[np.unravel_index(np.abs(output).argmax(), output.shape)] = 0.0
    changed = found.phi.with_weights((found.phi.weights[0], output))
    again = vertex_certificate(found.relation, changed, None, "[0,1]", "[0,1]", "1e-1")
    assert again.verdict is Verdict.REFUTED


def test_smallest_is_at_most_the_predicted_size():
    found = smallest(parse_relation(GAUSSIAN), "[0,1]", eps="1e-1")
    assert found is not None and 1 <= found.units <= 4
    assert found.trained.verdict is Verdict.PROVED
    assert found.tried[found.units] == "proved" and found.tried[4] == "proved"
    start = train(parse_relation(GAUSSIAN), "[0,1]", eps="1e-2", units=2)
    assert smallest(parse_relation(GAUSSIAN), "[0,1]", eps="1e-2", start=start) is None


@pytest.mark.slow
@pytest.mark.parametrize("init", ["uniform-knots", "random-knots"])
@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(
    ("text", "box", "eps", "units"),
    [
        (GAUSSIAN, "[0,1]", "1e-2", 10),
        ("tanh_order(c=4)", "[0,1]", "1e-2", 36),
        ("tanh_order(c=4)", "[-1,1]", "1e-2", 71),
        ("brownian", "[0,1]", "3e-2", 9),
    ],
)
def test_predicted_size_by_grid_neurons(text, box, eps, units, seed, init):
    found = train(parse_relation(text), box, eps=eps, seed=seed, init=init)
    assert found.units == units
    assert sum(net.hidden_units for net in (found.phi, found.psi) if net) == units
    _holds(found, eps)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(("eps", "units"), [("1e-1", None), ("1e-1", 26), ("1e-2", None), ("1e-2", 99)])
def test_predicted_size_by_the_symmetric_theorem(eps, units, seed):
    found = train(parse_relation(GAUSSIAN), "[0,1]", eps=eps, units=units, theorem="symmetric", seed=seed)
    assert found.units == (units or {"1e-1": 22, "1e-2": 87}[eps]) == found.phi.hidden_units
    _holds(found, eps)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(("eps", "units"), [("1e-1", 82), ("1e-2", 452)])
def test_predicted_size_by_the_asymmetric_theorem(eps, units, seed):
    found = train(parse_relation("tanh_order(c=4)"), "[0,1]", eps=eps, theorem="asymmetric", seed=seed)
    assert found.units == units == found.phi.hidden_units + found.psi.hidden_units
    _holds(found, eps)


@pytest.mark.parametrize(
    ("change", "argument"),
    [
        ({"eps": "0"}, "eps"),
        ({"eps": "-1e-2"}, "eps"),
        ({"eps": None}, "eps"),
        ({"device": "tpu"}, "device"),
        ({"theorem": "magic"}, "theorem"),
        ({"init": "zeros"}, "init"),
        ({"seed": -1}, "seed"),
        ({"seed": 0.5}, "seed"),
        ({"units": 0}, "units"),
        ({"units": (3, 3)}, "units"),
        ({"units": 10**9}, "units"),
        ({"x": "[1,0]"}, "x"),
        ({"x": "[0,1]^2"}, "relation"), ({"x": "[0,1]^3"}, "x"),
    ],
)
def test_refuses(change, argument):
    given = {"x": "[0,1]", "eps": "1e-1"} | change
    with pytest.raises(InputError) as caught:
        train(parse_relation(GAUSSIAN), **given)
    assert caught.value.argument == argument


def test_refuses_an_asymmetric_relation_for_the_symmetric_theorem():
    with pytest.raises(InputError, match="PSD"):
        train(parse_relation("tanh_order(c=4)"), "[0,1]", eps="1e-1", theorem="symmetric")


@pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA is available here")
def test_refuses_cuda_where_there_is_none():
    with pytest.raises(InputError, match="cuda is not available"):
        train(parse_relation(GAUSSIAN), "[0,1]", eps="1e-1", device="cuda")


def test_without_torch(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingDependency, match="pip install"):
        train(parse_relation(GAUSSIAN), "[0,1]", eps="1e-1")


def test_fine_grid_and_values():
    assert fine_grid(np.array([0.0, 1.0, 3.0]), 2).tolist() == [0.0, 0.5, 1.0, 2.0, 3.0]
    points = np.array([0.25, 0.5])
    assert float_values(parse_relation("brownian"))(points, points).tolist() == [[0.25, 0.25], [0.25, 0.5]]
    assert float_values(parse_relation("x - x + 2"))(points, points).tolist() == [[2.0, 2.0], [2.0, 2.0]]
    with pytest.raises(InputError, match="no finite value"):
        float_values(parse_relation("1/(x-y)"))(points, points)


def test_an_ensemble_starts_where_single_trainings_do():
    relation = parse_relation(GAUSSIAN)
    ensemble = train_ensemble(relation, "[0,1]", eps="1e-2", seeds=(3, 5, 8))
    for k, seed in enumerate((3, 5, 8)):
        found = ensemble.member(k)
        _holds(found, "1e-2")
        alone = train(relation, "[0,1]", eps="1e-2", seed=seed)
        assert (found.seed, found.units) == (seed, alone.units) and found.phi.digest() != alone.phi.digest()
        assert found.error_at_start.lower == alone.error_at_start.lower
        assert abs(found.certificate.upper / alone.certificate.upper - 1) < fmpq(1, 10)


def test_an_ensemble_of_two_networks():
    ensemble = train_ensemble(parse_relation("tanh_order(c=4)"), "[-1,1]", eps="1e-1", seeds=range(4))
    _holds(ensemble.member(ensemble.best), "1e-1")
    with pytest.raises(InputError, match="members"):
        train_ensemble(parse_relation(GAUSSIAN), "[0,1]", eps="1e-1", seeds=())


@pytest.mark.parametrize(
    ("text", "box", "eps", "theorem"),
    [
        (GAUSSIAN, "[0,1]", "1e-3", "grid-neurons"),
        ("tanh_order(4)", "[-1,1]", "1e-1", "asymmetric"),
        (GAUSSIAN, "[0,1]", "1e-4", "symmetric"),
        ("x1*y2 - x2*y1", "[-1,1]^2", "1e-1", "grid-neurons"),
    ],
)
def test_fits_in_float32_are_certified_as_they_are(text, box, eps, theorem):
    found = train(parse_relation(text), box, eps=eps, theorem=theorem, precision="float32")
    assert found.verdict is Verdict.PROVED
    assert found.as_dict()["precision"] == "float32"
    double = train(parse_relation(text), box, eps=eps, theorem=theorem)
    assert found.phi.digest() != double.phi.digest()


def test_precision_is_checked():
    with pytest.raises(InputError, match="precision: 'float16' is unknown; accepted: float64, float32"):
        train(parse_relation(GAUSSIAN), "[0,1]", eps="1e-1", precision="float16")
