"""The library behind the command: one function a command, with the same results."""

from __future__ import annotations

from relverify.api.bounds import BoundResult, bound, list_theorems, new, show
from relverify.api.campaign import report, verify
from relverify.api.certificates import check
from relverify.api.comparison import compare
from relverify.api.lower import limits
from relverify.api.networks import certify, smallest, synthesize, train
from relverify.api.reading import parse_box, relation
from relverify.api.transformers import audit
from relverify.core.registry import theorem

__all__ = [
    "BoundResult",
    "audit",
    "bound",
    "certify",
    "check",
    "compare",
    "limits",
    "list_theorems",
    "new",
    "parse_box",
    "relation",
    "report",
    "show",
    "smallest",
    "synthesize",
    "theorem",
    "train",
    "verify",
]
