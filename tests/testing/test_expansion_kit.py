"""Every expansion of the catalogue passes the three checks, and planted errors do not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import sympy as sp

from relverify.core.box import parse_box
from relverify.errors import InputError
from relverify.relations import Relation, families, parse_relation
from relverify.relations.expansion import Expansion
from relverify.rigor.decide import Verdict
from relverify.testing.expansion_kit import attained_tails, check_expansion, eigenpairs, partial_sums, series

EXPANDED = [
    ("arc_cosine(order=0)", "[0,3]"),
    ("arc_cosine(order=1)", "[-1,2]"),
    ("bilinear(A=[[2,1],[1,3]])", "[-1,2]x[0,1]"),
    ("bilinear(A=[[1,1],[1,1]])", "[-1,1]^2"),
    ("brownian", "[0,3/2]"),
    ("brownian_bridge", "[0,1]"),
    ("brownian_bridge", "[1/4,1]"),
    ("exponential(w=2)", "[-1,1/2]"),
    ("exponential(w=[[1,0],[0,1]])", "[0,1]^2"),
    ("gaussian(ell=1/2)", "[0,1]"),
    ("gaussian(ell=2)", "[-3/2,2]"),
    ("gaussian(ell=1,dim=2)", "[0,1]x[-1,1]"),
    ("laplace(ell=1)", "[0,1]"),
    ("laplace(ell=2/3)", "[-1,1]"),
    ("periodic_matern(nu=1/2,ell=1)", "[0,6]"),
    ("periodic_matern(nu=3/2,ell=2)", "[0,1]"),
    ("periodic_matern(nu=5/2,ell=1/2)", "[-1,1]"),
    ("periodic_sobolev(m=1)", "[0,1]"),
    ("periodic_sobolev(m=2)", "[0,1]"),
    ("periodic_sobolev(m=4)", "[1/3,1]"),
    ("poisson(rho=2/3)", "[-3,3]"),
    ("polynomial(p=4,c=1/2)", "[-2,1]"),
    ("polynomial(p=3)", "[0,1]"),
    ("polynomial(p=2,c=1,dim=3)", "[0,1]^3"),
    ("von_mises(kappa=3)", "[0,7]"),
]


@pytest.mark.parametrize(("text", "box"), EXPANDED)
def test_the_expansion_passes(text: str, box: str) -> None:
    cuts = (0, 1, 4) if "laplace" in text else (0, 1, 2, 3, 6)
    found = {c.name: c for c in check_expansion(text, box, cuts)}
    assert {"partial sums", "series"} <= set(found)
    assert all(c.verdict is Verdict.PROVED for c in found.values()), [c.detail for c in found.values()]


def test_every_family_with_an_expansion_is_checked() -> None:
    named = {parse_relation(text).name for text, _ in EXPANDED}
    expanded = {n for n, f in families().items() if parse_relation(f.example).expansion(parse_box(f.box)) is not None}
    assert expanded == named


def _with(text: str, change: Callable[[Expansion], Expansion]) -> Relation:
    relation = parse_relation(text)
    expand = relation.expand
    assert expand is not None
    return replace(relation, expand=lambda box: change(expand(box)))  # type: ignore[arg-type]


UNIT = parse_box("[0,1]")


@pytest.mark.parametrize("text", ["gaussian(ell=1/2)", "von_mises(kappa=3)", "brownian", "laplace(ell=1)"])
def test_a_tail_that_is_too_small_is_refuted(text: str) -> None:
    small = _with(text, lambda e: replace(e, tail=lambda d: e.tail(d) * sp.Rational(9, 10)))
    assert partial_sums(small, UNIT)[0] is Verdict.REFUTED or series(small, UNIT)[0] is Verdict.REFUTED
    if small.expansion(UNIT).attained:
        assert attained_tails(small, UNIT)[0] is Verdict.REFUTED


def test_a_tail_that_is_too_large_is_not_attained() -> None:
    large = _with("brownian", lambda e: replace(e, tail=lambda d: e.tail(d) * sp.Rational(101, 100)))
    assert attained_tails(large, UNIT)[0] is Verdict.REFUTED
    assert partial_sums(large, UNIT)[0] is Verdict.PROVED


def test_a_wrong_feature_is_refuted() -> None:
    wrong = _with("periodic_sobolev(m=2)", lambda e: replace(e, feature=lambda i: e.feature(i) * (2 if i == 3 else 1)))
    assert partial_sums(wrong, UNIT)[0] is Verdict.REFUTED
    assert eigenpairs(wrong, UNIT)[0] is Verdict.REFUTED


def test_a_wrong_eigenvalue_is_refuted() -> None:
    def doubled(e: Expansion) -> Expansion:
        assert e.spectrum is not None
        value = e.spectrum.eigenvalue
        return replace(
            e, spectrum=replace(e.spectrum, eigenvalue=lambda i: value(i) * (1 + sp.Rational(i == 2, 10**6)))
        )

    assert eigenpairs(_with("laplace(ell=1)", doubled), UNIT)[0] is Verdict.REFUTED


def test_a_lower_bound_that_is_too_large_is_refuted() -> None:
    wrong = _with("laplace(ell=1)", lambda e: replace(e, lower=lambda d: e.tail(d) + sp.Rational(1, 50)))
    assert series(wrong, UNIT, (1, 3))[0] is Verdict.REFUTED


def test_relations_without_an_expansion_are_refused() -> None:
    with pytest.raises(InputError, match="has no expansion"):
        list(check_expansion("tanh_order(c=1)", "[0,1]"))
