"""How the number of neurons grows as the error falls, for eigenvalues that fall like a power."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Resource, Source, Theorem
from relverify.theorems.symmetric_neurons import THEOREM as SYMMETRIC_NEURONS
from relverify.theorems.symmetric_neurons import least_counts


def formal() -> Formal:
    import sympy as sp

    from relverify.core.steps import Cited, Identity, Inequality, Limit
    from relverify.core.symbols import A, B, N, eps, i, p, q, rho, s, tau

    d, c, k, u = sp.symbols("d c k u", positive=True)
    power, size = sp.symbols("power size", real=True)
    harmonic, least, term = sp.symbols("harmonic least term", positive=True)
    K_1, K_2, t_1, t_2 = sp.symbols("K_1 K_2 t_1 t_2", positive=True)
    counted = SYMMETRIC_NEURONS.formal()
    e = (q - (1 + s) / 2) * 2 * p / (p + 2)
    features = 1 + (2 * A**2 / (s * eps)) ** (1 / s)
    K = A * sp.sqrt(1 + 1 / s)
    growth = (1 + sp.log(features)) * sp.Max(1, features ** (1 + e))
    costs = B ** (2 * p / (p + 2)) * growth
    bounds = {"d": features, "K": K, "tau": eps / 2, "S": costs}
    bound = counted.bound.subs({counted.symbol(name): value for name, value in bounds.items()})
    rate = p + (p + 2) / 2 * (1 + e) / s
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
        hypotheses=("r is continuous, symmetric and PSD, with such an expansion",),
        solve={
            "N": Resource(bound, meaning="units that suffice"),
            "rho": Resource(sp.Max(p, p / 2 + (1 + p * q) / s), integer=False, meaning="rate"),
        },
        steps=(
            Cited(
                tau, "<=", A**2 * d ** (-s) / s,
                "The tail is at most A² Σ_{i>d} i^{−(1+s)}, which the integral ∫_d^∞ x^{−1−s} dx bounds; so is "
                "K² ≤ A² (1 + ∫_1^∞ x^{−1−s} dx) = A²(1 + 1/s).", lemma="integral-test", key="rudin1976",
            ),
            Identity(
                A**2 * ((2 * A**2 / (s * eps)) ** (1 / s)) ** (-s) / s, "=", eps / 2,
                "So d = ⌈(2A²/(sε))^{1/s}⌉, at most D = 1 + (2A²/(sε))^{1/s} features, leave half of ε for the "
                "network.",
            ),
            Inequality(
                term, "<=", sp.Max(1, least) * harmonic,
                "Each term i^e = i^{−1} i^{1+e} of Σ c_i^{2p/(p+2)} has i^{1+e} ≤ max(1, D^{1+e}),",
                given=(sp.Eq(term, harmonic * size), size <= sp.Max(1, least), size >= 0),
            ),
            Cited(
                sp.Sum(1 / i, (i, 1, d)), "<=", 1 + sp.log(d), "and Σ_{i≤d} 1/i ≤ 1 + log D.",
                lemma="integral-test", key="rudin1976",
            ),
            Identity(
                (c ** (2 * p / (p + 2)) * harmonic) ** ((p + 2) / 2), "=", c**p * harmonic ** ((p + 2) / 2),
                "S^{(p+2)/2} with S = B^{2p/(p+2)} times the sum.",
            ),
            Limit(
                sp.Limit(sp.log(1 + (c / eps) ** (1 / s)) / sp.log(1 / eps), eps, 0), "=", 1 / s,
                "The rate of D is 1/s,",
            ),
            Limit(
                sp.Limit(sp.log(1 + sp.log(1 + sp.exp((u + power) / s))) / u, u, sp.oo), "=", sp.Integer(0),
                "that of 1 + log D, with ε = e^{−u}, is 0,",
            ),
            Limit(
                sp.Limit(sp.log(2 * (c + sp.sqrt(c**2 + eps / 2)) / eps) / sp.log(1 / eps), eps, 0), "=", sp.Integer(1),
                "and that of 1/δ is 1.",
            ),
            Identity(
                rate, "=", p / 2 + (1 + p * q) / s,
                "So D^{1+e} ≥ 1 gives the rate p + (p+2)(1+e)/(2s), and D^{1+e} ≤ 1 the rate p,",
            ),
            Inequality(
                sp.Max(1 / s, p, p / 2 + (1 + k) / s), "=", sp.Max(p, p / 2 + (1 + k) / s),
                "which cover the rate 1/s of D; k stands for pq.",
            ),
            Inequality(
                (K_1 + sp.sqrt(K_1**2 + t_1)) / t_1, "<=", (K_2 + sp.sqrt(K_2**2 + t_2)) / t_2,
                "The count of symmetric-neurons increases with K and τ, as 1/δ does,",
                given=(K_1 <= K_2, t_1 >= t_2, t_2 > 0),
            ),
            Identity(
                features + costs ** ((p + 2) / 2) * ((K + sp.sqrt(K**2 + eps / 2)) / (eps / 2)) ** p, "=", bound,
                "and with d and S: here with the bounds of all four.",
            ),
        ),
    )  # fmt: skip


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.numbers import rationals

    @st.composite
    def spectra(draw: Any) -> Instance:
        s, q = draw(st.sampled_from(((1, 0), (1, 1), (3, 0), (3, 1), (2, "1/2"), (2, "3/2"))))
        A, B = draw(rationals("1/4", 1, 4)), draw(rationals("1/8", 1, 8))
        return _instance(A, B, s, q, draw(st.sampled_from(("1/2", "1", "2"))), draw(rationals("1/4", 1, 8)))

    return spectra()


def _instance(A: Any, B: Any, s: Any, q: Any, p: str, eps: Any) -> Instance:
    """The least count over all d, for the sequences themselves; q − (1+s)/2 has to be an integer."""
    import sympy as sp
    from flint import arb

    A, B, s, q, power, eps = (sp.Rational(v) for v in (A, B, s, q, p, eps))
    K_squared = A**2 * (1 + 1 / s)
    best = None
    # with more features than units there are units that do nothing
    d = 1
    while best is None or d < best:
        tail = A**2 / (s * sp.Integer(d) ** s)
        if tail < eps:
            # a rational lower bound of δ = t/(√(K²+t)+K), by an integer root
            t = eps - tail
            root = sp.Rational(sp.integer_nthroot(int(K_squared * 4**40), 2)[0] + 1, 2**40)
            top = sp.Rational(sp.integer_nthroot(int((K_squared + t) * 4**40), 2)[0] + 1, 2**40)
            costs = [B * sp.Integer(k) ** (q - (1 + s) / 2) for k in range(1, d + 1)]
            found = sum(least_counts(costs, power, (t / (root + top)) ** 2))
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


def _features(f: Formal) -> Any:
    return 1 + (2 * f.symbol("A") ** 2 / (f.symbol("s") * f.symbol("eps"))) ** (1 / f.symbol("s"))


def _growing() -> Instance:
    """Costs that grow like i², taken for costs that do not grow beyond the features."""
    found = _instance(1, 1, 1, 3, "1", "1/4")
    return Instance({**found.values, "q": 0}, found.observed, found.text)


def _small() -> Instance:
    """One feature: (cK_f/ε)² units, with A = 1/10."""
    return _instance("1/10", "1/10", 3, 0, "2", "1/100")


THEOREM = Theorem(
    label="neuron-rate",
    title="Rate of neurons for eigenvalues that fall like a power",
    status="beyond",
    sense="upper",
    constructive=False,
    statement=(
        "Let :math:`r=\\sum f_i\\otimes f_i` with :math:`\\sup|f_i|\\le Ai^{-(1+s)/2}`, and let "
        ":math:`(c_i/\\delta)^p` units approximate feature i up to :math:`\\delta`, "
        ":math:`c_i\\le Bi^{q-(1+s)/2}`. With the Euclidean budget of *symmetric-neurons*, "
        ":math:`O(\\varepsilon^{-\\rho})` units suffice up to powers of a logarithm, "
        ":math:`\\rho=\\max(p,\\,p/2+(1+pq)/s)`; for sampled units (p = 2) :math:`\\rho=\\max(2,1+(1+2q)/s)`."
    ),
    source=Source("altabaa2024"),
    formal=formal,
    uses=("symmetric-neurons",),
    instances=instances,
    mutants=(
        Mutant("no-growth", "the cost of the eigenfunctions does not count: q = 0", _growing),
        Mutant(
            "half-rate", "the rate p/2", _small,
            lambda f: f.bound * f.symbol("eps") ** (f.symbol("p") / 2),
        ),
        Mutant("features-only", "as many units as features", _small, _features),
    ),
    limits=("s → ∞: ρ = p, the rate of one feature", "neuron-rate-coordinate: never a larger rate"),
)  # fmt: skip
