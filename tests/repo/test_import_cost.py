"""What a fresh interpreter loads: the package itself, and the table of theorems, stay light."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("torch", "sympy", "matplotlib", "hypothesis", "z3", "numpy", "flint", "mpmath", "scipy")
LIST = """
import contextlib, io
from relverify.cli import run
with contextlib.redirect_stdout(io.StringIO()) as output:
    assert run(["list"]) == 0
assert "perturbation" in output.getvalue()
"""


def _loaded(code: str, names: tuple[str, ...]) -> set[str]:
    program = f"{code}\nimport sys\nprint(*[n for n in {names!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)
    return set(done.stdout.split())


@pytest.mark.parametrize("module", ["relverify", "relverify.strategies", "relverify.errors", "relverify.plot"])
def test_importing_loads_nothing_heavy(module: str) -> None:
    names = tuple(n for n in HEAVY if not (module == "relverify.plot" and n == "numpy"))
    assert _loaded(f"import {module}", names) == set()


def test_the_registry_loads_no_mathematics() -> None:
    code = "from relverify.core.registry import theorems\nassert len(theorems()) > 10"
    assert _loaded(code, HEAVY) == set()


def test_listing_theorems_loads_no_mathematics() -> None:
    assert _loaded(LIST, ("torch", "sympy", "matplotlib", "hypothesis", "z3", "flint", "scipy")) == set()


def test_the_detector_sees_what_is_loaded() -> None:
    assert _loaded("import sympy", ("sympy", "torch")) == {"sympy"}
