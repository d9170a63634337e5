"""A relation function with the exact facts that theorems ask for."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import sympy as sp
from flint import arb, fmpq

from relverify.core import symbols
from relverify.core.box import Box
from relverify.core.symbols import x as X
from relverify.core.symbols import y as Y
from relverify.errors import InputError, UnknownNode
from relverify.relations.expansion import Expansion
from relverify.relations.sup import SLACK, supremum
from relverify.rigor.calculus import derivative
from relverify.rigor.enclose import compile_arb
from relverify.rigor.exact import exact

SIMPLE = 40  # operations up to which a difference is simplified
POINTS = 24
_EXCHANGE = {"x": "y", "y": "x"}

ClosedForm = Callable[[Box, Box], sp.Expr | None]


class Functions(NamedTuple):
    """Compiled Arb functions of two balls (x, y): the relation and its derivatives."""

    value: Callable[[arb, arb], arb]
    dx: Callable[[arb, arb], arb]
    dy: Callable[[arb, arb], arb]
    dxx: Callable[[arb, arb], arb]
    dyy: Callable[[arb, arb], arb]


@dataclass(frozen=True)
class Relation:
    """A continuous function r(x, y) with an exact description.

    Parameters
    ----------
    expr : Expr
        In `x_symbols` and `y_symbols`, without floats.
    text : str
        Reads back as the same relation.
    name : str
        The family, or ``"expression"``.
    psd : bool or None
        Whether it is known to be symmetric positive semidefinite: proved, refuted, or not known.
    psd_reason : str
        Why.
    x_symbols, y_symbols : tuple of Symbol
        One a coordinate.
    sup_dxx, sup_dyy : callable, optional
        Given the boxes of x and y, an exact upper bound of sup|∂²r| in closed form, or None.
    expand : callable, optional
        Given the box of x, the :class:`Expansion` there, or None.
    psd_where : tuple of callable
        Tests of a box; `psd` speaks of the boxes that pass them all.
    facts : mapping of str to callable or str
        For properties that theorems ask for by name (see :mod:`relverify.relations.properties`): a function of the
        boxes of x and y with the exact value, an upper bound or None, or the reason why there is no finite value.

    Examples
    --------
    >>> from relverify.relations import parse_relation
    >>> r = parse_relation("gaussian(ell=1/2)")
    >>> r.expr, r.psd
    (exp(-2*(x - y)**2), True)
    """

    expr: sp.Expr
    text: str
    name: str = "expression"
    psd: bool | None = None
    psd_reason: str = ""
    x_symbols: tuple[sp.Symbol, ...] = (X,)
    y_symbols: tuple[sp.Symbol, ...] = (Y,)
    sup_dxx: ClosedForm | None = field(default=None, compare=False)
    sup_dyy: ClosedForm | None = field(default=None, compare=False)
    expand: Callable[[Box], Expansion | None] | None = field(default=None, compare=False)
    psd_where: tuple[Callable[[Box], bool], ...] = field(default=(), compare=False)
    facts: Mapping[str, ClosedForm | str] = field(default_factory=dict, compare=False)

    def psd_on(self, box: Box) -> bool | None:
        """Whether the relation is known to be PSD on a box; see `psd`."""
        if self.psd and not all(holds(box) for holds in self.psd_where):
            return None
        return self.psd

    @property
    def one_dimensional(self) -> bool:
        """Whether x and y are numbers."""
        return len(self.x_symbols) == len(self.y_symbols) == 1

    @functools.cached_property
    def symmetric(self) -> bool:
        """Whether r(x, y) = r(y, x), proved by algebra; False also where a proof would take long."""
        if len(self.x_symbols) != len(self.y_symbols):
            return False
        other = self.swapped().expr
        if other == self.expr:
            return True
        # most relations differ from their reflection at a first point, which saves the algebra
        if self.asymmetric:
            return False
        difference = self.expr - other
        if sp.expand(difference) == 0:
            return True
        # SymPy compares the arguments of a maximum at every step
        if difference.count_ops() > SIMPLE or difference.has(sp.Max, sp.Min):
            return False
        return bool(sp.simplify(difference) == 0)

    @functools.cached_property
    def asymmetric(self) -> bool:
        """Whether r(x, y) is proved to differ from r(y, x) at one of a few points."""
        count = len(self.x_symbols)
        if count != len(self.y_symbols):
            return True
        try:
            value = compile_arb(self.expr, self.x_symbols + self.y_symbols)
        except UnknownNode:
            return False
        for shift in range(POINTS):
            # of either sign and several sizes, so that every branch of a maximum is met
            x, y = ([arb(fmpq((7 * k + 5 * shift) * 37 % 101 - 50, 29 - shift)) for k in range(i, i + count)]
                    for i in (1, 1 + count))  # fmt: skip
            if not value(*x, *y).overlaps(value(*y, *x)):
                return True
        return False

    def swapped(self) -> Relation:
        """The relation r(y, x)."""
        # the numbers of coordinates may differ, so the symbols are exchanged by name
        exchange = {s: symbols.symbol(_EXCHANGE[s.name[0]] + s.name[1:]) for s in self.x_symbols + self.y_symbols}
        expr = self.expr.xreplace(exchange)
        return replace(
            self,
            expr=expr,
            text=str(expr),
            x_symbols=tuple(exchange[s] for s in self.y_symbols),
            y_symbols=tuple(exchange[s] for s in self.x_symbols),
            sup_dxx=self.sup_dyy and _swapped(self.sup_dyy),
            sup_dyy=self.sup_dxx and _swapped(self.sup_dxx),
            facts={},
        )

    @functools.cached_property
    def functions(self) -> Functions:
        """The relation and its derivatives, compiled to Arb; see :func:`relverify.rigor.enclose.compile_arb`."""
        self._require_one_dimension()
        (x,), (y,) = self.x_symbols, self.y_symbols
        slopes = [derivative(self.expr, symbol, order) for order in (1, 2) for symbol in (x, y)]
        return Functions(*(compile_arb(e, (x, y)) for e in (self.expr, *slopes)))

    def second_derivative_sup(self, var: str, x_box: Box, y_box: Box) -> sp.Expr:
        """An exact upper bound of sup|∂²r/∂x²| or sup|∂²r/∂y²| over the boxes.

        Parameters
        ----------
        var : {"x", "y"}
        x_box, y_box : Box
            In several dimensions, ∂² is the Hessian in the coordinates of one side, measured in the operator norm.

        Returns
        -------
        Expr
            The closed form where the family has one, else a rational number rounded up from balls.

        Raises
        ------
        InputError
            If the second derivative is not bounded there.
        """
        closed = self.sup_dxx if var == "x" else self.sup_dyy
        value = closed(x_box, y_box) if closed else None
        if value is not None:
            return value
        symbols = self.x_symbols if var == "x" else self.y_symbols
        cell = self._cell(x_box, y_box)
        try:
            if len(symbols) == 1:
                return supremum(derivative(self.expr, symbols[0], 2), cell)
            # the Frobenius norm, entry by entry
            return sp.sqrt(sum(supremum(self.expr.diff(s, t), cell) ** 2 for s in symbols for t in symbols))
        except ArithmeticError:
            problem = f"{self.text} has no bounded second derivative in {var} on {x_box} x {y_box}"
            raise InputError("relation", problem, "a relation that is twice differentiable there") from None

    def sup(self, x_box: Box, y_box: Box, slack: fmpq = SLACK) -> sp.Expr:
        """An exact upper bound of sup|r| over the boxes; see :func:`relverify.relations.sup.supremum`.

        Raises
        ------
        InputError
            If r is not bounded there, as far as balls can tell.
        """
        try:
            return supremum(self.expr, self._cell(x_box, y_box), slack)
        except ArithmeticError:
            problem = f"{self.text} is not proved to be bounded on {x_box} x {y_box}"
            raise InputError("relation", problem, "a relation that is continuous there") from None

    def values(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Float64 values over arrays, broadcast against each other: for pictures and searches, never for claims.

        Where r is undefined the value is NaN or infinite.
        """
        self._require_one_dimension()
        with np.errstate(all="ignore"):
            return _numeric(self.expr, self.x_symbols + self.y_symbols)(x, y)

    def expansion(self, x_box: Box) -> Expansion | None:
        """The feature expansion on a box, where the family has one."""
        return self.expand(x_box) if self.expand else None

    def _cell(self, x_box: Box, y_box: Box) -> dict[sp.Symbol, tuple[Any, Any]]:
        for name, box, own in (("x", x_box, self.x_symbols), ("y", y_box, self.y_symbols)):
            if len(box) != len(own):
                raise InputError(name, f"has {len(box)} side(s)", f"{len(own)}, one a coordinate of {self.text}")
        sides = zip(self.x_symbols + self.y_symbols, x_box.sides + y_box.sides, strict=True)
        return {symbol: side.ends for symbol, side in sides}

    def _require_one_dimension(self) -> None:
        if not self.one_dimensional:
            raise InputError("relation", f"{self.text} has inputs of several dimensions", "a relation of numbers x, y")

    def __add__(self, other: Relation | sp.Expr | int) -> Relation:
        return _combine(self, other, "+")

    def __sub__(self, other: Relation | sp.Expr | int) -> Relation:
        return _combine(self, other, "-")

    def __mul__(self, other: Relation | sp.Expr | int) -> Relation:
        return _combine(self, other, "*")

    __radd__ = __add__
    __rmul__ = __mul__


def from_expression(
    expr: sp.Expr, x_symbols: tuple[sp.Symbol, ...] = (X,), y_symbols: tuple[sp.Symbol, ...] = (Y,)
) -> Relation:
    """A relation given by an expression; constants that are not negative are PSD kernels."""
    psd = True if expr.is_number and expr.is_nonnegative else None
    return Relation(expr, str(expr), "expression", psd, "a nonnegative constant" if psd else "", x_symbols, y_symbols)


@functools.lru_cache(maxsize=64)
def _numeric(expr: sp.Expr, arguments: tuple[sp.Symbol, ...]) -> Callable[..., np.ndarray]:
    from relverify.rigor.pictures import compile_numpy

    return compile_numpy(expr, arguments)


def _swapped(closed: ClosedForm) -> ClosedForm:
    return lambda x_box, y_box: closed(y_box, x_box)


def _combine(left: Relation, other: Relation | sp.Expr | int, op: str) -> Relation:
    right = other if isinstance(other, Relation) else from_expression(exact(other), left.x_symbols, left.y_symbols)
    if (left.x_symbols, left.y_symbols) != (right.x_symbols, right.y_symbols):
        raise InputError("relation", f"{left.text} {op} {right.text} mixes dimensions", "parts of equal dimensions")
    expr = {"+": sp.Add, "-": lambda a, b: a - b, "*": sp.Mul}[op](left.expr, right.expr)
    both = left.psd is True and right.psd is True
    rules = {"+": "a sum of PSD kernels", "*": "a product of PSD kernels (Schur)"}
    psd = True if both and op in rules else None
    text = f"({left.text}) {op} ({right.text})"
    return Relation(
        expr,
        text,
        "combination",
        psd,
        rules[op] if psd else "",
        left.x_symbols,
        left.y_symbols,
        psd_where=left.psd_where + right.psd_where,
    )
