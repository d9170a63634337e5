"""Neurons that deep networks need: layers multiply the pieces."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Resource, Source, Theorem
from relverify.theorems.width_lower import THEOREM as WIDTH_LOWER


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Identity, Inequality
    from relverify.core.symbols import L, P, eps, mu

    # pieces before a layer, units of the layer, kinks that one piece holds
    pieces, units = sp.symbols("pieces units", integer=True, positive=True)
    kinks = sp.Symbol("kinks", integer=True, nonnegative=True)
    before, product = sp.symbols("before product", positive=True)
    shallow = WIDTH_LOWER.formal()
    bound = mu * L**2 / (16 * P**2)
    return Formal(
        quantities=(
            Quantity(mu, "at most |∂²r/∂x²|, of one sign, on an interval of x for some y", of_relation="bend"),
            Quantity(L, "length of that interval", of_relation="bend_length"),
            Quantity(P, "the product of w_l + 1 over the hidden layers of φ, w_l units each"),
            Quantity(eps, "error that is asked for"),
        ),
        bound=bound,
        bounded=r"\sup_x|r(x,y)-\langle\varphi(x),\psi(y)\rangle|",
        hypotheses=(
            "φ is a ReLU network of one input x, skip connections allowed; ψ is anything",
            "for some y, |∂²r/∂x²| ≥ μ with one sign on an interval of length L",
        ),
        solve={"P": Resource(L / 4 * sp.sqrt(mu / eps), meaning="pieces needed", least=1)},
        steps=(
            Inequality(
                pieces * (kinks + 1), "<=", pieces * (units + 1),
                "Where all layers before are affine, each unit of a layer turns from 0 to its affine value at most "
                "once: w units cut a piece into at most w+1.", given=(kinks <= units,),
            ),
            Inequality(
                pieces * (units + 1), "<=", product * (units + 1),
                "So by induction over the layers there are at most P = Π(w_l + 1) pieces.",
                given=(pieces <= before, before <= product),
            ),
            Identity(
                shallow.bound.subs(shallow.symbol("N"), P - 1), "=", bound,
                "On P pieces the rest is width-lower with P − 1 breakpoints.",
            ),
        ),
    )  # fmt: skip


def instances(counted: str = "P") -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.numbers import rationals

    @st.composite
    def fits(draw: Any) -> Instance:
        layers = []
        for _ in range(draw(st.integers(1, 3))):
            knots = [draw(rationals(0, 1, 8)) for _ in range(draw(st.integers(1, 2)))]
            slopes = [draw(rationals(-4, 4, 4)) for _ in knots]
            layers.append((draw(rationals(-2, 2, 4)), knots, slopes, draw(rationals("-1/2", "1/2", 8))))
        return deep_instance(draw(rationals("1/4", 3, 6)), layers, counted)

    return fits()


def deep_instance(mu: Any, layers: list[tuple[Any, list[Any], list[Any], Any]], counted: str = "P") -> Instance:
    """μx²/2 on [0,1] against a deep network with skip connections, and the exact error.

    A layer (a, knots, slopes, c) has one unit a knot, g_l = a g_{l−1} + Σ slope · relu(g_{l−1} − knot), g_0 = x. The
    output is Σ c_l g_l plus the affine function that gives equal errors at both ends, as large as the error of the
    other sign. `counted` is P, the product of the widths + 1, or N, their sum.
    """
    from math import prod

    from flint import fmpq

    from relverify.rigor.enclose import enclose
    from relverify.rigor.exact import from_fmpq, to_fmpq

    bend = to_fmpq(str(mu))
    nodes, levels = [fmpq(0), fmpq(1)], [[fmpq(0), fmpq(1)]]
    for scale, knots, slopes, _ in layers:
        units = [(to_fmpq(str(k)), to_fmpq(str(s))) for k, s in zip(knots, slopes, strict=True)]
        nodes, levels = _refined(nodes, levels, [k for k, _ in units])
        factor = to_fmpq(str(scale))
        levels.append([factor * g + sum((s * max(g - k, fmpq(0)) for k, s in units), fmpq(0)) for g in levels[-1]])
    outer = [to_fmpq(str(layer[3])) for layer in layers]
    sums = [sum((c * level[i] for c, level in zip(outer, levels[1:], strict=True)), fmpq(0)) for i in range(len(nodes))]
    rise = bend / 2 - (sums[-1] - sums[0])
    values = [v - sums[0] + rise * x for v, x in zip(sums, nodes, strict=True)]
    errors = []
    for a, b, p, q in zip(nodes, nodes[1:], values, values[1:], strict=False):
        slope = (q - p) / (b - a)
        points = [a, b, *([slope / bend] if a < slope / bend < b else [])]
        errors += [bend * x * x / 2 - p - slope * (x - a) for x in points]
    error = from_fmpq((max(errors) - min(errors)) / 2)
    sizes = [len(layer[1]) for layer in layers]
    return Instance(
        values={
            "mu": from_fmpq(bend), "L": 1, counted: sum(sizes) if counted == "N" else prod(size + 1 for size in sizes),
        },
        observed=lambda prec: enclose(error, prec=prec),
        text=f"{bend}x²/2 on [0,1], layers (factor, knots, slopes, output weight) {layers}",
        exact=error,
    )  # fmt: skip


def _refined(nodes: list[Any], levels: list[list[Any]], thresholds: list[Any]) -> tuple[list[Any], list[list[Any]]]:
    """Add the points where the last of several piecewise linear functions crosses one of the thresholds."""
    last = levels[-1]
    merged = {x: [level[i] for level in levels] for i, x in enumerate(nodes)}
    for i in range(len(nodes) - 1):
        for threshold in thresholds:
            if min(last[i], last[i + 1]) < threshold < max(last[i], last[i + 1]):
                share = (threshold - last[i]) / (last[i + 1] - last[i])
                place = nodes[i] + share * (nodes[i + 1] - nodes[i])
                merged[place] = [level[i] + share * (level[i + 1] - level[i]) for level in levels]
    ordered = sorted(merged)
    return ordered, [[merged[x][k] for x in ordered] for k in range(len(levels))]


def sawtooth(depth: int, counted: str = "P") -> Instance:
    """x² on [0,1] by the sawtooth of 2^depth pieces, with one unit a layer: the error is 2^(−2 depth − 3)."""
    return deep_instance(2, [(2, ["1/2"], [-4], f"-1/{4**k}") for k in range(1, depth + 1)], counted)


def extremal() -> Instance:
    return sawtooth(3)


THEOREM = Theorem(
    label="width-lower-deep",
    title="Neurons that deep networks need",
    status="beyond",
    sense="lower",
    constructive=False,
    sharp=True,
    statement=(
        "If :math:`|\\partial_x^2r|\\ge\\mu` with one sign on an interval of length L for some y, a deep "
        ":math:`\\varphi` with :math:`w_l` ReLU units in layer l, skip connections allowed, errs with any "
        ":math:`\\psi` by at least :math:`\\mu L^2/(16P^2)`, :math:`P=\\prod_l(w_l+1)`."
    ),
    source=Source("telgarsky2016"),
    formal=formal,
    uses=("width-lower",),
    instances=instances,
    extremal=extremal,
    mutants=(
        Mutant(
            "widths-added", "Σ w_l + 1 pieces, as if all units were in one layer", extremal,
            lambda f: f.bound * f.symbol("P") ** 2 / 4**2,
        ),
        Mutant("one-layer-less", "one layer of width 1 is not counted", extremal, lambda f: 4 * f.bound),
        Mutant("eight", "the constant 8", extremal, lambda f: 2 * f.bound),
    ),
    limits=("one layer: width-lower with P = N + 1", "one unit a layer: attained by the sawtooth for x²"),
)  # fmt: skip
