"""Train networks of the predicted size from random output weights, and certify what came out (torch, optional).

The fit is ordinary optimisation (see :mod:`relverify.networks.minimax`) and proves nothing; the exported networks are
then certified by :func:`relverify.certify.vertex.vertex_certificate`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import sympy as sp
from flint import fmpq

from relverify.certify.compiled import compiled, rational_ends
from relverify.certify.vertex import VertexCertificate, vertex_certificate
from relverify.core.box import Box, parse_box
from relverify.errors import InputError
from relverify.networks.asymmetric import asymmetric_units
from relverify.networks.construct import MAX_NODES, interpolating_network
from relverify.networks.counts import Prediction, grid_units, one_network, positive_eps, spline_units
from relverify.networks.knots import equal_nodes
from relverify.networks.minimax import (
    Fit,
    Side,
    choose_device,
    choose_precision,
    fine_grid,
    float_values,
    import_torch,
    one_thread,
)
from relverify.networks.mlp import MLP
from relverify.networks.trained import Trained
from relverify.relations.relation import Relation
from relverify.rigor.exact import to_fmpq

THEOREMS = ("grid-neurons", "symmetric", "asymmetric")
INITS = ("uniform-knots", "random-knots")
ROUNDS = 30
MOVES = 3
WIDE = 500  # units of a network
# the largest error on a grid at which the fit may stop, as a part of eps: a network at eps itself cannot be certified
AIM = 0.8
EQUISPACED = "output weights random by seed, knots equispaced"
Progress = Callable[[str], None]


def train(
    relation: Relation,
    x: Box | str,
    y: Box | str | None = None,
    eps: object = None,
    units: int | tuple[int, int] | None = None,
    theorem: str = "grid-neurons",
    seed: int = 0,
    init: str = "uniform-knots",
    device: str = "auto",
    progress: Progress | None = None,
    precision: str = "float64",
) -> Trained:
    """Train one network (PSD relations on equal boxes, unless the theorem is *asymmetric*) or two, and certify them.

    Parameters
    ----------
    relation : Relation
        One variable each side, or two: then the networks stand on Kuhn simplices, see
        :func:`relverify.networks.train_simplex.train_simplex`.
    x, y : Box or str
        Intervals, or boxes with two sides; y defaults to x.
    eps : exact number > 0
    units : int or (int, int), optional
        Hidden units in all, or of phi and psi; by default what `theorem` predicts.
    theorem : {"grid-neurons", "symmetric", "asymmetric"}
        The source of the predicted size: :func:`~relverify.networks.counts.grid_units`, or
        :func:`~relverify.networks.counts.spline_units` (one network) and
        :func:`~relverify.networks.asymmetric.asymmetric_units` (two), which also fix the number of outputs.
    seed : int
        The values of the outputs at the knots, hence the output weights, are standard normal by this seed.
    init : {"uniform-knots", "random-knots"}
        Kinks equispaced, or drawn uniformly by the seed. Kinks move only where the values alone do not suffice.
    device : {"auto", "cpu", "cuda"}
    progress : callable, optional
        Receives one line a stage.
    precision : {"float64", "float32"}
        In which the fit is computed; what is certified are its weights, exactly. Float32 cannot reach errors near 1e-6.

    Returns
    -------
    Trained
        Its verdict may be refuted or undecided: training is not guaranteed to succeed.

    Raises
    ------
    InputError
        If an argument is not accepted, or CUDA is asked for and not available.
    MissingDependency
        If torch is not installed.

    Notes
    -----
    On one CPU thread the same seed gives the same weights. No global state of torch is left changed. Of the sizes that
    *symmetric* and *asymmetric* predict, those of more than 500 units a network are trained feature by feature, see
    :mod:`relverify.networks.train_features`.
    """
    if parse_box(x, "x").dim == 2:
        return _train_plane(relation, x, y, eps, units, theorem, seed, init, device, progress, precision)
    begin = time.perf_counter()
    setup = Setup(relation, x, y, eps, theorem, seed, init)
    setup.device, setup.precision = choose_device(device), precision
    choose_precision(precision)
    say = progress or (lambda _: None)
    with one_thread():
        if units is None and setup.wide:
            from relverify.networks.train_features import train_features

            return train_features(setup, say, begin)
        return _train(setup, setup.sizes(units), say, begin)


def _train_plane(
    relation: Relation, x: Box | str, y: Box | str | None, eps: object, units: int | tuple[int, int] | None,
    theorem: str, seed: int, init: str, device: str, progress: Progress | None, precision: str,
) -> Trained:  # fmt: skip
    from relverify.networks.train_simplex import parse_units, train_simplex

    if theorem != "grid-neurons":
        raise InputError("theorem", f"{str(theorem)[:40]!r} counts for one number a side", "grid-neurons")
    if init != "uniform-knots":
        raise InputError("init", f"{str(init)[:40]!r} is not accepted for two numbers a side", "uniform-knots")
    first = parse_box(x, "x")
    one = one_network(relation, first, first if y is None else parse_box(y, "y"))
    return train_simplex(relation, x, y, eps, parse_units(units, one), seed, device, progress, precision=precision)


@lru_cache(maxsize=32)
def _predict(theorem: str, relation: Relation, x: Box, y: Box, eps: sp.Expr) -> Prediction:
    if theorem == "symmetric":
        return spline_units(relation, x, eps)
    return {"grid-neurons": grid_units, "asymmetric": asymmetric_units}[theorem](relation, x, y, eps)


class Setup:
    """Checked arguments of :func:`train`."""

    device, precision = "cpu", "float64"

    def __init__(
        self, relation: Relation, x: Box | str, y: Box | str | None, eps: object, theorem: str, seed: int, init: str
    ) -> None:
        self.relation, self.theorem, self.seed, self.init = relation, theorem, seed, init
        self.eps = to_fmpq(positive_eps(eps), "eps")
        self.x = parse_box(x, "x")
        self.y = self.x if y is None else parse_box(y, "y")
        self.ends = rational_ends(self.x, "x"), rational_ends(self.y, "y")
        compiled(relation)
        if theorem not in THEOREMS:
            raise InputError("theorem", f"{str(theorem)[:40]!r} is unknown", ", ".join(THEOREMS))
        if init not in INITS:
            raise InputError("init", f"{str(init)[:40]!r} is unknown", ", ".join(INITS))
        if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**63:
            raise InputError("seed", f"{seed!r} is not accepted", "an integer from 0 to 2**63 - 1")
        self.one = theorem != "asymmetric" and one_network(relation, self.x, self.y)
        if theorem == "symmetric" and not self.one:
            raise InputError(
                "relation", f"{relation.text} is not known to be symmetric PSD on equal boxes",
                "a PSD relation, or another theorem",
            )  # fmt: skip
        self.prediction = _predict(theorem, relation, self.x, self.y, positive_eps(eps))

    @property
    def wide(self) -> bool:
        """Whether features with units of their own are predicted, too many of them to share their knots."""
        return bool(self.prediction.per_feature) and max(self.prediction.n_x, self.prediction.n_y) > WIDE

    def sizes(self, units: int | tuple[int, int] | None) -> list[int]:
        """Hidden units of each network."""
        p = self.prediction
        if units is None:
            chosen = [max(p.n_x, 1)] if self.one else [max(p.n_x, 1), max(p.n_y, 1)]
        elif isinstance(units, tuple):
            chosen = list(units)
        elif self.one or not isinstance(units, int):
            chosen = [units]
        else:
            first = min(max(round(units * p.n_x / max(p.units, 1)), 1), max(units - 1, 1))
            chosen = [first, units - first]
        good = all(isinstance(n, int) and not isinstance(n, bool) and 1 <= n <= MAX_NODES for n in chosen)
        if len(chosen) != (1 if self.one else 2) or not good:
            if units is None:
                problem = f"needs {self.prediction.units} units by {self.theorem}"
                raise InputError("eps", problem, f"an error that at most {MAX_NODES} units a network reach")
            accepted = "at least 1 unit" if self.one else "at least 2 units, or a pair of counts"
            raise InputError("units", f"{units} is not accepted", f"{accepted}, at most {MAX_NODES} a network")
        return chosen


def _train(setup: Setup, sizes: list[int], progress: Progress, begin: float) -> Trained:
    torch = import_torch()
    values = float_values(setup.relation)
    generator = torch.Generator(device="cpu").manual_seed(setup.seed)
    nodes = [knots(setup, n, ends, generator) for n, ends in zip(sizes, setup.ends, strict=False)]
    d = dimension(setup, sizes, values, nodes)
    fit = Fit(values, [], setup.device, progress, precision=setup.precision)
    for at in nodes:
        drawn = torch.randn(len(at), d, generator=generator, dtype=torch.float64) / math.sqrt(d)
        fit.sides.append(Side(fit.tensor(at), fit.tensor(drawn)))

    def certified(sides: list[Side], within: fmpq | None) -> tuple[list[MLP], VertexCertificate]:
        nets = [interpolating_network(*side.arrays()) for side in sides]
        pair = nets[0], nets[1] if len(nets) == 2 else None
        return nets, vertex_certificate(
            setup.relation, *pair, setup.x, setup.y, setup.eps, within, max_cells=400_000, time_limit=60.0
        )

    at_start = certified(fit.sides, fmpq(2))[1]
    progress(f"{' + '.join(map(str, sizes))} units, {d} outputs: error at start at least {float(at_start.lower):.4g}")
    target = AIM * float(setup.eps)
    per_piece = max(2, min(8, 800 // max(sizes))) // 2 * 2
    error = fit.fit_values(per_piece, target, ROUNDS if setup.init == "uniform-knots" else 3)
    for move in range(MOVES):
        if error <= target:
            break
        fit.sides = [Side(s.knots.clone(), s.values.clone()) for s in fit.kept]
        if move == 0:
            fit.spread_knots()
        else:
            fit.move_knots()
        if not all(_distinct(side) for side in fit.sides):
            break
        error = fit.fit_values(per_piece, target, ROUNDS // 2)
    nets, certificate = certified(fit.kept, fmpq(11, 10))
    progress(f"certificate: {certificate.verdict} ({certificate.cells} cells)")
    start = EQUISPACED if setup.init == "uniform-knots" else "output weights random by seed, knots random by seed"
    n_y = sizes[1] if len(sizes) == 2 else 0
    return Trained(
        nets[0], nets[1] if n_y else None, setup.relation, setup.x, setup.y, setup.eps, sum(sizes), sizes[0], n_y, d,
        setup.theorem, setup.prediction.units, certificate, at_start, start, fit.history,
        time.perf_counter() - begin, setup.device, setup.seed, setup.precision,
    )  # fmt: skip


def knots(setup: Setup, n: int, ends: tuple[fmpq, fmpq], generator: Any) -> np.ndarray:
    """The n + 1 nodes at the start; the first is a kink only outside the box."""
    nodes = equal_nodes(ends, n)
    if setup.init == "random-knots" and n > 1:
        drawn = np.sort(import_torch().rand(n - 1, generator=generator, dtype=import_torch().float64).numpy())
        # a thousandth of the mean gap between neighbours keeps the start well-posed
        spread = np.concatenate([[0.0], drawn, [1.0]]) * (1 - 1e-3) + 1e-3 * np.arange(n + 1) / n
        nodes[1:-1] = nodes[0] + (nodes[-1] - nodes[0]) * spread[1:-1]
    return nodes


def _distinct(side: Side) -> bool:
    """Whether the knots are apart by more than rounding."""
    nodes = side.arrays()[0]
    return all(b - a > 1e-9 * (nodes[-1] - nodes[0]) for a, b in pairwise(nodes.tolist()))


def dimension(setup: Setup, sizes: list[int], values: Any, knots: list[np.ndarray]) -> int:
    """Outputs: as predicted, or the numerical rank at eps/20 and two more, at most n + 1."""
    most = min(sizes) + 1
    if setup.theorem != "grid-neurons":
        return min(most, max(setup.prediction.d, 1))
    pieces = [max(1, 200 // len(nodes)) for nodes in knots]
    points = [fine_grid(nodes, count) for nodes, count in zip(knots, pieces, strict=True)]
    table = values(points[0], points[-1])
    left, sizes_, right = np.linalg.svd(table, full_matrices=False)
    rest = table.copy()
    for d in range(min(most, len(sizes_))):
        if np.abs(rest).max() <= float(setup.eps) / 20:
            return min(most, max(1, d + 2))
        rest -= sizes_[d] * np.outer(left[:, d], right[d])
    return most
