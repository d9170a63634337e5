"""Units built over units needed, for every smooth family of the catalogue."""

import pytest
import sympy as sp

from relverify.core.box import parse_box
from relverify.errors import InputError
from relverify.relations import families, parse_relation
from relverify.rigor.decide import Verdict
from relverify.testing import tightness
from relverify.testing.tightness import EPS, TITLES, catalogue, measure, table

CASES = list(catalogue())


def bends(text, box):
    """Whether the second derivatives in x are bounded and not all 0."""
    relation, sides = parse_relation(text), parse_box(box)
    if not relation.one_dimensional:
        return False
    try:
        return sp.sympify(relation.second_derivative_sup("x", sides, sides)).is_zero is not True
    except InputError:
        return False


@pytest.mark.parametrize("name", families())
def test_every_smooth_family_is_measured(name):
    family = families()[name]
    assert bool(family.measured) == bends(family.example, family.box)
    assert all(bends(one.text, one.box) and name in one.text for one in family.measured)


@pytest.mark.slow
@pytest.mark.parametrize(("text", "box"), CASES)
def test_at_most_three_times_the_units_that_are_needed(text, box):
    found = measure(text, box)
    print(" ".join(found.cells()))
    assert EPS == "1/1000" and found.built.needed >= 1
    assert found.built.certificate.verdict is Verdict.PROVED and found.built.upper <= found.built.eps
    assert found.built.needed <= found.built.N <= found.predicted
    assert found.ratio <= 3


def test_the_worst_row_ends_the_table():
    rows = [measure("gaussian(ell=1/2)", "[0,1]", "1e-1"), measure("exponential(w=2)", "[0,1]", "1e-2")]
    titles, *lines, worst = table(rows)
    assert titles == TITLES and [line[0] for line in lines] == ["gaussian(ell=1/2)", "exponential(w=2)"]
    assert lines[0][2:] == ["4", "3", "shifted values", "1", "3.00"] and "graded" in lines[1][4]
    assert worst[0] == "worst: gaussian(ell=1/2)" and worst[-1] == "3.00"
    assert list(table([])) == [TITLES]


def test_command(monkeypatch, capsys):
    monkeypatch.setattr(tightness, "catalogue", lambda: [("arc_cosine(order=1)", "[0,1]")])
    assert tightness.main() == 0
    printed = capsys.readouterr().out
    assert "12" in printed and "worst: arc_cosine(order=1)" in printed
