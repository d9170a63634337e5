"""The smallest grid network that can be proved to reach an error, with its certificate (*grid-neurons*).

Every candidate is built with shifted and with plain nodal values, at graded knots where the curvature varies and at
equal pieces, and certified; the search gallops up or down from the count that the curvature of the relation predicts,
then bisects.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb, fmpq

from relverify.certify.compiled import compiled, rational_ends
from relverify.certify.segments import needed_units
from relverify.certify.vertex import VertexCertificate, vertex_certificate
from relverify.core.box import Box, parse_box
from relverify.errors import InputError
from relverify.networks.certified import write_certified
from relverify.networks.construct import MAX_NODES, Built, grid_network
from relverify.networks.knots import grading_gain
from relverify.networks.mlp import MLP
from relverify.relations.relation import Relation
from relverify.relations.sup import ROUGHLY
from relverify.rigor.decide import Verdict
from relverify.rigor.exact import to_fmpq

Progress = Callable[[str], None]
TIME_LIMIT = 120.0
TINY = 1e-300
# shifted values, and graded knots
Kind = tuple[bool, bool]
Candidate = tuple[Built, Kind]
# a prediction this many times above the most units that can be built is not tried
FAR = 100


@dataclass(frozen=True)
class Synthesis:
    """Networks with a proof that their error is at most eps.

    Parameters
    ----------
    relation : Relation
    x, y : Box
    eps : fmpq
    phi : MLP
    psi : MLP or None
        None means the symmetric form, phi with itself.
    N, n_x, n_y, d : int
        Hidden units of all networks together and of each (n_y is 0 in the symmetric form), features.
    upper, lower : fmpq
        Proved bounds of the error.
    needed : int
        Hidden units that every such network (one hidden layer, any features) is proved to need for eps.
    shifted : bool
        Whether the nodal values are the corrected ones.
    graded : bool
        Whether the knots are graded, not equispaced.
    certificate : VertexCertificate
    seconds : float
    """

    relation: Relation
    x: Box
    y: Box
    eps: fmpq
    phi: MLP
    psi: MLP | None
    N: int
    n_x: int
    n_y: int
    d: int
    upper: fmpq
    lower: fmpq
    needed: int
    shifted: bool
    graded: bool
    certificate: VertexCertificate
    seconds: float

    @property
    def ratio(self) -> float:
        """Proved upper bound of the error over the proved lower bound."""
        return self.certificate.ratio

    @property
    def ratio_units(self) -> float | None:
        """Hidden units built over hidden units needed; None if none is needed."""
        return self.N / self.needed if self.needed else None

    def write(self, directory: str | os.PathLike[str]) -> dict[str, str]:
        """Write networks, record and certificate; see :func:`relverify.networks.certified.write_certified`."""
        from relverify.certify.certificate import certificate

        checkable = certificate(self.certificate, self.relation, self.phi, self.psi, self.x, self.y)
        return write_certified(directory, self.phi, self.psi, self.as_dict(), checkable)

    def as_dict(self, files: dict[str, str] | None = None) -> dict[str, Any]:
        """Fields for JSON output; bounds as floats rounded outwards in decimal, exact ones under ``exact``.

        Parameters
        ----------
        files : dict, optional
            Paths written by :meth:`write`.

        Returns
        -------
        dict
        """
        ratio = self.ratio
        return {
            "relation": self.relation.text, "x": str(self.x), "y": str(self.y), "eps": str(self.eps),
            "N": self.N, "n_x": self.n_x, "n_y": self.n_y, "d": self.d, "shifted": self.shifted, "graded": self.graded,
            "upper": decimal(self.upper, up=True), "lower": decimal(self.lower, up=False),
            "needed": self.needed, "ratio": ratio if math.isfinite(ratio) else None,
            "ratio_units": self.ratio_units, "cells": self.certificate.cells,
            "argmax": [str(v) for v in self.certificate.argmax], "verdict": str(self.certificate.verdict),
            "exact": {"upper": str(self.upper), "lower": str(self.lower)},
            "seconds": round(self.seconds, 3), "files": files or {},
        }  # fmt: skip


def decimal(value: fmpq, up: bool, digits: int = 10) -> float:
    """Short decimal at least (at most) as large as a rational, as a float that prints so.

    Parameters
    ----------
    value : fmpq
    up : bool
        Direction of rounding.
    digits : int
        Significant digits, at most 15.

    Returns
    -------
    float

    Examples
    --------
    >>> decimal(fmpq(1, 3), up=True, digits=3), decimal(fmpq(1, 3), up=False, digits=3)
    (0.334, 0.333)
    """
    if value == 0:
        return 0.0
    exponent = math.floor(math.log10(abs(float(value)))) - digits + 1
    scale = fmpq(10) ** exponent if exponent >= 0 else 1 / fmpq(10) ** -exponent
    scaled = value / scale
    return float(f"{int(scaled.ceil() if up else scaled.floor())}e{exponent}")


def synthesize(
    relation: Relation,
    x: Box | str,
    y: Box | str | None = None,
    eps: object = None,
    progress: Progress | None = None,
    time_limit: float = TIME_LIMIT,
) -> Synthesis:
    """Build the smallest grid network(s) whose error is proved to be at most eps.

    Parameters
    ----------
    relation : Relation
        One variable each side. Symmetric relations known to be PSD, on equal boxes, get one network.
        All others get two.
    x, y : Box or str
        Intervals; y defaults to x.
    eps : exact number > 0
    progress : callable, optional
        Receives one line of text a candidate.
    time_limit : float
        Seconds after which the best proved network so far is returned.

    Returns
    -------
    Synthesis

    Raises
    ------
    InputError
        If eps is not positive or nothing can be proved within the limits.
    """
    start = time.perf_counter()
    if eps is None:
        raise InputError("eps", "is missing", "a number > 0")
    limit = to_fmpq(eps, "eps")
    if limit <= 0:
        raise InputError("eps", f"{limit} is not positive", "a number > 0")
    x_box = parse_box(x, "x")
    y_box = x_box if y is None else parse_box(y, "y")
    same = rational_ends(x_box, "x") == rational_ends(y_box, "y")
    compiled(relation)
    relation.sup(x_box, y_box, ROUGHLY)
    symmetric = bool(relation.psd_on(x_box)) and relation.symmetric and same
    search = _Search(relation, x_box, y_box, limit, symmetric, progress or (lambda _: None), start + time_limit)
    terms, guess = search.guess()
    needed = needed_units(relation, x_box, y_box, limit, symmetric)[0]
    built, kind = search.run(terms, guess, needed)
    certificate = vertex_certificate(
        relation,
        built.phi,
        built.psi,
        x_box,
        y_box,
        limit,
        fmpq(11, 10),
        max_cells=400_000,
        time_limit=time_limit,
    )
    if certificate.upper is None or certificate.verdict != Verdict.PROVED:
        raise InputError("eps", "the candidate could not be proved again", "a larger time limit")
    n_y = 0 if built.psi is None else built.psi.hidden_units
    return Synthesis(
        relation, x_box, y_box, limit, built.phi, built.psi, built.hidden_units, built.phi.hidden_units, n_y,
        built.phi.out_features, certificate.upper, certificate.lower, needed, *kind, certificate,
        time.perf_counter() - start,
    )  # fmt: skip


class _Search:
    """Search for the smallest count; candidates are certified, never trusted."""

    def __init__(
        self, relation: Relation, x: Box, y: Box, eps: fmpq, symmetric: bool, progress: Progress, deadline: float
    ) -> None:
        self.relation, self.x, self.y, self.eps, self.symmetric = relation, x, y, eps, symmetric
        self.progress, self.deadline = progress, deadline
        self.smallest, self.top = (1, MAX_NODES) if symmetric else (2, 2 * MAX_NODES)
        pairs = [(relation, x, y)] if symmetric else [(relation, x, y), (relation.swapped(), y, x)]
        self.gains = [grading_gain(*pair) for pair in pairs]
        self.kinds: tuple[Kind, ...] = ((True, False), (False, False))
        if max(self.gains) > 1:
            self.kinds = ((True, True), *self.kinds)
        self.tried: dict[tuple[int, int | None], Candidate | None] = {}

    def proved(self, n_x: int, n_y: int | None) -> Candidate | None:
        """The built network if it is proved to meet eps, shifted values first."""
        key = (n_x, n_y)
        if key not in self.tried:
            self.tried[key] = None
            for shifted, graded in self.kinds:
                left = self.deadline - time.perf_counter()
                if left <= 0:
                    return None
                built = grid_network(self.relation, self.x, self.y, n_x, n_y, shifted, graded)
                result = vertex_certificate(
                    self.relation,
                    built.phi,
                    built.psi,
                    self.x,
                    self.y,
                    self.eps,
                    max_cells=200_000,
                    time_limit=left,
                )
                units = f"{n_x}" if n_y is None else f"{n_x} + {n_y}"
                kind = ("shifted" if shifted else "plain") + (", graded" if graded else "")
                self.progress(f"{units} units, {kind}: {result.verdict} ({result.cells} cells)")
                if result.verdict == Verdict.PROVED:
                    self.tried[key] = built, (shifted, graded)
                    # whichever form works is followed further down
                    self.kinds = ((shifted, graded),)
                    break
        return self.tried[key]

    def shares(self) -> tuple[float, float]:
        """Curvature terms L^2 sup|r''| / 8 of the two axes (estimates; a guide for the split only), less by grading."""
        terms = []
        for axis, box in enumerate((self.x, self.y)):
            lo, hi = rational_ends(box, "xy"[axis])
            other = rational_ends((self.y, self.x)[axis], "yx"[axis])
            sizes = [0.0]
            for i in range(17):
                for j in range(17):
                    a, b = (
                        lo + (hi - lo) * (4 * i + 1) / 66,
                        other[0] + (other[1] - other[0]) * (4 * j + 2) / 67,
                    )
                    point = (arb(a), arb(b)) if axis == 0 else (arb(b), arb(a))
                    value = compiled(self.relation).second(*point)[axis]
                    if value.is_finite():
                        sizes.append(abs(float(value.mid())))
            terms.append(float((hi - lo) ** 2) * max(sizes) / 8 / self.gains[axis % len(self.gains)] ** 2)
        return terms[0], terms[1]

    def splits(self, total: int, terms: tuple[float, float]) -> list[tuple[int, int | None]]:
        """Candidate splits of a number of units, most promising first."""
        if self.symmetric:
            return [(total, None)]
        if total < 2:
            return []
        a, b = (max(t, 1e-12) for t in terms)
        if max(terms) == 0:
            a = b = 1.0
        ideal = total * a ** (1 / 3) / (a ** (1 / 3) + b ** (1 / 3))
        least, most = max(1, total - MAX_NODES), min(total - 1, MAX_NODES)
        around = {min(max(math.floor(ideal) + k, least), most) for k in (-1, 0, 1, 2)}
        return [(n, total - n) for n in sorted(around, key=lambda n: abs(n - ideal))[:3]]

    def best(self, total: int, terms: tuple[float, float]) -> Candidate | None:
        """A proved network with at most so many units in all, if one of the splits succeeds."""
        splits = self.splits(total, terms)
        if not self.symmetric and total > 2:
            # equal counts put the nodes of both sides on a kink along the diagonal
            splits += [(total // 2, total // 2)] if (total // 2, total // 2) not in splits else []
        for n_x, n_y in splits:
            found = self.proved(n_x, n_y)
            if found is not None:
                return found
        return None

    def guess(self) -> tuple[tuple[float, float], float]:
        """The curvature terms and the count that they predict; refuses an error that is far out of reach."""
        terms = self.shares()
        # shifted error about (a/n_x^2 + b/n_y^2)/2; equal parts a = b in the symmetric form
        share = max(terms) if self.symmetric else float(np.cbrt(terms).sum() ** 3) / 2
        guess = math.sqrt(share / max(float(self.eps), TINY))
        if guess > FAR * self.top:
            raise InputError(
                "eps", f"{self.eps} calls for about {guess:.2g} units", f"an error that {self.top} units reach"
            )
        return terms, guess

    def run(self, terms: tuple[float, float], guess: float, needed: int) -> Candidate:
        """Smallest proved network; fewer units than needed are not tried."""
        smallest, top = max(self.smallest, needed), self.top
        if smallest > top:
            raise InputError("eps", f"{self.eps} needs more than {top} units", "a larger eps")
        # where the curvature is unbounded the prediction is far too large
        count = max(math.ceil(min(guess, 512)), smallest)
        failed, step, found = smallest - 1, 1, self.best(count, terms)
        while found is None:
            failed = count
            if count >= top or self.late():
                raise InputError("eps", f"{self.eps} was not proved with {count} units", "a larger eps or time limit")
            count, step = min(count + step, top), 2 * step
            found = self.best(count, terms)
        count = found[0].hidden_units
        step = 1 if failed < smallest else count
        while count - failed > 1 and not self.late():
            # gallop down until a count fails, then bisect
            middle = count - step if count - step > failed else (count + failed) // 2
            smaller = self.best(middle, terms)
            if smaller is None:
                failed, step = middle, count
            else:
                count, found, step = smaller[0].hidden_units, smaller, 2 * step
        return found

    def late(self) -> bool:
        """Whether the time is over."""
        return time.perf_counter() > self.deadline
