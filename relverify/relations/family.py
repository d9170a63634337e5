"""The record of a family of relations; one family is one module with one constant ``FAMILY``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sympy as sp

from relverify.core import symbols
from relverify.errors import InputError
from relverify.relations.relation import Relation
from relverify.rigor.decide import Decision


@dataclass(frozen=True)
class Member:
    """A relation on a box for which the main job builds and trains networks.

    Parameters
    ----------
    text : str
    box : str
        Of x and y.
    eps : str
        An error that is reached in seconds.
    quick : bool
        Whether the quick job trains it as well.
    errors : tuple of str
        At which the full job trains networks of the sizes that the theorems predict, the smallest last.
    """

    text: str
    box: str
    eps: str = "1/100"
    quick: bool = True
    errors: tuple[str, ...] = ("1/10", "1/100", "1/1000")


@dataclass(frozen=True)
class Measured:
    """A smooth relation on a box where the units that are built are compared with those that are needed.

    Parameters
    ----------
    text : str
        At parameters at which an error of 1/1000 needs some units.
    box : str
        Of x and y.
    """

    text: str
    box: str


@dataclass(frozen=True)
class FalseClaim:
    """Something that is easily believed of a family and is wrong.

    Parameters
    ----------
    claim : str
        In words.
    refute : callable
        Decides the claim at an exact instance; the verdict is *refuted*.
    """

    claim: str
    refute: Callable[[], Decision]


@dataclass(frozen=True)
class Family:
    """A family of relations, called by name.

    Parameters
    ----------
    name : str
        As it is called, for instance ``gaussian``.
    title : str
        One line with the formula.
    parameters : mapping of str to str
        What each parameter accepts, in words; the order is that of positional values.
    make : callable
        Given the parameters by name, returns the :class:`Relation`.
    example : str
        A call that the documentation and the tests use.
    box : str
        A box of x and y for the example.
    defaults : mapping of str to Expr
        The values of parameters that may be left out.
    members : tuple of Member
        What the main job builds and trains.
    measured : tuple of Measured
        Where constructions are compared with lower bounds, see :mod:`relverify.testing.tightness`; for every regime of
        the parameters in which second derivatives are bounded and not 0.
    false_claims : tuple of FalseClaim
        What the tests refute.
    """

    name: str
    title: str
    parameters: Mapping[str, str]
    make: Callable[..., Relation]
    example: str
    box: str
    defaults: Mapping[str, Any] = field(default_factory=dict)
    members: tuple[Member, ...] = ()
    measured: tuple[Measured, ...] = ()
    false_claims: tuple[FalseClaim, ...] = ()

    def __call__(self, given: Mapping[str, Any]) -> Relation:
        """Make a member from values by name or by position."""
        names = list(self.parameters)
        values: dict[str, Any] = {}
        for key, value in given.items():
            name = names[int(key)] if key.isdigit() and int(key) < len(names) else key
            if name not in self.parameters:
                accepted = ", ".join(f"{n}: {self.parameters[n]}" for n in names) or "no parameters"
                raise InputError(self.name, f"has no parameter {name!r}", accepted)
            if name in values:
                raise InputError(self.name, f"gives {name} twice", "one value")
            values[name] = value
        for name, accepted in self.parameters.items():
            if name not in values:
                if name not in self.defaults:
                    raise InputError(self.name, f"{name} is missing", f"{name}: {accepted}")
                values[name] = self.defaults[name]
        return self.make(**values)


def number(value: Any, argument: str, accepted: str, positive: bool = False) -> sp.Expr:
    """A real parameter; refuses lists and, where asked, numbers that are not positive."""
    if not isinstance(value, sp.Expr) or (positive and value.is_positive is not True):
        raise InputError(argument, f"{value} is not accepted", accepted)
    return value


def whole(value: Any, argument: str, accepted: str, least: int, most: int) -> int:
    """An integer parameter in a range."""
    if not isinstance(value, sp.Integer) or not least <= int(value) <= most:
        raise InputError(argument, f"{value} is not accepted", accepted)
    return int(value)


def coordinates(dim: int) -> tuple[tuple[sp.Symbol, ...], tuple[sp.Symbol, ...]]:
    """The symbols of x and y: x, y of one dimension, x1, x2, … and y1, y2, … of up to three."""
    if dim == 1:
        return (symbols.x,), (symbols.y,)
    return (symbols.x1, symbols.x2, symbols.x3)[:dim], (symbols.y1, symbols.y2, symbols.y3)[:dim]


def quadratic_form(relation: Relation, points: list[Any], weights: list[Any]) -> sp.Expr:
    """Σ v_i v_j r(p_i, p_j): a negative value shows that a kernel is not PSD."""
    ((x,), (y,)) = relation.x_symbols, relation.y_symbols
    pairs = list(zip(points, weights, strict=True))
    return sp.Add(
        *(
            v * w * relation.expr.subs({x: sp.sympify(p), y: sp.sympify(q)}, simultaneous=True)
            for p, v in pairs
            for q, w in pairs
        )
    )
