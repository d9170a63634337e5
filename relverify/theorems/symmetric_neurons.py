"""Neurons that suffice for a symmetric relation, by an expansion into features that networks approximate one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Resource, Source, Theorem, Witness
from relverify.theorems.symmetric import THEOREM as SYMMETRIC


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Identity, Inequality
    from relverify.core.symbols import K, N, S, d, delta, eps, p, t, tau

    # one feature: its cost constant and its share c^{2p/(p+2)} of the sum of all
    cost, total, scale = sp.symbols("cost total scale", positive=True)
    share, share_1, share_2 = sp.symbols("share share_1 share_2", positive=True)
    n_1, n_2, real_1, real_2 = sp.symbols("n_1 n_2 real_1 real_2", nonnegative=True)
    q = 2 * p / (p + 2)
    budget = SYMMETRIC.formal().solve["delta"].expression
    real = S ** ((p + 2) / 2) * ((K + sp.sqrt(K**2 + eps - tau)) / (eps - tau)) ** p
    bound = d + real
    return Formal(
        quantities=(
            Quantity(S, "Σ c_i^{2p/(p+2)}, where (c_i/δ_i)^p units give feature i an error of at most δ_i"),
            Quantity(p, "exponent of the cost: 1/2 for splines, 2 for sampled units"),
            Quantity(d, "features that are kept and are not constant"),
            Quantity(K, "at least sup of √r_d(x, x) = ‖f(x)‖", of_relation="diagonal_root"),
            Quantity(tau, "sup of |r − ⟨f,f⟩|, the tail of the expansion"),
            Quantity(eps, "error that is asked for"),
            Quantity(N, "hidden units of the one network"),
        ),
        bound=bound,
        bounded=r"\min\{N:\ \sup|r-\langle\varphi,\varphi\rangle|\le\varepsilon\}",
        hypotheses=(
            "r is continuous, symmetric and PSD; f keeps d features of an expansion",
            "feature i with error δ costs at most ⌈(c_i/δ)^p⌉ units (ridge-spline: p = 1/2, c = L²M/8; barron-sup: "
            "p = 2, c = 4VR)",
            sp.Lt(tau, eps),
        ),
        solve={"N": Resource(bound, meaning="units that suffice")},
        steps=(
            Inequality(
                2 * K * delta + delta**2, "<=", t,
                "An error δ = t/(√(K²+t)+K) of φ uses up the budget t = ε − τ (symmetric).",
                given=(t > 0, delta * (sp.sqrt(K**2 + t) + K) <= t),
            ),
            Identity(
                budget * (K + sp.sqrt(K**2 + eps - tau)) / (eps - tau), "=", 1,
                "So 1/δ is (K + √(K²+ε−τ))/(ε−τ).",
            ),
            Inequality(
                delta**2 * share_1 / (share_1 + share_2) + delta**2 * share_2 / (share_1 + share_2), "=", delta**2,
                "Split the Euclidean budget ‖φ − f‖² = Σ δ_i² by shares c_i^q/S, q = 2p/(p+2) (allocation); here two "
                "features.",
            ),
            Identity(
                (cost / (scale * sp.sqrt(cost**q / total))) ** p, "=", cost**q * total ** (p / 2) * scale ** (-p),
                "Feature i then costs c_i^q S^{p/2} δ^{−p} units, before rounding up.",
            ),
            Identity(
                share * total ** (p / 2) * scale ** (-p) * total / share, "=", total ** ((p + 2) / 2) * scale ** (-p),
                "The shares add up to S: together S^{(p+2)/2} δ^{−p}.",
            ),
            Inequality(
                n_1 + n_2, "<=", real_1 + real_2 + 2,
                "Rounding up adds at most one unit a feature; here two features. An exact integer allocation needs no "
                "more.", given=(n_1 <= real_1 + 1, n_2 <= real_2 + 1),
            ),
            Inequality(N, "<=", bound, "All d features together.", given=(N - d <= real,)),
        ),
    )  # fmt: skip


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.numbers import rationals

    @st.composite
    def expansions(draw: Any) -> Instance:
        costs = [draw(rationals("1/6", 3, 6)) for _ in range(draw(st.integers(1, 4)))]
        p = draw(st.sampled_from(("1/2", "1", "2")))
        return _instance(costs, p, draw(rationals(0, 2, 6)), draw(rationals("1/8", 1, 8)), draw(rationals(0, 1)))

    return expansions()


def least_counts(costs: Sequence[Any], p: Any, budget: Any) -> tuple[int, ...]:
    """Counts n_i of least sum with Σ δ_i² <= budget, δ_i = c_i n_i^{-1/p}, exactly.

    Parameters
    ----------
    costs : sequence of exact rational numbers
        The c_i, positive.
    p : exact rational number
        With an integer 2/p.
    budget : exact rational number

    Returns
    -------
    tuple of int

    Examples
    --------
    >>> least_counts([1, 2], "2", "1/4")
    (12, 24)
    """
    import sympy as sp
    from flint import fmpq

    from relverify.rigor.allocation import allocate
    from relverify.rigor.exact import to_fmpq

    power = int(2 / sp.Rational(p))

    def squared(c: fmpq) -> Any:
        return lambda n: c * c / fmpq(n) ** power

    return allocate([squared(to_fmpq(c)) for c in costs], to_fmpq(budget))


def _instance(costs: list[Any], p: str, K: Any, delta: Any, tau: Any) -> Instance:
    """Cost constants c_i and an error δ of the network that is exactly what K, τ and ε allow for."""
    import sympy as sp
    from flint import arb

    K, delta, tau = (sp.Rational(v) for v in (K, delta, tau))
    exponent, c = sp.Rational(p), [sp.Rational(v) for v in costs]
    found = sum(least_counts(c, exponent, delta**2))
    return Instance(
        values={
            "S": sp.Add(*[ci ** (2 * exponent / (exponent + 2)) for ci in c]),
            "p": exponent,
            "d": len(c),
            "K": K,
            "tau": tau,
            "eps": tau + 2 * K * delta + delta**2,
        },
        observed=lambda prec: arb(found),
        text=f"c={c}, delta={delta}: {found} units by exact integer allocation",
    )


def _one_feature() -> Instance:
    """c = 1, δ = 2/3, p = 1: 3/2 units, hence 2."""
    return _instance([1], "1", 1, "2/3", 0)


def _large_tail() -> Instance:
    return _instance([1, 2, 3], "2", 1, "1/4", 2)


def _small_features() -> Instance:
    """K = 1/8 and δ = 1/2: the square of δ is most of the budget."""
    return _instance([3], "2", "1/8", "1/2", 0)


def _many() -> Instance:
    return _instance([1, 1, 1, 1], "2", 1, "1/4", 0)


def witness() -> Witness:
    """The spline features of the Gaussian kernel ℓ = 1/2 on [0,1] for ε = 1/10, in one network."""
    from flint import fmpq

    from relverify.certify.witness import certified_witness
    from relverify.core.box import parse_box
    from relverify.networks.construct import Built, spline_network
    from relverify.networks.counts import spline_units
    from relverify.relations import parse_relation

    relation, box, eps = parse_relation("gaussian(ell=1/2)"), parse_box("[0,1]"), "1/10"
    predicted = spline_units(relation, box, eps, "vector")
    expansion = relation.expansion(box)
    assert expansion is not None
    features = [expansion.feature(i) for i in range(1, predicted.d + 1)]
    network = spline_network(features, box, predicted.per_feature)
    text = f"{predicted.d} spline features of {relation.text} on [0,1]"
    return certified_witness(text, predicted.units, Built(network, None, fmpq(0)), relation, box, eps)


THEOREM = Theorem(
    label="symmetric-neurons",
    title="Neurons that suffice for a symmetric relation",
    status="paper",
    sense="upper",
    constructive=True,
    statement=(
        "Let :math:`f` keep d features of a symmetric PSD :math:`r`, with tail :math:`\\tau<\\varepsilon` and "
        ":math:`\\|f\\|\\le K`, and let :math:`(c_i/\\delta_i)^p` units, rounded up, approximate feature i up to "
        ":math:`\\delta_i`. One network with itself has error :math:`\\varepsilon` with at most "
        ":math:`d+S^{(p+2)/2}\\delta^{-p}` hidden units, :math:`S=\\sum c_i^{2p/(p+2)}`, "
        ":math:`\\delta=t/(\\sqrt{K^2+t}+K)`, :math:`t=\\varepsilon-\\tau`. Splines (p = 1/2) are built; sampled units "
        "(p = 2) are shown to exist."
    ),
    source=Source("altabaa2024"),
    formal=formal,
    uses=("symmetric", "allocation", "ridge-spline"),
    instances=instances,
    witness=witness,
    mutants=(
        Mutant("no-rounding", "counts are not rounded up", _one_feature, lambda f: f.bound - f.symbol("d")),
        Mutant(
            "no-tail", "the whole of ε is spent on the network", _large_tail,
            lambda f: f.bound.subs(f.symbol("tau"), 0),
        ),
        Mutant(
            "no-square", "δ = t/(2K): the square of δ is dropped", _small_features,
            lambda f: f.symbol("d") + f.symbol("S") ** ((f.symbol("p") + 2) / 2)
            * (2 * f.symbol("K") / (f.symbol("eps") - f.symbol("tau"))) ** f.symbol("p"),
        ),
        Mutant(
            "whole-error-each", "each feature may have the whole error δ", _many,
            lambda f: f.symbol("d") + (f.bound - f.symbol("d")) / f.symbol("d"),
        ),
    ),
    limits=("one feature: 1 + (c/δ)^p", "d = 0: no unit", "symmetric-neurons-coordinate splits the budget by feature"),
)  # fmt: skip
