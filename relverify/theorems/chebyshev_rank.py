"""Features of an analytic relation, by Chebyshev polynomials in one variable."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Resource, Source, Theorem, Witness


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Cited, Identity, Inequality
    from relverify.core.symbols import M, d, eps, rho

    k, m = (sp.Symbol(name, integer=True, nonnegative=True) for name in ("k", "m"))
    theta = sp.Symbol("theta", real=True)
    gap = sp.Symbol("gap", positive=True)
    a = sp.Function("a", real=True)
    tail, ratio, part = sp.symbols("tail ratio part", nonnegative=True)
    bound = 2 * M * rho ** (1 - d) / (rho - 1)
    return Formal(
        quantities=(
            Quantity(M, "sup of |r(·, y)| on the ellipse with foci ±1 and half axes (ρ ± 1/ρ)/2, over all y",
                     of_relation="bernstein_sup"),
            Quantity(rho, "sum of the half axes of the ellipse", of_relation="bernstein_rho"),
            Quantity(d, "features, at least 1: T_0(x), …, T_{d−1}(x)"),
            Quantity(eps, "error that is asked for"),
        ),
        bound=bound,
        bounded=r"\sup_{x,y}|r(x,y)-\langle f(x),g(y)\rangle|",
        hypotheses=(
            "r(·, y) is analytic and bounded by M inside the ellipse, for every y; X is mapped to [−1, 1]",
            sp.Gt(rho, 1), sp.Ge(d, 1),
        ),
        solve={
            "d": Resource(1 + sp.log(2 * M / ((rho - 1) * eps)) / sp.log(rho), meaning="features that suffice", least=1)
        },
        steps=(
            Cited(
                sp.Abs(a(k)), "<=", 2 * M * rho ** (-k),
                "Bernstein: the Chebyshev coefficients of a function that is bounded by M in the ellipse.",
                lemma="bernstein-ellipse", key="trefethen2013",
            ),
            Identity(
                sp.cos((m + 1) * theta) + sp.cos((m - 1) * theta), "=", 2 * sp.cos(theta) * sp.cos(m * theta),
                "T_k(cos θ) = cos kθ are polynomials, so r(x, y) = Σ a_k(y) T_k(x), and |T_k| ≤ 1: what d features "
                "leave is at most Σ_{k≥d} |a_k(y)|.",
            ),
            Identity(
                (1 - ratio) * (1 + ratio + ratio**2) + ratio**3, "=", sp.Integer(1),
                "The geometric series: (1 − q)(1 + q + … + q^n) + q^{n+1} = 1, here for n = 2, so its sum is at most "
                "1/(1 − q), with q = 1/ρ.",
            ),
            Inequality(
                tail, "<=", part * rho / (rho - 1), "The tail begins with 2Mρ^{−d}, and q = 1/ρ.",
                given=(tail * (1 - 1 / rho) <= part, rho > 1),
            ),
            Identity(
                (2 * M * (1 + gap) ** (-d)) * (1 + gap) / gap, "=", bound.subs(rho, 1 + gap), "With ρ = 1 + gap.",
            ),
            Identity(bound.subs(rho, 1 + gap).subs(gap, rho - 1), "=", bound, "In terms of ρ again."),
        ),
    )  # fmt: skip


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.numbers import rationals

    @st.composite
    def polynomials(draw: Any) -> Instance:
        rows = [
            [draw(rationals(0, 2, 6)) for _ in range(draw(st.integers(1, 5)))] for _ in range(draw(st.integers(1, 3)))
        ]
        return _instance(rows, 1 + draw(rationals("1/4", 3, 6)), draw(st.integers(1, 4)))

    return polynomials()


def _instance(rows: list[list[Any]], rho: Any, d: int, **changed: Any) -> Instance:
    """r(x, y) = Σ a_k(y) T_k(x) for finitely many y, all a_k ≥ 0: both suprema are taken at the right ends.

    As ``|T_k|`` on the ellipse is at most ``(ρ^k + ρ^{−k})/2``, its value at the right vertex, M is a value too.
    """
    import sympy as sp

    from relverify.rigor.enclose import enclose

    rho, table = sp.Rational(rho), [[sp.Rational(a) for a in row] for row in rows]
    M = max(sp.Add(*[a * (rho**k + rho**-k) / 2 for k, a in enumerate(row)]) for row in table)
    tail = max(sp.Add(*row[d:]) for row in table)
    return Instance(
        values={"M": M, "rho": rho, "d": d, **changed},
        observed=lambda prec: enclose(tail, prec=prec),
        text=f"coefficients of T_k, a row a y: {[list(map(str, row)) for row in table]}, {d} features",
        exact=tail,
    )


def extremal() -> Instance:
    """T_1 for ρ = 2^400: M = (ρ + 1/ρ)/2, and one feature leaves 1, which is the bound up to 2^−399."""
    found = _instance([[0, 1]], 2**400, 1)
    return Instance(found.values, found.observed, "r = T_1(x), rho = 2^400, 1 feature")


def _pole() -> Instance:
    """1/(1 − x/2) on [−1, 1] with its expansion Σ a_k T_k: a pole at x = 2, where ρ = 2 + √3.

    a_k = 2 c (2 − √3)^k with c = 2/√3 (half of it for k = 0), so two features leave 2c q²/(1 − q) at x = 1. The
    ellipse ρ = 10 has the pole inside, and M is taken on [−1, 1], where it is 2.
    """
    import sympy as sp

    from relverify.rigor.enclose import enclose

    q = 2 - sp.sqrt(3)
    tail = 2 * (2 / sp.sqrt(3)) * q**2 / (1 - q)
    return Instance(
        {"M": 2, "rho": 10, "d": 2}, lambda prec: enclose(tail, prec=prec), "1/(1 - x/2) on [-1,1], 2 features"
    )


def _on_interval() -> Instance:
    """M taken as the sup over [−1, 1], which is 1 for T_4, in place of the ellipse ρ = 2."""
    return _instance([[0, 0, 0, 0, 1]], 2, 4, M=1)


def witness() -> Witness:
    """Chebyshev features of exp(x) for ρ = 4, as many as the error 1/1000 asks for, with an exact tail."""
    import sympy as sp

    from relverify.rigor.decide import compare
    from relverify.rigor.enclose import enclose

    # |exp| on the ellipse ρ = 4 is at most exp(17/8)
    M, eps = sp.exp(sp.Rational(17, 8)), sp.Rational(1, 1000)
    predicted = THEOREM.resource("d").count(M=M, rho=4, eps=eps)
    assert predicted is not None
    # a_0 = I_0(1), a_k = 2 I_k(1): the value at x = 1 is e
    kept = [sp.besseli(k, 1) * (1 if k == 0 else 2) for k in range(predicted)]
    tail = sp.E - sp.Add(*kept)
    return Witness(
        text="Chebyshev features of exp(x) on [-1,1], rho = 4",
        predicted=predicted,
        built=len(kept),
        decision=compare(lambda prec: enclose(tail, prec=prec), "<=", lambda prec: enclose(eps, prec=prec)),
        error=enclose(tail, prec=128).str(6, radius=False),
        allowed=str(eps),
    )


THEOREM = Theorem(
    label="chebyshev-rank",
    title="Features of an analytic relation",
    status="classical",
    sense="upper",
    constructive=True,
    sharp=True,
    statement=(
        "Let :math:`r(\\cdot,y)` be analytic and bounded by M in the ellipse with foci ±1 and half axes of sum "
        ":math:`\\rho>1`, for all y. The d features :math:`T_0(x),\\dots,T_{d-1}(x)`, with the coefficients of "
        ":math:`r(\\cdot,y)` as those of y, leave at most :math:`2M\\rho^{1-d}/(\\rho-1)`, so "
        ":math:`O(\\log(1/\\varepsilon))` features suffice. Balanced, "
        ":math:`f_k=\\rho^{-k/2}T_k`, they have :math:`\\|f\\|^2\\le\\rho/(\\rho-1)`."
    ),
    source=Source("trefethen2013"),
    formal=formal,
    instances=instances,
    extremal=extremal,
    witness=witness,
    mutants=(
        Mutant("constant-one", "the constant 1", extremal, lambda f: f.bound / 2),
        Mutant("one-feature-more", "the tail begins one feature later", extremal, lambda f: f.bound / f.symbol("rho")),
        Mutant("pole-inside", "the ellipse contains a pole", _pole),
        Mutant("on-the-interval", "M on [−1, 1] in place of the ellipse", _on_interval),
    ),
    limits=("ρ → ∞: T_1 attains it", "tensor form: chebyshev-rank-tensor"),
)  # fmt: skip
