"""Attention selects up to values that are close to the best one, which need no margin."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Resource, Source, Theorem, Witness


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Inequality
    from relverify.core.symbols import D, beta, delta, eps, eps_u, eta, n, theta

    # near, far: weights of the items within delta of the best one, itself included, and of the others
    near, far, close, away = sp.symbols("near far close away", nonnegative=True)
    odds = sp.Symbol("odds", positive=True)
    kept = 1 / (1 + (n - 1) * sp.exp(-beta * (eta - 2 * eps_u)))
    bound = delta + (D - delta) * (1 - kept)
    return Formal(
        quantities=(
            Quantity(delta, "distance from the best value within which items need no margin"),
            Quantity(D, "diameter of the values"),
            Quantity(n, "number of items in the context"),
            Quantity(beta, "inverse temperature"),
            Quantity(eta, "margin of the utility of the best item above every item whose value is farther away"),
            Quantity(eps_u, "error of the scores, up to functions of the query"),
            Quantity(eps, "error of the output that is allowed"),
            Quantity(theta, "fraction of the margin that the networks may use up"),
        ),
        bound=bound,
        bounded=r"\|\mathrm{Attn}(x)-y_{i^*}\|",
        hypotheses=(
            2 * eps_u < eta,
            theta < 1,
            sp.Le(delta, D, evaluate=False),
            delta < eps,
            "u(x, y_{i*}) − u(x, y_j) ≥ η for every item j with ‖y_j − y_{i*}‖ > δ",
            "|⟨φ(x),ψ(y)⟩ − u(x,y) − c(x)| ≤ ε_u for a function c of the query",
        ),
        solve={
            "beta": Resource(
                sp.log(sp.Max(1, (n - 1) * (D - eps) / (eps - delta))) / (eta * (1 - theta)),
                integer=False,
                meaning="inverse temperature that suffices for an error of ε > δ with ε_u = θη/2",
            )
        },
        steps=(
            Inequality(
                near * close + far * away, "<=", near * delta + far * D,
                "The output is off by at most the average distance of the values from the best one.",
                given=(close <= delta, away <= D),
            ),
            Inequality(
                delta + (D - delta) * (1 - 1 / (1 + (n - 1) / odds)), "<=", eps,
                "At the stated temperature exp(β(1 − θ)η) is at least (n − 1)(D − ε)/(ε − δ), which keeps the error at "
                "ε.",
                given=(odds >= (n - 1) * (D - eps) / (eps - delta), eps > delta, delta <= D, n >= 1),
            ),
            Inequality(
                near * delta + far * D, "<=", bound,
                "The near items keep what the far ones leave. At most n − 1 items are far, each with the margin "
                "η − 2ε_u by approximate-margin, and near ones only add to the weight against them: softmax-selection.",
                given=(sp.Eq(near, 1 - far), far <= 1 - kept, delta <= D, n >= 1),
            ),
        ),
    )  # fmt: skip


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.numbers import rationals

    @st.composite
    def heads(draw: Any) -> Instance:
        size, delta = draw(st.integers(2, 6)), draw(rationals("1/12", 1))
        eta, eps_u = draw(rationals("1/2", 2)), draw(rationals(0, "1/6"))
        best = draw(rationals(-1, 1))
        values, utilities = [best], [eta]
        for _ in range(size - 1):
            close = draw(st.booleans())
            side = draw(st.sampled_from([-1, 1]))
            values.append(
                best + side * (delta * draw(rationals(0, 1)) if close else delta + draw(rationals("1/12", 2)))
            )
            utilities.append((eta if close else 0) - draw(rationals("1/12", 1)))
        errors = [eps_u * draw(rationals("-5/6", "5/6")) for _ in values]
        scores = [u + e for u, e in zip(utilities, errors, strict=True)]
        return _instance(scores, values, draw(rationals("1/4", 5)), eta, eps_u, delta)

    return heads()


def _instance(scores: Any, values: Any, beta: Any, eta: Any, eps_u: Any, delta: Any, closed: Any = None) -> Instance:
    """The best item is the first."""
    from relverify.attention.softmax import attention_error
    from relverify.rigor.exact import from_fmpq, to_fmpq

    rows = [[to_fmpq(v)] for v in values]
    spread = max(r[0] for r in rows) - min(r[0] for r in rows)
    near = to_fmpq(delta)
    return Instance(
        values={
            "delta": from_fmpq(near), "D": from_fmpq(max(spread, near)), "n": len(rows), "beta": beta, "eta": eta,
            "eps_u": eps_u,
        },
        observed=lambda prec: attention_error(scores, rows, 0, beta, prec),
        text=f"scores={[str(s) for s in scores]}, values={[str(v) for v in values]}, best=0, delta={delta}",
        exact=closed,
    )  # fmt: skip


def extremal() -> Instance:
    """Nothing is near but the bound allows for it: with delta = 0 all other values are a diameter away."""
    import sympy as sp

    closed = 2 * (1 - 1 / (1 + 3 * sp.exp(-sp.Rational(3, 2))))
    return _instance(["7/8", *["1/8"] * 3], [1, -1, -1, -1], 2, 1, "1/8", 0, closed)


def witness() -> Witness:
    """Networks for u = -(x - y)² with 512 items: the items near the best one have no proved gap, and need none."""
    from flint import fmpq

    from relverify.attention.retrieval import retriever

    built = retriever("-(x-y)**2", "[0,1]", n=512, gamma="1/10", eps="1/10")
    # two items beside the query, on both sides of it, and 510 others
    items = [fmpq(1, 2), fmpq(501, 1000), *(fmpq(j, 1530) for j in range(510))]
    decision = built.decide("5003/10000", items)
    error = built.error(fmpq(5003, 10000), items, 0)
    return Witness(
        text=f"512 items, no margin within {float(built.near.p) / float(built.near.q):.4g} of the best one",
        predicted=built.predicted,
        built=built.hidden_units,
        decision=decision,
        error=error.str(8, radius=False),
        allowed="1/10",
    )


def _many_near() -> Instance:
    """Two items at delta with the utility of the best one, against a bound without delta."""
    return _instance([1, 1, 1, 0], [0, "1/2", "1/2", 2], 4, 1, 0, "1/2")


def _far_tie() -> Instance:
    """A far item with no margin."""
    return _instance([1, 1], [0, 2], 4, 1, 0, "1/2")


THEOREM = Theorem(
    label="attention-selection-near",
    title="Attention selects up to nearby values",
    status="beyond",
    sense="upper",
    constructive=True,
    sharp=True,
    statement=(
        "Let the best item of a context have the margin :math:`\\eta` of utility only above the items whose values are "
        "farther than :math:`\\delta` from its own, and let the scores be within :math:`\\varepsilon_u<\\eta/2` of the "
        "utility up to functions of the query. Then the output of attention over n items is within "
        ":math:`\\delta+(D-\\delta)(1-1/(1+(n-1)e^{-\\beta(\\eta-2\\varepsilon_u)}))` of the best value. So values "
        "that are nearly right need no margin. In random contexts that makes the difference between a margin of the "
        "order :math:`1/n^2` and a constant one."
    ),
    source=Source("altabaa2024"),
    formal=formal,
    uses=("approximate-margin", "softmax-selection"),
    instances=instances,
    extremal=extremal,
    witness=witness,
    mutants=(
        Mutant("near-for-free", "nearby values cost nothing", _many_near, lambda f: f.bound.subs(f.symbol("delta"), 0)),
        Mutant("far-tie", "far items need no margin either", _far_tie),
        Mutant("one-item-less", "n − 2 competitors", extremal,
               lambda f: f.bound.subs(f.symbol("n"), f.symbol("n") - 1)),
    ),
    limits=("δ = 0: attention-selection", "δ = D: D"),
)  # fmt: skip
