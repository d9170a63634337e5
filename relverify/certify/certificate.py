"""Write certificates of the error of networks, which :mod:`relverify.certify.checker` checks on its own.

The search says what is to be proved: the error is at most eps, or at most `within` times its lower bound. The cells
are found anew in the arithmetic of the checker: a cell whose bound misses that is halved along the coordinate that
contributes most to what the bound overestimates. The certificate states the largest bound of its cells. The file format
is described in the documentation (*Certificates*). A certificate is checked as a whole before it is written.
"""

from __future__ import annotations

import base64
import gzip
import json
import math
import os
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flint
import numpy as np
from flint import arb, fmpq

from relverify._version import __version__
from relverify.activations import activation
from relverify.certify import checker
from relverify.certify.tape import Step, tape
from relverify.core.box import Box, parse_box
from relverify.errors import Disagreement, InputError
from relverify.networks.files import write_atomically
from relverify.networks.mlp import MLP
from relverify.relations.relation import Relation
from relverify.rigor.decide import Verdict
from relverify.rigor.enclose import arf_to_fmpq
from relverify.rigor.exact import to_fmpq

ORDER = 3
MAX_CELLS = 500_000
MAX_POINTS = 24
POINT_PREC = 256
Cell = tuple[tuple[float, float], ...]


def certificate(
    found: Any,
    relation: Relation,
    phi: MLP,
    psi: MLP | None,
    x: Box | str,
    y: Box | str | None = None,
    *,
    within: object = None,
    order: int = ORDER,
    max_cells: int = MAX_CELLS,
    time_limit: float | None = None,
    progress: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """The certificate of bounds that a search has found.

    Parameters
    ----------
    found : MatrixCertificate or VertexCertificate
        What is to be certified: ``upper``, ``lower``, ``argmax`` and ``eps``. If the verdict is *refuted*, the lower
        bound alone.
    relation, phi, psi, x, y
        The problem, as for :func:`relverify.certify.engine.certify`.
    within : exact number, optional
        Without eps the certificate states an upper bound of at most this times the lower bound, or of at most that of
        the search if this is larger; 1.1 by default.
    order : int
        Degree of the Taylor models, 1 to 6.
    max_cells : int
        Limit of the bounded cells. When it is reached, the certificate states a larger upper bound, the best so far.
    time_limit : float, optional
        Limit in seconds, to the same effect.
    progress : callable, optional
        Receives lines that say how many cells are done.

    Returns
    -------
    dict
        The document; see :func:`write_certificate`.

    Raises
    ------
    InputError
        If there is no finite bound, the cells do not prove eps within the limits, or the relation has an operation
        that the checker does not know.
    Disagreement
        If the checker does not confirm what was found.

    Examples
    --------
    >>> from relverify.certify.engine import matrix_certificate
    >>> from relverify.relations import parse_relation
    >>> net, r = MLP(([[1.0]], [[1.0]]), ([0.0], [0.0]), "sin"), parse_relation("x*y")
    >>> document = certificate(matrix_certificate(r, net, None, "[-1,1]"), r, net, None, "[-1,1]")
    >>> document["relation"], set(document["tree"]) <= set("01.")
    ('(x * y)', True)
    """
    if getattr(found, "semantics", "real") != "real":
        raise InputError("out", f"no certificate is written for the semantics {found.semantics}", "real")
    start = time.monotonic()
    boxes = parse_box(x, "x"), parse_box(x if y is None else y, "y")
    refuted = found.verdict is not None and Verdict(found.verdict) is Verdict.REFUTED
    if found.upper is None and not refuted:
        raise InputError("out", "there is no finite upper bound to certify", "a search with a finite bound")
    document = {
        "schema": checker.SCHEMA,
        "program": f"relverify {__version__}",
        "semantics": "real",
        "source": relation.text,
        "tape": relation_tape(relation, boxes[0].dim, boxes[1].dim),
        "x": [[str(to_fmpq(s.lo)), str(to_fmpq(s.hi))] for s in boxes[0].sides],
        "y": [[str(to_fmpq(s.lo)), str(to_fmpq(s.hi))] for s in boxes[1].sides],
        "phi": _network(phi),
        "psi": None if psi is None or psi == phi else _network(psi),
        "eps": None if found.eps is None else str(found.eps),
        "lower": str(found.lower),
        "upper": None,
        "order": order,
        "precision": 64 if refuted or found.upper > fmpq(1, 10**9) else 128,
        "tree": "", "bounds": "", "unit": "0",
    }  # fmt: skip
    with flint.ctx.workprec(POINT_PREC):
        model, document["relation"] = checker.error_model(document, 0)
        document["points"] = _points(model, found.argmax, phi, phi if psi is None else psi, boxes)
    if not refuted:
        factor = fmpq(11, 10) if within is None else to_fmpq(within, "within")
        proved = found.verdict is not None and Verdict(found.verdict) is Verdict.PROVED
        target = max(found.upper, found.eps if proved else found.lower * factor)
        _Division(document, target, max_cells, math.inf if time_limit is None else start + time_limit, progress)
        if proved and checker.rational(document["upper"]) > found.eps:
            raise InputError("eps", "is too close to the error for a certificate within the limits", "a larger eps")
    document["sha256"] = checker.sealed(document)
    try:
        checker.check(document)
    except ValueError as error:
        raise Disagreement(f"the checker does not confirm the certificate: {error}") from error
    return document


def write_certificate(path: str | os.PathLike[str], document: dict[str, Any]) -> Path:
    """Write a certificate as compressed JSON; the file appears complete or not at all.

    Parameters
    ----------
    path : path
    document : dict
        Of :func:`certificate`.

    Returns
    -------
    Path
    """
    return write_atomically(path, gzip.compress(json.dumps(document, sort_keys=True).encode(), mtime=0), "out")


def require_writable(
    path: str | os.PathLike[str], relation: Relation, phi: MLP, psi: MLP, semantics: str = "real"
) -> None:
    """Refuse early what would be refused after a long search.

    Raises
    ------
    InputError
        If the folder does not exist, the semantics is that of an execution, or the relation has an operation that the
        checker does not know.
    """
    if semantics != "real":
        raise InputError("out", f"no certificate is written for the semantics {semantics}", "real")
    if not os.fspath(path):
        raise InputError("out", "is empty", "a file in an existing folder")
    if not Path(path).parent.is_dir() or Path(path).is_dir():
        raise InputError("out", f"{path} cannot be written", "a file in an existing folder")
    relation_tape(relation, phi.in_features, psi.in_features)


def read_certificate(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The document of a certificate, unchecked."""
    with gzip.open(path) as file:
        document: dict[str, Any] = json.loads(file.read(checker.LIMIT))
    return document


def check_certificate(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Check a certificate by the independent checker, and its operations against the relation as it was first written.

    Parameters
    ----------
    path : path

    Returns
    -------
    dict
        ``verdict``: proved, refuted, undecided, rejected or malformed. With the first three ``relation``, ``lower``,
        ``upper``, ``eps``, ``source``, ``x``, ``y``, ``phi``, ``psi`` and ``cells``; with the last two ``reason``.
    """
    result: dict[str, Any] = checker.verify(os.fspath(path))
    if result["verdict"] in ("rejected", "malformed"):
        return result
    from relverify.relations import parse_relation

    document = read_certificate(path)
    try:
        steps = relation_tape(parse_relation(document["source"]), len(document["x"]), len(document["y"]))
    except (InputError, KeyError, TypeError) as error:
        return {"verdict": "malformed", "reason": f"source: {error}"}
    if steps != document["tape"]:
        return {"verdict": "rejected", "reason": "source: not the relation of the tape"}
    psi = document["psi"] or document["phi"]
    return {
        **result,
        "source": document["source"],
        "x": document["x"],
        "y": document["y"],
        "phi": document["phi"]["sha256"],
        "psi": psi["sha256"],
        "cells": document["tree"].count("."),
    }


def relation_tape(relation: Relation, p: int, q: int) -> list[Step]:
    """The tape of a relation of p and q coordinates, with the names that the checker gives them."""
    symbols = sorted(relation.expr.free_symbols, key=str)
    names = []
    for symbol in symbols:
        side, place = symbol.name[0], int(symbol.name[1:] or 1)
        if place > {"x": p, "y": q}[side]:
            raise InputError("relation", f"has the variable {symbol}", f"{p} and {q} coordinates")
        names.append(f"{side}{place}" if max(p, q) > 1 else side)
    return tape(relation.expr, symbols, names)


def _network(network: MLP) -> dict[str, Any]:
    layers = zip(network.weights, network.biases, strict=True)
    raw = b"".join(part.astype("<f8").tobytes() for layer in layers for part in layer)
    return {
        "activation": network.activation,
        "shapes": [list(w.shape) for w in network.weights],
        "weights": base64.b64encode(raw).decode(),
        "sha256": network.digest(),
    }


def _points(model: Any, argmax: tuple[fmpq, ...], phi: MLP, psi: MLP, boxes: tuple[Box, Box]) -> list[list[Any]]:
    """The point of the lower bound, and points where every weight that can matter does, with the errors there."""
    sides = [_telling_points(network, box) for network, box in zip((phi, psi), boxes, strict=True)]
    count = max(len(s) for s in sides)
    chosen = [tuple(argmax), *(tuple(sides[0][k % len(sides[0])] + sides[1][k % len(sides[1])]) for k in range(count))]
    points: list[list[Any]] = []
    for point in chosen:
        value = (model(tuple((v, v) for v in point))[0][0] * checker.FINE + arb(0.5)).floor().unique_fmpz()
        if value is not None:
            points.append([[str(v) for v in point], str(value)])
        elif not points:
            raise InputError("out", "the error at the worst point has no narrow enclosure", "a finite relation")
    return points


def _telling_points(network: MLP, box: Box) -> list[list[fmpq]]:
    """Rational points of a box such that every hidden unit with a kink is on at one of them, if it is anywhere."""
    ends = [(to_fmpq(s.lo), to_fmpq(s.hi)) for s in box.sides]
    random = np.random.default_rng(0)
    numerators = random.integers(1, 2**12, size=(512, len(ends)))
    points = [[a + (b - a) * fmpq(int(n), 2**12) for n, (a, b) in zip(row, ends, strict=True)] for row in numerators]
    between = activation(network.activation)
    h, on = np.array([[float(arb(v)) for v in p] for p in points]), []
    with np.errstate(all="ignore"):
        for w, b in zip(network.weights[:-1], network.biases[:-1], strict=True):
            z = h @ w.T + b
            on.append(z > 0 if between.kinks else np.ones_like(z, dtype=bool))
            h = between.value(z)
    missing = np.concatenate([np.ones((len(points), 1), dtype=bool), *on], axis=1)
    chosen: list[list[fmpq]] = []
    while missing.any() and len(chosen) < MAX_POINTS:
        best = int(missing.sum(axis=1).argmax())
        chosen.append(points[best])
        missing[:, missing[best].copy()] = False
    return chosen


class _Division:
    """Divides the box into cells whose bounds are at most `upper`, and writes the tree to a document."""

    def __init__(
        self, document: dict[str, Any], upper: fmpq, max_cells: int, deadline: float, progress: Any = None
    ) -> None:
        self.marks: list[str] = []
        self.bounds: list[arb] = []
        with flint.ctx.workprec(document["precision"]):
            self.model, _ = checker.error_model(document, document["order"])
            self.exponent = _exponent(upper)
            box: Cell = tuple(
                checker.hull([fmpq(*map(int, v.split("/"))) for v in ends]) for ends in document["x"] + document["y"]
            )
            stack, done = [box], 0
            while stack:
                cell = stack.pop()
                e = self.model(cell)
                bound, done = checker.bound(e, len(cell)), done + 1
                stopped = done >= max_cells or time.monotonic() > deadline
                axis = None if stopped or self._fits(bound, upper) else _axis(e, bound, cell)
                if axis is None:
                    self.marks.append(".")
                    self.bounds.append(bound)
                    continue
                self.marks.append(str(axis))
                lo, hi = cell[axis]
                middle = lo + (hi - lo) / 2
                stack += [(*cell[:axis], half, *cell[axis + 1 :]) for half in ((middle, hi), (lo, middle))]
                if progress is not None and done % 1000 == 0:
                    progress(f"certificate: {done} cells, {len(stack)} waiting")
            self._write(document)

    def _claim(self, bound: arb) -> int | None:
        claim = (bound * arb(2) ** -self.exponent).ceil().unique_fmpz()
        return None if claim is None else int(claim)

    def _fits(self, bound: arb, upper: fmpq) -> bool:
        claim = self._claim(bound) if bound.is_finite() else None
        return claim is not None and claim * fmpq(2) ** self.exponent <= upper

    def _write(self, document: dict[str, Any]) -> None:
        largest = self.bounds[0]
        for bound in self.bounds:
            largest = largest.max(bound)
        if not largest.is_finite():
            raise InputError("out", "no finite bound was proved within the limits", "more cells or time")
        self.exponent = _exponent(arf_to_fmpq(largest))
        claims = [self._claim(b) or 0 for b in self.bounds]
        document["upper"] = str(max(claims) * fmpq(2) ** self.exponent)
        document["unit"], document["tree"] = str(self.exponent), "".join(self.marks)
        document["bounds"] = base64.b64encode(struct.pack(f">{len(claims)}H", *claims)).decode()


def _exponent(upper: fmpq) -> int:
    """The binary exponent of the unit in which bounds are stated: `upper` is 2**13 to 2**15 units."""
    return -60 if upper <= 0 else int(upper.p).bit_length() - int(upper.q).bit_length() - 14


def _axis(e: list[dict[int, arb]], bound: arb, cell: Cell) -> int | None:
    """The coordinate to divide; None if none can be."""
    coordinates = [k for k, (lo, hi) in enumerate(cell) if lo < lo + (hi - lo) / 2 < hi]
    if not coordinates:
        return None
    scores = dict.fromkeys(range(len(cell)), 0.0)
    for degree, part in enumerate(e[2:], 2):
        for key, value in part.items():
            members = [k for k in scores if key >> 4 * k & 15]
            if degree > 2 or len(members) > 1:
                for k in members:
                    scores[k] += float(abs(value).upper())
    rest = float(e[0][0].rad())
    if bound.is_finite() and rest < sum(scores.values()):
        return max(coordinates, key=lambda k: scores[k])
    return max(coordinates, key=lambda k: cell[k][1] - cell[k][0])
