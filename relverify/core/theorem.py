"""The theorem record: statement, bound and derivation, with optional evidence.

One theorem is one module with one constant ``THEOREM``. The mathematics and the evidence are functions, so that
listing the theorems imports neither SymPy nor anything heavier.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import sympy as sp
    from flint import arb

    from relverify.core.evaluate import BoundFunction
    from relverify.core.steps import Step
    from relverify.rigor.decide import Decision

Status = Literal["paper", "classical", "beyond"]
Sense = Literal["upper", "lower", "tight"]


@dataclass(frozen=True)
class Source:
    """Where a statement stands.

    Parameters
    ----------
    key : str
        A key of the bibliography.
    locator : str, optional
        The number that the source itself gives it, if known.
    """

    key: str
    locator: str = ""


@dataclass(frozen=True)
class Quantity:
    """A symbol as one theorem uses it.

    Parameters
    ----------
    symbol : Symbol
        From :mod:`relverify.core.symbols`; its assumptions are its domain.
    meaning : str
        In words, with units where there are any.
    of_relation : str, optional
        The property of a relation on boxes that gives the value, for instance ``"second_derivative_x"``.
    """

    symbol: sp.Symbol
    meaning: str
    of_relation: str = ""


@dataclass(frozen=True)
class Resource:
    """The bound solved for one of its symbols.

    Parameters
    ----------
    expression : Expr
        Where `integer` holds, the count is its certified ceiling, and at least `least`.
    integer : bool
    meaning : str
        For instance ``"units that suffice"``.
    least : int
    """

    expression: sp.Expr
    integer: bool = True
    meaning: str = "suffices"
    least: int = 0


@dataclass(frozen=True)
class Formal:
    """The mathematics of a theorem.

    Parameters
    ----------
    quantities : tuple of Quantity
        Every symbol of the bound, of the hypotheses and of the resource forms.
    bound : Expr
        Without floats.
    bounded : str
        LaTeX of the quantity that is bounded.
    hypotheses : tuple
        SymPy relations, which every evaluation decides, and texts, which name predicates of objects.
    solve : mapping of str to Resource
        By the name of the symbol.
    steps : tuple of Step
        The derivation; the last step ends in the bound.
    """

    quantities: tuple[Quantity, ...]
    bound: sp.Expr
    bounded: str
    steps: tuple[Step, ...]
    hypotheses: tuple[Any, ...] = ()
    solve: Mapping[str, Resource] = field(default_factory=dict)

    def symbol(self, name: str) -> sp.Symbol:
        """The symbol of a given name in this theorem."""
        return next(q.symbol for q in self.quantities if q.symbol.name == name)


@dataclass(frozen=True)
class Instance:
    """An exact instance of a theorem: parameters, and the true value of what is bounded.

    Parameters
    ----------
    values : mapping of str to exact number
        A value for every symbol of the bound, by name.
    observed : callable
        Given a precision in bits, encloses the true value of the bounded quantity.
    text : str
        The instance, readable and exact: enough to make it again.
    exact : Expr, optional
        The true value in closed form, where known.
    """

    values: Mapping[str, Any]
    observed: Callable[[int], arb]
    text: str
    exact: sp.Expr | None = None


@dataclass(frozen=True)
class Mutant:
    """A false variant of a theorem, which an instance refutes.

    Parameters
    ----------
    name : str
    change : str
        What was changed, in words.
    instance : callable
        Makes the instance that refutes the variant.
    bound : callable, optional
        Given the :class:`Formal`, the false bound; by default the bound itself (a dropped hypothesis).
    """

    name: str
    change: str
    instance: Callable[[], Instance]
    bound: Callable[[Formal], sp.Expr] | None = None


@dataclass(frozen=True)
class Witness:
    """The object that a constructive theorem promises, built and checked.

    Parameters
    ----------
    text : str
        What was built.
    predicted : int
        The count that the theorem states (units, or another resource).
    built : int
        The count of the object.
    decision : Decision
        Whether the error of the object is at most what the theorem states.
    error : str
        The certified error, for the reader.
    allowed : str
        What the theorem states, for the reader.
    """

    text: str
    predicted: int
    built: int
    decision: Decision
    error: str = ""
    allowed: str = ""


@dataclass(frozen=True)
class FormalProof:
    """A machine-checked proof of the statement.

    Parameters
    ----------
    file : str
        Below ``proofs/``.
    lemma : str
        The theorem about the generated bound.
    """

    file: str
    lemma: str


@dataclass(frozen=True)
class Theorem:
    """One theorem, everything users see about it, and the evidence for it.

    Parameters
    ----------
    label : str
        Lower-case words with hyphens; the module has the same name with underscores.
    title : str
    status : {"paper", "classical", "beyond"}
    sense : {"upper", "lower", "tight"}
        Whether the observed value is at most, at least, or equal to the bound.
    constructive : bool
        Whether the object is built; otherwise it is shown to exist.
    statement : str
        Short reStructuredText with ``:math:`` roles.
    source : Source
    formal : callable
        Makes the :class:`Formal`; called once.
    uses : tuple of str
        Labels of the theorems that the derivation uses.
    sharp : bool
        Whether the bound is attained; then `extremal` must be given.
    instances : callable, optional
        Makes a Hypothesis strategy of :class:`Instance`.
    extremal : callable, optional
        Makes an instance that attains the bound.
    mutants : tuple of Mutant
    witness : callable, optional
        Builds and checks the object; required where `constructive` holds.
    formal_proof : FormalProof, optional
    limits : tuple of str
        Identities with other units, in words.
    """

    label: str
    title: str
    status: Status
    sense: Sense
    constructive: bool
    statement: str
    source: Source
    formal: Callable[[], Formal]
    uses: tuple[str, ...] = ()
    sharp: bool = False
    instances: Callable[[], Any] | None = None
    extremal: Callable[[], Instance] | None = None
    mutants: tuple[Mutant, ...] = ()
    witness: Callable[[], Witness] | None = None
    formal_proof: FormalProof | None = None
    limits: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "formal", functools.cache(self.formal))

    @functools.cached_property
    def bound(self) -> BoundFunction:
        """The bound, compiled, as a function of its symbols."""
        from relverify.core.evaluate import BoundFunction

        formal = self.formal()
        return BoundFunction(self.label, formal.bound, formal)

    @functools.cache  # noqa: B019 - records live as long as the process
    def resource(self, name: str) -> BoundFunction:
        """The bound solved for a symbol.

        Parameters
        ----------
        name : str
            The ASCII name of the symbol.

        Raises
        ------
        InputError
            If the theorem has no such form.
        """
        from relverify.core.evaluate import BoundFunction
        from relverify.errors import InputError

        formal = self.formal()
        if name not in formal.solve:
            known = ", ".join(formal.solve) or "none for this theorem"
            raise InputError("solve", f"{self.label} is not solved for {name!r}", known)
        resource = formal.solve[name]
        return BoundFunction(self.label, resource.expression, formal, resource)

    def summary(self) -> dict[str, Any]:
        """The row of the table of theorems."""
        return {
            "label": self.label,
            "title": self.title,
            "status": self.status,
            "sense": self.sense,
            "sharp": self.sharp,
            "constructive": self.constructive,
        }
