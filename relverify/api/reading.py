"""Relations and boxes from text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from relverify.core.box import Box
    from relverify.relations.relation import Relation


def relation(text: str | Relation) -> Relation:
    """Read a relation; see :func:`relverify.relations.parse.parse_relation`.

    Examples
    --------
    >>> import relverify
    >>> relverify.relation("brownian").psd
    True
    """
    from relverify.relations import parse_relation

    return parse_relation(text)


def parse_box(text: str | Box, argument: str = "x") -> Box:
    """Read a box; see :func:`relverify.core.box.parse_box`."""
    from relverify.core.box import parse_box as read

    return read(text, argument)
