"""Boxes with exact rational ends, read from text such as ``[-1,1]^2``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import sympy as sp
from flint import fmpq

from relverify.errors import InputError
from relverify.rigor.exact import exact, to_fmpq

ACCEPTED = '"[0,1]", "[-1,1]^2" or "[0,1]x[-1,2]" with rational ends, lower < upper'
_SIDE = re.compile(r"\[([^\[\],]+),([^\[\],]+)\](?:\s*\^\s*(\d{1,2}))?")


@dataclass(frozen=True)
class Interval:
    """A closed interval with rational ends.

    Parameters
    ----------
    lo, hi : Rational
        ``lo <= hi``.
    """

    lo: sp.Rational
    hi: sp.Rational

    @property
    def length(self) -> sp.Rational:
        """``hi - lo``."""
        return self.hi - self.lo

    @property
    def ends(self) -> tuple[fmpq, fmpq]:
        """The ends as FLINT rationals."""
        return to_fmpq(self.lo), to_fmpq(self.hi)

    def __str__(self) -> str:
        return f"[{self.lo},{self.hi}]"


@dataclass(frozen=True)
class Box:
    """A product of intervals.

    Parameters
    ----------
    sides : tuple of Interval
    """

    sides: tuple[Interval, ...]

    @property
    def dim(self) -> int:
        """The number of sides."""
        return len(self.sides)

    def __getitem__(self, axis: int) -> Interval:
        return self.sides[axis]

    def __len__(self) -> int:
        return len(self.sides)

    def __str__(self) -> str:
        return "x".join(str(side) for side in self.sides)


def interval(lo: Any, hi: Any, argument: str = "x") -> Box:
    """A one-dimensional box.

    Examples
    --------
    >>> str(interval(0, "1/2"))
    '[0,1/2]'
    """
    low, high = exact(lo, argument), exact(hi, argument)
    if not (low.is_Rational and high.is_Rational):
        raise InputError(argument, f"[{low},{high}] has irrational ends", ACCEPTED)
    if low >= high:
        raise InputError(argument, f"the box [{low},{high}] is empty", ACCEPTED)
    return Box((Interval(low, high),))


def parse_box(text: str | Box, argument: str = "x") -> Box:
    """Read a box.

    Parameters
    ----------
    text : str or Box
        A product of closed intervals; a box is passed on.
    argument : str, optional
        How errors name the text.

    Returns
    -------
    Box

    Raises
    ------
    InputError
        If the text is not a box, or a side is empty.

    Examples
    --------
    >>> box = parse_box("[-1,1]^2")
    >>> box.dim, str(box[0].length)
    (2, '2')
    """
    if isinstance(text, Box):
        return text
    if not isinstance(text, str) or len(text) > 1000:
        raise InputError(argument, "is not a box", ACCEPTED)
    sides: list[Interval] = []
    rest = text.strip()
    while rest:
        match = _SIDE.match(rest)
        if match is None:
            raise InputError(argument, f"{text!r} is not a box", ACCEPTED)
        count = int(match[3] or 1)
        if not 1 <= count <= 16:
            raise InputError(argument, f"{text!r} has {count} sides", "1 to 16 sides")
        sides += list(interval(match[1].strip(), match[2].strip(), argument).sides) * count
        rest = rest[match.end() :].strip()
        if rest and not (rest[0] == "x" and rest[1:].strip()):
            raise InputError(argument, f"{text!r} is not a box", ACCEPTED)
        rest = rest[1:].strip()
    if not sides or len(sides) > 16:
        raise InputError(argument, f"{text!r} is not a box", ACCEPTED)
    return Box(tuple(sides))
