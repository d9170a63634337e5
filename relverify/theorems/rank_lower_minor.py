"""Features that are needed, by one nonsingular matrix of values."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Source, Theorem


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Inequality
    from relverify.core.symbols import T

    # two rows: deviations e of the values, v with Kv = 0, u = Rv = (R − K)v, and the inverse P of R
    e_1, e_2, v_1, v_2, u_1, slope = sp.symbols("e_1 e_2 v_1 v_2 u_1 slope", real=True)
    error, top = sp.symbols("error top", nonnegative=True)
    size = sp.Symbol("size", positive=True)
    bound = 1 / T
    return Formal(
        quantities=(
            Quantity(T, "max of Σ s_i (R⁻¹)_ij t_j over signs s_i, t_j; or Σ|(R⁻¹)_ij|, which is not less"),
        ),
        bound=bound,
        bounded=r"\sup_{x,y}|r(x,y)-\langle\varphi(x),\psi(y)\rangle|",
        hypotheses=(sp.Gt(T, 0), "R = (r(x_i, y_j)) is a nonsingular matrix of d+1 rows; φ and ψ have d features"),
        steps=(
            Inequality(
                sp.Abs(u_1), "<=", error * (sp.Abs(v_1) + sp.Abs(v_2)),
                "The values K of d features on d+1 points are singular: Kv = 0 for some v ≠ 0. So Rv = (R − K)v, and "
                "each entry of it is at most ε‖v‖₁.",
                given=(
                    sp.Eq(u_1, e_1 * v_1 + e_2 * v_2), sp.Abs(e_1) <= error, sp.Abs(e_2) <= error,
                ),
            ),
            Inequality(
                slope * u_1, "<=", sp.Max(slope * top, -slope * top),
                "‖v‖₁ = Σ s_i (R⁻¹)_ij u_j with s_i the signs of v is linear in each u_j: with |u_j| ≤ u it is largest "
                "at u_j = ±u, so at most T u.", given=(sp.Abs(u_1) <= top,),
            ),
            Inequality(
                error, ">=", bound, "Together, ‖v‖₁ ≤ T ε ‖v‖₁.", given=(size <= T * top, top <= error * size, T > 0),
            ),
        ),
    )  # fmt: skip


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.matrices import to_matrix
    from relverify.strategies.numbers import rationals

    @st.composite
    def minors(draw: Any) -> Instance:
        size = draw(st.integers(1, 4))
        R = to_matrix([[draw(rationals(-2, 2, 6)) for _ in range(size)] for _ in range(size)])
        if R.det() == 0:
            # beyond all row sums, the diagonal dominates
            for i in range(size):
                R[i, i] = R[i, i] + 5 * size
        v = [draw(rationals(-2, 2, 6)) for _ in range(size)]
        v[0] += 3
        return _instance(R, draw(st.sampled_from([None, v])), draw(st.booleans()))

    return minors()


def _instance(R: Any, v: Any = None, entrywise: bool = False, **changed: Any) -> Instance:
    """A matrix of values, and the singular matrix nearest to it among those with Kv = 0; by default the best v."""
    from flint import fmpq_mat

    from relverify.lower.rank import sign_norm
    from relverify.rigor.enclose import enclose
    from relverify.rigor.exact import from_fmpq, to_fmpq

    inverse = R.inv()
    norm, signs = sign_norm(inverse)
    column = inverse * fmpq_mat(len(signs), 1, signs) if v is None else fmpq_mat(len(v), 1, [to_fmpq(c) for c in v])
    image = (R * column).entries()
    # K = R − (Rv) sign(v)ᵀ/‖v‖₁ has Kv = 0; entries of sign(v) may be ±1 where v is 0
    length = sum(abs(c) for c in column.entries())
    K = fmpq_mat(R)
    for i in range(R.nrows()):
        for j in range(R.ncols()):
            K[i, j] = R[i, j] - image[i] * (1 if column[j, 0] >= 0 else -1) / length
    assert (K * column).entries() == [0] * R.nrows()
    error = from_fmpq(max(abs(e) for e in (R - K).entries()))
    total = sum(abs(e) for e in inverse.entries()) if entrywise else norm
    return Instance(
        values={"T": from_fmpq(total), **changed},
        observed=lambda prec: enclose(error, prec=prec),
        text=f"R={R.tolist()}, values of {R.nrows() - 1} features {K.tolist()}",
        exact=error,
    )


def _hadamard() -> Any:
    from relverify.spaces.rkhs import matrix

    return matrix([[1, 1], [1, -1]])


def extremal() -> Instance:
    """r = ±1 on two points with one minus sign: one feature errs by 1, and 0 does no better."""
    return _instance(_hadamard())


def _spectral() -> Instance:
    """The least singular value √2 of that matrix, as if the errors were measured in the spectral norm."""
    import sympy as sp

    return _instance(_hadamard(), T=1 / sp.sqrt(2))


def _largest_entry() -> Instance:
    """The largest entry 1/2 of the inverse in place of its norm."""
    import sympy as sp

    return _instance(_hadamard(), T=sp.Rational(1, 2))


def _full_rank() -> Instance:
    """As many features as points: K = R, no error."""
    import sympy as sp
    from flint import arb

    return Instance({"T": 1}, lambda prec: arb(0), "R=[[1, 1], [1, -1]], two features, K = R", exact=sp.Integer(0))


THEOREM = Theorem(
    label="rank-lower-minor",
    title="Features that are needed, by a nonsingular matrix of values",
    status="beyond",
    sense="lower",
    constructive=False,
    sharp=True,
    statement=(
        "If :math:`R=(r(x_i,y_j))` is a nonsingular matrix of d+1 rows, d features err by at least "
        ":math:`1/\\max_{s,t}\\sum s_i(R^{-1})_{ij}t_j` over signs s, t, so at least by "
        ":math:`1/\\sum|(R^{-1})_{ij}|`. The first is the distance of R to the singular matrices exactly."
    ),
    source=Source("higham2002"),
    formal=formal,
    instances=instances,
    extremal=extremal,
    mutants=(
        Mutant("spectral-norm", "the least singular value of R", _spectral),
        Mutant("largest-entry", "the largest entry of the inverse in place of its norm", _largest_entry),
        Mutant("full-rank", "d+1 features", _full_rank),
        Mutant("doubled", "twice the bound", extremal, lambda f: 2 * f.bound),
    ),
    limits=("inverses with alternating signs (totally positive r): both forms are equal", "d = 0: |r(x, y)|"),
)
