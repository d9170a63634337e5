"""The steps of derivations hang together: each claim is the one that the next uses, with no further assumption."""

from __future__ import annotations

from typing import Any

import pytest
import sympy as sp
from hypothesis import Phase, find, settings

from relverify.theorems import grid_neurons, ridge_spline, softmax_selection


def test_the_steps_of_softmax_selection() -> None:
    formal = softmax_selection.THEOREM.formal()
    beta, eta, n = (formal.symbol(name) for name in ("beta", "eta", "n"))
    decay = sp.exp(-beta * eta)
    assert formal.hypotheses == (formal.symbol("eps_1") < 1, "s_k − s_j ≥ η for every j ≠ k")
    assert not formal.solve["beta"].integer
    larger_gap, not_negative, together, weight = formal.steps
    (v,) = not_negative.lhs.free_symbols - {beta, eta}
    assert larger_gap.lhs == decay - sp.exp(-beta * (eta + v)) and larger_gap.rhs == not_negative.lhs
    assert (not_negative.relation, not_negative.rhs, not_negative.given) == (">=", 0, ()) and v.is_nonnegative
    assert together.lhs.function == decay and together.lhs.limits[0][1:] == (1, n - 1)
    assert together.rhs == (n - 1) * decay
    (rest,) = weight.lhs.free_symbols
    assert weight.lhs == 1 / (1 + rest) and set(weight.given) == {rest <= together.rhs, n >= 1}
    assert weight.relation == ">=" and weight.lhs.subs(rest, together.rhs) == weight.rhs == formal.bound


def test_the_examples_of_softmax_selection() -> None:
    half = sp.Rational(1, 2)
    extremal, *_, two, missed = [m.instance() for m in softmax_selection.THEOREM.mutants]
    assert extremal.values == {"n": 5, "beta": 2, "eta": half}
    assert extremal.exact == 1 / (1 + 4 * sp.exp(-1))
    assert extremal.text == "scores=['1', '1/2', '1/2', '1/2', '1/2'], k=0"
    assert two.values == {"n": 2, "beta": 1, "eta": 1} and two.exact == 1 / (1 + sp.exp(-1))
    assert missed.values == {"n": 3, "beta": 3, "eta": 1} and missed.exact == 1 / (2 + sp.exp(-3))


def test_an_instance_of_softmax_selection_counts_all_other_items() -> None:
    found = softmax_selection._instance([0, 1, sp.Rational(1, 2)], 1, sp.Rational(1, 2), 2)
    assert found.exact == 1 / (1 + sp.exp(-2) + sp.exp(-1)) and found.values["n"] == 3


def test_the_witness_of_softmax_selection_selects_for_every_query() -> None:
    found = softmax_selection.witness()
    assert found.predicted == found.built == 8 and found.allowed == "1/100"
    assert found.text == "8 queries over 8 items with margin 1/3 at inverse temperature 19.623089997"
    assert found.error == "0.010000000 off the best item"
    assert found.decision.reason == "0.990000000000 >= 0.990000000000" and str(found.decision.verdict) == "proved"


def test_the_false_variants_of_both() -> None:
    def variants(unit: Any) -> dict[str, Any]:
        formal = unit.THEOREM.formal()
        return {m.name: m.bound(formal) / formal.bound for m in unit.THEOREM.mutants if m.bound}

    formal = softmax_selection.THEOREM.formal()
    beta, eta, n = (formal.symbol(name) for name in ("beta", "eta", "n"))
    found = {name: sp.simplify(1 / (ratio * formal.bound)) for name, ratio in variants(softmax_selection).items()}
    fewer = 1 + (n - 2) * sp.exp(-beta * eta)
    doubled = 1 + (n - 1) * sp.exp(-2 * beta * eta)
    expected = {"margin-doubled": doubled, "one-item-less": fewer, "two-items-free": fewer}
    assert set(found) == set(expected) and all(sp.simplify(found[k] - expected[k]) == 0 for k in expected)
    n = grid_neurons.THEOREM.formal().symbol("n")
    assert variants(grid_neurons) == {"eight": sp.Rational(1, 2), "cubic-rate": 1 / n}


def test_what_softmax_selection_claims() -> None:
    assert softmax_selection.THEOREM.sharp and softmax_selection.THEOREM.constructive


def test_the_steps_of_grid_neurons() -> None:
    formal = grid_neurons.THEOREM.formal()
    n, eps = formal.symbol("n"), formal.symbol("eps")
    kinks, factor, both, split, three, count, twice = formal.steps
    (error,) = three.rhs.free_symbols
    assert error.is_nonnegative
    assert three.lhs == sp.Abs(split.rhs) and three.rhs == 2 * error and three.relation == "<="
    s = next(symbol for symbol in split.lhs.free_symbols if symbol.name == "s")
    q = {symbol.name: symbol for symbol in split.rhs.free_symbols}
    chord = (1 - s) * q["r_a"] + s * q["r_b"]
    assert split.lhs == q["r"] - ((1 - s) * q["q_a"] + s * q["q_b"])
    bounded = (q["r"] - chord, q["r_a"] - q["q_a"], q["r_b"] - q["q_b"])
    assert set(three.given) == {*(sp.Abs(e) <= error for e in bounded), s >= 0, s <= 1}
    assert (count.lhs, count.relation, count.rhs) == (formal.bound, "<=", eps)
    assert count.given == (n >= formal.solve["n"].expression,) and formal.solve["n"].least == 1
    assert twice.lhs == 2 * ridge_spline.THEOREM.formal().bound and twice.rhs == formal.bound
    assert factor.lhs.args == factor.rhs.function.args[0].args[:1] + factor.rhs.function.args[1].args[:1]
    assert factor.rhs.limits[0][1:] == (1, n + 1)
    slopes = {symbol.name: symbol for symbol in kinks.lhs.free_symbols}
    step = slopes["x"] - slopes["node"]
    assert kinks.rhs == slopes["value"] + slopes["after"] * step
    assert sp.expand(kinks.lhs - slopes["value"] - slopes["after"] * step) == 0 and slopes["before"] in slopes.values()
    # the product of the network with itself: two columns of C, each linear in s and in u
    c = {symbol.name: symbol for symbol in both.lhs.free_symbols}
    hats = [(1 - c["s"]) * c[f"c_1{k}"] + c["s"] * c[f"c_2{k}"] for k in (1, 2)]
    other = [h.subs(c["s"], c["u"]) for h in hats]
    assert sp.expand(both.lhs - sum(a * b for a, b in zip(hats, other, strict=True))) == 0


def test_the_examples_of_grid_neurons() -> None:
    extremal, negative, kink, _ = [m.instance() for m in grid_neurons.THEOREM.mutants]
    assert extremal.values == {"L": 3, "M": 1, "n": 3} and extremal.exact == sp.Rational(1, 4)
    assert negative.values == {"L": 1, "M": 0, "n": 1} and negative.exact == 1 and negative.observed(64) == 1
    assert kink.values == {"L": 1, "M": 0, "n": 1} and kink.exact == sp.Rational(1, 4)
    assert kink.observed(64).contains(0.25) and extremal.observed(64).contains(0.25)


def test_an_instance_of_grid_neurons_by_hand() -> None:
    """r = x²y² on [-1, 1] with two pieces: M = 2."""
    found = grid_neurons._instance([[0, 0, 1]], -1, 2, 2)
    assert found.values == {"L": 2, "M": 2, "n": 2}
    # on a cell x²y² − xy is least where xy = 1/2
    fine, coarse = found.observed(320), found.observed(64)
    assert fine.contains(0.25) and 1e-8 < float(fine.rad()) < 1e-6 and 1e-3 < float(coarse.rad()) < 0.1
    assert found.text == "r = Σ F(x)F(y), coefficients of F [[0, 0, 1]], on [-1,1], 2 pieces"


@pytest.mark.parametrize(("pieces", "features"), [(1, 1), (3, 3)])
def test_random_instances_of_grid_neurons_are_of_every_kind(pieces: int, features: int) -> None:
    def fits(instance: Any) -> bool:
        shown, interval = instance.text.split(" on [")
        kinds = instance.values["n"], shown.count("], [") + 1
        return kinds == (pieces, features) and "-" in shown and interval.startswith("-")

    find(grid_neurons.instances(), fits, settings=settings(max_examples=500, phases=(Phase.generate,)))


def test_the_witness_of_grid_neurons() -> None:
    found = grid_neurons.witness()
    # M = 4 and L = 1: n is the ceiling of (1/2)√(4/ε) = 10
    assert found.predicted == found.built == 10 and found.allowed == "1/100" and str(found.decision.verdict) == "proved"
    assert grid_neurons.THEOREM.sharp and grid_neurons.THEOREM.constructive
    assert "on [0,1]" in found.text and "gaussian" in found.text
