"""Utilities of finite preorders, and networks that compute them."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Resource, Source, Theorem, Witness


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Identity, Inequality
    from relverify.core.symbols import N, P, i, m, runs

    # gap: the least difference of neighbouring classes under any utility with values in [0, 1]
    gap = sp.Symbol("gap", nonnegative=True)
    bound = 1 / (m - 1)
    return Formal(
        quantities=(
            Quantity(m, "number of classes of equivalent items"),
            Quantity(N, "hidden units of a ReLU network with one input that takes the utility at all items"),
            Quantity(P, "number of items, at distinct points of the line"),
            Quantity(runs, "number of maximal runs of equivalent items along the line"),
        ),
        bound=bound,
        bounded=r"\max_{u:Y\to[0,1]}\ \min_{y\prec y'}(u(y')-u(y))",
        hypotheses=(sp.Ge(m, 2, evaluate=False), "a complete preorder of finitely many items with m classes"),
        solve={
            "N": Resource(
                sp.Min(P - 1, 2 * (runs - 1)), integer=True, meaning="hidden units that suffice for exact utilities"
            )
        },
        steps=(
            Identity(
                (i + 1) / (m - 1) - i / (m - 1), "=", bound,
                "The utility rank/(m − 1) differs by this much between neighbouring classes, so by no less elsewhere.",
            ),
            Identity(
                sp.Sum(gap, (i, 1, m - 1)), "=", (m - 1) * gap,
                "Any utility climbs m − 1 steps of at least its margin, from at least 0 to at most 1.",
            ),
            Inequality(
                gap, "<=", bound,
                "So no utility with values in [0, 1] has a greater margin.",
                given=((m - 1) * gap <= 1, m >= 2),
            ),
        ),
    )  # fmt: skip


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.preorders import preorders

    return st.builds(_instance, preorders(min_classes=2, max_size=9))


def _instance(order: Any) -> Instance:
    from flint import arb

    from relverify.rigor.exact import from_fmpq

    # from all pairs of items
    u = order.utility()
    pairs = [(a, b) for a in range(order.size) for b in range(order.size) if not order.at_most(b, a)]
    margin = min(u[b] - u[a] for a, b in pairs)
    return Instance(
        values={"m": order.number_of_classes},
        observed=lambda prec: arb(margin),
        text=f"ranks={list(order.ranks)}, utility={[str(v) for v in u]}",
        exact=from_fmpq(margin),
    )


def extremal() -> Instance:
    from relverify.attention.preorders import Preorder

    return _instance(Preorder((2, 0, 1, 2, 3)))


def witness() -> Witness:
    """The utility of seven items as a network, evaluated exactly."""
    import sympy as sp

    from relverify.attention.interpolation import utility_network
    from relverify.attention.preorders import Preorder, margin
    from relverify.rigor.decide import Decision, Verdict, decide
    from relverify.rigor.exact import exact

    # points a power of two apart and four steps of utility: all slopes are float64 numbers
    points, order = [3, -2, 0, 1, 5, -1, 4], Preorder((0, 3, 1, 4, 2, 0, 3))
    network = utility_network(points, order)
    found = [network.at_exact(p)[0] for p in points]
    same = all(order.at_most(a, b) == bool(found[a] <= found[b]) for a in range(order.size) for b in range(order.size))
    stated = exact(order.number_of_classes - 1) ** -1
    represents = Decision(Verdict.REFUTED, "the network does not represent the preorder")
    return Witness(
        text=f"utility of {order.size} items in {order.number_of_classes} classes",
        predicted=THEOREM.resource("N").count(P=order.size, runs=order.runs(points)) or 0,
        built=network.hidden_units,
        decision=decide(sp.Ge(exact(margin(found)), stated, evaluate=False)) if same else represents,
        error=f"margin {margin(found)}",
        allowed=f"at least {stated}",
    )


def _unequal_steps() -> Instance:
    """Another utility of the same preorder: only equal steps have the greatest margin."""
    from flint import arb, fmpq

    from relverify.rigor.exact import from_fmpq

    utility = [fmpq(0), fmpq(1, 4), fmpq(1)]
    margin = min(b - a for a, b in zip(utility, utility[1:], strict=False))
    return Instance({"m": 3}, lambda prec: arb(margin), f"utility={utility}", from_fmpq(margin))


def _shifted(f: Formal, by: int) -> Any:
    return 1 / (f.symbol("m") - 1 + by)


THEOREM = Theorem(
    label="debreu-finite",
    title="Utility of a finite preorder",
    status="classical",
    sense="tight",
    constructive=True,
    sharp=True,
    statement=(
        "A complete preorder of finitely many items with :math:`m\\ge2` classes has the utility rank/(m − 1) "
        "in [0, 1]. Its margin :math:`1/(m-1)` is the greatest of all utilities with values in [0, 1]. At P "
        "distinct points of the line a ReLU network with :math:`\\min(P-1,2(\\mathrm{runs}-1))` hidden units "
        "and real weights takes it exactly."
    ),
    source=Source("debreu1954"),
    formal=formal,
    instances=instances,
    extremal=extremal,
    witness=witness,
    mutants=(
        Mutant("m-for-m-minus-1", "1/m", extremal, lambda f: _shifted(f, 1)),
        Mutant("one-step-less", "1/(m − 2)", extremal, lambda f: _shifted(f, -1)),
        Mutant("any-utility", "every utility has the greatest margin", _unequal_steps),
    ),
    limits=("m = 2: margin 1",),
)
