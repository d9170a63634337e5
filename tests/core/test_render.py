"""Every theorem renders in all four forms, from its record."""

import json
import re
from typing import Any

import pytest
from rich.console import Console

from relverify.core.registry import theorem, theorems
from relverify.core.render import as_json, latex, terminal, typeset
from relverify.interop.sphinx import page as rst

LABELS = sorted(theorems())
PROVERS = {"SymPy", "Z3", "Arb", "cited"}


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for key, entry in value.items() for leaf in [key, *_leaves(entry)]]
    if isinstance(value, list):
        return [leaf for entry in value for leaf in _leaves(entry)]
    return [value]


@pytest.mark.parametrize("label", LABELS)
def test_json_survives_a_round_trip_without_floats(label: str) -> None:
    data = as_json(theorem(label))
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert not [leaf for leaf in _leaves(data) if isinstance(leaf, float)]
    assert {type(leaf) for leaf in _leaves(data)} <= {str, int, bool, type(None)}


@pytest.mark.parametrize("label", LABELS)
def test_json_says_everything(label: str) -> None:
    record, data = theorem(label), as_json(theorem(label))
    formal = record.formal()
    assert data["label"] == label and data["title"] and data["statement"] and data["bound"]
    assert [s["name"] for s in data["symbols"]] == [q.symbol.name for q in formal.quantities]
    assert len(data["steps"]) == len(formal.steps)
    for step, row in zip(formal.steps, data["steps"], strict=True):
        assert row["prover"] == step.prover and row["prover"] in PROVERS and row["reason"]
        assert (row["prover"] == "cited") == ("key" in row)
    assert set(data["solve"]) == set(formal.solve)
    assert [m["name"] for m in data["mutants"]] == [m.name for m in record.mutants]
    own = {step["lemma"] for step in data["steps"] if "lemma" in step}
    assert own <= set(data["lemmas"])


@pytest.mark.parametrize("label", LABELS)
def test_names_and_expressions_are_ascii_without_floats(label: str) -> None:
    data = as_json(theorem(label))
    expressions = [data["bound"], *(form["expression"] for form in data["solve"].values())]
    expressions += [side for step in data["steps"] for side in (step["lhs"], step["rhs"])]
    for text in [*expressions, *(s["name"] for s in data["symbols"])]:
        assert text.isascii()
        assert not re.search(r"\d\.\d", text), text


@pytest.mark.parametrize("label", LABELS)
def test_terminal_shows_every_reason_and_prover(label: str) -> None:
    data = as_json(theorem(label))
    console = Console(width=400, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(terminal(theorem(label)))
    console.file.close()
    shown = " ".join(console.export_text().split())
    for text in (data["title"], label, data["bound"], *(s["name"] for s in data["symbols"])):
        assert " ".join(text.split()) in shown
    for step in data["steps"]:
        assert " ".join(step["reason"].split()) in shown
        assert (f"cited: {step['lemma']}" if "key" in step else f"discharged by {step['prover']}") in shown


@pytest.mark.parametrize("label", LABELS)
def test_latex_is_balanced_and_complete(label: str) -> None:
    text = latex(theorem(label))
    bare = re.sub(r"\\[{}]", "", text)
    assert bare.count("{") == bare.count("}")
    for environment in ("theorem", "proof"):
        assert text.count(f"\\begin{{{environment}}}") == text.count(f"\\end{{{environment}}}") == 1
    assert text.count("discharged by") + text.count("(cited:") == len(theorem(label).formal().steps)
    assert as_json(theorem(label))["bound_latex"] in text


@pytest.mark.parametrize("label", LABELS)
def test_page_is_complete_and_nothing_on_it_is_open(label: str) -> None:
    notices: list[str] = []
    text = rst(theorem(label), notices.append)
    assert notices == []
    record = theorem(label)
    assert ".. prf:theorem:: " in text and f":label: {label}" in text and ".. footbibliography::" in text
    assert text.count("— discharged by") + text.count("— cited:") == len(record.formal().steps)
    for mutant in record.mutants:
        assert f"``{mutant.name}``" in text
    assert f"$ relverify bound {label}" in text and ">>> result.lo" in text


def test_page_prints_what_the_library_computes() -> None:
    import relverify

    text = rst(theorem("perturbation"))
    call = re.search(r"relverify\.bound\(([^)]*)\)", text)
    assert call is not None
    values = dict(re.findall(r"(\w+)='?([\w/.()-]+)'?", call[1]))
    digits = int(values.pop("digits"))
    result = relverify.bound("perturbation", values, digits=digits)
    assert repr(result.value) in text and repr(result.lo) in text and repr(result.hi) in text


def test_an_open_step_is_not_called_discharged() -> None:
    import dataclasses

    from relverify.core.steps import Identity

    record = theorem("perturbation")
    formal = record.formal()
    false = Identity(formal.bound + 1, "=", formal.bound, "A false identity.")
    broken = dataclasses.replace(formal, steps=(false, *formal.steps))
    notices: list[str] = []
    text = rst(dataclasses.replace(record, formal=lambda: broken), notices.append)
    assert "**open**" in text and any("step 1" in notice for notice in notices)


def test_names_of_several_letters_are_upright() -> None:
    import sympy as sp

    from relverify.core.symbols import eps_u

    assert typeset(sp.Symbol("local_err")) == r"\mathrm{local}_{err}"
    assert typeset(sp.Symbol("norm_f")) == r"\|f\|"
    assert typeset(eps_u) == r"\varepsilon_u"
