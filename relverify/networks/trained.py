"""The result of a training: networks, what is proved of them, and where they came from."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flint import fmpq

from relverify.certify.result import ExecutedCertificate, MatrixCertificate
from relverify.certify.vertex import VertexCertificate
from relverify.core.box import Box
from relverify.errors import InputError
from relverify.networks.certified import write_certified
from relverify.networks.mlp import MLP
from relverify.relations.relation import Relation
from relverify.rigor.decide import Verdict
from relverify.rigor.decimals import decimal_string

CERTIFICATE_SECONDS = 60.0
CHECKABLE = 500  # hidden units of a network: the time of a check grows with their square
AnyCertificate = MatrixCertificate | VertexCertificate | ExecutedCertificate


@dataclass(frozen=True)
class Trained:
    """Networks after training, with a certificate.

    Parameters
    ----------
    phi : MLP
    psi : MLP or None
        None means the symmetric form, phi with itself.
    relation : Relation
    x, y : Box
    eps : fmpq
    units, n_x, n_y, d : int
        Hidden units of all networks together and of each (n_y is 0 in the symmetric form), outputs.
    theorem : str
        Which theorem predicted the size.
    predicted : int
        Hidden units that it predicts.
    certificate : certificate of :func:`relverify.certify.engine.certify`
        Of the trained networks, against eps.
    error_at_start : certificate of :func:`relverify.certify.engine.certify`
        Of the networks before the first step, against eps.
    start : str
        What was random in them.
    history : list of dict
        Largest error on a grid after each stage (float64, not proved).
    seconds : float
    device : str
    seed : int
    precision : {"float64", "float32"}
        Of the fit.
    """

    phi: MLP
    psi: MLP | None
    relation: Relation
    x: Box
    y: Box
    eps: fmpq
    units: int
    n_x: int
    n_y: int
    d: int
    theorem: str
    predicted: int
    certificate: AnyCertificate
    error_at_start: AnyCertificate
    start: str
    history: list[dict[str, Any]]
    seconds: float
    device: str
    seed: int
    precision: str = "float64"

    @property
    def verdict(self) -> Verdict:
        """Whether the error is at most eps."""
        return self.certificate.verdict or Verdict.UNDECIDED

    def write(
        self,
        directory: str | os.PathLike[str],
        time_limit: float = CERTIFICATE_SECONDS,
        notice: Callable[[str], None] | None = None,
    ) -> dict[str, str]:
        """Write networks, record and certificate; see :func:`relverify.networks.certified.write_certified`.

        Parameters
        ----------
        directory : path
        time_limit : float
            Seconds for the certificate, which then states a larger bound; with 0 there is none.
        notice : callable, optional
            Receives one line if a certificate was asked for and could not be made; the rest is written all the same.
        """
        checkable = None
        if time_limit > 0 and self.certificate.upper is not None:
            try:
                checkable = self._checkable(time_limit)
            except InputError as error:
                if notice is not None:
                    notice(f"none, {error.argument} {error.problem}")
        return write_certified(directory, self.phi, self.psi, self.as_dict(), checkable)

    def _checkable(self, time_limit: float) -> dict[str, Any]:
        from relverify.certify.certificate import certificate

        if max(self.n_x, self.n_y) > CHECKABLE:
            problem = f"has {max(self.n_x, self.n_y)} hidden units, too many for the checker"
            raise InputError("network", problem, f"at most {CHECKABLE}")
        given = self.certificate, self.relation, self.phi, self.psi, self.x, self.y
        return certificate(*given, time_limit=time_limit)

    def as_dict(self) -> dict[str, Any]:
        """Fields for JSON output; errors are decimal strings rounded outwards."""
        return {
            "relation": self.relation.text, "x": str(self.x), "y": str(self.y), "eps": str(self.eps),
            "theorem": self.theorem, "units": self.units, "n_x": self.n_x, "n_y": self.n_y, "d": self.d,
            "predicted": self.predicted, "verdict": str(self.verdict),
            "upper": _decimal(self.certificate.upper, "up"), "lower": _decimal(self.certificate.lower, "down"),
            "start": self.start, "start_upper": _decimal(self.error_at_start.upper, "up"),
            "start_lower": _decimal(self.error_at_start.lower, "down"), "cells": self.certificate.cells,
            "history": self.history, "seconds": round(self.seconds, 3), "device": self.device, "seed": self.seed,
            "precision": self.precision,
        }  # fmt: skip


def _decimal(value: fmpq | None, direction: Any) -> str | None:
    return None if value is None else decimal_string(value, 6, direction)
