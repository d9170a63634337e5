"""Taylor models of a network over many cells of its input, with rounding included.

On the cell with centre c and half-widths h, with t = (x - c)/h in [-1, 1]^p, a unit or output is

    z(x) = P(t) + rest,   P a polynomial of degree 3 with float64 coefficients,   |rest| <= error.

A linear layer maps coefficients by one matrix product; its rounding joins the error. A smooth activation is expanded
about z0 = P(0): with d = L + Q + C + rest the parts of degree 1, 2, 3 and the rest,

    s(z) = s0 + s1 d + s2 d^2/2 + s'''(xi) d^3/6,

of which s0 + s1 (L + Q + C) + s2 (L^2/2 + L Q) + m3 L^3/6 is kept, m3 the middle of the range of s''' on the cell, and
all else is bounded: as |s''' - m3| shrinks with the cell, the error is of order four. Where the range of s itself is
narrower than that bound, the constant is taken instead. A piecewise linear activation is kept exactly where its
argument has one sign; elsewhere s(z) = slope z + offset + rest with the slope of the chord.

The errors of the last hidden layer (`slack`) are kept apart from those of the outputs if the activation has kinks: what
they do to <phi, psi> is weighted by |W^T psi|, where the components of psi may cancel. That takes two numbers a unit
and cell, so that very wide networks go without.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from relverify.activations import activation
from relverify.activations.activation import Activation, middle
from relverify.certify.gemm import gamma, inflate, upper_product
from relverify.certify.monomials import Monomials, monomials
from relverify.networks.mlp import MLP
from relverify.rigor.intervals import Intervals, above

TINY = 2.0**-900  # above what underflow can do to numbers below WILD
WILD = 2.0**40
ROUNDING = 2.0**-47
FLOOR = 2.0**-850  # ROUNDING a FLOOR is above what a coefficient that is a times small numbers loses to underflow
SIXTH = 1 / 6 * (1 + 2.0**-50)
ELEMENTS = 2**21
WIDEST = 2048  # hidden units in the last layer of networks that keep a slack


@dataclass(frozen=True)
class Models:
    """Taylor models over n cells.

    Parameters
    ----------
    coefficients : ndarray, shape (M, n, w)
        Of the monomials in t, in the order of :func:`relverify.certify.monomials.monomials`. Those of the highest
        degrees are left out where they are known to be 0.
    error : ndarray, shape (n, w)
        Bounds of the distance from the polynomials.
    slack : ndarray, shape (n, u), optional
        The outputs may move by W r besides, for any r with |r| <= slack, W the last matrix.
    """

    coefficients: np.ndarray
    error: np.ndarray
    slack: np.ndarray | None = None

    def sizes(self, table: Monomials) -> list[Any]:
        """Upper bounds of sup|part| of the parts of degree 0, 1, 2, 3, each of shape (n, w), or 0."""
        size = np.abs(self.coefficients)
        parts = [size[table.of_degree(k)] for k in range(4)]
        return [0.0 if not len(p) else p[0] if len(p) == 1 else inflate(p.sum(axis=0), len(p)) for p in parts]


def keeps_slack(network: MLP) -> bool:
    """Whether the models of a network keep the errors of its last hidden layer apart.

    Parameters
    ----------
    network : MLP

    Returns
    -------
    bool
    """
    return bool(network.widths and network.widths[-1] <= WIDEST and activation(network.activation).kinks)


def centres(lo: np.ndarray, hi: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centres of the cells [lo, hi], and half-widths that reach both ends.

    Parameters
    ----------
    lo, hi : ndarray, shape (n, p)
    """
    centre = np.minimum(np.maximum(lo + 0.5 * (hi - lo), lo), hi)
    return centre, above(np.maximum(hi - centre, centre - lo))


def taylor(network: MLP, lo: np.ndarray, hi: np.ndarray) -> Models:
    """Taylor models of the outputs over the cells [lo, hi].

    Parameters
    ----------
    network : MLP
        With p inputs and d outputs, any depth.
    lo, hi : ndarray, shape (n, p)
        Corners of the cells, finite float64 numbers, lo < hi.

    Returns
    -------
    Models
        ``coefficients`` of all monomials, of shape (M, n, d). Errors are NaN or infinite where nothing finite is known.
    """
    table = monomials(network.in_features)
    widest = max(network.widths, default=1)
    step = max(1, ELEMENTS // (len(table) * widest))
    with np.errstate(all="ignore"):
        parts = [_taylor(network, table, lo[k : k + step], hi[k : k + step]) for k in range(0, len(lo), step)]
    slack = None if parts[0].slack is None else np.concatenate([p.slack for p in parts if p.slack is not None])
    return Models(
        np.concatenate([p.coefficients for p in parts], axis=1), np.concatenate([p.error for p in parts]), slack
    )


def _taylor(network: MLP, table: Monomials, lo: np.ndarray, hi: np.ndarray) -> Models:
    models = inputs(*centres(lo, hi))
    between, last = activation(network.activation), len(network.weights) - 1
    apart = keeps_slack(network)
    for layer, (w, b) in enumerate(zip(network.weights, network.biases, strict=True)):
        if layer:
            models = activate(between, models, table)
        if apart and layer == last:
            hidden = models.error
            models = replace(linear(replace(models, error=np.zeros_like(hidden)), w, b, table), slack=hidden)
        else:
            models = linear(models, w, b, table)
    missing = len(table) - len(models.coefficients)
    if missing:
        padding = np.zeros((missing, *models.error.shape))
        models = replace(models, coefficients=np.concatenate([models.coefficients, padding]))
    return models


def inputs(centre: np.ndarray, half: np.ndarray) -> Models:
    """The coordinates themselves, c + h t.

    Parameters
    ----------
    centre, half : ndarray, shape (n, p)
    """
    coefficients = np.zeros((1 + centre.shape[1], *centre.shape))
    coefficients[0] = centre
    for axis in range(centre.shape[1]):
        coefficients[1 + axis, :, axis] = half[:, axis]
    return Models(coefficients, np.zeros(centre.shape))


def linear(models: Models, w: np.ndarray, b: np.ndarray, table: Monomials) -> Models:
    """Models after the layer W z + b."""
    result = np.matmul(models.coefficients, w.T)
    result[0] += b
    # each entry of `result` is a sum of at most in + 1 terms
    rounding = gamma(w.shape[1] + 1)
    size = inflate(np.abs(models.coefficients).sum(axis=0), len(table))
    each = inflate(models.error + rounding * size + TINY, 6)
    error = inflate(upper_product(each, np.abs(w).T) + rounding * np.abs(b) + TINY, 3)
    return Models(result, error)


def activate(between: Activation, models: Models, table: Monomials) -> Models:
    """Models after an activation."""
    sizes = models.sizes(table)
    reach = inflate(sizes[1] + sizes[2] + sizes[3] + models.error, 3)
    middle = models.coefficients[0]
    cell = Intervals(middle) + Intervals(-reach, reach)
    if between.slopes is not None:
        return _piecewise(between.slopes, models, cell, sizes)
    return _smooth(between, models, table, cell, sizes, reach)


def _piecewise(slopes: tuple[float, float], models: Models, cell: Intervals, sizes: list[Any]) -> Models:
    left, right = slopes
    lo, hi = cell.lo, cell.hi
    # any slope is right; that of the chord makes the rest small
    chord = (right * hi - left * lo) / (hi - lo)
    slope = np.where(lo >= 0, right, np.where(hi <= 0, left, chord))
    # s(z) - slope z is linear beside the kink, so its range is spanned by its values at lo, 0 and hi
    at_lo = (left - Intervals(slope)) * np.minimum(lo, 0)
    at_hi = (right - Intervals(slope)) * np.maximum(hi, 0)
    offset, rest = middle(at_lo.hull(0.0).hull(at_hi))
    one_sided = (lo >= 0) | (hi <= 0)
    offset, rest = np.where(one_sided, 0.0, offset), np.where(one_sided, 0.0, rest)
    coefficients = models.coefficients * slope
    coefficients[0] += offset
    exact = one_sided & ((slope == 0) | (slope == 1))
    size = sum(sizes)
    rounding = np.where(exact, 0.0, ROUNDING * (np.abs(slope) * size + np.abs(offset)) + TINY)
    return Models(coefficients, inflate(rest + np.abs(slope) * models.error + rounding, 8))


def _smooth(
    between: Activation, models: Models, table: Monomials, cell: Intervals, sizes: list[Any], reach: np.ndarray
) -> Models:
    z, error = models.coefficients, models.error
    on_cell = between.derivatives(cell)
    values, (m3, r3) = on_cell[0], middle(on_cell[3])
    (m0, r0), (m1, r1), (m2, r2) = between.local(z[0])
    bound = _rest((m1, m2, m3), (r0, r1, r2, r3), sizes[1:], error, reach + FLOOR)
    coefficients = np.empty((len(table), *m0.shape))
    coefficients[0] = m0
    first, second, third = (z[table.of_degree(k)] for k in (1, 2, 3))
    squares = table.multiply(first, first, 1, 1)
    np.multiply(m1, first, out=coefficients[table.of_degree(1)])
    np.multiply(0.5 * m2, squares, out=coefficients[table.of_degree(2)])
    np.multiply(m3 * (1 / 6), table.multiply(first, squares, 1, 2), out=coefficients[table.of_degree(3)])
    if len(second):
        coefficients[table.of_degree(2)] += m1 * second
        coefficients[table.of_degree(3)] += m1 * third + m2 * table.multiply(first, second, 1, 2)
    constant = ~((bound <= 0.5 * (values.hi - values.lo)) & (reach <= WILD))
    if np.any(constant):
        centre, radius = middle(values)
        coefficients[1:] = np.where(constant, 0.0, coefficients[1:])
        coefficients[0] = np.where(constant, centre, coefficients[0])
        bound = np.where(constant, radius, bound)
    return Models(coefficients, bound)


def _rest(derivatives: tuple[Any, ...], radii: tuple[Any, ...], sizes: list[Any], error: Any, reach: Any) -> Any:
    """What a smooth activation leaves beside the polynomial of degree three.

    It is r0 + r1 D + r2 D^2/2 + r3 D^3/6 for |d| <= D, what is unknown of the derivatives, and with the rest
    R = |Q| + |C| + error of the argument

        a1 error + a2 (2 |L| (|C| + error) + R^2)/2 + a3 R (3 |L|^2 + 3 |L| R + R^2)/6,

    where ak = |mk|. Coefficients have fewer than 40 roundings, of numbers that sum to a1 D + a2 D^2 + a3 D^3 at most.
    """
    (a1, a2, a3), (r0, r1, r2, r3), (n1, n2, n3) = (np.abs(m) for m in derivatives), radii, sizes
    rest = n2 + n3 + error
    square = rest * rest  # no powers: those are a library's, of unknown accuracy
    # fewer than 40 roundings on the longest path below, all terms not negative
    bound = reach * (SIXTH * r3 + ROUNDING * a3) + (0.5 * r2 + ROUNDING * a2)
    bound = reach * (reach * bound + (r1 + ROUNDING * a1)) + r0
    bound += a1 * error
    bound += a2 * (n1 * (n3 + error) + 0.5 * square)
    bound += a3 * (rest * (0.5 * (n1 * (n1 + rest)) + SIXTH * square))
    bound += TINY
    return inflate(bound, 64)


def knots(network: MLP, lo: float, hi: float, limit: int = 4096) -> np.ndarray:
    """Approximate kinks of a one-input network with a piecewise linear activation, ends included.

    They only say where cells should end: a cell that misses a kink by a rounding error has a bound that is larger by
    as little.

    Parameters
    ----------
    network : MLP
    lo, hi : float
    limit : int
        Layers are followed as long as there are at most so many kinks.

    Returns
    -------
    ndarray, increasing

    Examples
    --------
    >>> knots(MLP(([[1.0], [2.0]], [[1.0, 1.0]]), ([0.0, -1.0], [0.0])), -1.0, 1.0).tolist()
    [-1.0, 0.0, 0.5, 1.0]
    """
    points = np.array([lo, hi])
    between = activation(network.activation)
    if not between.kinks:
        return points
    for layer in range(len(network.weights) - 1):
        z = points[:, None]
        for k in range(layer + 1):
            z = (between.value(z) if k else z) @ network.weights[k].T + network.biases[k]
        with np.errstate(all="ignore"):
            crossing = points[:-1, None] + np.diff(points)[:, None] * (z[:-1] / (z[:-1] - z[1:]))
        found = np.concatenate([points, crossing[np.sign(z[:-1]) * np.sign(z[1:]) < 0]])
        if len(found) > limit:
            break
        points = np.unique(np.clip(found, lo, hi))
        close = np.diff(points, append=np.inf) <= 1e-13 * (hi - lo)
        close[:1], close[-1:] = False, False
        points = points[~close]
    points[0], points[-1] = lo, hi
    return points
