"""Ways to count hidden units or features for a relation; one way is one :class:`Method`.

Methods are found by a walk over this folder: a module states its own as ``METHODS``. Theorems that a relation alone
determines need no module, see :mod:`relverify.networks.comparison`.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import sympy as sp
from flint import fmpq

from relverify.core.box import Box
from relverify.core.registry import theorem
from relverify.networks.counts import one_network
from relverify.relations.properties import constants
from relverify.relations.relation import Relation
from relverify.rigor.exact import from_fmpq

UNITS = "units, one layer"
DEEP = "units, any depth"
FEATURES = "features"
KINDS = ("existence", "constructive", "lower bound")


@dataclass(frozen=True)
class Problem:
    """A relation of two numbers on intervals.

    Parameters
    ----------
    relation : Relation
    x, y : Box
    """

    relation: Relation
    x: Box
    y: Box

    @functools.cached_property
    def own(self) -> bool:
        """Whether one network serves both sides."""
        return one_network(self.relation, self.x, self.y)

    def constants(self, label: str, names: frozenset[str]) -> Mapping[str, sp.Expr]:
        """The quantities of a theorem that the relation determines, found once for all errors."""
        key = label, names
        if key not in self._known:
            self._known[key] = constants(theorem(label), self.relation, self.x, self.y, set(names))
        return self._known[key]

    @functools.cached_property
    def _known(self) -> dict[tuple[str, frozenset[str]], Mapping[str, sp.Expr]]:
        return {}


@dataclass(frozen=True)
class Count:
    """What suffices or is needed for an error.

    Parameters
    ----------
    units : int or None
        Hidden units of all networks together; None where only features are counted.
    d : int or None
        Features, or an upper bound of their number.
    """

    units: int | None
    d: int | None = None


@dataclass(frozen=True)
class Method:
    """A way to count.

    Parameters
    ----------
    name : str
        What is built, drawn or counted, in words.
    theorem : str
        The label.
    kind : {"existence", "constructive", "lower bound"}
    count : callable
        From a :class:`Problem` and an error > 0 to a :class:`Count`; raises InputError where it does not apply.
    counted : str
        What the count is of.
    own : bool or None
        Only where one network serves both sides, only where two do, or in either case.
    rate : callable, optional
        The derived exponent of 1/eps, as text.
    searches : bool
        Whether networks are built and certified to find the count.
    """

    name: str
    theorem: str
    kind: str
    count: Callable[[Problem, fmpq], Count]
    counted: str = UNITS
    own: bool | None = None
    rate: Callable[[Problem], str] = lambda problem: ""
    searches: bool = False

    def fits(self, problem: Problem) -> bool:
        """Whether it speaks of this number of networks."""
        return self.own is None or self.own == problem.own


@functools.cache
def methods() -> tuple[Method, ...]:
    """All methods, in the order of their modules.

    Examples
    --------
    >>> {method.theorem for method in methods()} >= {"grid-neurons", "barron-sup", "deep-square"}
    True
    """
    found: list[Method] = []
    for info in sorted(pkgutil.iter_modules(__path__), key=lambda info: info.name):
        found += importlib.import_module(f"{__name__}.{info.name}").METHODS
    return tuple(found)


def resource_count(problem: Problem, label: str, name: str, eps: fmpq) -> int:
    """The certified count of a theorem solved for a symbol, all other quantities found from the relation."""
    form = theorem(label).resource(name)
    values = problem.constants(label, frozenset(s.name for s in form.symbols) - {"eps"})
    found = form.count({**values, "eps": from_fmpq(eps)})
    assert found is not None
    return found


def exponent(count: sp.Expr, symbol: sp.Symbol) -> str:
    """How a count grows with 1/symbol as the symbol tends to 0: the exponent, "log", or nothing if SymPy finds none.

    Examples
    --------
    >>> x = sp.Symbol("x", positive=True)
    >>> exponent(3 / sp.sqrt(x) + 1, x), exponent(sp.log(1 / x), x)
    ('1/2', 'log')
    """
    try:
        found = sp.simplify(sp.limit(-symbol * sp.diff(count, symbol) / count, symbol, 0, "+"))
    except (NotImplementedError, ValueError, TypeError):
        return ""
    return "log" if found == 0 and count.has(symbol) else str(found) if found.is_Rational else ""


@functools.cache
def rate_of(label: str, name: str, each: bool = False) -> str:
    """The exponent of a theorem solved for a count, in terms of the error of one feature if `each`.

    Examples
    --------
    >>> rate_of("ridge-spline", "n"), rate_of("barron-sup", "n", each=True)
    ('1/2', '2 each')
    """
    count = theorem(label).formal().solve[name].expression
    error = next(s for s in count.free_symbols if s.name in ("eps", "delta"))
    found = exponent(count, error)
    return f"{found} each" if each and found else found
