"""Training with two numbers a side: certified errors at the predicted sizes."""

import pytest

from relverify.errors import InputError
from relverify.relations import parse_relation
from relverify.rigor.exact import to_fmpq

torch = pytest.importorskip("torch", reason="needs PyTorch")

from relverify.certify.engine import certify  # noqa: E402
from relverify.networks.train import train  # noqa: E402

pytestmark = pytest.mark.torch
ORDER = parse_relation("x1*y2 - x2*y1 + sin(x1+y2)/4")
GAUSSIAN = parse_relation("exp(-((x1-y1)**2+(x2-y2)**2))")


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(
    "relation, eps, units",
    [
        (ORDER, "1e-1", 43),
        (ORDER, "3e-2", 95),
        (GAUSSIAN, "1e-1", 163),
        pytest.param(GAUSSIAN, "3e-2", 432, marks=pytest.mark.slow),
    ],
)
def test_the_predicted_size_meets_the_error(relation, eps, units, seed):
    found = train(relation, "[-1,1]^2", eps=eps, seed=seed)
    assert found.units == found.predicted == units == sum(net.hidden_units for net in (found.phi, found.psi))
    assert found.verdict == "proved" and found.certificate.upper <= to_fmpq(eps)
    assert found.error_at_start.lower > to_fmpq(eps)
    assert found.as_dict()["start"] == "output weights random by seed, knots equispaced"


def test_seeds_give_their_own_networks():
    one, two, other = (train(ORDER, "[-1,1]^2", eps="1e-1", seed=s).phi for s in (4, 4, 5))
    assert one == two != other


def test_the_certificate_holds_again_and_fails_for_a_changed_network():
    found = train(ORDER, "[-1,1]^2", eps="1e-1")
    assert certify(ORDER, found.phi, found.psi, "[-1,1]^2", eps="1e-1").verdict == "proved"
    less = found.phi.with_weights([*found.phi.weights[:-1], found.phi.weights[-1] / 2])
    assert certify(ORDER, less, found.psi, "[-1,1]^2", eps="1e-1").verdict == "refuted"


def test_too_few_units_are_refuted_and_misuse_is_refused():
    found = train(ORDER, "[-1,1]^2", eps="1e-3", units=(7, 7))
    assert found.verdict == "refuted" and found.units == 14
    for options in ({"units": 10}, {"theorem": "asymmetric"}, {"init": "random-knots"}):
        with pytest.raises(InputError):
            train(ORDER, "[-1,1]^2", eps="1e-1", **options)
