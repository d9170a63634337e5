"""How large an inverse temperature suffices to select the best of uniform utilities."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Resource, Source, Theorem


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Identity, Inequality
    from relverify.core.symbols import beta, eps_1, gamma_1, gamma_2, n

    # v: utility of the second item; w: of an item below it; top, others: their weights against the best and the second
    v, w, b = sp.symbols("v w b", positive=True)
    top, others, far, fails, heavy = sp.symbols("top others far fails heavy", nonnegative=True)
    size = sp.Symbol("size", integer=True, positive=True)
    odds, level, kappa, margin_ = sp.symbols("odds level kappa Lambda", positive=True)
    margin = sp.log((1 - eps_1) / eps_1)
    enough = margin + sp.log(1 + n / (beta * gamma_2))
    gap = sp.Max(0, 1 - enough / beta) ** n
    bound = gamma_2 + 1 - gap
    quantile = 1 - (1 - gamma_1) ** (1 / n)
    return Formal(
        quantities=(
            Quantity(n, "number of items in the context"),
            Quantity(beta, "inverse temperature"),
            Quantity(eps_1, "weight that the other items may keep"),
            Quantity(gamma_1, "probability that the gap may be too small"),
            Quantity(gamma_2, "probability that the items below the second may be too heavy"),
        ),
        bound=bound,
        bounded=r"\Pr(\alpha_{(n)}<1-\varepsilon_1)",
        hypotheses=(
            n >= 3,
            beta > 0,
            2 * eps_1 < 1,
            gamma_1 < 1,
            "the n utilities are independent and uniform on [0, 1]",
        ),
        solve={
            "beta": Resource(
                (margin + sp.log(1 + n * quantile / (margin * gamma_2))) / quantile,
                integer=False,
                meaning="inverse temperature that suffices for the probability 1 − γ₁ − γ₂",
            )
        },
        steps=(
            Identity(
                sp.Integral(sp.exp(-b * (v - w)) / v, (w, 0, v)), "=", (1 - sp.exp(-b * v)) / (b * v),
                "Given the second item at v, the n − 2 below it are independent and uniform on [0, v]; each has this "
                "mean weight relative to the second.",
            ),
            Inequality(
                (1 - sp.exp(-b * v)) / (b * v), "<=", 1 / (b * v), "The exponential is positive.",
            ),
            Identity(
                sp.Integral((size + 2) * (size + 1) * v ** (size - 1) * (1 - v), (v, 0, 1)), "=", (size + 2) / size,
                "The second of n = size + 2 items has the density n(n − 1)v^(n−2)(1 − v), so 1/v has the mean "
                "n/(n − 2): all items below the second weigh n/β in the mean.",
            ),
            Inequality(
                heavy, "<=", gamma_2,
                "By Markov's inequality they weigh n/(βγ₂) or more with a probability of at most γ₂.",
                given=(heavy * (n / (beta * gamma_2)) <= n / beta, beta > 0),
            ),
            Inequality(
                top * (1 + others), "<=", odds,
                "Otherwise exp(−β gap) ≤ exp(−Λ)/(1 + n/(βγ₂)) is enough for the weight 1 − ε₁.",
                given=(top <= odds / (1 + level), others <= level),
            ),
            Inequality(
                n / (beta * gamma_2), "<=", kappa / (margin_ * gamma_2),
                "An inverse temperature of at least Λ/(1 − (1 − γ₁)^{1/n}), that is nΛ/κ, keeps the logarithm below "
                "that of the resource form.",
                given=(beta >= n * margin_ / kappa, beta > 0, n >= 1),
            ),
            Inequality(
                fails, "<=", bound,
                "The gap is that large with the probability that gap-law states.",
                given=(fails <= far + heavy, far <= 1 - gap, heavy <= gamma_2),
            ),
        ),
    )  # fmt: skip


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.numbers import rationals

    return st.builds(
        lambda eps, beta, share: _instance(3, beta, eps, share),
        rationals("1/1000", "1/4", 1000),
        rationals(10, 400, 4),
        rationals("1/100", "1/2", 100),
    )


def _instance(n: int, beta: Any, eps_1: Any, gamma_2: Any) -> Instance:
    from relverify.attention.gap import success

    return Instance(
        values={"n": n, "beta": beta, "eps_1": eps_1, "gamma_2": gamma_2},
        observed=lambda prec: 1 - success(n, beta, eps_1, prec),
        text=f"{n} independent uniform utilities, by certified quadrature",
    )


def _strict() -> Instance:
    from fractions import Fraction

    return _instance(3, 1000, Fraction(1, 10**6), Fraction(1, 1000))


def _second_only(f: Formal) -> Any:
    import sympy as sp

    beta, eps = f.symbol("beta"), f.symbol("eps_1")
    return 1 - sp.Max(0, 1 - sp.log((1 - eps) / eps) / beta) ** f.symbol("n")


def _one_less(f: Formal) -> Any:
    import sympy as sp

    return f.bound.replace(
        lambda e: e.is_Pow and isinstance(e.base, sp.Max), lambda e: sp.Pow(e.base, f.symbol("n") - 1)
    )


def _half_margin(f: Formal) -> Any:
    import sympy as sp

    margin = sp.log((1 - f.symbol("eps_1")) / f.symbol("eps_1"))
    return f.bound.subs(margin, margin / 2)


def _ties() -> Instance:
    """Three items of which the two best are always tied."""
    from fractions import Fraction

    import sympy as sp
    from flint import arb

    return Instance(
        values={"n": 3, "beta": 1000, "eps_1": Fraction(1, 10), "gamma_2": Fraction(1, 10)},
        observed=lambda prec: arb(1),
        text="utilities u, u, 0 with u uniform: no item has more than half the weight",
        exact=sp.Integer(1),
    )


THEOREM = Theorem(
    label="gap-law-sufficient",
    title="Inverse temperature that suffices for random contexts",
    status="beyond",
    sense="upper",
    constructive=False,
    statement=(
        "Let the utilities of :math:`n\\ge3` items be independent and uniform on :math:`[0,1]`, and "
        ":math:`\\Lambda=\\log((1-\\varepsilon_1)/\\varepsilon_1)`, :math:`\\varepsilon_1<1/2`. At inverse temperature "
        ":math:`\\beta` the weight of the best item is below :math:`1-\\varepsilon_1` with a probability of at most "
        ":math:`\\gamma_2+1-\\max(0,1-(\\Lambda+\\log(1+n/(\\beta\\gamma_2)))/\\beta)^n`, for any "
        ":math:`\\gamma_2>0`. So :math:`\\beta=\\Theta(n)` selects with probability :math:`1-\\gamma_1-\\gamma_2`, "
        "where the worst context of a given gap needs :math:`\\log n` times that."
    ),
    source=Source("shorack1986"),
    formal=formal,
    uses=("gap-law",),
    instances=instances,
    mutants=(
        Mutant("second-only", "the items below the second weigh nothing", _strict, _second_only),
        Mutant("one-item-less", "the power n − 1", _strict, _one_less),
        Mutant("half-margin", "Λ/2 in place of Λ", _strict, _half_margin),
        Mutant("ties", "the utilities need not be independent", _ties),
    ),
    limits=("β → ∞: γ₂", "gap-law-needed with n/(βγ₂) = 0 and γ₂ = 0"),
)
