"""The documentation page of a theorem: everything on it is read from the record or computed while it is written."""

from __future__ import annotations

import contextlib
import io
import shlex
import textwrap
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from relverify.core.plain import math_to_text, to_rst
from relverify.core.render import RELATIONS, SENSE_SIGNS, assumptions, cite, lemmas_of, typeset

if TYPE_CHECKING:
    from relverify.core.steps import Step
    from relverify.core.theorem import Theorem

WIDE = 72
DIGITS = 30
COLUMNS = 62
STATUS = {
    "paper": "a claim of the source, in the form proved here",
    "classical": "a known result",
    "beyond": "a result of this project",
}


def page(theorem: Theorem, notice: Callable[[str], None] | None = None) -> str:
    """The complete page of a theorem.

    Every step is discharged, every mutant refuted and every printed number computed while the page is written.

    Parameters
    ----------
    theorem : Theorem
    notice : callable, optional
        Receives one line for each step that is not proved and each mutant that is not refuted.

    Returns
    -------
    str
        reStructuredText for Sphinx with sphinx-proof and sphinxcontrib-bibtex.

    Examples
    --------
    >>> from relverify.core.registry import theorem
    >>> ".. prf:theorem:: " in page(theorem("perturbation"))
    True
    """
    parts = [_head(theorem), _statement(theorem), _derivation(theorem, notice or (lambda text: None))]
    parts += [_evidence(theorem, notice or (lambda text: None)), _evaluation(theorem), _relatives(theorem)]
    return "\n\n".join([*parts, ".. rubric:: References\n\n.. footbibliography::", ""])


def link(label: str) -> str | None:
    """A reference to a theorem, or None where there is no theorem of that label."""
    from relverify.core.registry import theorems

    return f":ref:`{label} <theorem-{label}>`" if label in theorems() else None


def _text(source: str) -> str:
    return to_rst(source, link)


def heading(text: str, mark: str = "-") -> str:
    """A section title."""
    return f"{text}\n{mark * max(len(text), 4)}"


def indent(text: str, by: str = "   ") -> str:
    """Text as the content of a directive."""
    return "\n".join(by + line if line.strip() else "" for line in text.splitlines())


def math(code: str) -> str:
    """A displayed formula."""
    return f".. math::\n\n   {code}"


def table(rows: Iterable[Iterable[str]], widths: str) -> str:
    """A table whose first row is its head."""
    lines = [".. list-table::", "   :header-rows: 1", f"   :widths: {widths}", "   :class: plain", ""]
    for row in rows:
        for number, cell in enumerate(row):
            lines.append(f"   {'* -' if number == 0 else '  -'} {cell}")
    return "\n".join(lines)


def _head(theorem: Theorem) -> str:
    title = to_rst(theorem.title)
    facts = [theorem.status, f"{theorem.sense} bound", *(["sharp"] if theorem.sharp else [])]
    facts.append("constructive" if theorem.constructive else "existence")
    badges = " ".join(f":bdg:`{fact}`" for fact in facts)
    return f".. _theorem-{theorem.label}:\n\n{heading(title, '=')}\n\n{badges} ``{theorem.label}``"


def _statement(theorem: Theorem) -> str:
    from relverify.core.symbols import domain

    formal = theorem.formal()
    locator = f", {_text(theorem.source.locator)}" if theorem.source.locator else ""
    body = [_text_block(theorem.statement)]
    if formal.hypotheses:
        body.append("**Hypotheses.**\n\n" + "\n".join(f"- {_hypothesis(h)}" for h in formal.hypotheses))
    body.append("**Bound.**")
    body.append(math(_wide(formal.bounded, SENSE_SIGNS[theorem.sense], typeset(formal.bound))))
    directive = f".. prf:theorem:: {to_rst(theorem.title)}\n   :label: {theorem.label}\n\n"
    parts = [
        directive + indent("\n\n".join(body)),
        f"Status *{theorem.status}*: {STATUS[theorem.status]}. Source: :footcite:t:`{theorem.source.key}`{locator}.",
    ]
    if formal.quantities:
        rows = [["Symbol", "Name", "Domain", "Meaning"]]
        for q in formal.quantities:
            extra = f" (computed from a relation: ``{q.of_relation}``)" if q.of_relation else ""
            rows.append(
                [
                    f":math:`{typeset(q.symbol)}`",
                    f"``{q.symbol.name}``",
                    domain(q.symbol).replace(">=", "≥"),
                    _text(q.meaning) + extra,
                ]
            )
        parts += [heading("Symbols"), table(rows, "10 12 18 60")]
    if formal.solve:
        parts += [heading("Solved for its resources"), *(_resource(theorem, name) for name in formal.solve)]
    return "\n\n".join(parts)


def _text_block(statement: str) -> str:
    return "\n\n".join(_text(paragraph) for paragraph in statement.split("\n\n"))


def _hypothesis(hypothesis: Any) -> str:
    return _text(hypothesis) if isinstance(hypothesis, str) else f":math:`{typeset(hypothesis)}`"


def _resource(theorem: Theorem, name: str) -> str:
    resource = theorem.formal().solve[name]
    code = typeset(resource.expression)
    if resource.integer:
        code = f"\\left\\lceil {code} \\right\\rceil"
        if resource.least:
            code = f"\\max\\left({resource.least},\\ {code}\\right)"
    kind = " (a certified integer)" if resource.integer else ""
    symbol = typeset(theorem.formal().symbol(name))
    return f"``{name}``: {_text(resource.meaning)}{kind}.\n\n{math(_wide(symbol, '=', code))}"


def _wide(lhs: str, relation: str, rhs: str) -> str:
    """One line, or two aligned ones where one is too long."""
    sign = RELATIONS[relation]
    if len(math_to_text(f"{lhs} {sign} {rhs}")) <= WIDE:
        return f"{lhs} {sign} {rhs}"
    return f"\\begin{{align*}} & {lhs} \\\\ & \\quad {sign} {rhs} \\end{{align*}}"


def _derivation(theorem: Theorem, notice: Callable[[str], None]) -> str:
    steps = theorem.formal().steps
    listed = "\n\n".join(_step(theorem, number, step, notice) for number, step in enumerate(steps, 1))
    lemmas = lemmas_of(theorem)
    modulo = ", ".join(f"*{name}*" for name in lemmas)
    rests = f"Proved modulo the classical lemmas {modulo}." if lemmas else "Proved in full: no lemma is cited."
    if theorem.uses:
        rests += f" The derivation uses {', '.join(link(label) or label for label in theorem.uses)}."
    number = f"{len(steps)} steps. Each is" if len(steps) > 1 else "One step,"
    intro = f"{number} discharged by the prover it names, while this page was built, or cites a classical lemma."
    return f"{heading('Derivation')}\n\n{intro} {rests}\n\n.. container:: derivation\n\n{indent(listed)}"


def _step(theorem: Theorem, number: int, step: Step, notice: Callable[[str], None]) -> str:
    from relverify.rigor.decide import Verdict

    decision = step.discharge()
    lines = [f"#. {_text(step.reason)}", math(_wide(typeset(step.lhs), step.relation, typeset(step.rhs)))]
    if given := assumptions(step):
        lines.append("Assuming " + ", ".join(f":math:`{typeset(g)}`" for g in given) + ".")
    if box := getattr(step, "box", None):
        sides = (f":math:`{typeset(s)} \\in [{typeset(low)}, {typeset(high)}]`" for s, (low, high) in box.items())
        lines.append("For " + ", ".join(sides) + ".")
    if step.prover == "cited":
        by = f"— cited: {getattr(step, 'lemma', '')} :footcite:p:`{getattr(step, 'key', '')}`"
    elif decision.verdict is Verdict.PROVED:
        detail = f" ({_text(decision.reason)})" if step.prover == "Arb" else ""
        by = f"— discharged by {step.prover}{detail}"
    else:
        by = f"— **open**: {step.prover} says {decision.verdict}, {_text(decision.reason)}"
        notice(f"{theorem.label}: step {number} is {decision.verdict}: {decision.reason}")
    lines.append(f".. rst-class:: prover\n\n{by}")
    return lines[0] + "\n\n" + indent("\n\n".join(lines[1:]))


def _evidence(theorem: Theorem, notice: Callable[[str], None]) -> str:
    from relverify.rigor.decide import Verdict
    from relverify.testing.kit import check_sharpness, refute

    parts = [heading("Evidence")]
    if theorem.sharp:
        verdict, detail, evidence, _ = check_sharpness(theorem)
        parts.append(f"**Sharpness** ({verdict}). {_text(detail)}.")
        parts.append("\n".join(f"- {_text(line)}" for line in evidence))
        if verdict is not Verdict.PROVED:
            notice(f"{theorem.label}: sharpness is {verdict}: {detail}")
    else:
        parts.append("**Sharpness.** Not claimed.")
    if theorem.mutants:
        rows = [["False variant", "What was changed", "Refuted by"]]
        for mutant in theorem.mutants:
            text, decision = refute(theorem, mutant)
            rows.append([f"``{mutant.name}``", _text(mutant.change), _text(_short(f"{text}: {decision.reason}"))])
            if decision.verdict is not Verdict.REFUTED:
                notice(f"{theorem.label}: mutant {mutant.name} is not refuted: {decision.reason}")
        parts += ["**Mutants.** Variants that look plausible and are false; each is refuted by an exact instance.",
                  table(rows, "18 32 50")]  # fmt: skip
    if theorem.witness:
        witness = theorem.witness()
        parts.append(
            f"**Witness.** {_text(witness.text)}: predicted {witness.predicted}, built {witness.built}; "
            f"certified error {_text(witness.error)}, allowed {_text(witness.allowed)} ({witness.decision.verdict})."
        )
    proof = theorem.formal_proof
    if proof:
        parts.append(f"**Formal proof.** ``{proof.lemma}`` in ``proofs/{proof.file}``, checked by ``make -C proofs``.")
    else:
        parts.append("**Formal proof.** None so far.")
    return "\n\n".join(parts)


def _short(text: str, limit: int = 300) -> str:
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def example(theorem: Theorem) -> Mapping[str, Any] | None:
    """Exact parameters at which the bound can be evaluated: those of an extremal, false-variant or drawn instance."""
    from relverify.errors import InputError

    makers = [theorem.extremal, *(m.instance for m in theorem.mutants), *_drawn(theorem)]
    found: list[Mapping[str, Any]] = []
    for maker in makers:
        names = [s.name for s in theorem.bound.symbols]
        values = {name: value for name, value in (maker().values if maker else {}).items() if name in names}
        with contextlib.suppress(InputError):
            if len(values) == len(names):
                theorem.bound.evaluate(DIGITS, values)
                found.append(values)
    return min(
        found, key=lambda v: (sum(x == 0 for x in v.values()), sum(len(str(x)) for x in v.values())), default=None
    )


def _drawn(theorem: Theorem) -> list[Callable[[], Any]]:
    from relverify.testing.instances import draw

    if theorem.instances is None:
        return []
    return [lambda i=i: i for i in draw(theorem, 4, 0)]  # type: ignore[misc]


def _evaluation(theorem: Theorem) -> str:
    values = example(theorem)
    if values is None:
        return f"{heading('Evaluation')}\n\nNo example parameters are recorded."
    parts = [heading("Evaluation"), "The output below was computed when this page was built.", "In Python:"]
    parts += _commands(theorem.label, values, None)
    for name in theorem.formal().solve:
        chosen = _for_resource(theorem, name, values)
        if chosen is not None:
            parts += [f"Solved for ``{name}``:", *_commands(theorem.label, chosen, name)]
    return "\n\n".join(parts)


def _for_resource(theorem: Theorem, name: str, values: Mapping[str, Any]) -> Mapping[str, Any] | None:
    from relverify.errors import InputError

    form = theorem.resource(name)
    chosen = {s.name: values.get(s.name, "1/100") for s in form.symbols}
    try:
        form.evaluate(DIGITS, chosen)
        form.count(chosen)
    except InputError:
        return None
    return chosen


def _commands(label: str, values: Mapping[str, Any], solve: str | None) -> list[str]:
    """The call in Python and on the command line, each with what it prints."""
    from relverify import api, cli

    texts = {name: str(value).replace(" ", "") for name, value in values.items()}
    result = api.bound(label, texts, solve=solve, digits=DIGITS)
    arguments = [f"{name}={text if text.lstrip('-').isdigit() else repr(text)}" for name, text in texts.items()]
    if solve:
        arguments.append(f"solve={solve!r}")
    call = textwrap.wrap(", ".join([f'"{label}"', *arguments, f"digits={DIGITS}"]), COLUMNS, break_long_words=False)
    python = [">>> import relverify"]
    if len(call) == 1:
        python.append(f">>> result = relverify.bound({call[0]})")
    else:
        python += [">>> result = relverify.bound(", *(f"...     {line}" for line in call), "... )"]
    fields = ["lo", "value", "hi", *(["integer"] if solve and result["integer"] is not None else [])]
    python += [line for field in fields for line in (f">>> result.{field}", repr(result[field]))]
    command = ["bound", label, *(f"{n}={t}" for n, t in texts.items()), *(["--solve", solve] if solve else [])]
    command += ["--digits", str(DIGITS)]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        cli.run(command)
    shell = ["$ relverify " + shlex.join(command), *printed.getvalue().splitlines()]
    blocks = [(".. code-block:: pycon", python), (".. code-block:: console", shell)]
    found = [f"{directive}\n\n{indent(chr(10).join(lines))}" for directive, lines in blocks]
    return [found[0], "On the command line:", found[1]]


def _relatives(theorem: Theorem) -> str:
    from relverify.core.registry import theorems

    used_by = [label for label, other in theorems().items() if theorem.label in other.uses]
    parts = [heading("Relations to other theorems")]
    parts.append(f"Uses: {', '.join(link(label) or label for label in theorem.uses) or 'no other theorem'}.")
    parts.append(f"Used by: {', '.join(link(label) or label for label in used_by) or 'no other theorem'}.")
    if theorem.limits:
        parts.append("Limits and special cases:\n\n" + "\n".join(f"- {_text(limit)}" for limit in theorem.limits))
    parts.append(f"Cite as: {_text(cite(theorem))}.")
    return "\n\n".join(parts)
