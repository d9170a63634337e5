"""Sampled units of the curved part of a kernel section."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Resource, Source, Theorem
from relverify.theorems.barron_sup import DIRECTIONS
from relverify.theorems.kernel_barron import section, signed_products


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Cited, Identity, Inequality
    from relverify.core.symbols import R, V, eps, n

    t, x, c = sp.Symbol("t", real=True), sp.Symbol("x", real=True), sp.Symbol("c", positive=True)
    error, signed = sp.symbols("E_error E_signed", nonnegative=True)
    bound = (2 + sp.sqrt(2)) * V * R / sp.sqrt(n)
    return Formal(
        quantities=(
            Quantity(V, "V' = ∫ ‖a‖‖w‖ dρ of the curved part: F(x) = affine + ½ ∫ a |w·x̃| dρ, x̃ = (x, 1)",
                     of_relation="kernel_barron"),
            Quantity(R, "sup of ‖x̃‖", of_relation="augmented_radius_x"),
            Quantity(n, "sampled units; one more for each coordinate of x"),
            Quantity(eps, "error of the features that is asked for"),
        ),
        bound=bound,
        bounded=r"\mathbb{E}\sup_x\|F(x)-\Phi(x)\|",
        hypotheses=(
            "r is PSD, F(x) = r(x, ·) in its space: ⟨F(x), F(y)⟩ = r(x, y); F is affine and an integral of ReLU units "
            "with V' finite",
        ),
        solve={
            "n": Resource(
                ((2 + sp.sqrt(2)) * V * R / eps) ** 2, meaning="sampled units that suffice, besides D", least=1
            )
        },
        steps=(
            Identity(
                sp.Max(t, 0).rewrite(sp.Abs), "=", (t + sp.Abs(t)) / 2,
                "relu is half its argument and half the absolute value; the first halves add up to an affine function.",
            ),
            Inequality(
                sp.Max(x + c, 0) - c, "=", x,
                "Its coordinates are x_j = relu(x_j + c_j) − c_j where x_j ≥ −c_j: D units on a compact set, which "
                "span at most D+1 features with the constant.", given=(x >= -c,),
            ),
            Cited(
                error, "<=", V / n * signed,
                "Draw n units with probability ‖a‖‖w‖dρ/V'. Symmetrization with independent signs ε_i: E_signed is the "
                "mean of the sup over ‖u‖ ≤ 1 and x of Σ ε_i ⟨u, a_i⟩ |w_i·x̃|.",
                lemma="symmetrization", key="ledoux1991",
            ),
            *signed_products(signed),
            Identity(
                V / n * ((2 + sp.sqrt(2)) * R * sp.sqrt(n)), "=", bound,
                "All together; some draw is at least as good as the mean.",
            ),
        ),
    )  # fmt: skip


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.numbers import rationals

    @st.composite
    def sections(draw: Any) -> Instance:
        directions = st.sampled_from(DIRECTIONS)
        atoms = []
        for _ in range(draw(st.integers(1, 3))):
            sizes = draw(rationals("1/6", 1, 6)), draw(rationals("1/6", 1, 6))
            atoms.append([[size * v for v in draw(directions)] for size in sizes])
        points = [draw(rationals(-2, 2, 6)) for _ in range(draw(st.integers(1, 3)))]
        return section([(a, w) for a, w in atoms], points, draw(st.integers(1, 3)), curved=True)

    return sections()


def _opposite(n: int = 1) -> Instance:
    return section([(["3/10", "4/10"], [3, 4]), (["-3/10", "-4/10"], [3, 4])], ["3/4"], n, curved=True)


def _long() -> Instance:
    return section([(["3/10", "4/10"], [30, 40]), (["-3/10", "-4/10"], [30, 40])], ["3/4"], 1, curved=True, V=1)


THEOREM = Theorem(
    label="kernel-barron-affine",
    title="Features by sampling the curved part of the sections of a kernel",
    status="beyond",
    sense="upper",
    constructive=False,
    statement=(
        "In *kernel-barron*, let :math:`F` be affine plus :math:`\\frac12\\int a\\,|w\\cdot\\tilde x|d\\rho` with "
        ":math:`V'=\\int\\|a\\|\\|w\\|d\\rho`. The mean error of n drawn units, with D more for the coordinates of "
        ":math:`x`, is at most :math:`(2+\\sqrt2)V'R/\\sqrt n`, with at most n+D+1 features. For one input, "
        ":math:`V'=\\int\\sqrt{\\partial_x^2\\partial_y^2r(s,s)}\\sqrt{1+s^2}\\,ds`, which is infinite for kernels "
        "with a kink on the diagonal."
    ),
    source=Source("ledoux1991"),
    formal=formal,
    uses=("kernel-barron",),
    instances=instances,
    mutants=(
        Mutant("one-quarter", "the constant 1/4", _opposite, lambda f: f.symbol("V") * f.symbol("R") / 4),
        Mutant(
            "faster-rate", "the mean error falls like 1/n", lambda: _opposite(100),
            lambda f: f.bound.subs(f.symbol("n"), f.symbol("n") ** 2),
        ),
        Mutant("lengths-dropped", "∫ ‖a‖ dρ in place of ∫ ‖a‖‖w‖ dρ", _long),
    ),
    limits=("kernel-barron: σ(t) = (t + |t|)/2 gives V' ≤ V", "one feature: barron-sup-affine, with the constant 2"),
)  # fmt: skip
