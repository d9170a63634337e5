"""Where a piecewise linear network bends: equal pieces, or pieces that share the error of interpolation equally.

Where the curvature of a relation varies, short pieces where it is strong and long ones elsewhere need fewer units. The
search is in floating point; whatever it gives, the network at these knots is certified afterwards.
"""

from __future__ import annotations

import numpy as np
from flint import fmpq

from relverify.certify.compiled import diagonal_kink, rational_ends
from relverify.core.box import Box
from relverify.errors import InputError, UnknownNode
from relverify.relations.relation import Relation

ROUNDS = 24
INNER = 7
ROWS = 65
PROBE = 48
# a piece never grows beyond so many equal ones
LONGEST = 16
# knots that save less are not worth a second candidate
WORTH = 1.03


def equal_nodes(ends: tuple[fmpq, fmpq], pieces: int) -> np.ndarray:
    """Ends of equal pieces of an interval, rounded to float64.

    Parameters
    ----------
    ends : tuple of fmpq
    pieces : int

    Returns
    -------
    ndarray, shape (pieces + 1,), increasing

    Examples
    --------
    >>> equal_nodes((fmpq(0), fmpq(1)), 2).tolist()
    [0.0, 0.5, 1.0]
    """
    lo, hi = ends
    nodes = np.array([float(lo + (hi - lo) * k / pieces) for k in range(pieces + 1)])
    if not (np.diff(nodes) > 0).all():
        raise InputError("x", f"is too short for {pieces} distinct float64 nodes", "a longer box or fewer pieces")
    return nodes


def graded_nodes(relation: Relation, x: Box | str, y: Box | str, pieces: int) -> np.ndarray:
    """Ends of pieces of x on which linear interpolation of every r(., y) errs about equally.

    Parameters
    ----------
    relation : Relation
        For pieces of y pass the swapped relation and boxes.
    x, y : Box or str
    pieces : int

    Returns
    -------
    ndarray, shape (pieces + 1,), increasing
        Equal pieces where r has no finite values in float64.

    Examples
    --------
    >>> from relverify.relations import parse_relation
    >>> nodes = graded_nodes(parse_relation("exp(6*x*y)"), "[0,1]", "[0,1]", 4)
    >>> bool(np.all(np.diff(np.diff(nodes)) < 0))
    True
    """
    nodes = start = equal_nodes(rational_ends(x, "x"), pieces)
    ends_y = rational_ends(y, "y")
    ys = np.linspace(float(ends_y[0]), float(ends_y[1]), ROWS)
    best, least = nodes, np.inf
    for _ in range(ROUNDS):
        errors = piece_errors(relation, nodes, ys)
        if errors is None or errors.max() == 0:
            return start
        if errors.max() < least:
            best, least = nodes, errors.max()
        # error ~ h² |r''|, so that its square root is a share of the knots
        share, widths = np.sqrt(errors), np.diff(nodes)
        share = np.maximum(share, share.sum() / (LONGEST * pieces) * widths / widths.mean())
        heights = np.concatenate([[0.0], np.cumsum(share)])
        moved = np.interp(np.linspace(0.0, heights[-1], pieces + 1), heights, nodes)
        moved[0], moved[-1] = start[0], start[-1]
        nodes = (nodes + moved) / 2
        if not (np.diff(nodes) > 0).all():
            break
    return best


def piece_errors(relation: Relation, nodes: np.ndarray, ys: np.ndarray) -> np.ndarray | None:
    """The largest error found of linear interpolation on each piece, over all given y; None without finite values."""
    fractions = np.arange(1, INNER + 1) / (INNER + 1)
    inner = nodes[:-1, None] + np.diff(nodes)[:, None] * fractions
    try:
        ends = relation.values(nodes[:, None], ys[None, :])
        values = relation.values(inner[:, :, None], ys[None, None, :])
    except UnknownNode:
        return None
    if not (np.isfinite(ends).all() and np.isfinite(values).all()):
        return None
    chord = ends[:-1, None, :] * (1 - fractions)[None, :, None] + ends[1:, None, :] * fractions[None, :, None]
    return np.abs(values - chord).max(axis=(1, 2))


def grading_gain(relation: Relation, x: Box | str, y: Box | str) -> float:
    """About how many times fewer pieces of x suffice when the knots are graded; 1 where that is not worth it.

    Examples
    --------
    >>> from relverify.relations import parse_relation
    >>> grading_gain(parse_relation("gaussian(ell=1/2)"), "[0,1]", "[0,1]")
    1.0
    >>> round(grading_gain(parse_relation("polynomial(p=6,c=0)"), "[0,1]", "[0,1]"), 1)
    2.9
    """
    if diagonal_kink(relation) is not None:
        # equal pieces put the corners of cells on the kink
        return 1.0
    ends_y = rational_ends(y, "y")
    ys = np.linspace(float(ends_y[0]), float(ends_y[1]), ROWS)
    errors = [piece_errors(relation, nodes, ys) for nodes in (
        equal_nodes(rational_ends(x, "x"), PROBE), graded_nodes(relation, x, y, PROBE))]  # fmt: skip
    if errors[0] is None or errors[1] is None or errors[1].max() == 0:
        return 1.0
    gain = float(np.sqrt(errors[0].max() / errors[1].max()))
    return gain if gain >= WORTH else 1.0
