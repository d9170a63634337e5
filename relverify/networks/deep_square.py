"""Deep networks for squares, products and polynomials (*deep-square*): O(log 1/eps) units.

The sawtooth network f_m = t - Σ_{s <= m} g_s/4^s, g_s the s-fold composition of the tooth 2 relu(t) - 4 relu(t - 1/2),
is the interpolant of t^2 at the multiples of 2^-m, so 0 <= f_m - t^2 <= 4^-(m+1) on [0, 1]. All weights are sums of a
few powers of two and exact in float64.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sympy as sp
from flint import fmpq, fmpq_mat

from relverify.core.box import Box, parse_box
from relverify.errors import InputError
from relverify.networks.counts import positive_eps
from relverify.networks.mlp import MLP
from relverify.relations.relation import Relation
from relverify.rigor.exact import to_fmpq

MAX_TEETH = 20
MAX_DEGREE = 32


class _Layers:
    """A network under construction; a value is an affine function of the units of the last layer: (row, offset)."""

    def __init__(self, inputs: int) -> None:
        self.weights: list[np.ndarray] = []
        self.biases: list[np.ndarray] = []
        self.units = inputs

    def inputs(self) -> list[_Value]:
        return [_Value(row, 0.0) for row in np.eye(self.units)]

    def layer(self, arguments: Sequence[_Value]) -> list[_Value]:
        """Append the units relu(argument); returns them as values."""
        weights, biases = _stacked(arguments)
        self.weights.append(weights)
        self.biases.append(biases)
        self.units = len(biases)
        return self.inputs()

    def network(self, outputs: Sequence[_Value]) -> MLP:
        weights, biases = _stacked(outputs)
        return MLP((*self.weights, weights), (*self.biases, biases))


@dataclass(frozen=True)
class _Value:
    row: np.ndarray
    offset: float

    def __add__(self, other: _Value | float) -> _Value:
        if isinstance(other, _Value):
            return _Value(self.row + other.row, self.offset + other.offset)
        return _Value(self.row, self.offset + other)

    def __mul__(self, factor: float) -> _Value:
        return _Value(factor * self.row, factor * self.offset)

    def __sub__(self, other: _Value) -> _Value:
        return self + other * -1.0


def _stacked(values: Sequence[_Value]) -> tuple[np.ndarray, np.ndarray]:
    return np.stack([v.row for v in values]), np.array([v.offset for v in values])


def _carried(signed: bool, value: _Value) -> list[_Value]:
    """Arguments of the units that keep a value through a layer."""
    return [value, value * -1.0] if signed else [value]


def _squares(layers: _Layers, bases: list[_Value], kept: list[tuple[bool, _Value]], m: int) -> list[list[_Value]]:
    """Append the m layers of f_m for every base in [0, 1], and keep other values; returns squares and kept values."""
    values, teeth, sums = kept, bases, bases
    for s in range(1, m + 1):
        arguments = [a for tooth in teeth for a in (tooth, tooth + -0.5)]
        arguments += sums if s > 1 else []
        arguments += [a for signed, v in values for a in _carried(signed, v)]
        units = iter(layers.layer(arguments))
        pairs = [(next(units), next(units)) for _ in teeth]
        sums = [next(units) for _ in sums] if s > 1 else [low for low, _ in pairs]
        values = [(signed, next(units) - next(units) if signed else next(units)) for signed, _ in values]
        teeth = [low * 2.0 - high * 4.0 for low, high in pairs]
        sums = [total - tooth * 0.25**s for total, tooth in zip(sums, teeth, strict=True)]
    return [sums, [v for _, v in values]]


def square_network(m: int) -> MLP:
    """f_m, the network of t^2 on [0, 1] with 3m - 1 hidden units in m layers.

    Parameters
    ----------
    m : int
        Teeth, 1 to 20; the error is 4^-(m+1) exactly.

    Examples
    --------
    >>> net = square_network(3)
    >>> net.hidden_units, net.at_exact(fmpq(1, 16))[0] - fmpq(1, 256)
    (8, 1/256)
    """
    _check_teeth(m)
    layers = _Layers(1)
    (squares, _) = _squares(layers, layers.inputs(), [], m)
    return layers.network(squares)


def product_network(m: int, bound: float = 1.0) -> MLP:
    """The product of two numbers in [-bound, bound], with 6m + 2 hidden units in m + 1 layers.

    Parameters
    ----------
    m : int
        Teeth, 1 to 20; the error is at most ``bound^2 4^-(m+1)`` if 1/bound is a float64 number.
    bound : float

    Examples
    --------
    >>> net = product_network(4, 2.0)
    >>> net.hidden_units, net.at_exact([fmpq(1), fmpq(-2)])
    (26, [-2])
    """
    _check_teeth(m)
    if not 0 < bound < 2.0**500:
        raise InputError("bound", f"{bound} is not accepted", "a number > 0")
    layers = _Layers(2)
    x, y = (v * (1.0 / bound) for v in layers.inputs())
    halves = [(x + y) * 0.5, (x - y) * 0.5]
    units = layers.layer([a for half in halves for a in (half, half * -1.0)])
    (plus, minus), _ = _squares(layers, [units[0] + units[1], units[2] + units[3]], [], m)
    return layers.network([(plus - minus) * (bound * bound)])


def monomial_units(degree: int, m: int) -> int:
    """Hidden units of the network of u, u^2, ..., u^degree on [-1, 1].

    Stage by stage the degree doubles: an even power costs 3m + 1 units, an odd one 6m + 2, and what is known already is
    kept in each of the m + 1 layers by one unit (even powers, not negative) or two.

    Examples
    --------
    >>> [monomial_units(k, 4) for k in (1, 2, 3)]
    [0, 23, 64]
    """
    total, known = 0, 1
    while known < degree:
        top = min(2 * known, degree)
        total += sum(1 if k % 2 == 0 else 2 for k in range(1, known + 1)) * (m + 1)
        total += sum(3 * m + 1 if k % 2 == 0 else 6 * m + 2 for k in range(known + 1, top + 1))
        known = top
    return total


def monomial_network(matrix: np.ndarray, radius: float, m: int) -> MLP:
    """Polynomials of one number through a bank of approximate monomials.

    Parameters
    ----------
    matrix : ndarray, shape (degree + 1, d)
        The coefficients of (x/radius)^k, k = 0 .. degree, in each output.
    radius : float
        The network is meant for |x| <= radius.
    m : int
        Teeth, 1 to 20.

    Returns
    -------
    MLP
        With ``monomial_units(degree, m)`` hidden units; (x/radius)^k is met up to (k-1) 4^-(m+1), for k >= 1.

    Examples
    --------
    >>> net = monomial_network(np.eye(4), 1.0, 6)
    >>> net.hidden_units == monomial_units(3, 6), [float(v) for v in net(np.array([[0.5]]))[0]]
    (True, [1.0, 0.5, 0.25, 0.125])
    """
    _check_teeth(m)
    degree = len(matrix) - 1
    if not 0 <= degree <= MAX_DEGREE:
        raise InputError("relation", f"has degree {degree}", f"a polynomial of degree at most {MAX_DEGREE}")
    layers = _Layers(1)
    powers = {1: layers.inputs()[0] * (1.0 / radius)}
    known = 1
    while known < degree:
        top = min(2 * known, degree)
        bases: list[_Value] = []
        for k in range(known + 1, top + 1):
            a, b = powers[k // 2], powers[k - k // 2]
            bases += [a] if k % 2 == 0 else [(a + b) * 0.5, (a - b) * 0.5]
        kept = [(k % 2 == 1, powers[k]) for k in range(1, known + 1)]
        arguments = [a for base in bases for a in (base, base * -1.0)]
        units = iter(layers.layer(arguments + [a for signed, v in kept for a in _carried(signed, v)]))
        sizes = [next(units) + next(units) for _ in bases]
        kept = [(signed, next(units) - next(units) if signed else next(units)) for signed, _ in kept]
        squares, values = _squares(layers, sizes, kept, m)
        powers, found = dict(enumerate(values, 1)), iter(squares)
        for k in range(known + 1, top + 1):
            powers[k] = next(found) if k % 2 == 0 else next(found) - next(found)
        known = top
    zero = powers[1] * 0.0
    basis = [zero + 1.0, *(powers[k] for k in range(1, degree + 1))]
    return layers.network([sum((v * c for v, c in zip(basis, column, strict=True)), zero) for column in matrix.T])


@dataclass(frozen=True)
class DeepPolynomial:
    """Deep networks for a polynomial relation.

    Parameters
    ----------
    phi : MLP
    psi : MLP or None
        None means the symmetric form, phi with itself.
    m : int
        Teeth of every square.
    units, depth : int
        Hidden units of all networks together (predicted), hidden layers of each.
    error : fmpq
        Proved upper bound of the error for real weights; the stored ones are rounded.
    """

    phi: MLP
    psi: MLP | None
    m: int
    units: int
    depth: int
    error: fmpq

    @property
    def hidden_units(self) -> int:
        """Hidden units of all networks together, counted."""
        return self.phi.hidden_units + (0 if self.psi is None else self.psi.hidden_units)


def deep_polynomial(relation: Relation, x: Box | str, y: Box | str | None = None, eps: object = None) -> DeepPolynomial:
    """Deep networks whose inner product approximates a polynomial relation of two numbers.

    Parameters
    ----------
    relation : Relation
        A polynomial in x and y of degree at most 32 in each.
    x, y : Box or str
        Intervals; y defaults to x.
    eps : exact number > 0

    Returns
    -------
    DeepPolynomial
        One network where the matrix of coefficients is symmetric PSD and the boxes agree, else two.

    Raises
    ------
    InputError
        If the relation is not a polynomial, or eps needs more than 20 teeth.

    Notes
    -----
    With r = Σ R_ij u^i v^j, u and v in [-1, 1], and powers that are met up to (k-1)⁺ e, e = 4^-(m+1), themselves in
    [-1, 1], the error is at most Σ |R_ij| ((i-1)⁺ + (j-1)⁺) e; m is the least number of teeth that makes it eps.

    Examples
    --------
    >>> from relverify.relations import parse_relation
    >>> built = deep_polynomial(parse_relation("(x*y+1)**2"), "[-1,1]", eps="1e-2")
    >>> built.psi is None, built.m, built.hidden_units == built.units == monomial_units(2, built.m)
    (True, 3, True)
    """
    limit = to_fmpq(positive_eps(eps), "eps")
    boxes = [parse_box(x, "x"), parse_box(x if y is None else y, "y")]
    exact, radii = _coefficients(relation, boxes)
    overshoot = sum(
        (abs(c) * (max(i - 1, 0) + max(j - 1, 0)) for i, row in enumerate(exact) for j, c in enumerate(row)), fmpq(0)
    )
    m = next((m for m in range(1, MAX_TEETH + 1) if overshoot / 4 ** (m + 1) <= limit), None)
    if m is None:
        raise InputError("eps", f"{limit} needs more than {MAX_TEETH} teeth", "a larger error")
    coefficients = np.array([[float(c.p) / float(c.q) for c in row] for row in exact])
    one = boxes[0] == boxes[1] and _is_psd(exact)
    if one:
        values, vectors = np.linalg.eigh(coefficients)
        keep = values > 1e-14 * max(values[-1], np.finfo(float).tiny)
        keep[-1] = True
        phi, psi = monomial_network(vectors[:, keep] * np.sqrt(np.maximum(values[keep], 0.0)), radii[0], m), None
    else:
        phi = monomial_network(np.eye(len(exact)), radii[0], m)
        psi = monomial_network(coefficients.T.copy(), radii[1], m)
    degrees = [len(exact) - 1, *([] if one else [len(exact[0]) - 1])]
    units = sum(monomial_units(k, m) for k in degrees)
    depth = max(len(net.widths) for net in (phi, psi) if net is not None)
    return DeepPolynomial(phi, psi, m, units, depth, overshoot / 4 ** (m + 1))


def _coefficients(relation: Relation, boxes: list[Box]) -> tuple[list[list[fmpq]], list[float]]:
    """R_ij of the scaled variables, and the scales: powers of two that are at least max|x| and max|y|."""
    if not relation.one_dimensional or any(box.dim != 1 for box in boxes):
        raise InputError("relation", "has several coordinates a side", "a polynomial in x and y")
    try:
        polynomial = sp.Poly(relation.expr, *relation.x_symbols, *relation.y_symbols, domain="QQ")
    except (sp.PolynomialError, sp.CoercionFailed):
        raise InputError("relation", f"{relation.text} is not a polynomial", "rational coefficients") from None
    radii = []
    for box in boxes:
        most = max(abs(to_fmpq(box[0].lo)), abs(to_fmpq(box[0].hi)))
        radius = fmpq(1)
        while radius < most:
            radius *= 2
        while radius / 2 >= most > 0:
            radius /= 2
        radii.append(radius)
    p, q = (max(polynomial.degree(k), 0) for k in range(2))
    exact = [[to_fmpq(polynomial.coeff_monomial((i, j))) * radii[0] ** i * radii[1] ** j for j in range(q + 1)]
             for i in range(p + 1)]  # fmt: skip
    return exact, [float(r.p) / float(r.q) for r in radii]


def _is_psd(exact: list[list[fmpq]]) -> bool:
    from relverify.spaces.rkhs import ldlt

    matrix = fmpq_mat(exact)
    return matrix.nrows() == matrix.ncols() and matrix == matrix.transpose() and ldlt(matrix).psd


def _check_teeth(m: int) -> None:
    if not isinstance(m, int) or isinstance(m, bool) or not 1 <= m <= MAX_TEETH:
        raise InputError("m", f"{m!r} is out of range", f"1 to {MAX_TEETH}")
