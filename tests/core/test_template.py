"""A new theorem is complete as it is written."""

import importlib.util

import pytest

from relverify.core.template import new
from relverify.errors import InputError
from relverify.rigor.decide import Verdict
from relverify.testing.kit import check


def _load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.THEOREM


@pytest.mark.parametrize("label", ["my-theorem", "a", "class", "x2-y3-4", "a" * 60])
def test_the_new_theorem_passes_the_kit(tmp_path, label):
    path = new(label, tmp_path)
    assert path == tmp_path / f"{label.replace('-', '_')}.py"
    assert "LABEL" not in path.read_text() and "TITLE" not in path.read_text()
    record = _load(path)
    assert record.label == label
    if label == "my-theorem":
        checks = list(check(record, examples=10))
        names = [c.name for c in checks]
        assert names == ["record", "derivation", "evaluation", "properties", "sharpness", "mutants"]
        assert all(c.verdict is Verdict.PROVED for c in checks), checks
        assert record.bound.evaluate(10, a=1, b=2).value == "2.5"


def test_nothing_is_overwritten(tmp_path):
    path = new("my-theorem", str(tmp_path))
    path.write_text("mine")
    with pytest.raises(InputError, match=r"my_theorem.py exists"):
        new("my-theorem", tmp_path)
    assert path.read_text() == "mine" and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    "label",
    [
        "",
        " ",
        "My-theorem",
        "my_theorem",
        "-a",
        "a-",
        "a--b",
        "1a",
        "a b",
        "../a",
        "a/b",
        "a.b",
        "a\n",
        "é",
        "a'b",
        "a" * 61,
        pytest.param("a" * 10_000_000, id="10 MB"),
        None,
        3,
        ["a"],
    ],
)
def test_bad_labels(tmp_path, label):
    with pytest.raises(InputError) as found:
        new(label, tmp_path)
    assert str(found.value).startswith("label: ") and len(str(found.value)) < 300
    assert not list(tmp_path.iterdir())


def test_bad_folders(tmp_path):
    with pytest.raises(InputError, match="is not a folder"):
        new("my-theorem", tmp_path / "missing")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is not a folder"):
        new("my-theorem", tmp_path / "file")


def test_labels_of_the_package_are_taken():
    with pytest.raises(InputError, match="exists"):
        new("perturbation")
