"""Errors planted into the engine, one at a time: a check that holds without the error names it when it is there."""

from dataclasses import replace

import numpy as np
import pytest
from flint import arb, ctx

from relverify.certify import axis, cells, gemm, jet_functions, jets, matrix, subdivide, taylor
from relverify.certify.monomials import monomials
from relverify.certify.point import network_ball
from relverify.errors import Disagreement
from relverify.networks.mlp import MLP
from relverify.relations import parse_relation
from relverify.rigor.exact import dyadic
from relverify.rigor.kernels import Kernel
from relverify.testing import soundness

LINE = MLP(([[1.0]],), ([0.0],))
ZERO = MLP(([[0.0]],), ([0.0],))


def relation_holds(text, half=0.0, count=40):
    """Whether balls of r at points of random cells lie within its Taylor models."""
    relation, rng = parse_relation(text), np.random.default_rng(5)
    arguments = relation.x_symbols + relation.y_symbols
    centres, halves = rng.uniform(-1, 1, (2, count)), np.full((2, count), half)
    model = taylor.taylor_model(relation.expr, arguments, [*centres], [*halves])
    with ctx.workprec(200):
        for k in range(count):
            for _ in range(4):
                u = [dyadic(float(v)) for v in rng.choice([-1.0, 1.0, 0.0, rng.uniform(-1, 1)], size=2) * half]
                point = [arb(dyadic(float(c)) + d) for c, d in zip(centres[:, k], u, strict=True)]
                found = arb(float(model.value[k]))
                for i in range(2):
                    found += arb(float(model.gradient[i][k])) * arb(u[i])
                    for j in range(i, 2):
                        size = arb(float(model.hessian[i, j][k])) * arb(u[i]) * arb(u[j])
                        found += size / 2 if i == j else size
                value = soundness.reference_value(relation.expr, dict(zip(arguments, point, strict=True)))
                if abs(value - found) > arb(float(model.remainder[k])):
                    return False
    return True


def network_holds(net, lo, hi):
    """Whether balls of a one-input network lie within its Taylor model on a cell."""
    table = monomials(1)
    models = axis.taylor(net, np.array([[lo]]), np.array([[hi]]))
    centre, half = (float(v[0, 0]) for v in axis.centres(np.array([[lo]]), np.array([[hi]])))
    error = arb(float(models.error[0, 0]))
    if models.slack is not None:
        for w, slack in zip(net.weights[-1][0].tolist(), models.slack[0].tolist(), strict=True):
            error += arb(abs(w)) * arb(slack)
    with ctx.workprec(200):
        for x in np.linspace(lo, hi, 41):
            t = (arb(float(x)) - arb(centre)) / arb(half)
            found = sum(arb(float(models.coefficients[k, 0, 0])) * t ** len(word) for k, word in enumerate(table.words))
            if abs(network_ball(net, [dyadic(float(x))])[0] - found) > error:
                return False
    return True


def product_holds():
    """Whether products of one term differ from exact ones by no more than the radius."""
    rng = np.random.default_rng(0)
    a, b = rng.uniform(1, 2, (30, 1)), rng.uniform(1, 2, (1, 30))
    middle, radius = gemm.product(a, b)
    pairs = [(i, j, dyadic(float(a[i, 0])) * dyadic(float(b[0, j]))) for i in range(30) for j in range(30)]
    return all(abs(dyadic(float(middle[i, j])) - exact) <= dyadic(float(radius[i, j])) for i, j, exact in pairs)


def certificate_holds(text="x^3 + 0*y", net=ZERO):
    """Whether neither the engine nor a search contradicts the bounds of a problem whose bound is attained."""
    triple = soundness.Triple(3, parse_relation(text), net, None, "[-1,1]", "[-1,1]")
    try:
        return not soundness.check(triple, samples=500).problem
    except Disagreement:
        return False


def halved_remainder_of_a_relation(patch):
    true = taylor.taylor_model
    patch.setattr(matrix, "taylor_model", lambda *a: (m := true(*a))._replace(remainder=m.remainder / 2))


def halved_bound_of_a_pair(patch):
    true = subdivide.pair_bounds
    patch.setattr(subdivide, "pair_bounds", lambda *a: (b := true(*a))._replace(bound=b.bound / 2))


def halved_remainder_of_a_network(patch):
    true = axis._smooth
    patch.setattr(axis, "_smooth", lambda *a: (m := true(*a)) and axis.Models(m.coefficients, m.error / 2))


def derivative_range_cut(name):
    """The third derivative on a cell is taken for constant."""

    def plant(patch):
        from relverify.rigor.intervals import Intervals

        true = axis.activation

        def cut(wanted):
            found = true(wanted)

            def derivatives(z):
                values = found.derivatives(z)
                return (*values[:3], Intervals(0.5 * (values[3].lo + values[3].hi)))

            return replace(found, derivatives=derivatives)

        assert true(name).name == name
        patch.setattr(axis, "activation", cut)

    return plant


def slope_at_points_moved(patch):
    true = axis.activation

    def moved(wanted):
        found = true(wanted)

        def at_points(z):
            value, (first, error), second = found.at_points(z)
            return value, (first * (1 + 1e-9), error), second

        return replace(found, at_points=at_points)

    patch.setattr(axis, "activation", moved)


def cells_end_before_the_box(patch):
    true = matrix.side
    patch.setattr(cells, "side", lambda *a: (s := true(*a)) and replace(s, ends=s.ends * 0.9))


def ulps(name, count):
    """An elementary function is off by a few units in the last place."""

    def plant(patch):
        kernel = getattr(jet_functions, name)

        def off(x):
            found = kernel.function(x)
            shift = 1 + count * 2.0**-52
            return (found[0] * shift, found[1]) if isinstance(found, tuple) else found * shift

        patch.setattr(jet_functions, name, Kernel(off, kernel.relative))

    return plant


def terms_less_one(patch):
    patch.setattr(gemm, "gamma", lambda terms: float(arb(gemm._gamma(terms - 1)).upper()))


def rounding_of_relations_dropped(patch):
    patch.setattr(jets, "UNIT", 0.0)
    patch.setattr(jet_functions, "UNIT", 0.0)


def kink_of_a_unit_missing(patch):
    true = axis._piecewise
    patch.setattr(axis, "_piecewise", lambda slopes, *rest: true((slopes[1], slopes[1]), *rest))


def kink_of_the_relation_missing(patch):
    def smooth(lo, hi, left):
        slope, shift, radius = true(lo, hi, left)
        return slope, shift * 0.0, radius * 0.0

    true = jet_functions.kinked
    patch.setattr(jet_functions, "kinked", smooth)


SINE = MLP(([[1.0]], [[1.0]]), ([0.0], [0.0]), "sin")
TANH = MLP(([[2.0], [1.0]], [[1.0, 1.0]]), ([0.3, 0.1], [0.0]), "tanh")
RELU = MLP(([[1.0]], [[1.0]]), ([0.1], [0.0]), "relu")
PLANTS = {
    "a remainder of the relation halved": (halved_remainder_of_a_relation, certificate_holds),
    "the bound of a pair halved": (halved_bound_of_a_pair, certificate_holds),
    "a remainder of a network halved": (halved_remainder_of_a_network, lambda: network_holds(SINE, -2.5, 2.5)),
    "the range of a derivative of sine cut": (derivative_range_cut("sin"), lambda: network_holds(SINE, 0.2, 1.4)),
    "the range of a derivative of tanh cut": (derivative_range_cut("tanh"), lambda: network_holds(TANH, -0.1, 0.3)),
    "the slope of tanh at points moved": (slope_at_points_moved, lambda: network_holds(TANH, 0.3, 0.3001)),
    "cells end before the box": (cells_end_before_the_box, lambda: certificate_holds("1 - sqrt(x+1) + 0*y")),
    "exp off by 8 ulp": (ulps("EXP", 8), lambda: relation_holds("exp(x+0*y)")),
    "sin off by 8 ulp": (ulps("SIN", 8), lambda: relation_holds("sin(x)+0*y")),
    "tanh off by 8 ulp": (ulps("TANH", 8), lambda: relation_holds("tanh(x)+0*y")),
    "erf off by 8 ulp": (ulps("ERF", 8), lambda: relation_holds("erf(x)+0*y")),
    "log off by 8 ulp": (ulps("LOG", 8), lambda: relation_holds("log(2+x)+0*y")),
    "gamma of k - 1 terms": (terms_less_one, product_holds),
    "the rounding of the relation dropped": (rounding_of_relations_dropped, lambda: relation_holds("x*y + x*x*y*7")),
    "the kink of a unit missing": (kink_of_a_unit_missing, lambda: network_holds(RELU, -1.0, 1.0)),
    "the kink of the relation missing": (kink_of_the_relation_missing, lambda: relation_holds("abs(x-y)", 0.5)),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTS)
def test_the_planted_error_is_caught(name, monkeypatch):
    plant, holds = PLANTS[name]
    assert holds(), "the check fails without the error"
    plant(monkeypatch)
    assert not holds(), f"not caught: {name}"


def test_a_weight_moved_by_1e9_relative_is_caught(monkeypatch):
    """A certificate of the right network is contradicted by the moved one, at the point of its lower bound too."""
    moved = MLP(([[1.0 + 1e-9]],), ([0.0],))
    triple = soundness.Triple(0, parse_relation("x*y"), moved, None, "[-1,1]", "[-1,1]")
    assert not soundness.check(triple).problem
    true = soundness.certify
    monkeypatch.setattr(soundness, "certify", lambda relation, phi, psi, *a, **k: true(relation, LINE, psi, *a, **k))
    assert "above upper" in soundness.check(triple).problem
