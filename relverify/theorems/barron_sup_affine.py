"""Sampled units of the curved part of a Barron function: half the constant for one more unit."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Resource, Source, Theorem
from relverify.theorems.barron_sup import DIRECTIONS, mean_length, measure


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Cited, Identity, Inequality
    from relverify.core.symbols import R, V, eps, n

    t = sp.Symbol("t", real=True)
    # one unit of the measure; E sup|f − f_n|, E sup|Σ ε_i |t_i|| and E sup|Σ ε_i t_i| with t_i = w_i·x̃, ‖w_i‖ = 1
    size, norm, unit, sign = sp.symbols("size norm unit sign", positive=True)
    error, signed, linear, length = sp.symbols("E_error E_abs E_linear E_length", nonnegative=True)
    bound = 2 * V * R / sp.sqrt(n)
    return Formal(
        quantities=(
            Quantity(V, "V' = ∫ |a|‖w‖ dρ of the curved part: f = affine + ½ ∫ a |w·x̃| dρ, x̃ = (x, 1)",
                     of_relation="curved_barron_x"),
            Quantity(R, "sup of ‖x̃‖", of_relation="augmented_radius_x"),
            Quantity(n, "sampled units; one more carries the affine part"),
            Quantity(eps, "error that is asked for"),
        ),
        bound=bound,
        bounded=r"\mathbb{E}\sup_x|f(x)-f_n(x)|",
        hypotheses=(
            "σ = ReLU; f is an affine function and an integral of units with V' finite, on a compact X",
        ),
        solve={"n": Resource((2 * V * R / eps) ** 2, meaning="sampled units that suffice, besides one", least=1)},
        steps=(
            Identity(
                sp.Max(t, 0).rewrite(sp.Abs), "=", (t + sp.Abs(t)) / 2,
                "relu is half its argument and half the absolute value; the first halves add up to an affine function, "
                "which one unit carries on a compact set, with the output bias.",
            ),
            Identity(
                (size * norm / V) * (V * sign * unit / norm) / 2, "=", size * sign * unit / 2,
                "Draw n directions w/‖w‖ with probability |a|‖w‖dρ/V', and give each the weight V' sgn(a)/(2n): the "
                "mean of the drawn ½ Σ a|w·x̃| is the curved part.",
            ),
            Cited(
                error, "<=", V / n * signed,
                "Symmetrization with independent signs ε_i: the mean error is at most twice that of Σ ε_i |t_i|/2.",
                lemma="symmetrization", key="ledoux1991",
            ),
            Cited(
                signed, "<=", 2 * linear, "Contraction: the absolute value is 1-Lipschitz and 0 at 0.",
                lemma="contraction", key="ledoux1991",
            ),
            Cited(
                linear, "<=", R * length, "Cauchy–Schwarz for (Σ ε_i w_i)·x̃, where ‖w_i‖ = 1.",
                lemma="cauchy-schwarz", key="steele2004",
            ),
            *mean_length("‖Σ ε_i w_i‖² is n", "the mean length is at most √n"),
            Inequality(
                error, "<=", bound, "All together; some draw is at least as good as the mean.",
                given=(n * error <= V * signed, signed <= 2 * linear, linear <= R * length, length**2 <= n),
            ),
        ),
    )  # fmt: skip


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.numbers import rationals

    @st.composite
    def measures(draw: Any) -> Instance:
        atoms = []
        for _ in range(draw(st.integers(1, 3))):
            sign, scale = draw(st.sampled_from((1, -1))), draw(rationals("1/6", 1, 6))
            atoms.append((sign * draw(rationals("1/4", 2, 6)), [scale * v for v in draw(st.sampled_from(DIRECTIONS))]))
        points = [draw(rationals(-2, 2, 6)) for _ in range(draw(st.integers(1, 3)))]
        return _instance(atoms, points, draw(st.integers(1, 4)))

    return measures()


def _instance(atoms: list[Any], points: list[Any], n: int, slope: Any = 0, **changed: Any) -> Instance:
    """Finitely many units on finitely many points; an affine part `slope` x that the network leaves out."""
    import sympy as sp
    from flint import fmpq

    from relverify.rigor.enclose import enclose
    from relverify.rigor.exact import from_fmpq, to_fmpq
    from relverify.rigor.sampling import expectation

    probabilities, V, units = measure(atoms)
    xs, left_out = [to_fmpq(x) for x in points], to_fmpq(slope)
    values = [[V * s * abs(w_1 * x + w_0) / 2 for s, w_1, w_0 in units] for x in xs]
    means = [
        left_out * x + sum((p * v for p, v in zip(probabilities, row, strict=True)), fmpq(0))
        for x, row in zip(xs, values, strict=True)
    ]

    def error(drawn: tuple[int, ...]) -> fmpq:
        sums = [sum((c * v for c, v in zip(drawn, row, strict=True)), fmpq(0)) / n for row in values]
        return max(abs(a - b) for a, b in zip(sums, means, strict=True))

    mean: sp.Rational = from_fmpq(expectation(probabilities, n, error))
    return Instance(
        values={"V": from_fmpq(V), "R": sp.sqrt(from_fmpq(max(x * x for x in xs) + 1)), "n": n, **changed},
        observed=lambda prec: enclose(mean, prec=prec),
        text=f"sum of a|w_1 x + w_0|/2, (a, w)={[(str(a), list(map(str, w))) for a, w in atoms]}, x in "
        f"{list(map(str, points))}, all draws of {n}",
        exact=mean,
    )


def _opposite(n: int = 1) -> Instance:
    """|w·x̃| with both signs, at an x̃ in the direction of w: the curved part is 0, and one unit errs by V'R/2."""
    return _instance([("1/2", [3, 4]), ("-1/2", [3, 4])], ["3/4"], n)


def _affine_dropped() -> Instance:
    """x + |x|/200 on {−1, 1} with sampled absolute values only."""
    return _instance([("1/100", [1, 0])], [-1, 1], 1, slope=1)


def _long() -> Instance:
    return _instance([("1/2", [30, 40]), ("-1/2", [30, 40])], ["3/4"], 1, V=1)


THEOREM = Theorem(
    label="barron-sup-affine",
    title="Sampled units with a free affine part",
    status="classical",
    sense="upper",
    constructive=False,
    statement=(
        "Let :math:`f` be an affine function plus :math:`\\frac12\\int a\\,|w\\cdot\\tilde x|d\\rho`, "
        ":math:`\\tilde x=(x,1)`, with :math:`V'=\\int|a|\\|w\\|d\\rho` and :math:`R=\\sup\\|\\tilde x\\|`. The mean "
        "error of n units drawn from :math:`|a|\\|w\\|d\\rho/V'`, with one more unit for the affine part, is at most "
        ":math:`2V'R/\\sqrt n` in the supremum norm, so some n+1 units reach it. For :math:`h\\in C^2[a,b]`, "
        ":math:`V'=\\int|h''(s)|\\sqrt{1+s^2}ds`."
    ),
    source=Source("barron1993"),
    formal=formal,
    instances=instances,
    mutants=(
        Mutant("one-quarter", "the constant 1/4", _opposite, lambda f: f.bound / 8),
        Mutant(
            "faster-rate", "the mean error falls like 1/n", lambda: _opposite(36),
            lambda f: 2 * f.symbol("V") * f.symbol("R") / f.symbol("n"),
        ),
        Mutant("no-affine-unit", "the affine part is left out", _affine_dropped),
        Mutant("lengths-dropped", "∫ |a| dρ in place of ∫ |a|‖w‖ dρ", _long),
    ),
    limits=("barron-sup: σ(t) = (t + |t|)/2 gives V' ≤ V", "one input: direct-sampling is sharper"),
)  # fmt: skip
