"""Random exact instances of theorems: drawing them, deciding each, and what was found."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import sympy as sp
from flint import arb, ctx

from relverify.core.theorem import Formal, Instance, Theorem
from relverify.rigor.decide import Decision, Verdict, compare, decide, is_zero
from relverify.rigor.enclose import enclose
from relverify.rigor.exact import exact
from relverify.testing.reproducible import by_the_seed_alone

LONG = 60
SENSES = {"upper": "<=", "lower": ">=", "tight": "=="}


@dataclass
class Tally:
    """What the instances of a theorem gave.

    Parameters
    ----------
    drawn : int
        Instances, equal ones counted each time.
    seen : dict of str to bool
        Digests of the different instances that were proved, and whether an equality did it: by exact algebra, or to a
        ratio of at least 1 - 2**-100. The others were decided by balls.
    bits : int
        The largest precision that was needed.
    open_cases : list of str
        Instances that stayed undecided, with the reason.
    counterexample : str
        An instance that contradicts the bound, as small as Hypothesis could make it.
    """

    drawn: int = 0
    seen: dict[str, bool] = field(default_factory=dict)
    bits: int = 0
    open_cases: list[str] = field(default_factory=list)
    counterexample: str = ""

    @property
    def verdict(self) -> Verdict:
        """Refuted by a counterexample, undecided where a case is open, else proved."""
        if self.counterexample:
            return Verdict.REFUTED
        return Verdict.UNDECIDED if self.open_cases else Verdict.PROVED

    def count(self, instance: Instance, decision: Decision, equal: bool) -> None:
        """Add an instance that was proved, by an equality or by balls."""
        identity = hashlib.sha256(f"{instance.text} [{instance.values}]".encode()).hexdigest()[:24]
        self.seen[identity] = equal
        self.bits = max(self.bits, decision.prec)

    def add(self, other: Tally) -> None:
        """Take in more instances of the same theorem."""
        self.drawn += other.drawn
        self.seen.update(other.seen)
        self.bits = max(self.bits, other.bits)
        self.open_cases += other.open_cases
        self.counterexample = self.counterexample or other.counterexample


def decide_instances(theorem: Theorem, examples: int, seed: int) -> Tally:
    """Draw instances of a theorem and decide the conclusion at each.

    Parameters
    ----------
    theorem : Theorem
        With a strategy of instances.
    examples : int
        How many are drawn at most; a strategy of few different instances ends before.
    seed : int

    Returns
    -------
    Tally

    Examples
    --------
    >>> from relverify.core.registry import theorem
    >>> found = decide_instances(theorem("perturbation"), 5, seed=0)
    >>> found.drawn, str(found.verdict)
    (5, 'proved')
    """
    tally = Tally()

    def holds(instance: Instance) -> None:
        tally.drawn += 1
        # the hypotheses are decided
        theorem.bound.evaluate(15, instance.values)
        if instance.exact is not None and not instance.observed(128).overlaps(enclose(instance.exact, prec=128)):
            raise _Counterexample(f"{instance.text}: the exact value {instance.exact} is not the observed one")
        decision = conclusion(theorem, theorem.formal().bound, instance)
        if decision.verdict is Verdict.UNDECIDED:
            tally.open_cases.append(f"{instance.text}: {decision.reason}")
        elif decision.verdict is Verdict.REFUTED:
            raise _Counterexample(f"{instance.text}: {decision.reason}")
        else:
            # exact algebra takes no precision, and a tight claim is an equality
            tally.count(instance, decision, decision.prec == 0 or theorem.sense == "tight")

    try:
        run_instances(theorem, holds, examples, seed)
    except _Counterexample as error:
        tally.counterexample = str(error)
    return tally


def conclusion(theorem: Theorem, bound: sp.Expr, instance: Instance) -> Decision:
    """Decide the conclusion of a theorem with a given bound at an instance."""
    formal = theorem.formal()
    values = _values(formal, instance)
    op = SENSES[theorem.sense]
    if instance.exact is not None:
        relation = {"<=": sp.Le, ">=": sp.Ge, "==": sp.Eq}[op](instance.exact, bound, evaluate=False)
        return decide(relation, values)
    if op == "==":
        return attained(bound, instance, values)
    return compare(instance.observed, op, lambda prec: enclose(bound, values, prec))


def attained(bound: sp.Expr, instance: Instance, values: dict[sp.Symbol, Any] | None = None) -> Decision:
    """Equality by exact algebra, or to a ratio of at least 1 - 2**-100."""
    if values is None:
        values = {s: exact(instance.values[s.name]) for s in bound.free_symbols}
    if instance.exact is not None and is_zero(sp.sympify(instance.exact) - bound.subs(values)):
        return Decision(Verdict.PROVED, f"equal to the bound {bound.subs(values)} by exact algebra")
    with ctx.workprec(256):
        observed, stated = instance.observed(256), enclose(bound, values, 256)
        low = arb(1) - arb(2) ** -100
        if observed.overlaps(stated) and observed >= low * stated and stated >= low * observed:
            return Decision(Verdict.PROVED, f"equal to the bound {stated.str(12)} up to 2^-100", 256)
        if not observed.overlaps(stated):
            return Decision(Verdict.REFUTED, f"observed {observed.str(12)}, stated {stated.str(12)}", 256)
    return Decision(Verdict.UNDECIDED, f"observed {observed.str(12)}, stated {stated.str(12)}", 256)


def _values(formal: Formal, instance: Instance) -> dict[sp.Symbol, Any]:
    symbols = {q.symbol.name: q.symbol for q in formal.quantities}
    return {symbols[name]: exact(value, name) for name, value in instance.values.items() if name in symbols}


def parameters(instance: Instance) -> str:
    """The parameters of an instance for the reader, long expressions as decimals."""
    return ", ".join(f"{name}={_shown(value)}" for name, value in instance.values.items())


def _shown(value: Any) -> str:
    text = str(value)
    return text if len(text) <= LONG else f"{enclose(exact(value), prec=64).str(12, radius=False)}"


class _Counterexample(Exception):
    pass


def run_instances(theorem: Theorem, test: Callable[[Instance], None], examples: int, seed: int) -> None:
    """Call a test with random instances of a theorem; an instance that fails is made small, and its error raised."""
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import seed as seeded

    assert theorem.instances is not None
    quiet = settings(
        max_examples=examples,
        database=None,
        deadline=None,
        derandomize=False,
        report_multiple_bugs=False,
        print_blob=False,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    with by_the_seed_alone():
        seeded(seed)(quiet(given(theorem.instances())(test)))()


def draw(theorem: Theorem, number: int, seed: int) -> list[Instance]:
    """Some random instances of a theorem."""
    found: list[Instance] = []

    def collect(instance: Instance) -> None:
        found.append(instance)

    run_instances(theorem, collect, 3 * number, seed)
    # the first examples are the simplest ones; the last ones are more telling
    return found[-number:]
