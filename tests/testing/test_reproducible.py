"""The instances of a theorem follow from the seed, whatever else the process has loaded."""

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import sys
if len(sys.argv) > 1:
    sys.path.insert(0, sys.argv[1])
    import constants_of_mine
from relverify.core.registry import theorem
from relverify.testing.instances import run_instances
run_instances(theorem("gap-law"), lambda instance: print(instance.values), 100, seed=0)
"""


def test_instances_do_not_depend_on_loaded_modules(tmp_path):
    numbers = ", ".join(map(str, range(101, 400, 7)))
    (tmp_path / "constants_of_mine.py").write_text(f"NUMBERS = [{numbers}]\n")
    here = {"cwd": Path(__file__).parents[2], "capture_output": True, "text": True, "check": True}
    fresh = subprocess.run([sys.executable, "-c", SCRIPT], **here).stdout
    loaded = subprocess.run([sys.executable, "-c", SCRIPT, str(tmp_path)], **here).stdout
    assert fresh == loaded and len(fresh.splitlines()) >= 50
