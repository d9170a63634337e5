"""A campaign that is killed again and again ends with the same results as one that is not."""

import os
import random
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from command import PLAN, finish, finished, start, until, without_timings

KILLS = 20


@pytest.mark.slow
def test_kill_at_random_moments_then_resume(tmp_path):
    folder = tmp_path / "report"
    code, _, err = finish(start("--jobs", "2", "--out", folder))
    assert code == 0, err[-500:]
    expected = without_timings(folder / "results.json")
    chance, kills, ends, between = random.Random(5), 0, 0, 0
    while kills < KILLS or not ends:
        shutil.rmtree(folder)
        while True:
            process = start("--jobs", "2", "--out", folder, "--resume")
            before = finished(folder)
            if kills < KILLS and (before < len(PLAN) or chance.random() < 0.5):
                # some time after the start, after some result, or while the report is written
                results = min(before + chance.choice([0, 1, 1, 2]), len(PLAN))
                until(lambda p=process, r=results: finished(folder) >= r or p.poll() is not None)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=chance.uniform(0, 1.5))
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                    finish(process)
                    kills += 1
                    between += 0 < finished(folder) < len(PLAN)
                    continue
            code, _, err = finish(process)
            assert code == 0, err[-500:]
            break
        assert without_timings(folder / "results.json") == expected
        ends += 1
    print(f"{kills} kills, {between} of them between the first result and the last; {ends} campaigns ended")
    assert kills == KILLS and between >= 8
