"""How far a relation is from the inner products of one network with itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Source, Theorem


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Identity, Inequality
    from relverify.core.symbols import Q, T

    # two points: entries of R, of the symmetric k, of W = BBᵀ and of A; deviations e and multipliers m of R − k
    k_11, k_12, k_21, k_22, a_12, a_21 = sp.symbols("k_11 k_12 k_21 k_22 a_12 a_21", real=True)
    b_11, b_12, b_21, b_22 = sp.symbols("b_11 b_12 b_21 b_22", real=True)
    e_1, e_2, m_1, m_2 = sp.symbols("e_1 e_2 m_1 m_2", real=True)
    f_1, f_2 = sp.symbols("f_1 f_2", nonnegative=True)
    error, with_k = sp.symbols("error", nonnegative=True), sp.Symbol("with_k", nonnegative=True)
    w_11, w_12, w_22 = b_11**2 + b_12**2, b_11 * b_21 + b_12 * b_22, b_21**2 + b_22**2
    bound = Q / T

    def column(j: int) -> Any:
        first, second = (b_11, b_21) if j == 1 else (b_12, b_22)
        return first**2 * k_11 + 2 * first * second * k_12 + second**2 * k_22

    return Formal(
        quantities=(
            Quantity(Q, "−⟨R, W + A⟩ for the values R_ij = r(x_i, x_j)"),
            Quantity(T, "Σ|W_ij + A_ij|, with W PSD and A antisymmetric, not both 0"),
        ),
        bound=bound,
        bounded=r"\sup_{x,y}|r(x,y)-\langle\varphi(x),\varphi(y)\rangle|",
        hypotheses=(sp.Gt(T, 0), "W is symmetric PSD, A is antisymmetric"),
        steps=(
            Inequality(
                a_12 * k_12 + a_21 * k_21, "=", sp.Integer(0),
                "⟨k, A⟩ = 0 for the values k of any symmetric function: entries (i, j) and (j, i) cancel.",
                given=(sp.Eq(k_21, k_12), sp.Eq(a_21, -a_12)),
            ),
            Identity(
                w_11 * k_11 + 2 * w_12 * k_12 + w_22 * k_22, "=", column(1) + column(2),
                "With W = BBᵀ, ⟨k, W⟩ is the sum of bᵀkb over the columns b of B.",
            ),
            Inequality(
                (b_11 * f_1 + b_21 * f_2) ** 2, ">=", sp.Integer(0),
                "bᵀkb = ‖Σ b_i φ(x_i)‖² for k = ⟨φ, φ⟩, a square in each coordinate of φ: so ⟨k, W + A⟩ ≥ 0.",
            ),
            Inequality(
                m_1 * e_1 + m_2 * e_2, "<=", error * (sp.Abs(m_1) + sp.Abs(m_2)),
                "⟨k − R, W + A⟩ ≤ ε Σ|W_ij + A_ij| if all values are within ε.",
                given=(sp.Abs(e_1) <= error, sp.Abs(e_2) <= error),
            ),
            Inequality(
                error, ">=", bound, "The two together: ε Σ|W_ij + A_ij| ≥ ⟨k, W + A⟩ − ⟨R, W + A⟩ ≥ −⟨R, W + A⟩.",
                given=(error * T >= with_k + Q, T > 0),
            ),
        ),
    )  # fmt: skip


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.matrices import to_matrix
    from relverify.strategies.numbers import positives, rationals

    @st.composite
    def pairs(draw: Any) -> Instance:
        size = draw(st.integers(1, 4))

        def entries(columns: int, top: int) -> Any:
            return to_matrix([[draw(rationals(-top, top, 6)) for _ in range(columns)] for _ in range(size)])

        features, B = entries(draw(st.integers(1, size)), 1), entries(draw(st.integers(1, size)), 2)
        C = entries(size, 1)
        B[0, 0] = B[0, 0] + (1 if B[0, 0] >= 0 else -1)
        W, A = B * B.transpose(), C - C.transpose()
        # r = k − ε sign(W + A) comes close to the bound, and attains it where ⟨k, W⟩ = 0; other relations leave room
        R, error = features * features.transpose(), draw(positives(2))
        loose = draw(st.booleans())
        for i in range(size):
            for j in range(size):
                total = W[i, j] + A[i, j]
                share = draw(rationals(-1, 1, 4)) if loose else (total > 0) - (total < 0)
                R[i, j] = R[i, j] - _rational(error) * _rational(share)
        return _instance(R, features * features.transpose(), W, A)

    return pairs()


def _rational(value: Any) -> Any:
    from fractions import Fraction

    from flint import fmpq

    return fmpq(*Fraction(value).as_integer_ratio())


def _instance(R: Any, k: Any, W: Any, A: Any) -> Instance:
    """Values R of a relation and k of a kernel on a finite set, which is all of X: every supremum is a maximum."""
    from flint import fmpq

    from relverify.rigor.enclose import enclose
    from relverify.rigor.exact import from_fmpq

    total = W + A
    pairing = sum((r * m for r, m in zip(R.entries(), total.entries(), strict=True)), fmpq(0))
    error = from_fmpq(max(abs(v) for v in (R - k).entries()))
    return Instance(
        values={"Q": from_fmpq(-pairing), "T": from_fmpq(sum((abs(m) for m in total.entries()), fmpq(0)))},
        observed=lambda prec: enclose(error, prec=prec),
        text=f"R={R.tolist()}, kernel {k.tolist()}, W={W.tolist()}, A={A.tolist()}",
        exact=error,
    )


def _circular(norm: Callable[[Any], Any] | None = None) -> Instance:
    """Five points on a circle: r = 0, −1, 1 at circular distance 0, 1, 2, against its nearest kernel.

    The kernel takes s, s − 1, 1 − s with s = √5/(1+√5); its eigenvalues are sums of these with 2 cos(2πj/5).
    """
    import sympy as sp

    from relverify.rigor.decide import is_zero
    from relverify.rigor.enclose import enclose

    near, far = sp.cos(2 * sp.pi / 5), sp.cos(4 * sp.pi / 5)
    s = sp.sqrt(5) / (1 + sp.sqrt(5))
    kernel, relation = (s, s - 1, 1 - s), (sp.Integer(0), sp.Integer(-1), sp.Integer(1))
    for j in range(3):
        # a circulant matrix is PSD if these eigenvalues are not negative
        eigenvalue = kernel[0] + 2 * kernel[1] * sp.cos(2 * sp.pi * j / 5) + 2 * kernel[2] * sp.cos(4 * sp.pi * j / 5)
        assert is_zero(eigenvalue) or enclose(eigenvalue) > 0
    error = sp.Max(*[sp.Abs(r - k) for r, k in zip(relation, kernel, strict=True)])
    weights = (sp.Integer(1), near, far)
    total = 5 * (1 + 2 * near - 2 * far) if norm is None else norm(weights)
    return Instance(
        values={"Q": sp.expand(-5 * (2 * near * relation[1] + 2 * far * relation[2])), "T": sp.expand(total)},
        observed=lambda prec: enclose(sp.simplify(error), prec=prec),
        text="r = 0, -1, 1 at circular distance 0, 1, 2 of five points, W = cos(2 pi (i-j)/5), its nearest kernel",
        exact=s,
    )


def extremal() -> Instance:
    return _circular()


def _two(R: list[list[Any]], k: list[list[Any]], W: list[list[Any]], A: list[list[Any]]) -> Instance:
    from relverify.spaces.rkhs import matrix

    return _instance(*(matrix(rows) for rows in (R, k, W, A)))


def _symmetric_a() -> Instance:
    """r = 1 is a kernel; a symmetric A of the wrong sign pairs with it."""
    return _two([[1, 1], [1, 1]], [[1, 1], [1, 1]], [[0, 0], [0, 0]], [[0, -1], [-1, 0]])


def _indefinite_w() -> Instance:
    """r is the kernel of two equal features; W has the eigenvalue −1 on them."""
    return _two([[1, 1], [1, 1]], [[1, 1], [1, 1]], [[1, -2], [-2, 1]], [[0, 0], [0, 0]])


def _indefinite_k() -> Instance:
    """k = r = −1: no error at all, but k is no kernel."""
    return _two([[-1]], [[-1]], [[1]], [[0]])


def _frobenius() -> Instance:
    """The Frobenius norm of W in place of the sum of its entries."""
    import sympy as sp

    return _circular(lambda weights: sp.sqrt(5 * (1 + 2 * weights[1] ** 2 + 2 * weights[2] ** 2)))


THEOREM = Theorem(
    label="indefinite-lower",
    title="Distance from the relations of one network",
    status="beyond",
    sense="lower",
    constructive=False,
    sharp=True,
    statement=(
        "For points :math:`x_i`, values :math:`R_{ij}=r(x_i,x_j)`, any PSD W and any antisymmetric A, every symmetric "
        "PSD kernel, so every network with itself, errs by at least "
        ":math:`-\\langle R,W+A\\rangle/\\sum_{ij}|W_{ij}+A_{ij}|`. The best W and A give the distance on the points "
        "exactly; the supremum over finite sets is the distance on a compact X."
    ),
    source=Source("boyd2004"),
    formal=formal,
    instances=instances,
    extremal=extremal,
    mutants=(
        Mutant("symmetric-a", "A is symmetric instead of antisymmetric", _symmetric_a),
        Mutant("w-not-psd", "W is symmetric only", _indefinite_w),
        Mutant("kernel-not-psd", "k is symmetric only", _indefinite_k),
        Mutant("frobenius", "the Frobenius norm in place of the sum of |W + A|", _frobenius),
        Mutant("doubled", "twice the bound", extremal, lambda f: 2 * f.bound),
    ),
    limits=("W = vvᵀ: −vᵀRv/‖v‖₁²", "W = 0, A on one pair: |r(x, y) − r(y, x)|/2"),
)
