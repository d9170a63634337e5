"""Features of a relation that is an integral of waves, by sampling the waves."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Resource, Source, Theorem
from relverify.theorems.barron_sup import mean_length


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Cited, Identity, Inequality
    from relverify.core.symbols import Omega, R, V, eps, m

    a, b, u, v = sp.symbols("a b u v", real=True)
    weight = sp.Symbol("weight", positive=True)
    wave, sign = sp.symbols("wave sign", real=True)
    error, signed, fixed, moving, linear, length = sp.symbols(
        "E_error E_signed E_fixed E_moving E_linear E_length", nonnegative=True
    )
    sampled = 2 * V * (1 + 2 * R * Omega) / sp.sqrt(m)
    bound = sp.Min(2 * V, sampled)
    return Formal(
        quantities=(
            Quantity(V, "mass of ρ, where r(x, y) = ∫ cos(ξ·(x, y) + θ) dρ", of_relation="fourier_mass"),
            Quantity(Omega, "root of the mean of ‖ξ‖² under ρ/V", of_relation="fourier_frequency"),
            Quantity(R, "radius of a ball that contains X × Y", of_relation="circumradius"),
            Quantity(m, "sampled waves; the features are 2m"),
            Quantity(eps, "error that is asked for"),
        ),
        bound=bound,
        bounded=r"\mathbb{E}\sup_{x,y}|r(x,y)-\langle f(x),g(y)\rangle|",
        hypotheses=("r is an integral of waves with V and Ω finite",),
        solve={"m": Resource((2 * V * (1 + 2 * R * Omega) / eps) ** 2, meaning="waves that suffice", least=1)},
        steps=(
            Identity(
                sp.cos(a + b), "=", sp.cos(a) * sp.cos(b) - sp.sin(a) * sp.sin(b),
                "A wave cos(ξ·x + θ + ξ'·y) is an inner product of two features of x and two of y.",
            ),
            Identity(
                weight / V * (V * wave), "=", weight * wave,
                "Draw m waves with probability dρ/V, and give each the weight V/m: the mean of the drawn relation is "
                "r, and 2m features carry it.",
            ),
            Inequality(
                sp.Abs(V * wave - V * sign), "<=", 2 * V, "Both lie in [−V, V].",
                given=(sp.Abs(wave) <= 1, sp.Abs(sign) <= 1),
            ),
            Cited(
                error, "<=", 2 * V / m * signed,
                "Symmetrization with independent signs ε_i: E_signed is the mean of the sup of |Σ ε_i cos(t_i + θ_i)|.",
                lemma="symmetrization", key="ledoux1991",
            ),
            Inequality(
                sp.Abs(u + v), "<=", sp.Abs(u) + sp.Abs(v),
                "Split each wave into its value at the centre of the ball, at most 1, and the rest: a fixed and a "
                "moving part.",
            ),
            *mean_length(
                "the square of the fixed part is at most m, and that of ‖Σ ε_i ξ_i‖² is mΩ²",
                "the mean sizes are at most √m and Ω√m",
            ),
            Cited(
                moving, "<=", 2 * linear,
                "Contraction: cos(t + θ) − cos θ is 1-Lipschitz in t and 0 at 0, t = ξ·(z − centre).",
                lemma="contraction", key="ledoux1991",
            ),
            Cited(
                linear, "<=", R * length,
                "Cauchy–Schwarz for (Σ ε_i ξ_i)·(z − centre).", lemma="cauchy-schwarz", key="steele2004",
            ),
            Inequality(
                error, "<=", bound, "All together; some draw is at least as good as the mean.",
                given=(
                    error <= 2 * V, m * error <= 2 * V * signed, signed <= fixed + moving, fixed**2 <= m,
                    moving <= 2 * linear, linear <= R * length, length <= Omega * sp.sqrt(m), fixed <= sp.sqrt(m),
                ),
            ),
        ),
    )  # fmt: skip


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.numbers import rationals

    @st.composite
    def sums(draw: Any) -> Instance:
        waves = [
            (draw(rationals("1/4", 2, 6)), (draw(rationals(-3, 3, 6)), draw(rationals(-3, 3, 6))),
             draw(rationals(-3, 3, 6)))
            for _ in range(draw(st.integers(1, 3)))
        ]  # fmt: skip
        points = [(draw(rationals(-1, 1, 6)), draw(rationals(-1, 1, 6))) for _ in range(draw(st.integers(1, 3)))]
        return _instance(waves, points, draw(st.integers(1, 3)))

    return sums()


def _instance(waves: list[Any], points: list[tuple[Any, Any]], m: int, **changed: Any) -> Instance:
    """Finitely many waves (mass, ξ, θ) on points of a disc about 0: the mean error over all draws.

    Parameters
    ----------
    waves : list of (mass, (ξ_1, ξ_2), θ)
    points : list of (x, y)
    m : int
    """
    import sympy as sp
    from flint import arb, ctx, fmpq

    from relverify.rigor.exact import from_fmpq, to_fmpq
    from relverify.rigor.sampling import expectation

    masses = [to_fmpq(mass) for mass, _, _ in waves]
    V = sum(masses, fmpq(0))
    phases = [
        [to_fmpq(xi[0]) * to_fmpq(x) + to_fmpq(xi[1]) * to_fmpq(y) + to_fmpq(theta) for _, xi, theta in waves]
        for x, y in points
    ]
    chances = [mass / V for mass in masses]
    squares = [to_fmpq(xi[0]) ** 2 + to_fmpq(xi[1]) ** 2 for _, xi, _ in waves]
    spread = sum((c * square for c, square in zip(chances, squares, strict=True)), fmpq(0))
    radius = max(to_fmpq(x) ** 2 + to_fmpq(y) ** 2 for x, y in points)

    def observed(prec: int) -> arb:
        with ctx.workprec(prec):
            values = [[arb(phase).cos() for phase in row] for row in phases]

            def error(drawn: tuple[int, ...]) -> arb:
                worst = arb(0)
                for row in values:
                    gaps = [arb(fmpq(c, m) - p) * v for c, p, v in zip(drawn, chances, row, strict=True)]
                    worst = worst.max(abs(sum(gaps, arb(0))))
                return arb(V) * worst

            return arb(expectation(chances, m, error))

    return Instance(
        values={
            "V": from_fmpq(V),
            "Omega": sp.sqrt(from_fmpq(spread)),
            # a point is a ball of any radius
            "R": sp.sqrt(from_fmpq(radius)) if radius else sp.Rational(1, 100),
            "m": m,
            **changed,
        },
        observed=observed,
        text=f"sum of c cos(xi.(x,y) + theta), (c, xi, theta)="
        f"{[(str(c), tuple(map(str, xi)), str(t)) for c, xi, t in waves]}, (x,y) in "
        f"{[(str(x), str(y)) for x, y in points]}, all draws of {m}",
    )


def _opposite(m: int) -> Instance:
    """Two waves of opposite sign that hardly move (cos 22/7 is nearly −1): r is nearly 0, and one wave errs by V."""
    return _instance([("1/2", (0, 0), 0), ("1/2", (0, 0), "22/7")], [(0, 0)], m)


def _fast() -> Instance:
    """Eight waves of frequencies π 20^j, and points at which they take nearly all choices of signs."""
    import itertools
    from fractions import Fraction

    near_pi = Fraction(31415926535897932384626433832795, 10**31)
    waves = [(1, (near_pi * 20**j, 0), 0) for j in range(8)]
    # wave j sees an even multiple of π, the digit times π, and less than π/19
    points = [
        (sum(Fraction(digit, 20**j) for j, digit in enumerate((0, *digits))), 0)
        for digits in itertools.product((0, 1), repeat=7)
    ]
    return _instance(waves, points, 4, Omega=0)


THEOREM = Theorem(
    label="fourier-rank",
    title="Features by sampling waves",
    status="beyond",
    sense="upper",
    constructive=False,
    statement=(
        "Let :math:`r(x,y)=\\int\\cos(\\xi\\cdot(x,y)+\\theta)d\\rho` with mass V, :math:`\\Omega^2` the mean of "
        ":math:`\\|\\xi\\|^2`, and :math:`X\\times Y` in a ball of radius R. The mean error of 2m features that carry "
        "m drawn waves is at most :math:`\\min(2V,2V(1+2R\\Omega)/\\sqrt m)` in the supremum norm, so some 2m features "
        "reach it."
    ),
    source=Source("rahimi2007"),
    formal=formal,
    instances=instances,
    mutants=(
        Mutant("one-quarter", "the constant 1/4", lambda: _opposite(1), lambda f: f.bound / 8),
        Mutant(
            "faster-rate", "the mean error falls like 1/m", lambda: _opposite(36),
            lambda f: f.bound.subs(f.symbol("m"), f.symbol("m") ** 2),
        ),
        Mutant("no-frequency", "Ω is left out", _fast),
    ),
    limits=("Ω = 0: the mean error of constants, 2V/√m", "fourier-rank-anchored: shift-invariant kernels"),
)  # fmt: skip
