"""Sampled knots of a function of one variable."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Resource, Source, Theorem


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Cited, Identity, Inequality
    from relverify.core.symbols import L, V, eps, n

    # one knot: its curvature and sign, and the sign of x − s; of the error e of a draw: its variance and mean size
    curve, sign, side = sp.symbols("curve sign side", positive=True)
    x, s = sp.symbols("x s", real=True)
    variance, size, total, error, osc = sp.symbols("variance E_size integral E_error E_osc", nonnegative=True)
    one, other, top, low, shift = sp.symbols("one other top low shift", real=True)
    bound = L * V / (4 * sp.sqrt(n))
    return Formal(
        quantities=(
            Quantity(V, "total variation of h', ∫ |h''| where h is twice differentiable",
                     of_relation="slope_variation_x"),
            Quantity(L, "length of the interval", of_relation="length_x"),
            Quantity(n, "sampled units; one more carries the affine part"),
            Quantity(eps, "error that is asked for"),
        ),
        bound=bound,
        bounded=r"\mathbb{E}\min_c\sup_{a\le x\le b}|h(x)-h_n(x)-c|",
        hypotheses=("h' has bounded variation on [a, b]",),
        solve={"n": Resource((L * V / (4 * eps)) ** 2, meaning="sampled units that suffice, besides one", least=1)},
        steps=(
            Identity(
                sp.diff(sp.Abs(x - s) / 2, x), "=", sp.sign(x - s) / 2,
                "h'(x) is a constant plus ½ ∫ sgn(x − s) dh'(s), since every knot |x − s|/2 turns the slope by 1.",
            ),
            Identity(
                (curve / V) * (V * sign * side / 2), "=", curve * sign * side / 2,
                "Draw n knots with probability |dh'|/V, and give each the slope V sgn(dh')/(2n) sgn(x − s): the mean "
                "of the drawn h_n' is h', up to a constant. |x − s| is 2 relu(x − s) and an affine function, and one "
                "unit carries all affine parts.",
            ),
            Identity(
                (V / 2) ** 2 / n, "=", V**2 / (4 * n),
                "One draw of the slope is ±V/2, with variance at most its mean square (V/2)²; n independent draws "
                "divide it by n.",
            ),
            Inequality(
                ((one + other) / 2) ** 2, "<=", (one**2 + other**2) / 2,
                "The square of a mean is at most the mean of the squares: at every x the mean of |h' − h_n'| is at "
                "most V/(2√n).",
            ),
            Inequality(
                size, "<=", V / (2 * sp.sqrt(n)), "With the variance.",
                given=(size**2 <= variance, variance <= V**2 / (4 * n)),
            ),
            Cited(
                osc, "<=", total,
                "h − h_n differs between two points by at most ∫ |h' − h_n'| over [a, b], and the mean of the integral "
                "is the integral of the mean.", lemma="fundamental-theorem", key="rudin1976",
            ),
            Inequality(
                sp.Max(top - shift, shift - low), "=", (top - low) / 2,
                "The output bias moves the middle of the range to 0, which leaves half of its length.",
                given=(sp.Eq(2 * shift, top + low), top >= low),
            ),
            Inequality(
                error, "<=", bound, "All together; some draw is at least as good as the mean.",
                given=(2 * error <= osc, osc <= total, total <= L * size, size <= V / (2 * sp.sqrt(n))),
            ),
        ),
    )  # fmt: skip


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.numbers import rationals

    @st.composite
    def functions(draw: Any) -> Instance:
        sign = st.sampled_from((1, -1))
        knots = [
            (draw(rationals(0, 1)), draw(sign) * draw(rationals("1/6", 2, 6))) for _ in range(draw(st.integers(1, 4)))
        ]
        return _instance(knots, draw(rationals("1/2", 2, 6)), draw(st.integers(1, 4)))

    return functions()


def _instance(knots: list[tuple[Any, Any]], length: Any, n: int, **changed: Any) -> Instance:
    """A linear spline by its knots (place in [0, 1], turn of the slope) on an interval of given length.

    The error of a draw is linear between the knots, so half its range is a rational number.
    """
    from flint import fmpq

    from relverify.rigor.enclose import enclose
    from relverify.rigor.exact import from_fmpq, to_fmpq
    from relverify.rigor.sampling import expectation

    width = to_fmpq(length)
    merged: dict[Any, Any] = {}
    for place, turn in knots:
        at = width * to_fmpq(place)
        merged[at] = merged.get(at, fmpq(0)) + to_fmpq(turn)
    turns = [(at, turn) for at, turn in sorted(merged.items()) if turn != 0] or [(width / 2, fmpq(1))]
    V = sum((abs(turn) for _, turn in turns), fmpq(0))
    points = sorted({fmpq(0), width, *(at for at, _ in turns)})

    def error(drawn: tuple[int, ...]) -> fmpq:
        # h_n turns by V sgn(turn) c/n where a knot was drawn c times
        rest = [turn - V * c * (1 if turn > 0 else -1) / n for c, (_, turn) in zip(drawn, turns, strict=True)]
        values = [
            sum((r * abs(x - at) / 2 for r, (at, _) in zip(rest, turns, strict=True)), fmpq(0)) for x in points
        ]
        return (max(values) - min(values)) / 2

    mean = from_fmpq(expectation([abs(turn) / V for _, turn in turns], n, error))
    return Instance(
        values={"V": from_fmpq(V), "L": from_fmpq(width), "n": n, **changed},
        observed=lambda prec: enclose(mean, prec=prec),
        text=f"sum of c|x-s|/2 on [0,{width}], (s, c)={[(str(s), str(c)) for s, c in turns]}, all draws of {n}",
        exact=mean,
    )


def extremal() -> Instance:
    """A knot at the left end and an opposite one 2^−400 to the right of it: h_1' is off by V/2 almost everywhere."""
    found = _step(1)
    # attained up to 2^-400, not exactly
    return Instance(found.values, found.observed, found.text)


def _step(n: int) -> Instance:
    from fractions import Fraction

    found = _instance([(0, 1), (Fraction(1, 2**400), -1)], 1, n)
    return Instance(found.values, found.observed, f"|x|/2 - |x-2^-400|/2 on [0,1], all draws of {n}", found.exact)


def _net_turn() -> Instance:
    """h' turns by 1 and back by 9/10: the whole turn is 1/10, the variation 19/10."""
    from fractions import Fraction

    return _instance([(0, 1), (Fraction(1, 100), "-9/10")], 1, 1, V="1/10")


THEOREM = Theorem(
    label="direct-sampling",
    title="Sampled knots of a function of one variable",
    status="beyond",
    sense="upper",
    constructive=False,
    sharp=True,
    statement=(
        "Let :math:`h'` have total variation V on an interval of length L, for instance :math:`V=\\int|h''|`. The mean "
        "error of n knots drawn from :math:`|dh'|/V`, with one more unit for the affine part and a free output bias, "
        "is at most :math:`LV/(4\\sqrt n)` in the supremum norm, so some n+1 units reach it. As "
        ":math:`V'R\\ge LV/2` in *barron-sup-affine*, this is always at least four times sharper."
    ),
    source=Source("barron1993"),
    formal=formal,
    instances=instances,
    extremal=extremal,
    mutants=(
        Mutant("eight", "the constant 8", lambda: _step(1), lambda f: f.bound / 2),
        Mutant(
            "faster-rate", "the mean error falls like 1/n", lambda: _step(9),
            lambda f: f.symbol("L") * f.symbol("V") / (4 * f.symbol("n")),
        ),
        Mutant("net-turn", "|h'(b) − h'(a)| in place of the variation of h'", _net_turn),
    ),
    limits=("one knot: no error", "ridge-spline: error n^−2 where h'' is bounded"),
)  # fmt: skip
