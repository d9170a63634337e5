"""Results on disk, keyed by the content of the task: what is finished stays finished."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from relverify.campaign.plan import Task
from relverify.errors import InputError

# of the tables; a file of another one is refused, never changed
VERSION = 1
# for which another process may hold the file
BUSY_SECONDS = 10.0

_SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE results (key TEXT PRIMARY KEY, task TEXT NOT NULL, result TEXT NOT NULL);
CREATE TABLE plan (position INTEGER PRIMARY KEY, task TEXT NOT NULL);
CREATE TABLE description (name TEXT PRIMARY KEY, value TEXT NOT NULL);
PRAGMA user_version = {VERSION};
COMMIT;
"""
_USES = ("a free folder", "free space and a writable folder", "a new folder for --out, or remove the file")


class Store:
    """A table of finished tasks in a SQLite file.

    Parameters
    ----------
    path : Path
        Of the file.
    argument : str
        Name used in error messages.
    create : bool
        Whether a file that does not exist is made; otherwise the folder need not be writable.

    Raises
    ------
    InputError
        If the file cannot be opened, read or written, or is not a store of this version. Any method may raise it; a
        change is made as a whole or not at all.
    """

    def __init__(self, path: Path, argument: str = "out", create: bool = True) -> None:
        self.path, self._argument = path, argument
        with self._refusing():
            # a file that is not writable is opened for reading; a writable one may need to undo what was cut short
            address = f"{path.absolute().as_uri()}?mode={'rwc' if create else 'rw'}"
            self._connection = sqlite3.connect(address, timeout=BUSY_SECONDS, uri=True)
        try:
            with self._refusing():
                self._check(create)
        except InputError:
            self._connection.close()
            raise

    def _check(self, create: bool) -> None:
        tables = {name for (name,) in self._connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if create and not tables and version == 0:
            self._connection.executescript(_SCHEMA)
        elif version != VERSION or not {"results", "plan", "description"} <= tables:
            problem = f"{self.path} is a store of another version ({version}, not {VERSION}), or of something else"
            raise InputError(self._argument, problem, _USES[2])

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        """Failures of the file in one line."""
        try:
            yield
        except (sqlite3.Error, ValueError, TypeError, KeyError) as error:
            if isinstance(error, InputError):
                raise
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
            if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                problem, accepted = f"{self.path} is in use by another process ({error})", _USES[0]
            elif code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR):
                problem, accepted = f"{self.path} is not a usable store ({error})", _USES[2]
            else:
                problem, accepted = f"{self.path} cannot be read or written ({error})", _USES[1]
            raise InputError(self._argument, problem, accepted) from error

    def get(self, task: Task) -> dict[str, Any] | None:
        """The result of a task, if it is finished."""
        with self._refusing():
            row = self._connection.execute("SELECT result FROM results WHERE key = ?", (task.key,)).fetchone()
            return dict(json.loads(row[0])) if row else None

    def put(self, task: Task, result: dict[str, Any]) -> None:
        """Keep a result; a second one for the same task replaces the first."""
        row = (task.key, json.dumps(asdict(task), sort_keys=True), json.dumps(result, sort_keys=True))
        with self._refusing(), self._connection:
            self._connection.execute("INSERT OR REPLACE INTO results VALUES (?, ?, ?)", row)

    def plan(self, tasks: Sequence[Task], values: Mapping[str, Any], clear: bool) -> None:
        """Begin a run: keep what is to be done, in its order, and facts about it, in place of an earlier plan.

        Parameters
        ----------
        tasks : sequence of Task
        values : mapping
            See :meth:`describe`.
        clear : bool
            Whether earlier results are forgotten.
        """
        rows = [(k, json.dumps(asdict(task), sort_keys=True)) for k, task in enumerate(tasks)]
        with self._refusing(), self._connection:
            if clear:
                self._connection.execute("DELETE FROM results")
            self._connection.execute("DELETE FROM plan")
            self._connection.executemany("INSERT INTO plan VALUES (?, ?)", rows)
            self._describe(values)

    def planned(self) -> list[Task]:
        """The tasks of the plan."""
        with self._refusing():
            rows = self._connection.execute("SELECT task FROM plan ORDER BY position")
            return [Task(**json.loads(task)) for (task,) in rows]

    def progress(self) -> tuple[int, int]:
        """How many tasks of the plan are finished, and of how many."""
        tasks = self.planned()
        return sum(self.get(task) is not None for task in tasks), len(tasks)

    def describe(self, values: Mapping[str, Any]) -> None:
        """Keep facts about the run, by name; JSON values."""
        with self._refusing(), self._connection:
            self._describe(values)

    def _describe(self, values: Mapping[str, Any]) -> None:
        rows = [(name, json.dumps(value)) for name, value in values.items()]
        self._connection.executemany("INSERT OR REPLACE INTO description VALUES (?, ?)", rows)

    def description(self) -> dict[str, Any]:
        """The facts about the run."""
        with self._refusing():
            rows = self._connection.execute("SELECT * FROM description")
            return {name: json.loads(value) for name, value in rows}

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
