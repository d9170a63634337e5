"""Pictures: float64 arrays close to the exact values."""

import math

import numpy as np
import pytest
import sympy as sp

from relverify.errors import UnknownNode
from relverify.rigor.enclose import enclose
from relverify.rigor.pictures import compile_numpy

x, y = sp.symbols("x y")
POINTS = np.linspace(-0.875, 0.875, 8)


@pytest.mark.parametrize(
    "expression",
    [
        *(f(x) for f in (sp.exp, sp.sin, sp.cos, sp.tan, sp.sinh, sp.cosh, sp.tanh, sp.asin, sp.acos, sp.atan)),
        *(f(x) for f in (sp.asinh, sp.atanh, sp.erf, sp.sign, sp.floor, sp.ceiling, sp.Heaviside, abs)),
        *(sp.log(x + 2), sp.sqrt(x + 1), x**2, x**5, (x + 2) ** sp.Rational(1, 3), x / 3 - sp.pi * sp.E, 2**x),
        *(sp.Max(x, x**2), sp.Min(x, 0, -x), 1 / (x + 3) ** 2, sp.Heaviside(x - sp.Rational(1, 8), 1)),
    ],
    ids=str,
)
def test_close_to_the_enclosure(expression):
    values = compile_numpy(expression, (x,))(POINTS)
    assert values.shape == POINTS.shape and values.dtype == np.float64
    for point, value in zip(POINTS, values, strict=True):
        assert math.isclose(value, float(enclose(expression, {x: sp.Rational(point)})), rel_tol=1e-14, abs_tol=1e-14)


def test_arrays_are_broadcast():
    function = compile_numpy(x - 2 * y, (x, y))
    grid = function(np.arange(3)[:, None], np.arange(4)[None, :])
    assert grid.shape == (3, 4) and grid[2, 3] == -4
    constant = compile_numpy(sp.pi, (x,))(POINTS)
    assert constant.shape == POINTS.shape and constant.flags.writeable
    assert compile_numpy(x + 1, (x,))(np.float64(2)).shape == ()


def test_unknown_operations():
    for bad in (sp.zeta(x), sp.Piecewise((1, x > 0), (2, True)), y, sp.Float(0.5) * x):
        with pytest.raises(UnknownNode):
            compile_numpy(bad, (x,))
