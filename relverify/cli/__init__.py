"""The command ``relverify``.

One command is one module with one function ``command``, found by a walk over this folder; each prints what the library
returns. The module of a command that is called like a built-in function ends in an underscore.
"""

from __future__ import annotations

import importlib
import itertools
import os
import pkgutil
import signal
import sys
from contextlib import suppress
from typing import Annotated, NoReturn

import typer

from relverify._version import __version__
from relverify.errors import InputError, MissingDependency

USAGE = 64

app = typer.Typer(
    name="relverify",
    help="Proved error bounds, neuron counts and certificates for inner-product networks and attention.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _register() -> None:
    for info in pkgutil.iter_modules(__path__):
        if not info.name.startswith("_"):
            module = importlib.import_module(f"{__name__}.{info.name}")
            app.command(info.name.rstrip("_"))(module.command)


def _version(show: bool) -> None:
    if show:
        print(f"relverify {__version__}")
        raise typer.Exit(0)


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def run(arguments: list[str] | None = None) -> int:
    """Run a command line and return its exit code: 0 proved, 1 refuted, 2 undecided, 64 bad input."""
    if not (sys.argv[1:] if arguments is None else arguments):
        app(args=["--help"], prog_name="relverify", standalone_mode=False)
        return USAGE
    given = sys.argv[1:] if arguments is None else arguments
    try:
        for name, value in itertools.pairwise([*given, "end"]):
            option, equals, text = name.partition("=")
            if name.startswith("--") and (text if equals else value) == "":
                raise InputError(option, "is empty", "a value")
        code = app(args=arguments, prog_name="relverify", standalone_mode=False)
        sys.stdout.flush()
    except (InputError, MissingDependency) as error:
        return _refuse(str(error))
    except typer.TyperException as error:
        return _refuse(error.format_message()[:300])
    except (typer.Abort, KeyboardInterrupt):
        print("interrupted; what was finished is kept", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 141
    except OSError as error:
        if error.filename is not None:
            return _refuse(f"{error.filename}: {error.strerror}")
        _forget_output()
        return _refuse(f"standard output cannot be written: {error.strerror or error}")
    return int(code or 0)


def main() -> NoReturn:
    """Entry point of the command."""
    for name in ("SIGTERM", "SIGHUP"):
        # what is ignored stays so, as SIGHUP under nohup
        if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) is not signal.SIG_IGN:
            signal.signal(getattr(signal, name), _ended)
    sys.exit(run())


def _ended(number: int, _: object, process: int = os.getpid()) -> None:
    """End by an exception, so that temporary files are removed; processes that were forked end at once."""
    if os.getpid() != process:
        os._exit(128 + number)
    raise SystemExit(128 + number)


def _forget_output() -> None:
    """What could not be written is not tried again at the end of the process."""
    null = os.open(os.devnull, os.O_WRONLY)
    with suppress(OSError, ValueError):
        os.dup2(null, sys.stdout.fileno())
    os.close(null)


def _refuse(message: str) -> int:
    print(f"relverify: {' '.join(message.split())}", file=sys.stderr)
    return USAGE


_register()
