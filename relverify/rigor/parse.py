"""Read mathematical expressions from text without evaluating any of it.

The text is parsed by :mod:`ast` (never compiled) and rebuilt node by node from a whitelist. Lengths, nesting and
powers are limited before anything is computed, so that hostile text is refused in constant time.
"""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sympy as sp

from relverify.errors import InputError

MAX_LENGTH = 4000
MAX_DEPTH = 30
MAX_OPERATIONS = 240
MAX_DIGITS = 400
MAX_POWER = 400
MAX_ARGUMENTS = 24
MAX_EXPONENTIAL = 100_000

FUNCTIONS: Mapping[str, Callable[..., sp.Expr]] = {
    "sqrt": sp.sqrt, "exp": sp.exp, "log": sp.log, "sin": sp.sin, "cos": sp.cos, "tan": sp.tan,
    "tanh": sp.tanh, "sinh": sp.sinh, "cosh": sp.cosh, "atan": sp.atan, "erf": sp.erf,
    "abs": sp.Abs, "Abs": sp.Abs, "min": sp.Min, "max": sp.Max, "Min": sp.Min, "Max": sp.Max,
}  # fmt: skip
_WORD = re.compile(r"[A-Za-z_]+")
CONSTANTS: Mapping[str, sp.Expr] = {"pi": sp.pi, "E": sp.E}


def parse_expression(
    text: str,
    variables: Mapping[str, sp.Symbol] | None = None,
    argument: str = "expression",
    functions: Mapping[str, Callable[..., sp.Expr]] = FUNCTIONS,
) -> sp.Expr:
    """Read an expression with exact numbers.

    Parameters
    ----------
    text : str
        For instance ``"exp(-(x-y)**2/2)"``; ``^`` is read as a power, decimals are exact (``0.1`` is 1/10).
    variables : mapping of str to Symbol, optional
        The names that may occur.
    argument : str, optional
        How errors name the text.
    functions : mapping, optional
        The functions that may occur.

    Returns
    -------
    Expr
        An expression without floating-point numbers.

    Raises
    ------
    InputError
        If the text is too long, too deep, has too large a power or an unknown name.

    Examples
    --------
    >>> parse_expression("0.1 + sqrt(2)/3")
    1/10 + sqrt(2)/3
    """
    return parse_tree(text, argument).expression(dict(variables or {}), functions)


def parse_call(text: str, argument: str = "relation") -> tuple[str, dict[str, Any]]:
    """Read a call such as ``gaussian(ell=1/2)`` or ``bilinear(A=[[1,2],[3,4]])``.

    Parameters
    ----------
    text : str
        A name, with keyword parameters in parentheses; values are exact numbers or (nested) lists of them.
    argument : str, optional
        How errors name the text.

    Returns
    -------
    name : str
    parameters : dict
        The value of each keyword; positional values stand under the keys ``"0"``, ``"1"``, ….

    Examples
    --------
    >>> parse_call("gaussian(ell=1/2)")
    ('gaussian', {'ell': 1/2})
    """
    return parse_tree(text, argument).call()


@dataclass(frozen=True)
class Tree:
    """A parsed text, nothing of which has been evaluated.

    Parameters
    ----------
    node : ast.expr
        The syntax tree, or a part of it.
    source : str
        The text from which it was read.
    argument : str
        How errors name the text.
    """

    node: ast.expr
    source: str
    argument: str

    def at(self, node: ast.expr) -> Tree:
        """The part of the tree below `node`."""
        return Tree(node, self.source, self.argument)

    def expression(
        self, variables: Mapping[str, sp.Symbol], functions: Mapping[str, Callable[..., sp.Expr]] = FUNCTIONS
    ) -> sp.Expr:
        """Build the expression; see :func:`parse_expression`."""
        return _Builder(self.argument, self.source, variables, functions).read(self.node, lists=False)

    def call(self) -> tuple[str, dict[str, Any]]:
        """Read a catalogue call; see :func:`parse_call`."""
        builder = _Builder(self.argument, self.source, {}, FUNCTIONS)
        if isinstance(self.node, ast.Name):
            return self.node.id, {}
        if not isinstance(self.node, ast.Call) or not isinstance(self.node.func, ast.Name):
            raise InputError(self.argument, "is not a call", "NAME or NAME(parameter=value, …)")
        parameters: dict[str, Any] = {}
        for position, value in enumerate(self.node.args):
            parameters[str(position)] = builder.read(value)
        for named in self.node.keywords:
            if named.arg is None or named.arg in parameters:
                raise InputError(self.argument, "has a repeated or starred parameter", "NAME(parameter=value, …)")
            parameters[named.arg] = builder.read(named.value)
        return self.node.func.id, parameters


def parse_tree(text: str, argument: str = "expression") -> Tree:
    """Parse a text within the limits on length and nesting; see :class:`Tree`."""
    if not isinstance(text, str):
        raise InputError(argument, f"is a {type(text).__name__}", "text")
    if len(text) > MAX_LENGTH:
        raise InputError(argument, f"has {len(text)} characters", f"at most {MAX_LENGTH}")
    if not text.isascii():
        raise InputError(argument, f"has a character outside ASCII: {_short(text)}", "ASCII text")
    if not text.strip():
        raise InputError(argument, "is empty", "an expression")
    # Python's reader warns of words that touch a number (1if) and of backslashes, where it does not refuse them, and
    # drops what stands behind #
    words = [word for word in _WORD.findall(text) if keyword.iskeyword(word)]
    if words or "\\" in text or "#" in text:
        found = repr(words[0]) if words else "a backslash" if "\\" in text else "'#'"
        raise InputError(argument, f"contains {found}: {_short(text)}", "a mathematical expression")
    depth = deepest = 0
    for character in text:
        depth += (character in "([") - (character in ")]")
        deepest = max(deepest, depth)
    if deepest > MAX_DEPTH:
        raise InputError(argument, f"is nested {deepest} deep", f"at most {MAX_DEPTH} levels")
    source = text.strip().replace("^", "**")
    try:
        return Tree(ast.parse(source, mode="eval").body, source, argument)
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else "unreadable text"
        raise InputError(argument, f"cannot be read ({reason}): {_short(text)}", "a mathematical expression") from None


def _short(text: str) -> str:
    shown = "".join(c if c.isprintable() else "?" for c in text[:61])
    return shown if len(text) <= 60 else shown[:57] + "..."


class _Builder:
    def __init__(
        self, argument: str, source: str, variables: Mapping[str, sp.Symbol], functions: Mapping[str, Callable]
    ) -> None:
        self.argument, self.source, self.variables, self.functions = argument, source, variables, functions

    def refuse(self, problem: str, accepted: str = "") -> InputError:
        return InputError(self.argument, problem, accepted)

    def read(self, node: ast.expr, lists: bool = True) -> Any:
        """An expression or, where allowed, a nested list of them."""
        try:
            return self.value(node) if lists else self.build(node)
        except InputError:
            raise
        except (ArithmeticError, ValueError, TypeError, RecursionError, MemoryError) as error:
            # SymPy and mpmath fail in many ways on numbers of extreme size
            raise self.refuse(f"cannot be evaluated ({type(error).__name__})", "moderate numbers") from None

    def value(self, node: ast.expr) -> Any:
        if isinstance(node, ast.List | ast.Tuple):
            return [self.value(item) for item in node.elts]
        return self.build(node)

    def build(self, node: ast.expr, depth: int = 0) -> sp.Expr:
        if depth > MAX_OPERATIONS:
            raise self.refuse(f"is nested more than {MAX_OPERATIONS} operations deep")
        result = self._build(node, depth)
        if result.has(sp.nan, sp.oo, -sp.oo, sp.zoo):
            raise self.refuse("is not a finite number", "finite values")
        if result.has(sp.I) or (result.is_number and result.is_real is False):
            raise self.refuse("is not real", "real expressions")
        return result

    def _build(self, node: ast.expr, depth: int) -> sp.Expr:
        match node:
            case ast.Constant():
                return self.number(node)
            case ast.Name(id=name):
                return self.name(name)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self.build(operand, depth + 1)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.build(operand, depth + 1)
            case ast.BinOp(left=left, op=op, right=right):
                return self.binary(op, self.build(left, depth + 1), self.build(right, depth + 1))
            case ast.Call(func=ast.Name(id=name), args=args, keywords=named):
                if name not in self.functions:
                    raise self.refuse(f"unknown function {_short(name)!r}", ", ".join(self.functions))
                if named:
                    raise self.refuse(f"{name} takes no named arguments")
                return self.call(name, [self.build(argument, depth + 1) for argument in args])
        kind = type(node).__name__
        raise self.refuse(f"contains {kind}, which is not allowed", "numbers, names, + - * / ** and functions")

    def number(self, node: ast.Constant) -> sp.Expr:
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            raise self.refuse(f"contains {type(node.value).__name__}", "numbers")
        if isinstance(node.value, int):
            if abs(node.value) >= 10**MAX_DIGITS:
                raise self.refuse("has a number that is too long", f"at most {MAX_DIGITS} digits")
            return sp.Integer(node.value)
        # ast has rounded the number to a float; its exact meaning stands in the text
        return decimal(ast.get_source_segment(self.source, node) or "", self.argument)

    def name(self, name: str) -> sp.Expr:
        if name in self.variables:
            return self.variables[name]
        if name in CONSTANTS:
            return CONSTANTS[name]
        known = ", ".join([*self.variables, *CONSTANTS])
        raise self.refuse(f"unknown name {_short(name)!r}", known)

    def binary(self, op: ast.operator, left: sp.Expr, right: sp.Expr) -> sp.Expr:
        match op:
            case ast.Add():
                return left + right
            case ast.Sub():
                return left - right
            case ast.Mult():
                return left * right
            case ast.Div():
                if right.is_zero:
                    raise self.refuse("divides by zero")
                return left / right
            case ast.Pow():
                return self.power(left, right)
        raise self.refuse(f"contains the operator {type(op).__name__}", "+ - * / **")

    def power(self, base: sp.Expr, exponent: sp.Expr) -> sp.Expr:
        if base.is_number and exponent.is_number:
            size = sp.Abs(exponent)
            too_large = not exponent.is_Rational or size > MAX_POWER or exponent.q > 64
            if too_large or sp.count_ops(base) * size > 4 * MAX_POWER or _digits(base) * size > MAX_DIGITS:
                raise self.refuse("has a power that is too large", f"powers up to {MAX_POWER}")
        elif exponent.is_number and (not exponent.is_Rational or sp.Abs(exponent) > MAX_POWER):
            raise self.refuse("has a power that is too large", f"rational powers up to {MAX_POWER}")
        if base.is_zero and exponent.is_negative:
            raise self.refuse("divides by zero")
        return base**exponent

    def call(self, name: str, args: list[sp.Expr]) -> sp.Expr:
        function = self.functions[name]
        many = function in (sp.Min, sp.Max)
        if (len(args) < 2) if many else (len(args) != 1):
            raise self.refuse(f"{name} takes {'two or more' if many else 'one'} argument(s), not {len(args)}")
        if name in _GROWING and not all(_moderate(argument) for argument in args if argument.is_number):
            raise self.refuse(f"has {name} of a number that is too large", f"up to {MAX_EXPONENTIAL}")
        if many and sum(len(a.args) if isinstance(a, sp.Min | sp.Max) else 1 for a in args) > MAX_ARGUMENTS:
            # SymPy compares all pairs of them
            raise self.refuse(f"has {name} of too many arguments", f"at most {MAX_ARGUMENTS}")
        return function(*args)


_GROWING = frozenset({"exp", "sinh", "cosh"})


def _moderate(number: sp.Expr) -> bool:
    from relverify.rigor.enclose import enclose

    return bool(abs(enclose(number, prec=64)) < MAX_EXPONENTIAL)


def _digits(expr: sp.Expr) -> int:
    """Digits of the largest integer in a number."""
    sizes = [len(str(max(abs(q.p), q.q))) for q in expr.atoms(sp.Rational)]
    return max(sizes, default=1)


@lru_cache(maxsize=4096)
def decimal(text: str, argument: str = "value") -> sp.Rational:
    """Read a decimal such as ``0.1`` or ``1e-3`` as the rational number that it denotes.

    Examples
    --------
    >>> decimal("0.1"), decimal("1e-3")
    (1/10, 1/1000)
    """
    mantissa, mark, exponent = text.lower().replace("_", "").partition("e")
    if mark and not (re.fullmatch(r"[+-]?[0-9]+", exponent) and abs(int(exponent)) <= MAX_DIGITS):
        raise InputError(argument, f"{_short(text)} has too large an exponent", f"at most {MAX_DIGITS}")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("+-")
    if not digits.isdigit() or len(digits) > MAX_DIGITS:
        raise InputError(argument, f"{_short(text)} is not a finite decimal", f"at most {MAX_DIGITS} digits")
    value = sp.Rational(int(whole + fraction), 10 ** len(fraction))
    return value * sp.Integer(10) ** int(exponent or 0)
