"""Every bound that applies to a relation, side by side: units and features that suffice or are needed.

The methods of :mod:`relverify.networks.methods` take part, and by itself every other theorem that bounds an inner
product against the relation, is solved for a count, and whose other quantities a relation determines.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flint import fmpq

from relverify.core.box import Box, parse_box
from relverify.core.registry import theorems
from relverify.core.theorem import Theorem
from relverify.errors import InputError, UnknownNode
from relverify.networks.methods import FEATURES, KINDS, UNITS, Count, Method, Problem, exponent, methods
from relverify.relations.properties import constants
from relverify.relations.relation import Relation
from relverify.rigor.exact import from_fmpq, to_fmpq

Progress = Callable[[str], None]
COUNTS = ("N", "n", "d", "m")
TIME_LIMIT = 60.0


@dataclass(frozen=True)
class Row:
    """One bound over several errors.

    Parameters
    ----------
    name : str
        What is built, drawn or counted, in words.
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

    name: str
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
        Methods that could apply, by name, and why they do not.
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
    relation: Relation,
    x: Box | str,
    y: Box | str | None = None,
    eps: object = None,
    progress: Progress | None = None,
    time_limit: float = TIME_LIMIT,
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
    time_limit : float
        Seconds after which no further count is begun; larger errors come first.

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
    if not time_limit >= 0:
        raise InputError("time-limit", f"{time_limit} is not accepted", "seconds, a number >= 0")
    if not relation.one_dimensional:
        raise InputError("relation", f"{relation.text} has several coordinates", "a relation of two numbers")
    x_box = parse_box(x, "x")
    problem = Problem(relation, x_box, x_box if y is None else parse_box(y, "y"))
    errors = tuple(e for k in (3, 2, 1, 0) if (e := limit * 10**k) <= fmpq(1, 2) or k == 0)
    absent: dict[str, str] = {}
    chosen = [m for m in methods() if m.fits(problem)]
    chosen += _of_theorems(problem, {m.theorem for m in chosen}, absent)
    # what is needed and what is built come first, should time run out
    chosen.sort(key=lambda m: -KINDS.index(m.kind))
    counts: dict[Method, list[int | None]] = {method: [] for method in chosen}
    for error in errors:
        for method in chosen:
            tell(f"{method.name}, error {error}")
            late = time.perf_counter() - start > time_limit
            counts[method].append(None if late else _count(method, problem, error, absent))
            if late:
                absent.setdefault(method.name, f"the time limit of {time_limit:g} s was reached")
    rows = [
        _row(method, problem, errors, found) for method, found in counts.items() if any(c is not None for c in found)
    ]
    for row in rows:
        absent.pop(row.name, None)
    rows.sort(key=_order)
    return Comparison(relation, x_box, problem.y, errors, tuple(rows), absent, time.perf_counter() - start)


def _count(method: Method, problem: Problem, eps: fmpq, absent: dict[str, str]) -> int | None:
    try:
        found = method.count(problem, eps)
    except InputError as error:
        absent.setdefault(method.name, error.problem)
        return None
    except (ArithmeticError, UnknownNode) as error:
        absent.setdefault(method.name, str(error))
        return None
    return found.d if method.counted == FEATURES else found.units


def _row(method: Method, problem: Problem, errors: Sequence[fmpq], counts: list[int | None]) -> Row:
    sense = "needed" if method.kind == "lower bound" else "suffices"
    slope, rate = _slope(errors, counts), method.rate(problem)
    return Row(method.name, method.theorem, sense, method.kind, method.counted, tuple(counts), slope, rate)


def _order(row: Row) -> tuple[Any, ...]:
    """Units of one layer first; from the largest count of existence to what is needed."""
    last = next((c for c in reversed(row.counts) if c is not None), 0)
    return row.what != UNITS, row.what, KINDS.index(row.kind), -last


def _of_theorems(problem: Problem, known: set[str], absent: dict[str, str]) -> Iterator[Method]:
    """Theorems without a method of their own that the relation alone determines."""
    for theorem in theorems().values():
        formal = theorem.formal()
        if "langle" not in formal.bounded or "r" not in formal.bounded.split("langle")[0].split("|")[-1]:
            continue
        one = "varphi(y)" in formal.bounded or any("PSD" in h for h in formal.hypotheses if isinstance(h, str))
        for name in COUNTS:
            # a lower bound in closed form stands beside the sharper count of its method
            if name in formal.solve and (theorem.label not in known or theorem.sense == "lower"):
                found = _solved(theorem, name, problem, absent, one)
                if found is not None:
                    yield found


def _solved(theorem: Theorem, name: str, problem: Problem, absent: dict[str, str], one: bool) -> Method | None:
    formal = theorem.formal()
    resource = formal.solve[name]
    wanted = {s.name for s in resource.expression.free_symbols} - {"eps"}
    determined = {q.symbol.name for q in formal.quantities if q.of_relation}
    if "eps" not in {s.name for s in resource.expression.free_symbols} or not wanted <= determined:
        return None
    title = f"{theorem.label}, closed form"
    if one and not problem.own:
        absent[title] = f"{problem.relation.text} is not known to be symmetric positive semidefinite on equal boxes"
        return None
    try:
        values = constants(theorem, problem.relation, problem.x, problem.y, wanted)
    except InputError as error:
        absent[title] = error.problem
        return None
    kind = "lower bound" if theorem.sense == "lower" else "constructive" if theorem.constructive else "existence"
    plain = name in ("n", "N") and "depth" not in resource.meaning
    what = UNITS if plain else resource.meaning.replace(" that suffice", "").replace(" needed at", ",")
    counted = theorem.resource(name)
    fixed = resource.expression.subs({formal.symbol(k): v for k, v in values.items()})
    rate = exponent(fixed, formal.symbol("eps"))
    return Method(title, theorem.label, kind, lambda _, e: Count(counted.count({**values, "eps": from_fmpq(e)})), what,
                  rate=lambda _: rate)  # fmt: skip


def _slope(errors: Sequence[fmpq], counts: Sequence[int | None]) -> float | None:
    points = [(math.log(1 / float(e)), math.log(c)) for e, c in zip(errors, counts, strict=True) if c and c > 1]
    if len(points) < 2:
        return None
    (a, b), (c, d) = points[-2:]
    return round((d - b) / (c - a), 3)
