"""What the main job does: a list of tasks, each a pure function of its specification."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from importlib.util import find_spec
from typing import Any

from relverify._version import __version__
from relverify.core.box import parse_box
from relverify.core.registry import theorem, theorems
from relverify.relations import families, parse_relation

QUICK_EPS = ("1/10", "3/100", "1/100")
SMALLEST_EPS = ("1/10", "3/100", "1/100", "3/1000")
# with two numbers a side
PLANE = ("exp(-((x1-y1)**2+(x2-y2)**2))", "x1*y2 - x2*y1 + sin(x1+y2)/4")
FULL_EPS = ("1/10", "3/100", "1/100", "3/1000", "1/1000", "3/10000", "1/10000")


@dataclass(frozen=True)
class Task:
    """One unit of work.

    Parameters
    ----------
    kind : {"theorem", "relation", "counts", "train", "smallest", "attention"}
    name : str
        The label of the theorem, or the text of the relation.
    arguments : dict
        Everything else that the result depends on; JSON values.
    """

    kind: str
    name: str
    arguments: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """A hash of the specification and of the version of the package."""
        text = json.dumps({"version": __version__, **asdict(self)}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @property
    def title(self) -> str:
        """For the reader of the progress display."""
        words = {
            "theorem": f"theorem {self.name}",
            "relation": f"building {self.name} at {self.arguments.get('eps')}",
            "counts": f"counting units for {self.name}",
            "train": f"training {self.name} at {self.arguments.get('eps')} ({self.arguments.get('theorem')})",
            "smallest": f"searching the smallest trained network for {self.name} at {self.arguments.get('eps')}",
            "attention": f"attention selection, seed {self.arguments.get('seed')}",
        }
        return words[self.kind]


@dataclass(frozen=True)
class Plan:
    """The tasks, and what is left out with the reason.

    Parameters
    ----------
    tasks : tuple of Task
        The longest first, so that processes finish together.
    not_run : tuple of str
    """

    tasks: tuple[Task, ...]
    not_run: tuple[str, ...] = ()


def make_plan(
    labels: Sequence[str] = (), quick: bool = False, seed: int = 0, device: str = "auto", full: bool = False
) -> Plan:
    """The plan of the main job.

    Parameters
    ----------
    labels : sequence of str
        Only these theorems; with none, all theorems, relations, trainings and the attention selection.
    quick : bool
        Fewer instances, coarser errors, one training a relation.
    full : bool
        Trainings at every error, by every theorem that applies, with three seeds.
    seed : int
    device : {"auto", "cpu", "cuda"}

    Returns
    -------
    Plan

    Examples
    --------
    >>> [task.kind for task in make_plan(["perturbation"]).tasks]
    ['theorem']
    """
    examples = 10 if quick else 100
    chosen = [theorem(label).label for label in dict.fromkeys(labels)] or list(theorems())
    proofs = [Task("theorem", label, {"examples": examples, "seed": seed}) for label in chosen]
    if labels:
        return Plan(tuple(proofs))
    tasks: list[Task] = []
    searches: list[Task] = []
    not_run: list[str] = []
    chosen_members = [m for family in families().values() for m in family.members if m.quick or not quick]
    members = [(m.text, m.box, m.eps) for m in chosen_members]
    torch = find_spec("torch") is not None
    if torch:
        tasks += [_training(*member, "grid-neurons", seed, device) for member in members]
    if torch and not quick:
        for text, box, eps in members:
            label = _paper(text, box)
            errors = {"asymmetric": ("1/10",), "symmetric": ("1/10", eps)}.get(label, ())
            tasks += [_training(text, box, wide, label, seed, device) for wide in errors]
            tasks += [_training(text, box, eps, "grid-neurons", seed + extra, device) for extra in (1, 2)]
        tasks += [_training(text, "[-1,1]^2", "1/10", "grid-neurons", seed, device) for text in PLANE]
        searches = [
            _smallest(m.text, m.box, eps, seed, device)
            for eps in reversed(FULL_EPS if full else SMALLEST_EPS)
            for m in chosen_members
            if not full or Fraction(eps) >= Fraction(m.errors[-1])
        ]
    if torch and full:
        tasks = [
            _training(m.text, m.box, wanted, label, seed + extra, device)
            for m in chosen_members
            for wanted in dict.fromkeys((*m.errors, m.eps))
            for label in ("grid-neurons", _paper(m.text, m.box))
            if label
            for extra in range(3)
        ]
        tasks += [
            _training(text, "[-1,1]^2", eps, "grid-neurons", seed + extra, device)
            for text in PLANE
            for eps in ("1/10", "3/100")
            for extra in range(3)
        ]
    if not torch:
        not_run.append("training: PyTorch is not installed (pip install 'relverify[torch]')")
    if device != "cuda" and not _has_cuda(torch):
        not_run.append("GPU: no CUDA device on this machine")
    errors = QUICK_EPS if quick else FULL_EPS
    tasks += [Task("counts", text, {"x": box, "eps": errors}) for text, box, _ in members]
    tasks += [Task("relation", text, {"x": box, "eps": eps}) for text, box, eps in members]
    tasks += [Task("attention", "finite preorder", {"seed": seed + extra}) for extra in range(1 if quick else 3)]
    return Plan(tuple(searches + tasks + proofs), tuple(not_run))


def _paper(text: str, box: str) -> str:
    """The theorem of the paper that counts units for a relation, if its features are known."""
    relation = parse_relation(text)
    if not relation.psd_on(parse_box(box)):
        return "asymmetric"
    return "symmetric" if relation.expansion(parse_box(box)) is not None else ""


def _smallest(text: str, box: str, eps: str, seed: int, device: str) -> Task:
    # a guard far above what is needed: where it ends a search the result depends on the speed of the machine
    return Task("smallest", text, {"x": box, "eps": eps, "seed": seed, "device": device, "seconds": 3600})


def _training(text: str, box: str, eps: str, label: str, seed: int, device: str) -> Task:
    return Task("train", text, {"x": box, "eps": eps, "theorem": label, "seed": seed, "device": device})


def _has_cuda(torch: bool) -> bool:
    if not torch:
        return False
    from importlib import import_module

    return bool(import_module("torch").cuda.is_available())
