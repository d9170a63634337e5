"""Every printed output in the README is what the command prints."""

import re
import shlex
from pathlib import Path

import pytest

from relverify import cli

README = Path(__file__).parents[2] / "README.md"


def _sessions():
    text = README.read_text(encoding="utf-8")
    for block in re.findall(r"```console\n(.*?)```", text, flags=re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            yield command, output


@pytest.mark.parametrize(("command", "output"), list(_sessions()), ids=lambda text: text[:40])
def test_console_sessions(command, output, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    program, *arguments = shlex.split(command)
    assert program == "relverify"
    assert cli.run(arguments) == 0
    printed = capsys.readouterr().out
    assert _comparable(printed) == _comparable(output)


def _comparable(text):
    """Seconds differ from run to run and are not compared."""
    lines = [line.rstrip() for line in text.strip().splitlines()]
    return [line for line in lines if not line.startswith("seconds")]


def test_the_two_commands_stand_where_the_continuous_integration_reads_them():
    text = README.read_text(encoding="utf-8")
    for name in ("run", "test"):
        assert re.search(rf"^<!-- {name} -->\n+```sh\n[^`]+\n```$", text, flags=re.MULTILINE), name
