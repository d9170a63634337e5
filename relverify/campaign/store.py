"""Results on disk, keyed by the content of the task: what is finished stays finished."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from relverify.campaign.plan import Task
from relverify.errors import InputError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS results (key TEXT PRIMARY KEY, task TEXT NOT NULL, result TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS plan (position INTEGER PRIMARY KEY, task TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS description (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class Store:
    """A table of finished tasks in a SQLite file.

    Parameters
    ----------
    path : Path
        Made if it does not exist.

    Raises
    ------
    InputError
        If the file cannot be opened or is not a store.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._connection = sqlite3.connect(path, timeout=30)
        except sqlite3.Error as error:
            raise InputError("out", f"{path} cannot be opened ({error})", "a writable folder") from None
        try:
            self._connection.executescript(_SCHEMA)
            self._connection.commit()
        except sqlite3.Error as error:
            self._connection.close()
            raise InputError("out", f"{path} is not a usable store ({error})", "a new folder") from None

    def get(self, task: Task) -> dict[str, Any] | None:
        """The result of a task, if it is finished."""
        row = self._connection.execute("SELECT result FROM results WHERE key = ?", (task.key,)).fetchone()
        return json.loads(row[0]) if row else None

    def put(self, task: Task, result: dict[str, Any]) -> None:
        """Keep a result; a second one for the same task replaces the first."""
        row = (task.key, json.dumps(asdict(task), sort_keys=True), json.dumps(result, sort_keys=True))
        with self._connection:
            self._connection.execute("INSERT OR REPLACE INTO results VALUES (?, ?, ?)", row)

    def plan(self, tasks: Sequence[Task]) -> None:
        """Keep what is to be done, in its order, in place of an earlier plan."""
        rows = [(k, json.dumps(asdict(task), sort_keys=True)) for k, task in enumerate(tasks)]
        with self._connection:
            self._connection.execute("DELETE FROM plan")
            self._connection.executemany("INSERT INTO plan VALUES (?, ?)", rows)

    def planned(self) -> list[Task]:
        """The tasks of the plan."""
        rows = self._connection.execute("SELECT task FROM plan ORDER BY position")
        return [Task(**json.loads(task)) for (task,) in rows]

    def describe(self, values: Mapping[str, Any]) -> None:
        """Keep facts about the run, by name; JSON values."""
        rows = [(name, json.dumps(value)) for name, value in values.items()]
        with self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO description VALUES (?, ?)", rows)

    def description(self) -> dict[str, Any]:
        """The facts about the run."""
        return {name: json.loads(value) for name, value in self._connection.execute("SELECT * FROM description")}

    def clear(self) -> None:
        """Forget everything."""
        with self._connection:
            self._connection.execute("DELETE FROM results")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
