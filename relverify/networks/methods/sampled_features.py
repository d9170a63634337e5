"""Units drawn for each feature of an expansion: the theorems of Barron and *direct-sampling*."""

from __future__ import annotations

from collections.abc import Callable

from flint import fmpq

from relverify.networks.feature_counts import SampledFeatures
from relverify.networks.methods import Count, Method, Problem, rate_of
from relverify.networks.sampled_pairs import Bounds, sampled_pairs


def _of_one_network(cost: str, extra: int) -> Callable[[Problem, fmpq], Count]:
    def count(problem: Problem, eps: fmpq) -> Count:
        features = SampledFeatures(problem.relation, problem.x, eps)
        return Count(*features.count(getattr(features, cost), extra))

    return count


def _of_two_networks(cost: str, extra: int) -> Callable[[Problem, fmpq], Count]:
    def count(problem: Problem, eps: fmpq) -> Count:
        return Count(*sampled_pairs(problem.relation, problem.x, problem.y, eps, getattr(Bounds, cost), extra))

    return count


METHODS = [
    Method(name, label, "existence", by(cost, extra), own=own,
           rate=lambda problem, label=label: rate_of(label, "n", each=True))  # type: ignore[misc]
    for own, by in ((True, _of_one_network), (False, _of_two_networks))
    for name, label, cost, extra in (
        ("sampled units for each feature", "barron-sup", "barron", 0),
        ("sampled units for each feature, affine part free", "barron-sup-affine", "curved", 1),
        ("sampled knots for each feature", "direct-sampling", "knots", 1),
    )
]  # fmt: skip
