"""The report on mutation testing: what it counts, and what the results say that are kept."""

import importlib.util
import json
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks" / "mutation"


@pytest.fixture
def report(monkeypatch, tmp_path):
    spec = importlib.util.spec_from_file_location("mutation_report", FOLDER / "report.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "RESULTS", tmp_path)
    return module


def outcome(k, verdict, old="a < b", new="a <= b"):
    return {
        "target": "relverify/rigor/*.py", "of": 1000, "module": "relverify/rigor/some.py", "operator": "core/Some",
        "occurrence": k, "line": k, "old": old, "new": new, "outcome": verdict, "stage": "", "seconds": 1.0,
    }  # fmt: skip


def test_intervals_of_wilson(report):
    low, high = report.interval(9, 10)
    assert (low, high) == (pytest.approx(0.5958, abs=1e-4), pytest.approx(0.9821, abs=1e-4))


def test_last_outcomes_count_and_survivors_need_a_reason(report, tmp_path, monkeypatch):
    monkeypatch.setattr(report, "HERE", tmp_path)
    (tmp_path / "preface.md").write_text("Words.", encoding="utf-8")
    reason = "module = 'rigor/some.py'\nold = 'x == y'\nnew = ['x is y']\nequivalent = true\nwhy = 'Same.'\n"
    (tmp_path / "survivors.toml").write_text("[[survivor]]\n" + reason, encoding="utf-8")
    found = [outcome(k, "killed") for k in range(6)] + [outcome(6, "timeout"), outcome(7, "survived")]
    found += [outcome(8, "survived"), outcome(8, "killed"), outcome(9, "survived", "if x == y:", "if x is y:")]
    (tmp_path / "outcomes.jsonl").write_text("\n".join(map(json.dumps, found)), encoding="utf-8")
    report.main()
    text = (tmp_path / "results.md").read_text(encoding="utf-8")
    assert "| `relverify/rigor/*.py` | 1000 | 10 | 8 | 1 | 2 | 1 | 80.0% | 49.0% to 94.3% | 88.9% |" in text
    assert text.count("Not explained") == 1 and "Same." in text


def test_the_results_that_are_kept():
    text = (FOLDER / "results" / "results.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1:-1] for line in text.splitlines() if line.startswith("| `")]
    assert len(rows) == 4 and "Not explained" not in text
    assert all(float(re.sub("%", "", row[7])) >= 90 for row in rows)
