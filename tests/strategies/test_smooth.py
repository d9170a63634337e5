"""Relations with known bounds: never exceeded, attained where it is said, and every family is drawn."""

from __future__ import annotations

import pytest
from flint import arb, ctx
from hypothesis import Phase, find, given, settings

from relverify.relations import Relation, families, parse_relation
from relverify.rigor.enclose import enclose
from relverify.rigor.exact import to_fmpq
from relverify.strategies.numbers import rationals
from relverify.strategies.smooth import SmoothRelation, catalogue_relations, smooth_relations

QUICK = settings(phases=(Phase.generate, Phase.shrink), database=None)


@given(smooth_relations(), rationals(0, 1), rationals(0, 1))
def test_bounds_are_never_exceeded(smooth: SmoothRelation, s, t) -> None:
    p, q = (to_fmpq(box[0].lo) + to_fmpq(box[0].length) * to_fmpq(v) for box, v in ((smooth.x, s), (smooth.y, t)))
    for function, bound in ((smooth.relation.functions.dxx, smooth.M_x), (smooth.relation.functions.dyy, smooth.M_y)):
        with ctx.workprec(128):
            assert not abs(function(arb(p), arb(q))) > enclose(bound)


@settings(max_examples=30)
@given(smooth_relations().filter(lambda s: s.attained))
def test_bounds_are_attained_at_a_corner_where_it_is_said(smooth: SmoothRelation) -> None:
    corners = [(p, q) for p in smooth.x[0].ends for q in smooth.y[0].ends]
    for function, bound in ((smooth.relation.functions.dxx, smooth.M_x), (smooth.relation.functions.dyy, smooth.M_y)):
        assert any((abs(function(arb(p), arb(q))) - enclose(bound)).contains(0) for p, q in corners)


@given(smooth_relations())
def test_the_relation_states_its_bounds_on_its_boxes(smooth: SmoothRelation) -> None:
    relation = smooth.relation
    assert relation.second_derivative_sup("x", smooth.x, smooth.y) == smooth.M_x
    assert relation.second_derivative_sup("y", smooth.x, smooth.y) == smooth.M_y
    assert parse_relation(relation.text).expr == relation.expr


def test_smooth_relations_shrink_to_one_term() -> None:
    found = find(smooth_relations(), lambda s: s.M_x > 0, settings=QUICK)
    assert len(found.relation.text) <= 30


@given(catalogue_relations())
def test_members_read_back(relation: Relation) -> None:
    again = parse_relation(relation.text)
    assert (again.expr, again.psd, again.name) == (relation.expr, relation.psd, relation.name)


@pytest.mark.parametrize("name", sorted(set(families()) - {"symplectic"}))
def test_every_family_of_two_numbers_is_drawn(name: str) -> None:
    many = settings(phases=(Phase.generate,), database=None, max_examples=500)
    assert find(catalogue_relations(), lambda r: r.name == name, settings=many).one_dimensional
