"""The cheapest split of a weighted budget of errors between features."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Resource, Source, Theorem, Witness


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Cited, Identity, Inequality
    from relverify.core.symbols import N, S, i, k, p, t

    weighted, share, units = (sp.Function(name, positive=True) for name in ("weighted", "share", "units"))
    # one feature: cK, the error Kδ, their ratio e = c/δ with e^p = n units
    product, part, total, scale, e = sp.symbols("product part total scale e", positive=True)
    product_1, product_2, part_1, part_2 = sp.symbols("product_1 product_2 part_1 part_2", positive=True)
    q = p / (p + 1)
    bound = S ** (p + 1) * 2**p / t**p
    every = (i, 1, k)
    return Formal(
        quantities=(
            Quantity(S, "Σ (c_i K_i)^{p/(p+1)}, where feature i costs (c_i/δ_i)^p units for an error δ_i"),
            Quantity(p, "exponent of the cost: 1/2 for splines, 2 for sampled units"),
            Quantity(t, "budget: Σ 2 K_i δ_i ≤ t, K_i = sup|f_i|"),
            Quantity(N, "units of all features together"),
        ),
        bound=bound,
        bounded=r"\sum_i(c_i/\delta_i)^p",
        hypotheses=("c_i, K_i ≥ 0, δ_i > 0 and Σ 2 K_i δ_i ≤ t", sp.Gt(t, 0)),
        solve={
            "N": Resource(bound, meaning="units needed, and sufficient but for rounding up"),
            "t": Resource(2 * (S ** (p + 1) / N) ** (1 / p), integer=False, meaning="least budget for N units"),
        },
        steps=(
            Identity(
                (part * e) ** q, "=", (e**p) ** (1 / (p + 1)) * part**q,
                "A feature with K_i δ_i = part and c_i = δ_i e, e^p = n_i units: the two factors below.",
            ),
            Cited(
                sp.Sum(weighted(i) ** q, every), "<=",
                sp.Sum(units(i), every) ** (1 / (p + 1)) * sp.Sum(share(i), every) ** q,
                "Hölder with the exponents p+1 and (p+1)/p; the shares are K_i δ_i.", lemma="hoelder", key="hardy1952",
            ),
            Identity(
                (total ** (1 / (p + 1)) * scale**q) ** (p + 1), "=", total * scale**p,
                "With N units and Σ K_i δ_i ≤ t/2, raised to the power p+1: S^{p+1} ≤ N (t/2)^p.",
            ),
            Identity(
                (product_1 / part_1 + product_2 / part_2) * (part_1 + part_2)
                - (sp.sqrt(product_1) + sp.sqrt(product_2)) ** 2, "=",
                (sp.sqrt(product_1 * part_2 / part_1) - sp.sqrt(product_2 * part_1 / part_2)) ** 2,
                "For p = 1 and two features this is Lagrange's identity.",
            ),
            Identity(
                (product / (scale * product**q / total)) ** p, "=", product**q * total**p * scale ** (-p),
                "Equality: with K_i δ_i = (t/2) (c_i K_i)^q / S, q = p/(p+1), feature i costs "
                "(c_i K_i)^q S^p (2/t)^p, and the sum is the bound.",
            ),
            Inequality(
                N, ">=", bound, "Divide by (t/2)^p.",
                given=(sp.Le(S ** (p + 1) * 2**p, N * t**p), sp.Gt(t**p, 0)),
            ),
        ),
    )  # fmt: skip


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.numbers import rationals

    @st.composite
    def splits(draw: Any) -> Instance:
        size = draw(st.integers(1, 3))
        roots, weights, parts = ([draw(rationals("1/4", 2, 6)) for _ in range(size)] for _ in range(3))
        return _instance(roots, weights, parts, draw(st.sampled_from(sorted(ROOTS))))

    return splits()


# exponents p with the power of a rational root that makes (c_i K_i)^{p/(p+1)} rational
ROOTS = {"1/2": 3, "1": 2, "2": 3}


def _instance(roots: list[Any], weights: list[Any], parts: list[Any], p: str, budget: Any = None) -> Instance:
    """Costs with c_i K_i = root^power and shares K_i δ_i that use the budget up: the units of all, exactly."""
    import sympy as sp

    from relverify.rigor.enclose import enclose

    exponent = sp.Rational(p)
    products = [sp.Rational(root) ** ROOTS[p] for root in roots]
    shares = [sp.Rational(part) for part in parts]
    # (c/δ)^p = (cK / Kδ)^p, whatever K is
    needed = sp.Add(*[(product / share) ** exponent for product, share in zip(products, shares, strict=True)])
    bounds = [sp.Rational(weight) for weight in weights]
    c = [product / bound for product, bound in zip(products, bounds, strict=True)]
    errors = [share / bound for share, bound in zip(shares, bounds, strict=True)]
    return Instance(
        values={
            "S": sp.Add(*[product ** (exponent / (exponent + 1)) for product in products]),
            "p": exponent,
            "t": 2 * sum(shares) if budget is None else budget,
        },
        observed=lambda prec: enclose(needed, prec=prec),
        text=f"c={c}, K={bounds}, delta_i={errors}, p={p}",
        exact=needed,
    )


def extremal() -> Instance:
    """p = 1, cK = (1, 4, 9): the shares are proportional to the roots."""
    return _instance([1, 2, 3], [1, 1, 1], ["1/6", "1/3", "1/2"], "1")


def _one_sided() -> Instance:
    """The budget Σ K_i δ_i, as if only one side erred."""
    return _instance([1, 2, 3], [1, 1, 1], ["1/6", "1/3", "1/2"], "1", budget=1)


def _inverse(constant: int) -> Callable[[int], Any]:
    from flint import fmpq

    return lambda n: fmpq(constant, n)


def witness() -> Witness:
    """p = 1, c = (1, 4, 9), K = 1, t = 1/4: the integer counts by greedy gain meet the real optimum 288."""
    import sympy as sp
    from flint import fmpq

    from relverify.rigor.allocation import allocate
    from relverify.rigor.decide import decide
    from relverify.rigor.exact import from_fmpq

    budget = fmpq(1, 4)
    c = (1, 4, 9)
    counts = allocate([_inverse(2 * ci) for ci in c], budget)
    predicted = THEOREM.resource("N").count(S=6, p=1, t="1/4")
    assert predicted is not None
    used = from_fmpq(sum((fmpq(2 * ci, n) for ci, n in zip(c, counts, strict=True)), fmpq(0)))
    return Witness(
        text=f"counts {counts} for c = {c}, K = 1 with δ_i = c_i/n_i",
        predicted=predicted,
        built=sum(counts),
        decision=decide(sp.Le(used, from_fmpq(budget), evaluate=False)),
        error=str(used),
        allowed=str(budget),
    )


THEOREM = Theorem(
    label="allocation-coordinate",
    title="Cheapest split of a coordinate error budget",
    status="beyond",
    sense="lower",
    constructive=True,
    sharp=True,
    statement=(
        "If feature i costs :math:`(c_i/\\delta_i)^p` units for an error :math:`\\delta_i`, and "
        ":math:`\\sum 2K_i\\delta_i\\le t` with :math:`K_i=\\sup|f_i|`, then all together need at least "
        ":math:`S^{p+1}(2/t)^p` units, :math:`S=\\sum(c_iK_i)^{p/(p+1)}`, attained by "
        ":math:`K_i\\delta_i\\propto(c_iK_i)^{p/(p+1)}`. The budget leaves out the squares :math:`\\delta_i^2` of the "
        "symmetric form, so as a sufficient count it needs their room besides."
    ),
    source=Source("hardy1952"),
    formal=formal,
    instances=instances,
    extremal=extremal,
    witness=witness,
    mutants=(
        Mutant("larger-power", "S to the power p+2", extremal, lambda f: f.bound * f.symbol("S")),
        Mutant("one-sided", "the factor 2 of the two sides is forgotten in the budget", _one_sided),
        Mutant(
            "equal-shares",
            "the cost of equal shares among three features with p = 1, taken for the least",
            extremal,
            # 3 (1 + 4 + 9) · 2/t in place of (1 + 2 + 3)² · 2/t
            lambda f: f.bound * 42 / 36,
        ),
    ),
    limits=("one feature: (2 c K/t)^p",),
)
