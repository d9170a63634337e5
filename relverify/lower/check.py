"""Check the claims of a file of limits from its numbers alone, by none of the searches that found them."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import flint
from flint import arb, fmpq, fmpq_mat

from relverify.core.box import Box, parse_box
from relverify.errors import InputError
from relverify.lower.claims import DEEP_UNITS, FEATURES, ONE_NETWORK, ONE_NETWORK_FEATURES, UNITS
from relverify.lower.features import one_network_bound, tail_bound
from relverify.lower.kernels import distance_bound
from relverify.lower.rank import minor_bound
from relverify.lower.values import Point
from relverify.relations import parse_relation
from relverify.relations.relation import Relation
from relverify.rigor.decide import Verdict
from relverify.rigor.enclose import compile_arb
from relverify.rigor.exact import to_fmpq

ACCEPTED = "a file that relverify limits has written"
MAX_BYTES = 50_000_000
MAX_SIZE = 2000
PRECISIONS = (256, 1024, 4096)
_NUMBER = re.compile(r"-?\d{1,4000}(?:/[1-9]\d{0,4000})?")


class _Wrong(Exception):
    """A claim that its numbers do not prove, with the reason."""


@dataclass(frozen=True)
class Checked:
    """A claim that was checked.

    Parameters
    ----------
    theorem, subject : str
    needed : int or None
    verdict : Verdict
        Proved, or refuted where the numbers do not prove what is claimed.
    reason : str
    """

    theorem: str
    subject: str
    needed: int | None
    verdict: Verdict
    reason: str


def check(source: str | os.PathLike[str] | dict[str, Any]) -> list[Checked]:
    """Check every claim of a file of limits.

    Parameters
    ----------
    source : path or dict
        What :meth:`relverify.lower.claims.Limits.write` wrote, or its content.

    Returns
    -------
    list of Checked

    Raises
    ------
    InputError
        If it is no such file.

    Examples
    --------
    >>> import relverify
    >>> found = relverify.limits("x - y", "[0,1]", eps="1/2")
    >>> {str(claim.verdict) for claim in check(found.as_dict(certificates=True))}
    {'proved'}
    """
    data = source if isinstance(source, dict) else _read(source)
    try:
        relation = parse_relation(data["relation"])
        x, y, eps = parse_box(data["x"], "x"), parse_box(data["y"], "y"), to_fmpq(data["eps"], "eps")
        names = ("theorem", "subject", "needed", "exact", "certificate")
        claims = [tuple(claim[name] for name in names) for claim in data["claims"]]
    except (KeyError, TypeError):
        raise InputError("limits", "lacks a relation, boxes, eps or claims", ACCEPTED) from None
    checker = _Checker(relation, x, y, eps)
    rows = []
    for theorem, subject, needed, error, certificate in claims:
        try:
            reason = checker.claim(theorem, subject, needed, _number(error), certificate)
            verdict = Verdict.PROVED
        except _Wrong as problem:
            verdict, reason = Verdict.REFUTED, str(problem)
        except (KeyError, TypeError, ValueError, IndexError) as problem:
            verdict, reason = Verdict.REFUTED, f"is not complete ({type(problem).__name__}: {problem})"
        rows.append(Checked(theorem, subject, needed, verdict, reason))
    return rows


def _read(path: str | os.PathLike[str]) -> dict[str, Any]:
    file = Path(path)
    try:
        if file.stat().st_size > MAX_BYTES:
            raise InputError("limits", f"{file} has more than {MAX_BYTES} bytes", ACCEPTED)
        data = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValueError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError("limits", f"{file} cannot be read ({type(error).__name__})", ACCEPTED) from None
    if not isinstance(data, dict):
        raise InputError("limits", f"{file} is no JSON object", ACCEPTED)
    return data


def _number(text: Any) -> fmpq:
    if not isinstance(text, str) or not _NUMBER.fullmatch(text):
        raise _Wrong(f"{str(text)[:40]!r} is not a rational number")
    above, _, below = text.partition("/")
    return fmpq(int(above), int(below or 1))


def _matrix(rows: Any, shape: tuple[int, int]) -> fmpq_mat:
    if not isinstance(rows, list) or len(rows) != shape[0] or any(len(row) != shape[1] for row in rows):
        raise _Wrong(f"a matrix is not of shape {shape}")
    return fmpq_mat([[_number(v) for v in row] for row in rows])


class _Checker:
    """The relation, the boxes and the error that the claims speak of."""

    def __init__(self, relation: Relation, x: Box, y: Box, eps: fmpq) -> None:
        self.relation, self.x, self.y, self.eps = relation, x, y, eps
        self.function = compile_arb(relation.expr, relation.x_symbols + relation.y_symbols)

    def claim(self, theorem: str, subject: str, needed: Any, error: fmpq, data: dict[str, Any]) -> str:
        """The reason for a claim, or an exception."""
        if theorem == "indefinite-lower" and subject == ONE_NETWORK and needed is None:
            return self.indefinite(error, data)
        if not isinstance(needed, int) or needed < 1:
            raise _Wrong(f"{needed} is not a count")
        if subject in (FEATURES, ONE_NETWORK_FEATURES):
            return self.features(theorem, subject, needed, error, data)
        name = {"x": "phi", "y": "psi"}[data["side"]]
        count = self.segments(data)
        if error == self.eps and (theorem, subject) == ("width-lower", UNITS.format(name)) and needed <= count:
            return f"{count} disjoint segments, each with a breakpoint"
        deep = ("width-lower-any-depth", DEEP_UNITS.format(name))
        if error == self.eps and (theorem, subject) == deep and 2 ** (needed - 1) <= count:
            return f"{count} disjoint segments, each with a breakpoint; 2^{needed - 1} pieces have fewer"
        raise _Wrong(f"{count} segments do not prove this")

    def points(self, rows: Any, *boxes: Box) -> list[Point]:
        if not isinstance(rows, list) or not 1 <= len(rows) <= MAX_SIZE:
            raise _Wrong("the points are no list of reasonable length")
        points = [tuple(_number(c) for c in row) for row in rows]
        for point in points:
            for box in boxes:
                if len(point) != box.dim:
                    raise _Wrong("a point has the wrong number of coordinates")
                if not all(side.ends[0] <= c <= side.ends[1] for c, side in zip(point, box.sides, strict=True)):
                    raise _Wrong("a point lies outside the box")
        return points

    def values(self, xs: list[Point], ys: list[Point], data: dict[str, Any]) -> tuple[fmpq_mat, fmpq]:
        """The rational values, once each is proved within the slack."""
        matrix, slack = _matrix(data["values"], (len(xs), len(ys))), _number(data["slack"])
        for i, x in enumerate(xs):
            for j, y in enumerate(ys):
                if not self.decided(lambda r, i=i, j=j: abs(r - arb(matrix[i, j])) <= arb(slack), [(*x, *y)]):
                    raise _Wrong(f"value ({i}, {j}) is not that of the relation")
        return matrix, slack

    def decided(self, test: Any, places: list[Point]) -> bool:
        for prec in PRECISIONS:
            with flint.ctx.workprec(prec):
                if test(*[self.function(*[arb(c) for c in place]) for place in places]):
                    return True
        return False

    def enough(self, bound: fmpq, slack: fmpq, error: fmpq) -> str:
        if not (bound - slack >= error > self.eps):
            raise _Wrong("the bound is smaller than what is claimed, or not larger than eps")
        return "the bound for the rational values, less their slack, is larger than eps"

    def indefinite(self, error: fmpq, data: dict[str, Any]) -> str:
        points = self.points(data["points"], self.x, self.y)
        matrix, slack = self.values(points, points, data)
        shape = len(points), len(points)
        try:
            bound = distance_bound(matrix, _matrix(data["W"], shape), _matrix(data["A"], shape))
        except InputError as problem:
            raise _Wrong(str(problem)) from None
        return self.enough(bound, slack, error)

    def features(self, theorem: str, subject: str, needed: int, error: fmpq, data: dict[str, Any]) -> str:
        xs, ys = self.points(data["points_x"], self.x), self.points(data["points_y"], self.y)
        matrix, slack = self.values(xs, ys, data)
        d = needed - 1
        if theorem == "rank-lower":
            bound = tail_bound(matrix, d, self.eps)
        elif theorem == "rank-lower-minor":
            if matrix.nrows() != matrix.ncols() or matrix.nrows() < needed:
                raise _Wrong(f"the matrix has no {needed} rows and columns")
            bound = minor_bound(matrix)
        elif theorem == "rank-lower-one-network" and subject == ONE_NETWORK_FEATURES:
            if xs != ys:
                raise _Wrong("the points of x and of y differ")
            bound = one_network_bound(matrix, d, self.eps)
        else:
            raise _Wrong(f"{theorem} does not prove this")
        return self.enough(bound, slack, error)

    def segments(self, data: dict[str, Any]) -> int:
        """How many disjoint segments of one line were proved farther than eps from all affine functions."""
        own, other = (self.x, self.y) if data["side"] == "x" else (self.y, self.x)
        segments = data["segments"]
        lines = [self.points(s["points"], own) for s in segments]
        partners = [self.points([s["partner"]], other)[0] for s in segments]
        start, end = lines[0][0], lines[-1][-1]
        direction = [b - a for a, b in zip(start, end, strict=True)]
        axis = max(range(len(direction)), key=lambda k: abs(direction[k]))
        if direction[axis] == 0:
            raise _Wrong("the segments have no length")
        last = fmpq(0)
        for line, partner in zip(lines, partners, strict=True):
            along = [(point[axis] - start[axis]) / direction[axis] for point in line]
            for point, t in zip(line, along, strict=True):
                if any(c != a + t * d for c, a, d in zip(point, start, direction, strict=True)):
                    raise _Wrong("the segments do not lie on one line")
            if len(along) != 3 or not last <= along[0] < along[1] < along[2]:
                raise _Wrong("the segments are not disjoint and in order")
            last, share = along[2], (along[1] - along[0]) / (along[2] - along[0])
            places = [(*p, *partner) if data["side"] == "x" else (*partner, *p) for p in line]

            def far(a: arb, b: arb, c: arb, share: fmpq = share) -> bool:
                return bool(abs(b - a - (c - a) * arb(share)) > 2 * arb(self.eps))

            if not self.decided(far, places):
                raise _Wrong("a segment is not proved farther than eps from all affine functions")
        return len(lines)
