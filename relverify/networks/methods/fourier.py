"""Sampled frequencies: features of shift-invariant kernels, and splines of them."""

from __future__ import annotations

import sympy as sp
from flint import fmpq

from relverify.core.registry import theorem
from relverify.core.symbols import eps as EPS
from relverify.networks.counts import PREC
from relverify.networks.feature_counts import upper
from relverify.networks.methods import FEATURES, Count, Method, Problem, exponent, rate_of, resource_count
from relverify.rigor.decide import Verdict, decide
from relverify.rigor.enclose import enclose
from relverify.rigor.exact import from_fmpq
from relverify.rigor.integers import ceiling

LABEL = "fourier-neurons"
WAVES = frozenset({"V", "L", "Omega"})


def _rank(label: str, problem: Problem, eps: fmpq) -> Count:
    # two features a wave
    return Count(None, 2 * resource_count(problem, label, "m", eps))


def _split(eps: sp.Expr, kappa: sp.Expr, V: sp.Expr, L: sp.Expr, Omega: sp.Expr) -> sp.Expr:
    """The draws that what the splines leave of eps calls for."""
    rest = eps - 2 * sp.sqrt(2) * kappa * V - 2 * kappa**2 * V
    return (8 * V * L * Omega / rest) ** 2


def _waves(problem: Problem, eps: fmpq) -> Count:
    """The first-order best split of eps: a fifth for the splines, with κ rounded, and the rest for the draw."""
    record = theorem(LABEL)
    values = problem.constants(LABEL, WAVES)
    mass = upper(enclose(values["V"], prec=PREC))
    kappa = fmpq(1, int((15 * mass / eps).ceil()))
    draws = max(1, ceiling(_split(from_fmpq(eps), from_fmpq(kappa), values["V"], values["L"], values["Omega"])))
    given = {**values, "m": draws, "kappa": from_fmpq(kappa)}
    bound = record.formal().bound.subs({record.formal().symbol(name): value for name, value in given.items()})
    if decide(sp.Le(bound, from_fmpq(eps), evaluate=False)).verdict is not Verdict.PROVED:
        raise RuntimeError(f"{draws} frequencies do not keep the error")
    units = record.resource("N").count(given)
    assert units is not None
    return Count(units, 2 * draws)


def _rate(problem: Problem) -> str:
    """Of the units at that split."""
    formal = theorem(LABEL).formal()
    V, L, Omega = (formal.symbol(name) for name in ("V", "L", "Omega"))
    kappa = EPS / (15 * V)
    split = {formal.symbol("kappa"): kappa, formal.symbol("m"): _split(EPS, kappa, V, L, Omega)}
    return exponent(formal.solve["N"].expression.subs(split), EPS)


METHODS = [
    Method("sampled waves", "fourier-rank", "existence", lambda problem, eps: _rank("fourier-rank", problem, eps),
           FEATURES, rate=lambda problem: rate_of("fourier-rank", "m")),
    Method("sampled frequencies", "fourier-rank-anchored", "existence",
           lambda problem, eps: _rank("fourier-rank-anchored", problem, eps), FEATURES, True,
           lambda problem: rate_of("fourier-rank-anchored", "m")),
    Method("splines of sampled waves", LABEL, "existence", _waves, own=True, rate=_rate),
]  # fmt: skip
