"""Features of an analytic relation of two variables a side, by products of Chebyshev polynomials."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Source, Theorem, Witness


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Cited, Identity, Inequality
    from relverify.core.symbols import M, d_1, d_2, rho_1, rho_2

    k_1, k_2 = (sp.Symbol(name, integer=True, positive=True) for name in ("k_1", "k_2"))
    a = sp.Function("a", real=True)
    # the whole sum over an axis, the part of it that is kept, and the tail
    whole_1, whole_2, kept_1, kept_2, q = sp.symbols("whole_1 whole_2 kept_1 kept_2 q", positive=True)
    total, tail_1, tail_2 = sp.symbols("total tail_1 tail_2", nonnegative=True)

    def whole(rho: Any) -> Any:
        return (rho + 1) / (rho - 1)

    def rest(rho: Any, d: Any) -> Any:
        return 2 * rho ** (1 - d) / (rho - 1)

    bound = M * (rest(rho_1, d_1) * whole(rho_2) + (whole(rho_1) - rest(rho_1, d_1)) * rest(rho_2, d_2))
    return Formal(
        quantities=(
            Quantity(M, "sup of |r(·, y)| on the product of two ellipses with foci ±1, over all y"),
            Quantity(rho_1, "sum of the half axes of the first ellipse"),
            Quantity(rho_2, "sum of the half axes of the second ellipse"),
            Quantity(d_1, "polynomials in x_1: T_0, …, T_{d_1−1}"),
            Quantity(d_2, "polynomials in x_2; the features are the d_1 d_2 products"),
        ),
        bound=bound,
        bounded=r"\sup_{x,y}|r(x,y)-\langle f(x),g(y)\rangle|",
        hypotheses=(
            "r(·, y) is analytic and bounded by M inside the product of the ellipses, for every y; x lies in [−1, 1]²",
            sp.Gt(rho_1, 1), sp.Gt(rho_2, 1),
        ),
        steps=(
            Cited(
                sp.Abs(a(k_1, k_2)), "<=", 4 * M * rho_1 ** (-k_1) * rho_2 ** (-k_2),
                "Bernstein, one variable after the other: a factor 2 for each positive index.",
                lemma="bernstein-ellipse", key="trefethen2013",
            ),
            Identity(
                1 + 2 * (1 / rho_1) / (1 - 1 / rho_1), "=", whole(rho_1),
                "The sum 1 + 2Σ_{k≥1} ρ^{−k} over one axis: a geometric series.",
            ),
            Identity(
                (1 - q) * (1 + q + q**2) + q**3, "=", sp.Integer(1),
                "Its tail from d on is 2ρ^{−d}/(1 − 1/ρ), by (1 − q)(1 + … + q^n) + q^{n+1} = 1, here for n = 2.",
            ),
            Identity(
                2 * rho_1 ** (-d_1) / (1 - 1 / rho_1), "=", rest(rho_1, d_1), "The tail, with ρ.",
            ),
            Identity(
                whole_1 * whole_2 - kept_1 * kept_2, "=", (whole_1 - kept_1) * whole_2 + kept_1 * (whole_2 - kept_2),
                "What is left of the product of the two sums, without cancellation.",
            ),
            Inequality(
                total, "<=", M * (tail_1 * whole_2 + (whole_1 - tail_1) * tail_2),
                "As |T_k| ≤ 1, the products that are left out add up to at most this.",
                given=(total <= M * (whole_1 * whole_2 - (whole_1 - tail_1) * (whole_2 - tail_2)),),
            ),
            Identity(
                (M * (tail_1 * whole_2 + (whole_1 - tail_1) * tail_2)).subs(
                    {
                        tail_1: rest(rho_1, d_1), tail_2: rest(rho_2, d_2), whole_1: whole(rho_1),
                        whole_2: whole(rho_2),
                    }
                ), "=", bound, "With the sums of the axes.",
            ),
        ),
    )  # fmt: skip


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.numbers import rationals

    @st.composite
    def polynomials(draw: Any) -> Instance:
        shape = draw(st.integers(1, 4)), draw(st.integers(1, 4))
        table = [[draw(rationals(0, 2, 6)) for _ in range(shape[1])] for _ in range(shape[0])]
        rho = 1 + draw(rationals("1/4", 3, 6)), 1 + draw(rationals("1/4", 3, 6))
        return _instance(table, rho, (draw(st.integers(1, 3)), draw(st.integers(1, 3))))

    return polynomials()


def _instance(table: list[list[Any]], rho: tuple[Any, Any], d: tuple[int, int], **changed: Any) -> Instance:
    """r(x, ·) = Σ a_kl T_k(x_1) T_l(x_2), all a_kl ≥ 0: both suprema are taken at the right ends."""
    import sympy as sp

    from relverify.rigor.enclose import enclose

    first, second = (sp.Rational(v) for v in rho)
    sizes = {(k, l): sp.Rational(a) for k, row in enumerate(table) for l, a in enumerate(row)}
    M = sp.Add(
        *[a * (first**k + first**-k) * (second**l + second**-l) / 4 for (k, l), a in sizes.items()]
    )  # fmt: skip
    tail = sp.Add(*[a for (k, l), a in sizes.items() if k >= d[0] or l >= d[1]])
    return Instance(
        values={"M": M, "rho_1": first, "rho_2": second, "d_1": d[0], "d_2": d[1], **changed},
        observed=lambda prec: enclose(tail, prec=prec),
        text=f"coefficients of T_k(x1) T_l(x2): {[list(map(str, row)) for row in table]}, {d[0]} x {d[1]} features",
        exact=tail,
    )


def extremal() -> Instance:
    """T_1(x_1) for ρ_1 = 2^400 and ρ_2 = 2^800: one feature leaves 1, the bound up to 2^−390."""
    found = _instance([[0], [1]], (2**400, 2**800), (1, 1))
    return Instance(found.values, found.observed, "r = T_1(x1), rho_1 = 2^400, rho_2 = 2^800, 1 feature")


def _on_square() -> Instance:
    table: list[list[Any]] = [[0] * 6 for _ in range(6)]
    table[5][5] = 1
    return _instance(table, (2, 2), (5, 5), M=1)


def witness() -> Witness:
    """2 · 3 features of the product of two polynomials, and what they leave, in exact arithmetic."""
    import sympy as sp

    from relverify.rigor.decide import decide

    first, second = ("1", "1/3", "1/27"), ("1", "1/2", "1/8", "1/64")
    table = [[sp.Rational(a) * sp.Rational(b) for b in second] for a in first]
    d = 2, 3
    instance = _instance(table, (3, 3), d)
    allowed = THEOREM.bound.evaluate(30, instance.values)
    kept = [(k, l) for k in range(d[0]) for l in range(d[1])]
    assert instance.exact is not None
    return Witness(
        text="products of Chebyshev polynomials for a product of two polynomials, rho = 3",
        predicted=d[0] * d[1],
        built=len(kept),
        decision=decide(sp.Le(instance.exact, sp.Rational(allowed.lo), evaluate=False)),
        error=str(instance.exact),
        allowed=allowed.lo,
    )


def _tails_only(f: Formal) -> Any:
    rho, other = f.symbol("rho_1"), f.symbol("rho_2")
    tails = 2 * rho ** (1 - f.symbol("d_1")) / (rho - 1) * 2 * other ** (1 - f.symbol("d_2")) / (other - 1)
    return f.symbol("M") * tails


THEOREM = Theorem(
    label="chebyshev-rank-tensor",
    title="Features of an analytic relation of two variables",
    status="classical",
    sense="upper",
    constructive=True,
    sharp=True,
    statement=(
        "Let :math:`r(\\cdot,y)` be analytic and bounded by M in a product of ellipses with foci ±1 and half axes of "
        "sum :math:`\\rho_j>1`, for all y. The products of :math:`d_1` and :math:`d_2` Chebyshev polynomials are "
        ":math:`d_1d_2` features that leave at most :math:`M(P_1P_2-Q_1Q_2)`, "
        ":math:`P_j=(\\rho_j+1)/(\\rho_j-1)`, :math:`Q_j=1+2\\sum_{1\\le k<d_j}\\rho_j^{-k}`. More variables: more "
        "factors."
    ),
    source=Source("trefethen2013"),
    formal=formal,
    uses=("chebyshev-rank",),
    instances=instances,
    extremal=extremal,
    witness=witness,
    mutants=(
        Mutant("half", "the factor 2 of one axis dropped", extremal, lambda f: f.bound / 2),
        Mutant("product-of-tails", "the product of the two tails for all that is left out", extremal, _tails_only),
        Mutant("on-the-square", "M on [−1, 1]² in place of the ellipses", _on_square),
    ),
    limits=("ρ_2 → ∞: chebyshev-rank",),
)  # fmt: skip
