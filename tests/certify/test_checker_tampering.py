"""What the checker makes of changed, damaged and hostile files, and which changes are harmless."""

import base64
import gzip
import struct
import subprocess
import sys
import time
from copy import deepcopy

import numpy as np
import pytest
from flint import arb, ctx

from relverify.certify import checker
from relverify.certify.certificate import (
    write_certificate,
)
from relverify.cli import run
from relverify.networks.mlp import MLP

SCRIPT = checker.__file__


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
def test_every_changed_weight_is_rejected(which, request, verdict):
    """A weight moved by 1e-9 of itself, with the hashes of the network and of the file made anew."""
    document = request.getfixturevalue(which)
    for side in ("phi", "psi") if document["psi"] else ("phi",):
        for index in range(len(base64.b64decode(document[side]["weights"])) // 8):
            changed = deepcopy(document)
            _weight(changed, side, index, lambda v: v * (1 + 1e-9))
            assert verdict(changed) == "rejected", (side, index)


@pytest.mark.parametrize("which", ["relu", "tanh"])
def test_every_changed_leaf_is_rejected(which, request, verdict):
    document = request.getfixturevalue(which)
    raw = base64.b64decode(document["bounds"])
    numbers = struct.unpack(f">{len(raw) // 2}H", raw)
    for k in range(len(numbers)):
        for step in (-1, 3):
            moved = [*numbers[:k], max(numbers[k] + step, 0), *numbers[k + 1 :]]
            bounds = base64.b64encode(struct.pack(f">{len(moved)}H", *moved)).decode()
            expected = "proved" if moved == list(numbers) else "rejected"
            assert verdict({**document, "bounds": bounds}) == expected


@pytest.mark.parametrize("which", ["relu", "tanh"])
def test_every_changed_division_is_rejected(which, request, verdict):
    document = request.getfixturevalue(which)
    tree = document["tree"]
    for k, mark in enumerate(tree):
        for other in set(".01") - {mark}:
            changed = {**document, "tree": tree[:k] + other + tree[k + 1 :]}
            assert verdict(changed) in ("rejected", "malformed")
        assert verdict({**document, "tree": tree[:k] + tree[k + 1 :]}) in ("rejected", "malformed")


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
def test_other_changes_are_rejected(which, name, request, verdict):
    changed = deepcopy(request.getfixturevalue(which))
    CHANGES[name](changed)
    assert changed != request.getfixturevalue(which)
    assert verdict(changed) in ("rejected", "malformed")


def test_without_a_new_seal_every_change_is_rejected(tanh, verdict):
    assert verdict({**tanh, "program": "other"}, seal=False) == "rejected"


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
def test_harmless_changes_are_accepted(name, tanh, verdict):
    """These leave a true claim, proved by the file; the documentation lists them."""
    changed = deepcopy(tanh)
    HARMLESS[name](changed)
    assert verdict(changed) == "proved"


def test_a_unit_that_is_off_on_the_whole_box_may_change(make, verdict):
    net = MLP(([[1.0], [1.0]], [[1.0, 0.5]]), ([0.5, -4.0], [0.0]), "relu")
    document = make("x*y", net, None, "[-1,1]")
    _weight(document, "phi", 1, lambda v: v * 1.125)
    assert verdict(document) == "proved"


def test_the_documentation_lists_what_is_harmless(pytestconfig):
    page = " ".join((pytestconfig.rootpath / "docs" / "certificates.rst").read_text(encoding="utf-8").split()).lower()
    assert [name for name in (*HARMLESS, "a unit that is off on the whole box") if name not in page] == []


@pytest.mark.parametrize(
    ("field", "values"),
    [("order", (0, 7, 8, -1, 1.0)), ("precision", (52, 5000, 5001, 10**6, 64.0)), ("semantics", ("float32",))],
)
def test_values_beyond_their_range_are_malformed(field, values, tanh, verdict):
    for value in values:
        assert verdict({**tanh, field: value}) == "malformed", value


def test_the_limits_of_the_precision_are_accepted(tanh, verdict):
    assert verdict({**tanh, "precision": 53}) in ("proved", "rejected")
    assert verdict({**tanh, "precision": 4999}) == "proved"


def test_the_verdict_where_a_bound_meets_eps(tanh, verdict):
    lower, upper = tanh["lower"], tanh["upper"]
    assert verdict({**tanh, "eps": upper}) == "proved"
    assert verdict({**tanh, "eps": lower}) == "undecided"
    smaller = str(checker.rational(lower) * (10**9 - 1) / 10**9)
    assert verdict({**tanh, "eps": smaller}) == "refuted"
    assert verdict({**tanh, "eps": smaller, "upper": None}) == "refuted"
    assert verdict({**tanh, "eps": upper, "upper": None}) == "undecided"
    assert verdict({**tanh, "eps": None, "upper": None}) == "malformed"
    assert verdict({**tanh, "points": []}) == "malformed"


def test_bounds_are_reported_to_twelve_digits(tanh):
    found = checker.check(tanh)
    for key in ("lower", "upper"):
        assert found[key] == arb(checker.rational(tanh[key])).str(12)
    assert found["eps"] is None and found["relation"] == tanh["relation"]


def test_points_are_in_the_box_and_their_values_within_one(tanh, verdict):
    """A value is an integer multiple of 2**-100, and may be off by one."""

    def values(*point):
        with ctx.workprec(256):
            model, _ = checker.error_model(tanh, 0)
            error = model(tuple((v, v) for v in map(checker.rational, point)))[0][0]
            least = int((error * checker.FINE).floor().unique_fmpz())
        found = {}
        for value in range(least - 2, least + 4):
            changed = {**tanh, "points": [*tanh["points"], [list(point), str(value)]]}
            found[value - least] = verdict(changed)
        return [k for k, v in found.items() if v == "proved"]

    assert values("1", "-1") == values("-1", "1") == values("1/3", "0") == [0, 1]
    assert values("1", "1000001/1000000") == values("-1000001/1000000", "0") == []


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
def test_fields_of_another_kind_prove_nothing(field, tanh, verdict):
    for value in (None, [], {}, "a", 1e300, [[["1"]]], "1/0", True):
        if (field, value) != ("eps", None):  # no eps is a valid claim
            assert verdict({**tanh, field: value}) in ("malformed", "rejected"), value


def test_huge_numbers_are_refused_fast(tanh, verdict):
    start = time.process_time()
    for field in ("unit", "upper", "lower", "eps", "x"):
        for number in ("9" * 1200, "-" + "9" * 1200, "1/" + "9" * 1200, "9" * 10_000):
            value = [["-1", number]] if field == "x" else number
            found = verdict({**tanh, field: value})
            assert found in ("malformed", "rejected") or field not in ("unit", "x")
    assert time.process_time() - start < 10


def test_long_tapes_and_huge_powers_are_refused_fast(tanh, verdict):
    start = time.process_time()
    doubling = [["variable", "x"], *(["add", k, k] for k in range(60))]
    squaring = [["number", "9" * 1000], *(["square", k] for k in range(60)), ["variable", "x"]]
    for steps in (doubling, squaring, [["exp", 0]], [["variable", "z"]], [["number", "1e9"]], [["nothing", 0]], []):
        assert verdict({**tanh, "tape": steps}) in ("malformed", "rejected")
    assert time.process_time() - start < 10
