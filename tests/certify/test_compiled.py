"""Relations compiled for certificates, and outward rounding."""

import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from relverify.certify.compiled import compiled, down, float_floor, rational_ends, up
from relverify.errors import InputError
from relverify.relations.parse import parse_relation


@given(st.fractions(), st.fractions())
@settings(max_examples=100, deadline=None)
def test_float_rounding_is_outward(a, b):
    value = fmpq(a.numerator, a.denominator)
    below = float_floor(value)
    assert fmpq(*below.as_integer_ratio()) <= value < fmpq(*np.nextafter(below, np.inf).as_integer_ratio())
    ball = arb(value).union(arb(fmpq(b.numerator, b.denominator)))
    assert fmpq(*down(ball).as_integer_ratio()) <= value <= fmpq(*up(ball).as_integer_ratio())


def test_rounding_at_the_ends_of_the_range():
    huge, tiny = arb(10) ** 400, arb(10) ** -400
    assert up(huge) == np.inf and down(huge) == np.finfo(float).max
    assert up(tiny) == 5e-324 and down(tiny) <= 0 and up(arb(0)) == down(arb(0)) == 0
    assert up(arb.nan()) == np.inf and down(arb.nan()) == -np.inf


def test_kinks_are_indeterminate_only_where_they_are():
    code = compiled(parse_relation("min(x,y)"))
    assert all(v == 0 for v in code.second(arb(0.25), arb(0.5)))
    assert not any(v.is_finite() for v in code.second(arb(0.25), arb(0.25)))
    assert all(v.is_finite() for v in code.first(arb(0.25), arb(0.25)))


def test_what_cannot_be_bounded_is_refused():
    with pytest.raises(InputError, match="rigorous"):
        compiled(parse_relation("abs(sqrt(x)-y)"))
    with pytest.raises(InputError, match="coordinates"):
        compiled(parse_relation("x1*y1 + x2*y2"))
    with pytest.raises(InputError, match="dimensions"):
        rational_ends("[0,1]^2", "x")
