"""Many random exact instances of all theorems are decided."""

import re
from dataclasses import replace

import pytest
import sympy as sp
from flint import arb
from hypothesis import strategies as st

from relverify.core.registry import theorem
from relverify.core.theorem import Instance
from relverify.rigor.decide import MAX_PREC, Verdict
from relverify.rigor.enclose import enclose
from relverify.testing import properties
from relverify.testing.instances import decide_instances
from relverify.testing.properties import decide_all, decide_theorem, main

SECONDS = 600
PERTURBATION = theorem("perturbation")


def instance(ball, exact=None, K_f="1"):
    values = {"K_f": K_f, "K_g": "1", "delta_f": "1", "delta_g": "1"}
    return Instance(values, lambda prec: ball, f"K_f={K_f}", exact)


def changed(*instances, **parts):
    return replace(PERTURBATION, instances=lambda: st.sampled_from(instances), **parts)


@pytest.mark.slow
def test_ten_thousand_instances(capsys):
    """The command of the documentation: balls of at most 4096 bits decide them, or exact algebra."""
    code = main(["--instances", "10000", "--jobs", "2"])
    printed = capsys.readouterr().out
    with capsys.disabled():
        print(f"\n{printed}")
    # of two cores; the clock on the wall would count what others run
    seconds = int(re.search(r"(\d+) s of the processors", printed)[1])
    assert code == 0 and seconds < 2 * SECONDS


def test_every_theorem_takes_part():
    found = decide_all(100, seed=3)
    assert sum(len(one.tally.seen) for one in found.values()) >= 100
    assert {one.verdict for one in found.values()} == {Verdict.PROVED}
    assert all(one.tally.seen and 0 <= one.tally.bits <= MAX_PREC for one in found.values())
    assert all((one.sharp is Verdict.PROVED) == theorem(label).sharp for label, one in found.items())
    assert any(any(one.tally.seen.values()) for one in found.values())


def test_attained_bounds_are_decided_by_algebra():
    root = sp.sqrt(3 + 2 * sp.sqrt(2))  # 1 + sqrt(2)
    formal = PERTURBATION.formal()
    values = {formal.symbol(name): 1 for name in ("K_g", "delta_f", "delta_g")} | {formal.symbol("K_f"): sp.sqrt(2)}
    assert sp.simplify(formal.bound.subs(values) - 2 - sp.sqrt(2)) == 0
    attained, below = instance(enclose(1 + root), 1 + root, sp.sqrt(2)), instance(arb(1), K_f="2")
    tally = decide_instances(changed(attained, below), 20, seed=0)
    assert sorted(tally.seen.values()) == [False, True]
    assert tally.verdict is Verdict.PROVED and tally.drawn >= 2 and tally.bits == 64


@pytest.mark.parametrize(
    ("record", "verdict", "line"),
    [
        (changed(instance(arb(100))), Verdict.REFUTED, "K_f=1: "),
        (changed(instance(arb(3, 2))), Verdict.UNDECIDED, "overlap at 4096 bits"),
        (changed(instance(arb.nan())), Verdict.UNDECIDED, "no finite enclosure"),
        (changed(instance(arb(1), K_f="-1")), Verdict.UNDECIDED, "InputError"),
        (changed(instance(arb(1)), extremal=lambda: instance(arb(1))), Verdict.UNDECIDED, "does not attain"),
    ],
)
def test_failures_are_reported(monkeypatch, capsys, record, verdict, line):
    monkeypatch.setattr(properties, "theorem", lambda label: record)
    monkeypatch.setattr(properties, "theorems", lambda: {"perturbation": record})
    assert decide_theorem("perturbation", 3, 0, True).verdict is verdict
    assert main(["--instances", "1", "--jobs", "1"]) == verdict.exit_code
    assert line in capsys.readouterr().out


def test_too_few_different_instances_are_a_failure(monkeypatch, capsys):
    record = theorem("lexicographic")
    monkeypatch.setattr(properties, "theorems", lambda: {"lexicographic": record})
    assert main(["--instances", "500", "--jobs", "1"]) == 2
    printed = capsys.readouterr().out
    number = int(re.search(r"^(\d+) different", printed, re.M)[1])
    assert 5 < number < 500 and "fewer than the 500" in printed


@pytest.mark.parametrize("arguments", [["--instances", "0"], ["--jobs", "x"], ["--other"]])
def test_bad_arguments(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 64 and len(capsys.readouterr().err.splitlines()) == 1
