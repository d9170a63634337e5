"""Check the expansion of a relation in three ways that share no formula.

Partial sums against the relation, tails against sums of the features beyond a cut, eigenpairs against the integral
operator. Families of other packages can be given to the same functions.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import sympy as sp
from flint import arb, ctx

from relverify.core.box import Box, parse_box
from relverify.errors import InputError
from relverify.relations import parse_relation
from relverify.relations.expansion import Expansion, Point
from relverify.relations.relation import Relation
from relverify.rigor.decide import Decision, Verdict, compare, overall
from relverify.rigor.enclose import compile_arb, enclose
from relverify.rigor.quadrature import integral
from relverify.testing.kit import Check

CUTS = (0, 1, 2, 4, 7)
PLACES = (sp.Integer(0), sp.Rational(1, 3), sp.Rational(4, 7), sp.Integer(1))
EQUAL = 100
FAR = 50

Ball = Callable[[int], arb]
_Found = tuple[Verdict, str, tuple[str, ...], str]


def check_expansion(relation: Relation | str, box: Box | str, cuts: Sequence[int] = CUTS) -> Iterator[Check]:
    """Run every check of an expansion.

    Parameters
    ----------
    relation : Relation or str
    box : Box or str
        On which the relation has an expansion.
    cuts : sequence of int
        Numbers of whole blocks after which it is cut.

    Yields
    ------
    Check
        *partial sums*, *attained* (where a tail is said to be attained), *series*, and *eigenpairs* (where there is a
        spectrum). Equalities are decided up to 2**-100 of sup r(x, x).

    Raises
    ------
    InputError
        If there is no expansion.

    Examples
    --------
    >>> [(c.name, str(c.verdict)) for c in check_expansion("brownian", "[0,1]", cuts=(0, 2))]
    [('partial sums', 'proved'), ('attained', 'proved'), ('series', 'proved'), ('eigenpairs', 'proved')]
    """
    kernel, domain = parse_relation(relation), parse_box(box)
    expansion = kernel.expansion(domain)
    if expansion is None:
        raise InputError("relation", f"{kernel.text} has no expansion on {domain}", "a relation with one")
    checks: list[tuple[str, Callable[[], _Found]]] = [("partial sums", lambda: partial_sums(kernel, domain, cuts))]
    if expansion.attained:
        checks.append(("attained", lambda: attained_tails(kernel, domain, cuts)))
    checks.append(("series", lambda: series(kernel, domain, cuts)))
    if expansion.spectrum:
        checks.append(("eigenpairs", lambda: eigenpairs(kernel, domain)))
    for name, run in checks:
        start = time.perf_counter()
        verdict, detail, evidence, guarantee = run()
        yield Check(kernel.text, name, verdict, detail, evidence, time.perf_counter() - start, guarantee)


def partial_sums(
    relation: Relation, box: Box, cuts: Sequence[int] = CUTS, places: Sequence[sp.Expr] = PLACES
) -> _Found:
    """|r(p, q) - Σ_{i<=d} f_i(p) f_i(q)| <= τ_d, and 0 <= r(p, p) - Σ f_i(p)², at exact points of the box.

    Parameters
    ----------
    relation : Relation
    box : Box
    cuts : sequence of int
    places : sequence of Expr
        Relative places along the diagonal of the box; all pairs are tried.

    Returns
    -------
    verdict, detail, evidence, guarantee
        As the checks of :mod:`relverify.testing.kit`.
    """
    expansion = _of(relation, box)
    points = [tuple(side.lo + side.length * t for side in box.sides) for t in places]
    decisions: list[tuple[str, Decision]] = []
    for d in sorted({d for k in cuts for d in _around(expansion, k)}):
        rest = _Rest(relation, expansion, d)
        for a in range(len(points)):
            for b in range(a, len(points)):
                where = f"d = {d} at {points[a]}, {points[b]}"
                size = compare(_size(rest.at(points[a], points[b])), "<=", _sum(_tail(expansion, d), _grain(expansion)))
                decisions.append((f"|rest| <= tail for {where}", size))
            below = compare(_sum(rest.at(points[a], points[a]), _grain(expansion)), ">=", lambda _: arb(0))
            decisions.append((f"rest >= 0 for d = {d} at {points[a]}", below))
    return _summary(decisions, "sums")


def attained_tails(relation: Relation, box: Box, cuts: Sequence[int] = CUTS) -> _Found:
    """The rest of the series on the diagonal equals the tail where the expansion says so."""
    expansion = _of(relation, box)
    assert expansion.attained is not None
    decisions = []
    for k in cuts:
        d = expansion.cut(k)
        point, rest = expansion.attained(k), _Rest(relation, expansion, d)
        gap = _size(_sum(rest.at(point, point), _enclosed(-expansion.tail(d))))
        found = compare(gap, "<=", _grain(expansion), start=256)
        decisions.append((f"tail attained for d = {d} at {point[0]}", found))
    return _summary(decisions, "tails")


def series(relation: Relation, box: Box, cuts: Sequence[int] = CUTS, far: int = FAR) -> _Found:
    """A tail lies between the sum of the squares of about `far` more features, and that plus the tail after them.

    The sums are taken at the point where the tail is attained; where none is named, at the ends of the box, from below
    only.
    """
    expansion = _of(relation, box)
    decisions = []
    for k in cuts:
        d = expansion.cut(k)
        last = k + 1
        while last < k + far and expansion.cut(last + 1) <= d + far:
            last += 1
        end = expansion.cut(last)
        if expansion.size is not None:
            end = min(end, expansion.size)
        ends = [tuple(side.lo for side in box.sides), tuple(side.hi for side in box.sides)]
        for point in [expansion.attained(k)] if expansion.attained else ends:
            squares = _Squares(relation, expansion, d, end, point)
            less = compare(squares, "<=", _sum(_tail(expansion, d), _grain(expansion)), start=256)
            decisions.append((f"sum of the features {d + 1} to {end} <= tail", less))
            whole = _sum(squares, _tail(expansion, end), _grain(expansion))
            if expansion.attained:
                more = compare(whole, ">=", _tail(expansion, d), start=256)
                decisions.append((f"that and the tail after {end} >= tail after {d}", more))
            if expansion.lower:
                below = compare(_enclosed(expansion.lower(d)), "<=", whole, start=256)
                decisions.append((f"lower bound of the tail after {d}", below))
    return _summary(decisions, "series")


def eigenpairs(relation: Relation, box: Box, count: int = 4, prec: int = 96) -> _Found:
    """∫ r(p, y) f_i(y) dμ(y) = λ_i f_i(p) and ∫ f_i f_j dμ = λ_i [i = j], up to 2**-60, by certified quadrature."""
    expansion = _of(relation, box)
    spectrum = expansion.spectrum
    assert spectrum is not None
    (x,), (y,) = relation.x_symbols, relation.y_symbols
    low, high = spectrum.domain
    points = [box[0].lo + box[0].length * t for t in PLACES[1:3]]
    decisions = []
    for i in range(1, count + 1):
        f, value = expansion.feature(i), spectrum.eigenvalue(i)
        for p in points:
            # where the kernel is periodic, the period around the point
            a, b = (p - (high - low) / 2, p + (high - low) / 2) if spectrum.periodic else (low, high)
            integrand = (relation.expr.subs(x, p) * f.subs(x, y) * spectrum.density, y, a, b)
            image = integral(*integrand, prec=prec)
            expected = enclose(value * f.subs(x, p), prec=prec)
            decisions.append((f"eigenfunction {i} at {p}", _vanishes(image - expected)))
        for j in range(1, i + 1):
            product = integral(f * expansion.feature(j) * spectrum.density, x, low, high, prec=prec)
            if i == j:
                product -= enclose(value, prec=prec)
            decisions.append((f"features {i} and {j}", _vanishes(product)))
    verdict, detail, evidence, _ = _summary(decisions, "integrals")
    return verdict, detail, evidence, "enclosed"


class _Rest:
    """r(p, q) - Σ_{i<=d} f_i(p) f_i(q), enclosed."""

    def __init__(self, relation: Relation, expansion: Expansion, d: int) -> None:
        self.value = compile_arb(relation.expr, relation.x_symbols + relation.y_symbols)
        features = [expansion.feature(i) for i in range(1, d + 1)]
        self.features = compile_arb(features, relation.x_symbols)
        self.known: dict[tuple[Any, int], tuple[arb, tuple[arb, ...]]] = {}

    def at(self, p: Point, q: Point) -> Ball:
        """Its value, given a precision."""

        def value(prec: int) -> arb:
            with ctx.workprec(prec):
                (at_p, f), (at_q, g) = self._at(p, prec), self._at(q, prec)
                return self.value(*at_p, *at_q) - sum((s * t for s, t in zip(f, g, strict=True)), arb(0))

        return value

    def _at(self, point: Point, prec: int) -> Any:
        key = (tuple(point), prec)
        if key not in self.known:
            balls = tuple(enclose(v, prec=prec) for v in point)
            self.known[key] = balls, self.features(*balls)
        return self.known[key]


class _Squares:
    """Σ f_i(p)² over a range of features."""

    def __init__(self, relation: Relation, expansion: Expansion, first: int, last: int, point: Point) -> None:
        features = [expansion.feature(i) for i in range(first + 1, last + 1)]
        self.features, self.point = compile_arb(features, relation.x_symbols), point

    def __call__(self, prec: int) -> arb:
        with ctx.workprec(prec):
            values = self.features(*(enclose(v, prec=prec) for v in self.point))
            return sum((v * v for v in values), arb(0))


def _of(relation: Relation, box: Box) -> Expansion:
    expansion = relation.expansion(box)
    assert expansion is not None
    return expansion


def _around(expansion: Expansion, k: int) -> Iterator[int]:
    """A cut, and a number of features inside the block that follows."""
    d = expansion.cut(k)
    yield d
    if expansion.cut(k + 1) > d + 1:
        yield d + 1


def _enclosed(expression: sp.Expr) -> Ball:
    return lambda prec: enclose(expression, prec=prec)


def _tail(expansion: Expansion, d: int) -> Ball:
    return _enclosed(expansion.tail(d))


def _grain(expansion: Expansion) -> Ball:
    return _enclosed(expansion.energy / 2**EQUAL)


def _sum(*parts: Ball) -> Ball:
    return lambda prec: sum((part(prec) for part in parts), arb(0))


def _size(part: Ball) -> Ball:
    return lambda prec: abs(part(prec))


def _vanishes(gap: arb) -> Decision:
    return compare(lambda _: abs(gap), "<", lambda _: arb(2) ** -60, max_prec=64)


def _summary(decisions: Sequence[tuple[str, Decision]], what: str) -> _Found:
    verdict = overall(found.verdict for _, found in decisions)
    worst = [f"{name}: {found.reason}" for name, found in decisions if found.verdict is not Verdict.PROVED]
    detail = worst[0] if worst else f"{len(decisions)} comparisons of {what}"
    return verdict, detail, tuple(worst or [decisions[0][0]]), "proved"
