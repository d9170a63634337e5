"""Signals at any time during ``relverify certify --out`` leave no half-written certificate."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from relverify.networks import files
from relverify.networks.mlp import MLP


def start(folder, out):
    """A certification that takes about a second after its start."""
    command = [sys.executable, "-m", "relverify", "certify", str(folder / "net.safetensors"), "--relation",
               "exp(-2*(x-y)^2)", "--x", "[-1,1]", "--within", "1.01", "--out", str(out)]  # fmt: skip
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.mark.slow
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_half_written_certificate(tmp_path, sent):
    rng = np.random.default_rng(0)
    net = MLP((rng.normal(size=(16, 1)), rng.normal(size=(4, 16))), (rng.normal(size=16), rng.normal(size=4)), "tanh")
    files.save(net, tmp_path / "net.safetensors")
    whole = tmp_path / "whole.cert"
    begin = time.perf_counter()
    assert start(tmp_path, whole).wait() in (0, 1, 2)
    seconds, size = time.perf_counter() - begin, whole.stat().st_size
    for moment in rng.uniform(0.3, 1.05, size=6) * seconds:
        out = tmp_path / "cut.cert"
        out.unlink(missing_ok=True)
        process = start(tmp_path, out)
        time.sleep(moment)
        process.send_signal(sent)
        process.wait()
        # the whole file, or none; a killed process may leave a hidden temporary beside it
        assert not out.exists() or abs(out.stat().st_size - size) < size / 10
        shown = {name for name in os.listdir(tmp_path) if not name.startswith(".")}
        assert shown <= {"net.safetensors", "whole.cert", "cut.cert"}
