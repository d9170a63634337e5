"""Audit of the compiled proofs: nothing admitted, standard axioms only, every claim of the records kept.

Run by ``make`` in this folder after everything has compiled. Standard library only.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
THEORIES = HERE / "theories"

# classical real numbers as Coq's standard library defines them
REALS = {
    "ClassicalDedekindReals.sig_forall_dec",
    "ClassicalDedekindReals.sig_not_dec",
    "FunctionalExtensionality.functional_extensionality_dep",
    "Classical_Prop.classic",
}
# the kernel's machine integers, with which the interval tactic computes; never its floats
INTEGERS = re.compile(r"(PrimInt63|Uint63)\.\w+")

FORBIDDEN = re.compile(
    r"\b(Admitted|admit|give_up|Axioms?|Parameters?|Conjecture|Hypothes[ie]s|Variables?|Context"
    r"|Guard Checking|Positivity Checking|Universe Checking|bypass_check|native_compute)\b"
)
STATEMENT = re.compile(r"^(?:Lemma|Theorem|Corollary|Proposition|Fact|Remark)\s+([\w']+)", re.MULTILINE)
CLAIM = re.compile(r"^\(\* claim (\S+) (\S+) (\S+) (\S+) \*\)$", re.MULTILINE)


def without_comments(text: str) -> str:
    """Drop nested comments; the sources contain no strings."""
    out, depth, i = [], 0, 0
    while i < len(text):
        pair = text[i : i + 2]
        if pair in ("(*", "*)"):
            depth += 1 if pair == "(*" else -1
            i += 2
            continue
        if depth == 0:
            out.append(text[i])
        i += 1
    return "".join(out)


def axioms(report: str) -> set[str] | None:
    """The names in an answer of Print Assumptions, None if it is not understood."""
    lines = report.strip().splitlines()
    if lines == ["Closed under the global context"]:
        return set()
    if not lines or lines[0] != "Axioms:":
        return None
    names = set()
    for line in lines[1:]:
        if line[:1].isspace():
            continue
        match = re.match(r"([\w.']+)(?: :.*)?$", line)
        if match is None:
            return None
        names.add(match[1])
    return names


def ask(commands: list[str], questions: list[str]) -> list[str]:
    """Coq's answers to some questions, all modules being loaded and some commands run before."""
    modules = " ".join(path.stem for path in sorted(THEORIES.glob("*.v")))
    with tempfile.TemporaryDirectory() as folder:
        lines = [f"From Relverify Require {modules}.", "Set Printing Width 10000.", *commands]
        lines += [f'Redirect "{folder}/{i}" {question}' for i, question in enumerate(questions)]
        script = Path(folder) / "audit_questions.v"
        script.write_text("\n".join(lines) + "\n", encoding="ascii")
        run = ["coqc", "-w", "none", "-noglob", "-Q", str(THEORIES), "Relverify", str(script)]
        done = subprocess.run(run, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"audit: {done.stderr.strip()}")
        return [Path(folder, f"{i}.out").read_text(encoding="utf-8") for i in range(len(questions))]


def main() -> int:
    problems = []
    names = []
    for path in sorted(THEORIES.glob("*.v")):
        text = without_comments(path.read_text(encoding="utf-8"))
        problems += [f"{path.name}: {match[0]} is not allowed" for match in FORBIDDEN.finditer(text)]
        names += [(path.stem, name) for name in STATEMENT.findall(text)]

    claims = CLAIM.findall((THEORIES / "Generated.v").read_text(encoding="utf-8"))
    if not claims:
        problems.append("Generated.v: no theorem record claims a formal proof")
    known = {(f"theories/{module}.v", name) for module, name in names}
    kept = [claim for claim in claims if claim[1:3] in known]
    problems += [f"{c[0]}: there is no theorem {c[2]} in {c[1]}" for c in claims if c not in kept]

    if problems:
        return report_of(problems)

    # Print Assumptions walks through the libraries each time: one question for all theorems of a kind
    certificates = [f"@Relverify.{module}.{name}" for module, name in names if module == "Generated"]
    theorems = [f"@Relverify.{module}.{name}" for module, name in names if module != "Generated"]
    commands = [
        f"Definition all_theorems := ({', '.join(theorems)}, tt).",
        f"Definition all_certificates := ({', '.join(certificates)}, tt).",
    ]
    questions = ["Print Assumptions all_theorems.", "Print Assumptions all_certificates."]
    questions += [f"Check @Relverify.{Path(file).stem}.{lemma}." for _, file, lemma, _ in kept]
    of_theorems, of_certificates, *statements = ask(commands, questions)

    for kind, report in (("theorems", of_theorems), ("certificates", of_certificates)):
        found = axioms(report)
        if found is None:
            problems.append(f"{kind}: unexpected answer of Print Assumptions: {report.strip()[:200]}")
            continue
        allowed = REALS | ({a for a in found if INTEGERS.fullmatch(a)} if kind == "certificates" else set())
        problems += [f"the {kind} depend on the axiom {axiom}" for axiom in sorted(found - allowed)]
    for (label, _, lemma, bound), statement in zip(kept, statements, strict=True):
        if not re.search(rf"\b{bound}\b", statement):
            problems.append(f"{label}: the statement of {lemma} does not contain {bound}")

    if not problems:
        standard = ", ".join(sorted(a.rpartition(".")[2] for a in axioms(of_theorems) or ()))
        print(
            f"{len(theorems)} theorems and {len(certificates)} certificates proved from the axioms {standard}"
        )
    return report_of(problems)


def report_of(problems: list[str]) -> int:
    for problem in problems:
        print(f"audit: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
