"""Expressions over float64 arrays, for pictures and for searches whose result is proved again elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import sympy as sp

from relverify.rigor.straightline import Arithmetic, compile_expression

_SAME = "exp log sin cos tan sinh cosh tanh sign floor"


def _erf(values: np.ndarray) -> np.ndarray:
    import math

    return np.vectorize(math.erf)(values)


NUMPY = Arithmetic(
    templates={
        **{name: f"np.{name}({{0}})" for name in _SAME.split()},
        "asin": "np.arcsin({0})", "acos": "np.arccos({0})", "atan": "np.arctan({0})", "asinh": "np.arcsinh({0})",
        "atanh": "np.arctanh({0})", "ceiling": "np.ceil({0})", "erf": "erf({0})", "sqrt": "np.sqrt({0})",
        "square": "{0} * {0}", "power_integer": "{0} ** {1}", "power": "{0} ** {1}", "ratio": "{0} / {1}",
        "Abs": "np.abs({0})", "Max": "np.maximum({0}, {1})", "Min": "np.minimum({0}, {1})",
        "Heaviside": "np.heaviside({0}, {1})",
    },
    constants={"Pi": "np.pi", "Exp1": "np.e"},
    integer=float,
    namespace={"np": np, "erf": _erf, "__builtins__": {}},
)  # fmt: skip


def compile_numpy(expression: sp.Expr, arguments: Sequence[sp.Symbol]) -> Callable[..., np.ndarray]:
    """Compile an expression to float64 arrays, which are broadcast against each other.

    Examples
    --------
    >>> x = sp.Symbol("x")
    >>> compile_numpy(x**2 + 1, (x,))(np.array([1.0, 2.0]))
    array([2., 5.])
    """
    function = compile_expression(expression, arguments, NUMPY)

    def evaluate(*values: np.ndarray) -> np.ndarray:
        shape = np.broadcast_shapes(*map(np.shape, values))
        return np.broadcast_to(np.asarray(function(*values), dtype=float), shape).copy()

    return evaluate
