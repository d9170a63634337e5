"""Exact numbers in, or an error."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from flint import arb, fmpq, fmpz
from hypothesis import example, given
from hypothesis import strategies as st

from relverify.errors import InputError
from relverify.rigor.exact import MAX_BITS, dyadic, exact, from_fmpq, plain, to_fmpq
from relverify.rigor.parse import parse_expression


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, 3),
        (-(10**40), -(10**40)),
        (Fraction(-3, 6), sp.Rational(-1, 2)),
        (fmpz(7), 7),
        (fmpq(2, 6), sp.Rational(1, 3)),
        ("1/7", sp.Rational(1, 7)),
        ("0.1", sp.Rational(1, 10)),
        ("1e-3", sp.Rational(1, 1000)),
        (" sqrt(2) ", sp.sqrt(2)),
        ("pi", sp.pi),
        ("sqrt(2)^2", 2),
        (sp.sqrt(2) / 2, sp.sqrt(2) / 2),
        (sp.exp(-1), sp.exp(-1)),
    ],
)
def test_accepted(value, expected):
    assert exact(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        0.1,
        1.0,
        float("nan"),
        float("inf"),
        np.float64(1),
        np.float32(0.5),
        np.int64(1),
        Decimal("0.1"),
        1j,
        None,
        True,
        False,
        b"1",
        [1],
        (1, 2),
        {},
        object(),
        arb(1),
        sp.Float(1),
        sp.Float("0.1") + sp.pi,
        sp.Symbol("x"),
        sp.Symbol("x", positive=True),
        sp.I,
        sp.oo,
        -sp.oo,
        sp.nan,
        sp.zoo,
        sp.sqrt(-1),
        sp.true,
        sp.S.EmptySet,
        sp.Function("f")(1),
        sp.Symbol,
        int,
        "x",
        "0.1.1",
        "",
        "1 2",
        "inf",
        "nan",
        "oo",
        "1e999",
        "True",
        "sqrt(-1)",
        "１",
    ],
)
def test_refused_in_one_line(value):
    with pytest.raises(InputError) as found:
        exact(value, "eps")
    assert str(found.value).startswith("eps: ") and "\n" not in str(found.value)


def test_every_accepted_integer_can_be_written():
    """Python refuses to write integers of more than 4300 digits, so that messages about them failed."""
    assert str(exact(2**MAX_BITS - 1))
    for long in (2**MAX_BITS, -(10**5000), Fraction(1, 10**5000)):
        with pytest.raises(InputError, match="bits"):
            exact(long)


@given(st.fractions())
def test_rationals_go_both_ways(value):
    number = fmpq(value.numerator, value.denominator)
    assert to_fmpq(value) == number == to_fmpq(f"{value}") == to_fmpq(from_fmpq(number))
    assert exact(f"{value.numerator}/{value.denominator}") == exact(value)


@pytest.mark.parametrize("value", ["sqrt(2)", "pi", sp.E])
def test_irrational_numbers_are_no_rationals(value):
    with pytest.raises(InputError, match="not rational"):
        to_fmpq(value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_are_read_exactly_where_asked(value):
    assert Fraction(int(dyadic(value).p), int(dyadic(value).q)) == Fraction(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_no_dyadic_value(value):
    with pytest.raises(InputError, match="finite"):
        dyadic(value)


@example("01")
@example("-00.5")
@given(st.from_regex(r"[-+]?[0-9]{0,4}[./]?[0-9]{0,4}\s?", fullmatch=True))
def test_the_short_way_reads_as_the_parser_does(text):
    ratio = plain(text)
    if ratio is not None:
        assert ratio[1] > 0 and parse_expression(text) == sp.Rational(*ratio)


@pytest.mark.parametrize(
    "text", ["٣", "1/٣", "1/0", "0/0", "1\n", "7" * 5000, "1/" + "7" * 5000, "0." + "7" * 5000, "", ".", "-"]
)
def test_the_short_way_leaves_odd_texts_to_the_parser(text):
    assert plain(text) is None or parse_expression(text) == sp.Rational(*plain(text))
