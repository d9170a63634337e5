"""Every family: closed forms against branch and bound, definiteness against Gram matrices, expansions with tails."""

from __future__ import annotations

import pytest
import sympy as sp
from flint import arb, ctx, fmpq, fmpq_mat
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from relverify.core.box import Box, interval, parse_box
from relverify.core.symbols import x, y
from relverify.relations import Relation, families, parse_relation
from relverify.relations.sup import supremum
from relverify.rigor.calculus import derivative
from relverify.rigor.decide import Verdict, decide
from relverify.rigor.enclose import enclose
from relverify.rigor.exact import exact, to_fmpq
from relverify.strategies.boxes import boxes
from relverify.strategies.numbers import positives, rationals

EXPANDED = {
    family.example: family.box
    for family in families().values()
    if parse_relation(family.example).expansion(parse_box(family.box)) is not None
}


@st.composite
def members(draw) -> Relation:
    """A family with a closed form and random exact parameters."""
    number = draw(positives(3))
    other = draw(rationals(-2, 2))
    names = (
        "gaussian(ell={})", "tanh_order(c={})", "tanh_order(c=-{})", "bilinear(A={})", "exponential(w={})",
        "exponential(w=-{})", "polynomial(p=3,c={})", "polynomial(p=2)", "matern(nu=3/2,ell={})",
        "matern(nu=5/2,ell={})", "von_mises(kappa={})", "poisson(rho={}/4)", "sine(a={},b={})",
        "shifted_gaussian(ell={},s={})",
    )  # fmt: skip
    return parse_relation(draw(st.sampled_from(names)).format(number, other))


PERIODIC = [
    "arc_cosine(order=1)", "periodic_sobolev(m=2)", "periodic_sobolev(m=3)", "periodic_matern(nu=3/2,ell=1)",
    "periodic_matern(nu=5/2,ell=1/2)",
]  # fmt: skip


@pytest.mark.parametrize("text", PERIODIC)
@pytest.mark.parametrize("ends", ["[0,1]", "[-1/2,1/3]"])
def test_closed_forms_of_periodic_kernels_are_those_of_branch_and_bound(text: str, ends: str) -> None:
    relation, box = parse_relation(text), parse_box(ends)
    closed = relation.second_derivative_sup("x", box, box)
    # functions of x - y: the differences that are not negative suffice
    searched = supremum(derivative(relation.expr, x, 2).subs(y, 0), {x: interval(0, box[0].length)[0].ends})
    assert relation.sup_dxx is not None and relation.sup_dxx(box, box) == closed
    assert _holds(sp.Ge(closed, searched * sp.Rational(998, 1000), evaluate=False))
    assert _holds(sp.Le(closed, searched, evaluate=False))


def _holds(relation: sp.Basic) -> bool:
    return decide(relation).verdict is Verdict.PROVED


@settings(max_examples=25)
@given(members(), boxes(), boxes())
def test_closed_forms_are_at_least_the_supremum(relation: Relation, x_box: Box, y_box: Box) -> None:
    """Branch and bound ends within 1/1000 of a value that is taken."""
    cell = {x: x_box[0].ends, y: y_box[0].ends}
    for var, symbol in (("x", x), ("y", y)):
        closed = relation.second_derivative_sup(var, x_box, y_box)
        searched = supremum(derivative(relation.expr, symbol, 2), cell)
        assert _holds(sp.Ge(closed, searched * sp.Rational(998, 1000), evaluate=False))


@settings(max_examples=15)
@given(members(), boxes())
def test_closed_forms_are_attained_on_equal_boxes(relation: Relation, box: Box) -> None:
    searched = supremum(derivative(relation.expr, x, 2), {x: box[0].ends, y: box[0].ends})
    assert _holds(sp.Le(relation.second_derivative_sup("x", box, box), searched, evaluate=False))


@given(members(), rationals(-2, 2), rationals(-2, 2))
def test_closed_forms_are_never_below_a_value(relation: Relation, p, q) -> None:
    box = parse_box("[-2,2]")
    for var, function in (("x", relation.functions.dxx), ("y", relation.functions.dyy)):
        with ctx.workprec(128):
            value = abs(function(arb(to_fmpq(p)), arb(to_fmpq(q))))
        assert not value > enclose(relation.second_derivative_sup(var, box, box))


@pytest.mark.parametrize("name", sorted(families()))
def test_examples_read_back_with_what_is_known(name: str) -> None:
    family = families()[name]
    relation = parse_relation(family.example)
    again = parse_relation(relation.text)
    assert (again.expr, again.psd, again.name) == (relation.expr, relation.psd, relation.name)
    assert relation.psd_reason and parse_box(family.box)
    for member in family.members:
        assert parse_relation(member.text) and parse_box(member.box) and exact(member.eps) > 0


@pytest.mark.parametrize("name", sorted(families()))
def test_symmetry_agrees_with_definiteness(name: str) -> None:
    relation = parse_relation(families()[name].example)
    assert relation.symmetric or relation.psd is not True


@given(st.lists(rationals(0, 3), min_size=1, max_size=5, unique=True))
def test_brownian_gram_matrices_are_exactly_psd(points: list) -> None:
    """The determinant of min(p_i, p_j) is the product of the gaps."""
    gram = fmpq_mat([[to_fmpq(min(p, q)) for q in points] for p in points])
    ordered = [fmpq(0), *sorted(map(to_fmpq, points))]
    gaps = fmpq(1)
    for low, high in zip(ordered[:-1], ordered[1:], strict=True):
        gaps *= high - low
    assert gram.det() == gaps >= 0


def test_brownian_is_not_psd_below_zero() -> None:
    relation = parse_relation("brownian")
    assert relation.expr.subs({x: -1, y: -1}) < 0 and relation.psd_on(parse_box("[-1,1]")) is not True


@given(st.lists(st.lists(rationals(-2, 2), min_size=2, max_size=2), min_size=2, max_size=2))
def test_bilinear_definiteness_is_that_of_the_matrix(rows: list) -> None:
    (a, b), (c, d) = rows
    relation = parse_relation(f"bilinear(A=[[{a},{b}],[{c},{d}]])")
    assert relation.psd is (b == c and a >= 0 and d >= 0 and a * d >= b * c)
    assert relation.symmetric is (b == c)


def test_tanh_order_is_antisymmetric() -> None:
    relation = parse_relation("tanh_order(c=4)")
    assert relation.psd is False and sp.simplify(relation.expr + relation.swapped().expr) == 0
    assert parse_relation("tanh_order(c=0)").expr == 0


@pytest.mark.parametrize("text", sorted(EXPANDED))
def test_tails_decrease_to_zero_and_start_at_the_energy(text: str) -> None:
    expansion = parse_relation(text).expansion(parse_box(EXPANDED[text]))
    assert expansion is not None
    tails = [enclose(expansion.tail(d)) for d in range(30)]
    assert all(not later > earlier for earlier, later in zip(tails[:-1], tails[1:], strict=True))
    assert tails[0].overlaps(enclose(expansion.energy)) and tails[-1] < tails[0] / 10
    assert tails[0] > 0


def test_expansions_only_where_they_hold() -> None:
    assert parse_relation("brownian").expansion(parse_box("[1,2]")) is None
    assert parse_relation("tanh_order(c=1)").expansion(parse_box("[0,1]")) is None
    assert parse_relation("brownian + 1").expansion(parse_box("[0,1]")) is None
    assert parse_relation("brownian_bridge").expansion(parse_box("[0,2]")) is None
    assert parse_relation("arc_cosine(order=0)").expansion(parse_box("[0,4]")) is None
    assert parse_relation("periodic_sobolev(m=1)").expansion(parse_box("[0,2]")) is None
    assert parse_relation("polynomial(p=2,c=-1)").expansion(parse_box("[0,1]")) is None
    assert parse_relation("exponential(w=[[1,1],[0,1]])").expansion(parse_box("[0,1]^2")) is None


@given(rationals(-2, 2), positives(2), rationals(-3, 3))
def test_gaussian_features_follow_the_box(low, length, point) -> None:
    """The first feature at the centre of the box is one: the expansion moves with the box."""
    assume(length > 0)
    expansion = parse_relation("gaussian(ell=1)").expansion(interval(low, low + length))
    assert expansion is not None
    assert expansion.feature(1).subs(x, exact(low + length / 2)) == 1
