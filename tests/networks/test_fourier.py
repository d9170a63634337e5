"""Networks of random Fourier features, drawn by a seed and certified."""

import numpy as np
import pytest

from relverify.certify.engine import matrix_certificate
from relverify.errors import InputError
from relverify.networks.fourier import drawn_network, fourier_network, normal, student
from relverify.relations.parse import parse_relation


def test_frequencies_give_their_mean_of_cosines():
    frequencies = np.array([[1.0, -2.0], [0.5, 3.0], [0.0, 0.0]])
    net = fourier_network(frequencies, mass=2.0)
    points = np.random.default_rng(1).uniform(-1, 1, (9, 2))
    features = net(points)
    waves = 2 * np.cos((points[:, None] - points[None]) @ frequencies.T).mean(axis=2)
    assert net.hidden_units == 6 and np.abs(features @ features.T - waves).max() < 1e-14


def test_a_drawn_network_is_certified():
    relation = parse_relation("gaussian(ell=1/2)")
    net = drawn_network(normal(0.5), 400, 1, seed=3)
    assert net == drawn_network(normal(0.5), 400, 1, seed=3) != drawn_network(normal(0.5), 400, 1, seed=4)
    found = matrix_certificate(relation, net, None, "[0,1]", eps="1e-1")
    assert found.verdict == "proved"


def test_two_dimensions_are_certified():
    net = drawn_network(normal(1.0), 200, 2, seed=0)
    relation = parse_relation("exp(-((x1-y1)**2+(x2-y2)**2)/2)")
    found = matrix_certificate(relation, net, None, "[0,1]^2", eps="1e-1", time_limit=120)
    assert found.verdict == "proved"


def test_samples_have_the_moments_of_their_measure():
    generator = np.random.default_rng(0)
    assert abs(normal(0.5)(generator, 20_000, 1).std() - 2) < 0.05
    sample = student(2.5, 0.5)(generator, 20_000, 1)
    assert abs(np.median(np.abs(sample)) - 2 * 0.7267) < 0.06


def test_misuse_is_refused():
    for frequencies in (np.zeros(3), np.array([[np.nan]]), np.zeros((0, 1))):
        with pytest.raises(InputError, match="frequencies"):
            fourier_network(frequencies)
    with pytest.raises(InputError, match="mass"):
        fourier_network(np.ones((1, 1)), 0.0)
    with pytest.raises(InputError, match="out of range"):
        drawn_network(normal(1.0), 0, 1)
