"""Softmax attention puts its weight on an item with a margin."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, FormalProof, Instance, Mutant, Quantity, Resource, Source, Theorem, Witness


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Identity, Inequality
    from relverify.core.symbols import beta, eps_1, eta, n

    # v: by how much one gap exceeds the margin; rest: the other terms of the sum, relative to the best
    v, rest = sp.symbols("v rest", nonnegative=True)
    j = sp.Symbol("j", integer=True, positive=True)
    decay = sp.exp(-beta * eta)
    bound = 1 / (1 + (n - 1) * decay)
    return Formal(
        quantities=(
            Quantity(n, "number of items"),
            Quantity(beta, "inverse temperature"),
            Quantity(eta, "margin: the score of the best item minus that of any other"),
            Quantity(eps_1, "weight that the other items may keep"),
        ),
        bound=bound,
        bounded=r"\alpha_k=e^{\beta s_k}/\sum_j e^{\beta s_j}",
        hypotheses=(eps_1 < 1, "s_k − s_j ≥ η for every j ≠ k"),
        solve={
            "beta": Resource(
                sp.log(sp.Max(1, (n - 1) * (1 - eps_1) / eps_1)) / eta,
                integer=False,
                meaning="inverse temperature that suffices for a weight of 1 − ε₁",
            )
        },
        steps=(
            Identity(
                decay - sp.exp(-beta * (eta + v)), "=", 2 * sp.exp(-beta * eta - beta * v / 2) * sp.sinh(beta * v / 2),
                "An item whose gap is η + v has the relative weight exp(−β(η + v)).",
            ),
            Inequality(
                2 * sp.exp(-beta * eta - beta * v / 2) * sp.sinh(beta * v / 2), ">=", sp.Integer(0),
                "The hyperbolic sine of a nonnegative number is nonnegative: a larger gap has a smaller weight.",
            ),
            Identity(
                sp.Sum(decay, (j, 1, n - 1)), "=", (n - 1) * decay,
                "So the n − 1 other items have at most this relative weight together.",
            ),
            Inequality(
                1 / (1 + rest), ">=", bound,
                "The weight is one over one plus the relative weight of the others.",
                given=(rest <= (n - 1) * decay, n >= 1),
            ),
        ),
    )  # fmt: skip


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.preorders import contexts

    return st.builds(lambda c: _instance(c.scores, c.best, c.margin, c.beta), contexts())


def _instance(scores: Any, best: int, margin: Any, beta: Any) -> Instance:
    import sympy as sp

    from relverify.rigor.enclose import enclose
    from relverify.rigor.exact import exact

    gaps = [exact(scores[best]) - exact(s) for j, s in enumerate(scores) if j != best]
    weight = 1 / (1 + sum((sp.exp(-exact(beta) * gap) for gap in gaps), sp.Integer(0)))
    return Instance(
        values={"n": len(scores), "beta": beta, "eta": margin},
        observed=lambda prec: enclose(weight, prec=prec),
        text=f"scores={[str(s) for s in scores]}, k={best}",
        exact=weight,
    )


def extremal() -> Instance:
    """All other items exactly a margin below."""
    from fractions import Fraction

    return _instance([1, *[Fraction(1, 2)] * 4], 0, Fraction(1, 2), 2)


def witness() -> Witness:
    """Eight queries, each with its own best item among eight, at the temperature that the theorem predicts."""
    from functools import partial

    from flint import arb, ctx, fmpq

    from relverify.attention.softmax import attention_weights
    from relverify.rigor.decide import Verdict, compare, overall

    n, eta, eps = 8, fmpq(1, 3), fmpq(1, 100)
    solved = THEOREM.resource("beta").evaluate(30, n=n, eta=eta, eps_1=eps)
    beta = solved.ends[1]
    # every other query is hardest: all competitors exactly a margin below
    table = [[eta if j == i else fmpq(-j * (i % 2), n) for j in range(n)] for i in range(n)]

    def weight_of(i: int, prec: int) -> arb:
        return attention_weights(table[i], beta, prec)[i]

    decisions = [compare(partial(weight_of, i), ">=", lambda prec: arb(1 - eps)) for i in range(n)]
    selected = sum(d.verdict is Verdict.PROVED for d in decisions)
    with ctx.workprec(64):
        weight = min((weight_of(i, 64) for i in range(n)), key=float)
    verdict = overall(d.verdict for d in decisions)
    return Witness(
        text=f"{n} queries over {n} items with margin {eta} at inverse temperature {solved.value[:12]}",
        predicted=n,
        built=selected,
        decision=next(d for d in decisions if d.verdict is verdict),
        error=f"{(1 - weight).str(8, radius=False)} off the best item",
        allowed=str(eps),
    )


def _gap_doubled(f: Formal) -> Any:
    return f.bound.subs(f.symbol("eta"), 2 * f.symbol("eta"))


def _one_item_less(f: Formal) -> Any:
    return f.bound.subs(f.symbol("n"), f.symbol("n") - 1)


def _two_items() -> Instance:
    return _instance([1, 0], 0, 1, 1)


def _margin_missed() -> Instance:
    """The margin holds against all items but one."""
    from fractions import Fraction

    scores = [Fraction(1), Fraction(0), Fraction(1)]
    return _instance(scores, 0, 1, 3)


THEOREM = Theorem(
    label="softmax-selection",
    title="Softmax selects an item with a margin",
    status="classical",
    sense="lower",
    constructive=True,
    sharp=True,
    statement=(
        "If the score of item k exceeds that of each of the :math:`n-1` others by at least :math:`\\eta>0`, "
        "its softmax weight at inverse temperature :math:`\\beta` is at least "
        ":math:`1/(1+(n-1)e^{-\\beta\\eta})`; equal gaps attain it. The weight :math:`1-\\varepsilon_1` is "
        "reached at :math:`\\beta=\\max(0,\\log((n-1)(1-\\varepsilon_1)/\\varepsilon_1)/\\eta)`."
    ),
    source=Source("boyd2004"),
    formal=formal,
    instances=instances,
    extremal=extremal,
    witness=witness,
    mutants=(
        Mutant("margin-doubled", "the margin counts twice", extremal, _gap_doubled),
        Mutant("one-item-less", "n − 2 competitors instead of n − 1", extremal, _one_item_less),
        Mutant("two-items-free", "with two items the other one is forgotten", _two_items, _one_item_less),
        Mutant("margin-of-some", "the margin need not hold against every item", _margin_missed),
    ),
    formal_proof=FormalProof("theories/Link.v", "softmax_selection_generated"),
    limits=("n = 1: weight 1", "n = 2: the logistic function of βη"),
)
