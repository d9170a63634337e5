"""Units drawn for each feature of an expansion: the theorems of Barron and *direct-sampling*."""

from __future__ import annotations

from collections.abc import Callable

from flint import fmpq

from relverify.networks.feature_counts import SampledFeatures
from relverify.networks.methods import Count, Method, Problem, rate_of


def _drawn(cost: str, extra: int) -> Callable[[Problem, fmpq], Count]:
    def count(problem: Problem, eps: fmpq) -> Count:
        features = SampledFeatures(problem.relation, problem.x, eps)
        return Count(*features.count(getattr(features, cost), extra))

    return count


METHODS = [
    Method(name, label, "existence", _drawn(cost, extra), own=True,
           rate=lambda problem, label=label: rate_of(label, "n", each=True))  # type: ignore[misc]
    for name, label, cost, extra in (
        ("sampled units for each feature", "barron-sup", "barron", 0),
        ("sampled units for each feature, affine part free", "barron-sup-affine", "curved", 1),
        ("sampled knots for each feature", "direct-sampling", "knots", 1),
    )
]  # fmt: skip
