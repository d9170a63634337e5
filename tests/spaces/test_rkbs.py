"""Pairings and quotient norms: whatever the solver found, the two bounds are checked by other means."""

from __future__ import annotations

import pytest
import sympy as sp
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st

from relverify.errors import InputError
from relverify.rigor.decide import Verdict
from relverify.spaces.rkbs import conjugate, exponent, norm, pairing, quotient_norm, representer
from relverify.spaces.rkhs import gram, matrix, norm_squared
from relverify.strategies.numbers import rationals

ENTRIES = rationals(-3, 3, 6)
EXPONENTS = ["1", "11/10", "4/3", "2", "3", "8", "inf"]


def dot(u, v):
    return sum((as_fmpq(a) * as_fmpq(b) for a, b in zip(u, v, strict=True)), fmpq(0))


def as_fmpq(value):
    return value if isinstance(value, fmpq) else fmpq(int(value.numerator), int(value.denominator))


@st.composite
def functions(draw):
    size = draw(st.integers(1, 4))
    phi, psi = ([[draw(ENTRIES) for _ in range(size)] for _ in range(draw(st.integers(1, 3)))] for _ in range(2))
    mixture = [as_fmpq(draw(ENTRIES)) for _ in psi]
    w = [sum((c * as_fmpq(row[k]) for c, row in zip(mixture, psi, strict=True)), fmpq(0)) for k in range(size)]
    return phi, psi, w


@given(functions(), st.sampled_from(EXPONENTS))
def test_the_norm_lies_between_its_bounds(function, p):
    phi, psi, w = function
    values = [dot(w, row) for row in phi]
    found = quotient_norm(phi, values, psi, p)
    # the representer takes the values, and lies in the span of the rows of psi
    assert [dot(found.representer, row) for row in phi] == values
    span = matrix(psi)
    both = matrix([*[[span[i, j] for j in range(span.ncols())] for i in range(span.nrows())], found.representer])
    assert both.rank() == span.rank()
    # the bounds are close, the lower one is one, and no representer that is known is shorter
    assert found.decide_gap("1e-6").verdict is Verdict.PROVED
    assert not norm(w, exponent(p)) < found.lower()
    assert not found.upper() < found.lower()
    if p in ("1", "inf"):
        assert found.upper().overlaps(found.lower())


@given(functions())
def test_the_functional_does_not_see_what_does_not_show(function):
    phi, psi, w = function
    found = quotient_norm(phi, [dot(w, row) for row in phi], psi, 3)
    # <w, v> is the same for w and for the representer, so v is orthogonal to their difference
    assert dot(w, found.functional) == found.pairing == dot(found.representer, found.functional)


@given(functions(), st.data())
def test_the_pairing_reproduces(function, data):
    phi, psi, w = function
    f = [dot(w, row) for row in phi]
    point = data.draw(st.integers(0, len(phi) - 1))
    section = [dot(phi[point], row) for row in psi]
    assert pairing(phi, psi, f, section) == f[point]


def test_equal_networks_give_the_hilbert_space():
    phi = [[1, 2, 0], [0, 1, 1]]
    found = quotient_norm(phi, [3, 1], phi, 2)
    assert (found.upper() ** 2).overlaps(arb(norm_squared(gram(phi), [3, 1])))


def test_by_hand():
    # |w_1| + |w_2| with w_1 + 2 w_2 = 4 is least at (0, 2); max at w_1 = w_2 = 4/3
    plane = [[1, 0], [0, 1]]
    assert quotient_norm([[1, 2]], [4], plane, 1).representer == (0, 2)
    assert quotient_norm([[1, 2]], [4], plane, "inf").representer == (fmpq(4, 3), fmpq(4, 3))
    assert norm(quotient_norm([[1, 2]], [4], plane, 2).representer, sp.Integer(2)).overlaps(arb(16 / fmpq(5)).sqrt())
    # a case that a solver of linear programs got wrong
    wrong = quotient_norm([[0, 0], ["-4/3", -1]], [0, "26/15"], [["3/4", -1], [1, 3]], "inf")
    assert wrong.upper().overlaps(arb(fmpq(26, 35)))


def test_without_the_span_the_pairing_is_ill_defined():
    phi = psi = [[1, 0]]
    assert representer(phi, [0], psi) == (0, 0)
    assert pairing(phi, psi, [0], [0]) == 0
    hidden = [0, 1]
    assert dot([fmpq(v) for v in hidden], [fmpq(1), fmpq(0)]) == 0
    assert dot([fmpq(v) for v in hidden], [fmpq(v) for v in hidden]) == 1


@pytest.mark.parametrize(("p", "q"), [("1", "inf"), ("2", "2"), ("3", "3/2"), ("inf", "1"), ("4/3", "4")])
def test_conjugate(p, q):
    assert conjugate(exponent(p)) == exponent(q)


@pytest.mark.parametrize("p", ["1/2", 0, -1, "sqrt(2)", 1.5, None])
def test_refuses_exponents(p):
    with pytest.raises(InputError, match="p"):
        exponent(p)


def test_refuses_values_and_shapes():
    with pytest.raises(InputError, match="not taken"):
        representer([[1, 0], [2, 0]], [1, 1], [[1, 0]])
    with pytest.raises(InputError, match="columns"):
        representer([[1, 0]], [1], [[1]])
    with pytest.raises(InputError, match="entries"):
        representer([[1, 0]], [1, 2], [[1, 0]])
