"""Claims of what is impossible, written, read back and checked; a changed leaf is noticed."""

import copy
import json

import pytest
from flint import fmpq

import relverify
from relverify import cli
from relverify.errors import InputError
from relverify.lower.check import check
from relverify.lower.claims import DEEP_UNITS, FEATURES, ONE_NETWORK, ONE_NETWORK_FEATURES, UNITS


@pytest.fixture(scope="module")
def gaussian():
    return relverify.limits("gaussian(ell=1/2)", "[0,1]", eps="1/100")


@pytest.fixture(scope="module")
def tanh():
    return relverify.limits("tanh_order(4)", "[-1,1]", eps="1/10")


def test_a_kernel(gaussian):
    assert gaussian.one_network == "possible"
    assert gaussian.needed(UNITS.format("phi")) == 4 and gaussian.needed(DEEP_UNITS.format("phi")) == 3
    assert gaussian.needed(FEATURES) == gaussian.needed(ONE_NETWORK_FEATURES) == 3
    assert gaussian.units(True) == 4 and gaussian.units(False) == 8


def test_an_order_is_no_inner_product_of_one_network(tanh):
    assert tanh.one_network == "impossible" and tanh.needed(ONE_NETWORK) is None
    assert tanh.units(True) is None and tanh.units(False) == 10
    assert tanh.distance.lower > fmpq(99, 100)


def test_claims_are_checked_from_the_file(tmp_path, gaussian, tanh):
    for found in (gaussian, tanh):
        path = found.write(tmp_path / "limits.json")
        rows = check(path)
        assert len(rows) == len(found.claims) and {str(row.verdict) for row in rows} == {"proved"}
        assert [(r.theorem, r.needed) for r in rows] == [(c.theorem, c.needed) for c in found.claims]


def leaves(node, path=()):
    if isinstance(node, dict | list):
        for key, child in node.items() if isinstance(node, dict) else enumerate(node):
            yield from leaves(child, (*path, key))
    else:
        yield path, node


def changed(data, path, value):
    data = copy.deepcopy(data)
    node = data
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return data


def test_claims_that_say_more_are_refuted(gaussian, tanh):
    for found in (gaussian, tanh):
        data = json.loads(json.dumps(found.as_dict(True)))
        for k, claim in enumerate(data["claims"]):
            more = [changed(data, ("claims", k, "exact"), "2")]
            if claim["needed"] is not None:
                more.append(changed(data, ("claims", k, "needed"), claim["needed"] + 20))
            else:
                more.append(changed(data, ("claims", k, "needed"), 3))
            for lie in more:
                assert str(check(lie)[k].verdict) == "refuted"


def test_changed_numbers_are_refuted(tanh):
    data = json.loads(json.dumps(tanh.as_dict(True)))
    count = 0
    for path, value in leaves(data["claims"]):
        if "certificate" in path and isinstance(value, str) and value not in ("x", "y") and "slack" not in path:
            k = path[0]
            if {"W", "A"} & set(path) or ("values" in path and hash(path) % 7 == 0):
                lie = changed(data, ("claims", *path), "1/3")
                assert str(check({**lie, "claims": [lie["claims"][k]]})[0].verdict) == "refuted", path
                count += 1
    assert count > 10


@pytest.mark.parametrize("text", ["[]", "{}", "not json", '{"relation": "x", "x": "[0,1]", "y": "[0,1]", "eps": "1"}'])
def test_files_that_are_no_limits(tmp_path, text):
    path = tmp_path / "limits.json"
    path.write_text(text)
    with pytest.raises(InputError):
        check(path)


def test_broken_claims_are_refuted(gaussian):
    data = json.loads(json.dumps(gaussian.as_dict(True)))
    for certificate in ({}, {"side": "x", "segments": []}, {"side": "z"}, [], {"points_x": [["1/0"]], "points_y": []}):
        for k in range(len(data["claims"])):
            lie = changed(data, ("claims", k, "certificate"), certificate)
            assert str(check({**lie, "claims": [lie["claims"][k]]})[0].verdict) == "refuted"


def test_different_boxes_and_dimensions():
    found = relverify.limits("x - y", "[0,1]", "[2,3]", eps="1/10")
    assert found.one_network == "not applicable" and found.distance is None
    found = relverify.limits("x - y", "[0,2]", "[1,3]", eps="1/10")
    assert found.one_network == "impossible" and {str(row.verdict) for row in check(found.as_dict(True))} == {"proved"}


def test_several_coordinates():
    found = relverify.limits("x1^2*y1 - x2*y2", "[-1,1]^2", eps="1/10")
    assert found.one_network == "impossible" and found.needed(UNITS.format("phi")) >= 2
    assert {str(row.verdict) for row in check(found.as_dict(True))} == {"proved"}


def run(capsys, *arguments):
    code = cli.run(list(arguments))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_command(capsys, tmp_path):
    path = tmp_path / "limits.json"
    arguments = ["limits", "x - y", "--x", "[0,1]", "--eps", "1/10"]
    code, out, _ = run(capsys, *arguments, "--json", "--out", str(path))
    data = json.loads(out)
    assert code == 0 and data["one_network"] == "impossible" and data["files"]["limits"] == str(path)
    assert data["needed"]["features"] == 2 and {str(row.verdict) for row in check(path)} == {"proved"}
    code, out, _ = run(capsys, *arguments)
    assert code == 0 and "impossible" in out and "indefinite-lower" in out


@pytest.mark.parametrize(
    "arguments",
    [
        ["limits", "x - y", "--x", "[0,1]", "--eps", "0"],
        ["limits", "x - y", "--x", "[0,1]^2", "--eps", "1/10"],
        ["limits", "1/(x-y)", "--x", "[0,1]", "--eps", "1/10"],
        ["limits", "x.__class__", "--x", "[0,1]", "--eps", "1/10"],
    ],
)
def test_bad_input(capsys, arguments):
    code, out, err = run(capsys, *arguments)
    assert code == 64 and not out and err.count("\n") == 1 and err.startswith("relverify: ")
