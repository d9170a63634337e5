"""The entry point that Hypothesis loads."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from importlib.metadata import entry_points

import pytest
from flint import fmpq, fmpq_mat
from hypothesis import given, settings
from hypothesis import strategies as st

from relverify.attention.preorders import Preorder
from relverify.core.box import Box
from relverify.networks.mlp import MLP
from relverify.relations import Relation
from relverify.strategies.smooth import SmoothRelation


def test_the_entry_point_is_declared_and_loads() -> None:
    (entry,) = entry_points(group="hypothesis", name="relverify")
    entry.load()()


@given(st.from_type(fmpq))
def test_hypothesis_draws_rationals_of_flint(value: fmpq) -> None:
    assert isinstance(value, fmpq)


def test_loading_hypothesis_does_not_load_the_mathematics() -> None:
    code = "import sys, hypothesis; print([n for n in ('torch', 'sympy', 'matplotlib', 'z3') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == "[]"


@given(st.from_type(fmpq_mat))
def test_hypothesis_draws_matrices_of_flint(value: fmpq_mat) -> None:
    assert value.nrows() >= 1


@pytest.mark.parametrize(
    ("module", "kind"),
    [("boxes", Box), ("relations", Relation), ("smooth", SmoothRelation), ("preorders", Preorder), ("networks", MLP)],
)
def test_modules_teach_their_types_to_hypothesis(module: str, kind: type) -> None:
    import_module(f"relverify.strategies.{module}")

    @settings(max_examples=3)
    @given(st.from_type(kind))
    def check(value: object) -> None:
        assert isinstance(value, kind)

    check()
