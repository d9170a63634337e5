"""The gap between the two best of independent uniform utilities."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Resource, Source, Theorem


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Identity
    from relverify.core.symbols import eta, gamma, n

    # u: the utility of the best item; rest: 1 - eta
    u, rest = sp.symbols("u rest", positive=True)
    bound = (1 - eta) ** n
    quantile = 1 - (1 - gamma) ** (1 / n)
    return Formal(
        quantities=(
            Quantity(n, "number of items in the context"),
            Quantity(eta, "gap: the utility of the best item minus that of the second"),
            Quantity(gamma, "probability that the gap may be smaller"),
        ),
        bound=bound,
        bounded=r"\Pr(u_{(n)}-u_{(n-1)}>\eta)",
        hypotheses=(
            n >= 2,
            eta < 1,
            gamma < 1,
            "the n utilities are independent and uniform on [0, 1]",
        ),
        solve={"eta": Resource(quantile, integer=False, meaning="gap that is exceeded with probability 1 − γ")},
        steps=(
            Identity(
                sp.Derivative((u - eta) ** n, u), "=", n * (u - eta) ** n / (u - eta),
                "Item k has the utility u with density 1, and all n − 1 others lie below u − η with probability "
                "(u − η)^(n−1); for the n items together that is the derivative of (u − η)^n.",
            ),
            Identity(
                (1 - quantile) ** n, "=", 1 - gamma, "At this gap the probability is 1 − γ."
            ),
            Identity(
                sp.Integral(n * u ** (n - 1), (u, 0, rest)).subs(rest, 1 - eta), "=", bound,
                "The integral from η to 1, with u in place of u − η.",
            ),
        ),
    )  # fmt: skip


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.numbers import rationals

    return st.builds(_instance, st.integers(2, 12), rationals("1/24", "23/24", 24))


def _instance(n: int, eta: Any) -> Instance:
    from math import comb

    from flint import arb, fmpq

    from relverify.rigor.exact import from_fmpq, to_fmpq

    # n times the integral of (u - eta)^(n-1) over [eta, 1], by the binomial theorem and term by term
    gap = to_fmpq(eta)
    terms = [comb(n - 1, k) * (-gap) ** (n - 1 - k) * (1 - gap ** (k + 1)) / (k + 1) for k in range(n)]
    chance = n * sum(terms, fmpq(0))
    return Instance(
        values={"n": n, "eta": eta},
        observed=lambda prec: arb(chance),
        text=f"{n} independent uniform utilities",
        exact=from_fmpq(chance),
    )


def extremal() -> Instance:
    from fractions import Fraction

    return _instance(5, Fraction(1, 7))


def _one_less(f: Formal) -> Any:
    return f.bound.subs(f.symbol("n"), f.symbol("n") - 1)


def _spread(f: Formal) -> Any:
    """All n - 1 spacings as if independent of the ends."""
    return 1 - f.symbol("eta") * f.symbol("n")


def _repeated() -> Instance:
    """Three items of which two always have the same utility, so that they may both be the best."""
    from fractions import Fraction

    from flint import arb, fmpq

    from relverify.rigor.exact import from_fmpq

    # the gap exceeds 1/4 only where the single item is above the two: half of P(|u - v| > 1/4) = (3/4)^2
    chance = fmpq(9, 32)
    return Instance(
        values={"n": 3, "eta": Fraction(1, 4)},
        observed=lambda prec: arb(chance),
        text="utilities u, v, v with u and v independent and uniform",
        exact=from_fmpq(chance),
    )


THEOREM = Theorem(
    label="gap-law",
    title="Gap of the best of uniform utilities",
    status="beyond",
    sense="tight",
    constructive=False,
    sharp=True,
    statement=(
        "Let the utilities of :math:`n\\ge2` items be independent and uniform on :math:`[0,1]`. The utility of the "
        "best item exceeds that of every other one by more than :math:`\\eta` with probability "
        ":math:`(1-\\eta)^n`. So the gap that is exceeded with probability :math:`1-\\gamma` is "
        ":math:`1-(1-\\gamma)^{1/n}`, between :math:`(2-2\\sqrt{1-\\gamma})/n` and :math:`-\\log(1-\\gamma)/n`."
    ),
    source=Source("shorack1986"),
    formal=formal,
    instances=instances,
    extremal=extremal,
    mutants=(
        Mutant("one-item-less", "the power n − 1", extremal, _one_less),
        Mutant("linear", "1 − nη, the union bound", extremal, _spread),
        Mutant("not-independent", "the utilities need only be uniform", _repeated),
    ),
    limits=("η → 0: probability 1", "n → ∞ with η = t/n: e^{−t}"),
)
