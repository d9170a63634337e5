"""Derivation steps: each is an obligation that names the prover which discharges it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sympy as sp

    from relverify.rigor.decide import Decision


@dataclass(frozen=True)
class Step:
    """A claim ``lhs relation rhs`` with the reason for it.

    Parameters
    ----------
    lhs, rhs : Expr
        The two sides.
    relation : {"=", "<=", "<", ">=", ">"}
        How they compare.
    reason : str
        One sentence for the reader.
    """

    lhs: sp.Expr
    relation: str
    rhs: sp.Expr
    reason: str

    prover = ""

    def discharge(self) -> Decision:
        """Prove the claim, or say why it could not be proved."""
        raise TypeError(f"{type(self).__name__} names no prover")


@dataclass(frozen=True)
class Identity(Step):
    """An identity, proved by SymPy: the difference of the sides simplifies to zero."""

    prover = "SymPy"

    def discharge(self) -> Decision:
        from relverify.rigor.decide import Decision, Verdict
        from relverify.rigor.provers import prove_identity

        if self.relation != "=":
            return Decision(Verdict.UNDECIDED, f"an identity does not prove {self.relation}")
        return prove_identity(self.lhs, self.rhs)


@dataclass(frozen=True)
class Limit(Step):
    """The value of a limit, found by SymPy: `lhs` is an unevaluated ``sympy.Limit``."""

    prover = "SymPy"

    def discharge(self) -> Decision:
        from relverify.rigor.decide import Decision, Verdict
        from relverify.rigor.provers import prove_limit

        if self.relation != "=":
            return Decision(Verdict.UNDECIDED, f"a limit does not prove {self.relation}")
        return prove_limit(self.lhs, self.rhs)


@dataclass(frozen=True)
class Inequality(Step):
    """A polynomial inequality over the reals, proved by Z3.

    Square roots become variables with their defining equation; any other function becomes a free variable about which
    only the assumptions are known, so the claim is proved for all its values.

    Parameters
    ----------
    given : tuple of Boolean
        What may be assumed, besides the domains of the symbols.
    """

    given: tuple[Any, ...] = ()

    prover = "Z3"

    def discharge(self) -> Decision:
        from relverify.rigor.provers import prove_by_z3

        return prove_by_z3(self.lhs, self.relation, self.rhs, self.given)


@dataclass(frozen=True)
class OnBox(Step):
    """An inequality over a box of parameters, proved by Arb with branch and bound.

    Parameters
    ----------
    box : mapping of Symbol to (lower, upper)
        Exact ends.
    """

    box: Mapping[Any, tuple[Any, Any]] = field(default_factory=dict)

    prover = "Arb"

    def discharge(self) -> Decision:
        from relverify.rigor.provers import prove_on_box

        return prove_on_box(self.lhs, self.relation, self.rhs, self.box)


@dataclass(frozen=True)
class Cited(Step):
    """A classical lemma outside the provers, named by its bibliography key.

    Parameters
    ----------
    lemma : str
        The name of the lemma, for instance ``"cauchy-schwarz"``.
    key : str
        The bibliography key of a text that proves it.
    """

    lemma: str = ""
    key: str = ""

    prover = "cited"

    def discharge(self) -> Decision:
        from relverify.rigor.decide import Decision, Verdict

        return Decision(Verdict.PROVED, f"modulo {self.lemma} ({self.key})")
