"""Steps name their prover, and are discharged by it."""

import pytest
import sympy as sp

from relverify.core.steps import Cited, Identity, Inequality, Limit, OnBox, Step
from relverify.rigor.decide import Verdict

x, y = sp.symbols("x y", real=True)
PROVED, REFUTED, UNDECIDED = Verdict.PROVED, Verdict.REFUTED, Verdict.UNDECIDED


@pytest.mark.parametrize(
    ("step", "prover", "verdict"),
    [
        (Identity((x + y) ** 2, "=", x**2 + 2 * x * y + y**2, "Expand."), "SymPy", PROVED),
        (Identity((x + y) ** 2, "=", x**2 + y**2, "Wrong."), "SymPy", REFUTED),
        (Identity(x, "<=", x, "No equation."), "SymPy", UNDECIDED),
        (Limit(sp.Limit(sp.sin(x) / x, x, 0), "=", sp.Integer(1), "The slope at 0."), "SymPy", PROVED),
        (Limit(sp.Limit(sp.sin(x) / x, x, 0), "=", sp.Integer(2), "Wrong."), "SymPy", REFUTED),
        (Limit(sp.Limit(sp.sin(x) / x, x, 0), "<=", sp.Integer(1), "No equation."), "SymPy", UNDECIDED),
        (Limit(sp.sin(x) / x, "=", sp.sin(x) / x, "No limit."), "SymPy", UNDECIDED),
        (Limit(sp.Limit(sp.Function("f")(x) / x, x, 0), "=", sp.Integer(1), "Unknown."), "SymPy", UNDECIDED),
        (Inequality(2 * x * y, "<=", x**2 + y**2, "A square."), "Z3", PROVED),
        (Inequality(3 * x * y, "<=", x**2 + y**2, "Wrong."), "Z3", REFUTED),
        (Inequality(x, "<=", y, "Given.", given=(x <= y,)), "Z3", PROVED),
        (Inequality(sp.sin(x), "<=", x, "Beyond Z3."), "Z3", UNDECIDED),
        (OnBox(sp.sin(x), "<", x, "Taylor.", box={x: ("1/10", 3)}), "Arb", PROVED),
        (OnBox(sp.sin(x), ">", x, "Wrong.", box={x: ("1/10", 3)}), "Arb", REFUTED),
        (OnBox(sp.sin(x), "<=", x, "Touches.", box={x: (0, 3)}), "Arb", UNDECIDED),
        (OnBox(sp.sin(x), "<=", x, "No box."), "Arb", UNDECIDED),
        (Cited(x, "<=", y, "Lemma.", lemma="a-lemma", key="a-book"), "cited", PROVED),
    ],
)
def test_discharge(step, prover, verdict):
    decision = step.discharge()
    assert (step.prover, decision.verdict) == (prover, verdict)
    assert "\n" not in decision.reason


def test_cited_steps_say_so():
    reason = Cited(x, "<=", y, "Lemma.", lemma="a-lemma", key="a-book").discharge().reason
    assert reason == "modulo a-lemma (a-book)"


def test_a_bare_step_proves_nothing():
    with pytest.raises(TypeError, match="names no prover"):
        Step(x, "=", x, "").discharge()
