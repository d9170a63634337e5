"""Intervals of proved curvature."""

from dataclasses import replace

import pytest
from flint import fmpq

from relverify.core.registry import theorem
from relverify.lower.curvature import bend, proved_bend
from relverify.relations import parse_relation
from relverify.rigor.exact import from_fmpq

GAUSSIAN = parse_relation("gaussian(ell=1/2)")


@pytest.mark.parametrize(("eps", "plain", "deep"), [("1e-1", 0, 0), ("1e-2", 2, 2), ("1e-3", 7, 3), ("1e-4", 22, 5)])
def test_gaussian(eps, plain, deep):
    found = bend(GAUSSIAN, "[0,1]")
    values = {"mu": from_fmpq(found.mu), "L": from_fmpq(found.length), "eps": eps}
    assert theorem("width-lower").resource("N").count(values) == plain
    assert theorem("width-lower-any-depth").resource("N").count(values) == deep


def test_more_curvature_is_not_proved():
    found = bend(GAUSSIAN, "[0,1]")
    assert proved_bend(GAUSSIAN, found)
    assert not proved_bend(GAUSSIAN, replace(found, mu=found.mu * fmpq(11, 10)))
    assert not proved_bend(GAUSSIAN, replace(found, lo=fmpq(0)))


@pytest.mark.parametrize("text", ["x*y", "brownian", "3"])
def test_no_curvature(text):
    assert bend(parse_relation(text), "[0,1]") is None


def test_negative_curvature_counts():
    assert bend(parse_relation("-x^2"), "[0,1]").length == 1
