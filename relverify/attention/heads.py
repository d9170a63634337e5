"""One attention head as a relation on the unit ball, in few coordinates and with a proved error.

A head scores ``r(x, y) = (W_Q x + b_Q)'(W_K y + b_K) s``. Its inputs are the image of a norm or a ball: affine images
of the unit ball of R^D. Queries and keys depend on at most 2d coordinates of it, d the size of the head. They are taken
from a numerical factorisation, and the distance of the head in these coordinates from the given one is proved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from flint import arb, fmpq

from relverify.attention.families import Architecture, LayerWeights
from relverify.certify.linear import Balls, length, orthogonality, sum_above
from relverify.errors import InputError
from relverify.rigor.exact import to_fmpq
from relverify.rigor.intervals import Intervals

AffineMap = Callable[[np.ndarray, np.ndarray], tuple[Balls, Balls]]

def scale(model: Architecture, layer: int) -> Balls:
    """What scores are multiplied by: one over the root of the head size, and over the divisor of the layer."""
    divisor = model.divisors[layer] if model.divisors else 1
    return Balls.of(1 / (arb(model.head_size).sqrt() * divisor))


def of_norm(weights: LayerWeights, model: Architecture) -> AffineMap:
    """How queries and keys depend on a point of the unit ball that stands for an output of the norm.

    LayerNorm makes gain * z + shift with z of mean 0 and ``|z|^2 < D`` (less than D since a positive number is added to
    the variance): all such z. RMSNorm makes gain * z with the same z but for the mean. The closure of the image is the
    image of a ball, and the least upper bound of a continuous function is the same on both.

    Parameters
    ----------
    weights : LayerWeights
    model : Architecture

    Returns
    -------
    callable
        Given a matrix of shape (n, D) and a bias, the map ``u -> F u + f`` of the unit ball of R^D that stands for
        ``x -> W x + b``: F and f as :class:`relverify.certify.linear.Balls`.
    """
    root, ones = Balls.of(arb(model.width).sqrt()), np.ones(model.width)
    share = Balls.of(fmpq(1, model.width))

    def mapped(matrix: np.ndarray, bias: np.ndarray) -> tuple[Balls, Balls]:
        linear = Balls.exact(matrix) * weights.gain
        if model.norm == "layer":
            mean = (linear @ ones) * share
            linear = linear - Balls(mean.mid[:, None], mean.rad[:, None])
        return linear * root, Balls.exact(matrix) @ weights.shift + bias

    return mapped


def of_ball(radius: str) -> AffineMap:
    """The same for the ball of a radius around 0.

    Raises
    ------
    InputError
        If the radius is not an exact positive number.
    """
    exact = to_fmpq(radius, "ball")
    if exact <= 0:
        raise InputError("ball", f"{radius} is not positive", "a radius > 0")
    size = Balls.of(exact)
    return lambda matrix, bias: (Balls.exact(matrix) * size, Balls.exact(bias))


@dataclass(frozen=True)
class Head:
    """A head in m coordinates: queries ``q a + q0``, keys ``k b + k0`` for a and b in the unit ball of R^m.

    Parameters
    ----------
    q, k : Balls, shape (d, m)
    q0, k0 : Balls, shape (d,)
    query_error, key_error : float
        Bounds of the distance of these features from those of the given head.
    error : float
        Bound of the distance of the scores.
    inner : float
        Every point with norm at most this stands for an input of the head, and every input for a point of the ball.
    """

    q: Balls
    k: Balls
    q0: Balls
    k0: Balls
    query_error: float
    key_error: float
    error: float
    inner: float

    @property
    def size(self) -> int:
        """d."""
        return self.q.shape[0]

    def at(self, rotation: Balls | None) -> Head:
        """With the keys rotated as rotary positions do."""
        if rotation is None:
            return self
        k, k0 = rotation @ self.k, rotation @ self.k0
        return Head(self.q, k, self.q0, k0, self.query_error, self.key_error, self.error, self.inner)


def reduce(query: Balls, key: Balls, query_shift: Balls, key_shift: Balls) -> Head:
    """Write a head in the coordinates on which it depends.

    Parameters
    ----------
    query, key : Balls, shape (d, D)
    query_shift, key_shift : Balls, shape (d,)

    Returns
    -------
    Head

    Examples
    --------
    >>> one = Balls.exact(np.ones((1, 3)))
    >>> head = reduce(one, one, one[:, 0], one[:, 0])
    >>> head.q.shape, head.error < 1e-12, 1 - head.inner < 1e-12
    ((1, 2), True, True)
    """
    stacked = np.vstack([query.mid, key.mid])
    if not np.isfinite(stacked).all() or max(abs(stacked).max(), abs(query_shift.mid).max()) > 1e100:
        raise InputError("model", "the weights are too large for float64", "weights below 1e50")
    basis = np.linalg.qr(stacked.T)[0]
    basis = basis * (1 - 2 * orthogonality(basis))
    square = float(np.vdot(basis[:, 0], basis[:, 0]))
    spread = (Balls.exact(basis.T) @ basis - square * np.eye(basis.shape[1])).norm()
    if sum_above(square, spread) > 1:
        raise InputError("model", "its coordinates could not be proved to be nearly orthogonal", "another layout")
    inner = float((Intervals(np.float64(square)) - spread).maximum(0.0).sqrt().lo)
    parts = stacked @ basis / square
    q, k = parts[: len(query.mid)], parts[len(query.mid) :]
    errors = [
        sum_above((given - Balls.exact(part) @ basis.T).norm(), Balls.exact(shift.rad).norm())
        for given, part, shift in ((query, q, query_shift), (key, k, key_shift))
    ]
    sizes = [
        sum_above(Balls.exact(part).norm(), Balls.exact(shift.mid).norm())
        for part, shift in ((q, query_shift), (k, key_shift))
    ]
    first, second, A, B = (Intervals(np.float64(v)) for v in (*errors, *sizes))
    error = float((A * second + B * first + first * second).hi)
    exact = Balls.exact
    shifts = exact(query_shift.mid), exact(key_shift.mid)
    return Head(exact(q), exact(k), *shifts, errors[0], errors[1], error, inner)


def rotation(model: Architecture, offset: int) -> Balls | None:
    """The matrix R with score ``q' R k`` for a key that stands `offset` places before its query.

    Coordinates i and i + d/2 turn by the angle offset * base^(-2i/d), which is taken exactly.
    """
    if model.rotary is None:
        return None
    half = model.head_size // 2
    base = arb(fmpq(model.rotary.numerator, model.rotary.denominator))
    matrix = Balls.exact(np.zeros((model.head_size, model.head_size)))
    for i in range(half):
        # the query is turned by m, the key by m - offset: together by -offset
        angle = base ** arb(fmpq(-2 * i, model.head_size)) * offset
        cos, sin = Balls.of(angle.cos()), Balls.of(angle.sin())
        for row, column, value in ((i, i, cos), (i + half, i + half, cos), (i, i + half, sin), (i + half, i, -sin)):
            matrix.mid[row, column], matrix.rad[row, column] = value.mid, value.rad
    return matrix


def widths(part: Balls, shift: Balls, error: float, pairs: bool) -> Intervals:
    """Upper bounds of the coordinates of ``part a + shift`` on the ball; with `pairs`, after any rotation."""
    rows = [length(part[i]) for i in range(part.shape[0])]
    linear = Intervals(np.array([float(r.hi) for r in rows]))
    sizes = linear + Intervals(shift.magnitude) + error
    if not pairs:
        return sizes
    half = part.shape[0] // 2
    both = (sizes[:half].square() + sizes[half:].square()).sqrt()
    return Intervals(np.concatenate([both.hi, both.hi]))
