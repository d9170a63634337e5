"""The store keeps what is finished, and refuses what is not a store."""

import pytest

from relverify.campaign.plan import Task
from relverify.campaign.store import Store
from relverify.errors import InputError


def test_results_survive_closing(tmp_path):
    task = Task("theorem", "perturbation", {"examples": 1})
    store = Store(tmp_path / "results.sqlite")
    assert store.get(task) is None
    store.put(task, {"verdict": "proved"})
    store.close()
    again = Store(tmp_path / "results.sqlite")
    assert again.get(task) == {"verdict": "proved"}
    assert again.get(Task("theorem", "perturbation", {"examples": 2})) is None
    again.plan([task], {}, clear=True)
    assert again.get(task) is None
    again.close()


def test_a_corrupt_file_is_refused_in_one_line(tmp_path):
    (tmp_path / "results.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(InputError, match="not a usable store") as error:
        Store(tmp_path / "results.sqlite")
    assert "\n" not in str(error.value)
