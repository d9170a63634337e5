"""The error r - <phi, psi> at points: in float64 for the search, in balls for the proof."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import flint
import numpy as np
import sympy as sp
from flint import arb, arb_mat, fmpq

from relverify.activations import activation
from relverify.networks.mlp import MLP
from relverify.relations.relation import Relation
from relverify.rigor.enclose import compile_arb
from relverify.rigor.pictures import compile_numpy

PREC = 128
GAIN = 1e-5


Layers = list[tuple[arb_mat, list[arb]]]


def layers(network: MLP) -> Layers:
    """The weights and biases of a network as exact balls."""
    return [
        (arb_mat(*w.shape, w.ravel().tolist()), [arb(c) for c in b.tolist()])
        for w, b in zip(network.weights, network.biases, strict=True)
    ]


def network_ball(network: MLP, point: Sequence[fmpq], exact: Layers | None = None) -> list[arb]:
    """Enclose the values of a network at one rational point, any activation, at the current precision.

    Parameters
    ----------
    network : MLP
    point : sequence of fmpq, length p
    exact : list, optional
        Its :func:`layers`, if they are at hand.

    Returns
    -------
    list of arb, length d

    Examples
    --------
    >>> net = MLP(([[1.0]], [[2.0]]), ([0.0], [0.5]), "square")
    >>> network_ball(net, [fmpq(1, 2)])[0].unique_fmpz()
    1
    """
    between = activation(network.activation)
    z = [arb(v) for v in point]
    for layer, (w, b) in enumerate(layers(network) if exact is None else exact):
        if layer:
            z = [between.ball(v) for v in z]
        product = w * arb_mat(len(z), 1, z)
        z = [v + c for v, c in zip(product.entries(), b, strict=True)]
    return z


@lru_cache(maxsize=64)
def _compiled(expr: sp.Expr, arguments: tuple[sp.Symbol, ...]) -> tuple[Any, Any]:
    return compile_numpy(expr, arguments), compile_arb(expr, arguments)


class PointError:
    """e(x, y) = r(x, y) - <phi(x), psi(y)>.

    Parameters
    ----------
    relation : Relation
    phi, psi : MLP
    """

    def __init__(self, relation: Relation, phi: MLP, psi: MLP) -> None:
        self.symbols: tuple[sp.Symbol, ...] = relation.x_symbols + relation.y_symbols
        self.expr, self.phi, self.psi = relation.expr, phi, psi
        self.split = len(relation.x_symbols)
        self._layers = layers(phi), layers(psi)
        self._floats, self._balls = _compiled(self.expr, self.symbols)

    def ball(self, point: Sequence[fmpq], prec: int = PREC) -> arb:
        """Enclose e at a rational point (the coordinates of x, then those of y)."""
        with flint.ctx.workprec(prec):
            phi = network_ball(self.phi, point[: self.split], self._layers[0])
            psi = network_ball(self.psi, point[self.split :], self._layers[1])
            total = sum((a * b for a, b in zip(phi, psi, strict=True)), arb(0))
            value: arb = self._balls(*(arb(v) for v in point)) - total
            return value

    def floats(self, points: np.ndarray) -> np.ndarray:
        """e at float64 points, shape (n, p + q), in float64 arithmetic (no proof); 0 where it is not finite."""
        with np.errstate(all="ignore"):
            values = self._floats(*points.T)
            values -= (self.phi(points[:, : self.split]) * self.psi(points[:, self.split :])).sum(axis=1)
        values[~np.isfinite(values)] = 0.0
        return values

    def climb(
        self,
        points: np.ndarray,
        steps: np.ndarray,
        lo: np.ndarray,
        hi: np.ndarray,
        rounds: int = 10,
        gain: float = GAIN,
    ) -> Any:
        """Search larger |e| near points: along each axis to the top of a parabola through three values.

        Parameters
        ----------
        points, steps : ndarray, shape (n, p + q)
        lo, hi : ndarray, shape (p + q,)
            The box.
        rounds : int
        gain : float
            The climb ends when a round raises the largest value by no more than this part of it.

        Returns
        -------
        point : ndarray, shape (p + q,)
        size : float
            |e| there, in float64.
        """
        axes = points.shape[1]
        move = np.concatenate([np.eye(axes), -np.eye(axes)])
        best = np.abs(self.floats(points))
        steps = steps.copy()
        for _ in range(rounds):
            around = np.minimum(np.maximum(points[:, None] + move * steps[:, None], lo), hi)
            sizes = np.abs(self.floats(around.reshape(-1, axes))).reshape(len(points), -1)
            forward, back = sizes[:, :axes], sizes[:, axes:]
            bend = 2 * best[:, None] - forward - back
            bent = bend > 0
            vertex = np.where(bent, 0.5 * (forward - back) / np.where(bent, bend, 1.0), np.sign(forward - back))
            vertex = np.minimum(np.maximum(vertex, -2.0), 2.0)
            top = np.minimum(np.maximum(points + vertex * steps, lo), hi)
            tries = np.concatenate([around, top[:, None]], axis=1)
            sizes = np.concatenate([sizes, np.abs(self.floats(top))[:, None]], axis=1)
            which = sizes.argmax(axis=1)
            rows = np.arange(len(points))
            better = sizes[rows, which] > best
            points = np.where(better[:, None], tries[rows, which], points)
            before, best = best.max(), np.maximum(best, sizes[rows, which])
            if best.max() <= before * (1 + gain):
                break
            steps *= np.where(better & (which < 2 * axes), 1.0, 0.4)[:, None]
        k = int(best.argmax())
        return points[k], float(best[k])
