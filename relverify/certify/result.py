"""The result of a certification by matrix products."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from flint import arb, fmpq

from relverify.rigor.decide import Verdict


@dataclass(frozen=True)
class MatrixCertificate:
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

    @property
    def ratio(self) -> float:
        """``upper / lower`` rounded to a float (infinite if lower is 0 and upper is not)."""
        if self.upper is None or (self.lower == 0 and self.upper > 0):
            return math.inf
        return 1.0 if self.upper == 0 else float(arb(self.upper / self.lower))


def outcome(certificate: Any) -> Verdict:
    """The verdict against eps, or else whether the bounds are as close as was asked.

    Parameters
    ----------
    certificate : MatrixCertificate or VertexCertificate
    """
    if certificate.verdict is not None:
        return Verdict(certificate.verdict)
    return Verdict.PROVED if certificate.reason == "target met" else Verdict.UNDECIDED


def as_dict(certificate: Any) -> dict[str, Any]:
    """Fields of a certificate for JSON output.

    Parameters
    ----------
    certificate : MatrixCertificate or VertexCertificate

    Returns
    -------
    dict
        Bounds as decimal strings rounded outwards, exact ones under ``exact``; `upper` is None if there is no finite
        bound.
    """
    from relverify.rigor.decimals import decimal_string

    upper, lower, ratio = certificate.upper, certificate.lower, certificate.ratio
    return {
        "upper": None if upper is None else decimal_string(upper, 10, "up"),
        "lower": decimal_string(lower, 10, "down"),
        "argmax": [str(v) for v in certificate.argmax],
        "eps": None if certificate.eps is None else str(certificate.eps),
        "ratio": round(ratio, 6) if math.isfinite(ratio) else None,
        "cells": certificate.cells,
        "seconds": round(certificate.seconds, 4),
        "semantics": "real",
        "device": getattr(certificate, "device", "cpu"),
        "verdict": str(outcome(certificate)),
        "reason": certificate.reason,
        "exact": {"upper": None if upper is None else str(upper), "lower": str(lower)},
    }
