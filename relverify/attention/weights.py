"""Weights of a transformer, read tensor by tensor.

safetensors checks the file: its header, and that every tensor lies inside it. The bytes of a tensor are then read at
their offset, since its interface to numpy has no bfloat16. Nothing is kept.
"""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from relverify.errors import InputError

MAX_HEADER = 100 * 2**20
MAX_INDEX = 64 * 2**20
MAX_ENTRIES = 2**28
_ACCEPTED = "a .safetensors file, or the .safetensors.index.json of a sharded one"
_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}


class Weights:
    """The tensors of a file, or of the shards that an index names.

    Parameters
    ----------
    path : path
        A ``.safetensors`` file, or the ``.safetensors.index.json`` of a sharded one.

    Raises
    ------
    InputError
        If a file is missing, truncated or not what it should be.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.places: dict[str, tuple[Path, str, tuple[int, ...], int]] = {}
        if self.path.name.endswith(".index.json"):
            wanted = _index(self.path)
            for shard in sorted(set(wanted.values())):
                found = _header(self.path.parent / shard)
                self.places |= {name: place for name, place in found.items() if wanted.get(name) == shard}
            missing = sorted(set(wanted) - set(self.places))
            if missing:
                raise InputError("model", f"{wanted[missing[0]]} lacks {missing[0][:80]}", _ACCEPTED)
        elif self.path.suffix == ".safetensors":
            self.places = _header(self.path)
        else:
            raise InputError("model", f"{path} does not end in .safetensors", _ACCEPTED)

    def __contains__(self, name: str) -> bool:
        return name in self.places

    def prefix(self, name: str, *candidates: str) -> str:
        """The first prefix with which a tensor is there."""
        for prefix in candidates:
            if prefix + name in self.places:
                return prefix
        raise InputError("model", f"{self.path} lacks {candidates[0]}{name}", "the weights that the config describes")

    def tensor(self, name: str, *shape: int) -> np.ndarray:
        """One tensor as float64, exactly.

        Parameters
        ----------
        name : str
        *shape : int
            What the configuration makes it.

        Returns
        -------
        ndarray

        Raises
        ------
        InputError
            If it is missing, has another shape or type, or holds NaN or infinite entries.
        """
        if name not in self.places:
            raise InputError("model", f"{self.path} lacks {name}", "the weights that the config describes")
        path, kind, found, offset = self.places[name]
        if found != shape:
            raise InputError("model", f"{name} has the shape {list(found)}", f"{list(shape)}, as the config says")
        if kind not in _TYPES:
            raise InputError("model", f"{name} has the type {kind}", ", ".join(_TYPES))
        entries = int(np.prod(shape, dtype=np.int64))
        if entries > MAX_ENTRIES:
            raise InputError("model", f"{name} has {entries} entries", f"at most {MAX_ENTRIES}")
        with open(path, "rb") as stream:
            raw = np.fromfile(stream, dtype=_TYPES[kind], count=entries, offset=offset)
        if len(raw) != entries:
            raise InputError("model", f"{path} is truncated", _ACCEPTED)
        if kind == "BF16":
            raw = (raw.astype(np.uint32) << 16).view(np.float32)
        values = raw.astype(np.float64).reshape(shape)
        if not np.isfinite(values).all():
            raise InputError("model", f"{name} holds NaN or infinite entries", "finite weights")
        return values


def _header(path: Path) -> dict[str, tuple[Path, str, tuple[int, ...], int]]:
    """Where each tensor of a file lies."""
    try:
        if not path.is_file():
            raise InputError("model", f"{path} is not a file", _ACCEPTED)
        with safe_open(os.fspath(path), framework="numpy"):
            pass
        with open(path, "rb") as stream:
            (size,) = struct.unpack("<Q", stream.read(8))
            if size > MAX_HEADER:
                raise InputError("model", f"{path} has a header of {size} bytes", f"at most {MAX_HEADER}")
            entries: dict[str, Any] = json.loads(stream.read(size))
        entries.pop("__metadata__", None)
        return {
            name: (path, entry["dtype"], tuple(entry["shape"]), 8 + size + entry["data_offsets"][0])
            for name, entry in entries.items()
        }
    except InputError:
        raise
    except OSError as error:
        raise InputError("model", f"cannot read {path}: {error.strerror or error}", _ACCEPTED) from error
    except (SafetensorError, ValueError, TypeError, KeyError, AttributeError, struct.error) as error:
        raise InputError("model", f"{path} is corrupt or truncated ({str(error)[:100]})", _ACCEPTED) from error


def _index(path: Path) -> dict[str, str]:
    """The shard of each tensor; shards lie beside the index."""
    try:
        if path.stat().st_size > MAX_INDEX:
            raise InputError("model", f"{path} is too large", f"at most {MAX_INDEX} bytes")
        wanted = json.loads(path.read_bytes())["weight_map"]
        if not all(isinstance(v, str) and Path(v).name == v and v.endswith(".safetensors") for v in wanted.values()):
            raise InputError("model", f"{path} names other files than shards beside it", _ACCEPTED)
        return dict(wanted)
    except InputError:
        raise
    except OSError as error:
        raise InputError("model", f"cannot read {path}: {error.strerror or error}", _ACCEPTED) from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InputError("model", f"{path} is no index of shards ({str(error)[:80]})", _ACCEPTED) from error
