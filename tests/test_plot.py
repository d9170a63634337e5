"""Plots draw where they are told to and leave no global state behind."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure

from relverify.core.box import parse_box
from relverify.networks.mlp import MLP
from relverify.plot import error_surface, unit_counts
from relverify.relations import parse_relation

CURVES = {
    "predicted": [(1e-1, 4), (1e-2, 10), (1e-3, 32)],
    "built": [(1e-2, 8), (1e-1, 3)],
    "needed": [(1e-1, 0), (1e-2, 5)],
}
NET = MLP(([[1.0], [1.0]], [[1.0, -0.5]]), ([0.0, -0.5], [0.0]))


@pytest.fixture
def ax():
    return Figure().add_subplot()


def test_unit_counts_draw_on_the_given_axes(ax) -> None:
    assert unit_counts(CURVES, title="Units", ax=ax) is ax
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert ax.get_title() == "Units" and ax.get_xlabel() and ax.get_ylabel()
    left, right = ax.get_xlim()
    assert left > right, "smaller errors stand on the right"


def test_unit_counts_draw_sorted_points_and_leave_out_zeros(ax) -> None:
    unit_counts(CURVES, ax=ax)
    drawn = {line.get_label(): (list(line.get_xdata()), list(line.get_ydata())) for line in ax.get_lines()}
    assert list(drawn.values()) == [([1e-3, 1e-2, 1e-1], [32, 10, 4]), ([1e-2, 1e-1], [8, 3]), ([1e-2], [5])]
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend == list(drawn) and len(set(legend)) == 3


def test_the_error_surface_draws_on_the_given_axes(ax) -> None:
    relation, x, y = parse_relation("gaussian(ell=1/2)"), parse_box("[0,1]"), parse_box("[-1,2]")
    assert error_surface(relation, NET, None, x, y, points=21, title="Error", ax=ax) is ax
    (image,) = ax.get_images()
    assert image.get_extent() == [0.0, 1.0, -1.0, 2.0] and image.get_array().shape == (21, 21)
    assert ax.get_title() == "Error" and len(ax.figure.axes) == 2, "the scale of colours is drawn beside"


def test_the_error_surface_shows_the_error(ax) -> None:
    relation, box = parse_relation("x*y + x"), parse_box("[0,1]")
    error_surface(relation, NET, None, box, box, points=5, ax=ax)
    points = np.linspace(0, 1, 5)
    phi = NET(points[:, None])
    expected = points[:, None] * points + points[:, None] - phi @ phi.T
    # the first axis of an image runs upwards, along y
    np.testing.assert_allclose(np.asarray(ax.get_images()[0].get_array()), expected.T, atol=1e-15)


def test_the_certified_bound_sets_the_scale(ax) -> None:
    relation, box = parse_relation("brownian"), parse_box("[0,1]")
    error_surface(relation, NET, NET, box, box, upper=0.25, argmax=(0.5, 1.0), points=9, ax=ax)
    assert ax.get_images()[0].get_clim() == (-0.25, 0.25)
    (worst,) = ax.get_lines()
    assert (worst.get_xdata()[0], worst.get_ydata()[0]) == (0.5, 1.0)


def test_axes_are_made_where_none_are_given() -> None:
    ax = unit_counts(CURVES)
    assert ax.figure is not None and ax.get_xscale() == "log"


def test_no_state_of_pyplot() -> None:
    code = (
        "import sys; from relverify.plot import unit_counts; unit_counts({'built': [(0.1, 3)]})\n"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == "False"
