"""Interpolation in both variables: what *grid-neurons* predicts, and the least that is built and certified."""

from __future__ import annotations

from flint import fmpq

from relverify.errors import InputError
from relverify.networks.counts import grid_rate, grid_units
from relverify.networks.methods import Count, Method, Problem
from relverify.networks.synthesize import synthesize
from relverify.rigor.exact import from_fmpq

# pairs of cells up to which the search with certificates takes seconds
MOST = 120 * 120
SECONDS = 60.0


def _predicted(problem: Problem, eps: fmpq) -> Count:
    found = grid_units(problem.relation, problem.x, problem.y, from_fmpq(eps))
    return Count(found.units, found.d)


def _built(problem: Problem, eps: fmpq) -> Count:
    found = grid_units(problem.relation, problem.x, problem.y, from_fmpq(eps))
    pairs = found.n_x * (found.n_y or found.n_x)
    if pairs > MOST:
        problem_text = f"a search with certificates on {pairs} pairs of cells takes long; see relverify synthesize"
        raise InputError("eps", problem_text, "a larger error")
    built = synthesize(problem.relation, problem.x, problem.y, from_fmpq(eps), time_limit=SECONDS)
    return Count(built.N, built.d)


def _rate(problem: Problem) -> str:
    return grid_rate(problem.relation, problem.x, problem.y)


METHODS = [
    Method("grid", "grid-neurons", "constructive", _predicted, own=True, rate=_rate),
    Method("two grids", "grid-neurons", "constructive", _predicted, own=False, rate=_rate),
    Method("grid, built and certified", "vertex-certificate", "constructive", _built, rate=_rate, searches=True),
]
