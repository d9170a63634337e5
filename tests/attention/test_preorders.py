"""Finite preorders: checks, utilities, margins."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from relverify.attention.interpolation import nearest, point_network, step_network, utility_network
from relverify.attention.preorders import Preorder, QueryPreorders, countable_utility, margin, sorted_points
from relverify.errors import InputError
from relverify.strategies.numbers import rationals
from relverify.strategies.preorders import preorders


@given(preorders(max_size=7))
def test_utility_represents(order: Preorder) -> None:
    u = order.utility()
    for a, b in product(range(order.size), repeat=2):
        assert order.at_most(a, b) == (u[a] <= u[b])
    assert min(u) == 0 and max(u) in (0, 1)


@given(preorders(max_size=7, min_classes=2), st.data())
def test_no_utility_has_a_greater_margin(order: Preorder, data: st.DataObject) -> None:
    size = order.number_of_classes
    levels = data.draw(st.lists(rationals(0, 1, 1000), min_size=size, max_size=size, unique=True).map(sorted))
    other = [fmpq(*levels[rank].as_integer_ratio()) for rank in order.ranks]
    assert margin(other) <= order.margin == fmpq(1, size - 1)


@given(preorders(max_size=7))
def test_comparison_gives_the_preorder_back(order: Preorder) -> None:
    assert Preorder.from_comparison(range(order.size), order.at_most) == order


@given(st.integers(1, 4), st.data())
def test_comparison_is_accepted_exactly_where_it_is_a_complete_preorder(size: int, data: st.DataObject) -> None:
    below = [[data.draw(st.booleans()) for _ in range(size)] for _ in range(size)]
    items = range(size)
    complete = all(below[a][b] or below[b][a] for a, b in product(items, repeat=2))
    transitive = all(below[a][c] for a, b, c in product(items, repeat=3) if below[a][b] and below[b][c])
    if complete and transitive:
        found = Preorder.from_comparison(items, lambda a, b: below[a][b])
        assert all(found.at_most(a, b) == below[a][b] for a, b in product(items, repeat=2))
    else:
        with pytest.raises(InputError):
            Preorder.from_comparison(items, lambda a, b: below[a][b])


def test_counterexample_of_transitivity() -> None:
    beats = {("rock", "scissors"), ("scissors", "paper"), ("paper", "rock")}
    with pytest.raises(InputError, match="'rock' <= 'paper' and 'paper' <= 'scissors' but not 'rock' <= 'scissors'"):
        Preorder.from_comparison(["rock", "paper", "scissors"], lambda a, b: (a, b) not in beats)


@pytest.mark.parametrize("answer", [None, "no", 1, np.array([True, False]), np.array(1)])
def test_answers_that_are_no_truth_values(answer: Any) -> None:
    with pytest.raises(InputError, match=r"at_most: answers .* for the items 1 and 1; accepted: True or False"):
        Preorder.from_comparison([1, 2], lambda a, b: answer)
    assert Preorder.from_comparison([1, 2], lambda a, b: np.float64(a) <= np.float64(b)).ranks == (0, 1)


def test_arguments_of_another_kind() -> None:
    for ranks in (3, np.array([0, 1])):
        with pytest.raises(InputError, match="is no sequence"):
            Preorder(ranks)
    with pytest.raises(InputError, match="is no Preorder"):
        QueryPreorders(((0, 1),))


def test_counterexample_of_completeness() -> None:
    divides = lambda a, b: b % a == 0  # noqa: E731
    with pytest.raises(InputError, match="neither of the items 2 and 3"):
        Preorder.from_comparison([1, 2, 3, 6], divides)
    with pytest.raises(InputError, match="neither of the items 1 and 1"):
        Preorder.from_comparison([1, 2], lambda a, b: a < b)


@pytest.mark.parametrize(
    ("ranks", "said"),
    [((), "no items"), ((0, 2), "rank 1"), ((1, 2), "rank 0"), ((-1, 0), "rank -1"), ((0.0, 1), "not an integer")],
)
def test_bad_ranks(ranks: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        Preorder(ranks)


@given(preorders(min_size=5, max_size=5), preorders(min_size=5, max_size=5))
def test_lexicographic(first: Preorder, second: Preorder) -> None:
    both = Preorder.lexicographic(first, second)
    for a, b in product(range(5), repeat=2):
        later = first.ranks[a] == first.ranks[b] and second.at_most(a, b)
        assert both.at_most(a, b) == (first.ranks[a] < first.ranks[b] or later)


def test_lexicographic_needs_the_same_items() -> None:
    with pytest.raises(InputError, match="different numbers of items"):
        Preorder.lexicographic(Preorder((0,)), Preorder((0, 1)))
    with pytest.raises(InputError, match="missing"):
        Preorder.lexicographic()


@given(preorders(max_size=7), st.data())
def test_countable_utility_represents(order: Preorder, data: st.DataObject) -> None:
    sequence = data.draw(st.permutations(range(order.size)))
    u = [countable_utility(j, sequence, order.at_most) for j in range(order.size)]
    assert Preorder.from_utility(u) == order
    assert min(u) > 0 and max(u) < 1


def test_the_first_elements_of_an_infinite_sequence() -> None:
    fractions = [Fraction(p, q) for q in range(1, 12) for p in range(-3 * q, 3 * q + 1)]
    at_most = lambda a, b: a <= b  # noqa: E731
    for y in (Fraction(1, 3), Fraction(22, 7), Fraction(-5)):
        whole = countable_utility(y, fractions, at_most)
        for k in (0, 1, 5, 40):
            assert 0 <= whole - countable_utility(y, fractions[:k], at_most) <= fmpq(1, 2**k)


def test_a_class_each_is_not_enough_units() -> None:
    """The refuted claim: m - 1 hidden units for m classes. Two classes in turn at three points need two units."""
    import z3

    slope, bias, scale, offset = z3.Reals("slope bias scale offset")

    def one_unit(x: int) -> Any:
        inner = slope * x + bias
        return scale * z3.If(inner >= 0, inner, 0) + offset

    solver = z3.Solver()
    solver.add(one_unit(0) == one_unit(2), one_unit(1) > one_unit(0))
    assert solver.check() == z3.unsat
    order = Preorder((0, 1, 0))
    assert order.number_of_classes - 1 == 1
    assert utility_network([0, 1, 2], order).hidden_units == 2


def test_one_class() -> None:
    order = Preorder((0, 0, 0))
    assert order.number_of_classes == 1 and order.utility() == [0, 0, 0] and order.best == (0, 1, 2)
    with pytest.raises(InputError, match="no margin"):
        _ = order.margin
    assert utility_network([0, 1, 2], order).hidden_units == 0


def test_families() -> None:
    family = QueryPreorders.from_utility([[1, 2, 3], ["1/2", "1/2", 0]])
    assert family.utilities() == [[0, fmpq(1, 2), 1], [1, 1, 0]]
    assert (family.queries, family.size) == (2, 3)
    with pytest.raises(InputError, match="no queries"):
        QueryPreorders(())
    with pytest.raises(InputError, match="different numbers"):
        QueryPreorders((Preorder((0,)), Preorder((0, 1))))


def test_points() -> None:
    assert sorted_points(["1/2", 0, -3], 3) == [2, 1, 0]
    with pytest.raises(InputError, match="2 points for 3 items"):
        sorted_points([0, 1], 3)
    with pytest.raises(InputError, match="twice"):
        sorted_points(["1/2", "0.5"], 2)


def test_separate_continuity_is_not_enough() -> None:
    """A utility continuous in x and in y apart, whose preorders have no closed graph."""

    def bump(t: Fraction) -> Fraction:
        return max(Fraction(0), 1 - abs(t))

    def u(x: Fraction, y: Fraction) -> Fraction:
        return y if x == 0 else y - 2 * bump((y - Fraction(1, 2) - x) / x**2)

    zero = Fraction(0)
    for k in range(2, 40):
        x = Fraction(1, 2**k)
        moving = Fraction(1, 2) + x
        # 1/2 + x is below 0 for every small x > 0, but its limit 1/2 is above 0 at x = 0
        assert Preorder.from_utility([u(x, moving), u(x, zero)]).ranks == (0, 1)
    assert Preorder.from_utility([u(zero, Fraction(1, 2)), u(zero, zero)]).ranks == (1, 0)
    # continuous in x for each fixed y: constant near x = 0
    for y in (zero, Fraction(1, 2), Fraction(2, 3), Fraction(1)):
        assert all(u(Fraction(1, 2**k), y) == u(zero, y) for k in range(8, 40))


@st.composite
def valued_points(draw: Any) -> tuple[list[Fraction], list[list[fmpq]]]:
    points = draw(st.lists(rationals(-4, 4), min_size=1, max_size=6, unique=True))
    d = draw(st.integers(1, 3))
    return points, [[fmpq(draw(st.integers(-3, 3))) for _ in range(d)] for _ in points]


@given(valued_points())
def test_point_network(case: tuple[list[Fraction], list[list[fmpq]]]) -> None:
    points, values = case
    net = point_network(points, values)
    assert net.hidden_units == len(points) - 1
    for p, v in zip(points, values, strict=True):
        found = net.at_exact(fmpq(p.numerator, p.denominator))
        assert all(abs(a - b) < fmpq(1, 2**30) for a, b in zip(found, v, strict=True))


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=9))
def test_step_network_is_exact_at_integers(values: list[int]) -> None:
    net = step_network(range(len(values)), [[fmpq(v)] for v in values])
    runs = 1 + sum(a != b for a, b in pairwise(values))
    assert net.hidden_units == 2 * (runs - 1)
    assert [net.at_exact(k)[0] for k in range(len(values))] == values
    assert net.at_exact(-5)[0] == values[0] and net.at_exact(99)[0] == values[-1]


@settings(max_examples=40)
@given(preorders(max_size=9))
def test_utility_network(order: Preorder) -> None:
    points = [3 * j - 5 for j in range(order.size)]
    net = utility_network(points, order)
    assert net.hidden_units == min(order.size - 1, 2 * (order.runs(points) - 1))
    assert all(abs(net.at_exact(p)[0] - u) < fmpq(1, 2**40) for p, u in zip(points, order.utility(), strict=True))


def test_rounding_of_weights() -> None:
    assert nearest(fmpq(-1, 3), 3) == -0.375 and nearest(fmpq(1, 3)) == 1 / 3
    with pytest.raises(InputError, match="too close"):
        nearest(fmpq(10) ** 400)
