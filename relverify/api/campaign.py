"""The main job."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from relverify.campaign.run import Report


def verify(labels: list[str] | tuple[str, ...] = (), **options: Any) -> Report:
    """Run the main job; see :func:`relverify.campaign.run.verify`."""
    from relverify.campaign.run import verify as run

    return run(labels, **options)


def report(store: str | Path, out: str | Path | None = None) -> Report:
    """Write the report of a campaign again; see :func:`relverify.campaign.run.rebuild`."""
    from relverify.campaign.run import rebuild

    return rebuild(store, out)
