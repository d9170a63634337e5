"""Generate the pages of theorems, relations, lemmas and commands, and run the examples of the others."""

from __future__ import annotations

import ast
import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import compared
import costs
import figures
from docutils import nodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole
from sphinx.util.nodes import make_refnode

from relverify.core.plain import to_rst
from relverify.core.registry import theorems
from relverify.core.render import lemmas_of, typeset
from relverify.core.steps import Cited
from relverify.interop import sphinx as page

logger = logging.getLogger(__name__)
COLUMNS = "86"
LONGEST, LARGEST = 160, 10**6


def generate(app: Any) -> None:
    """Write everything that is generated, where it has changed."""
    source = Path(app.srcdir)
    records = theorems()
    pages = {f"theorems/generated/{label}.rst": page.page(records[label], logger.warning) for label in records}
    for stale in (source / "theorems" / "generated").glob("*.rst"):
        if f"theorems/generated/{stale.name}" not in pages:
            stale.unlink()
    parts = {
        "counts": counts,
        "theorems": theorem_table,
        "relations": relations,
        "properties": properties,
        "lemmas": lemmas,
        "commands": commands,
        "peers": peers,
        "gaussian": compared.gaussian,
        "coarser": compared.coarser,
        "tightness": compared.tightness,
    }
    pages |= {f"generated/{name}.inc": write() for name, write in parts.items()}
    for name, text in pages.items():
        _write(source / name, text)
    figures.draw(source / "generated")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def counts() -> str:
    """One paragraph: how many theorems, steps and cited steps there are."""
    records = theorems().values()
    steps = [step for record in records for step in record.formal().steps]
    cited = [step for step in steps if isinstance(step, Cited)]
    by_prover = {p: sum(s.prover == p for s in steps) for p in sorted({s.prover for s in steps} - {Cited.prover})}
    provers = ", ".join(f"{number} by {prover}" for prover, number in by_prover.items())
    mutants = sum(len(record.mutants) for record in records)
    built = sum(record.witness is not None for record in records)
    return (
        f"At this version there are **{len(records)} theorems** with **{len(steps)} derivation steps**: {provers}, and "
        f"**{len(cited)} cited steps** that rest on {len({s.lemma for s in cited})} classical lemmas "
        f"(:doc:`listed here </lemmas>`). {built} theorems build what they promise, and {mutants} false variants are "
        "refuted.\n"
    )


def peers() -> str:
    """What other methods took for the same problems, as it was measured."""
    table, ratios = costs.comparison(figures.MEASURED / "peers.csv")
    return "\n\n".join([page.table(table, "18 10 12 8 12 16 14 16"), "\n".join(f"- {r}." for r in ratios), ""])


def theorem_table() -> str:
    """The table of all theorems."""
    rows = [["Theorem", "Status", "Sense", "Kind", "Bound"]]
    for label, record in theorems().items():
        sense = f"{record.sense}, sharp" if record.sharp else record.sense
        kind = "constructive" if record.constructive else "existence"
        bound = f":math:`{typeset(record.formal().bound)}`"
        rows.append([f":ref:`theorem-{label}` ``{label}``", record.status, sense, kind, bound])
    return page.table(rows, "34 10 12 14 30") + "\n"


def relations() -> str:
    """One section a family."""
    from relverify.core.box import parse_box
    from relverify.relations import families, parse_relation

    parts = []
    for name, family in families().items():
        relation, box = parse_relation(family.example), parse_box(family.box)
        psd = {True: "yes", False: "no", None: "not known"}[relation.psd]
        parts += [page.heading(f"``{name}``"), f"``{family.title}``"]
        if family.parameters:
            rows = [["Parameter", "Accepts"], *([f"``{p}``", to_rst(text)] for p, text in family.parameters.items())]
            parts.append(page.table(rows, "20 80"))
        parts.append(f"Example: ``{family.example}`` on ``{family.box}`` is")
        parts.append(page.math(f"r(x, y) = {typeset(relation.expr)}"))
        why = f" ({to_rst(relation.psd_reason)})" if relation.psd_reason else ""
        facts = [f"Positive semidefinite: {psd}{why}"]
        facts.append(f"Symmetric (by algebra): {'yes' if relation.symmetric else 'no'}")
        facts += _facts(relation, box)
        facts += [f"Not true, and refuted: {to_rst(false.claim)}" for false in family.false_claims]
        parts.append("\n".join(f"- {fact}." for fact in facts))
    return "\n\n".join([*parts, ""])


def _facts(relation: Any, box: Any) -> Iterable[str]:
    from relverify.errors import InputError

    try:
        value = typeset(relation.second_derivative_sup("x", box, box))
        yield f":math:`\\sup|\\partial_x^2 r| \\le {value}` on the box"
    except InputError as error:
        yield to_rst(error.problem)
    for name, known in relation.facts.items():
        if isinstance(known, str):
            yield f"No finite ``{name}``: {to_rst(known)}"
        elif (value := known(box, box)) is not None:
            yield f"``{name}`` is :math:`{typeset(value)}`"
    expansion = relation.expansion(box)
    if expansion is not None:
        yield from _expansion_facts(expansion)


def _expansion_facts(expansion: Any) -> Iterable[str]:
    from relverify.rigor.enclose import enclose

    size = LARGEST if expansion.size is None else expansion.size
    features = [f"f_{i} = {typeset(expansion.feature(i))}" for i in range(1, min(size, 3) + 1)]
    shown = [f":math:`{text}`" for text in features if len(text) <= LONGEST]
    more = ["…"] if size > 3 or len(shown) < len(features) else []
    listed = f" {', '.join(shown + more)}" if shown else ""
    note = f"; {to_rst(expansion.note)}" if expansion.note else ""
    yield f"Expansion in features{listed} :footcite:p:`{expansion.bib_key}`{note}"
    kept = sorted({min(expansion.cut(k), size) for k in (1, 2, 4, 8)})
    short = [d for d in kept if len(typeset(expansion.tail(d))) <= LONGEST]
    formula = f":math:`\\tau_{{{short[-1]}}} = {typeset(expansion.tail(short[-1]))}`; " if short else ""
    name = "Tail" if expansion.attained else "Upper bound of the tail"
    values = ", ".join(f"{float(enclose(expansion.tail(d)).upper()):.4g}" for d in kept)
    after = ", ".join(map(str, kept))
    yield f"{name}: {formula}about {values} after {after} feature{'s' if kept != [1] else ''}"


def properties() -> str:
    """The table of the properties that theorems ask for, and who asks."""
    from relverify.relations.properties import PROPERTIES

    rows = [["Property", "Meaning", "Asked for by"]]
    for name, found in PROPERTIES.items():
        asking = [
            f":ref:`theorem-{label}`"
            for label, record in theorems().items()
            if any(q.of_relation == name for q in record.formal().quantities)
        ]
        rows.append([f"``{name}``", to_rst(found.meaning), ", ".join(asking) or "—"])
    return page.table(rows, "24 46 30") + "\n"


def lemmas() -> str:
    """The classical lemmas, where they are proved and who cites them."""
    found: dict[str, tuple[str, list[str]]] = {}
    for label, record in theorems().items():
        for step in record.formal().steps:
            if isinstance(step, Cited):
                _, labels = found.setdefault(step.lemma, (step.key, []))
                if label not in labels:
                    labels.append(label)
    rows = [["Lemma", "Proved in", "Cited by", "Theorems that rest on it"]]
    for lemma, (key, labels) in sorted(found.items()):
        resting = [label for label, record in theorems().items() if lemma in lemmas_of(record)]
        cells = [", ".join(page.link(label) or label for label in group) for group in (labels, resting)]
        rows.append([f"*{lemma}*", f":footcite:t:`{key}`", *cells])
    return page.table(rows, "22 28 22 28") + "\n"


def commands() -> str:
    """The help of every command, as it prints itself."""
    from typer.main import get_command

    from relverify import cli

    parts = []
    for name in get_command(cli.app).commands:  # type: ignore[attr-defined]
        parts += [f".. _command-{name}:", page.heading(f"relverify {name}")]
        parts.append(".. code-block:: text\n\n" + page.indent(_captured([name, "--help"]).strip("\n")))
    return "\n\n".join([*parts, ""])


def _captured(arguments: list[str]) -> str:
    # a process of its own: autodoc changes signatures that the command reads
    environment = {**os.environ, "COLUMNS": COLUMNS, "NO_COLOR": "1"}
    ran = subprocess.run(
        [sys.executable, "-m", "relverify", *arguments], capture_output=True, text=True, env=environment, check=False
    )
    return ran.stdout + ran.stderr


class RunCommand(SphinxDirective):
    """``.. run-command:: bound softmax-selection n=8`` shows the command and what it prints."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        command = " ".join(self.arguments[0].split())
        lines = [f"$ relverify {command}", *(line.rstrip() for line in _captured(shlex.split(command)).splitlines())]
        return [_block("\n".join(lines), "console")]


class RunPython(SphinxDirective):
    """Runs its content, one namespace a document, and shows the value of every expression."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        spaces: dict[str, dict[str, Any]] = self.env.temp_data.setdefault("run-python", {})
        space = spaces.setdefault(self.env.docname, {})
        source = "\n".join(self.content)
        shown: list[str] = []
        for statement in ast.parse(source).body:
            lines = (ast.get_source_segment(source, statement) or "").splitlines()
            shown += [f"{'...' if number else '>>>'} {line}" for number, line in enumerate(lines)]
            shown += _executed(statement, space)
        return [_block("\n".join(shown), "pycon")]


def _executed(statement: ast.stmt, space: dict[str, Any]) -> list[str]:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        if isinstance(statement, ast.Expr):
            value = eval(compile(ast.Expression(statement.value), "<docs>", "eval"), space)
            if value is not None:
                print(repr(value))
        else:
            exec(compile(ast.Module([statement], []), "<docs>", "exec"), space)
    return printed.getvalue().splitlines()


def _block(text: str, language: str) -> nodes.literal_block:
    block = nodes.literal_block(text, text)
    block["language"] = language
    return block


class Computed(SphinxRole):
    """``:computed:`name``` is a number that :mod:`figures` computed."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        return [nodes.Text(figures.NUMBERS[self.text])], []


class Badge(SphinxRole):
    """A small label."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        return [nodes.inline(self.text, self.text, classes=["bdg"])], []


def resolve_short_name(app: Any, env: Any, node: Any, contents: Any) -> nodes.Node | None:
    """Docstrings name a class or function of another module by its last part; link it where there is only one."""
    if node.get("refdomain") != "py" or "." in node["reftarget"]:
        return None
    objects = env.get_domain("py").objects
    found = [name for name in objects if name.endswith(f".{node['reftarget']}") and not objects[name].aliased]
    home = max(found, key=lambda name: name.count("."), default=None)
    if home is None or any(objects[name].objtype != objects[home].objtype for name in found):
        return None
    return make_refnode(app.builder, node["refdoc"], objects[home].docname, objects[home].node_id, contents, home)


def _formulas(lines: list[str]) -> list[str]:
    """Indented formulas below a paragraph are verbatim, as they are in the source."""
    found: list[str] = []
    for number, line in enumerate(lines):
        below = number > 1 and not lines[number - 1].strip() and re.match(r"\S.*(?<!::)$", lines[number - 2])
        if below and line.startswith("    ") and not line.lstrip().startswith(">>>"):
            found += ["::", ""]
        found.append(line)
    return found


def escape_bars(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Absolute values in docstrings are not substitutions, and a star between blanks is not emphasis."""
    verbatim = False
    if what == "module":
        lines[:] = _formulas(lines)
    for number, line in enumerate(lines):
        if line.lstrip().startswith(">>>") or (number and lines[number - 1].rstrip().endswith("::")):
            verbatim = True
        elif line.strip() and not line.startswith(" "):
            verbatim = False
        if not verbatim:
            parts = re.split(r"(``[^`]*``|:\w+:`[^`]*`|^\s*\|.*\|$)", line)
            lines[number] = "".join(
                part if k % 2 else re.sub(r"\||(?<=\S\s)\*(?=[\s,])", r"\\\g<0>", part) for k, part in enumerate(parts)
            )


def setup(app: Any) -> dict[str, bool]:
    app.connect("builder-inited", generate)
    app.connect("autodoc-process-docstring", escape_bars, priority=900)
    app.connect("missing-reference", resolve_short_name)
    app.add_directive("run-command", RunCommand)
    app.add_directive("run-python", RunPython)
    roles: dict[str, Callable[[], SphinxRole]] = {"bdg": Badge, "computed": Computed}
    for name, role in roles.items():
        app.add_role(name, role())
    return {"parallel_read_safe": False, "parallel_write_safe": True}
