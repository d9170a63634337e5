"""What execution in float32 or float64 adds to the error of networks.

The execution is a plain feed-forward evaluation in the format. Its parameters are those of the networks, rounded to
nearest (the *cast* networks); its inputs are those of the box, rounded to nearest; each layer is a matrix product plus
a bias and an activation; last comes the inner product of the features. Certified is the cast network as an exact real
function. To its error comes the bound `rounding` of what the operations add, for every pair of points of the box:

    |r(x, y) - executed(x, y)| <= upper + rounding,   and at some point  >= lower - rounding.

The bound follows the evaluation layer by layer on cells of each box. With |h| <= size on a cell and computed values
within `error` of the exact ones, each function below adds what one kind of operation does; its docstring has the proof.

Assumed, and named in results: operations of the format are rounded to nearest, sums are taken in any order, products
may be fused with sums or accumulated in a wider format, subnormal numbers may be flushed to zero; no operation is done
in a reduced format such as TF32 or bfloat16; elementary functions are accurate to 4 units in the last place; composite
activations are evaluated by one of the formulas that their modules name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpq

from relverify.activations import activation
from relverify.activations.activation import ULPS, Activation, Rounding
from relverify.certify.axis import ELEMENTS, Models, activate, centres, inputs, linear
from relverify.certify.gemm import inflate, upper_product
from relverify.certify.monomials import Monomials, monomials
from relverify.errors import InputError
from relverify.networks.mlp import MLP
from relverify.rigor.exact import dyadic
from relverify.rigor.intervals import Intervals, float_above, float_below

SEMANTICS = "real, float32 or float64"
CELLS = 256  # of one box


@dataclass(frozen=True)
class Format:
    """A binary floating-point format.

    Parameters
    ----------
    name : str
    bits : int
        Significant bits; the unit roundoff u is 2**-bits.
    tiny : float
        At least the smallest normal number: bounds what underflow does to one operation.
    largest : float
        Below half of the largest finite number.
    """

    name: str
    bits: int
    tiny: float
    largest: float

    @property
    def unit(self) -> float:
        """The unit roundoff."""
        return 2.0**-self.bits

    def gamma(self, terms: int) -> float:
        """Float64 at least terms u/(1 - terms u), infinite unless terms u < 1/2."""
        share = fmpq(max(terms, 0), 2**self.bits)
        return float_above(share / (1 - share)) if 2 * share < 1 else np.inf


# 2**-900 is above the smallest normal float64 number, and above underflow in the computation of the bounds themselves
FORMATS = {
    "float32": Format("float32", 24, 2.0**-126, 2.0**126),
    "float64": Format("float64", 53, 2.0**-900, 2.0**1000),
}


def choose_format(semantics: str) -> Format | None:
    """The format of a semantics, None for exact real functions.

    Raises
    ------
    InputError
        If the semantics is unknown.

    Examples
    --------
    >>> choose_format("float32").unit == 2.0**-24, choose_format("real")
    (True, None)
    """
    if semantics == "real":
        return None
    if semantics not in FORMATS:
        raise InputError("semantics", f"{str(semantics)[:40]!r} is unknown", SEMANTICS)
    return FORMATS[semantics]


def cast(network: MLP, form: Format, argument: str = "network") -> MLP:
    """The network with its parameters rounded to nearest in a format, ties to even.

    Parameters
    ----------
    network : MLP
    form : Format
    argument : str
        How messages name the network.

    Raises
    ------
    InputError
        If a parameter is beyond the largest number of the format, or nothing is known of executions of the activation.

    Examples
    --------
    >>> net = cast(MLP(([[1 / 3]],), ([0.0],)), FORMATS["float32"])
    >>> bool(net.weights[0][0, 0] == float(np.float32(1 / 3)))
    True
    """
    if activation(network.activation).rounding is None and network.hidden_units:
        raise InputError(argument, f"nothing is known of executions of {network.activation}", "semantics real")
    kind = np.dtype(form.name)
    with np.errstate(over="ignore"):
        weights = [np.asarray(w.astype(kind), np.float64) for w in network.weights]
        biases = [np.asarray(b.astype(kind), np.float64) for b in network.biases]
    if not all(np.isfinite(a).all() for a in (*weights, *biases)):
        raise InputError(argument, f"has a parameter beyond the range of {form.name}", "semantics real or float64")
    return network.with_weights(weights, biases)


def assumptions(networks: Sequence[MLP], form: Format) -> tuple[str, ...]:
    """What is assumed of the executing library, one line each."""
    names: set[str] = set()
    for network in networks:
        if network.hidden_units:
            names.update((activation(network.activation).rounding or Rounding()).functions)
    lines = [
        f"{form.name} operations are rounded to nearest, in any order, fused or not; subnormal numbers may be flushed",
        "no reduced formats such as TF32 or bfloat16",
    ]
    if names:
        lines.append(f"{', '.join(sorted(names))} of the library: within {ULPS} units in the last place")
    return tuple(lines)


def input_rounding(size: np.ndarray, form: Format) -> np.ndarray:
    """A number rounded to nearest moves by u|x|, and by less than the smallest normal number if it is subnormal."""
    return inflate(size * form.unit + form.tiny, 2)


def layer_rounding(w: np.ndarray, b: np.ndarray, size: np.ndarray, form: Format) -> np.ndarray:
    """Rounding of W h + b for computed |h| <= size, underflow apart.

    Row i has m terms that are not zero by the parameters: its products, and the bias. A product meets its own rounding
    and those of at most m - 1 sums, since adding a zero is exact: gamma_m |w||h| by the usual argument (Higham, section
    3.1) for every order; the bias meets at most m - 1 roundings. Fused operations and wider accumulators meet fewer.
    """
    terms = np.count_nonzero(w, axis=1) + (b != 0)
    products, sums = (np.array([form.gamma(int(m) - k) for m in terms]) for k in (0, 1))
    return inflate(upper_product(size, np.abs(w).T) * products + np.abs(b) * sums, 4)


def underflow(w: np.ndarray, size: np.ndarray, form: Format) -> np.ndarray:
    """What flushed or subnormal numbers add to W h + b, for computed |h| <= size.

    Each operand and each result moves by at most t, the smallest normal number: a product by t(|w| + |h| + 2), since
    t <= 1; each of the k sums by 3t. Later sums magnify that by less than 1 + gamma <= 2. Wherever gamma exceeds 1 no
    bound is finite anyway.
    """
    k = w.shape[1]
    moved = np.abs(w).sum(axis=1) + size.sum(axis=1, keepdims=True) + 5.0 * (k + 1)
    return inflate(2.0 * form.tiny * moved, k + 8)


def activation_rounding(known: Rounding, value: np.ndarray, argument: np.ndarray, form: Format) -> np.ndarray:
    """What execution adds to s(z) at a computed z with |z| <= argument and |s(z)| <= value, as its module says.

    Each of at most four intermediate results that underflow is off by less than the smallest normal number, which z
    multiplies at most; the argument was flushed before, see the caller.
    """
    bound = form.unit * (known.relative * value + known.argument * argument + known.constant)
    bound = bound + 4.0 * form.tiny * (1.0 + argument)
    if known.cutoff is not None:
        bound = bound + np.where(argument > known.cutoff, known.jump, 0.0)
    return inflate(bound, 8)


def product_rounding(first: np.ndarray, second: np.ndarray, form: Format) -> np.ndarray:
    """Rounding of inner products of computed features with these sizes: gamma_d, and underflow as for a layer."""
    d = first.shape[1]
    moved = first.sum(axis=1)[:, None] + second.sum(axis=1)[None, :] + 5.0 * (d + 1)
    return inflate(form.gamma(d) * upper_product(first, second.T) + 2.0 * form.tiny * moved, d + 8)


def features(network: MLP, lo: np.ndarray, hi: np.ndarray, form: Format) -> tuple[np.ndarray, np.ndarray]:
    """Bounds of exact features on cells, and of the distance of computed ones; infinite where they may overflow.

    Parameters
    ----------
    network : MLP
        A cast network.
    lo, hi : ndarray, shape (n, p)
        Cells.
    form : Format

    Returns
    -------
    size, error : ndarray, shape (n, d)
    """
    table = monomials(network.in_features)
    step = max(1, ELEMENTS // (len(table) * max((*network.widths, network.out_features))))
    with np.errstate(all="ignore"):
        parts = [_features(network, table, lo[k : k + step], hi[k : k + step], form) for k in range(0, len(lo), step)]
    size, error = (np.concatenate(p) for p in zip(*parts, strict=True))
    return size, error


def _features(
    network: MLP, table: Monomials, lo: np.ndarray, hi: np.ndarray, form: Format
) -> tuple[np.ndarray, np.ndarray]:
    models = inputs(*centres(lo, hi))
    size = _size(models, table)
    error = input_rounding(size, form)
    between = activation(network.activation)
    for layer, (w, b) in enumerate(zip(network.weights, network.biases, strict=True)):
        if layer:
            models, error = _activated(between, models, error, table, form)
            size = _size(models, table)
        computed = inflate(size + error, 1)
        moved = upper_product(error, np.abs(w).T) + layer_rounding(w, b, computed, form) + underflow(w, computed, form)
        most = np.maximum(inflate(upper_product(computed, np.abs(w).T) + np.abs(b), 2), computed.max(axis=1)[:, None])
        error = np.where(most <= form.largest, inflate(moved, 3), np.inf)
        models = linear(models, w, b, table)
    return _size(models, table), error


def _activated(
    between: Activation, models: Models, error: np.ndarray, table: Monomials, form: Format
) -> tuple[Models, np.ndarray]:
    """Computed z within `error` of the exact ones, flushed or not: s changes by sup|s'| error, and s(z) is rounded."""
    sizes = models.sizes(table)
    reach = inflate(sizes[1] + sizes[2] + sizes[3] + models.error + error + form.tiny, 5)
    slope = between.derivatives(Intervals(models.coefficients[0]) + Intervals(-reach, reach))[1].magnitude
    argument = inflate(sizes[0] + reach, 1)
    after = activate(between, models, table)
    carried = inflate(slope * (error + form.tiny) + form.tiny, 3)
    value = inflate(_size(after, table) + carried, 1)
    rounded = activation_rounding(between.rounding or Rounding(), value, argument, form)
    return after, inflate(carried + rounded, 1)


def _size(models: Models, table: Monomials) -> np.ndarray:
    return inflate(sum(models.sizes(table)) + models.error, 5)


def rounding_bound(
    phi: MLP, psi: MLP, x: Sequence[tuple[fmpq, fmpq]], y: Sequence[tuple[fmpq, fmpq]], form: Format
) -> fmpq | None:
    """Bound of |computed - exact| inner products of two cast networks over a box.

    Parameters
    ----------
    phi, psi : MLP
    x, y : sequence of (fmpq, fmpq)
        The boxes, one pair a coordinate.
    form : Format

    Returns
    -------
    fmpq or None
        None if an overflow is not excluded.

    Examples
    --------
    >>> net = MLP(([[1.0]], [[1.0]]), ([0.0], [0.0]), "tanh")
    >>> found = rounding_bound(net, net, [(fmpq(-1), fmpq(1))], [(fmpq(-1), fmpq(1))], FORMATS["float32"])
    >>> bool(0 < found < fmpq(1, 10**5))
    True
    """
    (size_x, error_x), (size_y, error_y) = (
        features(network, *_grid(ends), form) for network, ends in ((phi, x), (psi, y))
    )
    with np.errstate(all="ignore"):
        computed_x, computed_y = inflate(size_x + error_x, 1), inflate(size_y + error_y, 1)
        carried = upper_product(computed_x, error_y.T) + upper_product(error_x, size_y.T)
        bound = inflate(carried + product_rounding(computed_x, computed_y, form), 2)
        most = upper_product(computed_x, computed_y.T)
    if not (np.all(most <= form.largest) and np.all(np.isfinite(bound))):
        return None
    return dyadic(float(bound.max()))


def _grid(ends: Sequence[tuple[fmpq, fmpq]]) -> tuple[np.ndarray, np.ndarray]:
    """Corners of a grid of cells that cover a box."""
    count = max(1, int(CELLS ** (1 / len(ends)) + 1e-9))
    edges: list[Any] = []
    for a, b in ends:
        lo, hi = float_below(a), float_above(b)
        inner = np.clip(lo + (hi - lo) * (np.arange(1, count) / count), lo, hi)
        edges.append(np.concatenate([[lo], inner, [hi]]))
    lower, upper = (np.meshgrid(*(e[part] for e in edges), indexing="ij") for part in (slice(-1), slice(1, None)))
    return np.stack([v.ravel() for v in lower], axis=1), np.stack([v.ravel() for v in upper], axis=1)
