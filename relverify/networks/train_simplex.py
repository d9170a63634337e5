"""Train networks of two inputs a side on Kuhn simplices from random output weights, and certify them (torch, optional).

The features are piecewise affine on the triangles of a grid, see :mod:`relverify.networks.simplex`; their values at the
nodes are fitted as in one dimension.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from relverify.certify.engine import certify
from relverify.core.box import Box, parse_box
from relverify.errors import InputError
from relverify.networks.counts import positive_eps
from relverify.networks.least_squares import Problem, least_squares, reweight
from relverify.networks.minimax import choose_device, choose_precision, import_torch, one_thread
from relverify.networks.mlp import MLP
from relverify.networks.simplex import MAX_CELLS, hat_network, simplex_cells, simplex_units
from relverify.networks.train import AIM, ROUNDS
from relverify.networks.trained import Trained
from relverify.relations.relation import Relation
from relverify.rigor.exact import to_fmpq
from relverify.rigor.pictures import compile_numpy

FINER = 4
MAX_POINTS = 3000


def train_simplex(
    relation: Relation,
    x: Box | str,
    y: Box | str | None = None,
    eps: object = None,
    cells: tuple[int, int] | None = None,
    seed: int = 0,
    device: str = "auto",
    progress: Callable[[str], None] | None = None,
    time_limit: float = 120.0,
    precision: str = "float64",
) -> Trained:
    """Train networks on Kuhn simplices and certify their error.

    Parameters
    ----------
    relation : Relation
        In x1, x2, y1, y2.
    x, y : Box or str
        With two sides each; y defaults to x.
    eps : exact number > 0
    cells : (int, int), optional
        Cells an axis of each side, the second 0 for one network; by default what *grid-neurons* on simplices predicts.
    seed : int
        The values at the nodes, hence the output weights, are standard normal by this seed.
    device : {"auto", "cpu", "cuda"}
    progress : callable, optional
        Receives one line a stage.
    time_limit : float
        Seconds for the certificate.
    precision : {"float64", "float32"}
        See :func:`relverify.networks.train.train`.

    Returns
    -------
    Trained
        Its verdict may be refuted or undecided: training is not guaranteed to succeed.
    """
    begin, say = time.perf_counter(), progress or (lambda _: None)
    limit = to_fmpq(positive_eps(eps), "eps")
    boxes = [parse_box(x, "x"), parse_box(x if y is None else y, "y")]
    predicted = simplex_cells(relation, boxes[0], boxes[1], eps=eps)
    chosen = predicted if cells is None else cells
    _check(relation, boxes, chosen)
    sizes = [n for n in chosen if n]
    with one_thread():
        torch, chosen_device = import_torch(), choose_device(device)
        generator = torch.Generator(device="cpu").manual_seed(seed)
        problem = _problem(relation, boxes, sizes, chosen_device, choose_precision(precision))
        d = _features(problem, float(limit))
        start = [
            torch.randn((n + 1) ** 2, d, generator=generator, dtype=torch.float64).to(problem.table) / math.sqrt(d)
            for n in sizes
        ]

        def networks(values: list[Any]) -> tuple[MLP, MLP | None]:
            arrays = [v.cpu().numpy().astype(np.float64) for v in values]
            nets = [hat_network(b, n, v) for b, n, v in zip(boxes, sizes, arrays, strict=False)]
            return nets[0], nets[1] if len(nets) == 2 else None

        at_start = certify(relation, *networks(start), boxes[0], boxes[1], eps=limit, time_limit=time_limit)
        say(f"{' + '.join(map(str, map(simplex_units, sizes)))} units, {d} outputs: error at start at least "
            f"{float(at_start.lower):.4g}")  # fmt: skip
        target = AIM * float(limit)
        values = least_squares(problem, [v[None] for v in start])
        error = float(problem.largest(values)[0])
        history: list[dict[str, Any]] = [{"stage": "least squares", "error": error}]
        if error > target:
            values, largest = reweight(problem, values, target, ROUNDS)
            error = float(largest[0])
            history.append({"stage": "reweighting", "error": error})
    say(f"largest error on the grid {error:.4g}")
    phi, psi = networks([v[0] for v in values])
    certificate = certify(relation, phi, psi, boxes[0], boxes[1], eps=limit, time_limit=time_limit)
    say(f"certificate: {certificate.verdict} ({certificate.cells} cells)")
    counts = [simplex_units(n) for n in sizes]
    return Trained(
        phi, psi, relation, boxes[0], boxes[1], limit, sum(counts), counts[0], counts[1] if psi else 0, d,
        "grid-neurons", sum(simplex_units(n) for n in predicted if n), certificate, at_start,
        "output weights random by seed, knots equispaced", history, time.perf_counter() - begin, chosen_device,
        seed, precision,
    )  # fmt: skip


def _check(relation: Relation, boxes: list[Box], cells: tuple[int, int]) -> None:
    if not (1 <= cells[0] <= MAX_CELLS and 0 <= cells[1] <= MAX_CELLS):
        raise InputError("units", f"{cells} cells are out of range", f"1 to {MAX_CELLS} cells an axis")
    if not cells[1] and (boxes[0] != boxes[1] or not relation.symmetric):
        raise InputError("relation", "is not symmetric on equal boxes", "two networks")


def _problem(relation: Relation, boxes: list[Box], sizes: list[int], device: str, dtype: Any) -> Problem:
    """The relation and the hat functions on grids finer than the cells."""
    torch = import_torch()
    points, hats = [], []
    for box, n in zip(boxes, sizes if len(sizes) == 2 else 2 * sizes, strict=True):
        per_cell = max(1, min(FINER, math.isqrt(MAX_POINTS) // n))
        axes = [np.linspace(float(s.lo), float(s.hi), n * per_cell + 1) for s in box.sides]
        grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
        points.append(grid)
        hats.append(hat_network(box, n, np.eye((n + 1) ** 2))(grid))
    table = compile_numpy(relation.expr, relation.x_symbols + relation.y_symbols)(
        points[0][:, None, 0], points[0][:, None, 1], points[1][None, :, 0], points[1][None, :, 1]
    )
    table = np.broadcast_to(table, (len(points[0]), len(points[1])))
    if not np.isfinite(table).all():
        raise InputError("relation", "has no finite value at a point", "a relation that is continuous on the box")
    tensors = [torch.as_tensor(np.array(a), dtype=dtype, device=device) for a in (table, *hats)]
    return Problem(tensors[0], tensors[1 : 1 + len(sizes)])


def _features(problem: Problem, eps: float) -> int:
    """Outputs: the numerical rank of the relation at eps/20, and two more."""
    torch = import_torch()
    most = min(h.shape[1] for h in problem.hats)
    sizes = torch.linalg.svdvals(problem.table[::2, ::2])
    # |r - r_d| <= sqrt(Σ σ²) on the grid, and about the mean of that in each entry
    tail = sizes.square().flip(0).cumsum(0).flip(0).sqrt() / math.sqrt(min(problem.table.shape))
    rank = int((tail > eps / 20).sum())
    return min(most, rank + 2)


def parse_units(units: int | tuple[int, int] | None, one: bool) -> tuple[int, int] | None:
    """Cells an axis from numbers of hidden units, which must be those of a grid.

    Examples
    --------
    >>> parse_units(91, True), parse_units((7, 16), False)
    ((7, 0), (1, 2))
    """
    if units is None:
        return None
    grids = {simplex_units(n): n for n in range(1, MAX_CELLS + 1)}
    pair = units if isinstance(units, tuple) else ((units, 0) if one else (units - units // 2, units // 2))
    cells = tuple(grids.get(u, 0) for u in pair)
    if not cells[0] or (pair[1] and not cells[1]):
        known = ", ".join(map(str, list(grids)[:6]))
        raise InputError("units", f"{units} is not the number of a grid", f"{known}, ... a network")
    return cells[0], cells[1]
