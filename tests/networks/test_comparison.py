"""All bounds of a relation side by side."""

import json

import pytest
from flint import fmpq

import relverify
from relverify import cli
from relverify.errors import InputError
from relverify.networks.comparison import UNITS


@pytest.fixture(scope="module")
def gaussian():
    return relverify.compare("gaussian(ell=1/2)", "[0,1]", eps="1e-4")


def row(found, theorem):
    return next(r for r in found.rows if r.theorem == theorem)


def test_the_gaussian(gaussian):
    assert gaussian.errors == (fmpq(1, 10), fmpq(1, 100), fmpq(1, 1000), fmpq(1, 10000))
    assert row(gaussian, "grid-neurons").counts == (4, 10, 32, 100)
    assert row(gaussian, "width-lower").counts == (0, 2, 7, 22)
    assert row(gaussian, "width-lower, segments").counts == (1, 4, 15, 49)
    assert gaussian.ratio <= 1.5


def test_no_upper_bound_is_below_a_lower_bound(gaussian):
    units = [r for r in gaussian.rows if r.what == UNITS]
    for k in range(len(gaussian.errors)):
        upper = [r.counts[k] for r in units if r.sense == "suffices" and r.counts[k] is not None]
        lower = [r.counts[k] for r in units if r.sense == "needed" and r.counts[k] is not None]
        assert min(upper) >= max(lower)


def test_rates_are_derived_and_slopes_agree(gaussian):
    for label, rate in (("grid-neurons", 0.5), ("width-lower", 0.5), ("fourier-rank", 2.0)):
        found = row(gaussian, label)
        assert float(fmpq(*map(int, f"{found.rate}/1".split("/")[:2]))) == rate and abs(found.slope - rate) < 0.1
    assert row(gaussian, "chebyshev-rank").rate == "log"


def test_bounds_of_one_function_take_no_part(gaussian):
    assert not {"ridge-spline", "direct-sampling", "barron-sup", "kernel-barron"} & {r.theorem for r in gaussian.rows}


def test_theorems_that_do_not_apply_give_the_reason():
    found = relverify.compare("tanh_order(4)", "[-1,1]", eps="1/10")
    assert "positive semidefinite" in found.absent["grid-neurons"]
    assert "grid-neurons" not in {r.theorem for r in found.rows} and found.ratio > 1


@pytest.mark.parametrize(("relation", "eps"), [("x1*y2 + x2*y1", "1/10"), ("x*y", "0"), ("x*y", None)])
def test_refusals(relation, eps):
    with pytest.raises(InputError):
        relverify.compare(relation, "[0,1]", eps=eps)


def test_command(capsys, tmp_path):
    path = tmp_path / "counts.svg"
    arguments = ["compare", "x*y", "--x", "[0,1]", "--eps", "1/10"]
    assert cli.run([*arguments, "--json", "--plot", str(path)]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["relation"] == "x*y" and data["rows"] and path.read_text(encoding="utf-8").startswith("<?xml")
    assert cli.run(arguments) == 0 and "grid-neurons" in capsys.readouterr().out
    assert cli.run([*arguments, "--plot", str(tmp_path / "counts.txt")]) == 64
    assert not (tmp_path / "counts.txt").exists()
