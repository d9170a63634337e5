"""A theorem for the terminal, as JSON and as LaTeX, all from its record."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from relverify._version import __version__
from relverify.core.plain import math_to_text, to_latex, to_text

if TYPE_CHECKING:
    from relverify.core.steps import Step
    from relverify.core.theorem import Theorem

RELATIONS = {"=": "=", "<=": r"\le", "<": "<", ">=": r"\ge", ">": ">"}
SENSE_SIGNS = {"upper": "<=", "lower": ">=", "tight": "="}


@functools.cache
def _printer(words: bool) -> Any:
    import sympy as sp
    from sympy.printing.latex import LatexPrinter, greek_letters_set

    from relverify.core import symbols

    class Printer(LatexPrinter):
        """Names of several letters upright; ``norm_f`` is a norm and ``inner(f, g)`` an inner product."""

        def _print_Symbol(self, expr: Any, style: str = "plain") -> str:
            base, _, index = expr.name.partition("_")
            if base == "norm" and index:
                return f"\\|{self._print(type(expr)(index))}\\|"
            own = str(symbols.latex(expr))
            known = len(base) == 1 or not base.isalpha() or base.lower() in {*greek_letters_set, "ell"}
            if known or own != sp.latex(expr):
                return own
            return f"\\mathrm{{{base}}}" + (f"_{{{index}}}" if index else "")

        def _print_AppliedUndef(self, expr: Any, exp: Any = None) -> str:
            if expr.func.__name__ != "inner":
                return str(self._print_Function(expr, exp))
            body = f"\\langle {', '.join(self._print(a) for a in expr.args)}\\rangle"
            return f"{body}^{{{exp}}}" if exp else body

    # a thin space keeps factors apart whose names are words
    return Printer({"mul_symbol": r"\," if words else None})


def typeset(expression: Any) -> str:
    r"""LaTeX of an expression in the notation of :mod:`relverify.core.symbols`.

    Examples
    --------
    >>> import sympy as sp
    >>> from relverify.core.symbols import K, eps
    >>> typeset(K / eps), typeset(sp.Symbol("norm_f"))
    ('\\frac{K}{\\varepsilon}', '\\|f\\|')
    """
    import sympy as sp

    expression = sp.sympify(expression)
    words = any("mathrm" in _printer(False).doprint(s) for s in expression.free_symbols)
    return str(_printer(words).doprint(expression))


def hypothesis_text(hypothesis: Any) -> str:
    """A hypothesis in plain ASCII notation where it is a relation, else its own words."""
    return to_text(hypothesis) if isinstance(hypothesis, str) else str(hypothesis)


def assumptions(step: Step) -> list[Any]:
    """What a step assumes besides the domains of its symbols."""
    import sympy as sp

    return [g for g in getattr(step, "given", ()) if g != sp.true]


def _step(step: Step) -> dict[str, Any]:
    row: dict[str, Any] = {
        "lhs": str(step.lhs),
        "relation": step.relation,
        "rhs": str(step.rhs),
        "latex": f"{typeset(step.lhs)} {RELATIONS[step.relation]} {typeset(step.rhs)}",
        "reason": to_text(step.reason),
        "prover": step.prover,
    }
    if given := assumptions(step):
        row["given"] = [str(g) for g in given]
    if box := getattr(step, "box", None):
        row["box"] = {str(s): [str(low), str(high)] for s, (low, high) in box.items()}
    if step.prover == "cited":
        row["lemma"], row["key"] = getattr(step, "lemma", ""), getattr(step, "key", "")
    return row


def lemmas_of(theorem: Theorem) -> list[str]:
    """The classical lemmas that a theorem rests on, its premises included."""
    from relverify.core.graph import lemmas
    from relverify.core.registry import theorems

    return list(lemmas({**theorems(), theorem.label: theorem}, theorem.label))


def as_json(theorem: Theorem) -> dict[str, Any]:
    """Everything about a theorem in JSON values; every expression is a string in exact ASCII notation.

    Examples
    --------
    >>> from relverify.core.registry import theorem
    >>> as_json(theorem("perturbation"))["bound"]
    'K_f*delta_g + K_g*delta_f + delta_f*delta_g'
    """
    from relverify.core.symbols import domain

    formal = theorem.formal()
    proof = theorem.formal_proof
    return {
        **theorem.summary(),
        "statement": to_text(theorem.statement),
        "source": {"key": theorem.source.key, "locator": theorem.source.locator},
        "symbols": [
            {
                "name": q.symbol.name,
                "latex": typeset(q.symbol),
                "domain": domain(q.symbol),
                "meaning": to_text(q.meaning),
                "of_relation": q.of_relation,
            }
            for q in formal.quantities
        ],
        "hypotheses": [hypothesis_text(h) for h in formal.hypotheses],
        "bounded": math_to_text(formal.bounded),
        "bounded_latex": formal.bounded,
        "relation": SENSE_SIGNS[theorem.sense],
        "bound": str(formal.bound),
        "bound_latex": typeset(formal.bound),
        "solve": {
            name: {
                "expression": str(r.expression),
                "latex": typeset(r.expression),
                "integer": r.integer,
                "least": r.least,
                "meaning": to_text(r.meaning),
            }
            for name, r in formal.solve.items()
        },
        "steps": [_step(step) for step in formal.steps],
        "uses": list(theorem.uses),
        "lemmas": lemmas_of(theorem),
        "mutants": [{"name": m.name, "change": to_text(m.change)} for m in theorem.mutants],
        "formal_proof": {"file": proof.file, "lemma": proof.lemma} if proof else None,
        "limits": [to_text(limit) for limit in theorem.limits],
        "cite": cite(theorem),
    }


def claim(theorem: Theorem) -> dict[str, Any]:
    """What a theorem says, in plain text: its statement, its hypotheses and the inequality.

    Examples
    --------
    >>> from relverify.core.registry import theorem
    >>> claim(theorem("perturbation"))["claim"]
    'sup_(x,y)|⟨φ(x),ψ(y)⟩-⟨f(x),g(y)⟩| <= K_f*delta_g + K_g*delta_f + delta_f*delta_g'
    """
    formal = theorem.formal()
    return {
        "statement": to_text(theorem.statement),
        "hypotheses": [hypothesis_text(h) for h in formal.hypotheses],
        "claim": f"{math_to_text(formal.bounded)} {SENSE_SIGNS[theorem.sense]} {formal.bound}",
        "symbols": {q.symbol.name: to_text(q.meaning) for q in formal.quantities},
    }


def cite(theorem: Theorem) -> str:
    """How to cite a theorem of this package."""
    locator = f", {theorem.source.locator}" if theorem.source.locator else ""
    return f"relverify {__version__}, theorem {theorem.label!r}; source {theorem.source.key}{locator}"


def latex(theorem: Theorem) -> str:
    """A theorem with its derivation as LaTeX, for a document with the packages amsmath and amsthm."""
    formal, data = theorem.formal(), as_json(theorem)
    sign = RELATIONS[SENSE_SIGNS[theorem.sense]]
    hypotheses = [to_latex(h) if isinstance(h, str) else f"${typeset(h)}$" for h in formal.hypotheses]
    where = [f"  \\item[${s['latex']}$] {to_latex(q.meaning)} ({_domain_latex(s['domain'])})"
             for s, q in zip(data["symbols"], formal.quantities, strict=True)]  # fmt: skip
    lines = [
        f"\\begin{{theorem}}[{to_latex(theorem.title)}]\\label{{thm:{theorem.label}}}",
        to_latex(theorem.statement),
        *([f"Hypotheses: {'; '.join(hypotheses)}."] if hypotheses else []),
        f"\\[ {formal.bounded} {sign} {data['bound_latex']} \\]",
        *(["\\begin{description}", *where, "\\end{description}"] if where else []),
        f"\\end{{theorem}}\\cite{{{theorem.source.key}}}",
        "\\begin{proof}",
    ]
    for number, (step, row) in enumerate(zip(formal.steps, data["steps"], strict=True), 1):
        by = f"cited: {row['lemma']} \\cite{{{row['key']}}}" if "key" in row else f"discharged by {step.prover}"
        lines += [f"({number}) {to_latex(step.reason)}", f"\\[ {row['latex']} \\]", f"({by})"]
    return "\n".join([*lines, "\\end{proof}", ""])


def _domain_latex(domain: str) -> str:
    return domain.replace(">=", "$\\ge$").replace("> 0", "$> 0$")


def terminal(theorem: Theorem) -> Any:
    """A theorem for a terminal, as a rich renderable."""
    from rich import box
    from rich.console import Group
    from rich.markup import escape
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    data = as_json(theorem)
    kind = "constructive" if data["constructive"] else "existence"
    facts = [data["status"], f"{data['sense']} bound", *(["sharp"] if data["sharp"] else []), kind]
    parts: list[Any] = [
        Text.assemble((data["title"], "bold"), "  ", (data["label"], "cyan")),
        Text(" · ".join(facts), style="dim"),
        Text(),
        Text(data["statement"]),
    ]

    def section(title: str, *content: Any) -> None:
        parts.extend([Text(), Text(title, style="bold"), *(Padding(c, (0, 0, 0, 2)) for c in content)])

    section("Bound", Text(f"{data['bounded']}  {data['relation']}  ").append(data["bound"], style="green"))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("symbol", "domain", "meaning"):
        table.add_column(heading, overflow="fold")
    for row in data["symbols"]:
        extra = f" (from a relation: {row['of_relation']})" if row["of_relation"] else ""
        table.add_row(f"[green]{escape(row['name'])}", row["domain"], escape(row["meaning"] + extra))
    section("Symbols", table)
    if data["hypotheses"]:
        section("Hypotheses", *(Text(h) for h in data["hypotheses"]))
    if data["solve"]:
        rows = []
        for name, form in data["solve"].items():
            value = (
                f"ceiling({form['expression']}), at least {form['least']}" if form["integer"] else form["expression"]
            )
            rows.append(Text.assemble(f"{name} = ", (value, "green"), f"   {form['meaning']}"))
        section("Solved for", *rows)
    steps: list[Any] = []
    for number, step in enumerate(data["steps"], 1):
        by = f"cited: {step['lemma']}, {step['key']}" if "key" in step else f"discharged by {step['prover']}"
        steps.append(Text.assemble(f"{number}. {step['reason']} ", (f"— {by}", "magenta" if "key" in step else "blue")))
        steps.append(Padding(Text(f"{step['lhs']}  {step['relation']}  {step['rhs']}", style="green"), (0, 0, 0, 3)))
    section("Derivation", *steps)
    modulo = f"modulo {{{', '.join(data['lemmas'])}}}" if data["lemmas"] else "in full"
    section("Rests on", Text(f"theorems: {', '.join(data['uses']) or 'none'}; proved {modulo}"))
    if data["mutants"]:
        section("False variants that must be refuted", *(Text(f"{m['name']}: {m['change']}") for m in data["mutants"]))
    if data["formal_proof"]:
        section("Formal proof", Text(f"proofs/{data['formal_proof']['file']}, {data['formal_proof']['lemma']}"))
    if data["limits"]:
        section("Limits", *(Text(limit) for limit in data["limits"]))
    section("Cite", Text(data["cite"]))
    return Group(*parts)
