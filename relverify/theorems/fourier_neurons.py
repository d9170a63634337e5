"""Neurons that suffice for a shift-invariant kernel: sampled frequencies, each carried by splines."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Resource, Source, Theorem


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Cited, Identity, Inequality
    from relverify.core.symbols import L, N, Omega, V, kappa, m

    x, t = sp.symbols("x t", real=True)
    one, other = sp.symbols("one other", nonnegative=True)
    omega, n = sp.symbols("omega n", positive=True)
    # probabilities that the error, and that the frequencies, exceed twice their means
    far, fast, good = sp.symbols("P_error P_frequencies P_neither", nonnegative=True)
    error, truncated, network = sp.symbols("error E_truncation network", nonnegative=True)
    spline = 2 * sp.sqrt(2) * kappa * V + 2 * kappa**2 * V
    bound = 8 * V * L * Omega / sp.sqrt(m) + spline
    count = 2 * m + sp.sqrt(2) * m * L * Omega / sp.sqrt(kappa)
    return Formal(
        quantities=(
            Quantity(V, "r(x, x), the mass of the spectral measure ρ", of_relation="fourier_mass"),
            Quantity(Omega, "root of the mean of ω² under ρ/V", of_relation="spectral_frequency"),
            Quantity(L, "length of the interval X", of_relation="length_x"),
            Quantity(m, "sampled frequencies; the features are 2m"),
            Quantity(kappa, "relative error of each wave: ⌈|ω|L/√(8κ)⌉ pieces"),
            Quantity(N, "hidden units of the one network"),
        ),
        bound=bound,
        bounded=r"\min_{\text{draws of at most }N\text{ units}}\sup|r-\langle\varphi,\varphi\rangle|",
        hypotheses=(
            "r(x − y) = ∫ cos(ω(x − y)) dρ is a continuous shift-invariant PSD kernel of numbers, Ω is finite",
            sp.Gt(kappa, 0),
        ),
        solve={"N": Resource(count, meaning="units that suffice for this error")},
        steps=(
            Identity(
                sp.cos(x - t), "=", sp.cos(x) * sp.cos(t) + sp.sin(x) * sp.sin(t),
                "Draw m frequencies with probability dρ/V: the features √(V/m) cos(ω_i x) and √(V/m) sin(ω_i x) have "
                "mean error at most 4VLΩ/√m (fourier-rank-anchored).",
            ),
            Inequality(
                ((one + other) / 2) ** 2, "<=", (one**2 + other**2) / 2,
                "The square of a mean is at most the mean of the squares: the mean of Σ|ω_i| is at most mΩ.",
            ),
            Cited(
                sp.Max(far, fast), "<", sp.Rational(1, 2),
                "Markov: the error is more than twice its mean with probability less than 1/2, and so is Σ|ω_i|. "
                "(With probability 1/2 it is at most that: a value of twice the mean and else 0.)",
                lemma="markov", key="vershynin2018",
            ),
            Inequality(
                good, ">", 0, "So some draw has neither.",
                given=(good >= 1 - far - fast, sp.Max(far, fast) < sp.Rational(1, 2)),
            ),
            Inequality(
                L**2 * omega**2 / (8 * n**2), "<=", kappa,
                "A wave has second derivative at most ω²: n ≥ |ω|L/√(8κ) pieces err by at most κ (ridge-spline), with "
                "amplitude √(V/m) by κ√(V/m).", given=(8 * kappa * n**2 >= omega**2 * L**2,),
            ),
            Identity(
                2 * m * (kappa * sp.sqrt(V / m)) ** 2, "=", 2 * kappa**2 * V,
                "All 2m features together: δ² = 2κ²V.",
            ),
            Identity(
                m * (V / m) * (sp.cos(x) ** 2 + sp.sin(x) ** 2), "=", V, "The features have the length K = √V "
                "everywhere.",
            ),
            Identity(
                2 * sp.sqrt(V) * (kappa * sp.sqrt(2 * V)) + 2 * kappa**2 * V, "=", spline,
                "The network costs 2Kδ + δ² (perturbation).",
            ),
            Identity(
                2 * (2 * m * Omega * L / sp.sqrt(8 * kappa)) + 2 * m, "=", count,
                "Two features a frequency, each rounded up by less than one unit, and Σ|ω_i| ≤ 2mΩ: at most N units.",
            ),
            Inequality(
                error, "<=", bound, "Truncation and network together.",
                given=(
                    error <= truncated + network, truncated * sp.sqrt(m) <= 8 * V * L * Omega, network <= spline,
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
        points = [draw(rationals(0, 1, 8)) for _ in range(draw(st.integers(1, 3)))]
        return _instance(waves, draw(rationals("1/2", 2, 4)), points, draw(st.integers(1, 3)), draw(st.integers(1, 4)))

    return spectra()


def _instance(
    waves: list[tuple[Any, Any]], length: Any, points: list[Any], m: int, k: int, **changed: Any
) -> Instance:
    """The best draw of at most N units, with κ = 1/(8k²): ⌈|ω|Lk⌉ pieces for each wave.

    Parameters
    ----------
    waves : list of (mass, frequency)
    length : exact rational number
    points : list of exact rational numbers
        In [0, 1], in units of the length.
    m, k : int
    """
    import sympy as sp
    from flint import arb, ctx, fmpq

    from relverify.rigor.exact import from_fmpq, to_fmpq
    from relverify.rigor.sampling import counts

    masses, frequencies = ([to_fmpq(v) for v in side] for side in zip(*waves, strict=True))
    V, L, xs = sum(masses, fmpq(0)), to_fmpq(length), [to_fmpq(length) * to_fmpq(x) for x in points]
    square = sum((mass / V * w * w for mass, w in zip(masses, frequencies, strict=True)), fmpq(0))
    pieces = [int((w * L * k).ceil()) for w in frequencies]
    # 2 Σ n_i <= 2m + 4mkLΩ, decided by squares
    allowed = [
        drawn for drawn in counts(len(waves), m)
        if (over := sum(c * n for c, n in zip(drawn, pieces, strict=True)) - m) <= 0
        or fmpq(over) ** 2 <= 4 * m * m * k * k * L * L * square
    ]  # fmt: skip

    def interpolant(wave: Any, n: int, x: fmpq) -> arb:
        if not n:
            return wave(arb(0))
        h = L / n
        j = min(int((x / h).floor()), n - 1)
        s = (x - h * j) / h
        return wave(arb(h * j)) * arb(1 - s) + wave(arb(h * (j + 1))) * arb(s)

    def observed(prec: int) -> arb:
        with ctx.workprec(prec):
            table = []
            for w, n in zip(frequencies, pieces, strict=True):
                pair = (lambda x, w=w: (arb(w) * x).cos()), (lambda x, w=w: (arb(w) * x).sin())
                table.append([[interpolant(wave, n, x) for wave in pair] for x in xs])
            pairs = [(i, j) for i in range(len(xs)) for j in range(len(xs))]
            products = [[rows[i][0] * rows[j][0] + rows[i][1] * rows[j][1] for rows in table] for i, j in pairs]
            true = [
                sum((arb(c) * arb(w * (xs[i] - xs[j])).cos() for c, w in zip(masses, frequencies, strict=True)), arb(0))
                for i, j in pairs
            ]
            best = None
            for drawn in allowed:
                worst = arb(0)
                for value, row in zip(true, products, strict=True):
                    built = sum((c * v for c, v in zip(drawn, row, strict=True)), arb(0)) * arb(V) / m
                    worst = worst.max(abs(value - built))
                best = worst if best is None else best.min(worst)
            assert best is not None
            return best

    return Instance(
        values={
            "V": from_fmpq(V), "Omega": sp.sqrt(from_fmpq(square)), "L": from_fmpq(L), "m": m,
            "kappa": sp.Rational(1, 8 * k * k), **changed,
        },
        observed=observed,
        text=f"sum of c cos(w (x-y)), (c, w)={[(str(c), str(w)) for c, w in waves]}, on [0,{L}], x, y in "
        f"{list(map(str, xs))}, best of {len(allowed)} draws of {m}",
    )  # fmt: skip


def _coarse() -> Instance:
    """One frequency, so that any draw is exact, and one piece for each of its two waves."""
    return _instance([(1, 1)], 1, [0, "1/2", 1], 10**6, 1)


def _two() -> Instance:
    """Two frequencies of which one is drawn, the faster one taken for 0 in Ω."""
    return _instance([(1, 0), (1, 2)], 1, [0, "1/2", 1], 1, 10, Omega=0)


def _without_first_power(f: Formal) -> Any:
    import sympy as sp

    return f.bound - 2 * sp.sqrt(2) * f.symbol("kappa") * f.symbol("V")


THEOREM = Theorem(
    label="fourier-neurons",
    title="Neurons that suffice for a shift-invariant kernel",
    status="beyond",
    sense="upper",
    constructive=False,
    statement=(
        "Let :math:`r(x-y)` be a shift-invariant PSD kernel with :math:`r(0)=V` and spectral mean square "
        ":math:`\\Omega^2`, on an interval of length L. Some draw of m frequencies, with "
        ":math:`\\lceil|\\omega|L/\\sqrt{8\\kappa}\\rceil` linear pieces for each of its 2m waves, is one network of "
        "at most :math:`2m+\\sqrt2\\,mL\\Omega/\\sqrt\\kappa` hidden units with error at most "
        ":math:`8VL\\Omega/\\sqrt m+2\\sqrt2\\,\\kappa V+2\\kappa^2V`."
    ),
    source=Source("rahimi2007"),
    formal=formal,
    uses=("fourier-rank-anchored", "ridge-spline", "perturbation"),
    instances=instances,
    mutants=(
        Mutant(
            "no-splines", "the waves are carried without error", _coarse,
            lambda f: f.bound.subs(f.symbol("kappa"), 0),
        ),
        Mutant("smaller-spread", "a frequency with a part in r is left out of Ω", _two),
        Mutant(
            "faster-rate", "the error of splines falls like κ²", _coarse,
            _without_first_power,
        ),
    ),
    limits=("κ → 0: fourier-rank-anchored, twice its mean error", "Ω = 0: a constant, up to κ"),
)  # fmt: skip
