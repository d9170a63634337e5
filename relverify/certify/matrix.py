"""Bounds of e = r - <phi, psi> on many pairs of cells, from matrix products of Taylor coefficients.

On a pair of cells phi = P + rest and psi = Q + rest with polynomials P, Q of degree 3 in t and s (see
:mod:`relverify.certify.axis`), and r is a quadratic polynomial plus a remainder (see :mod:`relverify.certify.taylor`).
Each coefficient of <P, Q> is an inner product over the features, so that for all pairs of a block it is one matrix
product. The coefficients of r and of <P, Q> are subtracted before absolute values are taken. The rest,

    <P, Q> in degree 4 and more,   <rest, psi> + <P, rest>,   the rounding of all those products,

is bounded by one more product, of two matrices without negative entries with one row a cell (`left` and `right`).

The quadratic part of e is maximised exactly in each coordinate: the supremum of g t + a t^2 over |t| <= 1 is |g| + a,
except for a < 0 and |g| < -2a, where it is g^2/(-4a). Mixed terms and cubic terms enter by their absolute values.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import sympy as sp

from relverify.certify.axis import TINY, Models, centres, keeps_slack, taylor
from relverify.certify.device import HOST, Device, Factor
from relverify.certify.gemm import gamma, inflate, product, raised, upper_product
from relverify.certify.monomials import Monomials, monomials
from relverify.certify.taylor import taylor_model
from relverify.networks.mlp import MLP

SLACK = 2.0**-44  # above what fewer than 200 roundings do to an expression whose terms sum to 1


@dataclass(frozen=True, eq=False)
class Side:
    """What one network contributes to all pairs; its n cells stand in groups of g.

    Parameters
    ----------
    table : Monomials
    centre, half : ndarray, shape (n, p)
    ends : ndarray, shape (2, p)
        Bounds of the coordinates of all cells: centre - half may be rounded across the end of the box.
    coefficients : ndarray, shape (M, n // g, g, d)
    left, right : ndarray, shape (n // g, g, K)
        Rows of the two factors of the bound of the rest, as the first and as the second network.
    size : ndarray, shape (n, d)
        Bounds of |P|.
    """

    table: Monomials
    centre: np.ndarray
    half: np.ndarray
    ends: np.ndarray
    coefficients: np.ndarray
    left: np.ndarray
    right: np.ndarray
    size: np.ndarray


def side(network: MLP, other: MLP, lo: np.ndarray, hi: np.ndarray, group: int) -> Side:
    """Prepare cells of one network.

    Parameters
    ----------
    network, other : MLP
        The network of this side and that of the other side.
    lo, hi : ndarray, shape (n, p)
        Cells; n is a multiple of `group`.
    group : int
        Neighbouring cells that are paired together.

    Returns
    -------
    Side
    """
    table = monomials(network.in_features)
    models = taylor(network, lo, hi)
    with np.errstate(all="ignore"):
        left, right, size = _factors(network, other, models, table)
    centre, half = centres(lo, hi)
    shape = (len(lo) // group, group, -1)
    coefficients = models.coefficients.reshape(len(table), *shape)
    ends = np.stack([lo.min(axis=0), hi.max(axis=0)])
    return Side(table, centre, half, ends, coefficients, left.reshape(shape), right.reshape(shape), size)


def joined(sides: Sequence[Side]) -> Side:
    """The cells of several sides of one network, one after the other."""
    if len(sides) == 1:
        return sides[0]
    axes = {"centre": 0, "half": 0, "coefficients": 1, "left": 0, "right": 0, "size": 0}
    arrays = {name: np.concatenate([getattr(s, name) for s in sides], axis=axis) for name, axis in axes.items()}
    ends = np.stack([s.ends for s in sides])
    return Side(sides[0].table, ends=np.stack([ends[:, 0].min(axis=0), ends[:, 1].max(axis=0)]), **arrays)


def _factors(network: MLP, other: MLP, models: Models, table: Monomials) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n0, n1, n2, n3 = models.sizes(table)
    size = inflate(n0 + n1 + n2 + n3, 3)
    own, foreign = network.weights[-1], other.weights[-1]
    whole = models.error + size
    if models.slack is not None:
        whole = whole + upper_product(models.slack, np.abs(own).T)
    # the coefficients of <P, Q> are rounded by gamma_d |P||Q| in all
    error = inflate(models.error + gamma(network.out_features) * size, 3)
    left = [n1, n2, n3, error, size]
    right = [n3, inflate(n2 + n3, 1), inflate(n1 + n2 + n3, 2), inflate(whole, 2), models.error]
    # weights @ r with |r| <= slack, against the other side's values in the space of the hidden units
    lifted = _lifted(foreign, models) if keeps_slack(other) else None
    if models.slack is not None:
        left.append(models.slack)
    if lifted is not None:
        left.append(lifted)
        moved = lifted + upper_product(models.error, np.abs(foreign))
        if models.slack is not None:
            middle, radius = product(own.T, foreign)
            moved = moved + upper_product(models.slack, inflate(np.abs(middle) + radius, 1))
        right.append(inflate(moved, 2))
    if models.slack is not None:
        right.append(models.slack)
    return np.concatenate(left, axis=1), np.concatenate(right, axis=1), size


def _lifted(weights: np.ndarray, models: Models) -> np.ndarray:
    """Bounds of |W^T P|, shape (n, u)."""
    middle, radius = product(models.coefficients, weights)
    return inflate((np.abs(middle) + radius).sum(axis=0), 64)


class Pairs(NamedTuple):
    """Pairs of cells: blocks of a group of the first and a group of the second side, and places in the blocks.

    Parameters
    ----------
    first, second : ndarray of int, shape (b,)
        Groups of the blocks.
    block, row, column : ndarray of int, shape (N,)
        The block of a pair and its cells in the two groups.
    """

    first: np.ndarray
    second: np.ndarray
    block: np.ndarray
    row: np.ndarray
    column: np.ndarray


class Bounds(NamedTuple):
    """Results on N pairs: upper bounds of sup|e|, values of e at the centres (rounded), bounds of rounding alone."""

    bound: np.ndarray
    centre: np.ndarray
    rounding: np.ndarray


def pair_bounds(
    expr: sp.Expr, symbols: Sequence[sp.Symbol], first: Side, second: Side, pairs: Pairs, device: Device = HOST
) -> Bounds:
    """Bound |e| on pairs of cells.

    Parameters
    ----------
    expr : Expr
        r, in `symbols`: the coordinates of x, then those of y.
    symbols : sequence of Symbol
    first, second : Side
        The cells of phi and of psi.
    pairs : Pairs
    device : Device, optional
        Where the matrix products are computed.

    Returns
    -------
    Bounds
    """
    with np.errstate(all="ignore"):
        return _pair_bounds(expr, symbols, first, second, pairs, device)


def _pair_bounds(
    expr: sp.Expr, symbols: Sequence[sp.Symbol], first: Side, second: Side, pairs: Pairs, device: Device
) -> Bounds:
    g, h = first.left.shape[1], second.right.shape[1]
    i, j = pairs.first[pairs.block] * g + pairs.row, pairs.second[pairs.block] * h + pairs.column
    half = [*first.half[i].T, *second.half[j].T]
    ends = np.concatenate([first.ends, second.ends], axis=1).T.tolist()
    model = taylor_model(expr, tuple(symbols), [*first.centre[i].T, *second.centre[j].T], half, ends)
    flat = (pairs.block * g + pairs.row) * h + pairs.column
    left, right = Factor(first, first.left, pairs.first), Factor(second, second.right, pairs.second)
    (rest,) = device.entries(left, right, flat)
    rest = raised(rest, first.left.shape[-1])
    # size: everything that is rounded below, without sign
    size, mixed, cubic = np.abs(model.value), 0.0, 0.0
    slopes: dict[int, np.ndarray] = {}
    bends: dict[int, np.ndarray] = {}
    for word, coefficient in _coefficients(first, second, pairs, flat, device):
        if len(word) == 0:
            value = model.value - coefficient
        elif len(word) == 1:
            scaled = model.gradient[word[0]] * half[word[0]]
            size += np.abs(scaled)
            slopes[word[0]] = np.abs(scaled - coefficient)
        elif len(word) == 2:
            scaled = model.hessian[word] * half[word[0]] * half[word[1]]
            if word[0] == word[1]:
                scaled = 0.5 * scaled
                bends[word[0]] = scaled - coefficient
            else:
                mixed = mixed + np.abs(scaled - coefficient)
            size += np.abs(scaled)
        else:
            cubic = cubic + np.abs(coefficient)
    top, bottom = value, -value
    for axis, slope in slopes.items():
        bend = bends[axis]
        peak = slope * slope / (4 * np.abs(bend))
        inside = slope < 2 * np.abs(bend)
        top = top + np.where(inside & (bend < 0), peak, slope + bend)
        bottom = bottom + np.where(inside & (bend > 0), peak, slope - bend)
        size += slope + np.abs(bend)
    beyond = mixed + cubic + rest + model.remainder
    rounding = SLACK * (size + np.abs(value) + beyond) + TINY
    bound = np.maximum(top, bottom) + beyond + rounding
    bound[np.isnan(bound)] = np.inf
    products = np.einsum("nd,nd->n", first.size[i], second.size[j])
    return Bounds(bound, value, rounding + gamma(first.size.shape[1]) * products)


def _coefficients(
    first: Side, second: Side, pairs: Pairs, flat: np.ndarray, device: Device
) -> Iterator[tuple[tuple[int, ...], np.ndarray]]:
    """The coefficients of <P, Q> up to degree 3, as words in the coordinates of x and then y."""
    shift = first.table.variables
    left = Factor(first, first.coefficients, pairs.first)
    right = Factor(second, second.coefficients, pairs.second)
    stops = [second.table.of_degree(3 - len(word)).stop for word in first.table.words]
    found = device.entries(left, right, flat, [(k, slice(stop)) for k, stop in enumerate(stops)])
    for word_a, values in zip(first.table.words, found, strict=True):
        for b, word_b in enumerate(second.table.words[: len(values)]):
            yield word_a + tuple(shift + k for k in word_b), values[b]
