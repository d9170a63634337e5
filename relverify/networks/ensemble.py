"""Many trainings at once as batched matrix products, and the smallest size that training reaches (torch, optional).

The members of an ensemble share relation, sizes and equispaced knots; the output weights of each are random by a seed
of its own.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpq

from relverify.certify.vertex import vertex_certificate
from relverify.core.box import Box
from relverify.errors import InputError
from relverify.networks.construct import interpolating_network
from relverify.networks.least_squares import Problem, least_squares, reweight
from relverify.networks.minimax import Fit, Side, choose_device, float_values, import_torch, one_thread
from relverify.networks.mlp import MLP
from relverify.networks.train import AIM, EQUISPACED, ROUNDS, WIDE, Setup, Trained, dimension, knots, train
from relverify.relations.relation import Relation
from relverify.rigor.decide import Verdict

MEMBERS = 4
MAX_MEMBERS = 4096
PER_PIECE = 4
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Ensemble:
    """Trained members, not certified yet.

    Parameters
    ----------
    setup : Setup
    sizes : list of int
        Hidden units of each network.
    d : int
        Outputs.
    seeds : tuple of int
    nodes : list of ndarray
        Knots of each network.
    start, values : list of ndarray, shape (B, n + 1, d)
        At the knots, before and after.
    errors : ndarray, shape (B,)
        Largest errors on a grid (float64, not proved).
    seconds : float
    """

    setup: Setup
    sizes: list[int]
    d: int
    seeds: tuple[int, ...]
    nodes: list[np.ndarray]
    start: list[np.ndarray]
    values: list[np.ndarray]
    errors: np.ndarray
    seconds: float

    @property
    def best(self) -> int:
        """The member of least error on the grid."""
        return int(self.errors.argmin())

    def member(self, k: int) -> Trained:
        """Certify a member, before and after training."""
        setup = self.setup
        (phi, psi), (phi_start, psi_start) = self._networks(self.values, k), self._networks(self.start, k)
        after, before = (
            vertex_certificate(setup.relation, *nets, setup.x, setup.y, setup.eps, factor, 400_000, 60.0)
            for nets, factor in (((phi, psi), fmpq(11, 10)), ((phi_start, psi_start), fmpq(2)))
        )
        history = [{"stage": "ensemble", "error": float(self.errors[k])}]
        return Trained(
            phi, psi, setup.relation, setup.x, setup.y, setup.eps, sum(self.sizes), self.sizes[0],
            sum(self.sizes[1:]), self.d, setup.theorem, setup.prediction.units, after, before,
            EQUISPACED, history, self.seconds, setup.device, self.seeds[k], setup.precision,
        )  # fmt: skip

    def _networks(self, values: list[np.ndarray], k: int) -> tuple[MLP, MLP | None]:
        nets = [interpolating_network(nodes, v[k]) for nodes, v in zip(self.nodes, values, strict=True)]
        return nets[0], nets[1] if len(nets) == 2 else None


def train_ensemble(
    relation: Relation,
    x: Box | str,
    y: Box | str | None = None,
    eps: object = None,
    units: int | tuple[int, int] | None = None,
    theorem: str = "grid-neurons",
    seeds: Sequence[int] = tuple(range(32)),
    device: str = "auto",
    rounds: int = ROUNDS,
    precision: str = "float64",
) -> Ensemble:
    """Train many members at once; the start of a member is that of :func:`relverify.networks.train.train`.

    Parameters
    ----------
    relation, x, y, eps, units, theorem, device, precision
        See :func:`relverify.networks.train.train`; one number a side.
    seeds : sequence of int
        One a member.
    rounds : int
        Of reweighting, for members that miss eps after least squares.

    Returns
    -------
    Ensemble

    Notes
    -----
    A member depends on the others through the rounding of batched products, and through the number of rounds, which go
    on until every member meets eps; its best values are kept.
    """
    begin = time.perf_counter()
    seeds = tuple(seeds)
    if not 1 <= len(seeds) <= MAX_MEMBERS:
        raise InputError("seeds", f"{len(seeds)} members are not accepted", f"1 to {MAX_MEMBERS}")
    setup = Setup(relation, x, y, eps, theorem, seeds[0], "uniform-knots")
    setup.device, setup.precision = choose_device(device), precision
    sizes = setup.sizes(units)
    with one_thread():
        torch = import_torch()
        values = float_values(relation)
        nodes = [knots(setup, n, ends, None) for n, ends in zip(sizes, setup.ends, strict=False)]
        d = dimension(setup, sizes, values, nodes)
        fit = Fit(values, [], setup.device, precision=precision)
        fit.sides = [Side(fit.tensor(n), None) for n in nodes]
        drawn: list[list[Any]] = [[] for _ in nodes]
        for seed in seeds:
            generator = torch.Generator(device="cpu").manual_seed(seed)
            for side, n in zip(drawn, nodes, strict=True):
                side.append(torch.randn(len(n), d, generator=generator, dtype=torch.float64) / math.sqrt(d))
        start = [torch.stack(side).to(setup.device, fit.dtype) for side in drawn]
        hats, table, _ = fit.prepare(max(2, min(PER_PIECE, 800 // max(sizes))) // 2 * 2)
        problem = Problem(table, hats)
        found, errors = reweight(problem, least_squares(problem, start), AIM * float(setup.eps), rounds)
    before, after = ([v.cpu().numpy().astype(np.float64) for v in side] for side in (start, found))
    seconds = time.perf_counter() - begin
    return Ensemble(setup, sizes, d, seeds, nodes, before, after, errors.cpu().numpy(), seconds)


@dataclass(frozen=True)
class Smallest:
    """The smallest trained size that was found; a smaller one may exist.

    Parameters
    ----------
    units : int
    trained : Trained
        Proved at that size.
    tried : dict of int to str
        The verdict at each size.
    """

    units: int
    trained: Trained
    tried: dict[int, str]


def smallest(
    relation: Relation,
    x: Box | str,
    y: Box | str | None = None,
    eps: object = None,
    theorem: str = "grid-neurons",
    seed: int = 0,
    device: str = "auto",
    members: int = MEMBERS,
    progress: Progress | None = None,
    start: Trained | None = None,
    time_limit: float = 120.0,
) -> Smallest | None:
    """Search downward for the smallest size at which training is proved to reach eps.

    Parameters
    ----------
    relation, x, y, eps, theorem, device, progress
        See :func:`relverify.networks.train.train`.
    seed : int
        Of the first member of each ensemble.
    members : int
        Members of the ensemble at each size; the best one is certified.
    start : Trained, optional
        A result to start from; trained at the predicted size if missing.
    time_limit : float
        Seconds after which no further size is tried.

    Returns
    -------
    Smallest or None
        The smallest size found by bisection; None if the size to start from is not proved.
    """
    begin = time.perf_counter()
    say = progress or (lambda _: None)
    best = start or train(relation, x, y, eps, None, theorem, seed, device=device)
    tried = {best.units: str(best.verdict)}
    if best.verdict is not Verdict.PROVED:
        return None
    failed = 1 if best.psi is not None else 0
    step, most = max(1, best.units // 4), WIDE * (1 if best.psi is None else 2)
    while best.units - failed > 1 and time.perf_counter() - begin < time_limit:
        # a few steps down from the prediction, then bisection, among sizes whose knots are fitted together
        middle = best.units - step if best.units - step > failed else (best.units + failed) // 2
        middle = min(middle, most)
        if middle <= failed:
            break
        ensemble = train_ensemble(relation, x, y, eps, middle, theorem, range(seed, seed + members), device)
        found = ensemble.member(ensemble.best)
        tried[middle] = str(found.verdict)
        say(f"{middle} units: {found.verdict}")
        if found.verdict is Verdict.PROVED:
            best = found
        else:
            failed, step = middle, best.units
    return Smallest(best.units, best, tried)
