"""Interpolation of a function of one variable on equal pieces."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Resource, Source, Theorem, Witness


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Cited, Identity, Inequality
    from relverify.core.symbols import L, M, delta, n

    # a piece [a, b] of width h and a point x of it, by its distances u = x − a, v = b − x
    a, x, s, value, slope = sp.symbols("a x s value slope", real=True)
    u, v = sp.symbols("u v", nonnegative=True)
    h = sp.Symbol("h", positive=True)
    f = sp.Function("f", real=True)
    # A = ∫_a^x (s − a) f''(s) ds and B = ∫_x^b (b − s) f''(s) ds
    A, B = sp.symbols("A B", real=True)
    second = sp.diff(f(s), s, 2)
    node, before, after = sp.symbols("node before after", real=True)
    bound = M * L**2 / (8 * n**2)
    return Formal(
        quantities=(
            Quantity(L, "length of the interval", of_relation="length_x"),
            Quantity(M, "sup of |h''| on the interval", of_relation="second_derivative_x"),
            Quantity(n, "hidden units, one a piece"),
            Quantity(delta, "error that is asked for"),
        ),
        bound=bound,
        bounded=r"\sup_{a\le x\le b}|h(x)-h_n(x)|",
        hypotheses=("h is twice continuously differentiable on [a, b]", sp.Gt(delta, 0)),
        solve={"n": Resource(L * sp.sqrt(M / (8 * delta)), meaning="units that suffice", least=1)},
        steps=(
            Identity(
                (value + before * (x - node)) + (after - before) * (x - node), "=", value + after * (x - node),
                "At each node one more unit relu(x − node) turns the slope: by induction n units carry any function "
                "that is linear on n pieces.",
            ),
            Cited(
                f(a), "=", f(x) - (x - a) * f(x).diff(x) + sp.Integral((s - a) * second, (s, a, x)),
                "Taylor's formula at x with integral remainder, at the left end; the right end is its mirror image.",
                lemma="taylor", key="rudin1976",
            ),
            Identity(
                ((v * (value - u * slope + A) + u * (value + v * slope + B)) / (u + v)) - value, "=",
                (v * A + u * B) / (u + v),
                "The chord minus the function: value and slope cancel.",
            ),
            Identity(
                sp.Integral(s - a, (s, a, x)), "=", (x - a) ** 2 / 2,
                "So |A| ≤ M (x − a)²/2, and |B| ≤ M (b − x)²/2 alike.",
            ),
            Inequality(
                sp.Abs((v * A + u * B) / (u + v)), "<=", M * u * v / 2,
                "The error of the chord at distances u and v from the ends.",
                given=(sp.Abs(A) <= M * u**2 / 2, sp.Abs(B) <= M * v**2 / 2, u + v > 0),
            ),
            Inequality(
                M * u * v / 2, "<=", M * h**2 / 8, "It is largest in the middle.", given=(sp.Eq(u + v, h),),
            ),
            Identity((M * h**2 / 8).subs(h, L / n), "=", bound, "All pieces have width L/n."),
        ),
    )  # fmt: skip


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.numbers import rationals

    @st.composite
    def polynomials(draw: Any) -> Instance:
        coefficients = [draw(rationals(-3, 3)) for _ in range(draw(st.integers(1, 5)))]
        start, length = draw(rationals(-2, 1)), draw(rationals("1/4", 2))
        return _instance(coefficients, start, length, draw(st.integers(1, 4)))

    return polynomials()


def _instance(coefficients: list[Any], start: Any, length: Any, pieces: int, M: Any = None) -> Instance:
    """A polynomial of degree at most 4: M is rational, and the error is the largest one over the critical points."""
    import sympy as sp
    from flint import arb, fmpq_poly

    from relverify.rigor.exact import from_fmpq, to_fmpq
    from relverify.rigor.polynomials import sup_abs, sup_quadratic

    h = fmpq_poly([to_fmpq(sp.Rational(c)) for c in coefficients])
    lo, width = to_fmpq(sp.Rational(start)), to_fmpq(sp.Rational(length))
    nodes = [lo + width * k / pieces for k in range(pieces + 1)]
    second = h.derivative().derivative()
    if M is None:
        M = from_fmpq(sup_quadratic(second[0], second[1], second[2], lo, lo + width))

    def observed(prec: int) -> arb:
        worst = arb(0)
        for left, right in zip(nodes, nodes[1:], strict=False):
            slope = (h(right) - h(left)) / (right - left)
            chord = fmpq_poly([h(left) - slope * left, slope])
            worst = worst.max(sup_abs(h - chord, left, right, prec))
        return worst

    return Instance(
        values={"L": from_fmpq(width), "M": sp.sympify(M), "n": pieces},
        observed=observed,
        text=f"h with coefficients {[str(c) for c in h.coeffs()]} on [{lo},{lo + width}], {pieces} pieces",
        # the error of a parabola is the same on all pieces, and attains the bound
        exact=abs(from_fmpq(h[2] * width**2)) / (4 * pieces**2) if h.degree() <= 2 else None,
    )


def extremal() -> Instance:
    return _instance([0, 0, 1], 0, 1, 3)


def _cube() -> Instance:
    return _instance([0, 0, 0, 1], -1, 2, 2)


def _mean() -> Instance:
    """The mean of |h''| = 6|x| on [-1,1] is 3."""
    return _instance([0, 0, 0, 1], -1, 2, 2, M=3)


def _kink() -> Instance:
    """h = |x| on [-1,1] with one piece: h'' = 0 wherever it exists."""
    import sympy as sp
    from flint import arb

    values = {"L": 2, "M": 0, "n": 1}
    return Instance(values, lambda prec: arb(1), "h = |x| on [-1,1], 1 piece", exact=sp.Integer(1))


def witness() -> Witness:
    """The interpolating network of x² on [0,1] for δ = 1/1000, its error by exact algebra."""
    import sympy as sp
    from flint import fmpq

    from relverify.core.symbols import x
    from relverify.networks.construct import spline_network
    from relverify.rigor.decide import decide
    from relverify.rigor.exact import from_fmpq

    delta = sp.Rational(1, 1000)
    predicted = THEOREM.resource("n").count(L=1, M=2, delta=delta)
    assert predicted is not None
    network = spline_network([x**2], "[0,1]", [predicted])
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
        text="interpolating network of x² on [0,1]",
        predicted=predicted,
        built=network.hidden_units,
        decision=decide(sp.Le(error, delta, evaluate=False)),
        error=str(error),
        allowed=str(delta),
    )


THEOREM = Theorem(
    label="ridge-spline",
    title="Linear splines with equal pieces",
    status="classical",
    sense="upper",
    constructive=True,
    sharp=True,
    statement=(
        "Interpolation of :math:`h\\in C^2[a,b]` at the ends of n equal pieces is a network of n ReLU units with error "
        "at most :math:`ML^2/(8n^2)`, :math:`M=\\sup|h''|`, :math:`L=b-a`; so "
        ":math:`n=\\max(1,\\lceil L\\sqrt{M/(8\\delta)}\\rceil)` units suffice for an error :math:`\\delta`, and none "
        "for a constant. Where :math:`h` is convex or concave, half the error is met by a shift of the output."
    ),
    source=Source("davis1975"),
    formal=formal,
    instances=instances,
    extremal=extremal,
    witness=witness,
    mutants=(
        Mutant("sixteen", "the constant 16 of a shifted convex function", _cube, lambda f: f.bound / 2),
        Mutant("mean-curvature", "the mean of |h''| in place of its supremum", _mean),
        Mutant("kink", "h'' exists up to finitely many points only", _kink),
        Mutant("cubic-rate", "the error falls like n^-3", extremal, lambda f: f.bound / f.symbol("n")),
    ),
    limits=("M = 0: no error, one unit", "on n pieces of x² the error is L²/(4n²) exactly"),
)
