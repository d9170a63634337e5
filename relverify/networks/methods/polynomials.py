"""Polynomials: as features of analytic relations, and as deep networks."""

from __future__ import annotations

import sympy as sp
from flint import fmpq

from relverify.core.registry import theorem
from relverify.networks.deep_square import deep_polynomial
from relverify.networks.methods import DEEP, FEATURES, Count, Method, Problem, exponent, rate_of, resource_count
from relverify.rigor.exact import from_fmpq


def _features(problem: Problem, eps: fmpq) -> Count:
    return Count(None, resource_count(problem, "chebyshev-rank", "d", eps))


def _deep(problem: Problem, eps: fmpq) -> Count:
    found = deep_polynomial(problem.relation, problem.x, problem.y, from_fmpq(eps))
    return Count(found.units, found.phi.out_features)


def _rate(problem: Problem) -> str:
    """For any ellipse, ρ > 1."""
    formal = theorem("chebyshev-rank").formal()
    more = sp.Dummy("more", positive=True)
    return exponent(formal.solve["d"].expression.subs(formal.symbol("rho"), 1 + more), formal.symbol("eps"))


METHODS = [
    Method("Chebyshev polynomials", "chebyshev-rank", "constructive", _features, FEATURES, rate=_rate),
    Method("deep network of a polynomial", "deep-square", "constructive", _deep, DEEP,
           rate=lambda problem: rate_of("deep-square", "m")),
]  # fmt: skip
