"""Exact description of a fully connected network.

The float64 weights of a network are dyadic rationals, so the network is an exact real function.  Everything
proved about a network is proved about that function; float64 execution (``__call__``) is a convenience.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import flint
import numpy as np
from flint import arb, arb_mat, fmpq, fmpq_mat

from relverify.activations import activation
from relverify.errors import InputError
from relverify.rigor.exact import dyadic

MAX_PIECES = 100_000


def _readonly(array: object, argument: str, ndim: int) -> np.ndarray:
    try:
        result = np.array(array, dtype=np.float64, order="C")
    except (TypeError, ValueError) as error:
        raise InputError(argument, "is not an array of numbers", f"a {ndim}-dimensional float64 array") from error
    if result.ndim != ndim:
        raise InputError(argument, f"has {result.ndim} dimensions", f"a {ndim}-dimensional float64 array")
    if not np.isfinite(result).all():
        raise InputError(argument, "contains NaN or an infinity", "finite float64 numbers")
    result.setflags(write=False)
    return result


@dataclass(frozen=True, eq=False)
class MLP:
    """Network ``x -> W_k s(W_{k-1} ... s(W_0 x + b_0) ...) + b_k`` with exact (dyadic) weights.

    Parameters
    ----------
    weights : tuple of ndarray, shape (out, in)
        Finite float64 matrices, first layer first.
    biases : tuple of ndarray, shape (out,)
        One per weight matrix.
    activation : str
        Name of the activation applied between layers, one of :func:`relverify.activations.activations`;
        ``"relu"`` is the one that is evaluated exactly.

    Raises
    ------
    InputError
        If shapes do not fit together, a number is not finite, or the activation is unknown.

    Examples
    --------
    >>> net = MLP(([[1.0], [1.0]], [[1.0, -2.0]]), ([0.0, -0.5], [0.0]))
    >>> net.hidden_units, net.at_exact(fmpq(3, 4))
    (2, [1/4])
    """

    weights: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray, ...]
    activation: str = "relu"

    def __post_init__(self) -> None:
        activation(self.activation)
        if not self.weights or len(self.weights) != len(self.biases):
            raise InputError(
                "weights", f"{len(self.weights)} matrices for {len(self.biases)} biases", "one bias a matrix"
            )
        weights = tuple(_readonly(w, f"weights[{k}]", 2) for k, w in enumerate(self.weights))
        biases = tuple(_readonly(b, f"biases[{k}]", 1) for k, b in enumerate(self.biases))
        for k, (w, b) in enumerate(zip(weights, biases, strict=True)):
            if w.shape[0] != b.shape[0]:
                raise InputError(f"biases[{k}]", f"has length {b.shape[0]}", f"length {w.shape[0]}")
            if k and w.shape[1] != weights[k - 1].shape[0]:
                raise InputError(f"weights[{k}]", f"has {w.shape[1]} columns", f"{weights[k - 1].shape[0]} columns")
        if weights[0].shape[1] < 1 or weights[-1].shape[0] < 1:
            raise InputError("weights", "the network has no input or no output", "at least one of each")
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "biases", biases)

    @property
    def in_features(self) -> int:
        """Number of inputs."""
        return int(self.weights[0].shape[1])

    @property
    def out_features(self) -> int:
        """Number of outputs, the feature dimension d."""
        return int(self.weights[-1].shape[0])

    @property
    def widths(self) -> tuple[int, ...]:
        """Hidden layer widths."""
        return tuple(int(w.shape[0]) for w in self.weights[:-1])

    @property
    def hidden_units(self) -> int:
        """Number of hidden units of all layers together."""
        return sum(self.widths)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Values in float64 arithmetic (not a proof).

        Parameters
        ----------
        x : ndarray, shape (n, p)

        Returns
        -------
        ndarray, shape (n, d)
        """
        h = np.asarray(x, dtype=np.float64)
        if h.ndim != 2 or h.shape[1] != self.in_features:
            raise InputError("x", f"has shape {h.shape}", f"shape (n, {self.in_features})")
        for k, (w, b) in enumerate(zip(self.weights, self.biases, strict=True)):
            h = h @ w.T + b
            if k + 1 < len(self.weights):
                h = activation(self.activation).value(h)
        return h

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MLP) and self.digest() == other.digest()

    def __hash__(self) -> int:
        return hash(self.digest())

    def digest(self) -> str:
        """SHA-256 of activation, shapes and little-endian weights, as 64 hexadecimal digits."""
        state = hashlib.sha256(f"relverify-mlp-1:{self.activation}".encode())
        for w, b in zip(self.weights, self.biases, strict=True):
            state.update(f":{w.shape[0]}x{w.shape[1]}:".encode())
            state.update(w.astype("<f8").tobytes() + b.astype("<f8").tobytes())
        return state.hexdigest()

    def with_weights(self, weights: Sequence[object], biases: Sequence[object] | None = None) -> MLP:
        """Copy with other weights (and other biases, if given); the activation stays.

        Parameters
        ----------
        weights, biases : sequence of ndarray

        Returns
        -------
        MLP
        """
        chosen = self.biases if biases is None else tuple(biases)
        return MLP(tuple(weights), chosen, self.activation)  # type: ignore[arg-type]

    def require_exact(self, argument: str = "network") -> None:
        """Refuse a network whose exact values are not computed: any activation but ReLU between layers."""
        if self.activation not in ("relu", "identity") and self.hidden_units:
            raise InputError(argument, f"activation {self.activation!r} is not piecewise linear", "a ReLU network")

    def _layers(self) -> list[tuple[fmpq_mat, fmpq_mat]]:
        layers = []
        for w, b in zip(self.weights, self.biases, strict=True):
            exact_w = fmpq_mat(w.shape[0], w.shape[1], [dyadic(v) for v in w.ravel().tolist()])
            layers.append((exact_w, fmpq_mat(b.shape[0], 1, [dyadic(v) for v in b.tolist()])))
        return layers

    def at_exact(self, x: fmpq | int | Sequence[fmpq | int]) -> list[fmpq]:
        """Exact values at one rational point.

        Parameters
        ----------
        x : fmpq or sequence of fmpq
            A number for a one-input network, else ``in_features`` numbers.

        Returns
        -------
        list of fmpq, length d

        Raises
        ------
        InputError
            If the activation is not ReLU or the point has the wrong length.
        """
        self.require_exact()
        point = list(x) if isinstance(x, list | tuple) else [x]
        if len(point) != self.in_features:
            raise InputError("x", f"has {len(point)} coordinates", f"{self.in_features} coordinates")
        h = fmpq_mat(len(point), 1, [fmpq(v) for v in point])
        for k, (w, b) in enumerate(self._layers()):
            h = w * h + b
            if k + 1 < len(self.weights) and self.activation == "relu":
                h = fmpq_mat(h.nrows(), 1, [v if v > 0 else fmpq(0) for v in h.entries()])
        return list(h.entries())

    def breakpoints(self, lo: fmpq | int, hi: fmpq | int, limit: int = MAX_PIECES) -> list[fmpq]:
        """Exact rational breakpoints strictly inside ``(lo, hi)``, any depth (one input).

        Every kink of the network on the interval is in the list; a listed point may turn out to be no kink if
        the following layers cancel it.

        Parameters
        ----------
        lo, hi : fmpq
        limit : int
            Largest number of affine pieces followed.

        Returns
        -------
        list of fmpq, increasing

        Raises
        ------
        InputError
            If the network has several inputs, is not a ReLU network, or has too many pieces.
        """
        self.require_exact()
        if self.in_features != 1:
            raise InputError("network", f"has {self.in_features} inputs", "a network with one input")
        knots = [fmpq(lo), fmpq(hi)]
        if self.activation != "relu" or knots[0] >= knots[1]:
            return []
        layers = self._layers()
        # value = slope * x + offset of every unit, on every piece between neighbouring knots
        slopes, offsets = [fmpq_mat(1, 1, [1])], [fmpq_mat(1, 1, [0])]
        for w, b in layers[:-1]:
            new_knots = [knots[0]]
            new_slopes: list[fmpq_mat] = []
            new_offsets: list[fmpq_mat] = []
            for (left, right), slope, offset in zip(pairwise(knots), slopes, offsets, strict=True):
                a, c = (w * slope).entries(), (w * offset + b).entries()
                zeros = {-ci / ai for ai, ci in zip(a, c, strict=True) if ai != 0}
                cuts = [*sorted(z for z in zeros if left < z < right), right]
                if len(new_slopes) + len(cuts) > limit:
                    raise InputError("network", f"has more than {limit} affine pieces", "a network with fewer pieces")
                for start, end in pairwise([left, *cuts]):
                    middle = (start + end) / 2
                    on = [ai * middle + ci > 0 for ai, ci in zip(a, c, strict=True)]
                    new_slopes.append(fmpq_mat(len(a), 1, [v if o else fmpq(0) for v, o in zip(a, on, strict=True)]))
                    new_offsets.append(fmpq_mat(len(a), 1, [v if o else fmpq(0) for v, o in zip(c, on, strict=True)]))
                new_knots += cuts
            knots, slopes, offsets = new_knots, new_slopes, new_offsets
        return knots[1:-1]

    def values_arb(self, points: Sequence[fmpq], prec: int = 128) -> arb_mat:
        """Proved enclosures of the values at many rational points.

        Parameters
        ----------
        points : sequence of fmpq, length n
            Inputs of a one-input network.
        prec : int
            Working precision in bits.

        Returns
        -------
        arb_mat, shape (n, d)
        """
        self.require_exact()
        if self.in_features != 1:
            raise InputError("network", f"has {self.in_features} inputs", "a network with one input")
        with flint.ctx.workprec(prec):
            h, zero = arb_mat(len(points), 1, [arb(p) for p in points]), arb(0)
            for k, (w, b) in enumerate(zip(self.weights, self.biases, strict=True)):
                wt = arb_mat(w.shape[1], w.shape[0], w.T.ravel().tolist())
                shift = [arb(v) for v in b.tolist()] * len(points)
                h = h * wt + arb_mat(len(points), w.shape[0], shift)
                if k + 1 < len(self.weights) and self.activation == "relu":
                    h = arb_mat(h.nrows(), h.ncols(), [zero.max(v) for v in h.entries()])
            return h
