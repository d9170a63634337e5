"""How large the inverse temperature must be to select the best of uniform utilities."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Resource, Source, Theorem


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Identity, Inequality
    from relverify.core.symbols import beta, eps_1, gamma, n

    # second, rest: relative weights of the second item and of all items below it
    second, rest, success = sp.symbols("second rest success", nonnegative=True)
    margin = sp.log((1 - eps_1) / eps_1)
    gap = sp.Max(0, 1 - margin / beta) ** n
    bound = 1 - gap
    return Formal(
        quantities=(
            Quantity(n, "number of items in the context"),
            Quantity(beta, "inverse temperature"),
            Quantity(eps_1, "weight that the other items may keep"),
            Quantity(gamma, "probability that the best item may have less weight"),
        ),
        bound=bound,
        bounded=r"\Pr(\alpha_{(n)}<1-\varepsilon_1)",
        hypotheses=(
            n >= 2,
            beta > 0,
            2 * eps_1 < 1,
            gamma < 1,
            "the n utilities are independent and uniform on [0, 1]",
        ),
        solve={
            "beta": Resource(
                margin / (1 - (1 - gamma) ** (1 / n)),
                integer=False,
                meaning="no smaller inverse temperature selects with probability 1 − γ; it suffices for n = 2",
            )
        },
        steps=(
            Inequality(
                second, "<=", eps_1 / (1 - eps_1),
                "Where the weight of the best item is at least 1 − ε₁, the second has at most these odds against it.",
                given=((1 - eps_1) * (1 + second + rest) <= 1, eps_1 < 1),
            ),
            Identity(
                sp.exp(-margin), "=", eps_1 / (1 - eps_1),
                "With Λ = log((1 − ε₁)/ε₁): exp(−β gap) is at most exp(−Λ), so the gap is at least Λ/β.",
            ),
            Inequality(
                1 - success, ">=", bound,
                "The gap is that large with the probability that gap-law states, which is 0 for Λ > β.",
                given=(success <= gap,),
            ),
        ),
    )  # fmt: skip


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.numbers import rationals

    # above the least inverse temperature at all, where the integral is strictly inside
    return st.builds(
        lambda n, eps, beta: _instance(n, beta, eps),
        st.sampled_from([2, 3]),
        rationals("1/1000", "1/4", 1000),
        rationals(10, 400, 4),
    )


def _instance(n: int, beta: Any, eps_1: Any) -> Instance:
    import sympy as sp

    from relverify.attention.gap import success
    from relverify.rigor.exact import exact

    closed = None
    if n == 2:
        # the two spacings of the smaller and the larger one: P(|u - v| >= g) = (1 - g)^2
        share = exact(eps_1)
        gap = sp.Min(1, sp.log((1 - share) / share) / exact(beta))
        closed = 2 * gap - gap**2
    return Instance(
        values={"n": n, "beta": beta, "eps_1": eps_1},
        observed=lambda prec: 1 - success(n, beta, eps_1, prec),
        text=f"{n} independent uniform utilities" + (", by certified quadrature" if n == 3 else ""),
        exact=closed,
    )


def extremal() -> Instance:
    from fractions import Fraction

    return _instance(2, 20, Fraction(1, 100))


def _three() -> Instance:
    from fractions import Fraction

    return _instance(3, 100, Fraction(1, 100))


def _worst_case(f: Formal) -> Any:
    """All other items as heavy as the second."""
    import sympy as sp

    beta, eps, n = (f.symbol(name) for name in ("beta", "eps_1", "n"))
    return 1 - sp.Max(0, 1 - (sp.log((1 - eps) / eps) + sp.log(n - 1)) / beta) ** n


def _squared(f: Formal) -> Any:
    return f.bound.subs(f.symbol("n"), f.symbol("n") + 1)


def _evenly_spaced() -> Instance:
    """Utilities 0 and 1 for sure: nothing is random, and the best one is selected."""
    from fractions import Fraction

    import sympy as sp
    from flint import arb

    return Instance(
        values={"n": 2, "beta": 20, "eps_1": Fraction(1, 100)},
        observed=lambda prec: arb(0),
        text="utilities 0 and 1 with probability 1",
        exact=sp.Integer(0),
    )


THEOREM = Theorem(
    label="gap-law-needed",
    title="Inverse temperature that random contexts need",
    status="beyond",
    sense="lower",
    constructive=False,
    sharp=True,
    statement=(
        "Let the utilities of :math:`n\\ge2` items be independent and uniform on :math:`[0,1]`, and "
        ":math:`\\Lambda=\\log((1-\\varepsilon_1)/\\varepsilon_1)`, :math:`\\varepsilon_1<1/2`. At inverse temperature "
        ":math:`\\beta` the weight of the best item is below :math:`1-\\varepsilon_1` with a probability of at least "
        ":math:`1-\\max(0,1-\\Lambda/\\beta)^n`, with equality for two items. To select with probability "
        ":math:`1-\\gamma` takes :math:`\\beta\\ge\\Lambda/(1-(1-\\gamma)^{1/n})`, which grows linearly in n."
    ),
    source=Source("shorack1986"),
    formal=formal,
    uses=("gap-law",),
    instances=instances,
    extremal=extremal,
    mutants=(
        Mutant("worst-case", "n log n: the other items are all as heavy as the second", _three, _worst_case),
        Mutant("one-item-more", "the power n + 1", extremal, _squared),
        Mutant("no-randomness", "the utilities may have any law", _evenly_spaced),
    ),
    limits=("n = 2: equality", "β ≤ Λ: probability 1", "n → ∞: β/n → Λ/(−log(1 − γ))"),
)
