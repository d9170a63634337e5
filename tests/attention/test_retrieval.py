"""Attention by continuous utilities: the gap, the networks, the proven error, torch, neurons against temperature."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flint import arb, fmpq

from relverify.attention.gap import gap_quantile
from relverify.attention.margins import modulo_queries, required_gap, retrieval_gap
from relverify.attention.pareto import pareto, pareto_plot
from relverify.attention.retrieval import Retriever, retriever, units
from relverify.errors import InputError
from relverify.rigor.decide import Verdict

MONOTONE = ["exp(x*y)/2 + y", "log(2+x+y)", "y - x*y**2/4"]
NEAREST = "-(x-y)**2"
SHARES = {"n": 8, "eps": "1/10", "gamma": "1/10"}


def contexts(n: int, seed: int = 0) -> Any:
    """Random contexts of exact rational points, without end."""
    rng = random.Random(seed)

    def point() -> fmpq:
        return fmpq(rng.randrange(2**24 + 1), 2**24)

    while True:
        yield point(), [point() for _ in range(n)]


def check_contexts(built: Retriever, number: int) -> int:
    """How many of some random contexts have the gap; in all of these the error is as proven."""
    found = 0
    for _, (x, items) in zip(range(number), contexts(built.n), strict=False):
        if built.best(x, items) is not None:
            found += 1
            assert built.decide(x, items).verdict is Verdict.PROVED
    return found


@pytest.mark.parametrize("utility", MONOTONE)
@pytest.mark.parametrize("eps", ["1/10", "1/100"])
@pytest.mark.parametrize("n", [8, 64, 512])
def test_end_to_end(utility: str, n: int, eps: str) -> None:
    built = retriever(utility, "[0,1]", n=n, eps=eps, gamma="1/10")
    assert built.proven <= fmpq(*map(int, eps.split("/")))
    assert built.hidden_units == built.predicted
    assert 2 * built.eps_u <= built.theta * built.eta
    number = 10 if n < 512 else 1
    # the gap is there with a probability of at least 9/10
    assert check_contexts(built, number) >= number // 2


@pytest.mark.parametrize("eps", ["1/10", "1/100"])
@pytest.mark.parametrize("n", [8, pytest.param(64, marks=pytest.mark.slow), 512])
def test_the_nearest_item(n: int, eps: str) -> None:
    built = retriever(NEAREST, "[0,1]", n=n, eps=eps, gamma="1/10")
    assert built.proven <= fmpq(*map(int, eps.split("/"))) and built.hidden_units == built.predicted
    # among 512 items some are near the best one without a gap, and need none
    assert (built.near > 0) == (n == 512 or (n == 64 and eps == "1/10"))
    assert check_contexts(built, 10 if n < 512 else 2) >= 1


def test_a_gap_that_calls_for_too_many_units() -> None:
    with pytest.raises(InputError, match="11965 units for one feature"):
        retriever(NEAREST, "[0,1]", n=512, eps="1/10", eta=retrieval_gap(NEAREST, "[0,1]", n=512, gamma="1/10"))


def test_the_far_gap_holds_as_often_as_proved() -> None:
    """Of 200 contexts of 512 items fewer than 50 fail (expected: at most 20)."""
    eta, near = required_gap(NEAREST, "[0,1]", n=512, eps="1/50", gamma="1/10")
    assert near > 0
    missing = 0
    for _, (x, items) in zip(range(200), contexts(512, 7), strict=False):
        best = min(items, key=lambda y: abs(x - y))
        missing += any((x - y) ** 2 - (x - best) ** 2 <= eta for y in items if abs(y - best) > near)
    assert missing < 50


def test_the_gap_of_monotone_and_concave_utilities() -> None:
    t = gap_quantile(8, "1/10")
    assert abs(retrieval_gap("3*y", "[0,1]", n=8, gamma="1/10") - 3 * t) < fmpq(1, 10**10)
    # items on an interval of length 2
    assert abs(retrieval_gap("3*y", "[0,1]", "[-1,1]", n=8, gamma="1/10") - 6 * t) < fmpq(1, 10**10)
    assert abs(retrieval_gap("-3*y", "[0,1]", n=8, gamma="1/10") - 3 * t) < fmpq(1, 10**10)
    # the supremum of the curvature is rounded in its last bits
    assert abs(retrieval_gap(NEAREST, "[0,1]", n=8, gamma="1/10") / (t**2 / 4) - 1) < fmpq(1, 10**4)
    assert retrieval_gap("y**2 - x", "[-1,1]", n=8, gamma="1/10") > t**2 * fmpq(99, 100)
    assert retrieval_gap("sin(9*y)", "[0,1]", n=8, eta="1/7") == fmpq(1, 7)


@pytest.mark.parametrize("utility", [NEAREST, "exp(x*y)/2 + y"])
def test_the_gap_holds_as_often_as_proved(utility: str) -> None:
    """By simulation with exact utilities: of 400 contexts fewer than 80 fail (expected: at most 40)."""
    eta = retrieval_gap(utility, "[0,1]", n=8, gamma="1/10")
    built = retriever(utility, "[0,1]", n=8, eps="1/10", gamma="1/10")
    assert built.eta == eta
    missing = sum(built.best(x, items) is None for _, (x, items) in zip(range(400), contexts(8, 3), strict=False))
    assert missing < 80


def test_terms_of_the_query_do_not_matter() -> None:
    assert str(modulo_queries("x**3 + x*y - 7").expr) == "x*y"
    with pytest.raises(InputError, match="several dimensions"):
        modulo_queries("x1*y1 + x2*y2")


def test_a_false_claim_is_refuted() -> None:
    built = retriever(NEAREST, "[0,1]", n=4, eta="1/50", eps="1/10")
    x, items = next((x, items) for x, items in contexts(4) if built.best(x, items) is not None)
    assert built.decide(x, items).verdict is Verdict.PROVED
    assert replace(built, proven=fmpq(1, 10**40)).decide(x, items).verdict is Verdict.REFUTED
    assert replace(built, beta=fmpq(1, 10), proven=fmpq(1, 100)).decide(x, items).verdict is Verdict.REFUTED
    # a tie has no gap, and nothing is claimed
    assert built.decide("1/2", ["1/4", "3/4", 0, 1]).verdict is Verdict.UNDECIDED
    assert built.decide("1/2", ["1/2", 0, 0, 0, 0]).verdict is Verdict.UNDECIDED


def test_neurons_against_temperature() -> None:
    options = {"n": 64, "eps": "1/10", "gamma": "1/10"}
    trades = pareto(MONOTONE[0], "[0,1]", **options)
    assert [t.units for t in trades] == sorted({t.units for t in trades}, reverse=True)
    assert [t.beta for t in trades] == sorted(t.beta for t in trades) and trades[0].theta == fmpq(1, 16)
    few = retriever(MONOTONE[0], "[0,1]", theta="neurons", **options)
    low = retriever(MONOTONE[0], "[0,1]", theta="temperature", **options)
    assert few.hidden_units == trades[-1].units < low.hidden_units == trades[0].units
    assert few.beta > low.beta
    # built networks are a little better than predicted, and so is their temperature
    assert few.beta <= trades[-1].beta and low.beta <= trades[0].beta
    assert few.proven <= fmpq(1, 10) and low.proven <= fmpq(1, 10)
    assert units(few.utility, few.x, few.y, few.theta * few.eta / 2) == few.hidden_units


def test_plot(tmp_path: Path) -> None:
    trades = pareto(NEAREST, "[0,1]", **SHARES)
    ax = pareto_plot(trades, retriever(NEAREST, "[0,1]", **SHARES), "nearest item")
    assert [len(line.get_xdata()) for line in ax.get_lines()] == [len(trades), 1]
    assert list(ax.get_lines()[0].get_ydata()) == [t.units for t in trades]
    ax.figure.savefig(tmp_path / "pareto.png")
    assert (tmp_path / "pareto.png").stat().st_size > 5000


@pytest.mark.torch
@pytest.mark.parametrize("utility", [MONOTONE[0], MONOTONE[2]])
def test_torch_keeps_the_error(utility: str) -> None:
    pytest.importorskip("torch", reason="PyTorch is not installed")
    built = retriever(utility, "[0,1]", **SHARES)
    seen = 0
    for x, items in contexts(8, 5):
        best = built.best(x, items)
        if best is None:
            continue
        double, single = built.execute([x], items), built.execute([x], items, "float32")
        assert double.distance(0, best) <= built.proven + double.rounding
        assert single.distance(0, best) <= built.proven + single.rounding
        assert double.rounding < fmpq(1, 10**9) < single.rounding
        exact = built.error(x, items, best)
        for run in (double, single):
            assert abs(arb(run.distance(0, best)) - exact) <= run.rounding
        seen += 1
        if seen == 5:
            break
    with pytest.raises(InputError, match="dtype: 'float16'"):
        built.execute([x], items, "float16")


@pytest.mark.torch
def test_trained_networks() -> None:
    pytest.importorskip("torch", reason="PyTorch is not installed")
    built = retriever(MONOTONE[0], "[0,1]", networks="trained", seed=1, **SHARES)
    assert built.proven <= fmpq(1, 10) and built.hidden_units == built.predicted
    assert check_contexts(built, 20) >= 10


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"utility": "sin(9*y)"}, "not proved to be strictly monotone, concave or convex"),
        ({"utility": "x**2"}, "not proved to be strictly monotone"),
        ({"gamma": None}, "or eta is needed"),
        ({"eta": "1/5"}, "and not both"),
        ({"eta": 0, "gamma": None}, "eta: 0 is not positive"),
        ({"gamma": 2}, "gamma"),
        ({"eps": 0}, "eps: 0 is not positive"),
        ({"eps": 0.1}, "float"),
        ({"n": 1}, "n: 1 is not accepted"),
        ({"theta": "2"}, "theta: 2 is not accepted"),
        ({"theta": "few"}, "theta"),
        ({"networks": "dreamt"}, "'dreamt' is not accepted"),
    ],
)
def test_bad_input(change: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        retriever(**{"utility": NEAREST, "x": "[0,1]", **SHARES, **change})
