"""The largest context in which an attention head with bounded scores can select."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Resource, Source, Theorem


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Identity, Inequality
    from relverify.core.symbols import S, eps_1, n

    # v: by how much the gap of one item falls short of the oscillation; rest: the others, relative to the chosen item
    v, rest, gap = sp.symbols("v rest gap", nonnegative=True)
    j = sp.Symbol("j", integer=True, positive=True)
    decay = sp.exp(-2 * S)
    bound = 1 / (1 + (n - 1) * decay)
    return Formal(
        quantities=(
            Quantity(S, "half the oscillation of the scores, the inverse temperature included"),
            Quantity(n, "number of items"),
            Quantity(eps_1, "weight that the other items may keep"),
        ),
        bound=bound,
        bounded=r"\alpha_k=e^{s_k}/\sum_je^{s_j}",
        hypotheses=(eps_1 < 1, "|s_i − s_j| ≤ 2S for all items i, j"),
        solve={
            "n": Resource(
                1 + eps_1 * sp.exp(2 * S) / (1 - eps_1),
                integer=False,
                meaning="no larger context leaves the weight 1 − ε₁ to any item",
            )
        },
        steps=(
            Identity(
                sp.exp(-(2 * S - v)) - decay, "=", 2 * sp.exp(-2 * S + v / 2) * sp.sinh(v / 2),
                "An item whose score is 2S − v below that of item k has the relative weight exp(−(2S − v)).",
            ),
            Inequality(
                2 * sp.exp(-2 * S + v / 2) * sp.sinh(v / 2), ">=", sp.Integer(0),
                "The hyperbolic sine of a nonnegative number is nonnegative: no item has less than exp(−2S).",
            ),
            Identity(
                sp.Sum(decay, (j, 1, n - 1)), "=", (n - 1) * decay,
                "So the n − 1 other items have at least this relative weight together.",
            ),
            Inequality(
                n - 1, "<=", eps_1 / (1 - eps_1) / gap,
                "Where item k keeps 1 − ε₁, the others have at most ε₁/(1 − ε₁) relative to it: the resource form, "
                "with exp(−2S) as the number that is named gap.",
                given=((1 - eps_1) * (1 + (n - 1) * gap) <= 1, gap > 0, eps_1 < 1, n >= 1),
            ),
            Inequality(
                1 / (1 + rest), "<=", bound,
                "The weight is one over one plus the relative weight of the others.",
                given=(rest >= (n - 1) * decay, n >= 1),
            ),
        ),
    )  # fmt: skip


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.numbers import rationals

    # a random chosen item, mostly not the best one
    scores = st.lists(rationals(-4, 4), min_size=1, max_size=8)
    return st.builds(lambda s, k: _instance(s, k % len(s)), scores, st.integers(0, 7))


def _instance(scores: Any, chosen: int, S: Any = None) -> Instance:
    import sympy as sp

    from relverify.rigor.enclose import enclose
    from relverify.rigor.exact import exact

    numbers = [exact(s) for s in scores]
    weight = 1 / sum((sp.exp(s - numbers[chosen]) for s in numbers), sp.Integer(0))
    return Instance(
        values={"n": len(scores), "S": (max(numbers) - min(numbers)) / 2 if S is None else S},
        observed=lambda prec: enclose(weight, prec=prec),
        text=f"scores={[str(s) for s in scores]}, k={chosen}",
        exact=weight,
    )


def extremal() -> Instance:
    """One item at the top, all others at the bottom."""
    return _instance([1, -1, -1, -1], 0)


def _one_item_outside() -> Instance:
    """One item far below the others, which keeps almost nothing."""
    return _instance([1, 0, -20], 0, S="1/2")


THEOREM = Theorem(
    label="context-limit",
    title="Largest context of bounded scores",
    status="beyond",
    sense="upper",
    constructive=False,
    sharp=True,
    statement=(
        "If the scores of n items, the inverse temperature included, lie in an interval of length 2S, no softmax "
        "weight exceeds :math:`1/(1+(n-1)e^{-2S})`, and one item at the top of the interval with all others at the "
        "bottom attains it. So a weight of :math:`1-\\varepsilon_1` is possible for "
        ":math:`n\\le1+\\varepsilon_1e^{2S}/(1-\\varepsilon_1)` only, whatever the queries and keys are."
    ),
    source=Source("velickovic2024"),
    formal=formal,
    instances=instances,
    extremal=extremal,
    mutants=(
        Mutant("oscillation-halved", "exp(−S): the half taken for the whole", extremal,
               lambda f: f.bound.subs(f.symbol("S"), f.symbol("S") / 2)),
        Mutant("one-item-more", "n competitors", extremal, lambda f: f.bound.subs(f.symbol("n"), f.symbol("n") + 1)),
        Mutant("one-item-outside", "one item may lie outside the interval", _one_item_outside),
    ),
    limits=("S = 0: uniform weights 1/n", "n = 1: weight 1", "softmax-selection with βη = 2S: the same number"),
)  # fmt: skip
