"""Ending a long command in order."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any


class Stopped(KeyboardInterrupt):
    """A signal asks to stop.

    Parameters
    ----------
    number : int
        Of the signal.
    """

    def __init__(self, number: int) -> None:
        self.exit_code = 128 + number
        super().__init__(number)


@contextmanager
def stoppable() -> Iterator[None]:
    """The first SIGINT, SIGTERM or SIGHUP raises :class:`Stopped`; a second one ends the process at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    # what is ignored stays so: nohup ignores SIGHUP
    numbers = [n for n in (getattr(signal, name) for name in names) if signal.getsignal(n) is not signal.SIG_IGN]
    before = {number: signal.getsignal(number) for number in numbers}

    stopped = False

    def end(number: int, frame: Any) -> None:
        with suppress(OSError):
            # the display of progress hides the cursor
            os.write(2, b"\x1b[?25h" * os.isatty(2) + b"ended at once; what was finished is kept\n")
        os._exit(128 + number)

    def stop(number: int, frame: Any) -> None:
        nonlocal stopped
        stopped = True
        for each in numbers:
            signal.signal(each, end)
        raise Stopped(number)

    for number in numbers:
        signal.signal(number, stop)
    try:
        yield
    finally:
        # once stopped, the process is about to end; until then a second signal ends it at once
        for number in () if stopped else numbers:
            signal.signal(number, before[number])
