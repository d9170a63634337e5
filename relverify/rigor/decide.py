"""Three verdicts: proved, refuted, undecided; never a comparison of floats."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sympy as sp
from flint import arb, ctx

from relverify.rigor.enclose import enclose
from relverify.rigor.exact import exact

MAX_PREC = 4096
START_PREC = 64


class Verdict(StrEnum):
    """What is known of a claim."""

    PROVED = "proved"
    REFUTED = "refuted"
    UNDECIDED = "undecided"

    @property
    def exit_code(self) -> int:
        """0 proved, 1 refuted, 2 undecided."""
        return {"proved": 0, "refuted": 1, "undecided": 2}[self.value]


def overall(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict on a conjunction.

    Examples
    --------
    >>> overall([Verdict.PROVED, Verdict.UNDECIDED])
    <Verdict.UNDECIDED: 'undecided'>
    """
    found = set(verdicts)
    for verdict in (Verdict.REFUTED, Verdict.UNDECIDED):
        if verdict in found:
            return verdict
    return Verdict.PROVED


@dataclass(frozen=True)
class Decision:
    """A verdict with its reason.

    Parameters
    ----------
    verdict : Verdict
    reason : str
        One line: what decided, or why nothing did.
    prec : int
        The precision in bits at which it was decided, 0 where exact algebra decided.
    """

    verdict: Verdict
    reason: str
    prec: int = 0

    def __bool__(self) -> bool:
        raise TypeError("a decision has three values; compare its .verdict")


_OPPOSITE: Mapping[str, str] = {"<=": ">", "<": ">=", ">=": "<", ">": "<=", "==": "!="}
_HOLDS: Mapping[str, Callable[[arb, arb], bool]] = {
    "<=": lambda a, b: bool(a <= b),
    "<": lambda a, b: bool(a < b),
    ">=": lambda a, b: bool(a >= b),
    ">": lambda a, b: bool(a > b),
    "==": lambda a, b: bool(a.is_exact() and b.is_exact() and a == b),
    "!=": lambda a, b: not a.overlaps(b),
}


def compare(
    lhs: Callable[[int], arb], op: str, rhs: Callable[[int], arb], max_prec: int = MAX_PREC, start: int = START_PREC
) -> Decision:
    """Decide a comparison of two real numbers that can be enclosed at any precision.

    Parameters
    ----------
    lhs, rhs : callable
        Given a precision in bits, return a ball that contains the number.
    op : {"<=", "<", ">=", ">", "=="}
        The claim. Balls prove an equality only where both are points.
    max_prec : int
        Where doubling of the precision ends.
    start : int
        The first precision in bits.

    Returns
    -------
    Decision

    Examples
    --------
    >>> compare(lambda p: enclose(sp.pi, prec=p), "<", lambda p: arb(355) / 113).verdict
    <Verdict.PROVED: 'proved'>
    """
    prec, left, right = start, arb.nan(), arb.nan()
    while prec <= max_prec:
        with ctx.workprec(prec):
            left, right = lhs(prec), rhs(prec)
            if left.is_finite() and right.is_finite():
                if _HOLDS[op](left, right):
                    return Decision(Verdict.PROVED, f"{_show(left)} {op} {_show(right)}", prec)
                if _HOLDS[_OPPOSITE[op]](left, right):
                    return Decision(Verdict.REFUTED, f"{_show(left)} {_OPPOSITE[op]} {_show(right)}", prec)
        prec *= 2
    reached = min(prec // 2, max_prec)
    if not (left.is_finite() and right.is_finite()):
        return Decision(Verdict.UNDECIDED, f"a side has no finite enclosure at {reached} bits", reached)
    return Decision(Verdict.UNDECIDED, f"{_show(left)} and {_show(right)} overlap at {reached} bits", reached)


def decide(relation: sp.Basic, values: Mapping[sp.Symbol, Any] | None = None, max_prec: int = MAX_PREC) -> Decision:
    """Decide an inequality or equality between expressions at exact parameters.

    Balls decide strict cases. Where they keep overlapping, the difference is settled by exact algebra, so that
    attained bounds are decided as well.

    Parameters
    ----------
    relation : Relational or bool
        For instance ``sp.Le(lhs, rhs)``.
    values : mapping of Symbol to exact number, optional
        Every free symbol.
    max_prec : int
        Where doubling of the precision ends.

    Returns
    -------
    Decision

    Examples
    --------
    >>> decide(sp.sqrt(2) ** 2 * 3 <= sp.Integer(6)).verdict
    <Verdict.PROVED: 'proved'>
    >>> x = sp.Symbol("x")
    >>> decide(sp.exp(x) > 3, {x: 1}).verdict
    <Verdict.REFUTED: 'refuted'>
    """
    exacts = {symbol: exact(value, symbol.name) for symbol, value in (values or {}).items()}
    relation = sp.sympify(relation)
    if relation in (sp.true, sp.false):
        return Decision(Verdict.PROVED if relation == sp.true else Verdict.REFUTED, "evaluated by exact algebra")
    if isinstance(relation, sp.And):
        return _decide_all(relation.args, exacts, max_prec)
    op = {"Equality": "==", "Eq": "=="}.get(type(relation).__name__, getattr(relation, "rel_op", ""))
    if op not in _OPPOSITE:
        return Decision(Verdict.UNDECIDED, f"{type(relation).__name__} is not a comparison")
    # exact algebra is tried early: attained bounds would otherwise run through every precision
    first = compare(
        lambda p: enclose(relation.lhs, exacts, p), op, lambda p: enclose(relation.rhs, exacts, p), min(256, max_prec)
    )
    if first.verdict is not Verdict.UNDECIDED:
        return first
    if is_zero(relation.lhs.subs(exacts) - relation.rhs.subs(exacts)):
        holds = op in ("<=", ">=", "==")
        verdict = Verdict.PROVED if holds else Verdict.REFUTED
        return Decision(verdict, "both sides are equal by exact algebra")
    if max_prec <= 256:
        return first
    return compare(
        lambda p: enclose(relation.lhs, exacts, p), op, lambda p: enclose(relation.rhs, exacts, p), max_prec, 512
    )


def _decide_all(parts: Iterable[sp.Basic], values: Mapping[sp.Symbol, Any], max_prec: int) -> Decision:
    decisions = [decide(part, values, max_prec) for part in parts]
    verdict = overall(d.verdict for d in decisions)
    return next(d for d in decisions if d.verdict is verdict)


def is_zero(number: sp.Expr) -> bool:
    """Whether a constant is proved to be zero by exact algebra.

    Examples
    --------
    >>> is_zero(sp.sqrt(3 + 2 * sp.sqrt(2)) - 1 - sp.sqrt(2))
    True
    """
    if number.is_zero is not None:
        return bool(number.is_zero)
    if enclose(number, prec=512).contains(0) is False:
        return False
    if sp.expand(number) == 0:
        return True
    if number.is_algebraic:
        z = sp.Symbol("z")
        return bool(sp.minimal_polynomial(number, z) == z)
    return sp.simplify(number) == 0


def _show(ball: arb) -> str:
    return ball.str(12, radius=False) if ball.rel_accuracy_bits() > 40 else ball.str(12)
