"""All counts of hidden units that are known to suffice for a relation, side by side.

Every count is a certified integer: it satisfies the inequality of its theorem in exact rationals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import sympy as sp
from flint import fmpq

from relverify.core.box import Box, parse_box
from relverify.core.registry import theorem
from relverify.errors import InputError, UnknownNode
from relverify.networks.asymmetric import asymmetric_units
from relverify.networks.counts import PREC, grid_units, one_network, positive_eps, spline_units
from relverify.networks.deep_square import deep_polynomial
from relverify.networks.feature_counts import SampledFeatures, Sections, upper
from relverify.relations.properties import constants
from relverify.relations.relation import Relation
from relverify.rigor.decide import Verdict, decide
from relverify.rigor.enclose import enclose
from relverify.rigor.exact import from_fmpq, to_fmpq
from relverify.rigor.integers import ceiling


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
    """Counts that suffice for a relation of two numbers, by every theorem that gives one.

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
    1615442 sampled units for each feature
    1427754 splines of sampled waves
    403868 sampled units for each feature, affine part free
    4685 sampled knots for each feature
    2181589 sampled sections
    317684 sampled sections, affine part free
    22 splines for each feature, Euclidean budget
    23 splines for each feature, budget of its own
    5 shared spline
    4 grid
    """
    limit = to_fmpq(positive_eps(eps), "eps")
    x_box = parse_box(x, "x")
    y_box = x_box if y is None else parse_box(y, "y")
    if not relation.one_dimensional or x_box.dim != 1 or y_box.dim != 1:
        problem = f"{relation.text} on {x_box} x {y_box} is not one of two numbers"
        raise InputError("relation", problem, "a relation of numbers x, y on intervals")
    entries = [*_of_features(relation, x_box, y_box, limit)]
    if one_network(relation, x_box, y_box):
        entries += _of_one_network(relation, x_box, limit)
    else:
        entries += _of_two_networks(relation, x_box, y_box, limit)
    # existence before construction
    return tuple(_attempt(*entry) for entry in sorted(entries, key=lambda entry: entry[2]))


_Count = Callable[[], tuple[int | None, int | None]]
_Entry = tuple[str, str, bool, _Count]


def _attempt(name: str, theorem: str, constructive: bool, count: _Count) -> UpperBound:
    try:
        units, d = count()
    except InputError as error:
        return UpperBound(name, theorem, constructive, None, None, error.problem)
    except (ArithmeticError, UnknownNode) as error:
        return UpperBound(name, theorem, constructive, None, None, str(error))
    return UpperBound(name, theorem, constructive, units, d)


def _rank(label: str, symbol: str, each: int, relation: Relation, x: Box, y: Box, eps: fmpq) -> _Count:
    """Features by a theorem that counts them, with the constants of the relation."""

    def count() -> tuple[None, int]:
        record = theorem(label)
        form = record.resource(symbol)
        values = constants(record, relation, x, y, {s.name for s in form.symbols} - {"eps"})
        found = form.count({**values, "eps": from_fmpq(eps)})
        assert found is not None
        return None, each * found

    return count


def _of_features(relation: Relation, x: Box, y: Box, eps: fmpq) -> Iterator[_Entry]:
    """What does not depend on the number of networks: theorems that count features, and polynomials."""

    def deep() -> tuple[int, int]:
        found = deep_polynomial(relation, x, y, from_fmpq(eps))
        return found.units, found.phi.out_features

    yield "sampled waves", "fourier-rank", False, _rank("fourier-rank", "m", 2, relation, x, y, eps)
    yield "Chebyshev polynomials", "chebyshev-rank", True, _rank("chebyshev-rank", "d", 1, relation, x, y, eps)
    yield "deep network of a polynomial", "deep-square", True, deep


def _of_two_networks(relation: Relation, x: Box, y: Box, eps: fmpq) -> Iterator[_Entry]:
    def splines(budget: str) -> _Count:
        def count() -> tuple[int, int]:
            found = asymmetric_units(relation, x, y, from_fmpq(eps), budget)
            return found.units, found.d

        return count

    def grid() -> tuple[int, int]:
        found = grid_units(relation, x, y, from_fmpq(eps))
        return found.units, found.d

    yield "splines for each feature, Euclidean budget", "asymmetric-neurons", True, splines("vector")
    yield "splines for each feature, budget of its own", "asymmetric-neurons-coordinate", True, splines("coordinate")
    yield "two grids", "grid-neurons", True, grid


def _of_one_network(relation: Relation, box: Box, eps: fmpq) -> Iterator[_Entry]:
    exact_eps = from_fmpq(eps)

    def splines(budget: str) -> _Count:
        def count() -> tuple[int, int]:
            found = spline_units(relation, box, exact_eps, budget)
            return found.units, found.d

        return count

    def grid() -> tuple[int, int]:
        found = grid_units(relation, box, eps=exact_eps)
        return found.units, found.d

    features = SampledFeatures(relation, box, eps)
    sections = Sections(relation, box, eps)
    each = "for each feature"
    barron = f"sampled units {each}"
    yield barron, "barron-sup", False, lambda: features.count(features.barron, 0)
    yield "sampled frequencies", "fourier-rank-anchored", False, _rank(
        "fourier-rank-anchored", "m", 2, relation, box, box, eps
    )
    yield "splines of sampled waves", "fourier-neurons", False, lambda: _waves(relation, box, eps)
    yield f"{barron}, affine part free", "barron-sup-affine", False, lambda: features.count(features.curved, 1)
    yield f"sampled knots {each}", "direct-sampling", False, lambda: features.count(features.knots, 1)
    yield "sampled sections", "kernel-barron", False, sections.sampled
    yield "sampled sections, affine part free", "kernel-barron-affine", False, sections.sampled_curved
    yield f"splines {each}, Euclidean budget", "symmetric-neurons", True, splines("vector")
    yield f"splines {each}, budget of its own", "symmetric-neurons-coordinate", True, splines("coordinate")
    yield "shared spline", "ridge-spline", True, sections.spline
    yield "grid", "grid-neurons", True, grid


def _waves(relation: Relation, box: Box, eps: fmpq) -> tuple[int, int]:
    """The first-order best split of eps: a fifth for the splines, with κ rounded, and the rest for the draw."""
    record = theorem("fourier-neurons")
    values = constants(record, relation, box, box, {"V", "L", "Omega"})
    mass = upper(enclose(values["V"], prec=PREC))
    kappa = fmpq(1, int((15 * mass / eps).ceil()))
    rest = from_fmpq(eps) - 2 * sp.sqrt(2) * from_fmpq(kappa) * values["V"] - 2 * from_fmpq(kappa) ** 2 * values["V"]
    draws = max(1, ceiling((8 * values["V"] * values["L"] * values["Omega"] / rest) ** 2))
    given = {**values, "m": draws, "kappa": from_fmpq(kappa)}
    bound = record.formal().bound.subs({record.formal().symbol(name): value for name, value in given.items()})
    if decide(sp.Le(bound, from_fmpq(eps), evaluate=False)).verdict is not Verdict.PROVED:
        raise RuntimeError(f"{draws} frequencies do not keep the error")
    units = record.resource("N").count(given)
    assert units is not None
    return units, 2 * draws
