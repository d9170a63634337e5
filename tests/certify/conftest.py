"""Small networks and relations with their certificates, and the verdict on a changed one."""

from copy import deepcopy

import numpy as np
import pytest

from relverify.certify import checker
from relverify.certify.certificate import certificate, check_certificate, write_certificate
from relverify.certify.engine import certify
from relverify.networks.mlp import MLP
from relverify.relations.parse import parse_relation


def _network(p, name, seed, width=5):
    rng = np.random.default_rng(seed)
    weights = (rng.normal(size=(width, p)), rng.normal(size=(2, width)) / 4)
    return MLP(weights, tuple(rng.normal(size=w.shape[0]) / 2 for w in weights), name)


def _always_on(p, name, seed, width):
    """A network whose units with kinks are all on somewhere in the boxes below, so that every weight matters."""
    net = _network(p, name, seed, width)
    return MLP(net.weights, (np.abs(net.biases[0]) + 0.125, net.biases[1]), name)


def _make(text, phi, psi, box, other=None, **options):
    relation = parse_relation(text) if isinstance(text, str) else text
    within = options.pop("within", None if "eps" in options else "1.5")
    found = certify(relation, phi, psi, box, other, within=within, **options)
    return certificate(found, relation, phi, psi, box, other, within=within)


@pytest.fixture(scope="session")
def network():
    """Makes a random network of two outputs."""
    return _network


@pytest.fixture(scope="session")
def make():
    """Makes the certificate of a relation and its networks."""
    return _make


@pytest.fixture(scope="session")
def relu():
    return _make("exp(-(x-y)^2)", _always_on(1, "relu", 0, 4), _always_on(1, "leaky_relu", 1, 4), "[-1,1]", "[0,1/3]")


@pytest.fixture(scope="session")
def tanh():
    return _make("x*y/3 + cos(x)", _network(1, "tanh", 2, 3), None, "[-1,1]")


@pytest.fixture
def verdict(tmp_path):
    """Says what the checker finds in a document, which is sealed again unless one says otherwise."""

    def found(document, seal=True):
        document = deepcopy(document)
        if seal:
            document["sha256"] = checker.sealed(document)
        return check_certificate(write_certificate(tmp_path / "changed.cert", document))["verdict"]

    return found
