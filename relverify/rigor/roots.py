"""The only root of an equation in an interval, as an exact number that every arithmetic can enclose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import sympy as sp
from flint import arb, ctx

_STEPS = 12


class IsolatedRoot(sp.Expr):
    """The only zero in [low, high] of a continuous function that changes its sign there.

    Parameters
    ----------
    function : Lambda
        Of one variable, free of floats. That there is one zero only is for the author to prove; that its sign changes
        is checked by every enclosure.
    low, high : Expr

    Examples
    --------
    >>> from relverify.rigor.enclose import enclose
    >>> w = sp.Symbol("w")
    >>> root = IsolatedRoot(sp.Lambda(w, w**2 - 2), sp.Integer(0), sp.Integer(2))
    >>> root, enclose(root, prec=64).overlaps(arb(2).sqrt())
    (root of w**2 - 2 in [0, 2], True)
    """

    is_commutative = True
    is_extended_real = True
    is_finite = True

    def __new__(cls, function: sp.Lambda, low: Any, high: Any) -> IsolatedRoot:
        made: IsolatedRoot = sp.Expr.__new__(cls, function, sp.sympify(low), sp.sympify(high))
        return made

    @property
    def is_number(self) -> bool:
        """Whether it has no parameters."""
        return not self.free_symbols

    def _eval_is_extended_positive(self) -> bool | None:
        # the bracket is closed, but a root at its end is excluded by the change of sign
        return True if self.args[1].is_nonnegative else super()._eval_is_extended_positive()

    def _eval_is_real(self) -> bool:
        return True

    def _eval_evalf(self, prec: int) -> sp.Float:
        from relverify.rigor.second_opinion import evaluate

        return sp.Float(evaluate(self, digits=int(prec * 0.302) + 2), precision=prec)

    def _sympystr(self, printer: Any) -> str:
        function, low, high = self.args
        return f"root of {printer._print(function.expr)} in [{printer._print(low)}, {printer._print(high)}]"

    def _latex(self, printer: Any) -> str:
        function, low, high = self.args
        name = printer._print(function.variables[0])
        inside, bracket = printer._print(function.expr), f"[{printer._print(low)}, {printer._print(high)}]"
        return rf"\operatorname{{root}}_{{{name} \in {bracket}}}\left({inside}\right)"


def isolate(function: Callable[[arb], arb], low: arb, high: arb) -> arb:
    """Enclose a zero between two points at which a continuous function has opposite signs.

    Parameters
    ----------
    function : callable
        From a ball to an enclosure of its values, at the precision of the moment.
    low, high : arb

    Returns
    -------
    arb
        Contains a zero; not finite where the signs at the ends are not decided to be opposite.
    """
    a, b = low.upper(), high.lower()
    sign_a, sign_b = _sign(function(a)), _sign(function(b))
    if not (sign_a and sign_b and sign_a != sign_b):
        return arb.nan()
    scale = abs(b - a)
    while True:
        # bisection to a few digits, then steps of secants with signs decided at both sides
        middle = _between(function, a, b)
        width = abs(b - a)
        radius = arb(2) ** -(ctx.prec - 8) * (scale + abs(middle))
        narrowed = False
        for wide in (radius.upper(), (radius * 2**16).upper(), (width * width / scale).upper(), (width / 8).upper()):
            for point in (middle - wide, middle + wide):
                point = point.mid()
                if not a < point < b:
                    continue
                sign = _sign(function(point))
                if sign == sign_a:
                    a, narrowed = point, True
                elif sign == sign_b:
                    b, narrowed = point, True
            if abs(b - a) <= 4 * wide:
                break
        if abs(b - a) <= 4 * radius.upper() or not narrowed or not abs(b - a) < width:
            return a.union(b)


def _sign(value: arb) -> int:
    return 1 if value > 0 else -1 if value < 0 else 0


def _between(function: Callable[[arb], arb], a: arb, b: arb) -> arb:
    """A point near the zero, by a few steps of the Illinois method on midpoints; nothing depends on its quality."""
    left, right = a, b
    f_left, f_right = function(a).mid(), function(b).mid()
    side = 0
    point = ((a + b) / 2).mid()
    for _ in range(_STEPS):
        slope = f_right - f_left
        if slope == 0:
            break
        point = ((left * f_right - right * f_left) / slope).mid()
        if not a < point < b:
            return ((a + b) / 2).mid()
        value = function(point).mid()
        if value == 0:
            break
        if _sign(value) == _sign(f_left):
            left, f_left = point, value
            f_right = (f_right / 2).mid() if side == 1 else f_right
            side = 1
        else:
            right, f_right = point, value
            f_left = (f_left / 2).mid() if side == -1 else f_left
            side = -1
    return point


def solve(function: Callable[[Any], Any], low: Any, high: Any) -> Any:
    """The zero by mpmath, as a second opinion."""
    return mpmath.findroot(function, (low, high), solver="anderson", maxsteps=200, verify=False)
