"""safetensors with the keys of a ``torch.nn.Sequential`` and the metadata entry ``activation``."""

from __future__ import annotations

import os
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from relverify.networks.formats import Content, Format, FormatError, tensors
from relverify.networks.mlp import MLP


def _read(path: Path) -> Content:
    try:
        with safe_open(os.fspath(path), framework="numpy") as stream:
            metadata = stream.metadata() or {}
            found = {key: stream.get_tensor(key) for key in stream.keys()}  # noqa: SIM118 (not a dict)
    except (SafetensorError, TypeError, KeyError, AttributeError) as error:
        raise FormatError(f"is corrupt or truncated ({error})") from error
    return Content(found, metadata.get("activation"))


def _write(mlp: MLP) -> bytes:
    # one metadata entry only: with several their order, hence the bytes, would not be reproducible
    return to_bytes(tensors(mlp), {"activation": mlp.activation})


FORMAT = Format(
    (".safetensors",), "a .safetensors file with 0.weight, 0.bias, 2.weight, ... and the metadata 'activation'",
    _read, _write,
)  # fmt: skip
