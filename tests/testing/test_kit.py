"""Every theorem passes the kit, and the kit fails every broken one."""

from dataclasses import replace

import pytest
import sympy as sp
from flint import arb

from relverify.core.evaluate import Enclosure
from relverify.core.registry import theorem, theorems
from relverify.core.steps import Cited, Identity, Inequality
from relverify.core.symbols import a, b, eps, n
from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Resource, Source, Theorem, Witness
from relverify.rigor.decide import Decision, Verdict, decide
from relverify.rigor.enclose import enclose
from relverify.testing import instances
from relverify.testing.instances import conclusion
from relverify.testing.kit import check, refute

PROVED, REFUTED, UNDECIDED = Verdict.PROVED, Verdict.REFUTED, Verdict.UNDECIDED


@pytest.mark.parametrize("label", theorems())
def test_theorem(label):
    """The conformance of one unit; the counterexamples to its mutants are printed."""
    found = list(check(theorem(label), examples=15))
    for one in found:
        print(f"{label}: {one.name}: {one.verdict}: {one.detail}")
        if one.name == "mutants":
            print("\n".join(f"  {line}" for line in one.evidence))
    failed = {one.name: (str(one.verdict), one.detail) for one in found if one.verdict is not PROVED}
    assert not failed
    names = {one.name for one in found}
    assert names >= {"record", "derivation", "evaluation", "properties", "mutants"}
    assert sum(one.seconds for one in found) < 30


# one small true theorem, ab <= (a^2 + b^2)/2, which the tests below break in every way

HALF = (a**2 + b**2) / 2
GIVEN = Inequality(a * b, "<=", HALF, "The square of a - b is not negative.")


def _instance(first, second, exact=True, shift=0):
    first, second = sp.Rational(first), sp.Rational(second)
    product = first * second
    return Instance(
        {"a": first, "b": second},
        lambda prec: enclose(product + shift, prec=prec),
        f"a={first}, b={second}",
        product if exact else None,
    )


def _instances(exact=True, shift=0, low=-3):
    def strategy():
        from hypothesis import strategies as st

        from relverify.strategies.numbers import rationals

        return st.builds(lambda p, q: _instance(p, q, exact, shift), rationals(low, 3), rationals(low, 3))

    return strategy


def _formal(bound=HALF, steps=(GIVEN,), hypotheses=(), solve=None, quantities=(a, b)):
    meant = tuple(Quantity(s, "a number") for s in quantities)
    return lambda: Formal(meant, bound, "ab", tuple(steps), tuple(hypotheses), solve or {})


def _witness(predicted=2, built=2, error=1, allowed=1):
    return lambda: Witness("a witness", predicted, built, decide(sp.Le(sp.Integer(error), allowed, evaluate=False)))


TRUE = Theorem(
    label="means",
    title="Means",
    status="classical",
    sense="upper",
    constructive=True,
    sharp=True,
    statement="Geometric and arithmetic.",
    source=Source("steele2004"),
    formal=_formal(),
    instances=_instances(),
    extremal=lambda: _instance(3, 3),
    witness=_witness(),
    mutants=(Mutant("a-third", "3 in place of 2", lambda: _instance(3, 3), lambda f: f.bound * 2 / 3),),
)


def _verdicts(record, examples=15):
    return {one.name: one.verdict for one in check(record, examples)}


def test_the_true_theorem_passes():
    assert _verdicts(TRUE) == dict.fromkeys(
        ("record", "derivation", "evaluation", "properties", "sharpness", "mutants", "witness"), PROVED
    )


THIRD = HALF * 2 / 3
BROKEN = {
    "bound halved": (
        replace(TRUE, formal=_formal(HALF / 2, (Inequality(a * b, "<=", HALF / 2, "Wrong."),)), mutants=()),
        {"derivation": REFUTED, "properties": REFUTED, "sharpness": UNDECIDED, "record": REFUTED},
    ),
    "bound halved, derivation cited": (
        replace(TRUE, formal=_formal(HALF / 2, (Cited(a * b, "<=", HALF / 2, "No.", lemma="a-lemma", key="k"),))),
        {"record": PROVED, "derivation": PROVED, "properties": REFUTED, "sharpness": UNDECIDED, "mutants": UNDECIDED},
    ),
    "wrong step": (
        replace(TRUE, formal=_formal(steps=(Identity((a - b) ** 2, "=", a**2 - b**2, "Wrong."), GIVEN))),
        {"derivation": REFUTED, "record": PROVED, "properties": PROVED},
    ),
    "step beyond its prover": (
        replace(TRUE, formal=_formal(steps=(Inequality(sp.sin(a) * b, "<=", HALF, "Unclear."), GIVEN))),
        {"derivation": UNDECIDED},
    ),
    "step from contradictory assumptions": (
        replace(TRUE, formal=_formal(THIRD, (Inequality(a * b, "<=", THIRD, "From nothing.", (a < 0, a > 1)),))),
        {"derivation": UNDECIDED, "properties": REFUTED},
    ),
    "last step elsewhere": (
        replace(TRUE, formal=_formal(steps=(Inequality(a * b, "<=", a**2 + b**2, "Weaker."),))),
        {"record": REFUTED, "derivation": PROVED},
    ),
    "last step the other way": (
        replace(TRUE, formal=_formal(steps=(Inequality(a**2 + b**2, ">=", HALF, "Another claim."),))),
        {"record": REFUTED, "derivation": PROVED},
    ),
    "no step": (replace(TRUE, formal=_formal(steps=())), {"record": REFUTED}),
    "step cites nothing": (
        replace(TRUE, formal=_formal(steps=(Cited(a * b, "<=", HALF, "Well known."),))),
        {"record": REFUTED},
    ),
    "float in the bound": (
        replace(TRUE, formal=_formal(sp.Float("0.5") * (a**2 + b**2))),
        {"record": REFUTED, "evaluation": UNDECIDED},
    ),
    "float in a resource form": (
        replace(TRUE, formal=_formal(solve={"a": Resource(sp.Float("0.5") * b)})),
        {"record": REFUTED},
    ),
    "solved for no quantity": (replace(TRUE, formal=_formal(solve={"n": Resource(b)})), {"record": REFUTED}),
    "symbol without a meaning": (
        replace(TRUE, formal=_formal(HALF + n, (Inequality(a * b, "<=", HALF + n, "Weaker."),))),
        {"record": REFUTED, "evaluation": UNDECIDED, "properties": UNDECIDED},
    ),
    "no title": (replace(TRUE, title=" "), {"record": REFUTED}),
    "no statement": (replace(TRUE, statement=""), {"record": REFUTED}),
    "no source": (replace(TRUE, source=Source("")), {"record": REFUTED}),
    "unknown premise": (replace(TRUE, uses=("nothing",)), {"record": REFUTED}),
    "no instances": (replace(TRUE, instances=None), {"record": REFUTED}),
    "no mutants": (replace(TRUE, mutants=()), {"record": REFUTED}),
    "no witness": (replace(TRUE, witness=None), {"record": REFUTED}),
    "no extremal": (replace(TRUE, extremal=None), {"record": REFUTED, "sharpness": REFUTED}),
    "not attained": (replace(TRUE, extremal=lambda: _instance(3, 2)), {"sharpness": UNDECIDED, "properties": PROVED}),
    "nearly attained": (
        replace(TRUE, extremal=lambda: _instance(3, 3 + sp.Rational(1, 10**12))),
        {"sharpness": UNDECIDED},
    ),
    "attained at zero only": (replace(TRUE, extremal=lambda: _instance(0, 0)), {"sharpness": UNDECIDED}),
    "true mutant": (
        replace(TRUE, mutants=(Mutant("weaker", "larger", lambda: _instance(3, 3), lambda f: f.bound * 2),)),
        {"mutants": UNDECIDED},
    ),
    "mutant that is the bound": (
        replace(TRUE, mutants=(*TRUE.mutants, Mutant("same", "nothing", lambda: _instance(3, 3)))),
        {"mutants": UNDECIDED},
    ),
    "mutant at the wrong instance": (
        replace(TRUE, mutants=(replace(TRUE.mutants[0], instance=lambda: _instance(3, 1)),)),
        {"mutants": UNDECIDED},
    ),
    "mutant without an instance": (
        replace(TRUE, mutants=(replace(TRUE.mutants[0], instance=lambda: 1 / 0),)),
        {"mutants": UNDECIDED, "record": PROVED, "witness": PROVED},
    ),
    "instances outside the hypotheses": (
        replace(TRUE, formal=_formal(hypotheses=(a > 0, b > 0))),
        {"evaluation": UNDECIDED, "properties": UNDECIDED},
    ),
    "exact value is not the observed one": (replace(TRUE, instances=_instances(shift=1)), {"properties": REFUTED}),
    "instance without a value": (
        replace(TRUE, formal=_formal(quantities=(a, b, eps), bound=HALF + eps)),
        {"evaluation": UNDECIDED, "properties": UNDECIDED},
    ),
    "wrong count": (replace(TRUE, witness=_witness(predicted=2, built=3)), {"witness": REFUTED}),
    "fewer than promised": (replace(TRUE, witness=_witness(predicted=2, built=1)), {"witness": REFUTED}),
    "error too large": (replace(TRUE, witness=_witness(error=2)), {"witness": REFUTED}),
    "error undecided": (
        replace(TRUE, witness=lambda: Witness("a witness", 1, 1, Decision(UNDECIDED, "open"))),
        {"witness": UNDECIDED},
    ),
    "witness cannot be built": (replace(TRUE, witness=lambda: [][0]), {"witness": UNDECIDED}),
    "mathematics cannot be made": (replace(TRUE, formal=lambda: 1 / 0), {"record": UNDECIDED, "derivation": UNDECIDED}),
    "wrong sense": (replace(TRUE, sense="lower"), {"record": REFUTED, "properties": REFUTED}),
    "tight claim": (replace(TRUE, sense="tight"), {"properties": REFUTED, "sharpness": PROVED}),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_theorems_fail(name):
    record, expected = BROKEN[name]
    found = list(check(record, 15))
    verdicts = {one.name: one.verdict for one in found}
    assert expected.items() <= verdicts.items(), [one.as_dict() for one in found]
    assert any(v is not PROVED for v in verdicts.values())
    for one in found:
        assert one.detail and "\n" not in one.detail and one.seconds >= 0
        assert one.verdict is not REFUTED or one.detail != "complete"


def test_false_bounds_are_refuted_with_the_smallest_instance():
    record, _ = BROKEN["bound halved"]
    (evidence,) = next(one.evidence for one in check(record, 40) if one.name == "properties")
    assert evidence.startswith("a=1, b=1: ") and ">" in evidence


def test_a_bound_that_fails_outside_the_theorem_is_no_refuted_mutant():
    """Any bound fails where the hypotheses do."""
    positive = replace(TRUE, formal=_formal(hypotheses=(a > 0, b > 0)), instances=_instances(low=1), extremal=None)
    outside = Mutant("shifted", "less one", lambda: _instance(-3, -3), lambda f: f.bound - 1)
    assert _verdicts(replace(positive, mutants=(outside,)))["mutants"] is UNDECIDED
    assert (
        _verdicts(replace(positive, mutants=(replace(outside, instance=lambda: _instance(3, 3)),)))["mutants"] is PROVED
    )
    dropped = Mutant("dropped", "a hypothesis", lambda: _instance(-3, -3, shift=1, exact=False))
    assert _verdicts(replace(positive, mutants=(dropped,)))["mutants"] is PROVED
    false = replace(TRUE, formal=_formal(THIRD, (Inequality(a * b, "<=", THIRD, "No."),)))
    assert "the instance refutes the bound itself" in " ".join(
        next(one.evidence for one in check(false) if one.name == "mutants")
    )


def test_instances_without_a_closed_form_are_decided_by_balls():
    balls = replace(TRUE, instances=_instances(exact=False), extremal=lambda: _instance(3, 3, exact=False))
    found = _verdicts(balls)
    assert found["sharpness"] is PROVED
    assert found["properties"] in (PROVED, UNDECIDED)
    above = replace(balls, instances=_instances(exact=False, shift=100))
    assert _verdicts(above)["properties"] is REFUTED
    nan = replace(balls.extremal(), observed=lambda prec: arb.nan())
    assert conclusion(TRUE, HALF, nan).verdict is UNDECIDED
    assert _verdicts(replace(TRUE, extremal=lambda: nan))["sharpness"] is UNDECIDED


def test_lower_bounds_turn_everything_around():
    steps = (Inequality(HALF, ">=", a * b, "The same."),)
    lower = replace(
        TRUE,
        sense="lower",
        formal=_formal(a * b, steps),
        instances=lambda: _instances()().map(_reversed),
        extremal=lambda: _reversed(_instance(3, 3)),
        mutants=(Mutant("more", "twice", lambda: _reversed(_instance(3, 3)), lambda f: 2 * f.bound),),
    )
    assert set(_verdicts(lower).values()) == {PROVED}


def _reversed(instance):
    value = (instance.values["a"] ** 2 + instance.values["b"] ** 2) / 2
    return replace(instance, observed=lambda prec: enclose(value, prec=prec), exact=value)


def test_the_evaluation_check_sees_a_disagreement(monkeypatch):
    from relverify.errors import Disagreement

    def contradicted(self):
        raise Disagreement("planted")

    monkeypatch.setattr(Enclosure, "mpmath", property(contradicted))
    assert _verdicts(TRUE)["evaluation"] is REFUTED


def test_evidence_names_provers_lemmas_and_counterexamples():
    cited = replace(TRUE, formal=_formal(steps=(Cited(a, "<=", b, "No.", lemma="z-lemma", key="k"), GIVEN)))
    found = {one.name: one for one in check(cited, 5)}
    assert found["derivation"].detail == "2 steps, modulo {z-lemma}"
    assert [e.split(": ")[:3] for e in found["derivation"].evidence] == [
        ["step 1", "cited", "proved"],
        ["step 2", "Z3", "proved"],
    ]
    assert "a-third (3 in place of 2): refuted by a=3, b=3 [a=3, b=3]" in found["mutants"].evidence[0]
    assert len(found["evaluation"].evidence) == 9 and found["evaluation"].guarantee == "enclosed"
    text, decision = refute(TRUE, TRUE.mutants[0])
    assert text == "a=3, b=3 [a=3, b=3]" and decision.verdict is REFUTED
    assert found["record"].as_dict()["verdict"] == "proved"


def test_instances_are_reproducible():
    draws = [[i.text for i in instances.draw(TRUE, 4, seed)] for seed in (0, 0, 1)]
    assert draws[0] == draws[1] and draws[0] != draws[2]
