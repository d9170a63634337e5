"""The peers bound what they should, and the table says how far each came."""

import importlib.util
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from relverify.networks.mlp import MLP

FOLDER = Path(__file__).parents[2] / "benchmarks"
NET = MLP(([[1.0], [-0.5]], [[1.0, 0.25]]), ([0.0, 0.5], [0.1]), "tanh")


@pytest.fixture
def peers(monkeypatch):
    for name in ("costs", "problems", "peers"):
        spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, module)
        spec.loader.exec_module(module)
    monkeypatch.setattr(module.problems, "networks", lambda p: (NET, None))
    return module


@pytest.fixture
def given(peers):
    return replace(peers.problems.problem("gauss-tanh"), relation="exp(-(x-y)^2)*x + y/3")


def test_every_tool_bounds_the_same_error(peers, given):
    x = np.linspace(-1, 1, 401)
    values = np.exp(-((x[:, None] - x) ** 2)) * x[:, None] + x / 3
    largest = np.abs(values - NET(x[:, None]) @ NET(x[:, None]).T).max()
    for tool in (peers.ours, peers.mean_value, peers.arb_balls):
        found = tool(given, 20.0)
        assert found["met"] and found["lower"] <= largest * (1 + 1e-3) and found["upper"] >= largest * (1 - 1e-12)
        assert found["upper"] <= 1.1 * found["lower"] * (1 + 1e-9)


def test_a_limit_leaves_a_bound(peers, given):
    found = peers.arb_balls(given, 0.0)
    assert not found["met"] and found["upper"] == np.inf and "infx at 0 s" in peers.costs.shown(found)


def test_short_runs_are_repeated_and_the_shortest_counts(peers):
    for taken, counted, runs in (([0.5, 0.3, 0.9, 0.4, 0.6, 0.1], 0.3, 5), ([2.0, 0.1], 2.0, 1), ([0.4] * 9, 0.4, 5)):
        rest = iter(taken)
        assert peers.shortest(lambda rest=rest: {"seconds": next(rest)})["seconds"] == counted
        assert len(taken) - len(list(rest)) == runs


def test_the_table(peers, tmp_path):
    met = {"upper": 1.0, "lower": 0.95, "cells": 9, "seconds": 0.5, "met": True}
    found = {"relverify": met, "auto_LiRPA": {**met, "seconds": 100.0, "upper": 2.0, "met": False}}
    problem = {"problem": "waves", "inputs": 2, "smooth": 1, "within": "1.1"}
    path = tmp_path / "peers.csv"
    peers.costs.write_comparison(path, [(problem, found), ({**problem, "problem": "edges", "smooth": 0}, found),
                                        ({**problem, "problem": "rest"}, {**found, "auto_LiRPA": {"note": "no erf"}})])
    text = peers.costs.markdown(path)
    assert "| waves | 1 + 1 | 9.50e-01 | 1.1 | 0.5 s | 2.11x at 100 s |" in text and "| no erf |" in text
    assert text.splitlines()[-1] == "- waves: auto_LiRPA takes more than 200 times as long"


def test_costs_are_stored_and_drawn(peers, tmp_path):
    from matplotlib.figure import Figure

    costs = peers.costs
    stored = [costs.Cost("a", 2, True, s, 1 - s / 2, s > 0.01) for s in costs.SLACKS]
    stored += [costs.Cost("b", 4, False, 0.5, 1.25, True)]
    costs.write(tmp_path / "cost.csv", stored)
    assert costs.read(tmp_path / "cost.csv") == stored
    figure = Figure()
    costs.draw(stored, figure)
    left, right = figure.axes
    # the point that met a limit is left out
    assert [len(line.get_xdata()) for line in left.lines] == [6, 1]
    assert [line.get_ydata().tolist() for line in right.lines] == [[0.75], [1.25]]


def test_the_stored_measurements(peers):
    """Every problem and tool is there, the targets were met, and the ratio that is claimed."""
    folder = FOLDER / "measured"
    table, ratios = peers.costs.comparison(folder / "peers.csv")
    assert [row[0] for row in table[1:]] == [p.name for p in peers.problems.PROBLEMS]
    assert table[0][4:] == ["relverify", "mean-value form", "Arb balls", "auto_LiRPA"]
    assert all(row[4].endswith(" s") and "x at" not in row[4] for row in table[1:])
    assert len(ratios) == 4 and all(int(re.search(r"(\d+) times", r).group(1)) >= 100 for r in ratios)
    assert (folder / "peers.md").read_text() == peers.costs.markdown(folder / "peers.csv")
    assert {c.inputs for c in peers.costs.read(folder / "cost.csv") if c.met} == {2, 4, 6}
