"""Neurons that suffice for a general relation, where each feature has a share of the error of its own."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Resource, Source, Theorem, Witness
from relverify.theorems.symmetric_neurons_coordinate import least_counts


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Identity, Inequality
    from relverify.core.symbols import N, S, T, d, eps, p, t, tau

    # one pair of features: values f, g, their networks' errors e, h with sups α, β; sups after the free rescaling
    f, g, e, h = sp.symbols("f g e h", real=True)
    alpha, beta = sp.symbols("alpha beta", nonnegative=True)
    cost, size, size_f, size_g, mu = sp.symbols("c_i K_i K_f K_g mu", positive=True)
    n_1, n_2, real_1, real_2 = sp.symbols("n_1 n_2 real_1 real_2", nonnegative=True)
    share = (cost**p / size) ** (1 / (p + 1))
    scale = 2 * t / (S + sp.sqrt(S**2 + 2 * T * t))
    left = eps - tau
    real = S * ((S + sp.sqrt(S**2 + 2 * T * left)) / (2 * left)) ** p
    bound = d + real
    return Formal(
        quantities=(
            Quantity(S, "Σ (c_i K_i)^{p/(p+1)} over the features of both sides, K_i ≥ sup of the partner of feature i"),
            Quantity(T, "Σ (c_i^p/K_i)^{2/(p+1)}; (c_i/δ_i)^p units give feature i an error of at most δ_i"),
            Quantity(p, "exponent of the cost: 1/2 for splines, 2 for sampled units"),
            Quantity(d, "features of both sides together that are not constant"),
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
                sp.Abs(f * g - (f + e) * (g + h)), "<=", size_g * alpha + size_f * beta + alpha * beta,
                "What one pair of features adds to the error; the pairs add up.",
                given=(sp.Abs(f) <= size_f, sp.Abs(g) <= size_g, sp.Abs(e) <= alpha, sp.Abs(h) <= beta),
            ),
            Inequality(
                size_g * alpha + size_f * beta + alpha * beta, "<=",
                (size_g * alpha + alpha**2 / 2) + (size_f * beta + beta**2 / 2),
                "So the features of both sides have the one budget Σ (K_iδ_i + δ_i²/2) ≤ t = ε − τ, K_i the sup of "
                "the partner.",
            ),
            Identity(
                size * share, "=", (cost * size) ** (p / (p + 1)),
                "Let δ_i = μ (c_i^p/K_i)^{1/(p+1)}: the first terms add up to Sμ,",
            ),
            Identity(share**2, "=", (cost**p / size) ** (2 / (p + 1)), "and the second ones to Tμ²/2."),
            Inequality(
                S * scale + T * scale**2 / 2, "=", t,
                "The μ that uses up the budget, in the form that does not cancel.", given=(t > 0, S > 0),
            ),
            Identity(
                (cost / (mu * share)) ** p, "=", (cost * size) ** (p / (p + 1)) * mu ** (-p),
                "A feature then costs (c_iK_i)^{p/(p+1)} μ^{−p} units before rounding up; together S μ^{−p}.",
            ),
            Identity(S * (1 / scale.subs(t, left)) ** p, "=", real, "With the μ of the budget."),
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
        size = 2 * draw(st.integers(1, 2))
        costs, sups = ([draw(rationals("1/6", 3, 6)) for _ in range(size)] for _ in range(2))
        p = draw(st.sampled_from(("1/2", "1")))
        return _instance(costs, sups, p, draw(rationals("1/8", 2, 8)), draw(rationals(0, 1)))

    return expansions()


def _instance(costs: list[Any], sups: list[Any], p: str, t: Any, tau: Any) -> Instance:
    """Cost constants c_i, suprema K_i of the partners and a budget t = ε − τ."""
    import sympy as sp
    from flint import arb

    t, tau, exponent = sp.Rational(t), sp.Rational(tau), sp.Rational(p)
    c, bounds = [sp.Rational(v) for v in costs], [sp.Rational(v) for v in sups]
    # Σ (Kδ + δ²/2) ≤ t is Σ (2Kδ + δ²) ≤ 2t
    found = sum(least_counts(c, bounds, exponent, 2 * t))
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


def _two_features() -> Instance:
    """c = K = 1 twice, p = 1, t = 1: errors a little below 1/2 each, hence 3 units instead of a little more than 2."""
    return _instance([1, 1], [1, 1], "1", 1, 0)


def _small_features() -> Instance:
    return _instance([8, 8], ["1/16", "1/16"], "1", "1/4", 0)


def _several() -> Instance:
    return _instance([4, 4, 4, 4], [1, 1, 1, 1], "1", "1/4", "1")


def witness() -> Witness:
    """Two networks of spline features for sin(3x + 2y) on [0,1]², ε = 1/50."""
    import sympy as sp

    from relverify.certify.vertex import vertex_certificate
    from relverify.core.symbols import x, y
    from relverify.networks.construct import spline_network
    from relverify.relations import parse_relation
    from relverify.rigor.decide import Decision, Verdict
    from relverify.rigor.decimals import decimal_string

    # sin(3x+2y) = sin 3x cos 2y + cos 3x sin 2y: all sups are 1, no tail; c_i = L²M/8
    eps = sp.Rational(1, 50)
    costs = [sp.Rational(9, 8), sp.Rational(9, 8), sp.Rational(1, 2), sp.Rational(1, 2)]
    counts = least_counts(costs, [1, 1, 1, 1], "1/2", 2 * eps)
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


THEOREM = Theorem(
    label="asymmetric-neurons-coordinate",
    title="Neurons that suffice for a general relation, feature by feature",
    status="paper",
    sense="upper",
    constructive=True,
    statement=(
        "Let :math:`|r-\\langle f,g\\rangle|\\le\\tau<\\varepsilon`, and let :math:`(c_i/\\delta_i)^p` units, rounded "
        "up, approximate a feature of either side up to :math:`\\delta_i`, its partner being at most :math:`K_i`. Two "
        "networks have error :math:`\\varepsilon` as soon as "
        ":math:`\\sum(K_i\\delta_i+\\delta_i^2/2)\\le t=\\varepsilon-\\tau`, so with at most "
        ":math:`d+S((S+\\sqrt{S^2+2Tt})/(2t))^p` hidden units together, :math:`S=\\sum(c_iK_i)^{p/(p+1)}`, "
        ":math:`T=\\sum(c_i^p/K_i)^{2/(p+1)}` over the d features of both sides."
    ),
    source=Source("altabaa2024"),
    formal=formal,
    uses=("asymmetric", "allocation-coordinate", "ridge-spline"),
    instances=instances,
    witness=witness,
    mutants=(
        Mutant("no-rounding", "counts are not rounded up", _two_features, lambda f: f.bound - f.symbol("d")),
        Mutant(
            "no-products", "the products of errors are left out of the budget", _small_features,
            lambda f: f.symbol("d")
            + f.symbol("S") * (f.symbol("S") / (f.symbol("eps") - f.symbol("tau"))) ** f.symbol("p"),
        ),
        Mutant(
            "no-tail", "the whole of ε is spent on the networks", _several,
            lambda f: f.bound.subs(f.symbol("tau"), 0),
        ),
        Mutant(
            "one-side", "each pair of features pays for the larger of its two errors only", _several,
            lambda f: f.symbol("d") + (f.bound - f.symbol("d")) / 2 ** f.symbol("p"),
        ),
    ),
    limits=("f = g and equal costs: symmetric-neurons-coordinate on either side", "d = 0: no unit"),
)  # fmt: skip
