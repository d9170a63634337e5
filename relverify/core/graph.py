"""The graph of uses: acyclic, and verdicts travel along it."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

from relverify.core.theorem import Theorem
from relverify.rigor.decide import Verdict, overall


def order(theorems: Mapping[str, Theorem]) -> list[str]:
    """The labels so that every theorem comes after those it uses.

    Raises
    ------
    ValueError
        If a theorem uses an unknown one, or there is a cycle.

    Examples
    --------
    >>> from relverify.core.registry import theorems
    >>> labels = order(theorems())
    >>> labels.index("perturbation") < labels.index("symmetric")
    True
    """
    for label, theorem in theorems.items():
        for used in theorem.uses:
            if used not in theorems:
                raise ValueError(f"{label} uses {used}, which is not a theorem")
    try:
        return list(TopologicalSorter({label: t.uses for label, t in theorems.items()}).static_order())
    except CycleError as error:
        raise ValueError(f"theorems use each other in a circle: {' -> '.join(error.args[1])}") from None


def propagate(theorems: Mapping[str, Theorem], own: Mapping[str, Verdict]) -> dict[str, Verdict]:
    """The verdict of each theorem together with all that it uses.

    Parameters
    ----------
    theorems : mapping of str to Theorem
    own : mapping of str to Verdict
        What was found of each theorem by itself; a missing one is undecided.
    """
    result: dict[str, Verdict] = {}
    for label in order(theorems):
        used = [result[name] for name in theorems[label].uses]
        # a refuted premise leaves the conclusion open, it does not refute it
        inherited = [Verdict.UNDECIDED if v is Verdict.REFUTED else v for v in used]
        result[label] = overall([own.get(label, Verdict.UNDECIDED), *inherited])
    return result


def lemmas(theorems: Mapping[str, Theorem], label: str) -> tuple[str, ...]:
    """The classical lemmas that a theorem rests on, its premises included."""
    from relverify.core.steps import Cited

    found: set[str] = set()
    pending, seen = [label], set()
    while pending:
        current = pending.pop()
        if current in seen:
            continue
        seen.add(current)
        theorem = theorems[current]
        found |= {step.lemma for step in theorem.formal().steps if isinstance(step, Cited)}
        pending += theorem.uses
    return tuple(sorted(found))
