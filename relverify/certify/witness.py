"""The witness of a theorem about networks: built, counted and certified."""

from __future__ import annotations

from typing import Any

from relverify.certify.vertex import vertex_certificate
from relverify.core.box import Box
from relverify.core.theorem import Witness
from relverify.networks.construct import Built
from relverify.relations.relation import Relation
from relverify.rigor.decide import Decision, Verdict
from relverify.rigor.decimals import decimal_string


def certified_witness(text: str, predicted: int, built: Built, relation: Relation, box: Box, eps: Any) -> Witness:
    """Certify a built network on a box against eps.

    Parameters
    ----------
    text : str
        What was built.
    predicted : int
        The count that the theorem states.
    built : Built
        Its hidden units are counted.
    relation : Relation
    box : Box
        Of x and y.
    eps : exact number
        The error that the theorem states.

    Returns
    -------
    Witness
    """
    certificate = vertex_certificate(relation, built.phi, built.psi, box, eps=eps)
    return Witness(
        text=text,
        predicted=predicted,
        built=built.hidden_units,
        decision=Decision(certificate.verdict or Verdict.UNDECIDED, f"vertex certificate: {certificate.reason}"),
        error="unknown" if certificate.upper is None else decimal_string(certificate.upper, 6, "up"),
        allowed=str(eps),
    )
