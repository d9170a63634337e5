"""How the number of neurons grows as the error falls, where each feature has a share of the error of its own."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Resource, Source, Theorem
from relverify.theorems.symmetric_neurons_coordinate import THEOREM as SYMMETRIC_NEURONS
from relverify.theorems.symmetric_neurons_coordinate import least_counts


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Cited, Identity, Inequality, Limit
    from relverify.core.symbols import A, B, N, eps, i, p, q, rho, s, tau

    d, c, u = sp.symbols("d c u", positive=True)
    power, Y = sp.symbols("power Y", real=True)
    S_1, S_2, T_1, T_2 = sp.symbols("S_1 S_2 T_1 T_2", nonnegative=True)
    t = sp.Symbol("t", positive=True)
    counted = SYMMETRIC_NEURONS.formal()
    # exponents of i in (c_i K_i)^{p/(p+1)} and in (c_i^p/K_i)^{2/(p+1)}
    b = (q - 1 - s) * p / (p + 1)
    a = (p * q + (1 - p) * (1 + s) / 2) * 2 / (p + 1)
    features = 1 + (2 * A**2 / (s * eps)) ** (1 / s)
    first = (A * B) ** (p / (p + 1)) * (1 + sp.log(features)) * sp.Max(1, features ** (1 + b))
    second = (B**p / A) ** (2 / (p + 1)) * (1 + sp.log(features)) * sp.Max(1, features ** (1 + a))
    bounds = {"d": features, "S": first, "T": second, "tau": eps / 2}
    bound = counted.bound.subs({counted.symbol(name): value for name, value in bounds.items()})
    # rates of S and of T, with Y = (1+pq)/s
    of_S, of_T = sp.Max(0, (Y - p) / (p + 1)), sp.Max(0, (2 * Y + 1 - p) / (p + 1))
    return Formal(
        quantities=(
            Quantity(A, "sup|f_i| ≤ A i^{−(1+s)/2}: with eigenvalues λ_i ≤ C i^{−(1+s)} and |e_i| ≤ M, A = M√C"),
            Quantity(B, "(c_i/δ)^p units give feature i an error δ, c_i ≤ B i^{q−(1+s)/2}"),
            Quantity(s, "how fast the eigenvalues fall"),
            Quantity(q, "how fast the cost of the eigenfunctions grows"),
            Quantity(p, "exponent of the cost: 1/2 for splines, 2 for sampled units"),
            Quantity(eps, "error that is asked for"),
            Quantity(N, "hidden units of the one network"),
            Quantity(rho, "rate: N = O(ε^{−ρ}), up to powers of log(1/ε)"),
        ),
        bound=bound,
        bounded=r"\min\{N:\ \sup|r-\langle\varphi,\varphi\rangle|\le\varepsilon\}",
        hypotheses=("r is continuous, symmetric and PSD, with such an expansion", sp.Gt(A, 0)),
        solve={
            "N": Resource(bound, meaning="units that suffice"),
            "rho": Resource(sp.Max(p, (1 + p * q) / s), integer=False, meaning="rate"),
        },
        steps=(
            Cited(
                tau, "<=", A**2 * d ** (-s) / s,
                "The tail is at most A² Σ_{i>d} i^{−(1+s)}, which the integral ∫_d^∞ x^{−1−s} dx bounds.",
                lemma="integral-test", key="rudin1976",
            ),
            Identity(
                A**2 * ((2 * A**2 / (s * eps)) ** (1 / s)) ** (-s) / s, "=", eps / 2,
                "So d = ⌈(2A²/(sε))^{1/s}⌉, at most D = 1 + (2A²/(sε))^{1/s} features, leave half of ε for the "
                "network.",
            ),
            Cited(
                sp.Sum(1 / i, (i, 1, d)), "<=", 1 + sp.log(d),
                "Each term i^e of a sum is i^{−1} i^{1+e} ≤ i^{−1} max(1, D^{1+e}), so that the sum is at most "
                "(1 + log D) max(1, D^{1+e}).", lemma="integral-test", key="rudin1976",
            ),
            Identity(
                (q - (1 + s) / 2 - (1 + s) / 2) * p / (p + 1), "=", b,
                "With K_i = A i^{−(1+s)/2} the terms of S have the exponent e = (q−1−s)p/(p+1),",
            ),
            Identity(
                ((q - (1 + s) / 2) * p + (1 + s) / 2) * 2 / (p + 1), "=", a, "and those of T this one.",
            ),
            Inequality(
                (S_1 + sp.sqrt(S_1**2 + T_1 * t)) / t, "<=", (S_2 + sp.sqrt(S_2**2 + T_2 * t)) / t,
                "The count of symmetric-neurons-coordinate increases with d, S, T and τ.",
                given=(S_1 <= S_2, T_1 <= T_2),
            ),
            Limit(
                sp.Limit(sp.log(1 + (c / eps) ** (1 / s)) / sp.log(1 / eps), eps, 0), "=", 1 / s,
                "The rate of D is 1/s,",
            ),
            Limit(
                sp.Limit(sp.log(1 + sp.log(1 + sp.exp((u + power) / s))) / u, u, sp.oo), "=", sp.Integer(0),
                "and that of 1 + log D, with ε = e^{−u}, is 0.",
            ),
            Identity(
                (1 + b) / s, "=", ((1 + p * q) / s - p) / (p + 1),
                "So S has the rate max(0, (Y−p)/(p+1)), where Y = (1+pq)/s,",
            ),
            Identity(
                (1 + a) / s - 2 / (s * (p + 1)) * (1 + p * q), "=", (1 - p) / (p + 1),
                "and T the rate max(0, (2Y+1−p)/(p+1)).",
            ),
            Inequality(
                sp.Max(p + (p + 1) * of_S, of_S + p * (1 + of_T) / 2), "=", sp.Max(p, Y),
                "S((S+√(S²+Tt))/t)^p has the larger of the two rates that S and √(Tt) give to the bracket: max(p, Y).",
            ),
            Inequality(
                sp.Max(1 / s, p, (1 + power) / s), "=", sp.Max(p, (1 + power) / s),
                "That covers the rate 1/s of D; power stands for pq.", given=(power >= 0,),
            ),
            Identity(
                features + first * ((first + sp.sqrt(first**2 + second * eps / 2)) / (eps / 2)) ** p, "=", bound,
                "The count with the bounds of d, S, T and τ.",
            ),
        ),
    )  # fmt: skip


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.numbers import rationals

    @st.composite
    def spectra(draw: Any) -> Instance:
        s, q = draw(st.sampled_from(((1, 0), (1, 1), (3, 0), (3, 1), (3, 2))))
        A, B = draw(rationals("1/4", 1, 4)), draw(rationals("1/8", 1, 8))
        return _instance(A, B, s, q, draw(st.sampled_from(("1/2", "1"))), draw(rationals("1/8", 1, 8)))

    return spectra()


def _instance(A: Any, B: Any, s: Any, q: Any, p: str, eps: Any) -> Instance:
    """The least count over all d, for the sequences themselves; (1+s)/2 and q have to be integers."""
    import sympy as sp
    from flint import arb

    A, B, s, q, power, eps = (sp.Rational(v) for v in (A, B, s, q, p, eps))
    best = None
    # with more features than units there are units that do nothing
    d = 1
    while best is None or d < best:
        tail = A**2 / (s * sp.Integer(d) ** s)
        if tail < eps:
            sizes = [A * sp.Integer(k) ** (-(1 + s) / 2) for k in range(1, d + 1)]
            costs = [B * sp.Integer(k) ** (q - (1 + s) / 2) for k in range(1, d + 1)]
            found = sum(least_counts(costs, sizes, power, eps - tail))
            if best is not None and found >= best:
                break
            best = found
        d += 1
    units = best
    return Instance(
        values={"A": A, "B": B, "s": s, "q": q, "p": power, "eps": eps},
        observed=lambda prec: arb(units),
        text=f"sup|f_i| = {A} i^-{(1 + s) / 2}, c_i = {B} i^{q - (1 + s) / 2}, eps={eps}: {units} units",
    )


def _growing() -> Instance:
    """Costs that grow like i², taken for costs that do not grow beyond the features."""
    found = _instance(1, "1/4", 1, 3, "1", "1/2")
    return Instance({**found.values, "q": 0}, found.observed, found.text)


def _small() -> Instance:
    """One feature, with A = 1/10."""
    return _instance("1/10", "1", 3, 0, "1", "1/1000")


def _features(f: Formal) -> Any:
    return 1 + (2 * f.symbol("A") ** 2 / (f.symbol("s") * f.symbol("eps"))) ** (1 / f.symbol("s"))


THEOREM = Theorem(
    label="neuron-rate-coordinate",
    title="Rate of neurons, feature by feature",
    status="beyond",
    sense="upper",
    constructive=False,
    statement=(
        "In *neuron-rate*, with the budget of *symmetric-neurons-coordinate*, :math:`O(\\varepsilon^{-\\rho})` units "
        "suffice up to powers of a logarithm, :math:`\\rho=\\max(p,(1+pq)/s)`; for sampled units (p = 2) "
        ":math:`\\rho=\\max(2,(1+2q)/s)`, and for splines (p = 1/2) :math:`\\rho=\\max(1/2,(2+q)/(2s))`."
    ),
    source=Source("altabaa2024"),
    formal=formal,
    uses=("symmetric-neurons-coordinate",),
    instances=instances,
    mutants=(
        Mutant("no-growth", "the cost of the eigenfunctions does not count: q = 0", _growing),
        Mutant(
            "half-rate", "the rate p/2", _small,
            lambda f: f.bound * f.symbol("eps") ** (f.symbol("p") / 2),
        ),
        Mutant("features-only", "as many units as features", _small, _features),
    ),
    limits=("s → ∞: ρ = p, the rate of one feature", "never above neuron-rate: (1+pq)/s against p/2 + (1+pq)/s"),
)  # fmt: skip
