"""Batched fits of piecewise linear features at fixed knots: alternating least squares, then reweighting (torch).

With fixed knots the product of the features on a grid is W_x V_x (W_y V_y)^T with constant hat matrices W. The best
approximation in the mean square is found by block power iteration from random values: descent would need many steps
for features of small singular value. The maximum is then brought down by reweighting (Lawson), with L-BFGS on all
members of a batch at once and gradients in closed form. Nothing here is a proof.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from relverify.networks.minimax import import_torch

# reweighting: the power of the relative error, and the least weight (without it weights die and errors come back)
POWER, FLOOR = 0.7, 0.01
SWEEPS = 12
MEMORY = 12
HALVINGS = 12


@dataclass
class Problem:
    """A relation on a grid, and the hat functions of the knots of one side (symmetric form) or two.

    Parameters
    ----------
    table : Tensor, shape (m, k)
    hats : list of Tensor, shapes (m, n_x + 1) and (k, n_y + 1)
    """

    table: Any
    hats: list[Any]

    def errors(self, values: list[Any]) -> Any:
        """r - <phi, psi> on the grid, shape (B, m, k); values of shape (B, n + 1, d)."""
        left, right = self.hats[0] @ values[0], self.hats[-1] @ values[-1]
        return self.table - left @ right.transpose(-1, -2)

    def largest(self, values: list[Any]) -> Any:
        """The largest error of each member, shape (B,)."""
        return self.errors(values).abs().amax(dim=(1, 2))

    def gradient(self, values: list[Any], weights: Any) -> tuple[Any, list[Any]]:
        """Weighted mean squares of the error, shape (B,), and their gradients."""
        left, right = self.hats[0] @ values[0], self.hats[-1] @ values[-1]
        error = self.table - left @ right.transpose(-1, -2)
        weighted = weights * error
        loss = (weighted * error).mean(dim=(1, 2))
        factor = -2.0 / self.table.numel()
        along, across = factor * (weighted @ right), factor * (weighted.transpose(-1, -2) @ left)
        if len(values) == 1:
            return loss, [self.hats[0].T @ (along + across)]
        return loss, [self.hats[0].T @ along, self.hats[1].T @ across]


def least_squares(problem: Problem, start: list[Any], sweeps: int = SWEEPS) -> list[Any]:
    """Values at the knots of least mean square error on the grid, from random values, for all members of a batch.

    Parameters
    ----------
    problem : Problem
    start : list of Tensor, shape (B, n + 1, d)
        One or two; where the relation is not PSD the symmetric form keeps its positive part.
    sweeps : int
        Steps of block power iteration.

    Returns
    -------
    list of Tensor
        With features of equal norm on both sides.
    """
    torch = import_torch()
    # in coordinates U = R^T V with W^T W = R R^T the mean square is that of a matrix of the knots
    roots = [torch.linalg.cholesky(w.T @ w) for w in problem.hats]
    inner = problem.hats[0].T @ problem.table @ problem.hats[-1]
    matrix = torch.linalg.solve_triangular(roots[0], inner, upper=False)
    matrix = torch.linalg.solve_triangular(roots[-1], matrix.T, upper=False).T
    symmetric = len(start) == 1
    found = low_rank((matrix + matrix.T) / 2 if symmetric else matrix, roots[-1].T @ start[-1], symmetric, sweeps)
    return [torch.linalg.solve_triangular(root.T, u, upper=True) for root, u in zip(roots, found, strict=True)]


def low_rank(matrix: Any, start: Any, symmetric: bool, sweeps: int = SWEEPS) -> list[Any]:
    """Best approximation of given rank in the mean square, by block power iteration.

    Parameters
    ----------
    matrix : Tensor, shape (m, k)
    start : Tensor, shape (..., k, d)
        Random, or near the leading right singular vectors.
    symmetric : bool
        Take the positive part of a symmetric matrix as ``U U^T``.
    sweeps : int

    Returns
    -------
    list of Tensor
        One factor, or two with columns of equal norm, of shapes (..., m, d) and (..., k, d): columns grow in the
        symmetric form, and shrink else.
    """
    torch = import_torch()
    last = torch.linalg.qr(start).Q
    if symmetric:
        for _ in range(sweeps):
            last = torch.linalg.qr(matrix @ last).Q
        sizes, turn = torch.linalg.eigh(last.transpose(-1, -2) @ (matrix @ last))
        return [(last @ turn * sizes.clamp(min=0.0).sqrt()[..., None, :])]
    for _ in range(sweeps):
        first = torch.linalg.qr(matrix @ last).Q
        last = torch.linalg.qr(matrix.T @ first).Q
    first = torch.linalg.qr(matrix @ last).Q
    left, sizes, right = torch.linalg.svd(first.transpose(-1, -2) @ (matrix @ last))
    scale = sizes.sqrt()[..., None, :]
    return [first @ left * scale, last @ right.transpose(-1, -2) * scale]


def reweight(problem: Problem, values: list[Any], target: float, rounds: int, each: int = 25) -> tuple[list[Any], Any]:
    """Bring the largest error down by weights that grow where the error is large.

    Parameters
    ----------
    problem : Problem
    values : list of Tensor, shape (B, n + 1, d)
    target : float
        The search ends when every member has a largest error below it.
    rounds : int
    each : int
        Steps of L-BFGS a round.

    Returns
    -------
    values : list of Tensor
        The best of each member.
    largest : Tensor, shape (B,)
    """
    torch = import_torch()
    best, kept = problem.largest(values), [v.clone() for v in values]
    weights = torch.ones(len(best), *problem.table.shape, dtype=problem.table.dtype, device=problem.table.device)
    for _ in range(rounds):
        if bool((best <= target).all()):
            break
        size = problem.errors(values).abs()
        weights = weights * (size / size.amax(dim=(1, 2), keepdim=True)) ** POWER
        weights = (weights / weights.mean(dim=(1, 2), keepdim=True)).clamp(min=FLOOR)
        values = descend(problem, values, weights, each)
        largest = problem.largest(values)
        better = largest < best
        best = torch.where(better, largest, best)
        kept = [torch.where(better[:, None, None], v, k) for v, k in zip(values, kept, strict=True)]
    return kept, best


def descend(problem: Problem, values: list[Any], weights: Any, steps: int) -> list[Any]:
    """L-BFGS with a backtracking line search on every member at once."""
    torch = import_torch()
    shapes = [v.shape[1:] for v in values]
    counts = [s[0] * s[1] for s in shapes]

    def unpack(flat: Any) -> list[Any]:
        parts = torch.split(flat, counts, dim=1)
        return [p.reshape(len(flat), *shape) for p, shape in zip(parts, shapes, strict=True)]

    tiny = torch.finfo(values[0].dtype).tiny

    def evaluate(flat: Any) -> tuple[Any, Any]:
        loss, gradients = problem.gradient(unpack(flat), weights)
        return loss, torch.cat([g.reshape(len(flat), -1) for g in gradients], dim=1)

    def dot(a: Any, b: Any) -> Any:
        return (a * b).sum(dim=1, keepdim=True)

    point = torch.cat([v.reshape(len(v), -1) for v in values], dim=1)
    loss, gradient = evaluate(point)
    pairs: list[tuple[Any, Any, Any]] = []
    for _ in range(steps):
        direction, coefficients = gradient.clone(), []
        for s, y, rho in reversed(pairs):
            a = rho * dot(s, direction)
            coefficients.append(a)
            direction = direction - a * y
        if pairs:
            s, y, rho = pairs[-1]
            direction = direction * torch.where(rho > 0, dot(s, y) / dot(y, y).clamp(min=tiny), 1.0)
        else:
            direction = direction / gradient.norm(dim=1, keepdim=True).clamp(min=tiny) * 1e-3 * point.norm()
        for (s, y, rho), a in zip(pairs, reversed(coefficients), strict=True):
            direction = direction + (a - rho * dot(y, direction)) * s
        slope = dot(gradient, direction)
        # where the curvature misleads, go down the gradient
        direction = torch.where(slope > 0, direction, gradient)
        slope = torch.where(slope > 0, slope, dot(gradient, gradient))
        length = torch.ones_like(slope)
        for _ in range(HALVINGS):
            trial = point - length * direction
            trial_loss, trial_gradient = evaluate(trial)
            enough = trial_loss[:, None] <= loss[:, None] - 1e-4 * length * slope
            if bool(enough.all()):
                break
            length = torch.where(enough, length, 0.5 * length)
        moved = torch.where(enough, trial - point, 0.0)
        change = torch.where(enough, trial_gradient - gradient, 0.0)
        curvature = dot(moved, change)
        rho = torch.where(curvature > tiny, 1.0 / curvature.clamp(min=tiny), 0.0)
        pairs = [*pairs, (moved, change, rho)][-MEMORY:]
        point, gradient = point + moved, gradient + change
        loss = torch.where(enough[:, 0], trial_loss, loss)
    return unpack(point)
