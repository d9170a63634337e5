"""Check a theorem record: derivation, evaluation, properties, sharpness, mutants, witness.

Each check returns a verdict with the evidence for it. Both pytest and the main job run the same functions.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import sympy as sp

from relverify.core.registry import theorems
from relverify.core.steps import Cited
from relverify.core.theorem import Mutant, Theorem
from relverify.errors import Disagreement, InputError
from relverify.rigor.decide import Decision, Verdict, overall
from relverify.testing.instances import attained, conclusion, decide_instances, draw, parameters

LAST = {"upper": ("<=", "<", "="), "lower": (">=", ">", "="), "tight": ("<=", "<", ">=", ">", "=")}


@dataclass(frozen=True)
class Check:
    """What one check found.

    Parameters
    ----------
    label : str
        The theorem.
    name : str
        The check.
    verdict : Verdict
    detail : str
        One line for the reader.
    evidence : tuple of str
        Steps with their provers, counterexamples that refute mutants, counts of instances.
    seconds : float
    guarantee : {"proved", "enclosed", "sampled"}
    """

    label: str
    name: str
    verdict: Verdict
    detail: str
    evidence: tuple[str, ...] = ()
    seconds: float = 0.0
    guarantee: str = "proved"

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "verdict": str(self.verdict), "evidence": list(self.evidence)}


def check(theorem: Theorem, examples: int = 25, seed: int = 0, digits: int = 50) -> Iterator[Check]:
    """Run every check of a theorem.

    Parameters
    ----------
    theorem : Theorem
    examples : int
        How many random exact instances.
    seed : int
        Makes the random instances reproducible.
    digits : int
        Digits of the evaluations.

    Yields
    ------
    Check
        In the order record, derivation, evaluation, properties, sharpness, mutants, witness; a check is left out where
        the theorem claims nothing of the kind. A check that ends in an error is undecided, and gives it as the reason.

    Examples
    --------
    >>> from relverify.core.registry import theorem
    >>> [c.name for c in check(theorem("perturbation"), examples=2)][:3]
    ['record', 'derivation', 'evaluation']
    """
    checks: list[tuple[str, Callable[[], tuple[Verdict, str, tuple[str, ...], str]]]] = [
        ("record", lambda: check_record(theorem)),
        ("derivation", lambda: check_derivation(theorem)),
    ]
    if theorem.instances:
        checks.append(("evaluation", lambda: check_evaluation(theorem, digits, seed)))
        checks.append(("properties", lambda: check_properties(theorem, examples, seed)))
    if theorem.sharp:
        checks.append(("sharpness", lambda: check_sharpness(theorem)))
    if theorem.mutants:
        checks.append(("mutants", lambda: check_mutants(theorem)))
    if theorem.witness:
        checks.append(("witness", lambda: check_witness(theorem)))
    for name, run in checks:
        start = time.perf_counter()
        try:
            verdict, detail, evidence, guarantee = run()
        except Exception as error:
            detail = " ".join(f"{type(error).__name__}: {error}".split())
            verdict, evidence, guarantee = Verdict.UNDECIDED, (), "proved"
        yield Check(theorem.label, name, verdict, detail, evidence, time.perf_counter() - start, guarantee)


_Found = tuple[Verdict, str, tuple[str, ...], str]


def check_record(theorem: Theorem) -> _Found:
    """The record is complete and says what it must."""
    formal, faults = theorem.formal(), []
    known = {q.symbol for q in formal.quantities}
    expressions = [formal.bound, *(r.expression for r in formal.solve.values())]
    for expression in expressions:
        if expression.has(sp.Float):
            faults.append("the bound contains a float")
        if expression.free_symbols - known:
            faults.append(f"symbols without a meaning: {expression.free_symbols - known}")
    for name in formal.solve:
        if name not in {s.name for s in known}:
            faults.append(f"solved for {name}, which is not a quantity")
    if not formal.steps:
        faults.append("there is no derivation")
    else:
        if sp.simplify(formal.steps[-1].rhs - formal.bound) != 0:
            faults.append("the last step does not end in the bound")
        if formal.steps[-1].relation not in LAST[theorem.sense]:
            faults.append(f"the last step claims {formal.steps[-1].relation}, which is no {theorem.sense} bound")
    for number, step in enumerate(formal.steps, 1):
        if isinstance(step, Cited) and not (step.lemma and step.key):
            faults.append(f"step {number} cites nothing")
    faults += [f"there is no {name}" for name in ("title", "statement") if not getattr(theorem, name).strip()]
    if not theorem.source.key:
        faults.append("there is no source")
    if theorem.sharp and theorem.extremal is None:
        faults.append("sharp, but no instance attains the bound")
    if theorem.constructive and theorem.witness is None:
        faults.append("constructive, but no witness is built")
    if theorem.instances is None:
        faults.append("no instances")
    if not theorem.mutants:
        faults.append("no mutants")
    faults += [f"uses {label}, which is unknown" for label in theorem.uses if label not in theorems()]
    verdict = Verdict.REFUTED if faults else Verdict.PROVED
    return verdict, "; ".join(faults) or "complete", (), "proved"


def check_derivation(theorem: Theorem) -> _Found:
    """Every derivation step is discharged by the prover that it names."""
    evidence, verdicts, cited = [], [], []
    for number, step in enumerate(theorem.formal().steps, 1):
        decision = step.discharge()
        verdicts.append(decision.verdict)
        evidence.append(f"step {number}: {step.prover}: {decision.verdict}: {decision.reason}")
        if isinstance(step, Cited):
            cited.append(step.lemma)
    modulo = f"modulo {{{', '.join(sorted(set(cited)))}}}" if cited else "in full"
    verdict = overall(verdicts)
    detail = f"{len(verdicts)} steps, {modulo}"
    if verdict is not Verdict.PROVED:
        open_steps = [e for e, v in zip(evidence, verdicts, strict=True) if v is not Verdict.PROVED]
        detail = "; ".join(open_steps)
    return verdict, detail, tuple(evidence), "proved"


def check_evaluation(theorem: Theorem, digits: int, seed: int) -> _Found:
    """mpmath lies inside the Arb enclosure, at three parameter points and three numbers of digits."""
    evidence: list[str] = []
    for instance in draw(theorem, 3, seed):
        for wanted in (15, digits, 4 * digits):
            try:
                result = theorem.bound.evaluate(wanted, instance.values)
                evidence.append(f"{parameters(instance)}: {result.value[:24]} ({wanted} digits)")
                _ = result.mpmath
            except InputError as error:
                return Verdict.UNDECIDED, f"{parameters(instance)}: {error}", tuple(evidence), "enclosed"
            except Disagreement as error:
                return Verdict.REFUTED, f"{parameters(instance)}: {error}", tuple(evidence), "enclosed"
    return Verdict.PROVED, f"{len(evidence)} evaluations hold mpmath inside", tuple(evidence), "enclosed"


def check_properties(theorem: Theorem, examples: int, seed: int) -> _Found:
    """Random exact instances that satisfy the hypotheses satisfy the conclusion."""
    tally = decide_instances(theorem, examples, seed)
    if tally.counterexample:
        return tally.verdict, "an instance contradicts the bound", (tally.counterexample,), "proved"
    if tally.open_cases:
        detail = f"{len(tally.open_cases)} of {tally.drawn} instances undecided"
        return tally.verdict, detail, tuple(tally.open_cases[:3]), "proved"
    bits = f", at most {tally.bits} bits" if tally.bits else ""
    evidence = (f"{tally.drawn} instances, {len(tally.seen)} of them different{bits}, seed {seed}",)
    return tally.verdict, f"{tally.drawn} random exact instances", evidence, "proved"


def check_sharpness(theorem: Theorem) -> _Found:
    """The extremal instance attains the bound, and one hundredth less is refuted."""
    if theorem.extremal is None:
        return Verdict.REFUTED, "no extremal instance", (), "proved"
    formal, instance = theorem.formal(), theorem.extremal()
    reached = attained(formal.bound, instance)
    factor = sp.Rational(100, 99) if theorem.sense == "lower" else sp.Rational(99, 100)
    tighter = conclusion(theorem, formal.bound * factor, instance)
    evidence = (f"{instance.text}: {reached.reason}", f"bound times {factor}: {tighter.verdict}: {tighter.reason}")
    if reached.verdict is Verdict.PROVED and tighter.verdict is Verdict.REFUTED:
        return Verdict.PROVED, f"attained; the bound times {factor} is refuted", evidence, "proved"
    return Verdict.UNDECIDED, "the extremal instance does not attain the bound", evidence, "proved"


def check_mutants(theorem: Theorem) -> _Found:
    """Every false variant is refuted by an instance."""
    evidence, survivors = [], []
    for mutant in theorem.mutants:
        text, decision = refute(theorem, mutant)
        if mutant.bound and decision.verdict is Verdict.REFUTED:
            decision = _admissible(theorem, mutant, decision)
        evidence.append(f"{mutant.name} ({mutant.change}): {decision.verdict} by {text}: {decision.reason}")
        if decision.verdict is not Verdict.REFUTED:
            survivors.append(mutant.name)
    if survivors:
        return Verdict.UNDECIDED, f"not refuted: {', '.join(survivors)}", tuple(evidence), "proved"
    return Verdict.PROVED, f"{len(evidence)} of {len(evidence)} refuted", tuple(evidence), "proved"


def refute(theorem: Theorem, mutant: Mutant) -> tuple[str, Decision]:
    """The counterexample to a mutant, and what it decides.

    Returns
    -------
    text : str
        The instance and its parameters.
    decision : Decision
        Refuted, if the mutant is as false as it claims.
    """
    formal, instance = theorem.formal(), mutant.instance()
    bound = mutant.bound(formal) if mutant.bound else formal.bound
    return f"{instance.text} [{parameters(instance)}]", conclusion(theorem, bound, instance)


def _admissible(theorem: Theorem, mutant: Mutant, decision: Decision) -> Decision:
    """The refutation of a false bound, if its instance is one of the theorem; any bound fails at other instances."""
    instance = mutant.instance()
    try:
        theorem.bound.evaluate(15, instance.values)
    except InputError as error:
        return Decision(Verdict.UNDECIDED, f"not an instance of the theorem: {error}")
    if conclusion(theorem, theorem.formal().bound, instance).verdict is Verdict.REFUTED:
        return Decision(Verdict.UNDECIDED, "the instance refutes the bound itself")
    return decision


def check_witness(theorem: Theorem) -> _Found:
    """The promised object has exactly the predicted size, and its certified error keeps the promise."""
    assert theorem.witness is not None
    witness = theorem.witness()
    evidence = (
        witness.text,
        f"predicted {witness.predicted}, built {witness.built}",
        f"certified {witness.error}, allowed {witness.allowed}: {witness.decision.reason}",
    )
    if witness.predicted != witness.built:
        return Verdict.REFUTED, f"predicted {witness.predicted}, built {witness.built}", evidence, "proved"
    detail = f"{witness.text}: {witness.built} built, error {witness.error} <= {witness.allowed}"
    return witness.decision.verdict, detail, evidence, "proved"
