"""Certify the error of networks: by matrix products for any network, by vertices for one-input ReLU networks."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from flint import fmpq

from relverify.certify.cells import Axis
from relverify.certify.device import choose_device
from relverify.certify.execution import Format, assumptions, cast, choose_format, rounding_bound
from relverify.certify.grid import divisions
from relverify.certify.parallel import choose_threads
from relverify.certify.point import PointError
from relverify.certify.result import ExecutedCertificate, MatrixCertificate, Problem
from relverify.certify.simplicial import applies, simplicial_certificate
from relverify.certify.subdivide import Limits, Search
from relverify.certify.vertex import VertexCertificate, vertex_certificate
from relverify.core import symbols
from relverify.core.box import Box, parse_box
from relverify.errors import Disagreement, InputError, UnknownNode
from relverify.networks.mlp import MLP
from relverify.relations.relation import Relation
from relverify.rigor.decide import Verdict
from relverify.rigor.exact import dyadic, to_fmpq
from relverify.rigor.intervals import check_arithmetic, float_above, float_below

MEMORY = 2 * 10**9
MAX_CELLS = 50_000_000
VERTEX_CELLS = 4000


def matrix_certificate(
    relation: Relation,
    phi: MLP,
    psi: MLP | None,
    x: Box | str,
    y: Box | str | None = None,
    eps: object = None,
    within: object = None,
    memory: float = MEMORY,
    time_limit: float | None = None,
    max_cells: int | None = None,
    progress: Callable[[str], None] | None = None,
    threads: int | None = None,
    device: str = "auto",
) -> MatrixCertificate:
    """Bound sup|r - <phi, psi>| from both sides, with proof, for networks of any depth and activation.

    Parameters
    ----------
    relation : Relation
        r(x, y).
    phi, psi : MLP
        Networks of x and y with the same number of outputs; ``psi=None`` means phi on both sides.
    x, y : Box or str
        Boxes with rational ends, of as many sides as the networks have inputs; y defaults to x.
    eps : exact number, optional
        Stop as soon as the error is proved at most eps, or proved larger at a point.
    within : exact number, optional
        Refine until ``upper <= within * lower``; 1.1 if neither eps nor within is given.
    memory : float
        Bytes that the search may use, about, beside what Python and the libraries take.
    time_limit : float, optional
        Limit in seconds, after which the best proved bounds are returned.
    max_cells : int, optional
        Limit of the pairs of cells, to the same effect; by default 50 million.
    progress : callable, optional
        Receives lines that say what is being proved.
    threads : int, optional
        By default one a core. The bounds do not depend on it.
    device : {"auto", "cpu", "cuda"}
        Where matrix products are computed; see :func:`relverify.certify.device.choose_device`.

    Returns
    -------
    MatrixCertificate

    Raises
    ------
    InputError
        If dimensions differ, the relation has an operation without a rigorous evaluation, or a target makes no sense.
    Disagreement
        If the two bounds contradict each other, which only an error in the arithmetic can cause.

    Notes
    -----
    The networks are exact real functions of their float64 weights. See :mod:`relverify.certify.matrix`.

    Examples
    --------
    >>> from relverify.relations import parse_relation
    >>> net = MLP(([[1.0]], [[1.0]]), ([0.0], [0.0]), "sin")
    >>> found = matrix_certificate(parse_relation("x*y"), net, None, "[-1,1]")
    >>> round(float(found.lower.p) / float(found.lower.q), 6), found.ratio < 1.1, found.reason
    (0.291927, True, 'target met')
    """
    start = time.perf_counter()
    x_box, y_box = parse_box(x, "x"), parse_box(x if y is None else y, "x" if y is None else "y")
    other = phi if psi is None else psi
    _check_networks(phi, other, x_box, y_box, one=psi is None)
    if not check_arithmetic():
        raise InputError("processor", "does not round as IEEE 754 asks, in this thread", "binary64, to nearest")
    limit, factor = _targets(eps, within)
    _check_limits(memory, time_limit)
    relation = _with_coordinates(relation, x_box.dim, y_box.dim)
    symmetric = (psi is None or psi == phi) and x_box == y_box and relation.symmetric
    ends = [(to_fmpq(s.lo), to_fmpq(s.hi)) for s in x_box.sides + y_box.sides]
    limits = Limits(
        limit,
        factor,
        memory,
        MAX_CELLS if max_cells is None else max_cells,
        math.inf if time_limit is None else start + time_limit,
        choose_threads(threads),
        choose_device(device, x_box.dim + y_box.dim),
        progress,
    )
    try:
        error = PointError(relation, phi, other)
        box = np.array([[float_below(a), float_above(b)] for a, b in ends]).T
        low_eps, low_factor = (None if v is None else float_below(v) for v in (limit, factor))
        parts = divisions(error, box, low_eps, low_factor, x_box.dim)
        first, second = Axis(phi, other, ends[: x_box.dim], parts), Axis(other, phi, ends[x_box.dim :], parts)
        search = Search(error, first, second, ends, symmetric, limits)
        search.run()
    except UnknownNode as error:
        raise InputError("relation", f"has an operation without rigorous evaluation ({error.name})") from error
    if search.upper < search.lower:
        raise Disagreement(f"upper bound {search.upper} below the error {search.lower} at {search.argmax}")
    verdict = None
    if search.floor_eps is not None:
        verdict = Verdict.UNDECIDED
        if search.upper <= search.floor_eps:
            verdict = Verdict.PROVED
        elif search.refuted:
            verdict = Verdict.REFUTED
    upper = dyadic(search.upper) if math.isfinite(search.upper) else None
    reason = search.reason
    if not search.bounded and verdict is not Verdict.REFUTED and not reason.startswith("r "):
        reason = f"{reason}; r has no finite bound on some cells"
    seconds = time.perf_counter() - start
    return MatrixCertificate(
        upper,
        dyadic(search.lower),
        search.argmax,
        search.cells,
        seconds,
        verdict,
        reason,
        limit,
        limits.device.name,
        Problem(relation, phi, psi, x_box, y_box),
    )


def certify(
    relation: Relation,
    phi: MLP,
    psi: MLP | None,
    x: Box | str,
    y: Box | str | None = None,
    eps: object = None,
    within: object = None,
    memory: float = MEMORY,
    time_limit: float | None = None,
    max_cells: int | None = None,
    progress: Callable[[str], None] | None = None,
    threads: int | None = None,
    device: str = "auto",
    semantics: str = "real",
) -> MatrixCertificate | VertexCertificate | ExecutedCertificate:
    """Bound sup|r - <phi, psi>| by the method that suits the networks.

    Small one-input ReLU networks are first tried by vertices, where the networks are exact, within a number of cells
    that takes a tenth of a second. Piecewise linear networks of two inputs with kinks along the axes are treated on
    triangles. All else, and what is still open then, is done by :func:`matrix_certificate`, whose parameters these are
    but for the last.

    Parameters
    ----------
    semantics : {"real", "float32", "float64"}
        What is certified: the exact real function of the weights, or its execution in a floating-point format; see
        :mod:`relverify.certify.execution`.
    """
    form = choose_format(semantics)
    _check_limits(memory, time_limit)
    if form is not None:
        options = {"memory": memory, "max_cells": max_cells, "progress": progress, "threads": threads, "device": device}
        return _executed(relation, phi, psi, x, y, form, eps, within, time_limit, options)
    others: dict[str, Any] = {"memory": memory, "time_limit": time_limit, "max_cells": max_cells}
    others |= {"progress": progress, "threads": threads, "device": device}
    networks = [phi] if psi is None else [phi, psi]
    choose_threads(threads)
    choose_device(device, sum(n.in_features for n in networks))
    shallow = all(n.in_features == 1 and n.activation == "relu" and len(n.widths) == 1 for n in networks)
    if shallow and (phi.hidden_units + 1) * (networks[-1].hidden_units + 1) <= VERTEX_CELLS // 4:
        try:
            cells = VERTEX_CELLS if max_cells is None else min(max_cells, VERTEX_CELLS)
            found = vertex_certificate(relation, phi, psi, x, y, eps, within, cells, time_limit)
        except InputError:
            found = None
        if found is not None and (found.reason == "target met" or found.verdict not in (None, Verdict.UNDECIDED)):
            return found
    other = networks[-1]
    if applies(phi, other):
        x_box, y_box = parse_box(x, "x"), parse_box(x if y is None else y, "x" if y is None else "y")
        _check_networks(phi, other, x_box, y_box, one=psi is None)
        limit, factor = _targets(eps, within)
        given = _with_coordinates(relation, 2, 2)
        cells = MAX_CELLS if max_cells is None else max_cells
        return simplicial_certificate(given, phi, psi, x_box, y_box, limit, factor, time_limit, cells, progress)
    return matrix_certificate(relation, phi, psi, x, y, eps, within, **others)


def _executed(
    relation: Relation,
    phi: MLP,
    psi: MLP | None,
    x: Box | str,
    y: Box | str | None,
    form: Format,
    eps: object,
    within: object,
    time_limit: float | None,
    options: dict[str, Any],
) -> ExecutedCertificate:
    """Certify the cast networks with what their rounding leaves of the targets, and once more if that is not enough."""
    start = time.perf_counter()
    x_box, y_box = parse_box(x, "x"), parse_box(x if y is None else y, "x" if y is None else "y")
    _check_networks(phi, phi if psi is None else psi, x_box, y_box, one=psi is None)
    limit, factor = _targets(eps, within)
    _check_limits(options["memory"], time_limit)
    first = cast(phi, form, "phi")
    second = None if psi is None else cast(psi, form, "psi")
    x_ends, y_ends = ([(to_fmpq(s.lo), to_fmpq(s.hi)) for s in box.sides] for box in (x_box, y_box))
    rounding = rounding_bound(first, first if second is None else second, x_ends, y_ends, form)
    cells = 0

    def run(limit: fmpq | None, factor: fmpq | None) -> Any:
        nonlocal cells
        rest = None if time_limit is None else max(0.0, start + time_limit - time.perf_counter())
        found = certify(relation, first, second, x_box, y_box, limit, factor, time_limit=rest, **options)
        cells += found.cells
        return found

    moved = fmpq(0) if rounding is None else rounding
    aimed = limit - moved if limit is not None and limit > moved else None
    found = run(aimed, factor)
    if factor is None and aimed is not None and aimed < found.lower <= fmpq(limit) + moved:
        found = run(fmpq(limit) + moved, None)  # it may be refuted all the same
    if limit is None and factor is not None and found.lower > 0:
        closer = factor - (factor + 1) * moved / found.lower
        if found.upper is not None and found.upper > closer * found.lower and closer > 1 + (factor - 1) / 8:
            found = run(None, closer)
    named = assumptions([first] if second is None else [first, second], form)
    result = ExecutedCertificate(found, form.name, rounding, named, None, found.reason, limit, cells, 0.0)
    verdict, reason = None, found.reason
    if limit is not None:
        verdict = Verdict.UNDECIDED
        if result.upper is not None and result.upper <= limit:
            verdict = Verdict.PROVED
        elif rounding is not None and result.lower > limit:
            verdict = Verdict.REFUTED
    met = verdict is None and factor is not None and result.upper is not None and result.upper <= factor * result.lower
    if rounding is None:
        reason = f"an overflow of {form.name} is not excluded"
    elif found.reason == "target met" and not met and verdict in (None, Verdict.UNDECIDED):
        reason = f"the rounding of {form.name} is too large for the target"
    return replace(result, verdict=verdict, reason=reason, seconds=time.perf_counter() - start)


def _check_networks(phi: MLP, psi: MLP, x_box: Box, y_box: Box, one: bool) -> None:
    for name, network, box, box_name in (("phi", phi, x_box, "x"), ("phi" if one else "psi", psi, y_box, "y")):
        if network.in_features != box.dim:
            raise InputError(
                name, f"has {network.in_features} inputs", f"{box.dim}, as the box of {box_name} has sides"
            )
    if psi.out_features != phi.out_features:
        raise InputError("psi", f"has {psi.out_features} outputs", f"{phi.out_features} outputs, as phi")


def _targets(eps: object, within: object) -> tuple[fmpq | None, fmpq | None]:
    limit = None if eps is None else to_fmpq(eps, "eps")
    if limit is not None and limit <= 0:
        raise InputError("eps", f"{limit} is not positive", "a number > 0")
    factor = None if within is None else to_fmpq(within, "within")
    if factor is not None and factor <= 1:
        raise InputError("within", f"{factor} is not above 1", "a number > 1, such as 1.1")
    return limit, fmpq(11, 10) if limit is None and factor is None else factor


def _check_limits(memory: float, time_limit: float | None) -> None:
    if not memory > 0:
        raise InputError("memory", f"{memory} is not positive", "a number of bytes > 0")
    if time_limit is not None and not time_limit >= 0:
        raise InputError("time_limit", f"{time_limit} is not a time", "seconds, at least 0")


def _with_coordinates(relation: Relation, p: int, q: int) -> Relation:
    """The relation with p + q coordinates, of which it may use fewer."""
    given = len(relation.x_symbols), len(relation.y_symbols)
    if given == (p, q):
        return relation
    several = all(s.name[1:] for s in relation.x_symbols + relation.y_symbols)
    constant = not relation.expr.free_symbols
    if not (several or constant) or max(p, q) > 3 or p < given[0] * several or q < given[1] * several:
        raise InputError("relation", f"has {given[0]} and {given[1]} coordinates", f"the {p} and {q} of the boxes")
    names = [[f"{side}{k}" if count > 1 else side for k in range(1, count + 1)] for side, count in (("x", p), ("y", q))]
    if several and 1 in (p, q):
        names = [[f"{side}{k}" for k in range(1, count + 1)] for side, count in (("x", p), ("y", q))]
    x_symbols, y_symbols = (tuple(symbols.symbol(n) for n in side) for side in names)
    return replace(relation, x_symbols=x_symbols, y_symbols=y_symbols)
