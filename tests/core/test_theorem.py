"""The record."""

from dataclasses import FrozenInstanceError, replace

import pytest

from relverify.core.registry import theorem, theorems
from relverify.core.theorem import Mutant
from relverify.errors import InputError


def test_the_mathematics_is_made_once():
    calls = []
    base = theorem("perturbation")
    record = replace(base, formal=lambda: calls.append(1) or base.formal())
    assert record.formal() is record.formal() and len(calls) == 1
    assert record.bound is record.bound
    assert record.resource("delta_f") is record.resource("delta_f") if "delta_f" in record.formal().solve else True


def test_records_are_frozen():
    with pytest.raises(FrozenInstanceError):
        theorem("perturbation").title = "other"


def test_symbols_by_name():
    formal = theorem("perturbation").formal()
    assert formal.symbol("K_f").name == "K_f"
    with pytest.raises(StopIteration):
        formal.symbol("nonsense")


@pytest.mark.parametrize("label", theorems())
def test_fields(label):
    record = theorem(label)
    assert record.label == label and record.title and record.statement and record.source.key
    assert record.status in ("paper", "classical", "beyond") and record.sense in ("upper", "lower", "tight")
    assert set(record.summary()) == {"label", "title", "status", "sense", "sharp", "constructive"}
    assert all(isinstance(m, Mutant) and m.change for m in record.mutants) and len(record.mutants) >= 2
    assert len({m.name for m in record.mutants}) == len(record.mutants)
    assert set(record.uses) <= set(theorems())
    assert not record.sharp or record.extremal
    assert not record.constructive or record.witness
    for name in record.formal().solve:
        assert record.resource(name) is record.resource(name)
    with pytest.raises(InputError, match=r"^solve: .*accepted: "):
        record.resource("nonsense")
