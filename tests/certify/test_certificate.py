"""Certificates: round trips, what tampering does, what is harmless, and that interrupts leave nothing half-written."""

import base64
import gzip
import json
import os
import signal
import struct
import subprocess
import sys
import time
from copy import deepcopy
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


def network(p, name, seed, width=5):
    rng = np.random.default_rng(seed)
    weights = (rng.normal(size=(width, p)), rng.normal(size=(2, width)) / 4)
    return MLP(weights, tuple(rng.normal(size=w.shape[0]) / 2 for w in weights), name)


def always_on(p, name, seed, width):
    """A network whose units with kinks are all on somewhere in the boxes below, so that every weight matters."""
    net = network(p, name, seed, width)
    return MLP(net.weights, (np.abs(net.biases[0]) + 0.125, net.biases[1]), name)


def make(text, phi, psi, box, other=None, **options):
    relation = parse_relation(text) if isinstance(text, str) else text
    within = options.pop("within", None if "eps" in options else "1.5")
    found = certify(relation, phi, psi, box, other, within=within, **options)
    return certificate(found, relation, phi, psi, box, other, within=within)


@pytest.fixture(scope="module")
def relu():
    return make("exp(-(x-y)^2)", always_on(1, "relu", 0, 4), always_on(1, "leaky_relu", 1, 4), "[-1,1]", "[0,1/3]")


@pytest.fixture(scope="module")
def tanh():
    return make("x*y/3 + cos(x)", network(1, "tanh", 2, 3), None, "[-1,1]")


def verdict(document, tmp_path, seal=True):
    document = deepcopy(document)
    if seal:
        document["sha256"] = checker.sealed(document)
    return check_certificate(write_certificate(tmp_path / "changed.cert", document))["verdict"]


NAMES = ("tanh", "relu", "gelu", "sin", "square", "softplus")


@pytest.mark.parametrize("name", NAMES)
def test_round_trips(name, tmp_path):
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
def test_round_trips_in_several_dimensions(p, text, tmp_path):
    phi, psi = network(p, "tanh", 5), network(p, "relu", 6)
    document = make(text, phi, psi, f"[-1/2,1/2]^{p}", within="2")
    assert check_certificate(write_certificate(tmp_path / "a.cert", document))["verdict"] == "proved"


def test_sides_may_have_different_dimensions(tmp_path):
    relation = parse_relation("x1*y1 + y2")
    relation = replace(relation, x_symbols=relation.x_symbols[:1])
    document = make(relation, network(1, "tanh", 5), network(2, "relu", 6), "[0,1]", "[0,1]x[-1,2]", within="2")
    assert document["x"] == [["0", "1"]] and document["y"] == [["0", "1"], ["-1", "2"]]
    assert verdict(document, tmp_path) == "proved"


def test_the_bounds_are_those_of_the_search():
    relation, phi = parse_relation("sin(x+y)"), network(1, "tanh", 7)
    found = certify(relation, phi, None, "[-1,1]", within="1.2")
    document = certificate(found, relation, phi, None, "[-1,1]", within="1.2")
    assert checker.rational(document["lower"]) == found.lower
    assert found.lower <= checker.rational(document["upper"]) <= max(found.upper, found.lower * 12 / 10)


def test_verdicts_against_eps(tmp_path):
    phi = network(1, "tanh", 7)
    assert verdict(make("sin(x+y)", phi, None, "[-1,1]", eps="2"), tmp_path) == "proved"
    refuted = make("sin(x+y)", phi, None, "[-1,1]", eps="1/100")
    assert refuted["upper"] is None and verdict(refuted, tmp_path) == "refuted"
    open_ = {**make("sin(x+y)", phi, None, "[-1,1]", within="1.5"), "eps": None}
    open_["eps"] = open_["lower"]
    assert verdict(open_, tmp_path) == "undecided"


def test_limits_loosen_the_bound_and_say_so(tmp_path):
    relation, phi = parse_relation("sin(x+y)"), network(1, "tanh", 7)
    found = certify(relation, phi, None, "[-1,1]", within="1.1")
    document = certificate(found, relation, phi, None, "[-1,1]", max_cells=5)
    assert checker.rational(document["upper"]) > found.upper
    assert verdict(document, tmp_path) == "proved"


def test_an_eps_that_the_cells_miss_is_refused():
    relation, phi = parse_relation("sin(x+y)"), network(1, "tanh", 7)
    lower = certify(relation, phi, None, "[-1,1]", within="1.01").lower
    found = certify(relation, phi, None, "[-1,1]", eps=lower * 102 / 100)
    assert str(found.verdict) == "proved"
    with pytest.raises(InputError, match="eps"):
        certificate(found, relation, phi, None, "[-1,1]", max_cells=5)


def test_narrow_boxes_and_zero_errors(tmp_path):
    zero = MLP(([[0.0]],), ([0.0],))
    assert verdict(make("x*y", network(1, "tanh", 1), None, "[1/3,333334/1000000]"), tmp_path) == "proved"
    assert verdict(make("0*x*y", zero, None, "[-1,1]"), tmp_path) == "proved"


# -- tampering: the file is sealed again after every change


def _weight(document, side, index, change):
    raw = bytearray(base64.b64decode(document[side]["weights"]))
    value = change(struct.unpack_from("<d", raw, 8 * index)[0])
    struct.pack_into("<d", raw, 8 * index, value)
    document[side]["weights"] = base64.b64encode(bytes(raw)).decode()
    shapes, offset, layers = document[side]["shapes"], 0, []
    for rows, columns in shapes:
        numbers = struct.unpack_from(f"<{rows * columns + rows}d", raw, 8 * offset)
        layers.append((np.reshape(numbers[:-rows], (rows, columns)), np.array(numbers[-rows:])))
        offset += len(numbers)
    weights, biases = zip(*layers, strict=True)
    document[side]["sha256"] = MLP(weights, biases, document[side]["activation"]).digest()


@pytest.mark.parametrize("which", ["relu", "tanh"])
def test_every_changed_weight_is_rejected(which, request, tmp_path):
    """A weight moved by 1e-9 of itself, with the hashes of the network and of the file made anew."""
    document = request.getfixturevalue(which)
    for side in ("phi", "psi") if document["psi"] else ("phi",):
        for index in range(len(base64.b64decode(document[side]["weights"])) // 8):
            changed = deepcopy(document)
            _weight(changed, side, index, lambda v: v * (1 + 1e-9))
            assert verdict(changed, tmp_path) == "rejected", (side, index)


@pytest.mark.parametrize("which", ["relu", "tanh"])
def test_every_changed_leaf_is_rejected(which, request, tmp_path):
    document = request.getfixturevalue(which)
    raw = base64.b64decode(document["bounds"])
    numbers = struct.unpack(f">{len(raw) // 2}H", raw)
    for k in range(len(numbers)):
        for step in (-1, 3):
            moved = [*numbers[:k], max(numbers[k] + step, 0), *numbers[k + 1 :]]
            bounds = base64.b64encode(struct.pack(f">{len(moved)}H", *moved)).decode()
            expected = "proved" if moved == list(numbers) else "rejected"
            assert verdict({**document, "bounds": bounds}, tmp_path) == expected


@pytest.mark.parametrize("which", ["relu", "tanh"])
def test_every_changed_division_is_rejected(which, request, tmp_path):
    document = request.getfixturevalue(which)
    tree = document["tree"]
    for k, mark in enumerate(tree):
        for other in set(".01") - {mark}:
            changed = {**document, "tree": tree[:k] + other + tree[k + 1 :]}
            assert verdict(changed, tmp_path) in ("rejected", "malformed")
        assert verdict({**document, "tree": tree[:k] + tree[k + 1 :]}, tmp_path) in ("rejected", "malformed")


CHANGES = {
    "box": lambda d: d["x"][0].__setitem__(1, "9/8"),
    "smaller box": lambda d: d["x"][0].__setitem__(0, "-7/8"),
    "other box": lambda d: d["y"][0].__setitem__(1, "2/3"),
    "relation": lambda d: d.update(relation=d["relation"].replace("x", "y")),
    "source": lambda d: d.update(source=d["source"] + "+x"),
    "tape": lambda d: d["tape"].append(["sin", len(d["tape"]) - 1]),
    "number of the tape": lambda d: next(s for s in d["tape"] if s[0] == "number").__setitem__(1, "11/10"),
    "point": lambda d: d["points"][0][0].__setitem__(0, "1/7"),
    "value": lambda d: d["points"][0].__setitem__(1, str(int(d["points"][0][1]) + 2)),
    "sign of the value": lambda d: d["points"][0].__setitem__(1, str(-int(d["points"][0][1]))),
    "point outside": lambda d: d["points"][0][0].__setitem__(0, "2"),
    "lower": lambda d: d.update(lower=str(checker.rational(d["lower"]) * (10**9 + 1) / 10**9)),
    "upper": lambda d: d.update(upper=str(checker.rational(d["upper"]) * 9999 / 10000)),
    "unit": lambda d: d.update(unit=str(int(d["unit"]) - 1)),
    "larger unit": lambda d: d.update(unit=str(int(d["unit"]) + 1)),
    "activation": lambda d: d["phi"].update(activation="gelu"),
    "hash of a network": lambda d: d["phi"].update(sha256="0" * 64),
    "degree": lambda d: d.update(order=2),
    "missing leaf": lambda d: d.update(tree=d["tree"][:-1]),
    "further leaf": lambda d: d.update(tree=d["tree"] + "."),
    "missing bounds": lambda d: d.update(bounds=d["bounds"][:-4]),
}


@pytest.mark.parametrize("which", ["relu", "tanh"])
@pytest.mark.parametrize("name", CHANGES)
def test_other_changes_are_rejected(which, name, request, tmp_path):
    changed = deepcopy(request.getfixturevalue(which))
    CHANGES[name](changed)
    assert changed != request.getfixturevalue(which)
    assert verdict(changed, tmp_path) in ("rejected", "malformed")


def test_without_a_new_seal_every_change_is_rejected(tanh, tmp_path):
    assert verdict({**tanh, "program": "other"}, tmp_path, seal=False) == "rejected"


HARMLESS = {
    "a looser upper bound": lambda d: d.update(upper=str(checker.rational(d["upper"]) * 2)),
    "a looser lower bound": lambda d: d.update(lower=str(checker.rational(d["lower"]) / 2)),
    "a larger eps": lambda d: d.update(eps=str(checker.rational(d["upper"]) * 3)),
    "fewer points": lambda d: d.update(points=d["points"][:1]),
    "a higher precision": lambda d: d.update(precision=d["precision"] * 2),
    "the name of the program": lambda d: d.update(program="another"),
    "the same relation written otherwise": lambda d: d.update(source=f"({d['source']}) + 0"),
    "further fields": lambda d: d.update(comment="seen"),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_harmless_changes_are_accepted(name, tanh, tmp_path):
    """These leave a true claim, proved by the file; the documentation lists them."""
    changed = deepcopy(tanh)
    HARMLESS[name](changed)
    assert verdict(changed, tmp_path) == "proved"


def test_a_unit_that_is_off_on_the_whole_box_may_change(tmp_path):
    net = MLP(([[1.0], [1.0]], [[1.0, 0.5]]), ([0.5, -4.0], [0.0]), "relu")
    document = make("x*y", net, None, "[-1,1]")
    _weight(document, "phi", 1, lambda v: v * 1.125)
    assert verdict(document, tmp_path) == "proved"


def test_the_documentation_lists_what_is_harmless(pytestconfig):
    page = " ".join((pytestconfig.rootpath / "docs" / "certificates.rst").read_text(encoding="utf-8").split()).lower()
    assert [name for name in (*HARMLESS, "a unit that is off on the whole box") if name not in page] == []


# -- untrusted files


DAMAGED = {
    "empty": b"",
    "text": b"no certificate",
    "not JSON": gzip.compress(b"{"),
    "a list": gzip.compress(b"[]"),
    "deep": gzip.compress(b"[" * 100_000),
    "long number": gzip.compress(b"9" * 10_000),
    "NaN": gzip.compress(b'{"schema": NaN}'),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_files_are_refused_in_one_line(name, tmp_path, capsys):
    path = tmp_path / "damaged.cert"
    path.write_bytes(DAMAGED[name])
    assert run(["check", str(path)]) == 64
    captured = capsys.readouterr()
    assert captured.out == "" and len(captured.err.strip().splitlines()) == 1
    done = subprocess.run([sys.executable, SCRIPT, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 64 and done.stdout.startswith("verdict: malformed\n")


def test_missing_and_cut_files_are_refused(tanh, tmp_path, capsys):
    assert run(["check", str(tmp_path / "none.cert")]) == 64
    path = write_certificate(tmp_path / "a.cert", tanh)
    path.write_bytes(path.read_bytes()[:-20])
    assert run(["check", str(path)]) == 64
    assert "Traceback" not in capsys.readouterr().err


FIELDS = ("x", "tape", "phi", "points", "tree", "bounds", "order", "upper", "unit", "precision", "eps", "source")


@pytest.mark.parametrize("field", FIELDS)
def test_fields_of_another_kind_prove_nothing(field, tanh, tmp_path):
    for value in (None, [], {}, "a", 1e300, [[["1"]]], "1/0", True):
        if (field, value) != ("eps", None):  # no eps is a valid claim
            assert verdict({**tanh, field: value}, tmp_path) in ("malformed", "rejected"), value


def test_huge_numbers_are_refused_fast(tanh, tmp_path):
    start = time.process_time()
    for field in ("unit", "upper", "lower", "eps", "x"):
        for number in ("9" * 1200, "-" + "9" * 1200, "1/" + "9" * 1200, "9" * 10_000):
            value = [["-1", number]] if field == "x" else number
            found = verdict({**tanh, field: value}, tmp_path)
            assert found in ("malformed", "rejected") or field not in ("unit", "x")
    assert time.process_time() - start < 10


def test_long_tapes_and_huge_powers_are_refused_fast(tanh, tmp_path):
    start = time.process_time()
    doubling = [["variable", "x"], *(["add", k, k] for k in range(60))]
    squaring = [["number", "9" * 1000], *(["square", k] for k in range(60)), ["variable", "x"]]
    for steps in (doubling, squaring, [["exp", 0]], [["variable", "z"]], [["number", "1e9"]], [["nothing", 0]], []):
        assert verdict({**tanh, "tape": steps}, tmp_path) in ("malformed", "rejected")
    assert time.process_time() - start < 10


# -- the commands


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("networks")
    save(network(1, "tanh", 2, 3), path / "phi.safetensors")
    save(network(3, "tanh", 2, 24), path / "wide.safetensors")
    return path


def test_commands_write_and_check(folder, tmp_path, capsys):
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


def test_unbounded_relations_have_no_certificate(tmp_path):
    relation, phi = parse_relation("1/(x-y)"), network(1, "tanh", 7)
    found = certify(relation, phi, None, "[-1,1]", max_cells=2000)
    with pytest.raises(InputError, match="out"):
        certificate(found, relation, phi, None, "[-1,1]")


@pytest.mark.slow
def test_random_problems_are_certified_and_samples_stay_below(tmp_path):
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
        assert verdict(document, tmp_path) == "proved"
        points = rng.uniform(-1, 1, size=(20_000, 2 * p))
        sampled = np.abs(PointError(relation, phi, psi).floats(points)).max()
        assert sampled <= float(arb(checker.rational(document["upper"]))) * (1 + 1e-12), (trial, text)
