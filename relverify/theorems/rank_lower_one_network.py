"""Features that one network with itself needs, by eigenvalues."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Source, Theorem


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Cited, Identity, Inequality
    from relverify.core.symbols import T_d, T_neg

    # a pair of points: symmetric and antisymmetric part of r, values of k; an eigenvalue of each
    s, a, k, at_most_0, any_value = sp.symbols("s a k lambda_neg lambda_i", real=True)
    of_k, error = sp.symbols("kappa_i error", nonnegative=True)
    e_1, e_2 = sp.symbols("e_1 e_2", real=True)
    p_1, p_2, mean_square, ordered = sp.symbols("p_1 p_2 mean_square ordered", nonnegative=True)
    bound = sp.sqrt(T_d + T_neg)
    return Formal(
        quantities=(
            Quantity(T_d, "Σ λ_i² over the positive eigenvalues of (r(x, y) + r(y, x))/2 beyond the d largest"),
            Quantity(
                T_neg, "Σ λ_i² over its negative eigenvalues, and the mean square of (r(x, y) − r(y, x))/2 added"
            ),
        ),
        bound=bound,
        bounded=r"\sup_{x,y}|r(x,y)-\langle\varphi(x),\varphi(y)\rangle|",
        hypotheses=("λ_i are the eigenvalues of the symmetric part in L²(μ), μ a probability measure",),
        steps=(
            Identity(
                (s + a - k) ** 2 + (s - a - k) ** 2, "=", 2 * (s - k) ** 2 + 2 * a**2,
                "The antisymmetric part is orthogonal to the rest; here one pair of points.",
            ),
            Cited(
                mean_square, ">=", ordered,
                "The mean square of the symmetric part minus k is at least Σ(λ_i − κ_i)², both sequences of "
                "eigenvalues in decreasing order.", lemma="hoffman-wielandt", key="hoffman1953",
            ),
            Inequality(
                (at_most_0 - of_k) ** 2, ">=", at_most_0**2,
                "κ_i ≥ 0 since k is PSD: at a negative λ_i the term is at least λ_i².", given=(at_most_0 <= 0,),
            ),
            Inequality(
                (any_value - of_k) ** 2, ">=", any_value**2,
                "κ_i = 0 beyond the d features: the term is λ_i². So the sum is at least that of λ_i² over i > d with "
                "λ_i > 0 and over all i with λ_i < 0.",
                given=(sp.Eq(of_k, 0),),
            ),
            Inequality(
                p_1 * e_1**2 + p_2 * e_2**2, "<=", error**2, "A mean of squared errors is at most the largest.",
                given=(sp.Eq(p_1 + p_2, 1), sp.Abs(e_1) <= error, sp.Abs(e_2) <= error),
            ),
            Inequality(
                error, ">=", bound, "Together; the mean square of the antisymmetric part is counted in the second sum.",
                given=(error**2 >= mean_square, mean_square >= ordered, ordered >= T_d + T_neg),
            ),
        ),
    )  # fmt: skip


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.matrices import orthogonal
    from relverify.strategies.numbers import rationals

    @st.composite
    def matrices(draw: Any) -> Instance:
        size = draw(st.integers(1, 3))
        values = sorted((draw(rationals(-2, 2)) for _ in range(size)), reverse=True)
        kept = draw(st.integers(0, size))
        shift = [draw(rationals("-1/4", "1/4")) for _ in range(kept)]
        skew = [[draw(rationals("-1/2", "1/2")) for _ in range(size)] for _ in range(size)]
        roots = [abs(v) for v in draw(orthogonal(size)).entries()[::size]]
        return _instance(draw(orthogonal(size)), values, kept, shift, skew, roots if all(roots) else None)

    return matrices()


def _instance(
    U: Any, values: list[Any], kept: int, shift: list[Any] | None, skew: list[list[Any]] | None, roots: Any = None
) -> Instance:
    """A relation on a finite set with given eigenvalues and antisymmetric part, and a kernel of rank at most d.

    `roots` are the square roots of the weights, by default equal ones; then the eigenvalues are those of the matrix.
    """
    import sympy as sp
    from flint import fmpq, fmpq_mat

    from relverify.rigor.enclose import enclose
    from relverify.rigor.exact import from_fmpq, to_fmpq

    n = U.nrows()
    middle, cut, C = fmpq_mat(n, n), fmpq_mat(n, n), fmpq_mat(n, n)
    for i, value in enumerate(values):
        middle[i, i] = to_fmpq(value)
        if i < kept:
            cut[i, i] = max(fmpq(0), to_fmpq(value) + to_fmpq(shift[i] if shift else 0))
    if skew:
        C = fmpq_mat([[to_fmpq(v) for v in row] for row in skew])
        C = C - C.transpose()
    S, K = U * middle * U.transpose() + C, U * cut * U.transpose()
    apart = from_fmpq(sum((v * v for v in C.entries()), fmpq(0)))
    for i in range(n):
        for j in range(n):
            scale = roots[i] * roots[j] if roots else fmpq(1)
            S[i, j], K[i, j] = S[i, j] / scale, K[i, j] / scale
    total = 1 if roots else n * n
    rationals = [sp.Rational(v) for v in values]
    beyond = sum((v**2 for v in rationals[kept:] if v > 0), sp.Integer(0))
    negative = sum((v**2 for v in rationals if v < 0), sp.Integer(0))
    error = from_fmpq(max(abs(v) for v in (S - K).entries()))
    return Instance(
        values={"T_d": beyond / total, "T_neg": (negative + apart) / total},
        observed=lambda prec: enclose(error, prec=prec),
        text=f"R={S.tolist()}, kernel {K.tolist()} of rank {kept}, square roots of the weights {roots or 'equal'}",
        exact=error,
    )


def _signs(values: list[int], kept: int, **changed: Any) -> Instance:
    from dataclasses import replace

    from relverify.spaces.rkhs import matrix
    from relverify.theorems.rank_lower import SIGNS

    found = _instance(matrix([[f"{s}/2" for s in row] for row in SIGNS]), values, kept, None, None)
    return replace(found, values={**found.values, **changed})


def extremal() -> Instance:
    """Two orthogonal sign patterns on 4 points, of weight 2 and −1: one feature leaves the errors −1 and 1."""
    return _signs([8, 0, 0, -4], 1)


def _all_equal() -> Instance:
    """r = ±1, symmetric with orthogonal rows and eigenvalues ±2: over 4 points they add up to 2, and 0 errs by 1."""
    import sympy as sp
    from flint import arb

    from relverify.theorems.rank_lower import SIGNS

    return Instance({"T_d": 0, "T_neg": 4}, lambda prec: arb(1), f"R={SIGNS}, no feature", exact=sp.Integer(1))


def _indefinite() -> Instance:
    """k = r has the negative eigenvalue too, so that it is no kernel of one network with itself."""
    import sympy as sp
    from flint import arb

    found = _signs([8, 0, 0, -4], 1)
    return Instance(found.values, lambda prec: arb(0), f"{found.text}, in its place R itself", exact=sp.Integer(0))


THEOREM = Theorem(
    label="rank-lower-one-network",
    title="Features that one network with itself needs, by eigenvalues",
    status="beyond",
    sense="lower",
    constructive=False,
    sharp=True,
    statement=(
        "With d features of one network, :math:`\\sup|r-\\langle\\varphi,\\varphi\\rangle|^2` is at least the sum of "
        ":math:`\\lambda_i^2` over the positive eigenvalues of the symmetric part of r beyond the d largest and over "
        "all negative ones, plus the mean square of its antisymmetric part, under any probability measure."
    ),
    source=Source("hoffman1953"),
    formal=formal,
    instances=instances,
    extremal=extremal,
    mutants=(
        Mutant("psd-dropped", "two networks in place of one: k has a negative eigenvalue", _indefinite),
        Mutant("one-more", "the d-th eigenvalue is counted too", lambda: _signs([8, 4, 0, 0], 1, T_d=5)),
        Mutant("absolute-values", "the eigenvalues are added, not their squares", _all_equal),
        Mutant("doubled", "twice the bound", extremal, lambda f: 2 * f.bound),
    ),
    limits=("a kernel: rank-lower with σ_i = λ_i", "d large: the negative part stays, however many features"),
)  # fmt: skip
