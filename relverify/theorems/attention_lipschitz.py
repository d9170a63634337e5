"""How far attention moves when its scores are off."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Resource, Source, Theorem, Witness


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Identity, Inequality
    from relverify.core.symbols import beta, eps_1, eps_u

    # change: that of one weight; u: by how much the shift of one score is below the greatest possible one
    change = sp.Symbol("change", real=True)
    u = sp.Symbol("u", nonnegative=True)
    # p, q: old and new weight of the set A of items whose weight grows; Z: the old mean of the factors
    p, q, rho, Z = sp.symbols("p q rho Z", nonnegative=True)
    bound = sp.tanh(beta * eps_u / 2)
    odds = q * (1 - p) <= rho**2 * p * (1 - q)
    return Formal(
        quantities=(
            Quantity(beta, "inverse temperature"),
            Quantity(eps_u, "distance of the two score vectors, up to a shift of all items"),
            Quantity(eps_1, "total variation that is allowed"),
        ),
        bound=bound,
        bounded=r"\tfrac12\sum_j|\alpha_j-\alpha'_j|",
        hypotheses=(eps_1 < 1, "|s'_j − s_j − c| ≤ ε_u for every item j with one c"),
        solve={
            "eps_u": Resource(
                2 * sp.atanh(eps_1) / beta,
                integer=False,
                meaning="error of the scores that keeps the total variation at ε₁ (β > 0)",
            )
        },
        steps=(
            Identity(
                sp.exp(beta * eps_u) - sp.exp(beta * (eps_u - u)), "=",
                2 * sp.exp(beta * eps_u - beta * u / 2) * sp.sinh(beta * u / 2),
                "The new weight of an item is its old one times exp(βt)/Z with t = ε_u − u, and Z the old mean.",
            ),
            Inequality(
                2 * sp.exp(beta * eps_u - beta * u / 2) * sp.sinh(beta * u / 2), ">=", sp.Integer(0),
                "So the factor is at most ρ/Z with ρ = exp(βε_u), and with −t in place of t at least 1/(ρZ).",
            ),
            Inequality(
                sp.Abs(change) / 2, "=", sp.Max(change, 0) - change / 2,
                "The changes add up to 0, so half the sum of their sizes is the growth q − p of the set A that grows.",
            ),
            Inequality(
                q * (1 - p), "<=", rho**2 * p * (1 - q),
                "The odds of A grow at most by ρ².",
                given=(q * Z <= rho * p, 1 - p <= rho * Z * (1 - q), p <= 1, q <= 1, rho >= 1, Z > 0),
            ),
            Inequality(
                q - p, "<=", (rho - 1) / (rho + 1),
                "Among two probabilities with this ratio of odds the difference is greatest where p + q = 1.",
                given=(odds, p <= 1, q <= 1, rho >= 1),
            ),
            Identity(
                (sp.exp(beta * eps_u) - 1) / (sp.exp(beta * eps_u) + 1), "=", bound, "With ρ = exp(βε_u)."
            ),
        ),
    )  # fmt: skip


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.numbers import rationals

    @st.composite
    def pairs(draw: Any) -> Instance:
        # with an odd number of items and rational scores the bound is never attained (Lindemann-Weierstrass), so balls
        # decide every instance
        size = draw(st.sampled_from([3, 5, 7]))
        scores = [draw(rationals(-3, 3)) for _ in range(size)]
        shifts = [draw(rationals(-2, 2)) for _ in range(size)]
        shifts[draw(st.integers(0, size - 1))] = draw(rationals("5/2", 4))
        return _instance(scores, shifts, draw(rationals("1/4", 4)))

    return pairs()


def _instance(scores: Any, shifts: Any, beta: Any, exact: Any = None) -> Instance:
    from relverify.attention.softmax import total_variation

    moved = [s + t for s, t in zip(scores, shifts, strict=True)]
    return Instance(
        values={"beta": beta, "eps_u": (max(shifts) - min(shifts)) / 2},
        observed=lambda prec: total_variation(scores, moved, beta, prec),
        text=f"s={[str(s) for s in scores]}, s'={[str(s) for s in moved]}",
        exact=exact,
    )


def extremal() -> Instance:
    """Two items whose scores change places."""
    from fractions import Fraction

    e = Fraction(1, 3)
    return _instance([-e / 2, e / 2], [e, -e], Fraction(2))


def witness() -> Witness:
    """Two items whose scores change places attain the bound."""
    from flint import arb

    from relverify.attention.softmax import total_variation
    from relverify.rigor.decide import compare

    instance = extremal()
    scores, moved = ["-1/6", "1/6"], ["1/6", "-1/6"]
    stated = THEOREM.bound.evaluate(60, instance.values)
    # attained, so decided up to a factor 1 + 2^-100
    decision = compare(
        lambda prec: total_variation(scores, moved, 2, prec), "<=", lambda prec: stated.ball * (1 + arb(2) ** -100)
    )
    return Witness(
        text="two items whose scores change places",
        predicted=2,
        built=len(moved),
        decision=decision,
        error=total_variation(scores, moved, 2).str(20, radius=False),
        allowed=stated.value[:22],
    )


def _shift_of_one() -> Instance:
    """Scores that move apart by more than the oscillation that is claimed."""
    from fractions import Fraction

    base = _instance([Fraction(-2), Fraction(2)], [Fraction(4), Fraction(-4)], Fraction(1))
    return Instance({"beta": 1, "eps_u": 2}, base.observed, base.text + ", oscillation 8 taken for 2 epsilon")


THEOREM = Theorem(
    label="attention-lipschitz",
    title="Attention under errors of its scores",
    status="beyond",
    sense="upper",
    constructive=True,
    sharp=True,
    statement=(
        "If the scores of two attention heads differ by at most :math:`\\varepsilon_u` up to a shift of all "
        "items, the total variation distance of their weights is at most "
        ":math:`\\tanh(\\beta\\varepsilon_u/2)`, whatever the number of items, and two items attain it. "
        "Outputs with values of diameter D differ by at most D times that. No margin is needed. It is the "
        "sharp bound of total variation by Hilbert's projective metric, for softmax."
    ),
    source=Source("cohen2023"),
    formal=formal,
    instances=instances,
    extremal=extremal,
    witness=witness,
    mutants=(
        Mutant(
            "half-in-tanh",
            "tanh(βε_u/4)",
            extremal,
            lambda f: f.bound.subs(f.symbol("eps_u"), f.symbol("eps_u") / 2),
        ),
        Mutant("linear-quarter", "βε_u/4", extremal, lambda f: f.symbol("beta") * f.symbol("eps_u") / 4),
        Mutant("oscillation", "the scores differ by 2ε_u after the best shift", _shift_of_one),
    ),
    limits=("βε_u → 0: βε_u/2", "ε_u = 0: 0"),
)
