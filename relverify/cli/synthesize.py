"""``relverify synthesize``."""

from __future__ import annotations

from relverify.cli._options import Eps, Json, Out, XBox, YBox
from relverify.cli._output import between, print_json, print_lines, status


def command(relation: str, x: XBox, eps: Eps, y: YBox = None, out: Out = None, as_json: Json = False) -> int:
    """Build the smallest network that can be proved to meet an error, with its certificate."""
    from relverify import api

    with status(as_json) as progress:
        found = api.synthesize(relation, x, y, eps=eps, progress=progress)
    result = found.as_dict(found.write(out) if out is not None else None)
    if as_json:
        return print_json(result)
    split = f"{found.n_x} + {found.n_y}, two networks" if found.n_y else "one network with itself"
    print_lines(
        [
            ("hidden units", f"{found.N} ({split})"),
            ("features", str(found.d)),
            ("largest error", between(found.certificate)),
            ("target", result["eps"]),
            ("needed", f"at least {found.needed} hidden units, proved"),
            *((f"{name} file", path) for name, path in result["files"].items()),
        ]
    )
    return 0
