"""Relations r(x, y): families by name, their sums and products, and any expression given by the user."""

from __future__ import annotations

from relverify.relations.parse import families, parse_relation
from relverify.relations.relation import Relation

__all__ = ["Relation", "families", "parse_relation"]
