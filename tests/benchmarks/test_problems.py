"""The trained problems: all kinds are there, training is reproducible, the cache is used."""

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def problems(monkeypatch, tmp_path):
    monkeypatch.setenv("RELVERIFY_BENCHMARKS", str(tmp_path))
    spec = importlib.util.spec_from_file_location("problems", FOLDER / "problems.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "problems", module)
    spec.loader.exec_module(module)
    return module


def test_every_kind_of_problem(problems):
    assert len(problems.PROBLEMS) >= 8 and len({p.digest for p in problems.PROBLEMS}) == len(problems.PROBLEMS)
    assert {p.dim for p in problems.PROBLEMS} == {1, 2, 3}
    assert {p.activation for p in problems.PROBLEMS} == {"tanh", "relu", "gelu"}
    assert {p.symmetric for p in problems.PROBLEMS} == {True, False}


@pytest.mark.torch
@pytest.mark.parametrize("name", ["gauss-tanh", "order-gelu-2d"])
def test_training_is_reproducible_and_cached(problems, name, tmp_path):
    pytest.importorskip("torch")
    small = replace(problems.problem(name), widths=(6,), features=3, steps=5)
    first, again = problems.train(small), problems.train(small)
    assert [n.digest() for n in first] == [n.digest() for n in again]
    phi, psi = problems.networks(small)
    assert phi == first[0] and (psi is None) == small.symmetric
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    problems.networks(small)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before
    assert len(before) == 2 - small.symmetric


@pytest.mark.torch
def test_training_lowers_the_error(problems):
    pytest.importorskip("torch")
    small = replace(problems.problem("gauss-tanh"), widths=(12,), features=5, steps=60)
    found = problems.sampled_error(small, 200)
    x, y = problems.sample("[-1,1]", 200, 0), problems.sample("[-1,1]", 200, 1)
    assert found < 0.05 < np.abs(problems.relation_values(small, x, y)).max()
