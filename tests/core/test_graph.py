"""Verdicts along the graph of uses."""

from dataclasses import replace

import pytest

from relverify.core.graph import lemmas, order, propagate
from relverify.core.registry import theorem, theorems
from relverify.rigor.decide import Verdict

PROVED, REFUTED, UNDECIDED = Verdict.PROVED, Verdict.REFUTED, Verdict.UNDECIDED


def _graph(**uses):
    base = theorem("perturbation")
    return {label: replace(base, label=label, uses=tuple(used)) for label, used in uses.items()}


DIAMOND = _graph(top=["left", "right"], left=["base"], right=["base"], base=[], alone=[])


def test_premises_come_first():
    for graph in (DIAMOND, theorems()):
        labels = order(graph)
        assert sorted(labels) == sorted(graph)
        for label, record in graph.items():
            assert all(labels.index(used) < labels.index(label) for used in record.uses)


def test_circles_and_unknown_premises():
    with pytest.raises(ValueError, match=r"circle: .*a"):
        order(_graph(a=["b"], b=["c"], c=["a"]))
    with pytest.raises(ValueError, match="circle"):
        order(_graph(a=["a"]))
    with pytest.raises(ValueError, match="a uses nothing, which is not a theorem"):
        order(_graph(a=["nothing"]))


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({}, {"base": UNDECIDED, "left": UNDECIDED, "top": UNDECIDED, "alone": UNDECIDED}),
        (dict.fromkeys(DIAMOND, PROVED), dict.fromkeys(DIAMOND, PROVED)),
        ({**dict.fromkeys(DIAMOND, PROVED), "base": UNDECIDED}, {"base": UNDECIDED, "top": UNDECIDED, "alone": PROVED}),
        ({**dict.fromkeys(DIAMOND, PROVED), "base": REFUTED}, {"base": REFUTED, "left": UNDECIDED, "top": UNDECIDED}),
        ({**dict.fromkeys(DIAMOND, PROVED), "left": UNDECIDED}, {"right": PROVED, "top": UNDECIDED, "base": PROVED}),
        ({**dict.fromkeys(DIAMOND, PROVED), "top": REFUTED}, {"top": REFUTED, "left": PROVED}),
        ({**dict.fromkeys(DIAMOND, UNDECIDED), "top": REFUTED}, {"top": REFUTED}),
    ],
)
def test_a_theorem_is_as_good_as_its_premises(own, expected):
    found = propagate(DIAMOND, own)
    assert set(found) == set(DIAMOND) and expected.items() <= found.items()


def test_lemmas_of_the_premises_are_inherited():
    everything = theorems()
    for label, record in everything.items():
        for used in record.uses:
            assert set(lemmas(everything, used)) <= set(lemmas(everything, label))
    assert "cauchy-schwarz" in lemmas(everything, "perturbation")
    assert lemmas(DIAMOND, "top") == lemmas(everything, "perturbation")
