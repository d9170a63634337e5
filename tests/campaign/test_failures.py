"""A full disk, a folder that cannot be written, a file that is no store: one line, and nothing finished is lost."""

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from relverify.campaign import run as campaign
from relverify.campaign.plan import Task
from relverify.campaign.store import VERSION, Store
from relverify.errors import InputError

sys.path.insert(0, str(Path(__file__).parent))
from command import PLAN, finish, finished, start, until, without_timings


@contextmanager
def mounted(folder, *options):
    """A file system of its own, where this machine lets us mount one."""
    folder.mkdir(exist_ok=True)
    done = subprocess.run(["mount", *options, str(folder)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()[:80]}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def refused(done, *words):
    code, out, err = done
    last = err.splitlines()[-1]
    assert code == 64 and out == "" and last.startswith("relverify: "), err[-500:]
    assert all(word in last for word in words) and "Traceback" not in err, last
    return last


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The folder of a campaign that nothing disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    code, _, err = finish(start("--jobs", "1", "--out", folder))
    assert code == 0, err[-500:]
    return folder


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("mount") is None or os.geteuid() != 0, reason="only root mounts file systems")
def test_full_disk(tmp_path):
    with mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=8m", "none") as disk:
        process = start("--jobs", "1", "--out", disk)
        until(lambda: finished(disk) >= 1)
        fill(disk)
        line = refused(finish(process), "tasks are finished and kept", "--resume")
        assert "No space left on device" in line or "disk is full" in line
        results = kept_results(disk)
        assert 0 < len(results) < len(PLAN) and all(result["verdict"] == "proved" for result in results)
        (disk / "filler").unlink()
        code, _, err = finish(start("--jobs", "1", "--out", disk, "--resume"))
        assert code == 0, err[-500:]
        assert [r for r in kept_results(disk) if r in results] == results and finished(disk) == len(PLAN)
        # with a disk that is full from the start, resumed or anew, nothing that was finished is lost
        (disk / "report.html").unlink()
        fill(disk)
        for options in (["--resume"], []):
            refused(finish(start("--jobs", "1", "--out", disk, *options)), "disk is full")
        with pytest.raises(InputError, match="No space left on device"):
            campaign.rebuild(disk)
        (disk / "filler").unlink()
        assert finished(disk) == len(PLAN) and not (disk / "report.html").exists()
        assert campaign.rebuild(disk).verdict == "proved" and (disk / "report.html").exists()


def fill(disk):
    with (disk / "filler").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass


def kept_results(folder):
    store = Store(folder / "results.sqlite", create=False)
    found = [store.get(Task(*task)) for task in PLAN]
    store.close()
    return [result for result in found if result is not None]


@pytest.mark.slow
def test_files_that_may_not_grow(tmp_path, whole):
    """Without a file system of its own: as `ulimit -f` has it, for all files of the command."""
    size = (whole / "results.sqlite").stat().st_size - 4096

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    line = refused(finish(start("--jobs", "1", "--out", tmp_path, preexec_fn=limit)), "kept", "--resume")
    assert "cannot" in line
    assert all(result["verdict"] == "proved" for result in kept_results(tmp_path))
    code, _, err = finish(start("--jobs", "1", "--out", tmp_path, "--resume"))
    assert code == 0, err[-500:]


def test_standard_output_that_is_full(tmp_path):
    command = [sys.executable, "-m", "relverify", "list", "--json"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 64
    assert done.stderr == "relverify: standard output cannot be written: No space left on device\n"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("mount") is None or os.geteuid() != 0, reason="only root mounts file systems")
def test_read_only_folder(tmp_path, whole):
    expected = without_timings(whole / "results.json")
    with mounted(tmp_path / "bound", "--bind", str(whole)) as bound:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(bound)], check=True)
        refused(finish(start("--out", bound)), "readonly")
        refused(finish(start("--out", bound, "--resume")), "readonly")
        refused(finish(start("--out", bound / "below")), "Read-only file system")
        # the store is read where it lies, and the report written elsewhere
        with pytest.raises(InputError, match="Read-only file system"):
            campaign.rebuild(bound)
        campaign.rebuild(bound, tmp_path / "elsewhere")
    assert (tmp_path / "elsewhere" / "report.html").exists()
    assert without_timings(whole / "results.json") == expected


@pytest.mark.slow
def test_a_path_below_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    refused(finish(start("--out", tmp_path / "file")), "File exists")
    refused(finish(start("--out", tmp_path / "file" / "below")), "Not a directory")


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """The bytes of a store with some pages."""
    path = tmp_path_factory.mktemp("store") / "results.sqlite"
    store = Store(path)
    tasks = [Task("theorem", f"t{k}") for k in range(30)]
    store.plan(tasks, {"not_run": [], "provenance": {"versions": {}}}, clear=True)
    for task in tasks:
        found = {"kind": "theorem", "name": task.name, "verdict": "proved", "detail": "x" * 2000, "arguments": {}}
        store.put(task, found)
    store.close()
    return path.read_bytes()


DAMAGES = {
    "garbage": lambda sound: b"not a database" * 100,
    "truncated": lambda sound: sound[: len(sound) // 2],
    "cut in a page": lambda sound: sound[: len(sound) // 2 - 1000],
    "header alone": lambda sound: sound[:100],
    "overwritten": lambda sound: sound[:4096] + bytes(len(sound) - 4096),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("options", [[], ["--resume"]], ids=["anew", "resume"])
def test_a_corrupt_store_is_refused_and_left_as_it_is(tmp_path, sound, damage, options):
    broken = DAMAGES[damage](sound)
    (tmp_path / "results.sqlite").write_bytes(broken)
    with pytest.raises(InputError, match=r"results\.sqlite is") as caught:
        campaign.verify(["perturbation"], out=tmp_path, jobs=1, resume=bool(options))
    assert "\n" not in str(caught.value) and "remove the file" in str(caught.value)
    assert (tmp_path / "results.sqlite").read_bytes() == broken
    with pytest.raises(InputError, match=r"^store: "):
        campaign.rebuild(tmp_path)


def test_damage_inside_a_result(tmp_path, sound):
    (tmp_path / "results.sqlite").write_bytes(sound)
    with sqlite3.connect(tmp_path / "results.sqlite") as connection:
        connection.execute("UPDATE results SET result = '{' WHERE key IN (SELECT key FROM results LIMIT 1)")
    connection.close()
    with pytest.raises(InputError, match="not a usable store"):
        campaign.rebuild(tmp_path)


def test_another_version_is_refused(tmp_path, sound):
    (tmp_path / "results.sqlite").write_bytes(sound)
    with sqlite3.connect(tmp_path / "results.sqlite") as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    for make in (lambda: campaign.verify(["perturbation"], out=tmp_path), lambda: campaign.rebuild(tmp_path)):
        with pytest.raises(InputError, match="another version"):
            make()


def test_a_store_in_use_is_refused(tmp_path, sound, monkeypatch):
    monkeypatch.setattr("relverify.campaign.store.BUSY_SECONDS", 0.2)
    (tmp_path / "results.sqlite").write_bytes(sound)
    connection = sqlite3.connect(tmp_path / "results.sqlite")
    connection.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(InputError, match="in use by another process"):
            campaign.verify(["perturbation"], out=tmp_path)
        with pytest.raises(InputError, match="in use by another process"):
            campaign.rebuild(tmp_path)
    finally:
        connection.rollback()
        connection.close()
    assert campaign.rebuild(tmp_path).proved("theorem") == 30


@pytest.mark.slow
def test_damage_while_the_campaign_runs(tmp_path):
    process = start("--jobs", "1", "--out", tmp_path, plan="wait")
    until(lambda: finished(tmp_path) >= 2)
    connection = sqlite3.connect(tmp_path / "results.sqlite", timeout=30)
    connection.execute("DROP TABLE results")
    connection.commit()
    connection.close()
    refused(finish(process), "not a usable store")


def test_errors_keep_their_words_between_processes():
    import pickle

    error = InputError("out", "cannot write", "a writable folder")
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.argument, again.accepted) == (str(error), "out", "a writable folder")
