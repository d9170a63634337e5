"""Every bound that applies to a relation, side by side: units and features that suffice or are needed.

A theorem takes part by itself if it bounds an inner product against the relation, is solved for a count, and a
relation determines all its other quantities.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp
from flint import fmpq

from relverify.certify.segments import needed_units
from relverify.core.box import Box, parse_box
from relverify.core.registry import theorems
from relverify.core.theorem import Theorem
from relverify.errors import InputError
from relverify.networks.counts import grid_units, one_network, spline_units
from relverify.relations.properties import constants
from relverify.relations.relation import Relation
from relverify.rigor.exact import from_fmpq, to_fmpq

Progress = Callable[[str], None]
COUNTS = ("N", "n", "d", "m")
UNITS = "units, one layer"


@dataclass(frozen=True)
class Row:
    """One bound over several errors.

    Parameters
    ----------
    theorem : str
        The label.
    sense : {"suffices", "needed"}
    kind : {"constructive", "existence", "lower bound"}
    what : str
        What is counted.
    counts : tuple of int or None
        One an error; None where the theorem gives none.
    slope : float or None
        Of log count over log 1/eps, fitted to the two smallest errors with counts above 1; no claim.
    rate : str
        The derived exponent of 1/eps, or the growth, where SymPy finds it.
    """

    theorem: str
    sense: str
    kind: str
    what: str
    counts: tuple[int | None, ...]
    slope: float | None
    rate: str

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**vars(self), "counts": list(self.counts)}


@dataclass(frozen=True)
class Comparison:
    """All bounds that apply to a relation.

    Parameters
    ----------
    relation : Relation
    x, y : Box
    errors : tuple of fmpq
        In decreasing order; the last is the one that was asked for.
    rows : tuple of Row
    absent : dict of str to str
        Theorems that could apply, and why they do not.
    seconds : float
    """

    relation: Relation
    x: Box
    y: Box
    errors: tuple[fmpq, ...]
    rows: tuple[Row, ...]
    absent: dict[str, str]
    seconds: float

    @property
    def ratio(self) -> float | None:
        """Units of the best constructive bound over the units that are needed in one layer, at the last error."""
        upper = [r.counts[-1] for r in self.rows if r.kind == "constructive" and r.what == UNITS and r.counts[-1]]
        lower = [r.counts[-1] for r in self.rows if r.sense == "needed" and r.what == UNITS and r.counts[-1]]
        found = [n for n in upper if n is not None], [n for n in lower if n is not None]
        return min(found[0]) / max(found[1]) if all(found) else None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "relation": self.relation.text, "x": str(self.x), "y": str(self.y),
            "errors": [str(e) for e in self.errors], "rows": [row.as_dict() for row in self.rows],
            "ratio": self.ratio, "absent": self.absent, "seconds": round(self.seconds, 3),
        }  # fmt: skip


def compare(
    relation: Relation, x: Box | str, y: Box | str | None = None, eps: object = None, progress: Progress | None = None
) -> Comparison:
    """Count what every applicable theorem says suffices or is needed, at an error and at ten, a hundred … times it.

    Parameters
    ----------
    relation : Relation
        Of two numbers.
    x, y : Box or str
        Intervals; y defaults to x.
    eps : exact number > 0
    progress : callable, optional

    Returns
    -------
    Comparison

    Raises
    ------
    InputError
        If eps is not positive, or the relation is not one of two numbers.
    """
    start, tell = time.perf_counter(), progress or (lambda _: None)
    if eps is None:
        raise InputError("eps", "is missing", "a number > 0")
    limit = to_fmpq(eps, "eps")
    if limit <= 0:
        raise InputError("eps", f"{limit} is not positive", "a number > 0")
    if not relation.one_dimensional:
        raise InputError("relation", f"{relation.text} has several coordinates", "a relation of two numbers")
    x_box = parse_box(x, "x")
    y_box = x_box if y is None else parse_box(y, "y")
    errors = tuple(e for k in (3, 2, 1, 0) if (e := limit * 10**k) <= fmpq(1, 2) or k == 0)
    absent: dict[str, str] = {}
    rows = []
    for label, sense, kind, what, counter, rate in _sources(relation, x_box, y_box, absent):
        tell(label)
        counts: list[int | None] = []
        for error in errors:
            try:
                counts.append(counter(error))
            except InputError as problem:
                counts.append(None)
                absent.setdefault(label, str(problem))
        if any(count is not None for count in counts):
            rows.append(Row(label, sense, kind, what, tuple(counts), _slope(errors, counts), rate))
            absent.pop(label, None)
    return Comparison(relation, x_box, y_box, errors, tuple(rows), absent, time.perf_counter() - start)


def _sources(relation: Relation, x: Box, y: Box, absent: dict[str, str]) -> Iterator[tuple[Any, ...]]:
    """Label, sense, kind, what is counted, the count as a function of the error, and the derived rate."""
    own = one_network(relation, x, y)
    yield ("grid-neurons, exact", "suffices", "constructive", UNITS,
           lambda e: grid_units(relation, x, y, from_fmpq(e)).units, "")  # fmt: skip
    if own:
        for budget in ("vector", "coordinate"):
            yield (f"symmetric, {budget} splines", "suffices", "constructive", UNITS,
                   lambda e, b=budget: spline_units(relation, x, from_fmpq(e), b).units, "")  # fmt: skip
    yield ("width-lower, segments", "needed", "lower bound", UNITS,
           lambda e: needed_units(relation, x, y, e, own)[0], "")  # fmt: skip
    for theorem in theorems().values():
        formal = theorem.formal()
        if "langle" not in formal.bounded or "r" not in formal.bounded.split("langle")[0].split("|")[-1]:
            continue
        for name in COUNTS:
            if name in formal.solve:
                found = _solved(theorem, name, relation, x, y, absent)
                if found is not None:
                    yield found


def _solved(
    theorem: Theorem, name: str, relation: Relation, x: Box, y: Box, absent: dict[str, str]
) -> tuple[Any, ...] | None:
    formal = theorem.formal()
    resource = formal.solve[name]
    wanted = {s.name for s in resource.expression.free_symbols} - {"eps"}
    known = {q.symbol.name for q in formal.quantities if q.of_relation}
    if "eps" not in {s.name for s in resource.expression.free_symbols} or not wanted <= known:
        return None
    try:
        values = constants(theorem, relation, x, y, wanted)
    except InputError as problem:
        absent[theorem.label] = str(problem)
        return None
    needed = theorem.sense == "lower"
    kind = "lower bound" if needed else "constructive" if theorem.constructive else "existence"
    plain = name in ("n", "N") and "depth" not in resource.meaning
    what = UNITS if plain else resource.meaning.replace(" that suffice", "").replace(" needed at", ",")
    counted = theorem.resource(name)
    fixed = resource.expression.subs({formal.symbol(k): v for k, v in values.items()})
    return (theorem.label, "needed" if needed else "suffices", kind, what,
            lambda e: counted.count({**values, "eps": from_fmpq(e)}), _rate(fixed, formal.symbol("eps")))  # fmt: skip


def _rate(count: sp.Expr, eps: sp.Symbol) -> str:
    """The exponent of 1/eps as eps tends to 0; logarithmic growth has exponent 0."""
    try:
        exponent = sp.limit(-eps * sp.diff(count, eps) / count, eps, 0, "+")
    except (NotImplementedError, ValueError, TypeError):
        return ""
    return "log" if exponent == 0 and count.has(eps) else str(exponent) if exponent.is_Rational else ""


def _slope(errors: Sequence[fmpq], counts: Sequence[int | None]) -> float | None:
    points = [(math.log(1 / float(e)), math.log(c)) for e, c in zip(errors, counts, strict=True) if c and c > 1]
    if len(points) < 2:
        return None
    (a, b), (c, d) = points[-2:]
    return round((d - b) / (c - a), 3)
