"""Attention approximates the retrieval that preorders define."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Resource, Source, Theorem, Witness


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Identity, Inequality
    from relverify.core.symbols import D, beta, eps, eps_u, eta, n, theta

    weight = sp.Symbol("alpha_k", positive=True)
    # others: weights of the other items with their distances from the selected value
    far, spread = sp.symbols("far spread", nonnegative=True)
    kept = 1 / (1 + (n - 1) * sp.exp(-beta * (eta - 2 * eps_u)))
    bound = D * (1 - kept)
    # at the temperature beta with exp(beta*(1 - theta)*eta) = odds >= (n - 1)(D - eps)/eps
    odds = sp.Symbol("odds", positive=True)
    return Formal(
        quantities=(
            Quantity(D, "diameter of the values"),
            Quantity(n, "number of items in the context"),
            Quantity(beta, "inverse temperature"),
            Quantity(eta, "margin of the utility: that of the best item minus that of any other"),
            Quantity(eps_u, "error of the scores, up to functions of the query"),
            Quantity(eps, "error of the output that is allowed"),
            Quantity(theta, "fraction of the margin that the networks may use up"),
        ),
        bound=bound,
        bounded=r"\|\mathrm{Attn}(x)-y_{i^*}\|",
        hypotheses=(
            2 * eps_u < eta,
            theta < 1,
            "each query has a complete preorder of the items with a utility u of margin η for its best item",
            "|⟨φ(x),ψ(y)⟩ − u(x,y) − c(x)| ≤ ε_u for a function c of the query",
        ),
        solve={
            "beta": Resource(
                sp.log(sp.Max(1, (n - 1) * (D - eps) / eps)) / (eta * (1 - theta)),
                integer=False,
                meaning="inverse temperature that suffices for an error of ε with ε_u = θη/2",
            ),
            "eps_u": Resource(theta * eta / 2, integer=False, meaning="error of the scores that goes with θ"),
        },
        steps=(
            Identity(
                eta - 2 * (theta * eta / 2), "=", (1 - theta) * eta,
                "The scores have the margin η − 2ε_u by approximate-margin; ε_u = θη/2 leaves (1 − θ)η.",
            ),
            Inequality(
                D * (1 - 1 / (1 + (n - 1) / odds)), "<=", eps,
                "At the stated temperature exp(β(1 − θ)η) is at least (n − 1)(D − ε)/ε, which keeps the error at ε.",
                given=(odds >= (n - 1) * (D - eps) / eps, n >= 1),
            ),
            Inequality(
                far * spread, "<=", far * D,
                "The output differs from the selected value by at most the average distance of the other values, "
                "by the triangle inequality; each is at most the diameter.",
                given=(spread <= D,),
            ),
            Inequality(
                D * (1 - weight), "<=", bound,
                "The others have the weight 1 − α_k, and α_k is bounded by softmax-selection with margin η − 2ε_u.",
                given=(weight >= kept, n >= 1),
            ),
        ),
    )  # fmt: skip


def instances() -> Any:
    from fractions import Fraction

    from hypothesis import strategies as st

    from relverify.strategies.numbers import rationals
    from relverify.strategies.preorders import contexts

    @st.composite
    def heads(draw: Any) -> Instance:
        context = draw(contexts())
        # strictly inside the allowed errors, so that balls decide
        eps_u = context.margin * draw(rationals("1/12", Fraction(11, 12))) / 2
        errors = [eps_u * draw(rationals("-5/6", "5/6")) for _ in context.scores]
        scores = [u + e for u, e in zip(context.scores, errors, strict=True)]
        size = draw(st.integers(1, 2))
        values = [[draw(rationals(-3, 3)) for _ in range(size)] for _ in scores]
        return _instance(scores, values, context.best, context.beta + Fraction(1, 4), context.margin, eps_u)

    return heads()


def _instance(scores: Any, values: Any, best: int, beta: Any, eta: Any, eps_u: Any, exact: Any = None) -> Instance:
    import sympy as sp

    from relverify.attention.softmax import attention_error
    from relverify.rigor.exact import from_fmpq, to_fmpq

    rows = [[to_fmpq(c) for c in v] for v in values]
    squares = [sum((p - q) ** 2 for p, q in zip(v, w, strict=True)) for v in rows for w in rows]
    return Instance(
        values={"D": sp.sqrt(from_fmpq(max(squares))), "n": len(rows), "beta": beta, "eta": eta, "eps_u": eps_u},
        observed=lambda prec: attention_error(scores, rows, best, beta, prec),
        text=f"scores={[str(s) for s in scores]}, values={[[str(c) for c in v] for v in rows]}, k={best}",
        exact=exact,
    )


def extremal() -> Instance:
    """All errors against the best item, and all other values at one point, a diameter away."""
    import sympy as sp

    # utilities 1, 0, 0, 0 with the errors -1/8, +1/8, +1/8, +1/8
    exact = 2 * (1 - 1 / (1 + 3 * sp.exp(-sp.Rational(3, 2))))
    return _instance(["7/8", *["1/8"] * 3], [["1"], *[["-1"]] * 3], 0, 2, 1, "1/8", exact)


def witness() -> Witness:
    """Networks for query-dependent preorders whose attention keeps the error that was asked for."""
    from relverify.attention.preorders import QueryPreorders
    from relverify.attention.selection import selector

    family = QueryPreorders.from_utility(
        [[0, 1, 2, 5, 3, 1], [4, 1, 0, 0, 2, 1], [1, 3, 2, 1, 0, 2], [0, 0, 1, 2, 1, 0]]
    )
    queries, keys = ["-1", "-1/3", "1/2", "2"], ["-2", "-1/2", "0", "2/7", "1", "3"]
    built = selector(family, queries, keys, eps="1/50", bits=16)
    worst = max((built.error(i) for i in range(len(queries))), key=lambda e: float(e.mid()))
    return Witness(
        text=f"{len(queries)} queries over {len(keys)} keys, scores off by {float(built.eps_u):.2g} of the margin "
        f"{built.eta}, inverse temperature {float(built.beta.p) / float(built.beta.q):.6g}",
        predicted=(len(queries) - 1) + (len(keys) - 1),
        built=built.hidden_units,
        decision=built.decide(),
        error=worst.str(8, radius=False),
        allowed="1/50",
    )


def _without_count(f: Formal) -> Any:
    return f.bound.subs(f.symbol("n"), 2)


THEOREM = Theorem(
    label="attention-selection",
    title="Attention selects what preorders prefer",
    status="paper",
    sense="upper",
    constructive=True,
    sharp=True,
    statement=(
        "Let every query have a complete preorder of the items with a utility of margin :math:`\\eta` for its "
        "best item (for finitely many items: debreu-finite), and let the inner products of query and key "
        "networks be within :math:`\\varepsilon_u<\\eta/2` of it up to functions of the query. Then the "
        "output of attention over n items is within "
        ":math:`D(1-1/(1+(n-1)e^{-\\beta(\\eta-2\\varepsilon_u)}))` of the best value, D the diameter of the "
        "values. With :math:`\\varepsilon_u=\\theta\\eta/2` the error is at most :math:`\\varepsilon` at "
        ":math:`\\beta=\\max(0,\\log((n-1)(D-\\varepsilon)/\\varepsilon)/(\\eta(1-\\theta)))`, which is 0 if "
        ":math:`\\varepsilon\\ge D` or :math:`n=1`."
    ),
    source=Source("altabaa2024"),
    formal=formal,
    uses=("approximate-margin", "debreu-finite", "softmax-selection"),
    instances=instances,
    extremal=extremal,
    witness=witness,
    mutants=(
        Mutant(
            "one-error",
            "the margin loses ε_u instead of 2ε_u",
            extremal,
            lambda f: f.bound.subs(f.symbol("eps_u"), f.symbol("eps_u") / 2),
        ),
        Mutant("number-of-items", "the number of items does not matter", extremal, _without_count),
        Mutant("radius", "half the diameter of the values", extremal, lambda f: f.bound / 2),
    ),
    limits=("ε_u = 0: D times what softmax-selection leaves to the other items", "n = 1: 0"),
)
