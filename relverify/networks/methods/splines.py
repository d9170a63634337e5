"""A spline for each feature: the paper's theorems, with exact allocation of units."""

from __future__ import annotations

from collections.abc import Callable

from flint import fmpq

from relverify.networks.asymmetric import asymmetric_units
from relverify.networks.counts import spline_units
from relverify.networks.methods import Count, Method, Problem, rate_of
from relverify.networks.sampled_pairs import euclidean_splines
from relverify.rigor.exact import from_fmpq


def _of_one_network(budget: str) -> Callable[[Problem, fmpq], Count]:
    def count(problem: Problem, eps: fmpq) -> Count:
        found = spline_units(problem.relation, problem.x, from_fmpq(eps), budget)
        return Count(found.units, found.d)

    return count


def _of_two_networks(budget: str) -> Callable[[Problem, fmpq], Count]:
    def count(problem: Problem, eps: fmpq) -> Count:
        sides = problem.relation, problem.x, problem.y
        if budget == "vector":
            found = euclidean_splines(*sides, eps)
        else:
            found = asymmetric_units(*sides, from_fmpq(eps), budget)
        return Count(found.units, found.d)

    return count


def _rate(problem: Problem) -> str:
    return rate_of("ridge-spline", "n", each=True)


METHODS = [
    Method(f"splines for each feature, {name}", f"{form}{ending}", "constructive", by(budget), own=own, rate=_rate)
    for form, own, by in (
        ("symmetric-neurons", True, _of_one_network), ("asymmetric-neurons", False, _of_two_networks)
    )
    for name, ending, budget in (
        ("Euclidean budget", "", "vector"), ("budget of its own", "-coordinate", "coordinate")
    )
]  # fmt: skip
