"""Utilities of preorders with a countable order-dense set."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Source, Theorem, Witness


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Identity, Inequality
    from relverify.core.symbols import i

    # strict, weak: growth of [q_i < .] and of [q_i <= .] from y to y'; rest: that of all other terms
    strict, weak, rest = sp.symbols("strict weak rest", nonnegative=True)
    first, k = sp.symbols("first k", integer=True, positive=True)
    bound = sp.Rational(1, 2) / 2**i
    return Formal(
        quantities=(Quantity(i, "index of an element q_i of the sequence with y ≼ q_i ≼ y′, counted from 1"),),
        bound=bound,
        bounded=r"u(y')-u(y),\quad y\prec y'",
        hypotheses=("≼ is a complete preorder", "y ≺ y′, and y ≼ q_i ≼ y′"),
        steps=(
            Identity(
                sp.Sum(2 ** (-k), (k, 1, first)), "=", 1 - sp.Rational(1) / 2**first,
                "The terms add up to at most 1, so u exists and lies in [0, 1].",
            ),
            Inequality(
                strict + weak, ">=", sp.Integer(1),
                "Both indicators grow with y, so neither falls. If q_i ~ y, then [q_i ≺ ·] goes from 0 to 1; if "
                "y ≺ q_i, then [q_i ≼ ·] does.",
                given=(sp.Or(strict >= 1, weak >= 1),),
            ),
            Inequality(
                bound * (strict + weak) + rest, ">=", bound,
                "The terms of the other elements do not fall either.",
                given=(strict + weak >= 1,),
            ),
        ),
    )  # fmt: skip


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.preorders import preorders

    @st.composite
    def pairs(draw: Any) -> Instance:
        order = draw(preorders(min_classes=2, max_size=7))
        sequence = draw(st.permutations(range(order.size)))
        low, high = draw(st.sampled_from(
            [(a, b) for a in range(order.size) for b in range(order.size) if order.ranks[a] < order.ranks[b]]
        ))  # fmt: skip
        return _instance(order, sequence, low, high)

    return pairs()


def _instance(order: Any, sequence: Any, low: int, high: int) -> Instance:
    from flint import arb

    from relverify.attention.preorders import countable_utility
    from relverify.rigor.exact import from_fmpq

    first = next(k for k, item in enumerate(sequence, 1) if order.at_most(low, item) and order.at_most(item, high))
    u = [countable_utility(item, sequence, order.at_most) for item in (low, high)]
    return Instance(
        values={"i": first},
        observed=lambda prec: arb(u[1] - u[0]),
        text=f"ranks={list(order.ranks)}, sequence={list(sequence)}, y={low}, y'={high}",
        exact=from_fmpq(u[1] - u[0]),
    )


def extremal() -> Instance:
    """The only element in between is equivalent to the lower item."""
    from relverify.attention.preorders import Preorder

    return _instance(Preorder((0, 1)), [0], 0, 1)


def witness() -> Witness:
    """The lexicographic order of pairs of an integer and a fraction, through a sequence of its elements."""
    from fractions import Fraction
    from itertools import product

    from flint import fmpq

    from relverify.attention.preorders import Preorder, countable_utility
    from relverify.rigor.decide import Decision, Verdict

    items = [(a, Fraction(b, c)) for a, b, c in product(range(3), range(4), (1, 2, 3))]
    utilities = [countable_utility(item, items, lambda a, b: a <= b) for item in items]
    found, wanted = Preorder.from_utility(utilities), Preorder.from_comparison(items, lambda a, b: a <= b)
    gaps = [
        (utilities[b] - utilities[a]) * fmpq(2) ** (min(a, b) + 2)
        for a, b in product(range(len(items)), repeat=2)
        if items[a] < items[b]
    ]
    verdict = Verdict.PROVED if found == wanted and min(gaps) >= 1 else Verdict.REFUTED
    return Witness(
        text="the lexicographic order of pairs, through all its elements in the order of their listing",
        predicted=wanted.number_of_classes,
        built=found.number_of_classes,
        decision=Decision(verdict, f"least difference {min(gaps)} of that stated, by exact arithmetic"),
        error=f"least difference {min(gaps)} times the bound",
        allowed="at least 1",
    )


def _half(text: str, sees: Any, sequence: tuple[int, ...]) -> Instance:
    """Two items, 0 below 1, and only one of the two indicators, doubled."""
    from flint import arb, fmpq

    from relverify.rigor.exact import from_fmpq

    u = [sum((fmpq(1, 2**k) for k, q in enumerate(sequence, 1) if sees(q, y)), fmpq(0)) for y in (0, 1)]
    grown = u[1] - u[0]
    return Instance({"i": 1}, lambda prec: arb(grown), f"ranks=[0, 1], sequence={sequence}, {text}", from_fmpq(grown))


def _one_sided() -> Instance:
    """The element is the upper item itself, which is not below it."""
    return _half("[q < y] alone", lambda q, y: q < y, (1,))


def _other_side() -> Instance:
    """The element is the lower item, which is at most both."""
    return _half("[q <= y] alone", lambda q, y: q <= y, (0,))


def _nothing_between() -> Instance:
    """A sequence with nothing between the two items is not order-dense."""
    from flint import arb

    from relverify.attention.preorders import countable_utility
    from relverify.rigor.exact import from_fmpq

    # ranks 0, 1, 2 and the sequence of the worst item: it is not between the other two
    low, high = (countable_utility(item, [0], lambda a, b: a <= b) for item in (1, 2))
    return Instance({"i": 1}, lambda prec: arb(high - low), "ranks=[0, 1, 2], sequence=[0]", from_fmpq(high - low))


THEOREM = Theorem(
    label="debreu-countable",
    title="Utility through a countable order-dense set",
    status="classical",
    sense="lower",
    constructive=True,
    sharp=True,
    statement=(
        "Let a complete preorder have a sequence :math:`q_1,q_2,\\dots` that is order-dense: whenever "
        ":math:`y\\prec y'`, some :math:`q_i` has :math:`y\\preceq q_i\\preceq y'`. Then "
        ":math:`u(y)=\\sum_i2^{-i}([q_i\\prec y]+[q_i\\preceq y])/2` is a utility with values in :math:`[0,1]`, and "
        ":math:`u(y')-u(y)\\ge2^{-i}/2`. Neither half of the sum alone is one. It is not continuous in general."
    ),
    source=Source("debreu1954"),
    formal=formal,
    instances=instances,
    extremal=extremal,
    witness=witness,
    mutants=(
        Mutant("one-sided", "u = Σ2^{−i}[q_i ≺ y] alone", _one_sided),
        Mutant("other-side", "u = Σ2^{−i}[q_i ≼ y] alone", _other_side),
        Mutant("whole-term", "2^{−i} without the half", extremal, lambda f: 2 * f.bound),
        Mutant("not-dense", "the sequence need not be order-dense", _nothing_between),
    ),
    limits=("finitely many items: debreu-finite has the greatest margin",),
)
