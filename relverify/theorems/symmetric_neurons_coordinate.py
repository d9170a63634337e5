"""Neurons that suffice for a symmetric relation, where each feature has a share of the error of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Resource, Source, Theorem, Witness


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Identity, Inequality
    from relverify.core.symbols import N, S, T, d, eps, p, t, tau

    # one feature: values f, g at x and y, errors e, h of the network there; its cost, sup K_i and error δ_i
    f, g, e, h = sp.symbols("f g e h", real=True)
    cost, size, error, mu = sp.symbols("c_i K_i delta_i mu", positive=True)
    n_1, n_2, real_1, real_2 = sp.symbols("n_1 n_2 real_1 real_2", nonnegative=True)
    share = (cost**p / size) ** (1 / (p + 1))
    scale = t / (S + sp.sqrt(S**2 + T * t))
    left = eps - tau
    real = S * ((S + sp.sqrt(S**2 + T * left)) / left) ** p
    bound = d + real
    return Formal(
        quantities=(
            Quantity(S, "Σ (c_i K_i)^{p/(p+1)}, K_i ≥ sup|f_i| > 0; (c_i/δ_i)^p units give feature i an error ≤ δ_i"),
            Quantity(T, "Σ (c_i^p/K_i)^{2/(p+1)}"),
            Quantity(p, "exponent of the cost: 1/2 for splines, 2 for sampled units"),
            Quantity(d, "features that are kept and are not constant"),
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
                sp.Abs(f * g - (f + e) * (g + h)), "<=", 2 * size * error + error**2,
                "One feature adds at most 2K_iδ_i + δ_i² to the error, and the features add up.",
                given=(sp.Abs(f) <= size, sp.Abs(g) <= size, sp.Abs(e) <= error, sp.Abs(h) <= error),
            ),
            Identity(
                size * share, "=", (cost * size) ** (p / (p + 1)),
                "Let δ_i = μ (c_i^p/K_i)^{1/(p+1)}: the first terms add up to 2Sμ,",
            ),
            Identity(share**2, "=", (cost**p / size) ** (2 / (p + 1)), "and the second ones to Tμ²."),
            Inequality(
                2 * S * scale + T * scale**2, "=", t,
                "The μ that uses up the budget t = ε − τ, in the form that does not cancel.", given=(t > 0, S > 0),
            ),
            Identity(
                (cost / (mu * share)) ** p, "=", (cost * size) ** (p / (p + 1)) * mu ** (-p),
                "Feature i then costs (c_iK_i)^{p/(p+1)} μ^{−p} units before rounding up; together S μ^{−p}.",
            ),
            Identity(S * (1 / scale.subs(t, left)) ** p, "=", real, "With the μ of the budget."),
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
        size = draw(st.integers(1, 4))
        costs, sups = ([draw(rationals("1/6", 3, 6)) for _ in range(size)] for _ in range(2))
        p = draw(st.sampled_from(("1/2", "1")))
        return _instance(costs, sups, p, draw(rationals("1/8", 2, 8)), draw(rationals(0, 1)))

    return expansions()


def least_counts(costs: Sequence[Any], sups: Sequence[Any], p: Any, budget: Any) -> tuple[int, ...]:
    """Counts n_i of least sum with Σ (2 K_i δ_i + δ_i²) <= budget, δ_i = c_i n_i^{-1/p}, exactly.

    Parameters
    ----------
    costs, sups : sequence of exact rational numbers
        The c_i and K_i.
    p : exact rational number
        With an integer 1/p.
    budget : exact rational number

    Returns
    -------
    tuple of int

    Examples
    --------
    >>> least_counts([1, 2], [1, 1], "1", 1)
    (6, 8)
    """
    import sympy as sp
    from flint import fmpq

    from relverify.rigor.allocation import allocate
    from relverify.rigor.exact import to_fmpq

    power = int(1 / sp.Rational(p))

    def spent(c: fmpq, bound: fmpq) -> Any:
        def at(n: int) -> fmpq:
            delta = c / fmpq(n) ** power
            return delta * (2 * bound + delta)

        return at

    pairs = [(to_fmpq(c), to_fmpq(bound)) for c, bound in zip(costs, sups, strict=True)]
    return allocate([spent(c, bound) for c, bound in pairs], to_fmpq(budget))


def _instance(costs: list[Any], sups: list[Any], p: str, t: Any, tau: Any) -> Instance:
    """Cost constants c_i, suprema K_i and a budget t = ε − τ."""
    import sympy as sp
    from flint import arb

    t, tau, exponent = sp.Rational(t), sp.Rational(tau), sp.Rational(p)
    c, bounds = [sp.Rational(v) for v in costs], [sp.Rational(v) for v in sups]
    found = sum(least_counts(c, bounds, exponent, t))
    pairs = list(zip(c, bounds, strict=True))
    return Instance(
        values={
            "S": sp.Add(*[(ci * b) ** (exponent / (exponent + 1)) for ci, b in pairs]),
            "T": sp.Add(*[(ci**exponent / b) ** (2 / (exponent + 1)) for ci, b in pairs]),
            "p": exponent,
            "d": len(c),
            "tau": tau,
            "eps": tau + t,
        },
        observed=lambda prec: arb(found),
        text=f"c={c}, K={bounds}, t={t}: {found} units by exact integer allocation",
    )


def _one_feature() -> Instance:
    """c = K = 1, p = 1, t = 5/4: an error of 1/2, hence 2 units, exactly; with t = 1 a little more, rounded up to 3."""
    return _instance([1], [1], "1", 1, 0)


def _small_features() -> Instance:
    """K = 1/16: the squares are most of the budget."""
    return _instance([8], ["1/16"], "1", "1/4", 0)


def _several() -> Instance:
    return _instance([4, 4, 4, 4], [1, 1, 1, 1], "1", "1/4", "1")


def witness() -> Witness:
    """The spline features of the Gaussian kernel ℓ = 1/2 on [0,1] for ε = 1/100, in one network."""
    from flint import fmpq

    from relverify.certify.witness import certified_witness
    from relverify.core.box import parse_box
    from relverify.networks.construct import Built, spline_network
    from relverify.networks.counts import spline_units
    from relverify.relations import parse_relation

    relation, box, eps = parse_relation("gaussian(ell=1/2)"), parse_box("[0,1]"), "1/100"
    predicted = spline_units(relation, box, eps, "coordinate")
    expansion = relation.expansion(box)
    assert expansion is not None
    features = [expansion.feature(i) for i in range(1, predicted.d + 1)]
    network = spline_network(features, box, predicted.per_feature)
    text = f"{predicted.d} spline features of {relation.text} on [0,1]"
    return certified_witness(text, predicted.units, Built(network, None, fmpq(0)), relation, box, eps)


def _no_squares(f: Formal) -> Any:
    return f.symbol("d") + f.symbol("S") * (2 * f.symbol("S") / (f.symbol("eps") - f.symbol("tau"))) ** f.symbol("p")


THEOREM = Theorem(
    label="symmetric-neurons-coordinate",
    title="Neurons that suffice for a symmetric relation, feature by feature",
    status="paper",
    sense="upper",
    constructive=True,
    statement=(
        "Let :math:`f` keep d features of a symmetric PSD :math:`r`, :math:`|f_i|\\le K_i`, with tail "
        ":math:`\\tau<\\varepsilon`, and let :math:`(c_i/\\delta_i)^p` units, rounded up, approximate feature i up to "
        ":math:`\\delta_i`. One network with itself has error :math:`\\varepsilon` as soon as "
        ":math:`\\sum(2K_i\\delta_i+\\delta_i^2)\\le t=\\varepsilon-\\tau`, so with at most "
        ":math:`d+S((S+\\sqrt{S^2+Tt})/t)^p` hidden units, :math:`S=\\sum(c_iK_i)^{p/(p+1)}`, "
        ":math:`T=\\sum(c_i^p/K_i)^{2/(p+1)}`."
    ),
    source=Source("altabaa2024"),
    formal=formal,
    uses=("symmetric", "allocation-coordinate", "ridge-spline"),
    instances=instances,
    witness=witness,
    mutants=(
        Mutant("no-rounding", "counts are not rounded up", _one_feature, lambda f: f.bound - f.symbol("d")),
        Mutant("no-squares", "the squares δ_i² are left out of the budget", _small_features, _no_squares),
        Mutant(
            "no-tail", "the whole of ε is spent on the network", _several,
            lambda f: f.bound.subs(f.symbol("tau"), 0),
        ),
        Mutant(
            "one-side", "each feature errs on one side only: the budget Σ (K_iδ_i + δ_i²/2)", _several,
            lambda f: f.symbol("d") + (f.bound - f.symbol("d")) / 2 ** f.symbol("p"),
        ),
    ),
    limits=("one feature: δ = t/(√(K²+t)+K), as in symmetric", "d = 0: no unit"),
)  # fmt: skip
