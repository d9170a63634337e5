"""How long trained problems take: processor time of the engine, the smallest of several runs."""

import importlib.util
import sys
import time
from pathlib import Path

import pytest

from relverify.certify.engine import certify
from relverify.relations import parse_relation

FOLDER = Path(__file__).parents[2] / "benchmarks"
# problem, target, seconds allowed, runs
CASES = [
    ("gauss-tanh", "1.1", 0.1, 5), ("gauss-relu", "1.1", 0.1, 5), ("narrow-tanh", "1.1", 0.1, 5),
    ("order-tanh", "1.1", 0.1, 5), ("order-relu", "1.1", 0.1, 5), ("rational-tanh", "1.1", 0.1, 5),
    ("gauss-tanh-2d", "1.1", 5.0, 2), ("area-relu-2d", "1.1", 5.0, 2), ("gauss-tanh-3d", "1.5", 120.0, 1),
]  # fmt: skip


@pytest.fixture
def problems(monkeypatch):
    spec = importlib.util.spec_from_file_location("problems", FOLDER / "problems.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "problems", module)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.torch
@pytest.mark.parametrize(("name", "within", "seconds", "runs"), CASES)
def test_trained_problems_are_certified_fast(problems, name, within, seconds, runs):
    pytest.importorskip("torch", reason="the networks are trained with torch")
    problem = problems.problem(name)
    phi, psi = problems.networks(problem)
    start = time.process_time()
    relation = parse_relation(problem.relation)
    certify(relation, phi, psi, problem.x, problem.y, within="100")
    compilation = time.process_time() - start
    taken = []
    for _ in range(runs):
        start = time.process_time()
        found = certify(relation, phi, psi, problem.x, problem.y, within=within, max_cells=10**8)
        taken.append(time.process_time() - start)
        assert found.reason == "target met" and found.ratio <= float(within)
    assert compilation <= 1.0 and min(taken) <= seconds, (compilation, taken)
