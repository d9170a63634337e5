"""The sections of a kernel in its own space, without truncation: *kernel-barron*, and a spline that all share."""

from __future__ import annotations

from collections.abc import Callable

from flint import fmpq

from relverify.networks.feature_counts import Sections
from relverify.networks.methods import Count, Method, Problem, rate_of


def _counted(by: str) -> Callable[[Problem, fmpq], Count]:
    return lambda problem, eps: Count(*getattr(Sections(problem.relation, problem.x, eps), by)())


METHODS = [
    Method(name, label, kind, _counted(by), own=True,
           rate=lambda problem, label=label: rate_of(label, "n"))  # type: ignore[misc]
    for name, label, kind, by in (
        ("sampled sections", "kernel-barron", "existence", "sampled"),
        ("sampled sections, affine part free", "kernel-barron-affine", "existence", "sampled_curved"),
        ("shared spline", "ridge-spline", "constructive", "spline"),
    )
]  # fmt: skip
