"""Networks built, not trained: piecewise linear interpolation of a relation (*grid-neurons*, *ridge-spline*).

A network with the hidden units ``relu(x - t_k)``, k = 0..n-1, represents every continuous function that is
linear between the nodes t_0 < ... < t_n, so n units carry any number of such outputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import flint
import numpy as np
import sympy
from flint import arb, arb_mat, fmpq

from relverify.certify.compiled import compiled, rational_ends, up
from relverify.core.box import Box
from relverify.errors import InputError
from relverify.networks.knots import equal_nodes, graded_nodes
from relverify.networks.mlp import MLP
from relverify.relations.relation import Relation
from relverify.rigor.enclose import compile_arb
from relverify.rigor.exact import dyadic

MAX_NODES = 2000


@dataclass(frozen=True)
class Built:
    """Networks built by :func:`grid_network`.

    Parameters
    ----------
    phi : MLP
    psi : MLP or None
        None means the symmetric form, phi with itself.
    residual : fmpq
        Proved upper bound of ``max_ij |G - C D^T|_ij``, nodal matrix minus product of its factors.
    """

    phi: MLP
    psi: MLP | None
    residual: fmpq

    @property
    def hidden_units(self) -> int:
        """Hidden units of all networks together."""
        return self.phi.hidden_units + (0 if self.psi is None else self.psi.hidden_units)


def grid_network(
    relation: Relation,
    x: Box | str,
    y: Box | str | None,
    n_x: int,
    n_y: int | None = None,
    shifted: bool = False,
    graded: bool = False,
) -> Built:
    """Interpolate a relation between nodes by one network (symmetric form) or two.

    Parameters
    ----------
    relation : Relation
    x, y : Box or str
        One-dimensional boxes; y defaults to x.
    n_x, n_y : int
        Hidden units of phi and of psi. Without n_y one network is built for both sides.
    shifted : bool
        Correct the nodal values by half the local error, ``r - (h_x^2 r_xx + h_y^2 r_yy)/16``, and on a kink
        along the diagonal by ``-h/6`` times the jump of r_x. This about halves the error where r is smooth.
    graded : bool
        Nodes that share the error of interpolation equally, see :func:`relverify.networks.knots.graded_nodes`, in place
        of equal pieces.

    Returns
    -------
    Built
        Networks with exactly n_x (and n_y) hidden units and at most ``min(n_x, n_y) + 1`` outputs. The error
        is not proved here: see :func:`relverify.certify.vertex.vertex_certificate`.

    Raises
    ------
    InputError
        If a count is out of range, or one network is asked for an asymmetric relation or for two boxes.

    Notes
    -----
    Theorem *grid-neurons*. The factors are computed in float64; only the residual is proved.
    """
    x_ends = rational_ends(x, "x")
    y_ends = x_ends if y is None else rational_ends(y, "y")
    for name, count in (("n_x", n_x), ("n_y", n_x if n_y is None else n_y)):
        if not 1 <= count <= MAX_NODES:
            raise InputError(name, f"{count} is out of range", f"1 to {MAX_NODES}")
    if n_y is None:
        if not relation.symmetric:
            raise InputError("relation", "is not symmetric", "a symmetric relation, or two networks (give n_y)")
        if x_ends != y_ends:
            raise InputError("y", "differs from x", "equal boxes, or two networks (give n_y)")
    y_box = x if y is None else y
    nodes_x = graded_nodes(relation, x, y_box, n_x) if graded else equal_nodes(x_ends, n_x)
    if n_y is None:
        nodes_y = nodes_x
    else:
        nodes_y = graded_nodes(relation.swapped(), y_box, x, n_y) if graded else equal_nodes(y_ends, n_y)
    matrix = nodal_values(relation, nodes_x, nodes_y, shifted)
    values = np.array([float(v.mid()) for v in matrix.entries()]).reshape(len(nodes_x), len(nodes_y))
    if not np.isfinite(values).all():
        raise InputError("relation", "has no finite value at a node", "a relation that is continuous on the box")
    if n_y is None:
        left = right = symmetric_factor((values + values.T) / 2)
    else:
        left, right = balanced_factors(values)
    with flint.ctx.workprec(128):
        rest = matrix - _exact_matrix(left) * _exact_matrix(right).transpose()
        residual = dyadic(max(up(abs(v)) for v in rest.entries()))
    phi = interpolating_network(nodes_x, left)
    return Built(phi, None if n_y is None else interpolating_network(nodes_y, right), residual)


def nodal_values(relation: Relation, nodes_x: np.ndarray, nodes_y: np.ndarray, shifted: bool) -> arb_mat:
    """Enclose the values to interpolate at the nodes, corrected by half the local error if `shifted`.

    Parameters
    ----------
    relation : Relation
    nodes_x, nodes_y : ndarray, shapes (n+1,), (m+1,)
    shifted : bool
        See :func:`grid_network`.

    Returns
    -------
    arb_mat, shape (n+1, m+1)
    """
    code = compiled(relation)
    with flint.ctx.workprec(128):
        xs, ys = [arb(v) for v in nodes_x.tolist()], [arb(v) for v in nodes_y.tolist()]
        matrix = arb_mat(len(xs), len(ys), [code.value(a, b) for a in xs for b in ys])
        if not shifted:
            return matrix
        steps_x, steps_y = _steps(nodes_x), _steps(nodes_y)
        near = arb(min(steps_x) / 2**40)
        for i, a in enumerate(xs):
            for j, b in enumerate(ys):
                second = code.second(a, b)
                jump = arb(0)
                if not all(v.is_finite() for v in second):
                    # on a kink: one-sided derivatives at either side of it stand for the limits
                    sides = [code.second(a + s, b) for s in (near, -near)]
                    second = tuple((u + v) / 2 for u, v in zip(*sides, strict=True))
                    jump = code.first(a + near, b)[0] - code.first(a - near, b)[0]
                h_x, h_y = steps_x[i], steps_y[j]
                change = arb(h_x * h_x / 16) * second[0] + arb(h_y * h_y / 16) * second[1] + arb(h_x / 6) * jump
                if change.is_finite():
                    matrix[i, j] = matrix[i, j] - change
        return matrix


def _steps(nodes: np.ndarray) -> list[fmpq]:
    """The size of the pieces at each node: of the only one, or the mean of two."""
    points = [dyadic(t) for t in nodes.tolist()]
    last = len(points) - 1
    return [(points[min(k + 1, last)] - points[max(k - 1, 0)]) / (1 if k in (0, last) else 2) for k in range(last + 1)]


def interpolating_network(nodes: np.ndarray, values: np.ndarray) -> MLP:
    """Network that is linear between nodes and takes given values there.

    Parameters
    ----------
    nodes : ndarray, shape (n + 1,), increasing
    values : ndarray, shape (n + 1, d)

    Returns
    -------
    MLP
        With the n hidden units ``relu(x - nodes[k])``, k < n; values hold up to rounding of the weights.

    Examples
    --------
    >>> net = interpolating_network(np.array([0.0, 1.0, 2.0]), np.array([[0.0], [1.0], [0.0]]))
    >>> net.hidden_units, net.at_exact(fmpq(3, 2))
    (2, [1/2])
    """
    slopes = np.diff(values, axis=0) / np.diff(nodes)[:, None]
    changes = np.diff(slopes, axis=0, prepend=np.zeros((1, values.shape[1])))
    return MLP((np.ones((len(nodes) - 1, 1)), changes.T), (-nodes[:-1], values[0]))


def spline_network(functions: Sequence[sympy.Expr], box: Box | str, pieces: Sequence[int], argument: str = "x") -> MLP:
    """One network whose outputs interpolate functions of one variable, each with units of its own.

    Parameters
    ----------
    functions : sequence of Expr
        Exact expressions in at most one symbol.
    box : Box or str
        An interval.
    pieces : sequence of int
        Equal pieces, hence hidden units, of each function. A constant costs 0 units and an affine function 1,
        whatever is given here.
    argument : str
        Name of the box in error messages.

    Returns
    -------
    MLP
        One output a function.

    Notes
    -----
    Theorem *ridge-spline*: the error of an output is at most ``M_2 L^2 / (8 n^2)``, M_2 = sup of the second
    derivative, up to the float64 rounding of the weights.

    Examples
    --------
    >>> t = sympy.Symbol("t")
    >>> spline_network([t**2, 3 - t, sympy.Integer(2)], "[0,1]", [4, 9, 9]).hidden_units
    5
    """
    if len(functions) != len(pieces) or not functions:
        raise InputError("pieces", f"has {len(pieces)} entries for {len(functions)} functions", "one a function")
    ends = rational_ends(box, argument)
    parts: list[tuple[np.ndarray, np.ndarray]] = []
    for expr, count in zip(functions, pieces, strict=True):
        symbols = sorted(expr.free_symbols, key=str)
        if len(symbols) > 1:
            raise InputError("functions", f"{expr} has {len(symbols)} variables", "functions of one variable")
        kind = 0 if not symbols else _degree(expr, symbols[0])
        units = min(kind, 1) if kind < 2 else int(count)
        if kind == 2 and not 1 <= units <= MAX_NODES:
            raise InputError("pieces", f"{count} is out of range", f"1 to {MAX_NODES}")
        nodes = equal_nodes(ends, max(units, 1))
        code = compile_arb(expr, tuple(symbols[:1]))
        with flint.ctx.workprec(128):
            values = np.array([float((code(arb(t)) if symbols else code()).mid()) for t in nodes.tolist()])
        parts.append((nodes[: units + 1], values[: units + 1]))
    return stacked_network(parts)


def stacked_network(parts: Sequence[tuple[np.ndarray, np.ndarray]]) -> MLP:
    """One network whose outputs are linear between nodes of their own, each with units of its own.

    Parameters
    ----------
    parts : sequence of (nodes, values)
        One pair of arrays of equal length an output; a single node stands for a constant, which costs no unit.

    Returns
    -------
    MLP
        With ``len(nodes) - 1`` hidden units an output, in order.

    Examples
    --------
    >>> hat, constant = (np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 0.0])), (np.array([0.0]), np.array([7.0]))
    >>> net = stacked_network([hat, constant])
    >>> net.hidden_units, net.at_exact(fmpq(3, 2))
    (2, [1/2, 7])
    """
    knots = np.concatenate([nodes[:-1] for nodes, _ in parts])
    offsets = np.array([values[0] for _, values in parts])
    if not len(knots):
        return MLP((np.zeros((len(parts), 1)),), (offsets,))
    weights, start = np.zeros((len(parts), len(knots))), 0
    for row, (nodes, values) in enumerate(parts):
        units = len(nodes) - 1
        if units:
            weights[row, start : start + units] = interpolating_network(nodes, values[:, None]).weights[1][0]
        start += units
    return MLP((np.ones((len(knots), 1)), weights), (-knots, offsets))


def _degree(expr: sympy.Expr, symbol: sympy.Symbol) -> int:
    """0 for a constant, 1 for an affine function, 2 for anything else."""
    slope = sympy.simplify(sympy.diff(expr, symbol))
    if slope == 0:
        return 0
    return 1 if sympy.simplify(sympy.diff(slope, symbol)) == 0 else 2


def symmetric_factor(matrix: np.ndarray) -> np.ndarray:
    """C with C C^T near the matrix: eigenvectors above the rounding level; at least one column."""
    values, vectors = np.linalg.eigh(matrix)
    keep = values > 8 * len(values) * np.finfo(float).eps * max(np.max(np.abs(values)), np.finfo(float).tiny)
    if not keep.any():
        keep[-1] = True
    return (vectors[:, keep] * np.sqrt(np.maximum(values[keep], 0.0)))[:, ::-1]


def balanced_factors(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """C and D with C D^T near the matrix, columns of equal norm: the singular values above rounding level."""
    left, values, right = np.linalg.svd(matrix, full_matrices=False)
    keep = values > 8 * max(matrix.shape) * np.finfo(float).eps * values[0]
    keep[0] = True
    root = np.sqrt(values[keep])
    return left[:, keep] * root, right[keep].T * root


def _exact_matrix(matrix: np.ndarray) -> arb_mat:
    return arb_mat(matrix.shape[0], matrix.shape[1], matrix.ravel().tolist())
