"""The entry point that Hypothesis loads."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points

from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st


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
