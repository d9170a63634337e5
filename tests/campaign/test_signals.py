"""Signals end a campaign in order: what is finished is kept, no process is left, and it is said how to go on."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from command import WAITING, finish, finished, start, started, until

pytestmark = pytest.mark.slow


def alive(process):
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    # a zombie whose parent does not ask for it has ended too
    status = Path(f"/proc/{process}/stat")
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")


def workers(folder):
    return {process for _, process in started(folder)}


def under_way(folder):
    """A campaign of which some tasks are finished, and most are not."""
    process = start("--jobs", "2", "--out", folder, plan="wait")
    until(lambda: finished(folder) >= 3)
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("everyone", [True, False], ids=["group", "one"])
def test_one_signal(tmp_path, number, everyone):
    process = under_way(tmp_path)
    begin = time.monotonic()
    (os.killpg if everyone else os.kill)(process.pid, number)
    code, out, err = finish(process)
    assert code == 128 + number and out == "" and time.monotonic() - begin < 20
    kept = finished(tmp_path)
    last = err.splitlines()[-1]
    assert last.startswith(f"interrupted; {kept} of {len(WAITING)} tasks are finished and kept in ")
    assert last.endswith("continue by the same command with --resume") and "Traceback" not in err
    assert 3 <= kept < len(WAITING) and not [w for w in workers(tmp_path) if alive(w)]
    assert not (tmp_path / "report.html").exists()
    before = len(started(tmp_path))
    code, _, err = finish(start("--jobs", "2", "--out", tmp_path, "--resume", plan="wait"))
    assert code == 0, err[-500:]
    # only what was not finished was done
    assert len(started(tmp_path)) - before == len(WAITING) - kept


def test_a_second_signal_ends_the_process_at_once(tmp_path):
    process = under_way(tmp_path)
    os.killpg(process.pid, signal.SIGINT)
    time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    code, _, err = finish(process)
    # by its handler, or, where all is done, by the system
    assert code in (130, -signal.SIGINT) and "Traceback" not in err
    assert "what was finished is kept" in err or "finished and kept" in err
    until(lambda: not [w for w in workers(tmp_path) if alive(w)])
    assert finished(tmp_path) >= 3
    code, _, err = finish(start("--jobs", "2", "--out", tmp_path, "--resume", plan="wait"))
    assert code == 0, err[-500:]


def test_workers_end_with_a_parent_that_is_killed(tmp_path):
    process = under_way(tmp_path)
    os.kill(process.pid, signal.SIGKILL)
    assert finish(process)[0] == -signal.SIGKILL
    until(lambda: not [w for w in workers(tmp_path) if alive(w)], 20)


def test_a_killed_worker_ends_the_campaign_with_one_line(tmp_path):
    process = under_way(tmp_path)
    os.kill(int(started(tmp_path)[-1][1]), signal.SIGKILL)
    code, _, err = finish(process)
    last = err.splitlines()[-1]
    assert code == 64 and last.startswith("relverify: jobs: a process was ended from outside")
    assert f"{finished(tmp_path)} of {len(WAITING)} tasks are finished and kept" in last and "--resume" in last
    assert "Traceback" not in err


def test_one_folder_takes_one_campaign_at_a_time(tmp_path):
    process = under_way(tmp_path)
    code, _, err = finish(start("--jobs", "1", "--out", tmp_path, plan="wait"))
    assert code == 64 and "another run is writing into" in err and len(err.splitlines()) == 1
    os.killpg(process.pid, signal.SIGTERM)
    assert finish(process)[0] == 143 and finished(tmp_path) >= 3
