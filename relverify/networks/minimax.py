"""Fit piecewise linear features to a relation in the maximum norm (torch; nothing here is a proof).

A ReLU layer with n kinks is parametrised by its knots and by the values that the outputs take there. With the knots
fixed the product of the features is ``W_x V_x (W_y V_y)^T`` with constant hat matrices W, so that training is a
low-rank matrix approximation, see :mod:`relverify.networks.least_squares`; here the knots are moved as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from relverify.errors import InputError, MissingDependency
from relverify.relations.relation import Relation

DEVICES = "auto, cpu, cuda"
PRECISIONS = ("float64", "float32")
Values = Callable[[np.ndarray, np.ndarray], np.ndarray]


def import_torch() -> Any:
    """The torch module.

    Raises
    ------
    MissingDependency
        If torch is not installed.
    """
    try:
        import torch
    except ImportError as error:
        raise MissingDependency("torch", "torch") from error
    return torch


def choose_device(name: str) -> str:
    """``"cpu"`` or ``"cuda"`` for ``"auto"``, ``"cpu"`` or ``"cuda"``.

    Raises
    ------
    InputError
        If the name is unknown, or CUDA is asked for and not available.
    """
    torch = import_torch()
    if name not in ("auto", "cpu", "cuda"):
        raise InputError("device", f"{str(name)[:40]!r} is unknown", DEVICES)
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise InputError("device", "cuda is not available here", "auto or cpu")
    return "cuda" if name != "cpu" and available else "cpu"


def choose_precision(name: str) -> Any:
    """The torch type of ``"float64"`` or ``"float32"``, in which a fit is computed.

    Raises
    ------
    InputError
        If the name is unknown.
    """
    if name not in PRECISIONS:
        raise InputError("precision", f"{str(name)[:40]!r} is unknown", ", ".join(PRECISIONS))
    return getattr(import_torch(), name)


@contextmanager
def one_thread() -> Iterator[None]:
    """Run torch on one thread, so that sums are taken in one order; the setting is restored."""
    torch = import_torch()
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def float_values(relation: Relation) -> Values:
    """The relation on a product grid in float64: arrays of shapes (m,) and (k,) to (m, k), all finite."""

    def values(xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
        table = relation.values(xs[:, None], ys[None, :])
        if not np.isfinite(table).all():
            raise InputError("relation", "has no finite value at a point", "a relation that is continuous on the box")
        return table

    return values


def fine_grid(knots: np.ndarray, per_piece: int) -> np.ndarray:
    """The knots and equal points between them."""
    steps = np.arange(per_piece) / per_piece
    inner = (knots[:-1, None] + np.diff(knots)[:, None] * steps).ravel()
    return np.append(inner, knots[-1])


@dataclass
class Side:
    """Knots (n+1,) and values there (n+1, d) of the features of one side, as torch tensors."""

    knots: Any
    values: Any

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Copies as numpy arrays, in float64."""
        return tuple(t.detach().cpu().numpy().astype(np.float64) for t in (self.knots, self.values))  # type: ignore[return-value]


@dataclass
class Fit:
    """A fit in progress; `sides` holds one side (symmetric form) or two.

    Parameters
    ----------
    values : callable
        See :func:`float_values`.
    sides : list of Side
    device : str
    progress : callable
        Receives one line a stage.
    precision : {"float64", "float32"}
    """

    values: Values
    sides: list[Side]
    device: str
    progress: Callable[[str], None] = lambda _: None
    history: list[dict[str, Any]] = field(default_factory=list)
    best: float = np.inf
    kept: list[Side] = field(default_factory=list)
    precision: str = "float64"

    def __post_init__(self) -> None:
        self.torch = import_torch()
        self.dtype = choose_precision(self.precision)

    def tensor(self, array: np.ndarray) -> Any:
        """A tensor on the device."""
        return self.torch.as_tensor(array, dtype=self.dtype, device=self.device)

    def hats(self, side: Side, points: Any) -> Any:
        """The hat functions of the knots at points: (m, n+1), differentiable in the knots."""
        torch = self.torch
        inner = torch.searchsorted(side.knots.detach(), points.contiguous(), right=True)
        left = (inner - 1).clamp(0, len(side.knots) - 2)
        share = (points - side.knots[left]) / (side.knots[left + 1] - side.knots[left])
        rows = torch.arange(len(points), device=self.device)
        table = torch.zeros(len(points), len(side.knots), dtype=self.dtype, device=self.device)
        table = table.index_put((rows, left), 1 - share)
        return table.index_put((rows, left + 1), share)

    def errors(self, hats: list[Any], table: Any, sides: list[Side]) -> Any:
        """r - <phi, psi> on the grid."""
        left, right = hats[0] @ sides[0].values, hats[-1] @ sides[-1].values
        return table - left @ right.T

    def largest(self, hats: list[Any], table: Any) -> float:
        """The largest error on the grid."""
        with self.torch.no_grad():
            return float(self.errors(hats, table, self.sides).abs().max())

    def prepare(self, per_piece: int) -> tuple[list[Any], Any, list[Any]]:
        """Hat matrices, values of the relation and points on the grid of the knots."""
        points = [fine_grid(s.knots.detach().cpu().numpy(), per_piece) for s in self.sides]
        table = self.tensor(self.values(points[0], points[-1]))
        tensors = [self.tensor(p) for p in points]
        return [self.hats(s, p).detach() for s, p in zip(self.sides, tensors, strict=True)], table, tensors

    def minimise(self, parameters: list[Any], loss: Callable[[], Any], iterations: int) -> None:
        """L-BFGS with a line search."""
        optimiser = self.torch.optim.LBFGS(
            parameters, max_iter=iterations, max_eval=2 * iterations, history_size=40,
            tolerance_grad=1e-14, tolerance_change=1e-16, line_search_fn="strong_wolfe",
        )  # fmt: skip

        def closure() -> Any:
            optimiser.zero_grad()
            value = loss()
            value.backward()
            return value

        optimiser.step(closure)

    def record(self, stage: str, error: float) -> None:
        """Note the error of a stage and keep the best features."""
        self.history.append({"stage": stage, "error": error})
        self.progress(f"{stage}: largest error on the grid {error:.4g}")
        if error < self.best:
            self.best = error
            self.kept = [Side(s.knots.detach().clone(), s.values.detach().clone()) for s in self.sides]

    def spread_knots(self, rounds: int = 6) -> None:
        """Move the knots until the errors of interpolation between neighbours are equal (de Boor); keep the features.

        Crowded knots are a local minimum that descent does not leave.
        """
        old = [side.arrays() for side in self.sides]
        nodes = [knots for knots, _ in old]
        others = [fine_grid(knots, 4) for knots in nodes]
        for _ in range(rounds):
            for axis, knots in enumerate(nodes):
                across = others[-1 - axis]
                points = fine_grid(knots, 2)
                table = self.values(points, across) if axis == 0 else self.values(across, points).T
                size = np.abs(table[1::2] - (table[:-1:2] + table[2::2]) / 2).max(axis=1)
                gaps = np.diff(knots)
                density = np.sqrt(size) / gaps
                mass = (density + 0.05 * density.max() + 1e-300) * gaps
                total = np.concatenate([[0.0], np.cumsum(mass)])
                inner = np.interp(np.arange(1, len(gaps)) / len(gaps) * total[-1], total, knots)
                nodes[axis] = np.concatenate([knots[:1], inner, knots[-1:]])
        self.sides = [
            Side(self.tensor(new), self.hats(Side(self.tensor(knots), None), self.tensor(new)) @ self.tensor(values))
            for new, (knots, values) in zip(nodes, old, strict=True)
        ]

    def move_knots(self, iterations: int = 150) -> None:
        """Fit knots and values together, least squares on a fixed grid; the ends of the boxes stay."""
        torch = self.torch
        ends = [(s.knots[0].detach().clone(), s.knots[-1].detach().clone()) for s in self.sides]
        points = [
            fine_grid(np.linspace(float(a), float(b), len(s.knots)), 6)
            for s, (a, b) in zip(self.sides, ends, strict=True)
        ]
        table, tensors = self.tensor(self.values(points[0], points[-1])), [self.tensor(p) for p in points]
        logits = [torch.log(torch.diff(s.knots.detach())).requires_grad_(True) for s in self.sides]
        for side in self.sides:
            side.values.requires_grad_(True)
        scale = max(self.best, 1e-12) ** 2

        def place() -> None:
            for side, (a, b), logit in zip(self.sides, ends, logits, strict=True):
                inner = a + (b - a) * torch.softmax(logit, 0).cumsum(0)[:-1]
                side.knots = torch.cat([a[None], inner, b[None]])

        def loss() -> Any:
            place()
            hats = [self.hats(s, p) for s, p in zip(self.sides, tensors, strict=True)]
            size = self.errors(hats, table, self.sides).square() / scale
            # between the mean square and the maximum
            return size.mean() + size.square().mean().sqrt()

        self.minimise([*logits, *(s.values for s in self.sides)], loss, iterations)
        place()
        for side in self.sides:
            side.knots, side.values = side.knots.detach(), side.values.detach()

    def fit_values(self, per_piece: int, target: float, rounds: int) -> float:
        """Fit the values at fixed knots: least squares, then reweighting until the largest error is below a target."""
        from relverify.networks.least_squares import Problem, least_squares, reweight

        hats, table, _ = self.prepare(per_piece)
        problem = Problem(table, hats)
        values = least_squares(problem, [side.values.detach()[None] for side in self.sides])
        for stage in ("least squares", "reweighting"):
            if stage == "reweighting":
                values, _ = reweight(problem, values, target, rounds)
            for side, found in zip(self.sides, values, strict=True):
                side.values = found[0]
            self.record(stage, self.largest(hats, table))
            if self.best <= target:
                break
        return self.best
