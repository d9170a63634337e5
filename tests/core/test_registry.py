"""Discovery: the folder, the entry points, and what is refused."""

import re
import subprocess
import sys
import types
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from relverify.core import registry
from relverify.core.registry import theorem, theorems
from relverify.core.steps import Cited
from relverify.core.template import new
from relverify.core.theorem import Theorem
from relverify.errors import InputError

ROOT = Path(__file__).parents[2]


def test_every_module_is_a_theorem_and_labels_are_sorted():
    files = {f.stem for f in (ROOT / "relverify/theorems").glob("*.py") if not f.stem.startswith("_")}
    assert {label.replace("-", "_") for label in theorems()} == files
    assert list(theorems()) == sorted(theorems())
    assert all(isinstance(t, Theorem) and theorem(label) is t for label, t in theorems().items())
    with pytest.raises(TypeError):
        theorems()["new"] = None


@pytest.mark.parametrize(
    "label",
    ["pertubation", "", pytest.param("a" * 10_000_000, id="10 MB"), "x\ny", "__import__", 3, None, ["a"], object()],
)
def test_unknown_labels_are_one_line(label):
    with pytest.raises(InputError) as found:
        theorem(label)
    assert str(found.value).startswith("label: there is no theorem ") and "\n" not in str(found.value)
    assert len(str(found.value)) < 2000


def test_near_labels_are_offered():
    with pytest.raises(InputError, match="accepted: perturbation"):
        theorem("pertubation")


@pytest.fixture
def third_party(tmp_path, monkeypatch):
    """A package of theorems outside the project, with an entry point."""

    def install(**files):
        package = tmp_path / "their_theorems"
        package.mkdir(exist_ok=True)
        (package / "__init__.py").write_text("")
        for name, text in files.items():
            (package / f"{name}.py").write_text(text)
        entry = EntryPoint("theirs", "their_theorems", registry.ENTRY_POINT)
        monkeypatch.setattr(registry, "entry_points", lambda group: [entry] if group == registry.ENTRY_POINT else [])
        return package

    monkeypatch.syspath_prepend(str(tmp_path))
    yield install
    for name in [m for m in sys.modules if m.startswith("their_theorems")]:
        del sys.modules[name]


def test_third_parties_add_theorems(third_party):
    package = third_party(_helper="raise SystemExit")
    new("their-theorem", package)
    found = registry.theorems.__wrapped__()
    assert set(found) == {*theorems(), "their-theorem"} and list(found) == sorted(found)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"empty": ""}, "no constant THEOREM"),
        ({"wrong": "THEOREM = 3"}, "no constant THEOREM"),
        ({"other": "from relverify.theorems.perturbation import THEOREM"}, "the names must agree"),
        ({"perturbation": "from relverify.theorems.perturbation import THEOREM"}, "two theorems are called"),
    ],
)
def test_wrong_modules_are_errors(third_party, files, message):
    third_party(**files)
    with pytest.raises(TypeError, match=message):
        registry.theorems.__wrapped__()


def test_an_entry_point_may_name_a_module(monkeypatch):
    module = types.ModuleType("lonely_theorem")
    module.THEOREM = 3
    monkeypatch.setitem(sys.modules, "lonely_theorem", module)
    entry = EntryPoint("one", "lonely_theorem", registry.ENTRY_POINT)
    monkeypatch.setattr(registry, "entry_points", lambda group: [entry])
    with pytest.raises(TypeError, match="lonely_theorem has no constant THEOREM"):
        registry.theorems.__wrapped__()


def test_listing_is_light():
    code = (
        "import sys, relverify.core.registry as r; r.theorems(); "
        "print([m for m in ('sympy', 'torch', 'matplotlib', 'hypothesis', 'z3', 'scipy') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.strip() == "[]", found.stdout


def test_every_citation_has_an_entry_in_the_bibliography():
    bibliography = (ROOT / "docs/references.bib").read_text(encoding="utf-8")
    keys = set(re.findall(r"^@\w+\{([^,\s]+),", bibliography, re.MULTILINE))
    cited = {t.source.key for t in theorems().values()}
    cited |= {s.key for t in theorems().values() for s in t.formal().steps if isinstance(s, Cited)}
    assert cited <= keys
