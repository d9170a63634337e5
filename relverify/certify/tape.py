"""Relations as tapes: lists of operations that the checker of certificates interprets without parsing any text.

A step is ``["number", "-1/2"]`` (or ``"pi"``, ``"E"``), ``["variable", "x1"]``, or a function with the places of
earlier steps, ``["exp", 3]``, ``["add", 0, 2]``. The value of a tape is that of its last step.
"""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from relverify.errors import InputError

Step = list[str | int]
DIRECT = {"exp", "log", "sin", "cos", "tan", "tanh", "erf", "atan", "Abs"}


def tape(expression: sp.Expr, symbols: Sequence[sp.Symbol], names: Sequence[str]) -> list[Step]:
    """The tape of an expression.

    Parameters
    ----------
    expression : Expr
        Free of floats.
    symbols : sequence of Symbol
    names : sequence of str
        What the tape calls them.

    Returns
    -------
    list of list
        The same for equal expressions.

    Raises
    ------
    InputError
        If the checker has no operation for a part of the expression.

    Examples
    --------
    >>> x, y = sp.symbols("x y")
    >>> tape(sp.exp(x) - y, (x, y), ("x", "y"))
    [['variable', 'x'], ['exp', 0], ['variable', 'y'], ['number', '-1'], ['mul', 2, 3], ['add', 1, 4]]
    """
    writer = _Writer(dict(zip(symbols, names, strict=True)))
    last = writer.visit(sp.sympify(expression))
    if last != len(writer.steps) - 1:  # the value of the tape is that of its last step
        writer.steps.append(["add", last, writer.step("number", "0")])
    return writer.steps


class _Writer:
    """Visits each distinct subexpression once."""

    def __init__(self, names: dict[sp.Symbol, str]) -> None:
        self.names, self.steps = names, list[Step]()
        self.known: dict[sp.Expr, int] = {}

    def step(self, *parts: str | int) -> int:
        entry = list(parts)
        if entry not in self.steps:
            self.steps.append(entry)
        return self.steps.index(entry)

    def visit(self, node: sp.Expr) -> int:
        if node not in self.known:
            self.known[node] = self._visit(node)
        return self.known[node]

    def _visit(self, node: sp.Expr) -> int:
        kind = type(node).__name__
        if node in self.names:
            return self.step("variable", self.names[node])
        if node.is_Rational:
            return self.step("number", str(node))
        if node in (sp.pi, sp.E):
            return self.step("number", str(node))
        match node:
            case sp.Add():
                return self._fold("add", node.as_ordered_terms()[::-1])
            case sp.Mul():
                coefficient, rest = node.as_coeff_Mul()
                factors = list(rest.as_ordered_factors()) if rest.is_Mul else [rest]
                return self._fold("mul", factors + ([coefficient] if coefficient != 1 else []))
            case sp.Pow():
                return self._power(node.base, node.exp)
            case sp.Max() | sp.Min():
                return self._fold(kind, sorted(node.args, key=sp.default_sort_key))
            case sp.sinh() | sp.cosh():
                return self.visit((sp.exp(node.args[0]) + (-1 if kind == "sinh" else 1) * sp.exp(-node.args[0])) / 2)
            case sp.cot():
                return self.step("div", self.visit(sp.cos(node.args[0])), self.visit(sp.sin(node.args[0])))
        if kind not in DIRECT or len(node.args) != 1:
            raise InputError("relation", f"has an operation that certificates do not carry ({kind})", "elementary ones")
        return self.step(kind, self.visit(node.args[0]))

    def _fold(self, operation: str, parts: Sequence[sp.Expr]) -> int:
        result = self.visit(parts[0])
        for part in parts[1:]:
            result = self.step(operation, result, self.visit(part))
        return result

    def _power(self, base: sp.Expr, exponent: sp.Expr) -> int:
        if exponent.is_Rational and exponent < 0:
            return self.step("inverse", self.visit(sp.Pow(base, -exponent)))
        if exponent.is_Rational and exponent.q <= 2:
            whole, half = divmod(int(exponent.p), int(exponent.q)) if exponent.q == 2 else (int(exponent), 0)
            result = self._integer(self.visit(base), whole) if whole else None
            if half:
                root = self.step("sqrt", self.visit(base))
                result = root if result is None else self.step("mul", result, root)
            assert result is not None
            return result
        return self.step("exp", self.step("mul", self.visit(exponent), self.step("log", self.visit(base))))

    def _integer(self, base: int, exponent: int) -> int:
        """A positive integer power by repeated squaring."""
        result = None
        while True:
            if exponent & 1:
                result = base if result is None else self.step("mul", result, base)
            exponent >>= 1
            if not exponent:
                assert result is not None
                return result
            base = self.step("square", base)
