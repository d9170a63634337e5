"""Complete preorders with ties, families of them, and contexts with a margin."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from relverify.attention.preorders import Preorder, QueryPreorders
from relverify.strategies.numbers import rationals


@st.composite
def preorders(
    draw: Any, min_size: int = 1, max_size: int = 6, min_classes: int = 1, single_best: bool = False
) -> Preorder:
    """Complete preorders of a few items, with ties.

    Parameters
    ----------
    min_size, max_size : int
        Numbers of items.
    min_classes : int
        Least number of classes, at most `max_size`.
    single_best : bool
        Whether the best class has one item only.

    Returns
    -------
    SearchStrategy of Preorder
        Shrinks to few classes of items in the order of their ranks.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(preorders(min_size=2), lambda p: p.number_of_classes > 1).ranks
    (0, 1)
    """
    size = draw(st.integers(max(min_size, min_classes), max_size))
    classes = draw(st.integers(min(size, max(min_classes, 2 if single_best else 1)), size))
    # every class gets an item, the others go anywhere
    highest = max(0, classes - 2) if single_best else classes - 1
    free = [draw(st.integers(0, highest)) for _ in range(size - classes)]
    return Preorder(tuple(draw(st.permutations([*range(classes), *free]))))


@st.composite
def families(
    draw: Any, max_queries: int = 4, min_size: int = 1, max_size: int = 6, single_best: bool = False
) -> QueryPreorders:
    """Query-dependent preorders of the same items.

    Parameters
    ----------
    max_queries : int
    min_size, max_size, single_best
        See :func:`preorders`.

    Returns
    -------
    SearchStrategy of QueryPreorders
    """
    size = draw(st.integers(min_size, max_size))
    number = draw(st.integers(1, max_queries))
    one = preorders(min_size=size, max_size=size, single_best=single_best)
    return QueryPreorders(tuple(draw(one) for _ in range(number)))


@dataclass(frozen=True)
class Context:
    """Scores of which one exceeds every other by at least a margin.

    Parameters
    ----------
    scores : tuple of Fraction
    best : int
        Index of the greatest score.
    margin : Fraction
        Positive.
    beta : Fraction
        Inverse temperature, nonnegative.
    """

    scores: tuple[Fraction, ...]
    best: int
    margin: Fraction
    beta: Fraction


@st.composite
def contexts(draw: Any, min_size: int = 1, max_size: int = 6) -> Context:
    """Contexts of a few items with a margin.

    Parameters
    ----------
    min_size, max_size : int

    Returns
    -------
    SearchStrategy of Context
        Shrinks to equal gaps, where bounds are attained.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(contexts(min_size=2), lambda c: True).scores
    (Fraction(1, 1), Fraction(0, 1))
    """
    size = draw(st.integers(min_size, max_size))
    margin = draw(st.one_of(st.just(Fraction(1)), rationals("1/12", 3)))
    top = margin + draw(rationals(0, 2))
    scores = [top - margin - draw(rationals(0, 3)) for _ in range(size - 1)]
    best = draw(st.integers(0, size - 1))
    return Context((*scores[:best], top, *scores[best:]), best, margin, draw(rationals(0, 5)))


st.register_type_strategy(Preorder, preorders())
st.register_type_strategy(QueryPreorders, families())
st.register_type_strategy(Context, contexts())
