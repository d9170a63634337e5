"""Finite complete preorders, their utilities and margins, exactly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flint import fmpq

from relverify.errors import InputError
from relverify.rigor.exact import to_fmpq


@dataclass(frozen=True)
class Preorder:
    """A complete preorder of m items, as the rank of the class of each item.

    Parameters
    ----------
    ranks : tuple of int
        Rank of item j, from 0 (worst class) without gaps; equal ranks are ties.

    Raises
    ------
    InputError
        If there is no item, or a rank is missing.

    Examples
    --------
    >>> order = Preorder((1, 0, 2, 1))
    >>> order.classes, order.margin, order.utility()
    (((1,), (0, 3), (2,)), 1/2, [1/2, 0, 1, 1/2])
    """

    ranks: tuple[int, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.ranks, Sequence):
            raise InputError("ranks", f"{type(self.ranks).__name__} is no sequence", "a tuple of integers from 0")
        if not self.ranks:
            raise InputError("ranks", "there are no items", "one rank an item")
        if any(type(r) is not int for r in self.ranks):
            raise InputError("ranks", "a rank is not an integer", "integers from 0")
        object.__setattr__(self, "ranks", tuple(self.ranks))
        if missing := set(range(max(self.ranks) + 1)).symmetric_difference(self.ranks):
            raise InputError("ranks", f"rank {min(missing)} is negative or has no item", "ranks 0..m-1, each taken")

    @classmethod
    def from_utility(cls, values: Sequence[Any]) -> Preorder:
        """The preorder of items by exact numbers: item i is at most item j where its number is.

        Parameters
        ----------
        values : sequence of exact rational number
            One an item; ranks with gaps are accepted as well.

        Examples
        --------
        >>> Preorder.from_utility(["0.5", -3, "1/2", 7]).ranks
        (1, 0, 1, 2)
        """
        numbers = [to_fmpq(v, "values") for v in values]
        place = {number: rank for rank, number in enumerate(sorted(set(numbers)))}
        return cls(tuple(place[number] for number in numbers))

    @classmethod
    def from_comparison(cls, items: Sequence[Any], at_most: Callable[[Any, Any], bool]) -> Preorder:
        """The preorder that a comparison defines, after a check that it is one.

        Parameters
        ----------
        items : sequence
        at_most : callable
            ``at_most(a, b)`` says whether a is at most b.

        Raises
        ------
        InputError
            With a counterexample, if the comparison is not complete (of two items neither is at most the other) or
            not transitive; and if it answers other than with a truth value.

        Examples
        --------
        >>> Preorder.from_comparison(["bb", "a", "cc"], lambda a, b: len(a) <= len(b)).ranks
        (1, 0, 1)
        """
        size = len(items)
        below = [[_answer(at_most, items[i], items[j]) for j in range(size)] for i in range(size)]
        for i in range(size):
            for j in range(i, size):
                if not (below[i][j] or below[j][i]):
                    text = f"neither of the items {items[i]!r} and {items[j]!r} is at most the other"
                    raise InputError("at_most", text, "a complete preorder")
        # a complete relation is transitive exactly where the sizes of the lower sets represent it
        count = [sum(below[i][j] for i in range(size)) for j in range(size)]
        if any(below[i][j] != (count[i] <= count[j]) for i in range(size) for j in range(size)):
            a, b, c = next(
                (items[i], items[j], items[k])
                for i in range(size)
                for j in range(size)
                if below[i][j]
                for k in range(size)
                if below[j][k] and not below[i][k]
            )
            raise InputError("at_most", f"{a!r} <= {b!r} and {b!r} <= {c!r} but not {a!r} <= {c!r}", "a transitive one")
        return cls.from_utility(count)

    @classmethod
    def lexicographic(cls, *preorders: Preorder) -> Preorder:
        """The preorder of items by the first preorder, where that ties by the next, and so on.

        Parameters
        ----------
        *preorders : Preorder
            Of the same items.

        Examples
        --------
        >>> Preorder.lexicographic(Preorder((0, 1, 0)), Preorder((1, 0, 0))).ranks
        (1, 2, 0)
        """
        if not preorders or len({p.size for p in preorders}) > 1:
            raise InputError(
                "preorders", "are missing or have different numbers of items", "preorders of the same items"
            )
        keys = list(zip(*(p.ranks for p in preorders), strict=True))
        place = {key: rank for rank, key in enumerate(sorted(set(keys)))}
        return cls(tuple(place[key] for key in keys))

    @property
    def size(self) -> int:
        """Number of items."""
        return len(self.ranks)

    @property
    def number_of_classes(self) -> int:
        """Number of classes of equivalent items, m."""
        return max(self.ranks) + 1

    @property
    def classes(self) -> tuple[tuple[int, ...], ...]:
        """The items of each class, worst class first."""
        found: list[list[int]] = [[] for _ in range(self.number_of_classes)]
        for item, rank in enumerate(self.ranks):
            found[rank].append(item)
        return tuple(tuple(c) for c in found)

    @property
    def best(self) -> tuple[int, ...]:
        """The items of the best class."""
        return self.classes[-1]

    def at_most(self, i: int, j: int) -> bool:
        """Whether item i is at most item j."""
        return self.ranks[i] <= self.ranks[j]

    def utility(self) -> list[fmpq]:
        """The utility rank/(m-1) in [0, 1] of each item, with the greatest margin there is; 0 for a single class."""
        below = max(1, self.number_of_classes - 1)
        return [fmpq(rank, below) for rank in self.ranks]

    @property
    def margin(self) -> fmpq:
        """The least difference of the utilities of two classes, from all pairs of items.

        Raises
        ------
        InputError
            If there is only one class, so that nothing differs.
        """
        return margin(self.utility())

    def runs(self, points: Sequence[Any]) -> int:
        """Number of maximal runs of equivalent items, when the items stand at distinct points of the line.

        Examples
        --------
        >>> Preorder((0, 0, 1, 0)).runs([0, 1, 2, 3])
        3
        """
        ranks = [self.ranks[j] for j in sorted_points(points, self.size)]
        return 1 + sum(a != b for a, b in zip(ranks, ranks[1:], strict=False))


def _answer(at_most: Callable[[Any, Any], bool], first: Any, second: Any) -> bool:
    """A truth value of Python or numpy; text and numbers are mistakes."""
    given = at_most(first, second)
    if type(given).__name__ not in ("bool", "bool_"):
        problem = f"answers {str(given)[:40]!r} for the items {first!r} and {second!r}"
        raise InputError("at_most", problem, "True or False")
    return bool(given)


@dataclass(frozen=True)
class QueryPreorders:
    """One complete preorder of the same items for each query.

    Parameters
    ----------
    preorders : tuple of Preorder, length q

    Raises
    ------
    InputError
        If there is no query, or two preorders have different numbers of items.
    """

    preorders: tuple[Preorder, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "preorders", tuple(self.preorders))
        if not self.preorders:
            raise InputError("preorders", "there are no queries", "one preorder a query")
        if not all(isinstance(p, Preorder) for p in self.preorders):
            raise InputError("preorders", "one of them is no Preorder", "one preorder a query")
        if len({p.size for p in self.preorders}) > 1:
            raise InputError("preorders", "have different numbers of items", "the same items for every query")

    @classmethod
    def from_utility(cls, table: Sequence[Sequence[Any]]) -> QueryPreorders:
        """From exact numbers ``u(x_i, y_j)``, one row a query."""
        return cls(tuple(Preorder.from_utility(row) for row in table))

    @property
    def queries(self) -> int:
        """Number of queries, q."""
        return len(self.preorders)

    @property
    def size(self) -> int:
        """Number of items."""
        return self.preorders[0].size

    def utilities(self) -> list[list[fmpq]]:
        """The utility of every query (row) and item (column)."""
        return [p.utility() for p in self.preorders]


def margin(utility: Sequence[fmpq]) -> fmpq:
    """The least difference of two distinct values of a utility.

    Raises
    ------
    InputError
        If all values are equal.
    """
    levels = sorted(set(utility))
    if len(levels) < 2:
        raise InputError("preorder", "all items are equivalent, so there is no margin", "at least two classes")
    return min(high - low for low, high in zip(levels, levels[1:], strict=False))


def countable_utility(item: Any, sequence: Sequence[Any], at_most: Callable[[Any, Any], bool]) -> fmpq:
    """The utility ``sum_i 2**-i ([q_i < y] + [q_i <= y])/2`` of an item y through a sequence q_1, q_2, ..., exactly.

    It represents a complete preorder wherever the sequence is order-dense: between two items of which one is above the
    other, ends included, lies some q_i (*debreu-countable*). Of an infinite sequence, the first k elements give the
    utility from below, and short of it by at most ``2**-k``.

    Parameters
    ----------
    item : object
    sequence : sequence
    at_most : callable
        ``at_most(a, b)`` says whether a is at most b.

    Returns
    -------
    fmpq

    Examples
    --------
    >>> [countable_utility(word, ["b", "a"], lambda a, b: a <= b) for word in ("a", "b", "c")]
    [1/8, 1/2, 3/4]
    """
    # a complete preorder: q is below y exactly where y is not at most q
    halves = (bool(at_most(q, item)) + (not at_most(item, q)) for q in sequence)
    return sum((fmpq(h, 2 ** (k + 1)) for k, h in enumerate(halves, 1)), fmpq(0))


def sorted_points(points: Sequence[Any], size: int, argument: str = "points") -> list[int]:
    """The items in the order of their points.

    Raises
    ------
    InputError
        If there are not `size` distinct rational points.
    """
    exact = [to_fmpq(p, argument) for p in points]
    if len(exact) != size:
        raise InputError(argument, f"has {len(exact)} points for {size} items", "one point an item")
    if len(set(exact)) != size:
        raise InputError(argument, "contains a point twice", "distinct points")
    return sorted(range(size), key=lambda j: exact[j])
