"""All counts of hidden units that are known to suffice for a relation, side by side.

Every count is a certified integer: it satisfies the inequality of its theorem in exact rationals.
"""

from __future__ import annotations

from dataclasses import dataclass

from flint import fmpq

from relverify.core.box import Box, parse_box
from relverify.errors import InputError, UnknownNode
from relverify.networks.counts import positive_eps
from relverify.networks.methods import KINDS, Method, Problem, methods
from relverify.relations.relation import Relation
from relverify.rigor.exact import to_fmpq


@dataclass(frozen=True)
class UpperBound:
    """Hidden units that suffice, by one theorem.

    Parameters
    ----------
    name : str
        What is built or drawn, in words.
    theorem : str
        The label of the theorem.
    constructive : bool
        Whether the network is built; otherwise it is shown to exist.
    units : int or None
        None where the theorem counts features only, or says nothing about the relation.
    d : int or None
        Features, or an upper bound of their number.
    reason : str
        Why there is no count.
    """

    name: str
    theorem: str
    constructive: bool
    units: int | None
    d: int | None = None
    reason: str = ""


def upper_bounds(
    relation: Relation, x: Box | str, y: Box | str | None = None, eps: object = None
) -> tuple[UpperBound, ...]:
    """Counts that suffice for a relation of two numbers, by every method that needs no search with certificates.

    Parameters
    ----------
    relation : Relation
    x, y : Box or str
        Intervals; y defaults to x.
    eps : exact number > 0

    Returns
    -------
    tuple of UpperBound
        One network for a relation known to be symmetric PSD on equal intervals, two for all others, whose units are
        added. Existence results come first.

    Raises
    ------
    InputError
        If eps is not positive, or x and y are not numbers.

    Notes
    -----
    Disjoint features each have units of their own, and their errors share the Euclidean budget of *symmetric-neurons*;
    x is centred, so that R = sqrt(1 + L²/4). Where h' has a zero z, h is h(z) + ∫_{s>z} h''(s) relu(x-s) ds +
    ∫_{s<z} h''(s) relu(s-x) ds, so that V is the curved part V' = ∫|h''(s)| sqrt(1+s²) ds; in general the least
    |h'(z)| sqrt(1+L²/4) is added, by one unit at an end. For the shared spline and the sampled sections the features
    are sections of the relation in its own space, without truncation.

    Examples
    --------
    >>> from relverify.relations import parse_relation
    >>> for bound in upper_bounds(parse_relation("gaussian(ell=1/2)"), "[0,1]", eps="1e-1"):
    ...     if bound.units is not None:
    ...         print(bound.units, bound.name)
    1427754 splines of sampled waves
    1615442 sampled units for each feature
    403868 sampled units for each feature, affine part free
    4685 sampled knots for each feature
    2181589 sampled sections
    317684 sampled sections, affine part free
    4 grid
    5 shared spline
    22 splines for each feature, Euclidean budget
    23 splines for each feature, budget of its own
    """
    limit = to_fmpq(positive_eps(eps), "eps")
    x_box = parse_box(x, "x")
    y_box = x_box if y is None else parse_box(y, "y")
    if not relation.one_dimensional or x_box.dim != 1 or y_box.dim != 1:
        problem = f"{relation.text} on {x_box} x {y_box} is not one of two numbers"
        raise InputError("relation", problem, "a relation of numbers x, y on intervals")
    task = Problem(relation, x_box, y_box)
    chosen = [m for m in methods() if m.fits(task) and m.kind != "lower bound" and not m.searches]
    return tuple(_attempt(m, task, limit) for m in sorted(chosen, key=lambda m: KINDS.index(m.kind)))


def _attempt(method: Method, problem: Problem, eps: fmpq) -> UpperBound:
    known = method.name, method.theorem, method.kind == "constructive"
    try:
        found = method.count(problem, eps)
    except InputError as error:
        return UpperBound(*known, None, None, error.problem)
    except (ArithmeticError, UnknownNode) as error:
        return UpperBound(*known, None, None, str(error))
    return UpperBound(*known, found.units, found.d)
