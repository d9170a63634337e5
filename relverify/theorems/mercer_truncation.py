"""The error of a truncated feature expansion is its tail on the diagonal."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Source, Theorem


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Cited, Identity, Inequality
    from relverify.core.symbols import d, i, tau, x, y

    f, r = sp.Function("f", real=True), sp.Function("r", real=True)
    # T_x and T_y: the tails of the diagonal at two points
    T_x, T_y = sp.symbols("T_x T_y", nonnegative=True)
    tail = sp.Sum(f(i, x) * f(i, y), (i, d + 1, sp.oo))
    return Formal(
        quantities=(
            Quantity(tau, "sup over x of Σ_{i>d} f_i(x)², the tail on the diagonal"),
            Quantity(d, "features kept"),
        ),
        bound=tau,
        bounded=r"\sup_{x,y}\Bigl|r(x,y)-\sum_{i\le d}f_i(x)f_i(y)\Bigr|",
        hypotheses=(
            "X compact metric, μ a finite Borel measure of full support, r continuous symmetric PSD; "
            "or any expansion r(x, y) = Σ f_i(x) f_i(y)",
        ),
        steps=(
            Cited(
                r(x, y) - sp.Sum(f(i, x) * f(i, y), (i, 1, d)), "=", tail,
                "Mercer: r is the uniform sum of λ_i e_i(x) e_i(y); put f_i = √λ_i e_i.",
                lemma="mercer", key="mercer1909",
            ),
            Identity(
                tail.subs(y, x), "=", sp.Sum(f(i, x) ** 2, (i, d + 1, sp.oo)),
                "On the diagonal the remainder is the tail itself, so the supremum is at least τ_d.",
            ),
            Cited(
                sp.Abs(tail), "<=", sp.sqrt(T_x) * sp.sqrt(T_y),
                "Cauchy–Schwarz for the remainder; T_x and T_y are its values at (x, x) and at (y, y).",
                lemma="cauchy-schwarz", key="steele2004",
            ),
            Inequality(
                sp.sqrt(T_x) * sp.sqrt(T_y), "<=", tau,
                "Both tails are at most τ_d: off the diagonal the remainder is never larger.",
                given=(T_x <= tau, T_y <= tau),
            ),
        ),
    )  # fmt: skip


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.numbers import rationals

    @st.composite
    def sums(draw: Any) -> Instance:
        features, points = draw(st.integers(1, 5)), draw(st.integers(1, 4))
        values = [[draw(rationals(-2, 2)) for _ in range(features)] for _ in range(points)]
        return _instance(values, draw(st.integers(0, features)))

    return sums()


def _instance(values: list[list[Any]], kept: int, tau: Any = None) -> Instance:
    """Features on a finite set: the kernel is their Gram matrix, and every supremum is a rational number."""
    import sympy as sp

    from relverify.rigor.enclose import enclose
    from relverify.rigor.exact import from_fmpq
    from relverify.spaces.rkhs import gram, matrix

    rows = [[sp.sympify(v) for v in row] for row in values]
    if all(v.is_Rational for row in rows for v in row):
        rest = gram(rows)
        if kept:
            head = matrix([row[:kept] for row in rows])
            rest -= head * head.transpose()
        error = max(from_fmpq(abs(v)) for v in rest.entries())
    else:
        # features with square roots: each entry of the remainder is algebra
        error = sp.Max(*[abs(sum(p * q for p, q in zip(u[kept:], v[kept:], strict=True))) for u in rows for v in rows])
    if tau is None:
        tau = max(sum(v**2 for v in row[kept:]) for row in rows)
    return Instance(
        values={"tau": sp.sympify(tau), "d": kept},
        observed=lambda prec: enclose(sp.sympify(error), prec=prec),
        text=f"features at the points {rows}, {kept} kept",
        exact=sp.sympify(error),
    )


def extremal() -> Instance:
    return _instance([["1/2", "1/3", "1/5"], [1, "-1/2", "1/4"], ["1/7", 2, "-2/3"]], 1)


def _inside_eigenspace() -> Instance:
    """r = 1 + cos θ on the circle; of the eigenspace of frequency 1 only the cosine is kept.

    With a uniform measure the eigenvalues are 1, 1/2, 1/2; on whole eigenspaces the tail is the sum of those left.
    """
    import sympy as sp

    angles = [sp.Integer(0), sp.pi / 2, sp.pi, 3 * sp.pi / 2]
    return _instance([[1, sp.cos(a), sp.sin(a)] for a in angles], 2, tau="1/2")


def _off_diagonal() -> Instance:
    """The largest remainder between different points, in place of the diagonal."""
    return _instance([[1, 1], [1, "-1/2"]], 1, tau="1/2")


def _spectral_norm() -> Instance:
    """r = 1 at equal points, 0 at others: under the uniform measure of three points all eigenvalues are 1/3."""
    return _instance([[1, 0, 0], [0, 1, 0], [0, 0, 1]], 2, tau="1/3")


THEOREM = Theorem(
    label="mercer-truncation",
    title="Truncation of Mercer's expansion",
    status="classical",
    sense="tight",
    constructive=False,
    sharp=True,
    statement=(
        "If :math:`r(x,y)=\\sum_i f_i(x)f_i(y)` and d features are kept, the largest error is "
        ":math:`\\tau_d=\\sup_x\\sum_{i>d}f_i(x)^2`, attained on the diagonal. By Mercer's theorem every continuous "
        "symmetric PSD :math:`r` on a compact metric space has such an expansion, :math:`f_i=\\sqrt{\\lambda_i}e_i`. "
        "Without features, :math:`\\tau_0=\\sup_x r(x,x)`."
    ),
    source=Source("mercer1909"),
    formal=formal,
    instances=instances,
    extremal=extremal,
    mutants=(
        Mutant(
            "inside-an-eigenspace",
            "the sum of the remaining eigenvalues is taken for the tail although an eigenspace is cut in two",
            _inside_eigenspace,
        ),
        Mutant("off-the-diagonal", "the tail is taken between different points only", _off_diagonal),
        Mutant("spectral-norm", "the first eigenvalue left out is taken in place of the supremum", _spectral_norm),
    ),
    limits=("d = 0: τ_0 = sup r(x, x)", "circle: odd d; sphere: whole degrees"),
)
