"""Squares by deep networks: an error that falls by four with every layer."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Resource, Source, Theorem, Witness


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Identity, Inequality
    from relverify.core.symbols import M, N, eps, m

    x, a, t, y = sp.symbols("x a t y", real=True)
    h = sp.Symbol("h", positive=True)
    plus, minus, most = sp.symbols("plus minus most", nonnegative=True)
    half = sp.Rational(1, 2)
    bound = sp.Rational(1, 4) ** (m + 1)
    return Formal(
        quantities=(
            Quantity(m, "teeth: hidden layers"),
            Quantity(N, "hidden units"),
            Quantity(eps, "error that is asked for"),
        ),
        bound=bound,
        bounded=r"\sup_{0\le x\le1}|f_m(x)-x^2|",
        hypotheses=("x lies in [0, 1]",),
        solve={
            "m": Resource(sp.log(1 / (4 * eps)) / sp.log(4), meaning="layers that suffice", least=1),
            "N": Resource(3 * m - 1, meaning="hidden units of m layers"),
        },
        steps=(
            Inequality(
                2 * sp.Max(t, 0) - 4 * sp.Max(t - half, 0), "=", 1 - sp.Abs(2 * t - 1),
                "Two units make a tooth g of [0, 1]; g composed s times with itself has 2^{s−1} equal teeth, since "
                "every tooth covers [0, 1] twice.", given=(t >= 0, t <= 1),
            ),
            Identity(
                (a**2 + (a + 2 * h) ** 2) / 2 - (a + h) ** 2, "=", h**2,
                "In the middle of a piece of width 2h the chord of x² lies h² above it: halving all pieces takes "
                "teeth of height h² away. So f_m = x − Σ_{s≤m} g_s/4^s interpolates x² at the multiples of 2^{−m}, by "
                "induction.",
            ),
            Identity(
                2 + 3 * (m - 1), "=", 3 * m - 1,
                "Each layer has the two units of its tooth, and all but the first one more for the sum so far, which "
                "is not negative.",
            ),
            Identity(
                a**2 + (2 * a + h) * (x - a) - x**2, "=", (x - a) * (a + h - x),
                "The chord of a piece [a, a+h] minus x²: never negative in the piece,",
            ),
            Inequality(
                (x - a) * (a + h - x), "<=", h**2 / 4, "and at most h²/4, which is taken in the middle.",
            ),
            Identity(
                M**2 * (((x + y) / (2 * M)) ** 2 - ((x - y) / (2 * M)) ** 2), "=", x * y,
                "Two squares make a product of |x|, |y| ≤ M,",
            ),
            Inequality(
                sp.Abs(plus - minus), "<=", most,
                "whose errors have one sign and do not add up: M² 4^{−(m+1)} with 2(3m−1) + 4 units, four of which are "
                "absolute values.", given=(plus <= most, minus <= most),
            ),
            Identity((h**2 / 4).subs(h, 2 ** (-m)), "=", bound, "The pieces of f_m have width 2^{−m}."),
        ),
    )  # fmt: skip


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.numbers import rationals

    return st.builds(_instance, st.integers(1, 8), rationals(0, 1, 1000))


def _instance(m: int, x: Any) -> Instance:
    """The network itself, at one point, in exact arithmetic."""
    import sympy as sp

    from relverify.networks.deep_square import square_network
    from relverify.rigor.enclose import enclose
    from relverify.rigor.exact import from_fmpq, to_fmpq

    point = to_fmpq(sp.Rational(x))
    error: sp.Rational = from_fmpq(abs(square_network(m).at_exact(point)[0] - point * point))
    return Instance({"m": m}, lambda prec: enclose(error, prec=prec), f"f_{m} at {point}", exact=error)


def extremal() -> Instance:
    """The middle of the first piece of f_5."""
    return _instance(5, "1/64")


def _outside() -> Instance:
    return _instance(3, "3/2")


def witness() -> Witness:
    """The network for ε = 1/1000, its largest error on [0, 1] by exact arithmetic."""
    import sympy as sp
    from flint import fmpq

    from relverify.networks.deep_square import square_network
    from relverify.rigor.decide import decide
    from relverify.rigor.exact import from_fmpq

    eps = sp.Rational(1, 1000)
    layers = THEOREM.resource("m").count(eps=eps)
    assert layers is not None
    predicted = THEOREM.resource("N").count(m=layers)
    assert predicted is not None
    network = square_network(layers)
    ends = [fmpq(0), *network.breakpoints(fmpq(0), fmpq(1)), fmpq(1)]
    worst = fmpq(0)
    for left, right in zip(ends, ends[1:], strict=False):
        (at_left,), (at_right,) = network.at_exact(left), network.at_exact(right)
        slope = (at_right - at_left) / (right - left)
        # on a piece x² − (linear) has its only critical point at half the slope
        points = [left, right, *([slope / 2] if left < slope / 2 < right else [])]
        worst = max([worst, *[abs(p * p - at_left - slope * (p - left)) for p in points]])
    error = from_fmpq(worst)
    return Witness(
        text=f"network of x² on [0,1] with {layers} layers",
        predicted=predicted,
        built=network.hidden_units,
        decision=decide(sp.Le(error, eps, evaluate=False)),
        error=str(error),
        allowed=str(eps),
    )


THEOREM = Theorem(
    label="deep-square",
    title="Squares and products by deep networks",
    status="classical",
    sense="upper",
    constructive=True,
    sharp=True,
    statement=(
        "A network :math:`f_m` of m hidden layers and exactly 3m−1 ReLU units has "
        ":math:`0\\le f_m(x)-x^2\\le4^{-(m+1)}` on [0, 1]. A product of numbers of size at most M costs 6m+2 units "
        "for an error of :math:`M^24^{-(m+1)}`. So :math:`O(\\log(1/\\varepsilon))` units suffice, where one hidden "
        "layer needs :math:`\\Omega(\\varepsilon^{-1/2})`."
    ),
    source=Source("telgarsky2016"),
    formal=formal,
    instances=instances,
    extremal=extremal,
    witness=witness,
    mutants=(
        Mutant("half", "half of the error", extremal, lambda f: f.bound / 2),
        Mutant("faster", "the error falls by eight with every layer", extremal, lambda f: f.bound / 2 ** f.symbol("m")),
        Mutant("outside", "x beyond [0, 1]", _outside),
    ),
    limits=("m = 1: the chord, with two units", "width-lower: one layer needs L√(μ/ε)/4 − 1 units"),
)
