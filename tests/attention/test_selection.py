"""Attention that selects: what is proved holds for exact attention and for torch."""

from __future__ import annotations

import builtins
from dataclasses import replace
from typing import Any

import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from relverify.attention.execution import rounding
from relverify.attention.preorders import Preorder, QueryPreorders
from relverify.attention.selection import score_error, select, selection_demo, selector
from relverify.attention.softmax import attention_error, attention_weights, total_variation
from relverify.errors import InputError, MissingDependency
from relverify.rigor.decide import Verdict
from relverify.strategies.preorders import families

FAMILY = QueryPreorders.from_utility([[0, 1, 2, 5, 3], [4, 1, 0, 0, 2], [1, 3, 2, 1, 0]])
QUERIES, KEYS = ["-1", "1/3", "2"], ["-2", "-1/2", "2/7", "1", "3"]


@settings(max_examples=25, deadline=None)
@given(families(min_size=1, max_size=5, single_best=True), st.integers(0, 3))
def test_exact_attention_keeps_the_proven_error(family: QueryPreorders, power: int) -> None:
    queries = [fmpq(k, 3) for k in range(family.queries)]
    keys = [fmpq(2 * k - 3, 5) for k in range(family.size)]
    built = selector(family, queries, keys, eps=fmpq(1, 10**power))
    assert built.hidden_units == family.queries - 1 + family.size - 1
    assert built.phi.out_features <= max(1, min(family.queries, family.size - 1))
    assert built.proven <= fmpq(1, 10**power)
    assert built.decide().verdict is Verdict.PROVED
    for row, order in zip(built.scores, family.preorders, strict=True):
        assert max(range(len(row)), key=row.__getitem__) in order.best


def test_prediction_is_needed() -> None:
    """Two items attain the bound, so a temperature one per cent lower misses the error that was asked for."""
    family = QueryPreorders((Preorder((0, 1)),))
    built = selector(family, [0], [0, 1])
    low = attention_error(built.scores[0], built.values, 1, built.beta * fmpq(99, 100))
    assert low > fmpq(1, 100) >= built.proven


def test_bits_trade_accuracy_for_temperature() -> None:
    coarse, fine = selector(FAMILY, QUERIES, KEYS, bits=8), selector(FAMILY, QUERIES, KEYS)
    assert coarse.eps_u > fmpq(1, 2**10) > fmpq(1, 2**45) > fine.eps_u > 0
    assert coarse.beta > fine.beta
    assert coarse.decide().verdict is fine.decide().verdict is Verdict.PROVED
    with pytest.raises(InputError, match="loses the margin"):
        selector(FAMILY, QUERIES, KEYS, bits=1)


def test_a_false_claim_is_refuted() -> None:
    built = selector(FAMILY, QUERIES, KEYS)
    worst = max(built.error(i) for i in range(3))
    assert replace(built, proven=fmpq(1, 10**4)).decide().verdict is Verdict.REFUTED
    assert replace(built, beta=built.beta / 4).decide().verdict is Verdict.REFUTED
    assert worst < fmpq(1, 100)


def test_ties_at_the_top() -> None:
    tied = QueryPreorders((Preorder((1, 0, 1)),))
    with pytest.raises(InputError, match="best keys 0 and 2"):
        selector(tied, [0], [0, 1, 2])
    built = selector(tied, [0], [0, 1, 2], values=["1/3", 5, "1/3"])
    assert built.decide().verdict is Verdict.PROVED


def test_edge_cases() -> None:
    one_key = selector(QueryPreorders((Preorder((0,)),) * 2), [0, 1], [7])
    assert (one_key.beta, one_key.proven, one_key.eta) == (0, 0, None)
    assert one_key.decide().verdict is Verdict.PROVED
    easy = selector(FAMILY, QUERIES, KEYS, eps=100)
    assert easy.beta == 0 and easy.decide().verdict is Verdict.PROVED


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"queries": [0]}, "1 points"),
        ({"keys": [0, 1, 2, 3, 3]}, "twice"),
        ({"values": [1, 2]}, "2 rows for 5 keys"),
        ({"values": [[1], [2, 3], [1], [1], [1]]}, "all of one length"),
        ({"eps": 0}, "not positive"),
        ({"eps": 0.1}, "float"),
    ],
)
def test_bad_input(change: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        selector(**{"preorders": FAMILY, "queries": QUERIES, "keys": KEYS, **change})


def test_softmax() -> None:
    weights = attention_weights([0, 1, "1/2"], 3, prec=200)
    assert sum(weights).contains(1)
    assert total_variation([0, 1], [1, 0], 0) < fmpq(1, 2**100)
    assert score_error([[fmpq(3), fmpq(5)]], [[fmpq(0), fmpq(1)]]) == fmpq(1, 2)


@pytest.mark.parametrize("seed", range(4))
def test_demo_without_torch(seed: int) -> None:
    result = selection_demo(seed, use_torch=False)
    assert result.correct and result.verdict is Verdict.PROVED and result.executed is None
    found = result.as_dict()
    assert float(found["observed"]) <= float(found["proven"]) and found["verdict"] == "proved"
    assert found["executor"] == "exact softmax enclosed in balls"


def test_torch_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.split(".")[0] == "torch":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    assert "torch is not installed" in select(FAMILY, QUERIES, KEYS).executor
    with pytest.raises(MissingDependency):
        select(FAMILY, QUERIES, KEYS, use_torch=True)


def test_rounding_bound_grows() -> None:
    small = rounding(fmpq(1), fmpq(1), fmpq(1), fmpq(0), 2, 2, 1)
    assert 0 < small < rounding(fmpq(100), fmpq(1), fmpq(1), fmpq(0), 2, 2, 1)
    assert small < rounding(fmpq(1), fmpq(1), fmpq(1), fmpq(1), 2, 2, 1)


@pytest.mark.torch
@pytest.mark.parametrize("seed", range(6))
def test_torch_is_within_the_proven_error(seed: int) -> None:
    pytest.importorskip("torch", reason="PyTorch is not installed")
    result = selection_demo(seed, use_torch=True)
    assert result.correct and result.verdict is Verdict.PROVED
    assert result.executed is not None and result.rounding is not None
    # float64 differs from the exact attention by no more than the stated rounding
    assert abs(result.executed - result.observed) <= result.rounding < fmpq(1, 10**9)


@pytest.mark.torch
def test_torch_with_vectors_and_coarse_networks() -> None:
    pytest.importorskip("torch", reason="PyTorch is not installed")
    values = [[0, 1], ["1/3", 2], [-1, "0.1"], [3, 3], ["2/7", 0]]
    result = select(FAMILY, QUERIES, KEYS, values, eps="1/1000", bits=12, use_torch=True)
    assert result.verdict is Verdict.PROVED and result.proven <= fmpq(1, 1000)
