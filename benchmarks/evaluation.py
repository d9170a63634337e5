"""How fast bounds are evaluated: SymPy, mpmath, the compiled Arb code, and the public call with all its checks.

Run ``python -m benchmarks.evaluation`` from the checkout. Every unit is evaluated to 50 digits at one exact point, in
one process; the candidates take turns and the best of all turns counts, so that a busy machine does little harm. The
caches of SymPy are warm, as ours are; a second figure has new values in every call. The exit code is 1 if a target is
missed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mpmath
import sympy as sp
from flint import ctx
from rich.console import Console
from rich.table import Table

from relverify.core.box import parse_box
from relverify.core.registry import theorems
from relverify.core.theorem import Theorem
from relverify.errors import InputError
from relverify.relations import parse_relation
from relverify.rigor.enclose import compile_arb, enclose
from relverify.rigor.exact import exact

DIGITS = 50
PREC = 192
TURN = 0.004
NEW_POINTS = 40
SPECIAL = (sp.polygamma, sp.besseli, sp.besselj, sp.besselk, sp.lowergamma, sp.uppergamma)
TARGETS = {"evalf/compiled": 80.0, "mpmath/compiled": 5.0, "evalf/public": 30.0, "mpmath/public": 2.5}
IMPORT_LIMIT, LIST_LIMIT = 0.2, 1.0

# what a user would type; a unit that refuses these values is evaluated at its own example
POINT: Mapping[str, Any] = {
    "n": 128, "n_x": 40, "n_y": 60, "N": 99, "m": 5, "d": 3, "k": 4, "beta": 30, "eta": "1/7", "eps": "1/2",
    "eps_u": "1/50", "eps_1": "1/100", "tau": "1/100", "delta": "1/30", "delta_f": "0.1", "delta_g": Fraction(1, 9),
    "K": 1, "K_f": 1, "K_g": 2, "L": 1, "L_x": 1, "L_y": 2, "M": 4, "M_x": 4, "M_y": "16/3", "D": 2, "R": 1, "V": 3,
    "h": "1/64", "h_x": "1/64", "h_y": "1/48", "S": 2, "mu": "1/3", "kappa": 1, "norm_f": 2, "theta": 2, "gamma": "1/4",
    "ell": "1/2", "t": "1/2", "p": 2,
}  # fmt: skip


def point(theorem: Theorem) -> Mapping[str, Any]:
    """Exact values for the symbols of a bound."""
    values = {s.name: POINT[s.name] for s in theorem.bound.symbols if s.name in POINT}
    try:
        theorem.bound.evaluate(DIGITS, values)
        return values
    except InputError:
        from relverify.interop.sphinx import example

        found = example(theorem)
        if found is None:
            raise
        return {name: value if isinstance(value, int) else str(value) for name, value in found.items()}


def candidates(expr: sp.Expr, values: Mapping[sp.Symbol, Any]) -> dict[str, Callable[[], Any]]:
    """The ways to evaluate an expression that do not know of theorems; arguments are prepared."""
    exacts = {s: exact(v) for s, v in values.items()}
    lambdified = sp.lambdify(list(exacts), expr, "mpmath")
    floats = [mpmath.mpf(sp.N(v, DIGITS + 5)) for v in exacts.values()]
    compiled = compile_arb(expr, tuple(exacts))
    balls = [enclose(v, prec=PREC) for v in exacts.values()]
    return {
        "subs.evalf": lambda: expr.subs(exacts).evalf(DIGITS),
        "evalf(subs)": lambda: expr.evalf(DIGITS, subs=exacts),
        "mpmath": lambda: lambdified(*floats),
        "compiled": lambda: compiled(*balls),
    }


def agree(calls: Mapping[str, Callable[[], Any]]) -> None:
    """All candidates find the same number; a benchmark of a wrong answer would be worthless."""
    found = {name: sp.sympify(str(call().value) if name == "public" else call()) for name, call in calls.items()
             if name != "compiled"}  # fmt: skip
    ball = calls["compiled"]()
    reference = sp.Float(str(ball.str(DIGITS, radius=False)), DIGITS)
    for name, value in found.items():
        if abs(sp.Float(value, DIGITS) - reference) > abs(reference) * sp.Float("1e-45") + sp.Float("1e-60"):
            raise AssertionError(f"{name}: {value}, compiled: {ball}")


def best(calls: Mapping[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """Seconds a call of each, the best of many short turns taken in rotation."""
    numbers = {}
    for name, call in calls.items():
        call()
        start = time.perf_counter()
        call()
        numbers[name] = max(1, int(TURN / max(time.perf_counter() - start, 1e-7)))
    seconds = dict.fromkeys(calls, float("inf"))
    for _ in range(rounds):
        for name, call in calls.items():
            turns = range(numbers[name])
            start = time.perf_counter()
            for _turn in turns:
                call()
            seconds[name] = min(seconds[name], (time.perf_counter() - start) / numbers[name])
    return seconds


def row(label: str, seconds: Mapping[str, float], special: bool, values: Mapping[Any, Any]) -> dict[str, Any]:
    """Times in microseconds and their ratios; SymPy counts with its faster form."""
    form = min("subs.evalf", "evalf(subs)", key=seconds.__getitem__)
    times = {"evalf": seconds[form], **{k: seconds[k] for k in ("mpmath", "compiled", "public") if k in seconds}}
    ratios = {
        f"{slow}/{fast}": times[slow] / times[fast]
        for fast in ("compiled", "public") for slow in ("evalf", "mpmath") if fast in times
    }  # fmt: skip
    return {
        "label": label,
        "special": special,
        "at": {str(k): str(v) for k, v in values.items()},
        "evalf_form": form,
        "microseconds": {k: v * 1e6 for k, v in times.items()},
        "ratios": ratios,
    }


def measure_bound(theorem: Theorem, rounds: int) -> dict[str, Any]:
    """The times of the bound of one theorem."""
    bound, values = theorem.bound, point(theorem)
    symbols = {s.name: s for s in bound.symbols}
    calls = candidates(bound.expression, {symbols[name]: value for name, value in values.items()})
    calls["public"] = lambda: bound.evaluate(DIGITS, values)
    agree(calls)
    return row(theorem.label, best(calls, rounds), bound.expression.has(*SPECIAL), values)


def measure_new(theorem: Theorem) -> dict[str, float] | None:
    """Ratios where every call has values never seen before, texts of new rationals; None if there are too few."""
    bound, start = theorem.bound, point(theorem)
    symbols = {s.name: s for s in bound.symbols}
    points = [
        {
            name: value if symbols[name].is_integer else str(exact(value) * sp.Rational(10_007 - j, 10_007))
            for name, value in start.items()
        }
        for j in range(1, NEW_POINTS + 1)
    ]
    if all(symbols[name].is_integer for name in start):
        return None
    # other spellings of the same values, so that the public call finds nothing that was read here
    exacts = [
        {symbols[name]: exact(f"({value})" if isinstance(value, str) else value) for name, value in moved.items()}
        for moved in points
    ]
    lambdified = sp.lambdify(list(exacts[0]), bound.expression, "mpmath")
    floats = [[mpmath.mpf(sp.N(v, DIGITS + 5)) for v in values.values()] for values in exacts]
    expr, evaluate = bound.expression, bound.evaluate
    runs: dict[str, tuple[Callable[[Any], Any], list[Any]]] = {
        "evalf": (lambda v: expr.evalf(DIGITS, subs=v), exacts),
        "mpmath": (lambda v: lambdified(*v), floats),
        "public": (lambda v: evaluate(DIGITS, v), points),
    }
    seconds: dict[str, float] = {}
    try:
        for name, (call, inputs) in runs.items():
            taken = []
            for value in inputs:
                begin = time.perf_counter()
                call(value)
                taken.append(time.perf_counter() - begin)
            seconds[name] = statistics.median(taken)
    except InputError:
        return None
    return {f"{name}/public": seconds[name] / seconds["public"] for name in ("evalf", "mpmath")}


def measure_tails(rounds: int) -> list[dict[str, Any]]:
    """The tails of the expansions of relations: incomplete gamma and polygamma functions."""
    rows = []
    for text, d in (("gaussian(ell=1/2)", 10), ("brownian", 12)):
        expansion = parse_relation(text).expansion(parse_box("[0,1]"))
        assert expansion is not None
        calls = candidates(expansion.tail(d), {})
        agree(calls)
        rows.append(row(f"tail of {text}, d={d}", best(calls, max(3, rounds // 4)), True, {}))
    return rows


def start_up(rounds: int = 5) -> dict[str, float]:
    """Seconds of ``import relverify`` in a new interpreter and of ``relverify list`` with its start."""
    clock = "import time; t = time.perf_counter(); import relverify; print(time.perf_counter() - t)"
    imports, lists = [], []
    for _ in range(rounds):
        done = subprocess.run([sys.executable, "-c", clock], capture_output=True, text=True, check=True)
        imports.append(float(done.stdout))
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-m", "relverify", "list"], capture_output=True, check=True)
        lists.append(time.perf_counter() - begin)
    return {"import relverify": min(imports), "relverify list": min(lists)}


def medians(rows: list[dict[str, Any]]) -> dict[str, float]:
    """The medians over the units without special functions."""
    plain = [r for r in rows if not r["special"]]
    return {name: statistics.median(r["ratios"][name] for r in plain) for name in TARGETS}


def table(rows: list[dict[str, Any]], title: str) -> Table:
    """Rows for the terminal."""
    shown = Table(title=title)
    shown.add_column("unit")
    for name in ("evalf µs", "mpmath µs", "compiled µs", "public µs", *TARGETS):
        shown.add_column(name, justify="right")
    for r in rows:
        times = [f"{r['microseconds'][k]:.2f}" if k in r["microseconds"] else "" for k in
                 ("evalf", "mpmath", "compiled", "public")]  # fmt: skip
        shown.add_row(r["label"], *times, *(f"{r['ratios'][k]:.1f}" if k in r["ratios"] else "" for k in TARGETS))
    return shown


def write(path: Path, record: Mapping[str, Any]) -> None:
    """Write JSON; the file appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
        json.dump(record, file, indent=1)
    os.replace(file.name, path)


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; 0 if all targets are met."""
    parser = argparse.ArgumentParser(description="Speed of evaluation to 50 digits.")
    parser.add_argument("--rounds", type=int, default=25, help="turns of each candidate at each unit")
    parser.add_argument("--out", type=Path, help="a JSON file for the results")
    options = parser.parse_args(arguments)
    mpmath.mp.dps, ctx.prec = DIGITS, PREC
    rows = [measure_bound(theorem, options.rounds) for theorem in theorems().values()]
    rows += measure_tails(options.rounds)
    new = [found for theorem in theorems().values() if (found := measure_new(theorem))]
    result = medians(rows)
    starts = start_up()
    packages = {name: version(name) for name in ("sympy", "mpmath", "python-flint", "relverify")}
    record = {
        "digits": DIGITS,
        "python": platform.python_version(),
        "mpmath_backend": mpmath.libmp.BACKEND,
        "versions": packages,
        "rows": rows,
        "medians": result,
        "medians_new_values": {k: statistics.median(n[k] for n in new) for k in ("evalf/public", "mpmath/public")},
        "start_up_seconds": starts,
        "targets": TARGETS,
    }
    console = Console(width=150)
    console.print(table([r for r in rows if not r["special"]], f"Evaluation to {DIGITS} digits"))
    console.print(table([r for r in rows if r["special"]], "With special functions (not in the medians)"))
    forms = [r["evalf_form"] for r in rows]
    console.print(
        f"Python {record['python']}, mpmath backend: {record['mpmath_backend']}, "
        + ", ".join(f"{k} {v}" for k, v in packages.items())
        + f"; SymPy by the faster of expr.subs(values).evalf (here {forms.count('subs.evalf')} times) "
        f"and expr.evalf(subs=values) ({forms.count('evalf(subs)')} times)"
    )
    met = True
    for name, target in TARGETS.items():
        met &= result[name] >= target
        said = "ok" if result[name] >= target else "MISSED"
        console.print(f"median {name}: {result[name]:.2f} (target {target:g}) {said}")
    for name, value in record["medians_new_values"].items():
        console.print(f"median {name} where no value was seen before ({len(new)} units): {value:.1f}")
    for (name, seconds), limit in zip(starts.items(), (IMPORT_LIMIT, LIST_LIMIT), strict=True):
        met &= seconds < limit
        console.print(f"{name}: {seconds:.3f} s (limit {limit:g} s) {'ok' if seconds < limit else 'MISSED'}")
    if options.out:
        write(options.out, record)
    return 0 if met else 1


if __name__ == "__main__":
    raise SystemExit(main())
