"""The function spaces of a general inner product: a pair in duality, with quotient norms."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Source, Theorem, Witness


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Cited, Identity, Inequality
    from relverify.core.symbols import K, norm_f

    # coordinates: two representers w, u of one f, the v of g in the span of φ(x_1), φ(x_2), and φ(x)
    w_1, w_2, u_1, u_2, b_1, b_2 = sp.symbols("w_1 w_2 u_1 u_2 b_1 b_2", real=True)
    f_11, f_12, f_21, f_22 = sp.symbols("phi_11 phi_12 phi_21 phi_22", real=True)
    at_x, value = sp.symbols("f_x pairing", real=True)
    norm_w, norm_phi = sp.symbols("norm_w norm_phi", nonnegative=True)
    v_1, v_2 = b_1 * f_11 + b_2 * f_21, b_1 * f_12 + b_2 * f_22
    bound = norm_f * K
    return Formal(
        quantities=(
            Quantity(norm_f, "norm of f: the least ‖w‖_p of the w in the span of ψ(Y) with f = ⟨w, φ(·)⟩"),
            Quantity(K, "at least sup of ‖φ(x)‖_q, 1/p + 1/q = 1"),
        ),
        bound=bound,
        bounded=r"\sup_x|f(x)|",
        hypotheses=(
            "k(x, y) = ⟨φ(x), ψ(y)⟩; w lies in the span of ψ(Y), and v in the span of φ(X)", "p, q in [1, ∞] are "
            "conjugate",
        ),
        steps=(
            Identity(
                w_1 * v_1 + w_2 * v_2, "=", b_1 * (w_1 * f_11 + w_2 * f_12) + b_2 * (w_1 * f_21 + w_2 * f_22),
                "For g = ⟨v, ψ(·)⟩ with v = Σ b_j φ(x_j) the pairing ⟨f, g⟩ = ⟨w, v⟩ is Σ b_j f(x_j): it depends on f, "
                "not on w.",
            ),
            Inequality(
                w_1 * v_1 + w_2 * v_2, "=", u_1 * v_1 + u_2 * v_2,
                "So any other representer u of f has the same pairing. In the same way w in the span of ψ(Y) makes it "
                "depend on g only.",
                given=(
                    sp.Eq(w_1 * f_11 + w_2 * f_12, u_1 * f_11 + u_2 * f_12),
                    sp.Eq(w_1 * f_21 + w_2 * f_22, u_1 * f_21 + u_2 * f_22),
                ),
            ),
            Identity(
                (w_1 * v_1 + w_2 * v_2).subs({b_1: 1, b_2: 0}), "=", w_1 * f_11 + w_2 * f_12,
                "k(x, ·) has v = φ(x), so ⟨f, k(x, ·)⟩ = f(x): the pairing reproduces.",
            ),
            Cited(
                sp.Abs(value), "<=", norm_w * norm_phi, "Hölder's inequality for ⟨w, v⟩.",
                lemma="hoelder", key="hardy1952",
            ),
            Inequality(
                sp.Abs(at_x), "<=", bound,
                "With v = φ(x) and the w of least norm, which exists: the span is closed, and balls in it are compact.",
                given=(
                    sp.Eq(at_x, value), sp.Abs(value) <= norm_w * norm_phi, sp.Eq(norm_w, norm_f), norm_phi <= K,
                ),
            ),
        ),
    )  # fmt: skip


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.numbers import rationals

    @st.composite
    def functions(draw: Any) -> Instance:
        size, points, others = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
        phi, psi = (
            [[draw(rationals(-2, 2, 4)) for _ in range(size)] for _ in range(rows)] for rows in (points, others)
        )
        mixture = [draw(rationals(-2, 2, 4)) for _ in range(others)]
        return _instance(phi, psi, mixture, draw(st.sampled_from(("1", "4/3", "2", "3", "inf"))))

    return functions()


def _instance(phi: list[list[Any]], psi: list[list[Any]], mixture: list[Any], p: str, **changed: Any) -> Instance:
    """f = ⟨w, φ(·)⟩ on a finite set with w = Σ c_j ψ(y_j); its norm by convex optimisation, rounded up."""
    from flint import fmpq

    from relverify.rigor.enclose import arf_to_fmpq, enclose
    from relverify.rigor.exact import from_fmpq, to_fmpq
    from relverify.spaces.rkbs import conjugate, exponent, norm, quotient_norm

    rows, span, c = ([[to_fmpq(v) for v in row] for row in table] for table in (phi, psi, [mixture]))
    w = [sum((a * row[k] for a, row in zip(c[0], span, strict=True)), fmpq(0)) for k in range(len(span[0]))]
    values = [sum((a * b for a, b in zip(w, row, strict=True)), fmpq(0)) for row in rows]
    found = quotient_norm(rows, values, span, p)
    largest = from_fmpq(max(abs(v) for v in values))
    q = conjugate(exponent(p))
    return Instance(
        values={
            "norm_f": from_fmpq(arf_to_fmpq(found.upper().upper())),
            "K": from_fmpq(max(arf_to_fmpq(norm(row, q).upper()) for row in rows)),
            **changed,
        },
        observed=lambda prec: enclose(largest, prec=prec),
        text=f"phi={[list(map(str, r)) for r in phi]}, psi={[list(map(str, r)) for r in psi]}, w={list(map(str, w))}, "
        f"p={p}",
        exact=largest,
    )


def extremal() -> Instance:
    """p = 1, q = ∞: w = (1/2, 1/2) and φ = (1, 1), where Hölder's inequality is an equality."""
    return _instance([[1, 1]], [["1/2", "1/2"]], [1], "1")


def _same_exponent() -> Instance:
    """p = ∞, with ‖φ(x)‖_∞ = 1 in place of ‖φ(x)‖_1 = 2."""
    return _instance([[1, 1]], [[1, 1]], [1], "inf", K=1)


def _without_span() -> Instance:
    """φ(X) and ψ(Y) both span the first axis; w = v = (0, 1) represent the function 0, and their pairing is 1."""
    import sympy as sp
    from flint import arb

    from relverify.spaces.rkhs import matrix

    phi, psi, w = matrix([[1, 0]]), matrix([[1, 0]]), matrix([[0], [1]])
    if any((phi * w).entries()) or any((psi * w).entries()):
        raise ArithmeticError("w and v do not represent the function 0")
    value = int((w.transpose() * w)[0, 0].p)
    return Instance(
        {"norm_f": 0, "K": 1}, lambda prec: arb(value), "the pairing of 0 = <(0,1), phi> with 0 = <(0,1), psi>, where "
        "phi = psi = (1,0)", exact=sp.Integer(value),
    )  # fmt: skip


def witness() -> Witness:
    """The function of least norm through values at two points, for p = 4/3, and a functional that proves it."""
    from relverify.rigor.decide import Decision, Verdict
    from relverify.spaces.rkbs import quotient_norm
    from relverify.spaces.rkhs import matrix

    phi: list[list[Any]] = [[1, 2, 0, "1/2"], [0, 1, 1, -1]]
    psi: list[list[Any]] = [[1, 0, 0, 1], [0, 1, 0, "1/3"], [1, 1, 1, 0]]
    values = [3, "-1/2"]
    found = quotient_norm(phi, values, psi, "4/3")
    decision = found.decide_gap("1e-9")
    taken = (matrix(phi) * matrix([list(found.representer)]).transpose()).entries()
    if list(taken) != list(matrix([values]).entries()):
        decision = Decision(Verdict.REFUTED, "the function built does not take the values")
    return Witness(
        text="function of least 4/3-norm through two values, between two proved bounds",
        predicted=len(values),
        built=len(taken),
        decision=decision,
        error=found.upper().str(15, radius=False),
        allowed=f"(1 + 1e-9) {found.lower().str(15, radius=False)}",
    )


THEOREM = Theorem(
    label="rkbs",
    title="The spaces of functions of two networks",
    status="paper",
    sense="upper",
    constructive=True,
    sharp=True,
    statement=(
        "Let :math:`k(x,y)=\\langle\\varphi(x),\\psi(y)\\rangle` and 1/p + 1/q = 1. The functions "
        ":math:`f=\\langle w,\\varphi(\\cdot)\\rangle` with :math:`w\\in\\mathrm{span}\\,\\psi(Y)` and "
        ":math:`g=\\langle v,\\psi(\\cdot)\\rangle` with :math:`v\\in\\mathrm{span}\\,\\varphi(X)`, with the least "
        ":math:`\\|w\\|_p` and :math:`\\|v\\|_q` as norms, are reproducing kernel Banach spaces of :math:`k`: the "
        "pairing :math:`\\langle f,g\\rangle=\\langle w,v\\rangle` is well defined, "
        ":math:`f(x)=\\langle f,k(x,\\cdot)\\rangle`, and :math:`|f(x)|\\le\\|f\\|\\,\\|\\varphi(x)\\|_q`. Without the "
        "spans the pairing is not well defined."
    ),
    source=Source("altabaa2024"),
    formal=formal,
    instances=instances,
    extremal=extremal,
    witness=witness,
    mutants=(
        Mutant("no-span", "w and v need not lie in the spans", _without_span),
        Mutant("same-exponent", "the same exponent on both sides", _same_exponent),
        Mutant("half", "the constant 1/2", extremal, lambda f: f.bound / 2),
    ),
    limits=("p = q = 2 and φ = ψ: rkhs", "p = 1, ∞: exact linear programming"),
)
