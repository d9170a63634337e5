"""Neurons that networks of any depth need."""

from __future__ import annotations

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Resource, Source, Theorem
from relverify.theorems.width_lower_deep import THEOREM as WIDTH_LOWER_DEEP
from relverify.theorems.width_lower_deep import instances as deep_instances
from relverify.theorems.width_lower_deep import sawtooth


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Identity, Inequality
    from relverify.core.symbols import L, N, eps, mu

    # a layer of w units with 2^w; the same with one unit more
    w = sp.Symbol("w", integer=True, nonnegative=True)
    power, rest, product = sp.symbols("power rest product", positive=True)
    deep = WIDTH_LOWER_DEEP.formal()
    bound = mu * L**2 / (16 * 4**N)
    return Formal(
        quantities=(
            Quantity(mu, "at most |∂²r/∂x²|, of one sign, on an interval of x for some y", of_relation="bend"),
            Quantity(L, "length of that interval", of_relation="bend_length"),
            Quantity(N, "hidden units of φ in all layers together"),
            Quantity(eps, "error that is asked for"),
        ),
        bound=bound,
        bounded=r"\sup_x|r(x,y)-\langle\varphi(x),\psi(y)\rangle|",
        hypotheses=(
            "φ is a ReLU network of one input x and any depth, skip connections allowed; ψ is anything",
            "for some y, |∂²r/∂x²| ≥ μ with one sign on an interval of length L",
        ),
        solve={"N": Resource(sp.log(L / 4 * sp.sqrt(mu / eps), 2), meaning="units needed at any depth")},
        steps=(
            Inequality(
                w + 2, "<=", 2 * power, "w + 1 ≤ 2^w, by induction over w: one more unit doubles the right side.",
                given=(w + 1 <= power,),
            ),
            Inequality(
                product * (w + 1), "<=", rest * power,
                "So Π(w_l + 1) ≤ Π 2^{w_l} = 2^N, by induction over the layers.",
                given=(product <= rest, w + 1 <= power),
            ),
            Identity(
                deep.bound.subs(deep.symbol("P"), 2**N), "=", bound, "width-lower-deep with at most 2^N pieces.",
            ),
        ),
    )  # fmt: skip


def extremal() -> Instance:
    """The sawtooth has one unit a layer, so that P = 2^N."""
    return sawtooth(3, "N")


THEOREM = Theorem(
    label="width-lower-any-depth",
    title="Neurons that networks of any depth need",
    status="beyond",
    sense="lower",
    constructive=False,
    sharp=True,
    statement=(
        "If :math:`|\\partial_x^2r|\\ge\\mu` with one sign on an interval of length L for some y, a ReLU network "
        ":math:`\\varphi` of N hidden units errs with any :math:`\\psi` by at least :math:`\\mu L^2/(16\\cdot4^N)`, "
        "whatever its depth and skip connections. So an error :math:`\\varepsilon` needs "
        ":math:`N\\ge\\log_2(\\frac L4\\sqrt{\\mu/\\varepsilon})`."
    ),
    source=Source("telgarsky2016"),
    formal=formal,
    uses=("width-lower-deep",),
    instances=lambda: deep_instances("N"),
    extremal=extremal,
    mutants=(
        Mutant(
            "one-layer", "the bound of one layer, as if depth did not help", extremal,
            lambda f: f.bound * 4 ** f.symbol("N") / (f.symbol("N") + 1) ** 2,
        ),
        Mutant(
            "root", "2^N in place of 4^N: the error falls like the pieces, not their square", extremal,
            lambda f: f.bound * 2 ** f.symbol("N"),
        ),
        Mutant("eight", "the constant 8", extremal, lambda f: 2 * f.bound),
    ),
    limits=("x²: the sawtooth attains it, so depth helps exponentially, and no more",),
)  # fmt: skip
