"""Decimal strings on the promised side, and no further than a digit."""

from fractions import Fraction

import pytest
from flint import fmpq
from hypothesis import example, given, settings
from hypothesis import strategies as st

from relverify.rigor.decimals import decimal_string


def _fmpq(value):
    return fmpq(value.numerator, value.denominator)


_VALUES = st.one_of(
    st.fractions(),
    st.builds(lambda m, e: Fraction(m) * Fraction(10) ** e, st.integers(-(10**6), 10**6), st.integers(-60, 60)),
    st.builds(lambda e, d: Fraction(10) ** e + d * Fraction(10) ** (e - 30), st.integers(-30, 30), st.integers(-3, 3)),
)


@settings(max_examples=200)
@given(_VALUES, st.integers(1, 40))
@example(Fraction(99996, 10000), 4)
@example(Fraction(-99996, 10000), 4)
@example(Fraction(10**21), 1)
@example(Fraction(10**21 - 1), 30)
@example(Fraction(1, 10**6), 3)
@example(Fraction(1, 10**7), 3)
def test_rounding(value, digits):
    low, near, high = (decimal_string(_fmpq(value), digits, d) for d in ("down", "nearest", "up"))
    assert Fraction(low) <= value <= Fraction(high)
    for text in (low, near, high):
        assert abs(Fraction(text) - value) <= abs(value) * Fraction(10) ** (1 - digits)
        significant = text.lstrip("-").partition("e")[0].replace(".", "").strip("0")
        assert len(significant) <= digits
    assert abs(Fraction(near) - value) <= abs(value) * Fraction(10) ** (1 - digits) / 2
    if low == high:
        assert Fraction(low) == value
    assert decimal_string(-_fmpq(value), digits, "up").removeprefix("-") == low.removeprefix("-")


@given(st.integers(-(10**12), 10**12), st.integers(0, 12))
def test_short_values_are_written_out(mantissa, places):
    value = Fraction(mantissa, 10**places)
    assert {Fraction(decimal_string(_fmpq(value), 13, d)) for d in ("down", "nearest", "up")} == {value}


@pytest.mark.parametrize(
    ("value", "digits", "texts"),
    [
        (fmpq(0), 5, ("0", "0", "0")),
        (fmpq(2, 3), 1, ("0.6", "0.7", "0.7")),
        (fmpq(-2, 3), 1, ("-0.7", "-0.7", "-0.6")),
        (fmpq(999, 1000), 2, ("0.99", "1", "1")),
        (fmpq(-999, 1000), 2, ("-1", "-1", "-0.99")),
        (fmpq(10) ** 21, 3, ("1e21", "1e21", "1e21")),
        (fmpq(123456789), 3, ("123000000", "123000000", "124000000")),
        (fmpq(1, 3 * 10**9), 2, ("3.3e-10", "3.3e-10", "3.4e-10")),
        (fmpq(1, 10**6), 9, ("0.000001", "0.000001", "0.000001")),
        (fmpq(10) ** 5000 + 1, 3, ("1e5000", "1e5000", "1.01e5000")),
    ],
)
def test_examples(value, digits, texts):
    assert tuple(decimal_string(value, digits, d) for d in ("down", "nearest", "up")) == texts
