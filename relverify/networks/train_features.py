"""Train networks whose features have units of their own, of sizes for which one fit of all knots is too large (torch).

The *symmetric* and *asymmetric* theorems give feature i its own n_i equispaced knots. From random values at these knots
block power iteration finds the features of least mean square error on a grid, and each is then fitted by least squares
at its own knots. That takes seconds for tens of thousands of units. The fit proves nothing; the networks are certified.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.interpolate import make_lsq_spline

from relverify.certify.engine import certify
from relverify.errors import InputError
from relverify.networks.construct import equal_nodes, stacked_network
from relverify.networks.least_squares import low_rank
from relverify.networks.minimax import choose_precision, float_values, import_torch
from relverify.networks.mlp import MLP
from relverify.networks.train import EQUISPACED, Setup
from relverify.networks.trained import Trained

POINTS = 2049
PER_PIECE = 4
SECONDS = 60.0
Part = tuple[np.ndarray, np.ndarray]


def train_features(setup: Setup, progress: Callable[[str], None], begin: float) -> Trained:
    """Train one network or two of the predicted sizes, and certify them.

    Parameters
    ----------
    setup : Setup
        With a prediction of units for each feature; knots equispaced.
    progress : callable
        Receives one line a stage.
    begin : float
        When the training began, as ``time.perf_counter`` tells it.

    Returns
    -------
    Trained

    Raises
    ------
    InputError
        If random knots are asked for.
    """
    if setup.init != "uniform-knots":
        problem = f"{setup.init} is not accepted for {setup.prediction.units} units by {setup.theorem}"
        raise InputError("init", problem, "uniform-knots, or fewer units")
    found = setup.prediction
    counts = [found.per_feature[k : k + found.d] for k in range(0, len(found.per_feature), found.d)]
    nodes = [
        [equal_nodes(ends, max(n, 1))[: n + 1] for n in side] for side, ends in zip(counts, setup.ends, strict=False)
    ]
    generator = import_torch().Generator(device="cpu").manual_seed(setup.seed)
    start = [[(at, _drawn(len(at), found.d, generator)) for at in side] for side in nodes]
    before = [stacked_network(side) for side in start]
    at_start = certify(setup.relation, *_pair(before), setup.x, setup.y, setup.eps, time_limit=SECONDS)
    progress(f"{found.units} units, {found.d} outputs: error at start at least {float(at_start.lower):.4g}")
    fitted, history = _fit(setup, start, progress)
    nets = [stacked_network(side) for side in fitted]
    certificate = certify(
        setup.relation, *_pair(nets), setup.x, setup.y, setup.eps, "1.1", time_limit=SECONDS, progress=progress
    )
    progress(f"certificate: {certificate.verdict} ({certificate.cells} cells)")
    return Trained(
        *_pair(nets), setup.relation, setup.x, setup.y, setup.eps, found.units, found.n_x, found.n_y, found.d,
        setup.theorem, found.units, certificate, at_start, EQUISPACED, history, time.perf_counter() - begin,
        setup.device, setup.seed, setup.precision,
    )  # fmt: skip


def _drawn(count: int, d: int, generator: Any) -> np.ndarray:
    torch = import_torch()
    return (torch.randn(count, generator=generator, dtype=torch.float64) / math.sqrt(d)).numpy()


def _pair(nets: list[MLP]) -> tuple[MLP, MLP | None]:
    return nets[0], nets[1] if len(nets) == 2 else None


def _fit(
    setup: Setup, start: list[list[Part]], progress: Callable[[str], None]
) -> tuple[list[list[Part]], list[dict[str, Any]]]:
    """Values at the knots, and the largest error on the grid after each stage."""
    torch, dtype = import_torch(), choose_precision(setup.precision)
    largest = max(len(at) for side in start for at, _ in side)
    count = max(POINTS, PER_PIECE * largest + 1)
    grids = [np.linspace(float(lo), float(hi), count) for lo, hi in setup.ends[: len(start)]]
    table = float_values(setup.relation)(grids[0], grids[-1])
    # the trapezoidal rule: ends count half
    root = np.sqrt(np.where(np.isin(np.arange(count), (0, count - 1)), 0.5, 1.0) / (count - 1))
    given = root[:, None] * np.stack([_at(part, grids[-1]) for part in start[-1]], axis=1)
    arrays = root[:, None] * table * root, given
    matrix, guess = (torch.as_tensor(a, dtype=dtype, device=setup.device) for a in arrays)
    factors = [f.cpu().numpy().astype(np.float64) / root[:, None] for f in low_rank(matrix, guess, setup.one)]
    if setup.one:
        factors = [factors[0][:, ::-1]]  # the largest first, as the theorem numbers them
    history = []

    def record(stage: str, features: list[np.ndarray]) -> None:
        error = float(np.abs(table - features[0] @ features[-1].T).max())
        history.append({"stage": stage, "error": error})
        progress(f"{stage}: largest error on the grid {error:.4g}")

    record("features", factors)
    fitted = [
        [(at, _values(at, grid, column)) for (at, _), column in zip(side, factor.T, strict=True)]
        for side, grid, factor in zip(start, grids, factors, strict=True)
    ]
    splines = [np.stack([_at(part, g) for part in side], axis=1) for side, g in zip(fitted, grids, strict=True)]
    record("splines", splines)
    return fitted, history


def _at(part: Part, points: np.ndarray) -> np.ndarray:
    return np.interp(points, *part)


def _values(nodes: np.ndarray, grid: np.ndarray, feature: np.ndarray) -> np.ndarray:
    """Values at the nodes of the linear spline of least squares."""
    if len(nodes) == 1:
        return np.array([feature.mean()])
    return make_lsq_spline(grid, feature, np.concatenate([nodes[:1], nodes, nodes[-1:]]), k=1).c
