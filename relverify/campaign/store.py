"""Results on disk, keyed by the content of the task: what is finished stays finished."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict
from pathlib import Path
from typing import Any

from relverify.campaign.plan import Task
from relverify.errors import InputError

_SCHEMA = "CREATE TABLE IF NOT EXISTS results (key TEXT PRIMARY KEY, task TEXT NOT NULL, result TEXT NOT NULL)"


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
            self._connection.execute(_SCHEMA)
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

    def clear(self) -> None:
        """Forget everything."""
        with self._connection:
            self._connection.execute("DELETE FROM results")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
