"""Taylor models of relations on all pairs of cells, from their SymPy expressions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import sympy as sp
from flint import arb, ctx

from relverify.certify import jet_functions as functions
from relverify.certify.jet_functions import Key
from relverify.certify.jets import Jet, constant, variables
from relverify.rigor.straightline import Arithmetic, compile_expression

BLOCK = 8192  # pairs: a dozen temporaries stay in the second-level cache
with ctx.workprec(128):
    _PI, _E = constant(arb.pi()), constant(arb.const_e())

JETS = Arithmetic(
    templates={
        **{name: f"{{0}}.apply({name})" for name in functions.NAMES},
        "square": "{0}.square()", "power_integer": "{0}.power({1})", "power": "{0}.general_power({1})",
        "ratio": "{0} / {1}", "Abs": "abs({0})", "Max": "{0}.maximum({1})", "Min": "{0}.minimum({1})",
        "cot": "({0}.apply(cos) / {0}.apply(sin))",
    },
    constants={"Pi": "pi", "Exp1": "e"},
    integer=constant,
    namespace={
        **{name: getattr(functions, name) for name in functions.NAMES}, "abs": abs, "__builtins__": {},
        "pi": _PI, "e": _E,
    },
)  # fmt: skip


class Model(NamedTuple):
    """Taylor models as plain arrays over the pairs of cells.

    ``gradient[i]`` and ``hessian[i, j]``, i <= j, are arrays over the pairs; where the remainder is infinite nothing
    is known and the coefficients are 0.
    """

    value: np.ndarray
    gradient: tuple[np.ndarray, ...]
    hessian: dict[tuple[int, int], np.ndarray]
    remainder: np.ndarray


@lru_cache(maxsize=256)
def compile_jets(expression: sp.Expr, arguments: tuple[sp.Symbol, ...]) -> Callable[..., Jet]:
    """Compile an expression to Taylor models; see :func:`relverify.rigor.straightline.compile_expression`."""
    return compile_expression(expression, arguments, JETS)


def taylor_model(
    expression: sp.Expr,
    symbols: Sequence[sp.Symbol],
    centres: Sequence[np.ndarray],
    halves: Sequence[np.ndarray],
    ends: Sequence[tuple[float, float]] | None = None,
) -> Model:
    """Taylor models of an expression on all cells, in blocks.

    Parameters
    ----------
    expression : Expr
        Of the relations' whitelist.
    symbols : sequence of Symbol
        One a coordinate.
    centres, halves : sequence of ndarray
    ends : sequence of (float, float), optional
        As for :func:`relverify.certify.jets.variables`.

    Returns
    -------
    Model
        With |r(c + u) - value - Σ g_i u_i - ½ Σ H_ij u_i u_j| <= remainder for all |u_i| <= half_i with c + u in the
        box of `ends`.

    Raises
    ------
    UnknownNode
        If the expression has an operation without a rigorous evaluation.

    Examples
    --------
    >>> x, y = sp.symbols("x y")
    >>> model = taylor_model(sp.exp(x - y), (x, y), [np.zeros((2, 1)), np.zeros((1, 3))], [np.full((2, 1), 0.01)] * 2)
    >>> model.value.shape, bool(np.all(model.remainder < 2e-6)), round(model.hessian[0, 1][0, 0].item(), 10)
    ((2, 3), True, -1.0)
    """
    code = compile_jets(sp.sympify(expression), tuple(symbols))
    count = len(symbols)
    arrays = [np.asarray(a, dtype=np.float64) for a in (*centres, *halves)]
    shape = np.broadcast_shapes(*(a.shape for a in arrays))
    dimensions = max(len(shape), 1)
    arrays = [a.reshape((1,) * (dimensions - a.ndim) + a.shape) for a in arrays]
    full = np.broadcast_shapes(*(a.shape for a in arrays))
    keys: list[Key] = [(), *((i,) for i in range(count)), *((i, j) for i in range(count) for j in range(i, count))]
    results = {key: np.zeros(full) for key in keys}
    remainder = np.empty(full)
    rows = max(1, BLOCK // max(1, math.prod(full[1:])))
    with np.errstate(all="ignore"):
        for start in range(0, full[0], rows):
            part = slice(start, start + rows)
            pieces = [a if a.shape[0] == 1 else a[part] for a in arrays]
            jet = code(*variables(pieces[:count], pieces[count:], ends))
            results[()][part] = jet.value
            bound = remainder[part]
            bound[...] = jet.remainder
            for key, coefficient in jet.derivatives.items():
                results[key][part] = coefficient
                bound += np.asarray(coefficient) * 0.0  # NaN unless finite
            bound += results[()][part] * 0.0
            unknown = ~np.isfinite(bound)
            if unknown.any():
                bound[unknown] = np.inf
                for array in results.values():
                    array[part][unknown] = 0.0
    arranged = {key: array.reshape(shape) for key, array in results.items()}
    return Model(
        arranged[()],
        tuple(arranged[i,] for i in range(count)),
        {(i, j): arranged[i, j] for i in range(count) for j in range(i, count)},
        remainder.reshape(shape),
    )
