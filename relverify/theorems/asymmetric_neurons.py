"""Neurons that suffice for a general relation, by an expansion into pairs of features."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Resource, Source, Theorem, Witness
from relverify.theorems.symmetric_neurons import least_counts


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Identity, Inequality
    from relverify.core.symbols import K, N, S, d, delta_f, delta_g, eps, p, t, tau

    # D² = δ_f² + δ_g²; one feature of either side: its cost constant, and its share of the sum of all
    cost, total, D = sp.symbols("cost total D", positive=True)
    share, share_1, share_2 = sp.symbols("share share_1 share_2", positive=True)
    n_1, n_2, real_1, real_2 = sp.symbols("n_1 n_2 real_1 real_2", nonnegative=True)
    q = 2 * p / (p + 2)
    left = eps - tau
    # D² = 2 δ², δ = t/(√(K²+t)+K)
    inverse = (K + sp.sqrt(K**2 + left)) / left
    real = S ** ((p + 2) / 2) * (inverse / sp.sqrt(2)) ** p
    bound = d + real
    return Formal(
        quantities=(
            Quantity(S, "Σ c_i^{2p/(p+2)} over the features of both sides; (c_i/δ_i)^p units give an error of ≤ δ_i"),
            Quantity(p, "exponent of the cost: 1/2 for splines, 2 for sampled units"),
            Quantity(d, "features of both sides together that are not constant"),
            Quantity(K, "sup of ‖f(x)‖ and of ‖g(y)‖, equal after rescaling, or the larger one"),
            Quantity(tau, "sup of |r − ⟨f,g⟩|"),
            Quantity(eps, "error that is asked for"),
            Quantity(N, "hidden units of the two networks together"),
        ),
        bound=bound,
        bounded=r"\min\{N:\ \sup|r-\langle\varphi,\psi\rangle|\le\varepsilon\}",
        hypotheses=(
            "r is continuous on X × Y; f, g are bounded features",
            "a feature with error δ costs at most ⌈(c_i/δ)^p⌉ units (ridge-spline: p = 1/2, c = L²M/8; barron-sup: "
            "p = 2, c = 4VR)",
            sp.Lt(tau, eps),
        ),
        solve={"N": Resource(bound, meaning="units that suffice, of both networks together")},
        steps=(
            Inequality(
                K * (delta_f + delta_g) + delta_f * delta_g, "<=", sp.sqrt(2) * K * D + D**2 / 2,
                "The two networks cost K(δ_f + δ_g) + δ_fδ_g (asymmetric), which the Euclidean budget "
                "D² = δ_f² + δ_g² bounds.", given=(sp.Eq(delta_f**2 + delta_g**2, D**2),),
            ),
            Inequality(
                sp.sqrt(2) * K * D + D**2 / 2, "=", t,
                "D = √2 t/(√(K²+t)+K) uses up the budget t = ε − τ.",
                given=(t > 0, sp.Eq(D * (sp.sqrt(K**2 + t) + K), sp.sqrt(2) * t)),
            ),
            Inequality(
                D**2 * share_1 / (share_1 + share_2) + D**2 * share_2 / (share_1 + share_2), "=", D**2,
                "Split the budget between the features of both sides by shares c_i^q/S, q = 2p/(p+2) (allocation); "
                "here two features.",
            ),
            Identity(
                (cost / (D * sp.sqrt(cost**q / total))) ** p, "=", cost**q * total ** (p / 2) * D ** (-p),
                "A feature then costs c_i^q S^{p/2} D^{−p} units before rounding up.",
            ),
            Identity(
                share * total ** (p / 2) * D ** (-p) * total / share, "=", total ** ((p + 2) / 2) * D ** (-p),
                "The shares add up to S: together S^{(p+2)/2} D^{−p}.",
            ),
            Inequality(
                n_1 + n_2, "<=", real_1 + real_2 + 2,
                "Rounding up adds at most one unit a feature; here two features. An exact integer allocation needs no "
                "more.", given=(n_1 <= real_1 + 1, n_2 <= real_2 + 1),
            ),
            Inequality(N, "<=", bound, "All features of both sides together.", given=(N - d <= real,)),
        ),
    )  # fmt: skip


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.numbers import rationals

    @st.composite
    def expansions(draw: Any) -> Instance:
        size = draw(st.integers(1, 2))
        costs = [draw(rationals("1/6", 3, 6)) for _ in range(2 * size)]
        p = draw(st.sampled_from(("1/2", "1", "2")))
        return _instance(costs, p, draw(rationals(0, 2, 6)), draw(rationals("1/8", 1, 8)), draw(rationals(0, 1)))

    return expansions()


def _instance(costs: list[Any], p: str, K: Any, delta: Any, tau: Any) -> Instance:
    """Cost constants of the features of both sides, and t = 2Kδ + δ²: the budget of the pair is D² = 2δ²."""
    import sympy as sp
    from flint import arb

    K, delta, tau = (sp.Rational(v) for v in (K, delta, tau))
    exponent, c = sp.Rational(p), [sp.Rational(v) for v in costs]
    found = sum(least_counts(c, exponent, 2 * delta**2))
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


def _two_features() -> Instance:
    """c = 1 twice, δ = 2/3, p = 1: 3/2 units each, hence 2."""
    return _instance([1, 1], "1", 1, "2/3", 0)


def _small_features() -> Instance:
    return _instance([3, 3], "2", "1/8", "1/2", 0)


def _several() -> Instance:
    return _instance([1, 2, 3, 2], "2", 1, "1/4", 1)


def witness() -> Witness:
    """Two networks of spline features for sin(3x + 2y) on [0,1]², ε = 1/10."""
    import sympy as sp

    from relverify.certify.vertex import vertex_certificate
    from relverify.core.symbols import x, y
    from relverify.networks.construct import spline_network
    from relverify.relations import parse_relation
    from relverify.rigor.decide import Decision, Verdict
    from relverify.rigor.decimals import decimal_string

    # sin(3x+2y) = sin 3x cos 2y + cos 3x sin 2y: K = 1, no tail; c_i = L²M/8
    eps = sp.Rational(1, 10)
    delta = eps / (sp.sqrt(1 + eps) + 1)
    budget = sp.Rational(97, 2000)
    if not budget < delta:
        raise ArithmeticError(f"{budget} is not below {delta}")
    costs = [sp.Rational(9, 8), sp.Rational(9, 8), sp.Rational(1, 2), sp.Rational(1, 2)]
    counts = least_counts(costs, "1/2", 2 * budget**2)
    phi = spline_network([sp.sin(3 * x), sp.cos(3 * x)], "[0,1]", counts[:2])
    psi = spline_network([sp.cos(2 * y), sp.sin(2 * y)], "[0,1]", counts[2:])
    certificate = vertex_certificate(parse_relation("sin(3*x+2*y)"), phi, psi, "[0,1]", "[0,1]", eps=eps)
    return Witness(
        text="spline features of sin(3*x+2*y) on [0,1]²",
        predicted=sum(counts),
        built=phi.hidden_units + psi.hidden_units,
        decision=Decision(certificate.verdict or Verdict.UNDECIDED, f"vertex certificate: {certificate.reason}"),
        error="unknown" if certificate.upper is None else decimal_string(certificate.upper, 6, "up"),
        allowed=str(eps),
    )


def _no_square(f: Formal) -> Any:
    import sympy as sp

    power = f.symbol("p")
    return (
        f.symbol("d")
        + f.symbol("S") ** ((power + 2) / 2)
        * (sp.sqrt(2) * f.symbol("K") / (f.symbol("eps") - f.symbol("tau"))) ** power
    )


THEOREM = Theorem(
    label="asymmetric-neurons",
    title="Neurons that suffice for a general relation",
    status="paper",
    sense="upper",
    constructive=True,
    statement=(
        "Let :math:`|r-\\langle f,g\\rangle|\\le\\tau<\\varepsilon`, :math:`\\|f\\|,\\|g\\|\\le K`, and let "
        ":math:`(c_i/\\delta_i)^p` units, rounded up, approximate a feature of either side up to :math:`\\delta_i`. "
        "Two networks have error :math:`\\varepsilon` with at most :math:`d+S^{(p+2)/2}(\\sqrt2\\,\\delta)^{-p}` "
        "hidden units together, :math:`S=\\sum c_i^{2p/(p+2)}` over the d features of both sides, "
        ":math:`\\delta=t/(\\sqrt{K^2+t}+K)`, :math:`t=\\varepsilon-\\tau`. Splines (p = 1/2) are built; sampled units "
        "(p = 2) are shown to exist."
    ),
    source=Source("altabaa2024"),
    formal=formal,
    uses=("asymmetric", "allocation", "ridge-spline"),
    instances=instances,
    witness=witness,
    mutants=(
        Mutant("no-rounding", "counts are not rounded up", _two_features, lambda f: f.bound - f.symbol("d")),
        Mutant("no-product", "the product δ_fδ_g is left out of the budget", _small_features, _no_square),
        Mutant("no-tail", "the whole of ε is spent on the networks", _several,
               lambda f: f.bound.subs(f.symbol("tau"), 0)),
        Mutant(
            "whole-error-each", "each of the two networks may have the error √2 δ that both together may have",
            _several, lambda f: f.symbol("d") + (f.bound - f.symbol("d")) / 2 ** (f.symbol("p") / 2),
        ),
    ),
    limits=("one network serves both sides: symmetric-neurons, with half the features", "d = 0: no unit"),
)  # fmt: skip
