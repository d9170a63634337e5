"""Compile SymPy expressions to straight-line Python code for an arithmetic.

The arithmetic is a table of templates, one a node class. The generated code consists of the templates of that table,
local names and integer constants only: nothing of the text of a user reaches it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef

from relverify.errors import UnknownNode
from relverify.rigor.roots import IsolatedRoot


@dataclass(frozen=True)
class Arithmetic:
    """How an arithmetic spells the operations.

    Parameters
    ----------
    templates : mapping
        Node class name, with the number of arguments (``"zeta/2"``) where the meaning depends on it, to a format
        string over all the arguments, for instance ``{"exp": "{0}.exp()"}``.
    constants : mapping
        Class names of constants to code, for instance ``{"Pi": "arb.pi()"}``.
    integer : callable
        Turns an int into the constant that stands in the code.
    namespace : mapping
        The names that the templates use.
    """

    templates: Mapping[str, str]
    constants: Mapping[str, str]
    integer: Callable[[int], Any]
    namespace: Mapping[str, Any] = field(default_factory=dict)


def compile_expression(
    expression: sp.Basic | Sequence[sp.Basic], arguments: Sequence[sp.Symbol], arithmetic: Arithmetic
) -> Callable[..., Any]:
    """Compile one expression, or several that share subexpressions.

    Parameters
    ----------
    expression : Expr or sequence of Expr
        Free of floats.
    arguments : sequence of Symbol
        The order of the arguments of the compiled function.
    arithmetic : Arithmetic
        The target.

    Returns
    -------
    callable
        Takes one number of the arithmetic an argument; returns one number, or a tuple of them.

    Raises
    ------
    UnknownNode
        If an operation is missing from the tables, or a symbol from the arguments.
    """
    single = isinstance(expression, sp.Basic)
    writer = _Writer(arithmetic, {symbol: f"a{i}" for i, symbol in enumerate(arguments)})
    results = [writer.visit(sp.sympify(e)) for e in ([expression] if single else expression)]
    header = f"def compiled({', '.join(f'a{i}' for i in range(len(arguments)))}):"
    result = results[0] if single else "(" + "".join(f"{r}, " for r in results) + ")"
    source = "\n".join([header, *writer.lines, f"    return {result}"])
    namespace = {**arithmetic.namespace, **writer.globals}
    exec(compile(source, "<straight-line>", "exec"), namespace)
    function: Callable[..., Any] = namespace["compiled"]
    return function


class _Writer:
    """Visits each distinct subexpression once; its value gets one local name."""

    def __init__(self, arithmetic: Arithmetic, names: dict[sp.Basic, str], indent: int = 1, prefix: str = "") -> None:
        self.arithmetic, self.names, self.indent, self.prefix = arithmetic, dict(names), indent, prefix
        self.lines: list[str] = []
        self.globals: dict[str, Any] = {}
        self.locals = 0

    def visit(self, node: sp.Basic) -> str:
        name = self.names.get(node)
        if name is None:
            code = self.code(node)
            if code.isidentifier():
                name = code
            else:
                name = f"{self.prefix}t{len(self.names)}"
                self.emit(f"{name} = {code}")
            self.names[node] = name
        return name

    def emit(self, line: str) -> None:
        self.lines.append("    " * self.indent + line)

    def constant(self, value: int) -> str:
        # in base 16, since Python refuses to write long integers in decimals
        name = f"c{value:x}".replace("-", "m")
        self.globals.setdefault(name, self.arithmetic.integer(value))
        return name

    def template(self, key: str, *args: str) -> str:
        for candidate in (f"{key}/{len(args)}", key):
            if candidate in self.arithmetic.templates:
                code = self.arithmetic.templates[candidate]
                if f"{{{len(args)}}}" in code or not all(f"{{{i}}}" in code for i in range(len(args))):
                    raise UnknownNode(f"{key} of {len(args)} arguments")
                return code.format(*args)
        raise UnknownNode(key)

    def code(self, node: sp.Basic) -> str:
        kind = type(node).__name__
        if isinstance(node, sp.Float):
            raise UnknownNode("Float")
        if isinstance(node, sp.Integer):
            return self.constant(int(node))
        if isinstance(node, sp.Rational):
            return self.template("ratio", self.constant(int(node.p)), self.constant(int(node.q)))
        if kind in self.arithmetic.constants:
            return self.arithmetic.constants[kind]
        if isinstance(node, sp.Symbol):
            raise UnknownNode(f"Symbol {node.name}")
        match node:
            case sp.Add():
                return self.sum(node)
            case sp.Mul():
                return self.product(node)
            case sp.Pow():
                return self.power(node.base, node.exp)
            case sp.Max() | sp.Min():
                return self.fold(kind, [self.visit(a) for a in node.args])
            case sp.Piecewise():
                pairs = "".join(f"({self.visit(c)}, {self.visit(e)}), " for e, c in node.args)
                return f"piecewise(({pairs}))"
            case sp.And() | sp.Or():
                return self.fold(kind, [self.visit(a) for a in node.args])
            case sp.Sum() | sp.Product():
                return self.loop(kind, node.function, node.limits)
            case IsolatedRoot(args=(function, low, high)):
                return self.loop(kind, function.expr, (sp.Tuple(function.variables[0], low, high),))
        # an undefined function may have the name of a known one
        known = isinstance(node, sp.Function | sp.core.relational.Relational | sp.Not)
        if not known or isinstance(node, AppliedUndef):
            raise UnknownNode(kind)
        return self.template(kind, *[self.visit(a) for a in node.args])

    def fold(self, kind: str, names: Sequence[str]) -> str:
        code = names[0]
        for name in names[1:]:
            code = self.template(kind, self.local(code), name)
        return code

    def local(self, code: str) -> str:
        """A name for the value of some code: templates may use an argument more than once."""
        if code.isidentifier():
            return code
        self.locals += 1
        name = f"{self.prefix}u{self.locals}"
        self.emit(f"{name} = {code}")
        return name

    def sum(self, node: sp.Add) -> str:
        # args of one Add are hashed; a fixed order keeps compiled code reproducible
        code = ""
        # SymPy orders numbers by their values, which may cost more than all else
        costly = node.is_number and node.has(IsolatedRoot, sp.Sum)
        for term in sorted(node.args, key=sp.default_sort_key) if costly else node.as_ordered_terms():
            coefficient, _ = term.as_coeff_Mul()
            if coefficient.is_negative and code:
                code += f" - {self.visit(-term)}"
            else:
                code += f" + {self.visit(term)}" if code else self.visit(term)
        return code

    def product(self, node: sp.Mul) -> str:
        coefficient, rest = node.as_coeff_Mul()
        above: list[str] = []
        below: list[str] = []
        for factor in sp.Mul.make_args(rest):
            base, exponent = factor.as_base_exp()
            if factor.is_Pow and exponent.is_Rational and exponent.is_negative:
                below.append(self.visit(sp.Pow(base, -exponent)))
            elif factor != 1:
                above.append(self.visit(factor))
        sign = ""
        if not coefficient.is_Rational:
            raise UnknownNode(type(coefficient).__name__)
        if abs(coefficient.p) != 1:
            above.insert(0, self.constant(int(coefficient.p)))
        elif coefficient.p == -1:
            sign = "-"
        if coefficient.q != 1:
            below.append(self.constant(int(coefficient.q)))
        code = " * ".join(above) or self.constant(1)
        if below:
            code = f"{code} / ({' * '.join(below)})" if len(below) > 1 else f"{code} / {below[0]}"
        return f"-({code})" if sign else code

    def power(self, base: sp.Expr, exponent: sp.Expr) -> str:
        if exponent.is_Rational and exponent.is_negative:
            return f"{self.constant(1)} / {self.visit(sp.Pow(base, -exponent))}"
        if exponent.is_Integer:
            if exponent == 2:
                name = self.visit(base)
                return self.template("square", name)
            return self.template("power_integer", self.visit(base), str(int(exponent)))
        if exponent == sp.Rational(1, 2):
            return self.template("sqrt", self.visit(base))
        return self.template("power", self.visit(base), self.visit(exponent))

    def loop(self, kind: str, function: sp.Expr, limits: tuple[sp.Tuple, ...]) -> str:
        """SymPy puts the outermost index of a nested sum last."""
        if len(limits[-1]) != 3:
            raise UnknownNode(f"{kind} without limits")
        index, low, high = limits[-1]
        # a root does not depend on the index in most cases, and costs more than the whole loop
        for root in sorted(function.atoms(IsolatedRoot), key=str):
            if not any(limit[0] in root.free_symbols for limit in limits):
                self.visit(root)
        name = f"{self.prefix}f{len(self.names)}"
        # what was computed outside from a symbol of the same name is another value
        outer = self.names
        if index in outer:
            outer = {node: code for node, code in outer.items() if index not in node.free_symbols}
        inner = _Writer(self.arithmetic, {**outer, index: f"{name}k"}, self.indent + 1, f"{name}_")
        value = inner.loop(kind, function, limits[:-1]) if len(limits) > 1 else inner.visit(function)
        self.emit(f"def {name}({name}k):")
        self.lines += [*inner.lines, "    " * (self.indent + 1) + f"return {value}"]
        self.globals.update(inner.globals)
        return self.template(kind, name, self.visit(low), self.visit(high))
