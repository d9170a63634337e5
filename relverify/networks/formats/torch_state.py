"""State dicts of a ``torch.nn.Sequential``, as ``torch.save`` writes them; only read, with ``weights_only=True``.

A state dict names no activation: it has to be given. torch is imported when such a file is read.
"""

from __future__ import annotations

import pickle
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from relverify.errors import MissingDependency
from relverify.networks.formats import MAX_BYTES, Content, Format, FormatError, check_count

_ACCEPTED = "a .pt file of torch.save(model.state_dict(), ...) with 0.weight, 0.bias, 2.weight, ..."
_SAFE_SINCE = (2, 6)  # before, weights_only could be circumvented (CVE-2025-32434)


def _read(path: Path) -> Content:
    try:
        import torch
    except ImportError as error:
        raise MissingDependency("torch", "torch") from error
    version = tuple(int(n) for n in re.findall(r"\d+", torch.__version__)[:2])
    if version < _SAFE_SINCE:
        raise FormatError(f"would be read by torch {torch.__version__}", "torch 2.6 or newer, which reads it safely")
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(m.file_size for m in archive.infolist()) > MAX_BYTES:
                raise FormatError("expands to too much", f"at most {MAX_BYTES} bytes")
    except zipfile.BadZipFile as error:
        raise FormatError(f"is no archive ({error})") from error
    try:
        found = torch.load(path, map_location="cpu", weights_only=True, mmap=False)
    except pickle.UnpicklingError as error:
        reason = str(error).splitlines()[0][:120] if str(error) else "an object"
        raise FormatError(f"holds more than tensors ({reason})") from error
    except (RuntimeError, EOFError, KeyError, IndexError, AttributeError, TypeError, AssertionError) as error:
        raise FormatError(f"is corrupt or truncated ({str(error).splitlines()[0][:120]})") from error
    if not isinstance(found, Mapping):
        raise FormatError(f"holds a {type(found).__name__}")
    return Content({str(key): _array(str(key), value, torch) for key, value in found.items()})


def _array(key: str, tensor: Any, torch: Any) -> np.ndarray:
    if not isinstance(tensor, torch.Tensor):
        raise FormatError(f"{key[:60]!r} is a {type(tensor).__name__}", "tensors")
    # views of one number may have any size; nothing is copied before this
    check_count(key, tuple(tensor.shape))
    plain = tensor.layout == torch.strided and tensor.device.type == "cpu" and not tensor.is_quantized
    if not plain or not tensor.is_floating_point():
        raise FormatError(f"{key[:60]!r} has type {tensor.dtype}", "dense floating-point tensors")
    return np.asarray(tensor.detach().to(torch.float64).numpy())


FORMAT = Format((".pt", ".pth"), _ACCEPTED, _read)
