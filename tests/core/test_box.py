"""Boxes from text."""

import pytest
import sympy as sp
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from relverify.core.box import Box, Interval, interval, parse_box
from relverify.errors import InputError


@pytest.mark.parametrize(
    ("text", "sides"),
    [
        ("[0,1]", [(0, 1)]),
        (" [ -1 , 1/2 ] ", [(-1, "1/2")]),
        ("[-1,1]^2", [(-1, 1)] * 2),
        ("[-1,1] ^ 3", [(-1, 1)] * 3),
        ("[0,1]x[-1,2]", [(0, 1), (-1, 2)]),
        ("[0,1]^2 x [0.1,1e1]", [(0, 1), (0, 1), ("1/10", 10)]),
        ("[0,1]^1", [(0, 1)]),
        ("[0,1]^16", [(0, 1)] * 16),
        ("[sqrt(4), 2^3]", [(2, 8)]),
        ("[-(1/3),(1+1)]", [("-1/3", 2)]),
    ],
)
def test_meaning(text, sides):
    box = parse_box(text)
    assert [(s.lo, s.hi) for s in box.sides] == [(sp.Rational(a), sp.Rational(b)) for a, b in sides]
    assert box.dim == len(box) == len(sides)
    assert parse_box(str(box)) == box and parse_box(box) is box


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "0,1",
        "[0,1",
        "0,1]",
        "[0;1]",
        "[0]",
        "[0,1,2]",
        "[,1]",
        "[0,]",
        "[1,0]",
        "[1,1]",
        "[0,sqrt(2)]",
        "[0,pi]",
        "[0,oo]",
        "[0,x]",
        "[0,1]^0",
        "[0,1]^17",
        "[0,1]^-1",
        "[0,1]^2^2",
        "[0,1]^",
        "[0,1]x",
        "x[0,1]",
        "[0,1][0,1]",
        "[0,1]y[0,1]",
        "[0,1]xx[0,1]",
        "[0,1]^9x[0,1]^9",
        "[[0,1]]",
        "[0,1] 2",
        "[0,9**9**9]",
        "[0,__import__('os')]",
        "[0,1/0]",
        "[0,1e9999]",
        "[nan,1]",
        "[0,1]\n[0,1]",
        "[0,1\x00]",
        pytest.param("[" * 5000, id="brackets"),
        pytest.param("[0,1]x" * 5000 + "[0,1]", id="long"),
        "[0,True]",
        None,
        1,
        ["[0,1]"],
        (0, 1),
        b"[0,1]",
        0.5,
    ],
)
def test_refused_in_one_line(text):
    with pytest.raises(InputError) as found:
        parse_box(text, "y")
    assert str(found.value).startswith("y: ") and "\n" not in str(found.value) and len(str(found.value)) < 1500


@given(st.fractions(), st.fractions())
def test_ends_are_exact(lo, hi):
    if lo < hi:
        box = interval(lo, hi)
        assert box[0].ends == (fmpq(lo.numerator, lo.denominator), fmpq(hi.numerator, hi.denominator))
        assert box[0].length == box[0].hi - box[0].lo > 0
        assert parse_box(str(box)) == box
    else:
        with pytest.raises(InputError, match="empty"):
            interval(lo, hi)


def test_floats_are_refused():
    for ends in ((0.0, 1), (0, 0.5), (None, 1)):
        with pytest.raises(InputError):
            interval(*ends)


def test_boxes_are_values():
    assert Box((Interval(sp.Integer(0), sp.Integer(1)),)) == parse_box("[0,1]")
    assert len({parse_box("[0,1]"), parse_box("[0, 1]"), parse_box("[0,2]")}) == 2


@given(st.text("[]0123456789,x^/.-e ", max_size=25))
def test_any_text_is_read_or_refused(text):
    try:
        box = parse_box(text)
    except InputError:
        return
    assert all(s.lo < s.hi and s.lo.is_Rational and s.hi.is_Rational for s in box.sides)
