"""Where the matrix products of pairs are computed: by numpy, or in float64 by torch on a GPU.

The a-priori bound of :mod:`relverify.certify.gemm` holds for every order of summation, with or without fused
operations, hence on a GPU as well; torch's float64 products use neither TF32 nor any other reduced format. The
emulation of float64 by integer products that newer libraries offer does not satisfy the bound entry by entry; where the
environment asks for it, the GPU is refused. A device is used only after a product with known bound was right on it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol
from weakref import WeakKeyDictionary

import numpy as np
from flint import fmpq_mat

from relverify.certify.gemm import product
from relverify.errors import InputError
from relverify.rigor.exact import dyadic

DEVICES = "auto, cpu or cuda"
EMULATION = "CUBLAS_EMULATE_DOUBLE_PRECISION"
WORTH_IT = 4  # coordinates of both inputs together from which a GPU is taken without being asked for


class Factor(NamedTuple):
    """One side of many products.

    Parameters
    ----------
    owner : object
        Holds the array; a copy on a device lives as long as the owner.
    array : ndarray, shape (..., G, g, K)
        G matrices, perhaps with a leading axis of parts.
    where : ndarray of int, shape (n,)
        The matrix that each product takes.
    """

    owner: Any
    array: np.ndarray
    where: np.ndarray


Parts = Sequence[tuple[Any, Any]]
WHOLE: Parts = ((..., ...),)


class Device(Protocol):
    """A place for matrix products."""

    name: str

    def entries(self, a: Factor, b: Factor, flat: np.ndarray, parts: Parts = WHOLE) -> Iterator[np.ndarray]:
        """Entries of the products A B^T.

        Parameters
        ----------
        a, b : Factor
            With g rows and h rows a matrix.
        flat : ndarray of int, shape (N,)
            Which of the n g h entries of all products are wanted.
        parts : sequence of (index, index)
            What to take of the leading axes of a and of b, one pair for each result.

        Yields
        ------
        ndarray, shape (..., N)
        """
        ...


class Host:
    """numpy, through the BLAS it was built with."""

    name = "cpu"

    def entries(self, a: Factor, b: Factor, flat: np.ndarray, parts: Parts = WHOLE) -> Iterator[np.ndarray]:
        """See :class:`Device`."""
        right = b.array[..., b.where, :, :].swapaxes(-1, -2)
        for of_a, of_b in parts:
            found = np.matmul(a.array[of_a][..., a.where, :, :], right[of_b])
            yield np.take(found.reshape(*found.shape[:-3], -1), flat, axis=-1)


class Torch:
    """A device of torch; the factors stay there, only the wanted entries come back.

    Parameters
    ----------
    device : str
        As torch names it.
    """

    def __init__(self, device: str) -> None:
        import torch

        self.torch, self.device = torch, torch.device(device)
        self.name = device
        if self.device.type == "cuda":
            self.name = f"cuda ({torch.cuda.get_device_name(self.device)})"
        self._copies: WeakKeyDictionary[Any, dict[int, tuple[np.ndarray, Any]]] = WeakKeyDictionary()

    def entries(self, a: Factor, b: Factor, flat: np.ndarray, parts: Parts = WHOLE) -> Iterator[np.ndarray]:
        """See :class:`Device`."""
        where, i, j = (self._move(k) for k in (flat, a.where, b.where))
        left, right = self._copy(a), self._copy(b).index_select(-3, j).transpose(-1, -2)
        for of_a, of_b in parts:
            found = left[of_a].index_select(-3, i) @ right[of_b]
            yield found.reshape(*found.shape[:-3], -1).index_select(-1, where).cpu().numpy()

    def _move(self, array: np.ndarray) -> Any:
        return self.torch.from_numpy(np.ascontiguousarray(array)).to(self.device)

    def _copy(self, factor: Factor) -> Any:
        copies = self._copies.setdefault(factor.owner, {})
        key = id(factor.array)
        if key not in copies:
            copies[key] = factor.array, self._move(factor.array)
        return copies[key][1]


HOST = Host()


def choose_device(name: str, coordinates: int) -> Device:
    """The device for products.

    Parameters
    ----------
    name : {"auto", "cpu", "cuda"}
        ``"auto"`` takes a GPU if there is one and the inputs of both networks have at least 4 coordinates together:
        smaller problems are over before a GPU has started.
    coordinates : int

    Raises
    ------
    InputError
        If the name is unknown, or cuda is asked for and not there or not to be trusted.

    Examples
    --------
    >>> choose_device("cpu", 6).name
    'cpu'
    """
    if name not in ("auto", "cpu", "cuda"):
        raise InputError("device", f"{str(name)[:40]!r} is unknown", DEVICES)
    if name == "cpu" or (name == "auto" and (coordinates < WORTH_IT or not _plausible())):
        return HOST
    try:
        import torch
    except ImportError as error:
        if name == "auto":
            return HOST
        raise InputError("device", "cuda needs torch, which is not installed", "auto or cpu") from error
    if not torch.cuda.is_available():
        if name == "auto":
            return HOST
        raise InputError("device", "cuda is not available here", "auto or cpu")
    emulated = os.environ.get(EMULATION, "0") not in ("", "0")
    device = None if emulated else Torch("cuda")
    if device is None or not trusted(device):
        if name == "auto":
            return HOST
        found = f"{EMULATION} is set" if emulated else "its products miss their rounding bound"
        raise InputError("device", f"cuda does not multiply in float64 ({found})", "auto or cpu")
    return device


def _plausible() -> bool:
    """Whether it is worth to import torch in order to look for a GPU."""
    return os.path.exists("/dev/nvidiactl") or shutil.which("nvidia-smi") is not None


def trusted(device: Device) -> bool:
    """Whether a product of numbers of many sizes, subnormal ones included, is within its bound on a device.

    Parameters
    ----------
    device : Device
    """
    rng = np.random.default_rng(0)
    a, b = (rng.normal(size=(6, 40)) * 2.0 ** rng.integers(-60, 60, size=(6, 40)) for _ in range(2))
    a[0, :7] *= 2.0**-1020
    exact = [fmpq_mat(6, 40, [dyadic(float(v)) for v in matrix.ravel()]) for matrix in (a, b)]
    true = (exact[0] * exact[1].transpose()).entries()
    zero = np.zeros(1, dtype=np.int64)
    owner = Host()
    (found,) = device.entries(Factor(owner, a[None], zero), Factor(owner, b[None], zero), np.arange(36))
    radius = product(a, b.T)[1].ravel()
    return all(
        bool(np.isfinite(v)) and abs(dyadic(float(v)) - t) <= dyadic(float(e))
        for v, t, e in zip(found, true, radius, strict=True)
    )
