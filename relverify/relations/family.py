"""The record of a family of relations; one family is one module with one constant ``FAMILY``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp

from relverify.errors import InputError
from relverify.relations.relation import Relation


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
    eps : str
        An error for the example, for which the main job builds and trains networks.
    """

    name: str
    title: str
    parameters: Mapping[str, str]
    make: Callable[..., Relation]
    example: str
    box: str
    eps: str = "1/100"

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
                raise InputError(self.name, f"{name} is missing", f"{name}: {accepted}")
        return self.make(**values)


def number(value: Any, argument: str, accepted: str, positive: bool = False) -> sp.Expr:
    """A real parameter; refuses lists and, where asked, numbers that are not positive."""
    if not isinstance(value, sp.Expr) or (positive and value.is_positive is not True):
        raise InputError(argument, f"{value} is not accepted", accepted)
    return value
