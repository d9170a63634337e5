"""Random networks, relations and boxes: no point contradicts a certificate."""

import time

import flint
import pytest
import sympy as sp
from flint import arb, fmpq

from relverify.activations import activations
from relverify.certify import engine
from relverify.certify.point import PointError
from relverify.networks.mlp import MLP
from relverify.relations import parse_relation
from relverify.rigor.decide import Verdict
from relverify.testing import soundness
from relverify.testing.triples import random_triple

BUDGET = 3600.0  # seconds of processor time of the long run


def test_no_point_contradicts_a_certificate():
    outcomes = [soundness.check_seed(seed, exact=seed % 10 == 0) for seed in range(60)]
    assert not [o.problem for o in outcomes if o.problem]
    # the search comes close to the bounds, so that a bound that is too small would be found
    assert sum(o.tightness > 0.9 for o in outcomes) > 40 and sum(o.bounded for o in outcomes) < 60


@pytest.mark.slow
def test_a_thousand_more():
    """The first part of ``python -m relverify.testing.soundness``, which runs ten thousand."""
    start, bad = time.process_time(), []
    for seed in range(60, 1060):
        bad += [o.problem for o in [soundness.check_seed(seed, exact=seed % 100 == 0)] if o.problem]
        assert time.process_time() - start < BUDGET, f"time budget exceeded at seed {seed}"
    assert not bad


def test_triples_are_reproducible_and_of_every_kind():
    triples = [random_triple(seed) for seed in range(300)]
    assert {len(t.relation.x_symbols) for t in triples} == {1, 2, 3}
    assert {t.phi.activation for t in triples} == set(activations())
    assert {len(t.phi.widths) for t in triples} == {0, 1, 2, 3}
    assert {t.psi is None for t in triples} == {True, False}
    assert random_triple(5).phi == triples[5].phi and str(random_triple(5)) == str(triples[5])


def test_the_reference_agrees_with_the_engine_at_points():
    point = fmpq(1, 7), fmpq(-2, 3)
    for name in sorted(activations()):
        net = MLP(([[1.5], [-0.5]], [[0.1, 0.2], [1.0, 3.0]]), ([0.1, 0.2], [0.0, -1.0]), name)
        triple = soundness.Triple(0, parse_relation("exp(x*y)^(1/3)/(1+x^2) - min(x,y)*erf(y)"), net, None, "", "")
        one, two = PointError(triple.relation, net, net).ball(point, 200), soundness.reference_error(triple, point)
        assert one.overlaps(two) and one.rad() < 1e-40 and two.rad() < 1e-40


def test_the_reference_knows_every_function():
    x = sp.Symbol("x")
    for function in soundness.FUNCTIONS:
        if not issubclass(function, sp.Add | sp.Mul | sp.Max | sp.Min):
            ball = soundness.reference_value(function(x), {x: arb("0.3")})
            with flint.ctx.workprec(100):
                exact = arb(str(sp.N(function(sp.Rational(3, 10)), 30)))
            assert abs(ball - exact) < 1e-13


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda c: {"upper": c.lower * fmpq(99, 100)}, "above upper"),
        (lambda c: {"lower": c.upper * fmpq(11, 10)}, "above the error"),
        (lambda c: {"argmax": (fmpq(9), fmpq(9))}, "outside the box"),
        (lambda c: {"verdict": Verdict.PROVED}, "proved with upper above eps"),
        (lambda c: {"verdict": Verdict.REFUTED}, "refuted with lower at most eps"),
        (lambda c: {"upper": 3 * c.upper, "verdict": None, "reason": "target met"}, "target said to be met"),
    ],
)
def test_a_wrong_certificate_is_found(monkeypatch, change, word):
    from dataclasses import replace

    triple = soundness.Triple(
        0, parse_relation("exp(-2*(x-y)^2)"), MLP(([[1.0]], [[1.0]]), ([0.0], [0.0]), "tanh"), None, "[-1,1]", "[-1,1]"
    )
    assert not soundness.check(triple).problem

    def wrong(*arguments, **options):
        found = engine.matrix_certificate(*arguments, **options)
        return replace(found, **change(found))

    monkeypatch.setattr(soundness, "certify", wrong)
    assert word in soundness.check(triple).problem


def test_the_command_counts_and_reports(capsys):
    assert soundness.main(["--count", "6", "--exact", "2"]) == 0
    assert "6 problems" in capsys.readouterr().out
