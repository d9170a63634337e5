"""The lexicographic order of a grid as one linear utility."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Resource, Source, Theorem, Witness


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Identity, Inequality
    from relverify.core.symbols import beta, eps_1, k

    # a: first coordinate; b, c: second coordinates; gap: the least difference under any utility with values in [0, 1]
    a, b, c = sp.symbols("a b c", real=True)
    gap = sp.Symbol("gap", nonnegative=True)
    bound = 1 / (k**2 - 1)
    return Formal(
        quantities=(
            Quantity(k, "points of the grid on each axis"),
            Quantity(beta, "inverse temperature"),
            Quantity(eps_1, "weight that the other items may keep"),
        ),
        bound=bound,
        bounded=r"\max_{u:Y\to[0,1]}\ \min_{y\prec y'}(u(y')-u(y))",
        hypotheses=(sp.Ge(k, 2, evaluate=False), eps_1 < 1, "the k² points of the grid in their lexicographic order"),
        solve={
            "beta": Resource(
                (k**2 - 1) * sp.log(sp.Max(1, (k**2 - 1) * (1 - eps_1) / eps_1)),
                integer=False,
                meaning="inverse temperature that selects the best of any points of the grid",
            )
        },
        steps=(
            Identity(
                ((k * a + b + 1) - (k * a + b)) * bound, "=", bound,
                "With coordinates 0, …, k − 1 the linear u = (ka + b)/(k² − 1) climbs one step inside a column,",
            ),
            Inequality(
                (k * (a + 1) + c) - (k * a + b), ">=", sp.Integer(1),
                "and at least one step from a column to the next one.",
                given=(c >= 0, b <= k - 1),
            ),
            Identity(
                (k * (k - 1) + (k - 1)) * bound, "=", sp.Integer(1), "Its greatest value is 1: k² − 1 steps.",
            ),
            Inequality(
                gap, "<=", bound,
                "No utility with values in [0, 1] climbs k² − 1 steps of more than this (debreu-finite).",
                given=((k**2 - 1) * gap <= 1, k >= 2),
            ),
        ),
    )  # fmt: skip


def instances() -> Any:
    from hypothesis import strategies as st

    return st.builds(lambda k: _instance(k, k), st.integers(2, 12))


def _instance(k: int, first: int, second: int = 1) -> Instance:
    """The margin of the linear utility with the given weights, from all pairs of points."""
    from itertools import product

    from flint import arb, fmpq

    from relverify.rigor.exact import from_fmpq

    points = list(product(range(k), repeat=2))
    top = (first + second) * (k - 1)
    u = {p: fmpq(first * p[0] + second * p[1], top) for p in points}
    least = min(u[q] - u[p] for p in points for q in points if p < q)
    return Instance(
        values={"k": k},
        observed=lambda prec: arb(least),
        text=f"{k} x {k} grid, u = ({first}a + {second}b)/{top}",
        exact=from_fmpq(least),
    )


def extremal() -> Instance:
    return _instance(4, 4)


def witness() -> Witness:
    """One linear feature that selects the best of every pair and of all points of a grid."""
    from itertools import combinations, product

    import numpy as np
    from flint import arb, ctx, fmpq

    from relverify.attention.preorders import Preorder
    from relverify.attention.softmax import attention_weights
    from relverify.networks.mlp import MLP
    from relverify.rigor.decide import Decision, Verdict

    k, eps = 4, fmpq(1, 100)
    points = list(product(range(k), repeat=2))
    # the temperature takes the factor 1/(k^2 - 1), so that the weights are exact
    network = MLP((np.array([[float(k), 1.0]]),), (np.zeros(1),))
    scores = [network.at_exact([fmpq(a), fmpq(b)])[0] for a, b in points]
    beta = THEOREM.resource("beta").evaluate(30, k=k, eps_1="1/100").ends[1] / (k**2 - 1)
    order = Preorder.from_utility(scores)
    represents = [points[c[0]] for c in order.classes] == sorted(points)
    with ctx.workprec(96):
        contexts = [*combinations(range(k * k), 2), tuple(range(k * k))]
        weights = [attention_weights([scores[j] for j in c], beta, 96)[-1] for c in contexts]
    selected = all(bool(w >= arb(1 - eps)) for w in weights)
    verdict = Verdict.PROVED if represents and selected else Verdict.REFUTED
    return Witness(
        text=f"one linear feature on the {k} x {k} grid, {len(contexts)} contexts",
        predicted=k * k,
        built=order.number_of_classes,
        decision=Decision(verdict, "the order and every weight, by exact scores", 96),
        error=f"{(1 - min(weights, key=float)).str(6, radius=False)} off the best item",
        allowed=str(eps),
    )


def _columns_collide() -> Instance:
    """The weight k - 1 in place of k: the top of a column ties with the bottom of the next."""
    return _instance(3, 2)


THEOREM = Theorem(
    label="lexicographic",
    title="Lexicographic order of a grid",
    status="classical",
    sense="tight",
    constructive=True,
    sharp=True,
    statement=(
        "The lexicographic order of :math:`[0,1]^2` has no utility, continuous or not: the intervals from "
        ":math:`u(a,0)` to :math:`u(a,1)` would be disjoint, each with a rational number of its own, but the numbers "
        "a are uncountable. On a grid of :math:`k\\times k` points, :math:`k\\ge2`, one linear unit represents it, "
        ":math:`u=(ka+b)/(k^2-1)` with coordinates :math:`0,\\dots,k-1`. Its margin :math:`1/(k^2-1)` is the greatest "
        "of all utilities with values in :math:`[0,1]`, so the inverse temperature that selects in all contexts is of "
        "the order :math:`k^2\\log k`."
    ),
    source=Source("debreu1954"),
    formal=formal,
    uses=("debreu-finite", "softmax-selection"),
    instances=instances,
    extremal=extremal,
    witness=witness,
    mutants=(
        Mutant("columns-collide", "the weight k − 1 in place of k", _columns_collide),
        Mutant("margin-of-a-column", "1/(k − 1)", extremal, lambda f: 1 / (f.symbol("k") - 1)),
        Mutant("one-class-more", "1/k²", extremal, lambda f: f.symbol("k") ** -2),
        Mutant("steep", "any weight above k − 1 has the greatest margin", lambda: _instance(3, 5)),
    ),
    limits=("k = 2: 1/3", "k → ∞: margin 0"),
)
