"""Features of a shift-invariant kernel, by sampling its spectrum."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Resource, Source, Theorem
from relverify.theorems.barron_sup import mean_length


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Cited, Identity, Inequality
    from relverify.core.symbols import D, Omega, V, eps, m

    a, b, difference, drawn = sp.symbols("a b r r_m", real=True)
    weight = sp.Symbol("weight", positive=True)
    wave = sp.Symbol("wave", real=True)
    error, signed, linear, length = sp.symbols("E_error E_signed E_linear E_length", nonnegative=True)
    bound = 4 * V * D * Omega / sp.sqrt(m)
    return Formal(
        quantities=(
            Quantity(V, "r(x, x), the mass of the spectral measure ρ", of_relation="fourier_mass"),
            Quantity(Omega, "root of the mean of ‖ξ‖² under ρ/V", of_relation="spectral_frequency"),
            Quantity(D, "diameter of X", of_relation="diameter"),
            Quantity(m, "sampled frequencies; the features are 2m"),
            Quantity(eps, "error that is asked for"),
        ),
        bound=bound,
        bounded=r"\mathbb{E}\sup_{x,y}|r(x-y)-\langle f(x),f(y)\rangle|",
        hypotheses=("r(x − y) = ∫ cos(ξ·(x − y)) dρ is a continuous shift-invariant PSD kernel, Ω is finite",),
        solve={"m": Resource((4 * V * D * Omega / eps) ** 2, meaning="frequencies that suffice", least=1)},
        steps=(
            Identity(
                sp.cos(a - b), "=", sp.cos(a) * sp.cos(b) + sp.sin(a) * sp.sin(b),
                "Bochner: r is an integral of waves in x − y, each of which is an inner product of two features with "
                "themselves.",
            ),
            Identity(
                weight / V * (V * wave), "=", weight * wave,
                "Draw m frequencies with probability dρ/V, and give each the weight V/m: the mean is r.",
            ),
            Inequality(
                difference - drawn, "=", (difference - V) - (drawn - V),
                "Both take the value V at x = y, whatever is drawn: only cos(ξ·(x − y)) − 1 is sampled.",
            ),
            Cited(
                error, "<=", 2 * V / m * signed,
                "Symmetrization with independent signs ε_i: E_signed is the mean of the sup of "
                "|Σ ε_i (cos(ξ_i·(x − y)) − 1)|.", lemma="symmetrization", key="ledoux1991",
            ),
            Cited(
                signed, "<=", 2 * linear, "Contraction: cos t − 1 is 1-Lipschitz and 0 at 0.",
                lemma="contraction", key="ledoux1991",
            ),
            Cited(
                linear, "<=", D * length, "Cauchy–Schwarz, ‖x − y‖ ≤ D.", lemma="cauchy-schwarz", key="steele2004",
            ),
            *mean_length("‖Σ ε_i ξ_i‖² is mΩ²", "the mean length is at most Ω√m"),
            Inequality(
                error, "<=", bound, "All together; some draw is at least as good as the mean.",
                given=(
                    m * error <= 2 * V * signed, signed <= 2 * linear, linear <= D * length,
                    length <= Omega * sp.sqrt(m),
                ),
            ),
        ),
    )  # fmt: skip


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.numbers import rationals

    @st.composite
    def spectra(draw: Any) -> Instance:
        waves = [(draw(rationals("1/4", 2, 6)), draw(rationals(0, 3, 6))) for _ in range(draw(st.integers(1, 3)))]
        points = [draw(rationals(-1, 1, 6)) for _ in range(draw(st.integers(2, 4)))]
        return _instance(waves, points, draw(st.integers(1, 3)))

    return spectra()


def _instance(waves: list[tuple[Any, Any]], points: list[Any], m: int, **changed: Any) -> Instance:
    """r = Σ c cos(ξ(x − y)) on finitely many points: the mean error over all draws of m frequencies."""
    import sympy as sp
    from flint import arb, ctx, fmpq

    from relverify.rigor.exact import from_fmpq, to_fmpq
    from relverify.rigor.sampling import expectation

    masses, frequencies = ([to_fmpq(v) for v in side] for side in zip(*waves, strict=True))
    V, xs = sum(masses, fmpq(0)), [to_fmpq(x) for x in points]
    chances = [mass / V for mass in masses]
    steps = sorted({abs(x - y) for x in xs for y in xs})
    spread = sum((c * xi * xi for c, xi in zip(chances, frequencies, strict=True)), fmpq(0))

    def observed(prec: int) -> arb:
        with ctx.workprec(prec):
            # cos t − 1 = −2 sin²(t/2) does not cancel
            values = [[2 * arb(xi * step / 2).sin() ** 2 for xi in frequencies] for step in steps]

            def error(drawn: tuple[int, ...]) -> arb:
                worst = arb(0)
                for row in values:
                    gaps = [arb(fmpq(c, m) - p) * v for c, p, v in zip(drawn, chances, row, strict=True)]
                    worst = worst.max(abs(sum(gaps, arb(0))))
                return arb(V) * worst

            return arb(expectation(chances, m, error))

    return Instance(
        values={"V": from_fmpq(V), "Omega": sp.sqrt(from_fmpq(spread)), "D": from_fmpq(steps[-1]), "m": m, **changed},
        observed=observed,
        text=f"sum of c cos(xi (x-y)), (c, xi)={[(str(c), str(xi)) for c, xi in waves]}, x, y in "
        f"{list(map(str, points))}, all draws of {m}",
        # no steps, or no frequencies: no error
        exact=sp.Integer(0) if steps == [fmpq(0)] or not any(frequencies) or len(waves) == 1 else None,
    )


def _far(m: int = 1) -> Instance:
    """Frequencies 0 and 14/3 at a distance of 1/2, where (1 − cos t)/t is largest."""
    return _instance([(1, 0), (1, "14/3")], [0, "1/2"], m)


def _variable() -> Instance:
    """The mean of ξ² taken for 4/10000, as if the second frequency were rare."""
    return _instance([(1, 0), (1, "44/7")], [0, "1/2"], 1, Omega="1/50")


THEOREM = Theorem(
    label="fourier-rank-anchored",
    title="Features of a shift-invariant kernel by sampling its spectrum",
    status="beyond",
    sense="upper",
    constructive=False,
    statement=(
        "Let :math:`r(x-y)=\\int\\cos(\\xi\\cdot(x-y))d\\rho` be a shift-invariant PSD kernel with :math:`r(0)=V`, "
        ":math:`\\Omega^2` the mean of :math:`\\|\\xi\\|^2`, on a set of diameter D. The mean error of 2m features of "
        "m drawn frequencies is at most :math:`4VD\\Omega/\\sqrt m` in the supremum norm, so some 2m features reach "
        "it. All draws are exact at x = y, which anchors the error: it falls with the diameter."
    ),
    source=Source("rahimi2007"),
    formal=formal,
    instances=instances,
    mutants=(
        Mutant("one-half", "the constant 1/2", _far, lambda f: f.bound / 8),
        Mutant(
            "faster-rate", "the mean error falls like 1/m", lambda: _far(400),
            lambda f: f.bound.subs(f.symbol("m"), f.symbol("m") ** 2),
        ),
        Mutant("smaller-spread", "a frequency with a part in r is left out of Ω", _variable),
    ),
    limits=("Ω = 0: a constant, without error", "fourier-rank: relations that are not shift-invariant"),
)  # fmt: skip
