"""Sampled units of a Barron function: the error in the mean square."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Resource, Source, Theorem


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Identity, Inequality
    from relverify.core.symbols import V, eps, n, norm_f

    # one unit: size |a|, sign, norm in L²(μ); two independent centred draws and the mean of their product
    size, norm, unit, sign, p_1, p_2 = sp.symbols("size norm unit sign p_1 p_2", positive=True)
    x, y = sp.symbols("x y", real=True)
    square, product = sp.symbols("mean_square mean_product", real=True)
    error = sp.Symbol("error", nonnegative=True)
    bound = sp.sqrt((V**2 - norm_f**2) / n)
    return Formal(
        quantities=(
            Quantity(V, "∫ |a|‖σ(w·x̃)‖ dρ, the norm that of L²(μ); ‖a‖ for |a| where f has values in a Hilbert space"),
            Quantity(norm_f, "norm of f = ∫ a σ(w·x̃) dρ in L²(μ)"),
            Quantity(n, "hidden units"),
            Quantity(eps, "error that is asked for"),
        ),
        bound=bound,
        bounded=r"\sqrt{\mathbb{E}\|f-f_n\|_{L^2(\mu)}^2}",
        hypotheses=("f is an integral of units in L²(μ) with V finite", sp.Ge(V, norm_f),),
        solve={"n": Resource((V**2 - norm_f**2) / eps**2, meaning="units that suffice", least=1)},
        steps=(
            Identity(
                (size * norm / V) * (V * sign * unit / norm), "=", size * sign * unit,
                "Draw n units with probability |a|‖σ‖dρ/V, and give each the weight V sgn(a)/‖σ‖: one draw has mean f. "
                "Where a is a vector, its direction a/‖a‖ takes the place of the sign.",
            ),
            Identity(
                (V * unit / norm) ** 2 * norm**2 / unit**2, "=", V**2,
                "Every draw has norm V, so that its mean square distance from f is V² − ‖f‖²:",
            ),
            Identity(
                p_1 * (x - (p_1 * x + p_2 * y)) ** 2 + p_2 * (y - (p_1 * x + p_2 * y)) ** 2
                - (p_1 * x**2 + p_2 * y**2 - (p_1 * x + p_2 * y) ** 2), "=",
                (p_1 + p_2 - 1) * (p_1 * x + p_2 * y) ** 2,
                "the variance is the mean square less the square of the mean, here for two draws with probabilities of "
                "sum 1, where the right side is 0.",
            ),
            Inequality(
                (square + 2 * product + square) / 4, "=", square / 2,
                "Independent draws are uncorrelated: the mean square of their average is that of one, divided by n. "
                "Here n = 2.", given=(sp.Eq(product, 0),),
            ),
            Inequality(
                error, "=", bound, "The root of it, exactly; some draw is at least as good.",
                given=(sp.Eq(n * error**2, V**2 - norm_f**2), norm_f <= V),
            ),
        ),
    )  # fmt: skip


# vectors of length 1 without negative entries
UNIT_VECTORS = (
    (1, 0, 0), (0, 1, 0), ("3/5", "4/5", 0), ("5/13", 0, "12/13"), ("1/3", "2/3", "2/3"), ("2/7", "3/7", "6/7"),
)  # fmt: skip


# vectors of length 1 with either sign, for the weights of units with three outputs
OUTPUTS = (
    (1, 0, 0), (0, -1, 0), ("3/5", "-4/5", 0), ("-5/13", 0, "12/13"), ("1/3", "-2/3", "2/3"), ("-2/7", "3/7", "6/7"),
)  # fmt: skip


def instances() -> Any:
    from fractions import Fraction

    from hypothesis import strategies as st

    from relverify.strategies.numbers import rationals

    @st.composite
    def measures(draw: Any) -> Instance:
        masses = [draw(st.sampled_from((1, "1/4", "4/9", 4))) for _ in range(3)]
        atoms = []
        # values of one component are numbers; of three they are vectors, with units that all components share
        outputs = ((1,), (-1,)) if draw(st.booleans()) else OUTPUTS
        for _ in range(draw(st.integers(1, 3))):
            size, direction = draw(rationals("1/4", 2, 6)), draw(st.sampled_from(outputs))
            a = [size * Fraction(c) for c in direction]
            atoms.append((a, draw(st.sampled_from(UNIT_VECTORS)), draw(rationals("1/6", 2, 6))))
        return _instance(masses, atoms, draw(st.integers(1, 4)))

    return measures()


def _instance(masses: list[Any], atoms: list[Any], n: int, **changed: Any) -> Instance:
    """Units by their norms and directions in L² of three points; the mean square error over all draws is rational.

    Parameters
    ----------
    masses : list of exact numbers
        Squares of rational numbers.
    atoms : list of (a, direction, norm)
        The unit has the values norm · direction / sqrt(mass); a is the list of its weights in the outputs, of rational
        length.
    n : int
    """
    import sympy as sp
    from flint import fmpq

    from relverify.rigor.enclose import enclose
    from relverify.rigor.exact import from_fmpq, to_fmpq
    from relverify.rigor.sampling import expectation

    roots = [to_fmpq(sp.sqrt(sp.Rational(m))) for m in masses]
    mu = [root * root for root in roots]
    weights = [[to_fmpq(c) for c in a] for a, _, _ in atoms]
    sizes = [to_fmpq(sp.sqrt(sum(sp.Rational(str(c)) ** 2 for c in a))) for a in weights]
    norms = [to_fmpq(norm) for _, _, norm in atoms]
    rows = [
        [norm * to_fmpq(v) / root for v, root in zip(direction, roots, strict=True)]
        for norm, (_, direction, _) in zip(norms, atoms, strict=True)
    ]
    # the values of f: an output and a point
    places = [(j, k) for j in range(len(weights[0])) for k in range(len(mu))]
    f = {(j, k): sum((a[j] * row[k] for a, row in zip(weights, rows, strict=True)), fmpq(0)) for j, k in places}
    V = sum((size * norm for size, norm in zip(sizes, norms, strict=True)), fmpq(0))
    drawn_values = [
        {(j, k): V * a[j] / size * row[k] / norm for j, k in places}
        for a, size, norm, row in zip(weights, sizes, norms, rows, strict=True)
    ]

    def squared_error(drawn: tuple[int, ...]) -> fmpq:
        total = fmpq(0)
        for j, k in places:
            mean = sum((c * unit[j, k] for c, unit in zip(drawn, drawn_values, strict=True)), fmpq(0)) / n
            total += mu[k] * (mean - f[j, k]) ** 2
        return total

    chances = [size * norm / V for size, norm in zip(sizes, norms, strict=True)]
    error = sp.sqrt(from_fmpq(expectation(chances, n, squared_error)))
    return Instance(
        values={
            "V": from_fmpq(V),
            "norm_f": sp.sqrt(from_fmpq(sum((mu[k] * v * v for (_, k), v in f.items()), fmpq(0)))),
            "n": n,
            **changed,
        },
        observed=lambda prec: enclose(error, prec=prec),
        text=f"masses {list(map(str, mu))}, (a, direction, norm)="
        f"{[(list(map(str, a)), list(map(str, v)), str(norm)) for a, v, norm in atoms]}, all draws of {n}",
        exact=error,
    )


def extremal() -> Instance:
    """Three orthogonal units of norm 1, two drawn: the mean square error is (1 − 1/3)/2."""
    third = ["1/3"]
    return _instance([1, 1, 1], [(third, (1, 0, 0), 1), (third, (0, 1, 0), 1), (third, (0, 0, 1), 1)], 2)


def _long() -> Instance:
    """Norms of the units left out of V: it is 1 instead of 2, and ‖f‖² = 4/3 is more; here f has a norm below 1."""
    return _instance([1, 1, 1], [(["1/2"], (1, 0, 0), "3/2"), (["-1/2"], ("3/5", "4/5", 0), "3/2")], 1, V=1)


def _vectors() -> Instance:
    """Two outputs with weights of length 1, so that V = 2; their largest weights add up to 8/5."""
    return _instance([1, 1, 1], [(["3/5", "4/5"], (1, 0, 0), 1), (["-4/5", "3/5"], (1, 0, 0), 1)], 2, V="8/5")


def _half() -> Any:
    import sympy as sp

    return sp.Rational(1, 2)


THEOREM = Theorem(
    label="barron-l2",
    title="Sampled units in the mean square",
    status="classical",
    sense="tight",
    constructive=False,
    sharp=True,
    statement=(
        "Let :math:`f=\\int a\\,\\sigma(w\\cdot\\tilde x)d\\rho` and :math:`V=\\int|a|\\|\\sigma(w\\cdot\\tilde "
        "x)\\|d\\rho` with the norm of :math:`L^2(\\mu)`. The mean square error of n units drawn from "
        ":math:`|a|\\|\\sigma\\|d\\rho/V` is exactly :math:`(V^2-\\|f\\|^2)/n`, so some n units have error at most "
        ":math:`\\sqrt{(V^2-\\|f\\|^2)/n}`. For functions with values in a Hilbert space and shared units, the norm "
        ":math:`\\|a\\|` takes the place of :math:`|a|`."
    ),
    source=Source("barron1993"),
    formal=formal,
    instances=instances,
    extremal=extremal,
    mutants=(
        Mutant("without-mean", "‖f‖² is not subtracted", extremal, lambda f: f.symbol("V") / f.symbol("n") ** _half()),
        Mutant("faster-rate", "the error falls like 1/n", extremal, lambda f: f.bound / f.symbol("n") ** _half()),
        Mutant("norms-dropped", "∫ |a| dρ in place of ∫ |a|‖σ‖ dρ", _long),
        Mutant("largest-weight", "the largest weight of a unit in place of ‖a‖, for several outputs", _vectors),
    ),
    limits=("one unit: no error", "n = 1: the standard deviation of one draw"),
)  # fmt: skip
