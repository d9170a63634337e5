"""Features that are needed, by singular values."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Source, Theorem


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Cited, Inequality
    from relverify.core.symbols import T_d

    # two points: their probabilities and the errors there
    p_1, p_2, error = sp.symbols("p_1 p_2 error", nonnegative=True)
    e_1, e_2 = sp.symbols("e_1 e_2", real=True)
    mean_square = sp.Symbol("mean_square", nonnegative=True)
    bound = sp.sqrt(T_d)
    return Formal(
        quantities=(
            Quantity(T_d, "Σ_{i>d} σ_i², the singular values of r beyond the d largest, under probability measures"),
        ),
        bound=bound,
        bounded=r"\sup_{x,y}|r(x,y)-\langle\varphi(x),\psi(y)\rangle|",
        hypotheses=("σ_i are the singular values of (Tg)(x) = ∫r(x, y)g(y)dν(y) from L²(ν) to L²(μ)",),
        steps=(
            Cited(
                mean_square, ">=", T_d,
                "⟨φ(x), ψ(y)⟩ with d features is an operator of rank d; in the Hilbert–Schmidt norm none is nearer to "
                "r than the truncated singular value expansion.",
                lemma="schmidt-eckart-young", key="eckart1936",
            ),
            Inequality(
                p_1 * e_1**2 + p_2 * e_2**2, "<=", error**2,
                "The square of that norm is the mean of the squared error, which is at most its largest value.",
                given=(sp.Eq(p_1 + p_2, 1), sp.Abs(e_1) <= error, sp.Abs(e_2) <= error),
            ),
            Inequality(
                error, ">=", bound, "The two together.", given=(error**2 >= mean_square, mean_square >= T_d),
            ),
        ),
    )  # fmt: skip


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.matrices import orthogonal
    from relverify.strategies.numbers import rationals

    @st.composite
    def matrices(draw: Any) -> Instance:
        rows, columns = draw(st.integers(1, 3)), draw(st.integers(1, 3))
        U, V, left, right = (draw(orthogonal(n)) for n in (rows, columns, rows, columns))
        kept = draw(st.integers(0, min(rows, columns)))
        sigma = sorted((draw(rationals(0, 3)) for _ in range(min(rows, columns))), reverse=True)
        shift = [[draw(rationals("-1/4", "1/4")) for _ in range(columns)] for _ in range(kept)]
        return _instance(U, V, sigma, kept, _weights(left), _weights(right), shift)

    return matrices()


def _weights(Q: Any) -> list[Any] | None:
    """Square roots of probabilities: the first column of an orthogonal matrix, unless it contains a zero."""
    roots = [abs(Q[i, 0]) for i in range(Q.nrows())]
    return roots if all(root > 0 for root in roots) else None


def _instance(U: Any, V: Any, sigma: list[Any], kept: int, left: Any, right: Any, shift: list[Any] | None) -> Instance:
    """Values on finite sets with the singular values sigma under the weights, and values of d features near them.

    `left` and `right` are the square roots of the weights; None stands for equal weights, with the singular values of
    the matrix itself. `shift` changes the second factor of the truncated expansion.
    """
    import sympy as sp
    from flint import fmpq, fmpq_mat

    from relverify.rigor.enclose import enclose
    from relverify.rigor.exact import from_fmpq, to_fmpq

    n, m = U.nrows(), V.nrows()
    middle, cut = fmpq_mat(n, m), fmpq_mat(n, m)
    for i, value in enumerate(sigma):
        middle[i, i] = to_fmpq(value)
    for i in range(kept):
        for j in range(m):
            cut[i, j] = middle[i, j] + to_fmpq(shift[i][j] if shift else 0)
    R, K = U * middle * V.transpose(), U * cut * V.transpose()
    weighted = left is not None and right is not None
    for i in range(n):
        for j in range(m):
            scale = left[i] * right[j] if weighted else fmpq(1)
            R[i, j], K[i, j] = R[i, j] / scale, K[i, j] / scale
    tail = sum((sp.Rational(s) ** 2 for s in sigma[kept:]), sp.Integer(0))
    error = from_fmpq(max(abs(v) for v in (R - K).entries()))
    weights = f"square roots of the weights {left}, {right}" if weighted else "equal weights"
    return Instance(
        values={"T_d": tail if weighted else tail / (n * m)},
        observed=lambda prec: enclose(error, prec=prec),
        text=f"R={R.tolist()}, {kept} features with values {K.tolist()}, {weights}",
        exact=error,
    )


SIGNS = ((1, 1, 1, 1), (1, -1, 1, -1), (1, 1, -1, -1), (1, -1, -1, 1))


def extremal() -> Instance:
    """Two orthogonal sign patterns on 4 points, of weight 2 and 1: without the second all errors are 1."""
    return _signs(1)


def _signs(kept: int, **changed: Any) -> Instance:
    from dataclasses import replace

    from relverify.spaces.rkhs import matrix

    # ± 1/2 in the columns: singular values 8 and 4 of the matrix, 2 and 1 under equal weights
    H = matrix([[f"{s}/2" for s in row] for row in SIGNS])
    found = _instance(H, H, [8, 4, 0, 0], kept, None, None, None)
    return replace(found, values={**found.values, **changed})


def _all_equal() -> Instance:
    """r = ±1 with orthogonal rows, 4 singular values 2 of the matrix: their sum over √(nm) is 2, and 0 errs by 1."""
    from dataclasses import replace

    from relverify.spaces.rkhs import matrix

    H = matrix([[f"{s}/2" for s in row] for row in SIGNS])
    unit = matrix([[int(i == j) for j in range(4)] for i in range(4)])
    return replace(_instance(H, unit, [2, 2, 2, 2], 0, None, None, None), values={"T_d": 4})


THEOREM = Theorem(
    label="rank-lower",
    title="Features that are needed, by singular values",
    status="beyond",
    sense="lower",
    constructive=False,
    sharp=True,
    statement=(
        "With d features, :math:`\\sup|r-\\langle\\varphi,\\psi\\rangle|\\ge(\\sum_{i>d}\\sigma_i^2)^{1/2}`, where "
        ":math:`\\sigma_i` are the singular values of r under any probability measures of x and y. For n points and m "
        "points of equal weight these are those of the matrix of values over :math:`\\sqrt{nm}`."
    ),
    source=Source("eckart1936"),
    formal=formal,
    instances=instances,
    extremal=extremal,
    mutants=(
        Mutant("not-a-probability", "the singular values of the matrix, not over √(nm)", lambda: _signs(1, T_d=16)),
        Mutant("one-more", "σ_d is counted too", lambda: _signs(1, T_d=5)),
        Mutant("sum-of-values", "the singular values are added, not their squares", _all_equal),
        Mutant("doubled", "twice the bound", extremal, lambda f: 2 * f.bound),
    ),
    limits=("d = 0: the root of the mean square of r", "a symmetric PSD r: Σ_{i>d} λ_i², the eigenvalues of Mercer"),
)
