"""What is impossible at a given error, each claim with the numbers that prove it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flint import fmpq, fmpq_mat

from relverify.certify.segments import Triple, needed_pieces
from relverify.core.box import Box, Interval, parse_box
from relverify.core.symbols import x as X
from relverify.core.symbols import y as Y
from relverify.errors import InputError
from relverify.lower.features import FeatureBound, features_needed
from relverify.lower.kernels import Distance, IndefiniteCertificate, distance
from relverify.lower.values import Point, Values
from relverify.relations.relation import Relation
from relverify.rigor.decimals import decimal_string
from relverify.rigor.exact import from_fmpq, to_fmpq

Progress = Callable[[str], None]
ONE_NETWORK = "one network with itself"
FEATURES = "features"
ONE_NETWORK_FEATURES = "features of one network"
UNITS = "units of {}, one layer"
DEEP_UNITS = "units of {}, any depth"


@dataclass(frozen=True)
class Claim:
    """A proved lower bound.

    Parameters
    ----------
    theorem : str
        The label.
    subject : str
        What is needed.
    needed : int or None
        How much of it at least; None where no amount suffices.
    error : fmpq
        With less, the error is at least this, or larger.
    certificate : dict
        What proves it, as JSON values; see :func:`relverify.lower.check.check`.
    """

    theorem: str
    subject: str
    needed: int | None
    error: fmpq
    certificate: dict[str, Any]

    def as_dict(self, certificate: bool = False) -> dict[str, Any]:
        """For JSON; the numbers that prove it on request."""
        row = {
            "theorem": self.theorem, "subject": self.subject, "needed": self.needed,
            "error": decimal_string(self.error, 10, "down"), "exact": str(self.error),
        }  # fmt: skip
        return row | ({"certificate": self.certificate} if certificate else {})


@dataclass(frozen=True)
class Limits:
    """What is proved impossible at an error.

    Parameters
    ----------
    relation : Relation
    x, y : Box
    eps : fmpq
    claims : tuple of Claim
    one_network : {"possible", "impossible", "undecided", "not applicable"}
        Whether one network with itself, of some size, errs by at most eps.
    distance : Distance or None
        Proved bounds of the distance to all kernels, on the points that x and y share; None where they share none.
    seconds : float
    """

    relation: Relation
    x: Box
    y: Box
    eps: fmpq
    claims: tuple[Claim, ...]
    one_network: str
    distance: Distance | None
    seconds: float

    def needed(self, subject: str) -> int | None:
        """The proved amount of a subject, 0 where nothing was proved, None where no amount suffices."""
        found = [claim.needed for claim in self.claims if claim.subject == subject]
        return None if None in found else max((n for n in found if n is not None), default=0)

    def units(self, one_network: bool) -> int | None:
        """Hidden units in one layer of one network with itself, or of two networks together; None if impossible."""
        sides = [self.needed(UNITS.format(name)) or 0 for name in ("phi", "psi")]
        if one_network:
            return None if self.one_network == "impossible" else max(sides)
        return sum(sides)

    def as_dict(self, certificates: bool = False) -> dict[str, Any]:
        """For JSON; the numbers that prove the claims on request."""
        d = self.distance
        return {
            "relation": self.relation.text, "x": str(self.x), "y": str(self.y), "eps": str(self.eps),
            "one_network": self.one_network,
            "distance": None if d is None else {
                "lower": decimal_string(d.lower, 10, "down"),
                "upper": None if d.upper is None else decimal_string(d.upper, 10, "up"),
                "reason": d.reason,
            },
            "needed": {
                "features": self.needed(FEATURES), "units_one_network": self.units(True),
                "units_two_networks": self.units(False),
            },
            "claims": [claim.as_dict(certificates) for claim in self.claims],
            "seconds": round(self.seconds, 3),
        }  # fmt: skip

    def write(self, path: str | os.PathLike[str]) -> str:
        """Write the claims with their certificates; the file appears complete or not at all.

        See :func:`relverify.lower.check.check` for how it is checked.
        """
        from relverify.networks.files import write_atomically

        text = json.dumps({"format": "relverify-limits-1", **self.as_dict(True)}, indent=1, ensure_ascii=False) + "\n"
        return str(write_atomically(path, text.encode(), "out"))


def limits(
    relation: Relation, x: Box | str, y: Box | str | None = None, eps: object = None, progress: Progress | None = None
) -> Limits:
    """Prove what is impossible at an error: features, hidden units, and one network in place of two.

    Parameters
    ----------
    relation : Relation
        Of points of up to three coordinates.
    x, y : Box or str
        y defaults to x.
    eps : exact number > 0
    progress : callable, optional
        Receives one line of text a step.

    Returns
    -------
    Limits

    Raises
    ------
    InputError
        If eps is not positive, the boxes do not fit the relation, or it has no value at a point.
    """
    start, tell = time.perf_counter(), progress or (lambda _: None)
    if eps is None:
        raise InputError("eps", "is missing", "a number > 0")
    limit = to_fmpq(eps, "eps")
    if limit <= 0:
        raise InputError("eps", f"{limit} is not positive", "a number > 0")
    x_box = parse_box(x, "x")
    y_box = x_box if y is None else parse_box(y, "y")
    for name, box, symbols in (("x", x_box, relation.x_symbols), ("y", y_box, relation.y_symbols)):
        if box.dim != len(symbols):
            raise InputError(name, f"has {box.dim} sides", f"{len(symbols)}, as {relation.text} has coordinates")
    claims: list[Claim] = []
    tell("the distance to the kernels of one network")
    shared = _intersection(x_box, y_box)
    found = None if shared is None else distance(relation, shared, upper=x_box == y_box)
    state = _state(found, limit, relation, x_box, y_box)
    if state == "impossible" and found is not None and found.certificate is not None:
        claims.append(Claim("indefinite-lower", ONE_NETWORK, None, found.lower, _indefinite(found.certificate)))
    tell("features")
    features = features_needed(relation, x_box, y_box, limit)
    if features is not None:
        claims.append(_feature_claim(features, FEATURES))
    if state in ("possible", "undecided") and x_box == y_box:
        own = features_needed(relation, x_box, x_box, limit, one_network=True)
        if own is not None:
            claims.append(_feature_claim(own, ONE_NETWORK_FEATURES))
    tell("hidden units")
    claims += _unit_claims(relation, x_box, y_box, limit)
    return Limits(relation, x_box, y_box, limit, tuple(claims), state, found, time.perf_counter() - start)


def _state(found: Distance | None, eps: fmpq, relation: Relation, x: Box, y: Box) -> str:
    if found is None:
        return "not applicable"
    if found.lower > eps:
        return "impossible"
    return "possible" if x == y and found.upper is not None and found.upper <= eps else "undecided"


def _intersection(x: Box, y: Box) -> Box | None:
    if x.dim != y.dim:
        return None
    sides = [Interval(max(a.lo, b.lo), min(a.hi, b.hi)) for a, b in zip(x.sides, y.sides, strict=True)]
    return Box(tuple(sides)) if all(side.lo < side.hi for side in sides) else None


def _points(points: Sequence[Point]) -> list[list[str]]:
    return [[str(c) for c in point] for point in points]


def _matrix(matrix: fmpq_mat) -> list[list[str]]:
    return [[str(v) for v in row] for row in matrix.tolist()]


def _values(values: Values) -> dict[str, Any]:
    return {"values": _matrix(values.matrix), "slack": str(values.slack)}


def _indefinite(found: IndefiniteCertificate) -> dict[str, Any]:
    return {"points": _points(found.points), **_values(found.values), "W": _matrix(found.W), "A": _matrix(found.A)}


def _feature_claim(found: FeatureBound, subject: str) -> Claim:
    certificate = {"points_x": _points(found.xs), "points_y": _points(found.ys), **_values(found.values)}
    return Claim(found.theorem, subject, found.d + 1, found.bound, certificate)


def _unit_claims(relation: Relation, x: Box, y: Box, eps: fmpq) -> list[Claim]:
    """Segments of x for phi and of y for psi: one layer and any depth."""
    claims: list[Claim] = []
    triples = _segments(relation, x, y, eps)
    for name, side in (("phi", "x"), ("psi", "y")):
        if side == "y" and not (relation.symmetric and x == y):
            triples = _segments(relation.swapped(), y, x, eps)
        if not triples:
            continue
        certificate = {
            "side": side,
            "segments": [{"partner": _points([p])[0], "points": _points(line)} for p, line in triples],
        }
        count = len(triples)
        claims.append(Claim("width-lower", UNITS.format(name), count, eps, certificate))
        # 2^N pieces hold at most 2^N − 1 breakpoints
        claims.append(Claim("width-lower-any-depth", DEEP_UNITS.format(name), count.bit_length(), eps, certificate))
    return claims


def _segments(relation: Relation, x: Box, y: Box, eps: fmpq) -> list[tuple[Point, list[Point]]]:
    """Most disjoint segments, on an axis through the middle of the box, that no affine function comes within eps of."""
    if relation.one_dimensional:
        return [_placed(t, lambda a: (a,), lambda b: (b,)) for t in needed_pieces(relation, x, y, eps).infeasible]
    best: list[tuple[Point, list[Point]]] = []
    for axis in range(x.dim):
        for other in range(y.dim):
            on_x, on_y = _line(x, axis), _line(y, other)
            values = {s: from_fmpq(c) for s, c in zip(relation.x_symbols, on_x(fmpq(0)), strict=True)}
            values |= {s: from_fmpq(c) for s, c in zip(relation.y_symbols, on_y(fmpq(0)), strict=True)}
            values[relation.x_symbols[axis]], values[relation.y_symbols[other]] = X, Y
            expr = relation.expr.subs(values, simultaneous=True)
            line = Relation(expr, str(expr))
            sides = Box((x.sides[axis],)), Box((y.sides[other],))
            found = needed_pieces(line, *sides, eps).infeasible
            if len(found) > len(best):
                best = [_placed(t, on_x, on_y) for t in found]
    return best


def _line(box: Box, axis: int) -> Callable[[fmpq], Point]:
    """The point with a given coordinate on an axis, the others in the middle."""
    middles = [to_fmpq((side.lo + side.hi) / 2) for side in box.sides]
    return lambda value: tuple(value if k == axis else middle for k, middle in enumerate(middles))


def _placed(
    triple: Triple, on_x: Callable[[fmpq], Point], on_y: Callable[[fmpq], Point]
) -> tuple[Point, list[Point]]:
    partner, *line = triple
    return on_y(partner), [on_x(point) for point in line]
