"""Strategies of preorders: what they promise, and what they shrink to."""

from __future__ import annotations

from hypothesis import find, given, settings
from hypothesis import strategies as st

from relverify.attention.preorders import Preorder, QueryPreorders
from relverify.strategies.preorders import Context, contexts, families, preorders


@given(st.data(), st.integers(1, 4), st.integers(0, 3), st.integers(1, 4))
def test_sizes(data: st.DataObject, least: int, more: int, classes: int) -> None:
    highest = max(least + more, classes)
    order = data.draw(preorders(min_size=least, max_size=highest, min_classes=classes))
    assert max(least, classes) <= order.size <= highest
    assert order.number_of_classes >= classes


@given(preorders(single_best=True))
def test_single_best(order: Preorder) -> None:
    assert len(order.best) == 1


@given(families(max_queries=3, min_size=2, max_size=4))
def test_families(family: QueryPreorders) -> None:
    assert 1 <= family.queries <= 3 and 2 <= family.size <= 4


@given(contexts())
def test_margins_hold(context: Context) -> None:
    others = [s for j, s in enumerate(context.scores) if j != context.best]
    assert context.margin > 0 and context.beta >= 0
    assert all(context.scores[context.best] - s >= context.margin for s in others)


def test_ties_and_shrinking() -> None:
    quiet = settings(database=None, max_examples=300)
    tie = find(preorders(), lambda p: p.number_of_classes < p.size, settings=quiet)
    assert tie == Preorder((0, 0))
    mixed = find(preorders(), lambda p: 1 < p.number_of_classes < p.size, settings=quiet)
    assert mixed.size == 3
    hard = find(contexts(min_size=3), lambda c: c.beta > 0, settings=quiet)
    assert hard.scores == (1, 0, 0) and hard.margin == 1
