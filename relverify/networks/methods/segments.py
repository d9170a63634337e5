"""Units that are needed: disjoint segments on which no affine function is near enough (*width-lower*)."""

from __future__ import annotations

from flint import fmpq

from relverify.certify.segments import needed_pieces, needed_units
from relverify.networks.counts import grid_rate
from relverify.networks.methods import Count, Method, Problem, rate_of


def _several(problem: Problem, eps: fmpq) -> Count:
    return Count(needed_units(problem.relation, problem.x, problem.y, eps, problem.own)[0])


def _single(problem: Problem, eps: fmpq) -> Count:
    sides = [needed_pieces(problem.relation, problem.x, problem.y, eps, several=False).needed]
    if not problem.own:
        sides.append(needed_pieces(problem.relation.swapped(), problem.y, problem.x, eps, several=False).needed)
    return Count(sum(sides))


def _rate(problem: Problem) -> str:
    """Of the closed form, which is a lower bound of the greedy count where r bends."""
    return rate_of("width-lower", "N") if grid_rate(problem.relation, problem.x, problem.y) == "1/2" else ""


METHODS = [
    Method("segments, the best single y", "width-lower", "lower bound", _single, rate=_rate),
    Method("segments, several y", "width-lower", "lower bound", _several, rate=_rate),
]
