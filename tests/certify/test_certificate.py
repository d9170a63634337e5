"""Certificates: round trips, the commands, and that interrupts leave nothing half-written."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
from flint import arb

from relverify import api
from relverify.certify import checker
from relverify.certify.certificate import (
    certificate,
    check_certificate,
    read_certificate,
    write_certificate,
)
from relverify.certify.engine import certify
from relverify.certify.point import PointError
from relverify.cli import run
from relverify.errors import InputError
from relverify.networks.files import save
from relverify.networks.mlp import MLP
from relverify.relations.parse import parse_relation

SCRIPT = checker.__file__


NAMES = ("tanh", "relu", "gelu", "sin", "square", "softplus")


@pytest.mark.parametrize("name", NAMES)
def test_round_trips(name, tmp_path, network, make):
    document = make("exp(-(x-y)^2)", network(1, name, 3), network(1, "tanh", 4), "[-1,1]", "[0,1/3]")
    path = write_certificate(tmp_path / "a.cert", document)
    assert read_certificate(path) == document
    result = check_certificate(path)
    assert result["verdict"] == "proved" and result["source"] and result["cells"] == document["tree"].count(".")
    done = subprocess.run([sys.executable, SCRIPT, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout.startswith("verdict: proved\n")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("p", "text"),
    [(2, "tanh(x1*y1 - x2)/2 + y2"), pytest.param(3, "exp(-(x1-y1)^2) + x2*y3", marks=pytest.mark.slow)],
)
def test_round_trips_in_several_dimensions(p, text, tmp_path, network, make):
    phi, psi = network(p, "tanh", 5), network(p, "relu", 6)
    document = make(text, phi, psi, f"[-1/2,1/2]^{p}", within="2")
    assert check_certificate(write_certificate(tmp_path / "a.cert", document))["verdict"] == "proved"


def test_sides_may_have_different_dimensions(network, make, verdict):
    relation = parse_relation("x1*y1 + y2")
    relation = replace(relation, x_symbols=relation.x_symbols[:1])
    document = make(relation, network(1, "tanh", 5), network(2, "relu", 6), "[0,1]", "[0,1]x[-1,2]", within="2")
    assert document["x"] == [["0", "1"]] and document["y"] == [["0", "1"], ["-1", "2"]]
    assert verdict(document) == "proved"


def test_the_bounds_are_those_of_the_search(network):
    relation, phi = parse_relation("sin(x+y)"), network(1, "tanh", 7)
    found = certify(relation, phi, None, "[-1,1]", within="1.2")
    document = certificate(found, relation, phi, None, "[-1,1]", within="1.2")
    assert checker.rational(document["lower"]) == found.lower
    assert found.lower <= checker.rational(document["upper"]) <= max(found.upper, found.lower * 12 / 10)


def test_verdicts_against_eps(network, make, verdict):
    phi = network(1, "tanh", 7)
    assert verdict(make("sin(x+y)", phi, None, "[-1,1]", eps="2")) == "proved"
    refuted = make("sin(x+y)", phi, None, "[-1,1]", eps="1/100")
    assert refuted["upper"] is None and verdict(refuted) == "refuted"
    open_ = {**make("sin(x+y)", phi, None, "[-1,1]", within="1.5"), "eps": None}
    open_["eps"] = open_["lower"]
    assert verdict(open_) == "undecided"


def test_limits_loosen_the_bound_and_say_so(network, verdict):
    relation, phi = parse_relation("sin(x+y)"), network(1, "tanh", 7)
    found = certify(relation, phi, None, "[-1,1]", within="1.1")
    document = certificate(found, relation, phi, None, "[-1,1]", max_cells=5)
    assert checker.rational(document["upper"]) > found.upper
    assert verdict(document) == "proved"


def test_an_eps_that_the_cells_miss_is_refused(network):
    relation, phi = parse_relation("sin(x+y)"), network(1, "tanh", 7)
    lower = certify(relation, phi, None, "[-1,1]", within="1.01").lower
    found = certify(relation, phi, None, "[-1,1]", eps=lower * 102 / 100)
    assert str(found.verdict) == "proved"
    with pytest.raises(InputError, match="eps"):
        certificate(found, relation, phi, None, "[-1,1]", max_cells=5)


def test_narrow_boxes_and_zero_errors(network, make, verdict):
    zero = MLP(([[0.0]],), ([0.0],))
    assert verdict(make("x*y", network(1, "tanh", 1), None, "[1/3,333334/1000000]")) == "proved"
    assert verdict(make("0*x*y", zero, None, "[-1,1]")) == "proved"


# -- the commands


@pytest.fixture(scope="module")
def folder(tmp_path_factory, network):
    path = tmp_path_factory.mktemp("networks")
    save(network(1, "tanh", 2, 3), path / "phi.safetensors")
    save(network(3, "tanh", 2, 24), path / "wide.safetensors")
    return path


def test_commands_write_and_check(folder, tmp_path, capsys, network):
    path = tmp_path / "a.cert"
    given = ["certify", str(folder / "phi.safetensors"), "--relation", "x*y/3", "--x", "[-1,1]", "--out", str(path)]
    assert run([*given, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["certificate"] == str(path)
    assert run(["check", str(path), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["verdict"] == "proved" and result["x"] == [["-1", "1"]]
    assert run(["check", str(path)]) == 0
    assert "proved" in capsys.readouterr().out
    assert api.check(path)["phi"] == network(1, "tanh", 2, 3).digest()


def test_exit_codes(folder, tmp_path, capsys):
    path = tmp_path / "a.cert"
    given = ["certify", str(folder / "phi.safetensors"), "--relation", "x*y/3", "--x", "[-1,1]", "--out", str(path)]
    assert run([*given, "--eps", "1/1000"]) == 1
    assert run(["check", str(path)]) == 1
    document = read_certificate(path)
    document["lower"] = "1000"
    document["sha256"] = checker.sealed(document)
    write_certificate(path, document)
    assert run(["check", str(path)]) == 1
    assert "rejected" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--out", "/nowhere/a.cert"], "out"),
        (["--semantics", "float32"], "semantics"),
        (["--relation", "besselj(0,x*y)"], "relation"),
    ],
)
def test_what_cannot_be_written_is_refused_first(options, named, folder, tmp_path, capsys):
    given = ["certify", str(folder / "phi.safetensors"), "--relation", "x*y/3", "--x", "[-1,1]"]
    given += ["--out", str(tmp_path / "a.cert"), *options]
    assert run(given) == 64
    assert named in capsys.readouterr().err and not list(tmp_path.iterdir())


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_interrupts_leave_no_certificate(ending, folder, tmp_path):
    path = tmp_path / "a.cert"
    given = [str(folder / "wide.safetensors"), "--relation", "exp(-(x1-y1)^2-(x2-y2)^2-(x3-y3)^2)"]
    given += ["--x", "[-1,1]^3", "--within", "1.1"]
    command = [sys.executable, "-m", "relverify", "certify", *given, "--out", str(path)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(2.5)
    assert process.poll() is None
    process.send_signal(ending)
    assert process.wait(60) != 0
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_while_writing_leaves_the_old_file(tanh, tmp_path, monkeypatch):
    path = write_certificate(tmp_path / "a.cert", tanh)
    before = path.read_bytes()

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_certificate(path, {**tanh, "program": "new"})
    assert path.read_bytes() == before


def test_unbounded_relations_have_no_certificate(network):
    relation, phi = parse_relation("1/(x-y)"), network(1, "tanh", 7)
    found = certify(relation, phi, None, "[-1,1]", max_cells=2000)
    with pytest.raises(InputError, match="out"):
        certificate(found, relation, phi, None, "[-1,1]")


@pytest.mark.slow
def test_random_problems_are_certified_and_samples_stay_below(network, verdict):
    """300 random networks and relations, of 1 and 2 inputs a side: less than a minute."""
    texts = {
        1: ("exp(-(x-y)^2)", "tanh(2*x-y)", "abs(x-y)", "1/(2+x*y)", "min(x,y)*cos(3*x)"),
        2: ("x1*y1 + x2*y2", "sin(x1+y2)*x2", "max(x1*y1,x2)/2"),
    }
    names = ("tanh", "relu", "gelu", "sigmoid", "leaky_relu", "softplus", "silu", "sin", "square", "identity")
    rng = np.random.default_rng(0)
    for trial in range(300):
        p = 1 if trial % 3 else 2
        text = texts[p][trial % len(texts[p])]
        phi, psi = (network(p, names[rng.integers(10)], 100 * trial + k, 4) for k in (0, 1))
        relation, box = parse_relation(text), "[-1,1]" + (f"^{p}" if p > 1 else "")
        found = certify(relation, phi, psi, box, within="1.3")
        document = certificate(found, relation, phi, psi, box, within="1.3")
        assert verdict(document) == "proved"
        points = rng.uniform(-1, 1, size=(20_000, 2 * p))
        sampled = np.abs(PointError(relation, phi, psi).floats(points)).max()
        assert sampled <= float(arb(checker.rational(document["upper"]))) * (1 + 1e-12), (trial, text)
