"""What is impossible: lower bounds that prove themselves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from relverify.api.reading import parse_box
from relverify.api.reading import relation as read_relation

if TYPE_CHECKING:
    from relverify.core.box import Box
    from relverify.lower.claims import Limits
    from relverify.relations.relation import Relation


def limits(
    relation: str | Relation,
    x: str | Box,
    y: str | Box | None = None,
    *,
    eps: Any,
    out: str | Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> Limits:
    """Prove what is impossible at an error: features, hidden units, and one network in place of two.

    Parameters
    ----------
    relation : str or Relation
        Of points of up to three coordinates a side.
    x, y : str or Box
        `y` defaults to `x`.
    eps : exact number
        The error, > 0.
    out : path, optional
        A JSON file for the claims with the numbers that prove them.
    progress : callable, optional
        Receives one line a step.

    Returns
    -------
    Limits

    Examples
    --------
    >>> import relverify
    >>> found = relverify.limits("x - y", "[0,1]", eps="1/10")
    >>> found.one_network, found.needed("features")
    ('impossible', 2)
    """
    from relverify.lower.claims import limits as run

    result = run(read_relation(relation), parse_box(x), y and parse_box(y, "y"), eps=eps, progress=progress)
    if out is not None:
        result.write(out)
    return result
