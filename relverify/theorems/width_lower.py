"""Neurons that every network of one hidden layer needs."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Resource, Source, Theorem


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Cited, Identity, Inequality
    from relverify.core.symbols import L, N, eps, mu

    # the longest piece: length λ, values of f at its ends and middle, values of the affine function there
    length, error = sp.symbols("length error", nonnegative=True)
    f_0, f_1, f_2, p_0, p_2, x = sp.symbols("f_0 f_1 f_2 p_0 p_2 x", real=True)
    bound = mu * L**2 / (16 * (N + 1) ** 2)
    return Formal(
        quantities=(
            Quantity(mu, "at most |∂²r/∂x²|, of one sign, on an interval of x for some y", of_relation="bend"),
            Quantity(L, "length of that interval", of_relation="bend_length"),
            Quantity(N, "hidden units of φ in one layer; by any depth, breakpoints"),
            Quantity(eps, "error that is asked for"),
        ),
        bound=bound,
        bounded=r"\sup_x|r(x,y)-\langle\varphi(x),\psi(y)\rangle|",
        hypotheses=(
            "φ is a ReLU network of one input x; ψ is anything",
            "for some y, |∂²r/∂x²| ≥ μ with one sign on an interval of length L",
        ),
        solve={"N": Resource(L / 4 * sp.sqrt(mu / eps) - 1, meaning="units needed")},
        steps=(
            Inequality(
                length, ">=", L / (N + 1),
                "For a fixed y, ⟨φ(x), ψ(y)⟩ is affine between the at most N breakpoints of φ: one of at most N+1 "
                "pieces of the interval has at least the mean length.", given=((N + 1) * length >= L,),
            ),
            Identity(
                mu * ((x - length) ** 2 - 2 * x**2 + (x + length) ** 2) / 2, "=", mu * length**2,
                "Second difference of the parabola μx²/2, with step λ.",
            ),
            Cited(
                f_0 - 2 * f_1 + f_2, ">=", mu * (length / 2) ** 2,
                "On a piece of length λ, f − μx²/2 is convex (up to the sign of f), so the second difference of f from "
                "its ends and middle is at least that of the parabola.", lemma="convexity", key="rudin1976",
            ),
            Inequality(
                4 * error, ">=", f_0 - 2 * f_1 + f_2,
                "An affine function has second difference 0, so the errors at the three points add up to it.",
                given=(
                    sp.Abs(f_0 - p_0) <= error, sp.Abs(f_1 - (p_0 + p_2) / 2) <= error, sp.Abs(f_2 - p_2) <= error,
                ),
            ),
            Inequality(
                error, ">=", mu * length**2 / 16, "The two together.",
                given=(4 * error >= f_0 - 2 * f_1 + f_2, f_0 - 2 * f_1 + f_2 >= mu * (length / 2) ** 2),
            ),
            Inequality(
                mu * length**2 / 16, ">=", bound, "With the length of the longest piece.",
                given=((N + 1) * length >= L,),
            ),
        ),
    )  # fmt: skip


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.numbers import rationals

    @st.composite
    def fits(draw: Any) -> Instance:
        mu, start = draw(rationals("1/4", 3, 6)), draw(rationals(-1, 1, 6))
        line = [draw(rationals(-2, 2, 6)) for _ in range(2)]
        steps = [draw(rationals("1/4", 1, 6)) for _ in range(draw(st.integers(1, 4)))]
        shifts = [draw(rationals("-1/4", "1/4", 12)) for _ in range(len(steps) + 1)]
        return _instance(mu, line, start, steps, shifts)

    return fits()


def _instance(mu: Any, line: list[Any], start: Any, steps: list[Any], shifts: list[Any]) -> Instance:
    """f'' = μ + (α + βx)², against what N units can be at most: linear on N+1 pieces, f + shift at their ends."""
    from flint import arb, fmpq, fmpq_poly

    from relverify.rigor.exact import from_fmpq, to_fmpq
    from relverify.rigor.polynomials import sup_abs

    low = to_fmpq(str(mu))
    slope = fmpq_poly([to_fmpq(str(c)) for c in line])
    f = (slope * slope + low).integral().integral()
    nodes = [to_fmpq(str(start))]
    for step in steps:
        nodes.append(nodes[-1] + to_fmpq(str(step)))
    values = [f(node) + to_fmpq(str(shift)) for node, shift in zip(nodes, shifts, strict=True)]
    errors = []
    for k in range(len(steps)):
        a, b = nodes[k], nodes[k + 1]
        rise = (values[k + 1] - values[k]) / (b - a)
        errors.append((f - fmpq_poly([values[k] - rise * a, rise]), a, b))

    def observed(prec: int) -> arb:
        worst = arb(0)
        for error, a, b in errors:
            worst = worst.max(sup_abs(error, a, b, prec))
        return worst

    exact = None
    if f.degree() == 2:
        # a parabola's largest errors lie at rational points
        points = [(e, p) for e, a, b in errors for p in (a, b, -e[1] / (2 * e[2])) if a <= p <= b]
        exact = from_fmpq(max(abs(e(p)) for e, p in points))
    numbers = {"mu": low, "L": nodes[-1] - nodes[0]}
    return Instance(
        values={**{name: from_fmpq(fmpq(v)) for name, v in numbers.items()}, "N": len(steps) - 1},
        observed=observed,
        text=f"f with coefficients {f.coeffs()}, values {values} at {nodes}, linear between",
        exact=exact,
    )


def extremal() -> Instance:
    """The network 2 relu(−x−½) + 2 relu(x−½) + 1/8 and x² on [−3/2, 3/2]: two units, error 1/8 on all three pieces."""
    import numpy as np
    import sympy as sp
    from flint import fmpq

    from relverify.networks.mlp import MLP
    from relverify.rigor.enclose import enclose
    from relverify.rigor.exact import from_fmpq

    weights, biases = ([[-1.0], [1.0]], [[2.0, 2.0]]), ([-0.5, -0.5], [0.125])
    network = MLP(tuple(map(np.array, weights)), tuple(map(np.array, biases)))
    ends = fmpq(-3, 2), fmpq(3, 2)
    nodes = [ends[0], *network.breakpoints(*ends), ends[1]]
    worst = fmpq(0)
    for a, b in zip(nodes, nodes[1:], strict=False):
        (at_a,), (at_b,) = network.at_exact(a), network.at_exact(b)
        slope = (at_b - at_a) / (b - a)
        points = [a, b, *([slope / 2] if a < slope / 2 < b else [])]
        worst = max([worst, *[abs(p * p - at_a - slope * (p - a)) for p in points]])
    error: sp.Rational = from_fmpq(worst)
    return Instance(
        values={"mu": 2, "L": 3, "N": network.hidden_units},
        observed=lambda prec: enclose(error, prec=prec),
        text="2 relu(-x-1/2) + 2 relu(x-1/2) + 1/8 against x^2 on [-3/2,3/2]",
        exact=error,
    )


def _integral_form() -> Instance:
    """√x on [10⁻⁴, 1] and the best affine function; (∫√|f''|)² = (9/5)² stands in the place of μL²."""
    import sympy as sp

    from relverify.rigor.enclose import enclose

    low, length = sp.Rational(1, 10**4), 1 - sp.Rational(1, 10**4)
    slope = (1 - sp.sqrt(low)) / length
    # the chord is farthest below √x where 1/(2√x) is the slope; half of that is the error of the best line
    root = 1 / (2 * slope)
    error = (root - sp.sqrt(low) - slope * (root**2 - low)) / 2
    integral = 2 * (1 - low ** sp.Rational(1, 4))
    return Instance(
        values={"mu": integral**2 / length**2, "L": length, "N": 0},
        observed=lambda prec: enclose(error, prec=prec),
        text="sqrt(x) on [1/10000,1] and its best affine approximation",
        exact=error,
    )


def _inflection() -> Instance:
    """x³ − 3x/4 on [−1,1] against 0: the second derivative 6x changes sign, its mean size is 3."""
    import sympy as sp
    from flint import arb

    values = {"mu": 3, "L": 2, "N": 0}
    return Instance(values, lambda prec: arb(1) / 4, "x^3 - 3x/4 on [-1,1] against 0", exact=sp.Rational(1, 4))


THEOREM = Theorem(
    label="width-lower",
    title="Neurons that are needed",
    status="beyond",
    sense="lower",
    constructive=False,
    sharp=True,
    statement=(
        "If :math:`|\\partial_x^2r|\\ge\\mu` with one sign on an interval of length L for some y, every "
        ":math:`\\langle\\varphi,\\psi\\rangle` with N hidden ReLU units in :math:`\\varphi` errs by at least "
        ":math:`\\mu L^2/(16(N+1)^2)`, whatever :math:`\\psi` is. So an error :math:`\\varepsilon` needs "
        ":math:`N\\ge\\lceil\\frac L4\\sqrt{\\mu/\\varepsilon}\\rceil-1` units, and in a deep network as many "
        "breakpoints."
    ),
    source=Source("cheney1966"),
    formal=formal,
    instances=instances,
    extremal=extremal,
    mutants=(
        Mutant("integral-form", "(∫√|∂²r/∂x²| dx)² in place of μL²", _integral_form),
        Mutant("eight", "the constant 8", extremal, lambda f: 2 * f.bound),
        Mutant(
            "fewer-pieces", "N pieces instead of N+1", extremal,
            lambda f: f.bound * (f.symbol("N") + 1) ** 2 / f.symbol("N") ** 2,
        ),
        Mutant("inflection", "the second derivative changes sign, and its mean size is taken for μ", _inflection),
    ),
    limits=("x² with N even: attained", "deep networks: Π(w_l + 1) pieces, so N ≥ log₂(L√(μ/(16ε)))"),
)  # fmt: skip
