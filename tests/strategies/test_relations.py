"""Random relations: PSD ones have PSD Gram matrices, asymmetric ones differ from their transpose, texts read back."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from flint import arb, ctx, fmpq, fmpq_mat
from hypothesis import Phase, assume, find, given, settings
from hypothesis import strategies as st

from relverify.core.box import parse_box
from relverify.relations import Relation, parse_relation
from relverify.rigor.exact import exact, to_fmpq
from relverify.strategies.numbers import rationals
from relverify.strategies.relations import (
    asymmetric_relations,
    asymmetric_sums,
    fourier_sums,
    indefinite_relations,
    mercer_sums,
    psd_relations,
    relations,
    ridges,
)

QUICK = settings(phases=(Phase.generate, Phase.shrink), database=None)
POINTS = st.lists(rationals(-3, 3), min_size=1, max_size=4, unique=True)
GRID = [fmpq(k, 3) for k in range(-5, 6)]


def _positive_up_to(relation: Relation, points: list[fmpq], prec: int = 320) -> bool:
    """Whether the Gram matrix plus 2^-100 times the identity is proved positive definite: all pivots are positive."""
    with ctx.workprec(prec):
        value = relation.functions.value
        rows = [[value(arb(p), arb(q)) for q in points] for p in points]
        for i in range(len(points)):
            rows[i][i] += arb(2) ** -100
        for k, pivot_row in enumerate(rows):
            if not pivot_row[k] > 0:
                return False
            for row in rows[k + 1 :]:
                factor = row[k] / pivot_row[k]
                row[k:] = [a - factor * b for a, b in zip(row[k:], pivot_row[k:], strict=True)]
        return True


def _exactly_psd(gram: fmpq_mat) -> bool:
    """All principal minors are at least zero."""
    size = gram.nrows()
    return all(
        fmpq_mat([[gram[i, j] for j in chosen] for i in chosen]).det() >= 0
        for order in range(1, size + 1)
        for chosen in combinations(range(size), order)
    )


@given(psd_relations(), POINTS)
def test_gram_matrices_are_positive(relation: Relation, points: list) -> None:
    assert relation.psd is True and relation.psd_reason
    assert relation.psd_on(parse_box("[-3,3]")) is True
    assert _positive_up_to(relation, [to_fmpq(p) for p in points])


@given(mercer_sums(), POINTS)
def test_polynomial_gram_matrices_are_exactly_psd(relation: Relation, points: list) -> None:
    x, y = *relation.x_symbols, *relation.y_symbols
    assume(relation.expr.is_polynomial(x, y))
    values = [[relation.expr.subs({x: exact(p), y: exact(q)}) for q in points] for p in points]
    assert _exactly_psd(fmpq_mat([[to_fmpq(v) for v in row] for row in values]))


@given(psd_relations())
def test_psd_relations_are_symmetric(relation: Relation) -> None:
    assert relation.symmetric


@given(st.one_of(fourier_sums(), mercer_sums(max_terms=1)))
def test_the_check_sees_a_wrong_sign(relation: Relation) -> None:
    negative = relation * -1
    assert negative.psd is None
    assume(relation.functions.value(arb(1) / 3, arb(1) / 3) > 0)
    assert not _positive_up_to(negative, [fmpq(1, 3)])


@given(relations())
def test_texts_read_back(relation: Relation) -> None:
    assert parse_relation(relation.text).expr == relation.expr


@given(asymmetric_relations())
def test_asymmetric_relations_differ_from_their_transpose(relation: Relation) -> None:
    assert relation.psd is False and relation.psd_reason == "it is not symmetric"
    with ctx.workprec(128):
        value = relation.functions.value
        assert any(not value(arb(p), arb(q)).overlaps(value(arb(q), arb(p))) for p in GRID for q in GRID)


@settings(max_examples=8)
@given(asymmetric_relations())
def test_asymmetry_is_never_called_symmetry(relation: Relation) -> None:
    assert not relation.symmetric


@pytest.mark.parametrize("word", ["Mercer", "Bochner", "sum of PSD", "Schur", "nonnegative"])
def test_every_construction_occurs(word: str) -> None:
    if word == "nonnegative":
        assert find(psd_relations(), lambda r: ") * (" in r.text and r.expr == 0, settings=QUICK)
    else:
        assert find(psd_relations(), lambda r: word in r.psd_reason, settings=QUICK)


def test_relations_shrink_to_something_short() -> None:
    assert len(find(psd_relations(), lambda r: True, settings=QUICK).text) <= 20
    assert len(find(ridges(), lambda r: True, settings=QUICK).text) <= 40
    assert len(find(asymmetric_sums(), lambda r: True, settings=QUICK).text) <= 20


@settings(max_examples=30)
@given(indefinite_relations())
def test_indefinite_relations_are_symmetric_and_take_both_signs(relation: Relation) -> None:
    """Floating point suggests the weights; that the forms have the two signs is proved."""
    assert relation.psd is False and relation.symmetric
    points = [fmpq(k) for k in range(-2, 3)]
    with ctx.workprec(256):
        rows = [[relation.functions.value(arb(p), arb(q)) for q in points] for p in points]
        _, vectors = np.linalg.eigh(np.array([[float(v.mid()) for v in row] for row in rows]))
        forms = []
        for vector in (vectors[:, 0], vectors[:, -1]):
            weights = [arb(w) for w in vector.tolist()]
            pairs = [
                (v * w, value)
                for v, row in zip(weights, rows, strict=True)
                for w, value in zip(weights, row, strict=True)
            ]
            forms.append(sum((weight * value for weight, value in pairs), arb(0)))
    assert forms[0] < 0 < forms[1]
