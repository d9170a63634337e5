"""The documentation builds without a warning, and its pages say what the records say."""

from __future__ import annotations

import html
import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import relverify
from relverify.core.plain import to_rst
from relverify.core.registry import theorem, theorems
from relverify.testing.tightness import catalogue, measure

ROOT = Path(__file__).parents[2]
MISSING = [name for name in ("sphinx", "furo", "sphinx_proof", "ziamath") if importlib.util.find_spec(name) is None]
LABELS = sorted(theorems())

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)} (pip install 'relverify[docs]')"),
]


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build of a copy of the sources, every warning an error."""
    folder = tmp_path_factory.mktemp("docs")
    ignored = shutil.ignore_patterns("_build", "generated", "__pycache__")
    shutil.copytree(ROOT / "docs", folder / "docs", ignore=ignored)
    shutil.copytree(ROOT / "benchmarks", folder / "benchmarks", ignore=ignored)
    command = [sys.executable, "-m", "sphinx", "-W", "-n", "--keep-going", "-q", "-b", "html"]
    built = subprocess.run(
        [*command, str(folder / "docs"), str(folder / "html")],
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert built.returncode == 0, built.stderr[-4000:]
    return folder / "html"


def _text(page: Path) -> str:
    """The words of a page; mathematics and the look of quotation marks are left out."""
    source = re.sub(r"<math.*?</math>|<(script|style|nav).*?</\1>", " ", page.read_text(encoding="utf-8"), flags=re.S)
    return _words(html.unescape(re.sub(r"<[^>]+>", " ", source)))


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text))


def _prose(reason: str) -> str:
    """The words of a reason between its formulas, literals and links."""
    shown = re.sub(r":\w+(:\w+)?:`[^`]*`", "\n", to_rst(reason)).replace("``", " ")
    return re.sub(r"\\(.)", r"\1", shown)


def test_every_label_has_a_page_and_a_row(pages: Path) -> None:
    index = (pages / "theorems" / "index.html").read_text(encoding="utf-8")
    for label in LABELS:
        assert (pages / "theorems" / "generated" / f"{label}.html").is_file()
        assert f'href="generated/{label}.html' in index


@pytest.mark.parametrize("label", LABELS)
def test_page_shows_each_step_with_its_reason_and_prover(pages: Path, label: str) -> None:
    page = pages / "theorems" / "generated" / f"{label}.html"
    source, text = page.read_text(encoding="utf-8"), _text(page)
    derivation = source[source.index('<section id="derivation"') : source.index('<section id="evidence"')]
    provers = re.findall(r'<p class="prover">(.*?)</p>', derivation, flags=re.S)
    steps = theorem(label).formal().steps
    assert len(provers) == len(steps)
    for step, shown in zip(steps, provers, strict=True):
        assert "open" not in _words(shown).split()
        assert ("cited: " if step.prover == "cited" else f"discharged by {step.prover}") in shown
        if step.prover == "cited":
            assert getattr(step, "lemma", "") in shown
        for part in _prose(step.reason).split("\n"):
            assert _words(part) in text, part
    assert derivation.count("<math") >= len(steps)


@pytest.mark.parametrize("label", LABELS)
def test_printed_outputs_are_those_of_the_library(pages: Path, label: str) -> None:
    source = (pages / "theorems" / "generated" / f"{label}.html").read_text(encoding="utf-8")
    blocks = re.findall(r"highlight-console.*?<pre>(.*?)</pre>", source, flags=re.S)
    assert blocks
    for block in blocks:
        command, *printed = html.unescape(re.sub(r"<[^>]+>", "", block)).strip().splitlines()
        words = command.replace("'", "").split()
        assert words[:4] == ["$", "relverify", "bound", label]
        values = dict(word.split("=", 1) for word in words[4:] if "=" in word)
        options = dict(zip(words, words[1:], strict=False))
        result = relverify.bound(label, values, solve=options.get("--solve"), digits=int(options["--digits"]))
        shown = dict(re.split(r"\s{2,}", line, maxsplit=1) for line in printed)
        assert (shown["lo"], shown["value"], shown["hi"]) == (result.lo, result.value, result.hi)


def test_numbers_of_the_front_page_are_counted(pages: Path) -> None:
    text = _text(pages / "index.html")
    steps = [step for record in theorems().values() for step in record.formal().steps]
    assert f"{len(theorems())} theorems" in text
    assert f"{len(steps)} derivation steps" in text
    assert f"{sum(step.prover == 'cited' for step in steps)} cited steps" in text


def test_the_derivation_page_is_computed(pages: Path) -> None:
    text = _text(pages / "derivations" / "grid_neurons.html")
    counts = [relverify.bound("grid-neurons", L=1, M=4, eps=f"1e-{k}", solve="n").integer for k in range(1, 5)]
    for exponent, count in enumerate(counts, 1):
        assert re.search(rf"1e {exponent} {count} \d+", text)
    assert "proved True" in text
    for name in ("grid_hats", "grid_error", "grid_counts"):
        assert (pages / "_images" / f"{name}.svg").is_file()


def test_the_comparison_is_computed(pages: Path) -> None:
    text = _text(pages / "comparison.html")
    for eps, predicted, built in (("1/10", 4, 3), ("1/100", 10, 8), ("1/1000", 32, 23)):
        found = measure("gaussian(ell=1/2)", "[0,1]", eps)
        assert (found.predicted, found.built.N) == (predicted, built)
    assert re.search(r"grid grid neurons 4 10 32 100", text)
    assert re.search(r"grid built and certified vertex certificate 3 8 23 71", text)
    assert "worst" in text and "graded knots" in text
    assert all(_words(relation) in text for relation, _ in catalogue())


def test_nothing_is_downloaded_when_a_page_is_read(pages: Path) -> None:
    for page in pages.rglob("*.html"):
        source = page.read_text(encoding="utf-8")
        loaded = re.findall(r'<(?:script|img|link)[^>]*(?:src|href)="(https?:[^"]*)"', source)
        assert loaded == [], page.name
    assert (pages / "_static" / "STIXTwoMath-Regular.ttf").is_file()
