"""Drawings of certificates: the right plane, the certified bound as the scale, the worst point where it is."""

from dataclasses import replace

import numpy as np
import pytest
from flint import fmpq
from matplotlib.figure import Figure

from relverify.certify.engine import certify, matrix_certificate
from relverify.errors import InputError
from relverify.networks.construct import grid_network
from relverify.networks.mlp import MLP
from relverify.relations.parse import parse_relation

SINE = MLP(([[1.0]], [[1.0]]), ([0.0], [0.0]), "sin")


def plane(p):
    rng = np.random.default_rng(p)
    return MLP((rng.normal(size=(4, p)), rng.normal(size=(2, 4))), (rng.normal(size=4), rng.normal(size=2)), "tanh")


def worst(ax):
    (line,) = [line for line in ax.get_lines() if line.get_marker() == "o"]
    return [float(v[0]) for v in line.get_data()]


def test_one_number_each_side():
    found = certify(parse_relation("x*y"), SINE, None, "[-1,1]", "[-2,1]")
    ax = Figure().add_subplot()
    assert found.plot(points=31, ax=ax) is ax
    (image,) = ax.get_images()
    upper = int(found.upper.p) / int(found.upper.q)
    assert image.get_clim() == (-upper, upper) and image.get_extent() == [-1.0, 1.0, -2.0, 1.0]
    x, y = np.linspace(-1, 1, 31), np.linspace(-2, 1, 31)
    assert np.allclose(image.get_array(), (x[:, None] * y - np.sin(x)[:, None] * np.sin(y)).T)
    assert worst(ax) == [float(v.p) / float(v.q) for v in found.argmax]
    low, high = (float(part) for part in (ax.get_title().split()[0], ax.get_title().split()[-1]))
    assert low <= upper <= high * (1 + 1e-12)


@pytest.mark.parametrize("name", ["relu", "executed"])
def test_every_kind_of_certificate_is_drawn(name):
    if name == "relu":
        relation = parse_relation("brownian")
        found = certify(relation, grid_network(relation, "[0,1]", None, 4).phi, None, "[0,1]")
    else:
        found = certify(parse_relation("x*y"), SINE, None, "[-1,1]", semantics="float32")
    ax = found.plot(points=11)
    assert len(ax.get_images()) == 1 and len(ax.figure.axes) == 2


def test_planes_through_the_worst_point():
    relation, phi, psi = parse_relation("x1*y2 - x2*y1"), plane(2), plane(2)
    found = matrix_certificate(relation, phi, psi, "[-1,1]^2", "[0,1]x[0,2]", within="2", max_cells=20_000)
    panels = found.plot(points=9)
    assert [(a.get_xlabel(), a.get_ylabel()) for a in panels] == [("x1", "y1"), ("x2", "y2"), ("x1", "x2")]
    at = [float(v.p) / float(v.q) for v in found.argmax]
    assert [worst(a) for a in panels] == [[at[0], at[2]], [at[1], at[3]], [at[0], at[1]]]
    ax = Figure().add_subplot()
    assert found.plot(coordinates=("y2", "x1"), points=9, ax=ax) is ax
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("y2", "x1") and worst(ax) == [at[3], at[0]]
    values = ax.get_images()[0].get_array()
    x1, y2 = -0.75, 1.75  # the second from below, and the second from the right
    x, y = np.array([[x1, at[1]]]), np.array([[at[2], y2]])
    assert np.isclose(values[1, 7], x1 * y2 - at[1] * at[2] - float((phi(x) * psi(y)).sum()))


def test_unbounded_errors_are_drawn_without_a_bound():
    found = matrix_certificate(parse_relation("1/(x-y)"), SINE, None, "[0,1]", eps="10", max_cells=2000)
    ax = found.plot(points=5)
    assert found.upper is None and np.isfinite(ax.get_images()[0].get_clim()).all()
    assert ax.get_title().endswith("largest error")


def test_bad_coordinates_are_refused():
    found = certify(parse_relation("x*y"), SINE, None, "[-1,1]", eps=fmpq(1))
    for bad in (("x", "z"), ("x", "x"), ("x",)):
        with pytest.raises(InputError, match=r"coordinates: .* accepted: x, y"):
            found.plot(coordinates=bad)
    with pytest.raises(InputError, match="does not hold the networks"):
        replace(found, problem=None).plot()
