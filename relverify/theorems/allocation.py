"""The cheapest split of a Euclidean budget of errors between features."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Resource, Source, Theorem, Witness


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Cited, Identity, Inequality
    from relverify.core.symbols import N, S, delta, i, k, p

    c, share, units = (sp.Function(name, positive=True) for name in ("c", "share", "units"))
    # one feature: its cost constant and error, their ratio e with e^p = n units; a sum of all, the budget
    cost, part, total, scale, e = sp.symbols("cost part total scale e", positive=True)
    cost_1, cost_2, part_1, part_2 = sp.symbols("cost_1 cost_2 part_1 part_2", positive=True)
    q = 2 * p / (p + 2)
    bound = S ** ((p + 2) / 2) / delta**p
    every = (i, 1, k)
    return Formal(
        quantities=(
            Quantity(S, "Σ c_i^{2p/(p+2)}, where feature i costs (c_i/δ_i)^p units for an error δ_i"),
            Quantity(p, "exponent of the cost: 1/2 for splines, 2 for sampled units"),
            Quantity(delta, "budget: Σ δ_i² ≤ δ²"),
            Quantity(N, "units of all features together"),
        ),
        bound=bound,
        bounded=r"\sum_i(c_i/\delta_i)^p",
        hypotheses=("c_i ≥ 0, δ_i > 0 and Σ δ_i² ≤ δ²", sp.Gt(delta, 0)),
        solve={
            "N": Resource(bound, meaning="units needed, and sufficient but for rounding up"),
            "delta": Resource((S ** ((p + 2) / 2) / N) ** (1 / p), integer=False, meaning="least error for N units"),
        },
        steps=(
            Identity(
                (part * e) ** q, "=", (e**p) ** (2 / (p + 2)) * (part**2) ** (p / (p + 2)),
                "A feature with c_i = δ_i e and e^p = n_i units: the two factors below.",
            ),
            Cited(
                sp.Sum(c(i) ** q, every), "<=",
                sp.Sum(units(i), every) ** (2 / (p + 2)) * sp.Sum(share(i) ** 2, every) ** (p / (p + 2)),
                "Hölder with the exponents (p+2)/2 and (p+2)/p.", lemma="hoelder", key="hardy1952",
            ),
            Identity(
                (total ** (2 / (p + 2)) * (scale**2) ** (p / (p + 2))) ** ((p + 2) / 2), "=", total * scale**p,
                "With N units and Σ δ_i² ≤ δ², raised to the power (p+2)/2: S^{(p+2)/2} ≤ N δ^p.",
            ),
            Identity(
                (cost_1**2 / part_1**2 + cost_2**2 / part_2**2) * (part_1**2 + part_2**2) - (cost_1 + cost_2) ** 2, "=",
                (cost_1 * part_2 / part_1 - cost_2 * part_1 / part_2) ** 2,
                "For p = 2 and two features this is Lagrange's identity.",
            ),
            Identity(
                (cost / (scale * sp.sqrt(cost**q / total))) ** p, "=", cost**q * total ** (p / 2) * scale ** (-p),
                "Equality: with δ_i² = δ² c_i^q / S, q = 2p/(p+2), feature i costs c_i^q S^{p/2} δ^{−p}, and the sum "
                "is the bound.",
            ),
            Inequality(
                N, ">=", bound, "Divide by δ^p.",
                given=(sp.Le(S ** ((p + 2) / 2), N * delta**p), sp.Gt(delta**p, 0)),
            ),
        ),
    )  # fmt: skip


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.numbers import rationals

    @st.composite
    def splits(draw: Any) -> Instance:
        size = draw(st.integers(1, 3))
        roots = [draw(rationals("1/4", 2, 6)) for _ in range(size)]
        parts = [draw(rationals("1/6", 2, 6)) for _ in range(size)]
        return _instance(roots, parts, draw(st.sampled_from(sorted(ROOTS))))

    return splits()


# exponents p with the power of a rational root that makes c_i^{2p/(p+2)} rational: c = root^power
ROOTS = {"1/2": 5, "1": 3, "2": 1}


def _instance(roots: list[Any], parts: list[Any], p: str, spread: Any = None) -> Instance:
    """Costs c_i = root^power and errors δ_i that use the budget up: the units of all features, exactly."""
    import sympy as sp

    from relverify.rigor.enclose import enclose

    exponent = sp.Rational(p)
    c = [sp.Rational(root) ** ROOTS[p] for root in roots]
    errors = [sp.sqrt(sp.Rational(part)) for part in parts]
    needed = sp.Add(*[(ci / error) ** exponent for ci, error in zip(c, errors, strict=True)])
    q = 2 * exponent / (exponent + 2)
    return Instance(
        values={
            "S": sp.Add(*[ci**q for ci in c]),
            "p": exponent,
            "delta": sp.sqrt(sp.Add(*[error**2 for error in errors])) if spread is None else spread,
        },
        observed=lambda prec: enclose(needed, prec=prec),
        text=f"c={c}, delta_i={errors}, p={p}",
        exact=needed,
    )


def extremal() -> Instance:
    """p = 2, c = (1, 2, 3): the errors are proportional to √c."""
    return _instance([1, 2, 3], ["1/6", "1/3", "1/2"], "2")


def _budget_of_sum() -> Instance:
    """The same errors, measured by their sum, which is larger than the Euclidean budget."""
    import sympy as sp

    parts = ["1/6", "1/3", "1/2"]
    return _instance([1, 2, 3], parts, "2", spread=sp.Rational(1, 4))


def _inverse(constant: int) -> Callable[[int], Any]:
    from flint import fmpq

    return lambda n: fmpq(constant, n)


def witness() -> Witness:
    """p = 2, c = (1, 2, 3), δ = 1/4: the integer counts by greedy gain meet the real optimum 576."""
    import sympy as sp
    from flint import fmpq

    from relverify.rigor.allocation import allocate
    from relverify.rigor.decide import decide
    from relverify.rigor.exact import from_fmpq

    budget = fmpq(1, 16)
    c = (1, 2, 3)
    counts = allocate([_inverse(ci * ci) for ci in c], budget)
    predicted = THEOREM.resource("N").count(S=sum(c), p=2, delta="1/4")
    assert predicted is not None
    used = from_fmpq(sum((fmpq(ci * ci, n) for ci, n in zip(c, counts, strict=True)), fmpq(0)))
    return Witness(
        text=f"counts {counts} for c = {c} with δ_i² = c_i²/n_i",
        predicted=predicted,
        built=sum(counts),
        decision=decide(sp.Le(used, from_fmpq(budget), evaluate=False)),
        error=str(used),
        allowed=str(budget),
    )


THEOREM = Theorem(
    label="allocation",
    title="Cheapest split of a Euclidean error budget",
    status="beyond",
    sense="lower",
    constructive=True,
    sharp=True,
    statement=(
        "If feature i costs :math:`(c_i/\\delta_i)^p` units for an error :math:`\\delta_i`, and "
        ":math:`\\sum\\delta_i^2\\le\\delta^2`, then all together need at least :math:`S^{(p+2)/2}\\delta^{-p}` units, "
        ":math:`S=\\sum c_i^{2p/(p+2)}`, and :math:`\\delta_i^2=\\delta^2c_i^{2p/(p+2)}/S` attains it. For integer "
        "counts greedy marginal gain is exact."
    ),
    source=Source("hardy1952"),
    formal=formal,
    instances=instances,
    extremal=extremal,
    witness=witness,
    mutants=(
        Mutant("larger-power", "S to the power p+2", extremal, lambda f: f.bound * f.symbol("S")),
        Mutant(
            "equal-errors",
            "the cost of an equal split among three features with p = 2, taken for the least",
            extremal,
            # 3 (1 + 4 + 9) / δ² in place of (1 + 2 + 3)² / δ²
            lambda f: f.bound * 42 / 36,
        ),
        Mutant("smaller-budget", "a budget that the errors do not keep", _budget_of_sum),
    ),
    limits=("one feature: (c/δ)^p", "p = 2: (Σ c_i)²/δ²"),
)
