"""The independent checker: it stands alone, its enclosures hold, and errors planted in it show."""

import ast
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import flint
import numpy as np
import pytest
import sympy as sp
from flint import arb, fmpq

from relverify.activations import activations
from relverify.certify import checker
from relverify.certify.certificate import _network, relation_tape
from relverify.certify.point import PointError, network_ball
from relverify.networks.mlp import MLP
from relverify.relations.parse import parse_relation
from relverify.rigor.exact import dyadic

SOURCE = Path(checker.__file__)
TEXTS = {1: "exp(-2*(x-y)^2)*cos(x) + abs(x-y)/3", 2: "tanh(x1-y1+x2*y2)", 3: "1/(8 + x1*y1 + x2*y2 + x3*y3)"}
MORE = (
    "sqrt(2 + x*y)", "log(3 + x - y)^3", "max(x, y, x*y)", "min(x, y)/7", "erf(x*y) + atan(x - 2*y)", "sinh(x)*cosh(y)",
    "(2 + x)^(3/2)*pi", "(3 + x)^y", "tan(x*y/2)/tan(3/4 + x/4 + y/4)", "1/(2 + x*y)^2 - E^x", "(x + y)^5/9",
)  # fmt: skip


def network(p, name, seed, depth=2, scale=1.0):
    rng = np.random.default_rng(seed)
    widths = [p, 6, 5, 3] if depth == 2 else [p, *[6] * depth, 3]
    weights = tuple(rng.normal(size=(b, a)) * scale / np.sqrt(a) for a, b in zip(widths, widths[1:], strict=False))
    return MLP(weights, tuple(rng.normal(size=w.shape[0]) / 2 for w in weights), name)


def document(text, phi, psi):
    tape = relation_tape(parse_relation(text), phi.in_features, psi.in_features)
    sides = {"x": [["-2", "2"]] * phi.in_features, "y": [["-2", "2"]] * psi.in_features}
    return {"tape": tape, "phi": _network(phi), "psi": _network(psi), **sides}


def worst(text, phi, psi, width, order=3, cells=6, points=12, seed=0):
    """The largest |e| / bound over random points of random cells."""
    rng, ratio = np.random.default_rng(seed), 0.0
    relation = parse_relation(text)
    if not relation.one_dimensional or phi.in_features == 1:
        error = PointError(relation, phi, psi)
    with flint.ctx.workprec(64):
        model, _ = checker.error_model(document(text, phi, psi), order)
    count = phi.in_features + psi.in_features
    for _ in range(cells):
        lo = rng.uniform(-1, 1 - width, size=count)
        cell = tuple((float(a), float(a + width)) for a in lo)
        with flint.ctx.workprec(64):
            bound = checker.bound(model(cell), count)
        assert bound.is_finite()
        for _ in range(points):
            part = rng.choice([0.0, 1.0, rng.random()], size=count)
            point = [dyadic(min(float(a + t * (b - a)), b)) for t, (a, b) in zip(part, cell, strict=True)]
            ratio = max(ratio, float((abs(error.ball(point)) / bound).lower()))
    return ratio


def test_it_has_300_lines_and_stands_alone():
    text = SOURCE.read_text()
    assert len(text.splitlines()) <= 300
    imported = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add(node.module.split(".")[0])
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in ("eval", "exec", "compile", "__import__")
    assert imported - {"flint"} <= set(sys.stdlib_module_names)
    assert "pickle" not in imported


def test_it_loads_nothing_of_the_package():
    code = "import runpy, sys; runpy.run_path(sys.argv[1]); print(*[m for m in sys.modules if 'relverify' in m])"
    done = subprocess.run([sys.executable, "-S", "-c", code, str(SOURCE)], capture_output=True, text=True, check=False)
    if "No module named 'flint'" in done.stderr:  # -S hides the packages of a virtual environment
        done = subprocess.run([sys.executable, "-c", code, str(SOURCE)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize("name", sorted(activations()))
@pytest.mark.parametrize("width", [0.5, 1e-2])
def test_bounds_hold_for_every_activation(name, width):
    assert worst(TEXTS[1], network(1, name, 1), network(1, name, 2, depth=1), width) <= 1


@pytest.mark.parametrize("p", [2, 3])
@pytest.mark.parametrize("names", [("tanh", "relu"), ("gelu", "leaky_relu")])
@pytest.mark.parametrize("order", [1, 2, 4])
def test_bounds_hold_in_several_dimensions_and_degrees(p, names, order):
    nets = [network(p, name, seed) for seed, name in enumerate(names)]
    assert worst(TEXTS[p], *nets, 0.25, order, cells=3 if p == 2 else 1) <= 1


@pytest.mark.parametrize("text", MORE)
def test_bounds_hold_for_relations(text):
    assert worst(text, network(1, "tanh", 1), network(1, "relu", 2), 0.125) <= 1


def test_bounds_hold_without_hidden_layers_and_with_four():
    linear = MLP(([[1.5], [0.5]],), ([0.25, 0.0],))
    assert worst("x*y", linear, linear, 0.5) <= 1
    deep = network(1, "silu", 3, depth=4)
    assert worst("x*y", deep, deep, 0.25) <= 1


def test_bounds_are_sharp_on_small_cells():
    nets = network(2, "tanh", 1), network(2, "gelu", 2)
    assert worst(TEXTS[2], *nets, 1e-3) > 0.99


@pytest.mark.parametrize("name", sorted(activations()))
@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e8])
def test_values_at_points_are_those_of_the_library(name, scale):
    phi, point = network(1, name, 4, scale=scale), [fmpq(1, 3)]
    with flint.ctx.workprec(256):
        model, _ = checker.error_model(document("0*x*y", phi, phi), 0)
        found = model(((point[0], point[0]),) * 2)[0][0]
        outputs = network_ball(phi, point)
        assert found.overlaps(-sum((v * v for v in outputs), arb(0)))
        assert found.is_finite()


@pytest.mark.parametrize(("text", "point"), [("1/(x-y)", (1, 1)), ("log(x)", (0, 1)), ("sqrt(x)", (-1, 0))])
def test_where_r_is_not_defined_nothing_is_bounded(text, point):
    net = network(1, "tanh", 5)
    with flint.ctx.workprec(64):
        model, _ = checker.error_model(document(text, net, net), 3)
        cell = tuple((v - 0.25, v + 0.25) for v in map(float, point))
        assert not checker.bound(model(cell), 2).is_finite()


def test_saturated_units_are_bounded_on_wide_cells():
    for name in ("tanh", "sigmoid", "gelu", "softplus"):
        net = network(1, name, 6, scale=1e8)
        with flint.ctx.workprec(64):
            model, _ = checker.error_model(document("x*y", net, net), 3)
            assert checker.bound(model(((-1.0, 1.0), (-1.0, 1.0))), 2).is_finite()


def test_a_unit_without_a_finite_series_is_bounded_beside_others():
    """softplus(1000 x) has no finite Taylor coefficients on a wide cell; it is at most |1000 x| + 1."""
    phi = MLP(([[1000.0], [0.5]], [[2.0**-10, 1.0]]), ([0.0, 0.0], [0.0]), "softplus")
    one = MLP(([[0.0]],), ([1.0],))
    with flint.ctx.workprec(64):
        model, _ = checker.error_model(document("0*x*y", phi, one), 3)
        bound = float(checker.bound(model(((0.5, 1.0), (0.0, 0.0))), 2))
        wide = float(checker.bound(model(((-1.0, 1.0), (0.0, 0.0))), 2))
    value = 1000 / 2**10 + np.log1p(np.exp(0.5))
    assert value <= bound <= wide and value <= wide <= value + 0.1


def test_hulls_of_boxes_are_the_smallest():
    assert checker.hull([fmpq(1, 2), fmpq(3, 4)]) == (0.5, 0.75)
    lo, hi = checker.hull([fmpq(1, 3), fmpq(1, 3)])
    assert lo < Fraction(1, 3) < hi and np.nextafter(lo, 1) == hi


@pytest.mark.parametrize("planted", ["rest", "high degrees", "chord", "mixed", "slack"])
def test_planted_errors_are_caught(planted, monkeypatch):
    """Each of these makes a bound too small; random points find that."""
    case = {
        "rest": ("exp(4*x)+0*y", "identity", 0.3, 1), "high degrees": ("8*x*y*x*y", "identity", 1.5, 1),
        "chord": ("abs(x-y)", "identity", 1.0, 3), "mixed": ("x*y", "identity", 1.0, 3),
        "slack": ("0*x*y", "relu", 1.0, 3),
    }[planted]  # fmt: skip
    text, name, width, order = case
    zero = MLP(([[0.0]],), ([0.0],))
    nets = [network(1, name, 8, scale=2.0) if name == "relu" else zero] * 2
    assert worst(text, *nets, width, order, cells=8, points=40) <= 1
    source = SOURCE.read_text()
    old, new = {
        "rest": ("rest *= reach ** (order + 1)", "rest *= reach ** (order + 1) / 64"),
        "high degrees": ("sum((s[i] * sum(t[-i:], ZERO) for i in range(1, order + 1)), ZERO) * UNIT", "ZERO"),
        "chord": ("(gap + gap * UNIT, constant", "(gap, constant"),
        "mixed": ("mixed = {key: abs(v)", "mixed = {key: ZERO"),
        "slack": ("slack, rows = [row[0].rad() for", "slack, rows = [ZERO for"),
    }[planted]
    assert source.count(old) == 1
    planted_checker = type(sys)("planted")
    exec(compile(source.replace(old, new), "planted", "exec"), planted_checker.__dict__)
    monkeypatch.setattr(sys.modules[__name__], "checker", planted_checker)
    assert worst(text, *nets, width, order, cells=8, points=40) > 1


def test_relations_of_the_catalogue_have_tapes():
    for text in ("gaussian(ell=1/2)", "brownian()", "min(x,y)"):
        net = MLP(([[1.0]],), ([0.0],))
        steps = relation_tape(parse_relation(text), 1, 1)
        with flint.ctx.workprec(64):
            _, spelled = checker.error_model({**document("x", net, net), "tape": steps}, 1)
        assert sp.simplify(parse_relation(spelled).expr - parse_relation(text).expr) == 0
