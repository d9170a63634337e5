"""All bounds of a relation side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from relverify.api.reading import parse_box
from relverify.api.reading import relation as read_relation

if TYPE_CHECKING:
    from relverify.core.box import Box
    from relverify.networks.comparison import Comparison
    from relverify.relations.relation import Relation


def compare(
    relation: str | Relation,
    x: str | Box,
    y: str | Box | None = None,
    *,
    eps: Any,
    progress: Callable[[str], None] | None = None,
    time_limit: float = 60.0,
) -> Comparison:
    """Count what every applicable theorem says suffices or is needed; see :mod:`relverify.networks.comparison`."""
    from relverify.networks.comparison import compare as run

    boxes = parse_box(x), y and parse_box(y, "y")
    return run(read_relation(relation), *boxes, eps=eps, progress=progress, time_limit=time_limit)
