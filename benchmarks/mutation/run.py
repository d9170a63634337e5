"""Mutation testing with the operators of cosmic-ray, each mutant in a process forked from one that is warm.

    python benchmarks/mutation/run.py [--target PART] [--seed 0] [--again]

works on a copy of the tree, appends each outcome to ``results/outcomes.jsonl`` of this folder and skips what is there:
remove that file when mutated modules have changed. ``--again`` repeats the survivors, after tests were added.
``report.py`` makes the table.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path
from typing import Any

from mutants import mutants, mutated

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
OUTCOMES = HERE / "results" / "outcomes.jsonl"
WARM = ("pytest", "hypothesis", "sympy", "flint", "mpmath", "z3", "numpy", "scipy.special", "scipy.optimize",
        "matplotlib.pyplot", "safetensors.numpy", "rich.console", "typer", "torch")  # fmt: skip
OPTIONS = ("-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--assert=plain",
           "-W", "ignore::pytest.PytestAssertRewriteWarning")  # fmt: skip


class Quick:
    """Hypothesis without shrinking: the first failure is enough."""

    def pytest_configure(self) -> None:
        from hypothesis import Phase, settings

        settings.register_profile("mutants", settings(), phases=(Phase.explicit, Phase.generate))
        settings.load_profile("mutants")


def run(tests: list[str], seconds: float) -> tuple[int | None, float]:
    """The exit code of the tests in a fork, None past the limit of processor seconds; and the seconds."""
    start, child = time.monotonic(), os.fork()
    if child == 0:
        os.setsid()
        quiet = os.open(os.environ.get("MUTANT_LOG", os.devnull), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 5))
        resource.setrlimit(resource.RLIMIT_AS, (8 * 2**30, 8 * 2**30))
        pytest = importlib.import_module("pytest")
        code = 3
        try:
            code = int(pytest.main([*OPTIONS, *tests], [Quick()]))
        except BaseException as error:
            print(repr(error))
        finally:
            sys.stdout.flush()
            os._exit(code)
    while True:
        done, status, used = os.wait4(child, os.WNOHANG)
        late = time.monotonic() - start > 10 * seconds
        if done or late:
            break
        time.sleep(0.02)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    if late and not done:
        _, status, used = os.wait4(child, 0)
    spent = used.ru_utime + used.ru_stime
    if late or (os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL)):
        return None, spent
    return (os.WEXITSTATUS(status) if os.WIFEXITED(status) else -1), spent


def copy_of_the_tree() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="mutants-"))
    for name in subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).splitlines():
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", default="", help="only targets whose modules contain this")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--again", action="store_true", help="repeat the survivors")
    given = parser.parse_args()
    targets = tomllib.loads((HERE / "targets.toml").read_text())["target"]
    tree = copy_of_the_tree()
    os.chdir(tree)
    os.environ |= {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1", "MPLBACKEND": "Agg"}
    subprocess.run([sys.executable, "-m", "compileall", "-q", "relverify"], check=True)
    sys.path.insert(0, str(tree))
    sys.dont_write_bytecode = True
    for name in WARM:
        importlib.import_module(name)
    for name in [n for n in sys.modules if n.split(".")[0] == "relverify"]:
        del sys.modules[name]
    OUTCOMES.parent.mkdir(exist_ok=True)
    for target in (t for t in targets if given.target in t["modules"]):
        work(tree, target, given)
    shutil.rmtree(tree)


def work(tree: Path, target: dict[str, Any], given: argparse.Namespace) -> None:
    known = {}
    if OUTCOMES.exists():
        known = {(r["module"], r["operator"], r["occurrence"]): r for r in map(json.loads, OUTCOMES.open())}
    paths = sorted(tree.glob(target["modules"]))
    found = [(path.relative_to(tree), *m) for path in paths for m in mutants(path.read_text())]
    random.Random(given.seed).shuffle(found)
    wanted, limits = target.get("sample", len(found)), {}
    print(f"{target['modules']}: {len(found)} mutants, {wanted} wanted", flush=True)
    for module, operator, occurrence, line in found:
        code = mutated((tree / module).read_text(), operator, occurrence) if wanted else None
        if code is None:
            continue
        wanted -= 1
        old = known.get((str(module), operator, occurrence))
        if old and not (given.again and old["outcome"] == "survived"):
            continue
        path, source = tree / module, (tree / module).read_text()
        user = target.get("users", {}).get(module.stem, module.stem)
        named = ([t.format(name=module.stem, user=user) for t in stage] for stage in target["stages"])
        stages = [stage for stage in named if (tree / stage[0]).exists()]
        outcome, seconds = "survived", 0.0
        for stage in stages:
            if str(stage) not in limits:
                exit_code, spent = run(stage, 1200)
                assert exit_code == 0, (stage, exit_code)
                limits[str(stage)] = 20 + 5 * spent
            for stale in path.parent.glob(f"__pycache__/{path.stem}.*"):
                stale.unlink()
            path.write_text(code)
            exit_code, spent = run(stage, limits[str(stage)])
            path.write_text(source)
            seconds += spent
            if exit_code not in (0, 5):
                outcome = "timeout" if exit_code is None else "killed"
                break
        before, after = source.splitlines(), code.splitlines()
        changed = [(a.strip(), b.strip()) for a, b in zip(before, after, strict=False) if a != b] or [("", "")]
        record = {"target": target["modules"], "of": len(found), "module": str(module), "operator": operator,
                  "occurrence": occurrence, "line": line, "old": changed[0][0], "new": changed[0][1],
                  "outcome": outcome, "stage": stage[0], "seconds": round(seconds, 2)}  # fmt: skip
        with OUTCOMES.open("a") as out:
            out.write(json.dumps(record, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
