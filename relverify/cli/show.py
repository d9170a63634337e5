"""``relverify show``."""

from __future__ import annotations

from relverify.cli._options import Json
from relverify.cli._output import console, print_json


def command(label: str, as_json: Json = False) -> int:
    """Show a theorem: statement, hypotheses, symbols, bound, derivation, source."""
    from relverify import api
    from relverify.core.render import terminal

    if as_json:
        return print_json(api.show(label))
    console().print(terminal(api.theorem(label)))
    return 0
