"""All bounds of a relation side by side."""

import json
from fractions import Fraction

import pytest
from flint import fmpq

import relverify
from relverify import cli
from relverify.core.registry import theorems
from relverify.errors import InputError
from relverify.networks.comparison import compare
from relverify.networks.methods import KINDS, UNITS, methods
from relverify.relations import parse_relation


@pytest.fixture(scope="module")
def gaussian():
    return relverify.compare("gaussian(ell=1/2)", "[0,1]", eps="1e-3")


def row(found, name):
    return next(r for r in found.rows if name in (r.name, r.theorem))


def test_the_gaussian(gaussian):
    assert gaussian.errors == (fmpq(1, 10), fmpq(1, 100), fmpq(1, 1000))
    assert row(gaussian, "grid-neurons").counts == (4, 10, 32)
    assert row(gaussian, "grid, built and certified").counts == (3, 8, 23)
    assert row(gaussian, "ridge-spline").counts == (5, 14, 42)
    assert row(gaussian, "width-lower, closed form").counts == (0, 2, 7)
    assert row(gaussian, "segments, the best single y").counts == (1, 3, 11)
    assert row(gaussian, "segments, several y").counts == (1, 4, 15)
    assert gaussian.ratio == 23 / 15 and not [r for r in gaussian.rows if None in r.counts]
    assert gaussian.seconds < 60


def test_what_is_built_needs_no_more_than_what_is_predicted(gaussian):
    built, shifted, grid = (
        row(gaussian, name).counts for name in ("vertex-certificate", "grid-neurons-shifted", "grid-neurons")
    )
    assert all(b <= s <= g for b, s, g in zip(built, shifted, grid, strict=True))


def test_no_upper_bound_is_below_a_lower_bound(gaussian):
    units = [r for r in gaussian.rows if r.what == UNITS]
    for k in range(len(gaussian.errors)):
        upper = [r.counts[k] for r in units if r.sense == "suffices" and r.counts[k] is not None]
        lower = [r.counts[k] for r in units if r.sense == "needed" and r.counts[k] is not None]
        assert min(upper) >= max(lower)


RATES = {"grid-neurons": 0.5, "ridge-spline": 0.5, "width-lower": 0.5, "barron-sup": 2, "direct-sampling": 2,
         "kernel-barron": 2, "fourier-rank": 2, "fourier-neurons": 2.5, "symmetric-neurons": 0.5}  # fmt: skip


@pytest.mark.parametrize("label", RATES)
def test_rates_are_derived_and_slopes_agree(gaussian, label):
    found = row(gaussian, label)
    assert Fraction(found.rate.removesuffix(" each")) == Fraction(RATES[label])
    assert abs(found.slope - RATES[label]) < 0.1


def test_logarithmic_rates(gaussian):
    assert row(gaussian, "chebyshev-rank").rate == "log" and row(gaussian, "chebyshev-rank").slope < 0.1
    assert row(gaussian, "width-lower-any-depth").rate == "log"


def test_every_count_of_units_takes_part(gaussian):
    """Each theorem that solves for units, but for what needs other data than a relation."""
    shown = {r.theorem for r in gaussian.rows} | {m.theorem for m in methods()}
    for label, record in theorems().items():
        solved = record.formal().solve
        counts = any("units that suffice" in r.meaning for name, r in solved.items() if name in ("n", "N"))
        # asymptotic classes and relations are different data
        if record.sense == "upper" and counts and "rho" not in solved:
            assert label in shown, label


def test_the_order_of_the_rows(gaussian):
    units = [r for r in gaussian.rows if r.what == UNITS]
    assert gaussian.rows[: len(units)] == tuple(units)
    assert [KINDS.index(r.kind) for r in units] == sorted(KINDS.index(r.kind) for r in units)
    for kind in KINDS:
        last = [r.counts[-1] for r in units if r.kind == kind]
        assert last == sorted(last, reverse=True)


def test_polynomials_have_deep_networks():
    found = relverify.compare("polynomial(p=2,c=1)", "[0,1]", eps="1/2000")
    deep = row(found, "deep-square")
    assert deep.what == "units, any depth" and deep.rate == "log" and deep.slope < 0.2
    assert deep.counts[-1] < row(found, "grid-neurons").counts[-1]
    assert row(found, "barron-sup").counts[-1] > 10**9


def test_what_is_not_known_to_be_psd_gets_two_networks():
    """The same relation as an expression: a count for one network would rest on a hypothesis that nobody checked."""
    found = relverify.compare("(x*y+1)**2", "[0,1]", eps="1/20")
    assert "not known" in found.absent["grid-neurons-shifted, closed form"]
    assert row(found, "grid-neurons").name == "two grids" and found.ratio >= 1


def test_two_networks():
    found = relverify.compare("tanh_order(1)", "[-1,1]", eps="1/10")
    assert row(found, "asymmetric-neurons").kind == "constructive"
    assert "positive semidefinite" in found.absent["grid-neurons-shifted, closed form"]
    assert row(found, "barron-sup").counts[-1] > row(found, "barron-sup-affine").counts[-1] > 10**4
    assert not {"kernel-barron", "symmetric-neurons", "ridge-spline"} & {r.theorem for r in found.rows}
    assert "not a polynomial" in found.absent["deep network of a polynomial"]
    assert found.ratio > 1


def test_the_time_limit_ends_the_counts():
    found = compare(parse_relation("gaussian(ell=1/2)"), "[0,1]", eps="1e-4", time_limit=0)
    assert not found.rows and found.ratio is None
    assert all("time limit" in reason for name, reason in found.absent.items())


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
    assert cli.run([*arguments, "--time-limit", "-1"]) == 64
    assert not (tmp_path / "counts.txt").exists()
