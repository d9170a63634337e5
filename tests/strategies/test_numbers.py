"""Exact numbers: in their intervals, and simple after shrinking."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from relverify.core.box import parse_box
from relverify.strategies.boxes import boxes
from relverify.strategies.numbers import positives, rationals

QUICK = settings(phases=(Phase.generate, Phase.shrink), database=None)


@given(st.data(), st.integers(-5, 5), st.integers(0, 5), st.integers(1, 30))
def test_rationals_lie_in_the_interval(data: st.DataObject, low: int, length: int, denominator: int) -> None:
    value = data.draw(rationals(low, low + length, denominator))
    assert isinstance(value, Fraction)
    assert low <= value <= low + length and value.denominator <= denominator


def test_the_ends_may_be_texts_and_are_attained() -> None:
    assert find(rationals("-1/3", "1/2"), lambda q: q >= Fraction(1, 2), settings=QUICK) == Fraction(1, 2)
    assert find(rationals("-1/3", "1/2"), lambda q: q <= Fraction(-1, 3), settings=QUICK) == Fraction(-1, 3)


@given(positives(3))
def test_positives_are_positive(value: Fraction) -> None:
    assert 0 < value <= 3


def test_positives_shrink_to_one() -> None:
    assert find(positives(3), lambda q: True, settings=QUICK) == 1


@given(boxes(dim=2))
def test_boxes_are_not_empty_and_read_back(box) -> None:
    assert box.dim == 2 and all(side.lo < side.hi for side in box.sides)
    assert parse_box(str(box)) == box
