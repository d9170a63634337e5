"""Attention over relations with the item that it selects."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Source, Theorem, Witness


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Identity, Inequality
    from relverify.core.symbols import M, eps_1, eps_2

    # weight: of the selected item; own, far: the distances of its relation and of another one from the wanted relation
    weight, own, far, other = sp.symbols("weight own far other", nonnegative=True)
    bound = (1 - eps_1) * eps_2 + eps_1 * M
    return Formal(
        quantities=(
            Quantity(eps_1, "weight that the other items may keep"),
            Quantity(eps_2, "error of the relation of the selected item"),
            Quantity(M, "largest distance of a computed relation from the wanted one, the best item included"),
        ),
        bound=bound,
        bounded=r"\|\sum_j\alpha_jr(x,y_j)-R(x,y_{i^*})\|",
        hypotheses=(
            sp.Le(eps_1, 1, evaluate=False),
            "the weights are nonnegative and add up to 1, and that of the best item i* is at least 1 − ε₁",
            "‖r(x, y_{i*}) − R(x, y_{i*})‖ ≤ ε₂, and ‖r(x, y_j) − R(x, y_{i*})‖ ≤ M for every item j, i* included",
        ),
        steps=(
            Inequality(
                weight * own + other * far, "<=", weight * own + (1 - weight) * M,
                "The weights add up to 1, so the distance is at most the average distance (triangle inequality); the "
                "other items have the weight 1 − α together and are at most M away.",
                given=(far <= M, other <= 1 - weight),
            ),
            Identity(
                weight * own + (1 - weight) * M, "=", M - weight * (M - own), "The average of the two distances.",
            ),
            Inequality(
                M - weight * (M - own), "<=", M - (1 - eps_1) * (M - own),
                "The best item is at most M away as well, so a smaller weight of it only moves the output further.",
                given=(own <= M, weight >= 1 - eps_1),
            ),
            Inequality(
                M - (1 - eps_1) * (M - own), "<=", bound,
                "Its own distance is at most ε₂.",
                given=(own <= eps_2, eps_1 <= 1),
            ),
        ),
    )  # fmt: skip


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.numbers import positives, rationals

    @st.composite
    def heads(draw: Any) -> Instance:
        size, length = draw(st.integers(1, 5)), draw(st.integers(1, 2))
        odds = [draw(positives(9)) for _ in range(size)]
        relations = [[draw(rationals(-3, 3)) for _ in range(length)] for _ in range(size)]
        wanted = [draw(rationals(-3, 3)) for _ in range(length)]
        return _instance(odds, relations, wanted, draw(st.integers(0, size - 1)), draw(st.booleans()))

    return heads()


def _instance(
    odds: Any, relations: Any, wanted: Any, best: int, slack: bool = False, all_items: bool = True
) -> Instance:
    """Weights proportional to positive numbers: the softmax of their logarithms."""
    import sympy as sp

    from relverify.rigor.enclose import enclose
    from relverify.rigor.exact import exact

    weights = [exact(w) / sum(exact(v) for v in odds) for w in odds]
    target = [exact(c) for c in wanted]
    rows = [[exact(c) for c in row] for row in relations]
    distances = [sp.sqrt(sum(((a - b) ** 2 for a, b in zip(row, target, strict=True)), sp.Integer(0))) for row in rows]
    mean = [sum((w * row[c] for w, row in zip(weights, rows, strict=True)), sp.Integer(0)) for c in range(len(target))]
    error = sp.sqrt(sum(((a - b) ** 2 for a, b in zip(mean, target, strict=True)), sp.Integer(0)))
    rest = 1 - weights[best]
    counted = [d for j, d in enumerate(distances) if all_items or j != best]
    largest = max(counted, key=lambda d: d**2)
    return Instance(
        values={
            "eps_1": (1 + rest) / 2 if slack or rest == 0 else rest,
            "eps_2": distances[best],
            "M": largest,
        },
        observed=lambda prec: enclose(error, prec=prec),
        text=f"weights={[str(w) for w in weights]}, r={[[str(c) for c in row] for row in rows]}, "
        f"R={[str(c) for c in target]}, i*={best}",
        exact=error,
    )


def extremal() -> Instance:
    """All other relations at one point, in the same direction as the error of the best one."""
    return _instance([6, 3, 1], [["1/10"], ["2"], ["2"]], ["0"], 0)


def witness() -> Witness:
    """A head that selects by a preorder, with relations that are off by rounding."""
    from flint import arb, ctx, fmpq

    from relverify.attention.softmax import attention_error, attention_weights
    from relverify.rigor.decide import compare
    from relverify.rigor.exact import from_fmpq

    # the wanted relations are exact thirds, the computed ones multiples of 1/64
    scores, best, beta, eps_1 = [fmpq(j % 5, 4) for j in range(9)], 4, 24, fmpq(1, 100)
    wanted = [fmpq(j * j - 7 * j, 3) for j in range(9)]
    computed = [fmpq((64 * r).floor(), 64) for r in wanted]
    distances = [abs(r - wanted[best]) for r in computed]
    allowed = THEOREM.bound.evaluate(
        30, eps_1=from_fmpq(eps_1), eps_2=from_fmpq(distances[best]), M=from_fmpq(max(distances))
    )
    with ctx.workprec(128):
        selected = sum(bool(attention_weights(scores, beta)[j] >= arb(1 - eps_1)) for j in range(9))
    rows = [[r] for r in computed]

    def error(prec: int) -> arb:
        weights = attention_weights(scores, beta, prec)
        return abs(sum((w * (row[0] - wanted[best]) for w, row in zip(weights, rows, strict=True)), arb(0)))

    return Witness(
        text="nine items, five classes, relations rounded to 1/64",
        predicted=1,
        built=selected,
        decision=compare(error, "<=", lambda prec: allowed.ball),
        error=attention_error(scores, rows, best, beta).str(8, radius=False) + " from the computed relation",
        allowed=allowed.value[:12],
    )


def _without_the_best() -> Instance:
    """All others are right by chance, and the best item, which is off, has all the weight but a little."""
    return _instance([9, 1], [["1"], ["0"]], ["0"], 0, slack=True, all_items=False)


def _weight_missed() -> Instance:
    """The weight of the best item is below 1 - eps_1."""
    from dataclasses import replace

    base = _instance([1, 1], [["0"], ["1"]], ["0"], 0)
    return replace(base, values={**base.values, "eps_1": "1/10"})


THEOREM = Theorem(
    label="relational-attention",
    title="Attention that retrieves a relation",
    status="paper",
    sense="upper",
    constructive=True,
    sharp=True,
    statement=(
        "Let attention give the best item :math:`i^*` a weight of at least :math:`1-\\varepsilon_1`, and let it "
        "average the computed relations :math:`r(x,y_j)`. If :math:`r(x,y_{i^*})` is within :math:`\\varepsilon_2` of "
        "the wanted :math:`R=R(x,y_{i^*})` and every :math:`r(x,y_j)` within M of it, the output is within "
        ":math:`(1-\\varepsilon_1)\\varepsilon_2+\\varepsilon_1M` of R. The maximum M runs over all items: without "
        ":math:`i^*` itself the bound is false."
    ),
    source=Source("altabaa2024b"),
    formal=formal,
    uses=("softmax-selection",),
    instances=instances,
    extremal=extremal,
    witness=witness,
    mutants=(
        Mutant("without-the-best", "the maximum leaves out the best item", _without_the_best),
        Mutant("weight-missed", "the best item may have less weight", _weight_missed),
        Mutant("no-spread", "the other items cost nothing", extremal,
               lambda f: (1 - f.symbol("eps_1")) * f.symbol("eps_2")),
        Mutant("error-forgotten", "the relation of the best item is exact", extremal,
               lambda f: f.symbol("eps_1") * f.symbol("M")),
    ),
    limits=("ε₁ = 0: ε₂", "ε₂ = 0: ε₁M, the error of attention-selection with M = D"),
)  # fmt: skip
