"""Audit a transformer: every attention head as a relation, with proved figures.

The weights are read layer by layer. The figures are about the scores as an exact real function of the stored weights,
on the image of the norm before each layer, on a ball, or on given inputs.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from flint import fmpq

from relverify.attention import ball, heads, points
from relverify.attention.families import Architecture, Config, Family, family
from relverify.attention.figures import Figures, Pair, Place
from relverify.attention.weights import Weights
from relverify.certify.linear import Balls
from relverify.errors import InputError
from relverify.rigor.decide import Verdict
from relverify.rigor.exact import from_fmpq, to_fmpq
from relverify.rigor.intervals import float_above, float_below

MAX_POINTS = 1024
MAX_INPUT_BYTES = 2**30
MAX_OFFSETS = 64
OFFSETS = (0, 1, 16)


@dataclass(frozen=True)
class Audit:
    """What was found about a model.

    Parameters
    ----------
    model : str
    architecture : Architecture
    inputs : str
        The set of inputs, in words.
    eps : fmpq
    heads : tuple of Figures
        By layer, head and offset.
    seconds : float
    """

    model: str
    architecture: Architecture
    inputs: str
    eps: fmpq
    heads: tuple[Figures, ...]
    seconds: float

    @property
    def verdict(self) -> Verdict:
        """Proved where every figure of every head has finite bounds."""
        return Verdict.PROVED if all(head.decided for head in self.heads) else Verdict.UNDECIDED

    @property
    def offsets(self) -> tuple[int | None, ...]:
        """The offsets of rotary positions; one None without."""
        return tuple(dict.fromkeys(head.place.offset for head in self.heads))

    def at(self, offset: int | None) -> list[Figures]:
        """The heads at one offset."""
        return [head for head in self.heads if head.place.offset == offset]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        a = self.architecture
        return {
            "model": self.model,
            "model_type": a.model_type,
            "layers": a.layers,
            "heads_per_layer": a.heads,
            "key_heads": a.key_heads,
            "head_size": a.head_size,
            "width": a.width,
            "positions": a.positions,
            "inputs": self.inputs,
            "eps": str(self.eps),
            "semantics": "exact real function of the stored weights",
            "verdict": str(self.verdict),
            "guarantee": "enclosed" if self.verdict is Verdict.PROVED else "undecided",
            "seconds": round(self.seconds, 3),
            "heads": [head.as_dict() for head in self.heads],
        }

    def write(self, folder: str | os.PathLike[str]) -> dict[str, str]:
        """Write ``audit.html``, ``audit.json`` and the heat maps into a folder; returns the files by name."""
        from relverify.attention.audit_report import write
        from relverify.networks.files import make_folder

        return write(self, make_folder(folder))


def audit(
    model: str | os.PathLike[str],
    config: str | os.PathLike[str],
    *,
    inputs: str | os.PathLike[str] | None = None,
    ball: str | None = None,
    eps: Any = "1/10",
    offsets: Sequence[int] = OFFSETS,
    progress: Callable[[str], None] | None = None,
) -> Audit:
    """Audit every attention head of a transformer.

    Parameters
    ----------
    model : path
        A ``.safetensors`` file, or the index of a sharded one.
    config : path
        Its ``config.json``.
    inputs : path, optional
        Inputs of attention in place of the image of the norm: a ``.npy`` file or a ``.safetensors`` file with the one
        tensor ``inputs``, of shape (n, width) for all layers or (layers, n, width).
    ball : exact number, optional
        The radius of a ball around 0, in place of the image of the norm.
    eps : exact number
        How far attention may move in total variation, for the features and bits that suffice; also the weight that
        other keys may keep where one is selected. In (0, 1/2).
    offsets : sequence of int
        With rotary positions, how many places the key stands before the query.
    progress : callable, optional
        Receives one line a layer.

    Returns
    -------
    Audit

    Raises
    ------
    InputError
        If a file is not what it should be.
    """
    start = time.perf_counter()
    exact = to_fmpq(eps, "eps")
    if not 0 < exact < fmpq(1, 2):
        raise InputError("eps", f"{eps} is not between 0 and 1/2", "an exact number in (0, 1/2)")
    if inputs is not None and ball is not None:
        raise InputError("ball", "is given together with inputs", "one of the two")
    entries = Config.read(config)
    if entries.get("quantization_config") is not None:
        raise InputError("config", "describes quantised weights", "weights in float64, float32, float16 or bfloat16")
    naming = family(entries.get("model_type"))
    architecture = naming.architecture(entries)
    shown = _offsets(offsets) if architecture.rotary is not None else (None,)
    given = None if inputs is None else _Inputs(inputs, architecture)
    weights = Weights(model)
    _no_more_layers(naming, weights, architecture)
    found: list[Figures] = []
    for layer in range(architecture.layers):
        if progress is not None:
            progress(f"layer {layer + 1} of {architecture.layers}")
        found += _layer(naming, weights, architecture, layer, exact, shown, given, ball)
    where = {"layer": "image of the LayerNorm before each layer", "rms": "image of the RMSNorm before each layer"}
    text = where[architecture.norm] if ball is None else f"ball of radius {ball} around 0"
    text = text if given is None else f"{given.count} given inputs"
    return Audit(str(model), architecture, text, exact, tuple(found), time.perf_counter() - start)


def _no_more_layers(naming: Family, weights: Weights, model: Architecture) -> None:
    """The weights hold no layer that the configuration does not speak of."""
    try:
        naming.layer(weights, model, model.layers)
    except InputError:
        return
    raise InputError("config", f"speaks of {model.layers} layers, the weights hold more", "the config of these weights")


def _layer(
    naming: Family,
    weights: Weights,
    model: Architecture,
    layer: int,
    eps: fmpq,
    offsets: Sequence[int | None],
    given: _Inputs | None,
    radius: str | None,
) -> Iterator[Figures]:
    stored = naming.layer(weights, model, layer)
    moved, scale = _moved(eps), heads.scale(model, layer)
    factor = scale.interval
    turns = {offset: None if offset is None else heads.rotation(model, offset) for offset in offsets}
    mapped = heads.of_norm(stored, model) if radius is None else heads.of_ball(radius)
    states = None if given is None else Balls.exact(given.layer(layer))
    for head in range(model.heads):
        key_head = head * model.key_heads // model.heads
        q, k = (slice(i * model.head_size, (i + 1) * model.head_size) for i in (head, key_head))
        tied = np.array_equal(stored.query[q], stored.key[k])
        places = {o: Place(layer, head, key_head, o, tied and not o) for o in offsets}
        if states is not None:
            query = states @ stored.query[q].T + stored.query_bias[q]
            key = states @ stored.key[k].T + stored.key_bias[k]
            for offset, turned in turns.items():
                yield points.figures(places[offset], query * scale, key, turned, eps, moved, factor)
            continue
        linear, shift = mapped(stored.query[q], stored.query_bias[q])
        keys = mapped(stored.key[k], stored.key_bias[k])
        reduced = heads.reduce(linear * scale, keys[0], shift * scale, keys[1])
        for offset, turned in turns.items():
            yield ball.figures(places[offset], reduced, turned, eps, moved, factor)


def _moved(eps: fmpq) -> Pair:
    """The error of scores, up to functions of the query, that moves attention by eps (attention-lipschitz)."""
    from relverify.theorems.attention_lipschitz import THEOREM

    found = THEOREM.resource("eps_u").evaluate(20, beta=1, eps_1=from_fmpq(eps)).ball
    return float_below(found), float_above(found)


def _offsets(offsets: Sequence[int]) -> tuple[int, ...]:
    shown = tuple(dict.fromkeys(offsets))
    if not 1 <= len(shown) <= MAX_OFFSETS or not all(type(o) is int and 0 <= o < 2**31 for o in shown):
        raise InputError("offsets", f"{str(list(offsets))[:60]} is not accepted", f"1 to {MAX_OFFSETS} integers >= 0")
    return shown


class _Inputs:
    """Given inputs of attention, for all layers or one set a layer."""

    def __init__(self, path: str | os.PathLike[str], model: Architecture) -> None:
        accepted = f"a .npy or .safetensors file of shape (n, {model.width}) or ({model.layers}, n, {model.width})"
        array = _array(Path(path), accepted)
        shape = array.shape
        if array.ndim not in (2, 3) or shape[-1] != model.width or (array.ndim == 3 and shape[0] != model.layers):
            raise InputError("inputs", f"{path} has the shape {list(shape)}", accepted)
        if not 2 <= shape[-2] <= MAX_POINTS:
            raise InputError("inputs", f"{path} holds {shape[-2]} inputs", f"2 to {MAX_POINTS}")
        if not np.isfinite(array).all() or float(np.abs(array).max()) > 1e50:
            raise InputError("inputs", f"{path} holds NaN, infinite or huge entries", accepted)
        self.array, self.count = array, shape[-2]

    def layer(self, number: int) -> np.ndarray:
        return self.array[number] if self.array.ndim == 3 else self.array


def _array(path: Path, accepted: str) -> np.ndarray:
    try:
        if not path.is_file():
            raise InputError("inputs", f"{path} is not a file", accepted)
        if path.stat().st_size > MAX_INPUT_BYTES:
            raise InputError("inputs", f"{path} is too large", f"at most {MAX_INPUT_BYTES} bytes")
        if path.suffix == ".npy":
            # mapped, so that a header cannot ask for more memory than the file has
            array = np.load(path, mmap_mode="r", allow_pickle=False)
        elif path.suffix == ".safetensors":
            stored = Weights(path)
            if "inputs" not in stored:
                raise InputError("inputs", f"{path} has no tensor inputs", accepted)
            array = stored.tensor("inputs", *stored.places["inputs"][2])
        else:
            raise InputError("inputs", f"{path} is not accepted", accepted)
        if not isinstance(array, np.ndarray) or array.dtype.kind != "f":
            raise InputError("inputs", f"{path} holds no floating-point numbers", accepted)
        return np.array(array, dtype=np.float64)
    except InputError as error:
        raise InputError("inputs", error.problem, error.accepted) from error
    except OSError as error:
        raise InputError("inputs", f"cannot read {path}: {error.strerror or error}", accepted) from error
    except (ValueError, EOFError) as error:
        raise InputError("inputs", f"{path} is corrupt or truncated ({str(error)[:80]})", accepted) from error
