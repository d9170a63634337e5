"""The wheel, installed outside the checkout with the core dependencies only, does what the checkout does."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def _run(*command, cwd):
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV", "PIP_REQUIRE"))}
    done = subprocess.run(
        [str(c) for c in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


@pytest.mark.slow
def test_wheel_outside_the_checkout(tmp_path):
    constraints = ROOT / "constraints.txt"
    _run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", tmp_path, ROOT, cwd=tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    _run(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    python = tmp_path / "venv" / "bin" / "python"
    _run(python, "-m", "pip", "install", "-q", "-c", constraints, wheel, cwd=tmp_path)
    installed = _run(python, "-m", "pip", "list", "--format=freeze", cwd=tmp_path).lower()
    assert "torch==" not in installed
    assert "pytest==" not in installed

    arguments = ["bound", "softmax-selection", "n=128", "beta=30", "eta=1/7", "--digits", "50", "--json"]
    printed = json.loads(_run(tmp_path / "venv" / "bin" / "relverify", *arguments, cwd=tmp_path))
    code = (
        "import json, relverify; "
        "print(json.dumps(relverify.bound('softmax-selection', n=128, beta=30, eta='1/7', digits=50)))"
    )
    assert json.loads(_run(python, "-c", code, cwd=tmp_path)) == printed
    where = _run(python, "-c", "import relverify; print(relverify.__file__)", cwd=tmp_path)
    assert str(tmp_path) in where
    out = tmp_path / "out"
    _run(python, "-m", "relverify", "verify", "perturbation", "--out", out, cwd=tmp_path)
    assert "proved" in (out / "report.html").read_text()
