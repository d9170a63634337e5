"""The function space of a symmetric inner product."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Source, Theorem, Witness


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Cited, Identity, Inequality
    from relverify.core.symbols import kappa, norm_f

    # coordinates of w in an orthonormal basis that starts with the span of φ(X), and of φ(x) in it
    w_1, w_2, perp = sp.symbols("w_1 w_2 w_perp", real=True)
    phi_1, phi_2, phi_perp = sp.symbols("phi_1 phi_2 phi_perp", real=True)
    a_1, a_2, k_11, k_12, k_22 = sp.symbols("a_1 a_2 k_11 k_12 k_22", real=True)
    at_x = sp.Symbol("f_x", real=True)
    norm_w, norm_phi = sp.symbols("norm_w norm_phi", nonnegative=True)
    bound = norm_f * sp.sqrt(kappa)
    return Formal(
        quantities=(
            Quantity(norm_f, "norm of f in the space: the least ‖w‖ with f = ⟨w, φ(·)⟩"),
            Quantity(kappa, "sup of k(x, x) = ‖φ(x)‖²"),
        ),
        bound=bound,
        bounded=r"\sup_x|f(x)|",
        hypotheses=("k(x, y) = ⟨φ(x), φ(y)⟩ and f lies in the space of k",),
        steps=(
            Inequality(
                w_1 * phi_1 + w_2 * phi_2 + perp * phi_perp, "=", w_1 * phi_1 + w_2 * phi_2,
                "What of w is orthogonal to all φ(x) does not show in f(x) = ⟨w, φ(x)⟩.", given=(sp.Eq(phi_perp, 0),),
            ),
            Inequality(
                w_1**2 + w_2**2, "<=", w_1**2 + w_2**2 + perp**2,
                "So the least norm is attained by the w in the closed span of φ(X), and only there.",
            ),
            Identity(
                (a_1 * k_11 + a_2 * k_12) * a_1 + (a_1 * k_12 + a_2 * k_22) * a_2, "=",
                a_1**2 * k_11 + 2 * a_1 * a_2 * k_12 + a_2**2 * k_22,
                "For f = Σ a_j k(x_j, ·), w = Σ a_j φ(x_j): ‖f‖² = Σ a_j f(x_j) = aᵀGa, hence Gram matrices are PSD; "
                "and ⟨f, k(x, ·)⟩ = ⟨w, φ(x)⟩ = f(x) reproduces.",
            ),
            Cited(
                sp.Abs(at_x), "<=", norm_w * norm_phi, "Cauchy–Schwarz for f(x) = ⟨w, φ(x)⟩.",
                lemma="cauchy-schwarz", key="steele2004",
            ),
            Inequality(
                norm_w * norm_phi, "<=", bound, "‖φ(x)‖² = k(x, x), and w has the least norm.",
                given=(sp.Eq(norm_w, norm_f), norm_phi**2 <= kappa),
            ),
        ),
    )  # fmt: skip


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.numbers import rationals

    @st.composite
    def functions(draw: Any) -> Instance:
        points, size = draw(st.integers(1, 4)), draw(st.integers(1, 4))
        features = [[draw(rationals(-2, 2)) for _ in range(size)] for _ in range(points)]
        return _instance(features, [draw(rationals(-2, 2)) for _ in range(size)])

    return functions()


def _instance(features: list[list[Any]], w: list[Any], **changed: Any) -> Instance:
    """The function ⟨w, φ(·)⟩ on a finite set; its norm is exact, by rational LDLᵀ of the Gram matrix."""
    import sympy as sp

    from relverify.rigor.enclose import enclose
    from relverify.rigor.exact import from_fmpq
    from relverify.spaces.rkhs import gram, norm_squared

    rows = [[sp.Rational(v) for v in row] for row in features]
    vector = [sp.Rational(v) for v in w]
    values = [sum((p * q for p, q in zip(row, vector, strict=True)), sp.Integer(0)) for row in rows]
    G = gram(rows)
    largest = max(abs(v) for v in values)
    exacts = {
        "norm_f": sp.sqrt(from_fmpq(norm_squared(G, values))),
        "kappa": max(from_fmpq(G[j, j]) for j in range(len(rows))),
    }
    return Instance(
        values=exacts | changed,
        observed=lambda prec: enclose(sp.sympify(largest), prec=prec),
        text=f"phi={rows}, f=<w,phi> with w={vector}",
        exact=sp.sympify(largest),
    )


_SECTION = ([["1/2", "1/3"], ["1/4", "-1/5"]], ["1/2", "1/3"])


def extremal() -> Instance:
    """f = k(x, ·) at the point x where k(x, x) is largest."""
    return _instance(*_SECTION)


def _off_diagonal() -> Instance:
    """k between different points in place of the diagonal."""
    import sympy as sp

    return _instance(*_SECTION, kappa=sp.Rational(1, 8) - sp.Rational(1, 15))


def _coefficients() -> Instance:
    """f = k(x, ·) has one coefficient 1; with k(x, x) = 4 its norm is 2, not 1."""
    return _instance([[2]], [2], norm_f=1)


def witness() -> Witness:
    """The function of least norm through given values at three points, against another with the same values."""
    import sympy as sp

    from relverify.rigor.decide import Decision, Verdict, decide
    from relverify.rigor.exact import from_fmpq
    from relverify.spaces.rkhs import gram, interpolant, matrix, norm_squared

    features: list[list[Any]] = [[1, 0, 0, 1], [1, 1, 0, 0], [1, 0, 1, "1/2"]]
    other: list[Any] = ["1/2", 1, "-1/3", 2]
    G = gram(features)
    values = [(matrix([row]) * matrix([other]).transpose())[0, 0] for row in features]
    coefficients = interpolant(G, values)
    w = matrix([coefficients]) * matrix(features)
    taken = [(w * matrix([row]).transpose())[0, 0] for row in features]
    built, allowed = from_fmpq(norm_squared(G, values)), sum(sp.Rational(v) ** 2 for v in other)
    decision = decide(sp.Le(built, allowed, evaluate=False))
    if taken != values or from_fmpq((w * w.transpose())[0, 0]) != built:
        decision = Decision(Verdict.REFUTED, "the function built does not take the values with its stated norm")
    return Witness(
        text="function of least norm through three values",
        predicted=len(features),
        built=len(coefficients),
        decision=decision,
        error=f"norm² {built}",
        allowed=f"norm² {allowed} of another function",
    )


THEOREM = Theorem(
    label="rkhs",
    title="The space of functions of one network",
    status="paper",
    sense="upper",
    constructive=True,
    sharp=True,
    statement=(
        "The functions :math:`\\langle w,\\varphi(\\cdot)\\rangle` form the reproducing kernel Hilbert space of "
        ":math:`k=\\langle\\varphi,\\varphi\\rangle`: the norm is the least :math:`\\|w\\|`, "
        ":math:`f(x)=\\langle f,k(x,\\cdot)\\rangle`, and :math:`|f(x)|\\le\\|f\\|\\sqrt{k(x,x)}`."
    ),
    source=Source("aronszajn1950"),
    formal=formal,
    instances=instances,
    extremal=extremal,
    witness=witness,
    mutants=(
        Mutant(
            "no-root", "k(x, x) in place of its root", extremal, lambda f: f.symbol("norm_f") * f.symbol("kappa")
        ),
        Mutant("off-the-diagonal", "k(x, y) at different points in place of k(x, x)", _off_diagonal),
        Mutant("norm-of-coefficients", "the norm of the coefficients in place of aᵀGa", _coefficients),
    ),
    limits=("f = k(x, ·): equality, ‖f‖² = k(x, x)", "symmetric: the closure over all d is all continuous PSD kernels"),
)  # fmt: skip
