"""The error on all pairs of cells from a few matrix products in floating point."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Source, Theorem, Witness


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Cited, Identity, Inequality
    from relverify.core.symbols import M_x, M_xy, M_y, S, d, g_x, g_y, h_x, h_y, v

    x, y, t, s = sp.symbols("x y t s", real=True)
    phi_1, phi_2 = (sp.Function(f"phi_{k}", real=True)(x) for k in (1, 2))
    psi_1, psi_2 = (sp.Function(f"psi_{k}", real=True)(y) for k in (1, 2))
    # the error at a point of the cell, at its centre, as computed there; derivatives at the centre and in between
    e, e_0, computed, e_x, e_y, e_xx, e_xy, e_yy = sp.symbols(
        "e e_0 computed e_x e_y e_xx e_xy e_yy", real=True
    )
    size, others = sp.symbols("norm_phi norm_psi", nonnegative=True)
    mixed = sp.Symbol("product", real=True)
    k, unit = sp.symbols("k unit", positive=True)
    u, tiny = sp.Rational(1, 2**53), sp.Rational(1, 2**1074)
    rounding = d * u / (1 - d * u) * S + d * tiny
    local = h_x * g_x / 2 + h_y * g_y / 2 + h_x**2 * M_x / 8 + h_x * h_y * M_xy / 4 + h_y**2 * M_y / 8
    bound = v + local + rounding
    in_cell = (sp.Abs(t) <= h_x / 2, sp.Abs(s) <= h_y / 2)

    def gamma(terms: Any) -> Any:
        return terms * unit / (1 - terms * unit)

    return Formal(
        quantities=(
            Quantity(v, "|r − fl(⟨φ, ψ⟩)| at the centre of the cell, from a matrix product in float64"),
            Quantity(g_x, "bound of |∂e/∂x| at the centre, e = r − ⟨φ, ψ⟩; rounding included"),
            Quantity(g_y, "bound of |∂e/∂y| at the centre"),
            Quantity(M_x, "sup of |∂²e/∂x²| on the cell"),
            Quantity(M_xy, "sup of |∂²e/∂x∂y| on the cell"),
            Quantity(M_y, "sup of |∂²e/∂y²| on the cell"),
            Quantity(h_x, "width of the cell in x"),
            Quantity(h_y, "width of the cell in y"),
            Quantity(S, "Σ |φ_k||ψ_k| at the centre, rounded up"),
            Quantity(d, "features: terms of each entry of the product"),
        ),
        bound=bound,
        bounded=r"\sup_{\text{cell}}|r-\langle\varphi,\psi\rangle|",
        hypotheses=(
            "e is twice continuously differentiable on the cell; float64 with rounding to nearest, in any order, fused "
            "or not", sp.Lt(d, 2**53),
        ),
        steps=(
            Identity(
                sp.diff(phi_1 * psi_1 + phi_2 * psi_2, x), "=", sp.diff(phi_1, x) * psi_1 + sp.diff(phi_2, x) * psi_2,
                "Values and derivatives of ⟨φ, ψ⟩ at all pairs of centres are entries of ΦΨᵀ, Φ'Ψᵀ, …, with one row a "
                "cell: one matrix product each.",
            ),
            Cited(
                sp.Abs(mixed), "<=", size * others,
                "Second derivatives on a cell are at most products of norms of the two sides, so that they need no "
                "work a pair.", lemma="cauchy-schwarz", key="steele2004",
            ),
            Inequality(
                gamma(k) + unit + gamma(k) * unit, "<=", gamma(k + 1),
                "Each entry is rounded d times at most: k roundings are a factor 1 + θ with |θ| ≤ γ_k = ku/(1 − ku), "
                "by induction, u = 2^−53,", given=((k + 1) * unit < 1,),
            ),
            Cited(
                sp.Abs(e_0 - computed), "<=", rounding,
                "so that the product differs from its true value by at most γ_d Σ|φ_k||ψ_k|, and by what d products "
                "lose to underflow.", lemma="inner-product-rounding", key="higham2002",
            ),
            Cited(
                e, "=", e_0 + e_x * t + e_y * s + e_xx * t**2 / 2 + e_xy * t * s + e_yy * s**2 / 2,
                "Taylor's formula at the centre, with second derivatives at a point in between.",
                lemma="taylor", key="rudin1976",
            ),
            Inequality(
                sp.Abs(e_xx * t**2 / 2), "<=", h_x**2 * M_x / 8, "In the cell |t| ≤ h_x/2; the term of y is alike.",
                given=(sp.Abs(e_xx) <= M_x, *in_cell[:1]),
            ),
            Inequality(
                sp.Abs(e_xy * t * s), "<=", h_x * h_y * M_xy / 4, "The mixed term, with |s| ≤ h_y/2.",
                given=(sp.Abs(e_xy) <= M_xy, sp.Abs(t * s) <= h_x * h_y / 4),
            ),
            Inequality(
                sp.Abs(e), "<=", bound, "All together.",
                given=(
                    sp.Abs(computed) <= v, sp.Abs(e_0 - computed) <= rounding, sp.Abs(e - e_0) <= local,
                    (1 - d * u) > 0,
                ),
            ),
        ),
    )  # fmt: skip


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.numbers import rationals

    @st.composite
    def cells(draw: Any) -> Instance:
        size = draw(st.integers(1, 4))
        small = st.integers(-30, 30).map(lambda k: k / 10)
        phi, psi = ([(draw(small), draw(small)) for _ in range(size)] for _ in range(2))
        r = [[draw(rationals(-2, 2, 6)) for _ in range(3)] for _ in range(3)]
        return _instance(r, phi, psi, (draw(rationals("1/8", 1, 8)), draw(rationals("1/8", 1, 8))))

    return cells()


def _instance(
    r: list[list[Any]], phi: list[tuple[float, float]], psi: list[tuple[float, float]], h: tuple[Any, Any]
) -> Instance:
    """A biquadratic relation and affine features (value, slope) with float64 coefficients, on a cell about 0.

    The product at the centre is computed by numpy; everything else is exact.
    """
    import numpy as np
    from flint import arb, fmpq, fmpq_mat

    from relverify.rigor.exact import dyadic, from_fmpq, to_fmpq
    from relverify.rigor.polynomials import hull, sup_error, sup_quadratic

    F, G = (fmpq_mat([[dyadic(c) for c in pair] for pair in side]) for side in (phi, psi))
    inner = F.transpose() * G
    e = fmpq_mat([[to_fmpq(c) for c in row] for row in r])
    computed = dyadic(float(np.array([p for p, _ in phi]) @ np.array([q for q, _ in psi])))
    at_centre = e[0, 0] - computed
    for a in (0, 1):
        for b in (0, 1):
            e[a, b] = e[a, b] - inner[a, b]
    half = [to_fmpq(width) / 2 for width in h]
    corners = [(s * half[0], t * half[1]) for s in (1, -1) for t in (1, -1)]
    mixed = max(abs(e[1, 1] + 2 * e[2, 1] * x + 2 * e[1, 2] * y + 4 * e[2, 2] * x * y) for x, y in corners)
    values = {
        "v": abs(at_centre),
        "g_x": abs(e[1, 0]),
        "g_y": abs(e[0, 1]),
        "M_x": 2 * sup_quadratic(e[2, 0], e[2, 1], e[2, 2], -half[1], half[1]),
        "M_y": 2 * sup_quadratic(e[0, 2], e[1, 2], e[2, 2], -half[0], half[0]),
        "M_xy": mixed,
        "h_x": 2 * half[0],
        "h_y": 2 * half[1],
        "S": sum((abs(dyadic(p) * dyadic(q)) for (p, _), (q, _) in zip(phi, psi, strict=True)), fmpq(0)),
    }
    sides = [[-w, w] for w in half]

    def observed(prec: int) -> arb:
        return hull(*sup_error(e, sides[0], sides[1], fmpq_mat(2, 2), fmpq(1, 2 ** min(prec // 16, 20))))

    return Instance(
        values={**{name: from_fmpq(fmpq(value)) for name, value in values.items()}, "d": len(phi)},
        observed=observed,
        text=f"r with coefficients {[list(map(str, row)) for row in r]}, phi={phi}, psi={psi}, |x|<={half[0]}, "
        f"|y|<={half[1]}",
    )


def extremal() -> Instance:
    """r = 1 + x + y + x²/2 + xy + y²/2 against the network 0: all terms are largest in one corner."""
    r: list[list[Any]] = [[1, 1, "1/2"], [1, 1, 0], ["1/2", 0, 0]]
    return _instance(r, [(0.0, 0.0)], [(0.0, 0.0)], (1, 1))


def _tenths() -> Instance:
    """Ten products of 1/10 and 3/10 in float64 against the number that they add up to there."""
    from fractions import Fraction

    import numpy as np

    a, b = np.full(10, 0.1), np.full(10, 0.3)
    r: list[list[Any]] = [[Fraction(*float(a @ b).as_integer_ratio()), 0, 0], [0, 0, 0], [0, 0, 0]]
    return _instance(r, [(0.1, 0.0)] * 10, [(0.3, 0.0)] * 10, ("1/8", "1/8"))


def _tiny() -> Instance:
    """2^−600 squared is 0 in float64."""
    zero: list[list[Any]] = [[0, 0, 0], [0, 0, 0], [0, 0, 0]]
    return _instance(zero, [(2.0**-600, 0.0)], [(2.0**-600, 0.0)], ("1/8", "1/8"))


def witness() -> Witness:
    """Three tanh units whose inner product with themselves is r, certified by matrix products up to their rounding."""
    import numpy as np

    from relverify.certify.engine import matrix_certificate
    from relverify.networks.mlp import MLP
    from relverify.relations import parse_relation
    from relverify.rigor.decide import Decision, Verdict
    from relverify.rigor.decimals import decimal_string

    slopes = ("1/2", "1", "2")
    relation = parse_relation(" + ".join(f"tanh({c}*x)*tanh({c}*y)" for c in slopes))
    weights = np.array([[0.5], [1.0], [2.0]]), np.eye(3)
    network = MLP(weights, (np.zeros(3), np.zeros(3)), "tanh")
    eps = "1e-3"
    certificate = matrix_certificate(relation, network, None, "[-1,1]", eps=eps)
    return Witness(
        text="certificate of three tanh units on [-1,1]",
        predicted=len(slopes),
        built=network.hidden_units,
        decision=Decision(certificate.verdict or Verdict.UNDECIDED, f"matrix certificate: {certificate.reason}"),
        error="unknown" if certificate.upper is None else decimal_string(certificate.upper, 6, "up"),
        allowed=eps,
    )


def _without_underflow(f: Formal) -> Any:
    import sympy as sp

    return f.bound - f.symbol("d") * sp.Rational(1, 2**1074)


THEOREM = Theorem(
    label="matrix-certificate",
    title="Certified errors from matrix products",
    status="beyond",
    sense="upper",
    constructive=True,
    sharp=True,
    statement=(
        "On a cell of widths :math:`h_x,h_y`, the error :math:`e=r-\\langle\\varphi,\\psi\\rangle` is at most "
        ":math:`v+\\frac{h_x}2g_x+\\frac{h_y}2g_y+\\frac18(h_x^2M_x+2h_xh_yM_{xy}+h_y^2M_y)`, from the value and the "
        "gradient at the centre and the second derivatives on the cell, and by the rounding "
        ":math:`\\gamma_d\\sum|\\varphi_k||\\psi_k|+d2^{-1074}`, :math:`\\gamma_d=d2^{-53}/(1-d2^{-53})`. For all "
        "pairs of cells each term is one matrix product. The engine takes Taylor polynomials of degree 3, by the same "
        "argument."
    ),
    source=Source("higham2002"),
    formal=formal,
    instances=instances,
    extremal=extremal,
    witness=witness,
    mutants=(
        Mutant("no-rounding", "the product is taken for exact", _tenths, lambda f: f.bound.subs(f.symbol("d"), 0)),
        Mutant(
            "no-underflow", "products that are 0 in float64 are taken for 0", _tiny, _without_underflow,
        ),
        Mutant("no-gradient", "the gradient is left out", extremal, lambda f: f.bound.subs(f.symbol("g_x"), 0)),
        Mutant("no-mixed-term", "the mixed term is left out", extremal, lambda f: f.bound.subs(f.symbol("M_xy"), 0)),
    ),
    limits=(
        "cells of width 0: the rounding of one product",
        "vertex-certificate: ReLU networks of one input, without derivatives",
    ),
)  # fmt: skip
