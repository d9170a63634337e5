"""The result of a certification by matrix products."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from flint import arb, fmpq

from relverify.rigor.decide import Verdict

# reasons for the end of a search
MET = "target met"
ABOVE = "the error at a point is above eps"

if TYPE_CHECKING:
    from relverify.core.box import Box
    from relverify.networks.mlp import MLP
    from relverify.relations.relation import Relation


class Problem(NamedTuple):
    """What was certified; the second network is None where the first stands on both sides."""

    relation: Relation
    phi: MLP
    psi: MLP | None
    x: Box
    y: Box


class Plotted:
    """Certificates that can be drawn; `problem` says of what they are."""

    problem: Problem | None

    def plot(self, coordinates: tuple[str, str] | None = None, points: int = 201, ax: Any = None) -> Any:
        """Draw the error with its certified bound; see :func:`relverify.plot.certified_error`."""
        from relverify.plot import certified_error

        return certified_error(self, coordinates=coordinates, points=points, ax=ax)


@dataclass(frozen=True)
class MatrixCertificate(Plotted):
    """Proved bounds ``lower <= sup |r - <phi, psi>| <= upper`` on a box.

    Parameters
    ----------
    upper, lower : fmpq
        Both proved, rounding included; ``upper`` is None if no finite bound was reached.
    argmax : tuple of fmpq
        The point (the coordinates of x, then those of y) at which ``|e| >= lower``.
    cells : int
        Number of pairs of cells that were bounded.
    seconds : float
    verdict : Verdict or None
        Whether the error is at most eps; None if no eps was given.
    reason : str
        Why the search ended.
    eps : fmpq or None
    device : str
        Where the matrix products were computed.
    problem : Problem or None
    """

    upper: fmpq | None
    lower: fmpq
    argmax: tuple[fmpq, ...]
    cells: int
    seconds: float
    verdict: Verdict | None
    reason: str
    eps: fmpq | None = None
    device: str = "cpu"
    problem: Problem | None = field(default=None, repr=False, compare=False)

    @property
    def ratio(self) -> float:
        """``upper / lower`` rounded to a float (infinite if lower is 0 and upper is not)."""
        return _ratio(self.upper, self.lower)


@dataclass(frozen=True)
class ExecutedCertificate(Plotted):
    """Proved bounds ``lower <= sup |r - executed| <= upper`` for networks executed in a floating-point format.

    Parameters
    ----------
    real : MatrixCertificate or VertexCertificate
        Of the cast networks as exact real functions.
    semantics : str
        The format.
    rounding : fmpq or None
        Bound of what execution adds; None if an overflow is not excluded, and then nothing is proved.
    assumptions : tuple of str
        What is assumed of the executing library.
    verdict : Verdict or None
    reason : str
    eps : fmpq or None
    cells : int
    seconds : float
    """

    real: Any
    semantics: str
    rounding: fmpq | None
    assumptions: tuple[str, ...]
    verdict: Verdict | None
    reason: str
    eps: fmpq | None
    cells: int
    seconds: float

    @property
    def upper(self) -> fmpq | None:
        """Proved upper bound, the rounding of the execution included."""
        return None if self.real.upper is None or self.rounding is None else self.real.upper + self.rounding

    @property
    def lower(self) -> fmpq:
        """Proved lower bound: that of the real functions less the rounding."""
        return fmpq(0) if self.rounding is None else max(fmpq(0), self.real.lower - self.rounding)

    @property
    def argmax(self) -> tuple[fmpq, ...]:
        """The point (before its own rounding) at which the error is at least `lower`."""
        return tuple(self.real.argmax)

    @property
    def problem(self) -> Problem | None:  # type: ignore[override]
        """What was certified, with the cast networks."""
        found: Problem | None = self.real.problem
        return found

    @property
    def device(self) -> str:
        """Where the matrix products of the proof were computed."""
        return str(getattr(self.real, "device", "cpu"))

    @property
    def ratio(self) -> float:
        """``upper / lower`` rounded to a float (infinite if lower is 0 and upper is not)."""
        return _ratio(self.upper, self.lower)


def _ratio(upper: fmpq | None, lower: fmpq) -> float:
    if upper is None or (lower == 0 and upper > 0):
        return math.inf
    return 1.0 if upper == 0 else float(arb(upper / lower))


def outcome(certificate: Any) -> Verdict:
    """The verdict against eps, or else whether the bounds are as close as was asked.

    Parameters
    ----------
    certificate : MatrixCertificate, VertexCertificate or ExecutedCertificate
    """
    if certificate.verdict is not None:
        return Verdict(certificate.verdict)
    return Verdict.PROVED if certificate.reason == MET else Verdict.UNDECIDED


def as_dict(certificate: Any) -> dict[str, Any]:
    """Fields of a certificate for JSON output.

    Parameters
    ----------
    certificate : MatrixCertificate, VertexCertificate or ExecutedCertificate

    Returns
    -------
    dict
        Bounds as decimal strings rounded outwards, exact ones under ``exact``; `upper` is None if there is no finite
        bound.
    """
    from relverify.rigor.decimals import decimal_string

    semantics, rounding = getattr(certificate, "semantics", "real"), getattr(certificate, "rounding", None)
    upper, lower, ratio = certificate.upper, certificate.lower, certificate.ratio
    return {
        "upper": None if upper is None else decimal_string(upper, 10, "up"),
        "lower": decimal_string(lower, 10, "down"),
        "argmax": [str(v) for v in certificate.argmax],
        "eps": None if certificate.eps is None else str(certificate.eps),
        "ratio": round(ratio, 6) if math.isfinite(ratio) else None,
        "cells": certificate.cells,
        "seconds": round(certificate.seconds, 4),
        "semantics": semantics,
        "rounding": None if rounding is None else decimal_string(rounding, 4, "up"),
        "assumptions": list(getattr(certificate, "assumptions", ())),
        "device": getattr(certificate, "device", "cpu"),
        "verdict": str(outcome(certificate)),
        "reason": certificate.reason,
        "exact": {"upper": None if upper is None else str(upper), "lower": str(lower)},
    }
