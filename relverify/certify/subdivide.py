"""Refine the pairs of cells whose bound misses the target, level by level, within limits of time, cells and memory.

All pairs of the first level are bounded in blocks. Pairs with a bound above the target are divided into
2^p x 2^q pairs, and so on. A pair that meets the target is settled, since the target never falls. As long as the
divided pairs fit into the memory whole levels are treated at once; else a part is followed to the end first. When a
limit ends the search, every pair has been bounded at some level, so that the largest of these bounds is proved.

Threads bound chunks of pairs; what follows from the bounds is decided in one thread, chunk after chunk.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from flint import fmpq

from relverify.certify.blocks import Family, arranged, children, chunks, groups, parts, roots
from relverify.certify.cells import Axis
from relverify.certify.compiled import FINITE, down, float_floor
from relverify.certify.device import HOST, Device
from relverify.certify.matrix import Side, pair_bounds
from relverify.certify.parallel import Pool
from relverify.certify.point import GAIN, PointError
from relverify.certify.result import ABOVE, MET
from relverify.certify.singular import corners, grid, undefined
from relverify.certify.taylor import compile_jets
from relverify.rigor.exact import dyadic

CHUNK = 8192  # arrays of 64 KiB: common allocators return those above 128 KiB to the system, which costs page faults
CANDIDATES = 6
COARSE = 1e-3  # of climbs between levels, which only settle pairs; the last one is as fine as the result
PLACES = 256  # pairs without a finite bound that are looked at for a reason
UNBOUNDED = 0.02  # the part of the limit of cells from which such pairs end the search, if they do not get fewer
PAUSE = 0.1  # seconds between two lines of progress


@dataclass(frozen=True)
class Limits:
    """What a search aims at, and what it may use.

    Parameters
    ----------
    eps, within : fmpq or None
    memory : float
        Bytes.
    max_cells : int
    deadline : float
        Of ``time.perf_counter``.
    threads : int
    device : Device
        For the matrix products.
    progress : callable, optional
        Receives lines.
    """

    eps: fmpq | None
    within: fmpq | None
    memory: float = 2e9
    max_cells: int = 50_000_000
    deadline: float = math.inf
    threads: int = 1
    device: Device = HOST
    progress: Callable[[str], None] | None = None


class Found(NamedTuple):
    """What a thread found on a chunk of pairs."""

    cells: Family
    size: np.ndarray
    rounding: np.ndarray
    candidates: list[tuple[float, np.ndarray, np.ndarray]]


class Search:
    """One certification.

    Parameters
    ----------
    error : PointError
    first, second : Axis
    ends : list of (fmpq, fmpq)
        The box, coordinates of x and then of y.
    symmetric : bool
        Whether e(x, y) = e(y, x) and the cells of both sides agree.
    limits : Limits
    """

    def __init__(
        self,
        error: PointError,
        first: Axis,
        second: Axis,
        ends: list[tuple[fmpq, fmpq]],
        symmetric: bool,
        limits: Limits,
    ) -> None:
        self.error, self.axes, self.ends, self.symmetric, self.limits = error, (first, second), ends, symmetric, limits
        self.floor_eps = None if limits.eps is None else float_floor(limits.eps)
        self.factor = None if limits.within is None else math.nextafter(float_floor(limits.within), 0.0)
        self.box = np.array([[int(v.p) / int(v.q) for v in pair] for pair in ends]).T
        self.lower, self.upper, self.cells = 0.0, 0.0, 0
        self.argmax = tuple((a + b) / 2 for a, b in ends)
        self.reason = ""
        self.stuck, self.bounded = 0.0, True
        self.candidates: list[tuple[float, np.ndarray, np.ndarray]] = []
        self.settled, self.met, self.shown = 0.0, 0.0, -math.inf
        self.unbounded: dict[int, int] = {}  # pairs without a finite bound, by level
        self.record(self.argmax)

    # -- targets ---------------------------------------------------------------------------------------------------

    @property
    def target(self) -> float:
        """A pair with a bound of at most this is settled."""
        targets = []
        if self.floor_eps is not None and not self.refuted:
            targets.append(self.floor_eps)
        if self.factor is not None:
            targets.append(min(self.factor * self.lower * (1 - 2.0**-50), FINITE))
        return min(targets, default=math.inf)

    @property
    def refuted(self) -> bool:
        """Whether the error is proved above eps."""
        return self.floor_eps is not None and self.lower > self.floor_eps

    def record(self, point: tuple[fmpq, ...]) -> None:
        """Raise the lower bound by the error at a point of the box, enclosed in a ball."""
        ball = self.error.ball(point)
        if not ball.is_finite():
            return
        size = max(down(ball), down(-ball))
        if size > self.lower:
            self.lower, self.argmax = size, point

    def exact(self, point: np.ndarray) -> tuple[fmpq, ...]:
        """The point of the box at, or next to, a float64 point."""
        return tuple(min(max(dyadic(float(v)), a), b) for v, (a, b) in zip(point, self.ends, strict=True))

    def climb(self, gain: float = GAIN) -> None:
        """Search a larger error from the best centres found, and prove it."""
        found = sorted(self.candidates, key=lambda c: -c[0])[:CANDIDATES]
        self.candidates = []
        if not found or found[0][0] < 0.5 * self.lower:
            return
        points, steps = np.array([c[1] for c in found]), np.array([c[2] for c in found])
        lo, hi = self.box
        point, size = self.error.climb(np.clip(points, lo, hi), steps, lo, hi, gain=gain)
        if size > self.lower * (1 + 1e-4):
            self.record(self.exact(point))

    # -- the search ------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Search until the targets are met or a limit is reached; `upper`, `lower` and `reason` hold the result."""
        compile_jets(self.error.expr, self.error.symbols)  # before threads ask for it
        most = max(4 * CHUNK, int(self.limits.memory / 2000))
        with Pool(self.limits.threads) as self.pool:
            for family in roots(self.axes, self.symmetric, most):
                self._process(0, family)
        self.climb()
        if not self.reason:
            # what rounding left open may meet the target after all, if a larger error was found later
            met = self.stuck <= self.target
            self.reason = (ABOVE if self.refuted else MET) if met else "rounding in float64 is too large for the target"
        self.upper = max(self.upper, self.stuck)

    def _stopped(self) -> bool:
        if self.reason:
            return True
        if self.refuted and self.factor is None:
            self.reason = ABOVE
        elif self.cells >= self.limits.max_cells:
            self.reason = f"limit of {self.limits.max_cells} cells reached"
        elif time.perf_counter() > self.limits.deadline:
            self.reason = "time limit reached"
        return bool(self.reason)

    def _settle(self, level: int, cells: Family, stuck: bool = False) -> None:
        """Take the bounds of cells as final; each part of the domain comes here once."""
        if not len(cells.known):
            return
        largest = float(cells.known.max())
        self.bounded = self.bounded and (level < 0 or largest < math.inf)
        if stuck:
            self.stuck = max(self.stuck, largest)
        else:
            self.upper = max(self.upper, largest)
        first, second = self.axes
        twice = int(np.count_nonzero(cells.first != cells.second)) if self.symmetric else 0
        share = (len(cells.known) + twice) / (first.count * second.count)
        share *= 0.5 ** ((first.dim + second.dim) * level)
        self.settled += share
        if not stuck and largest <= self.target:
            self.met += share

    def _process(self, level: int, family: Family) -> None:
        """Bound the children, which are of this level, of pairs of cells, and then the children of those that fail."""
        family = family.sorted(self.axes)
        waiting: list[Family] = []
        count, limit = 0, max(4 * CHUNK, int(self.limits.memory / 2000))
        most = [max(1, int(self.limits.memory / 12 / (a.group * a.cell_bytes))) for a in self.axes]
        for part in parts(family, self.axes, (most[0], most[1])):
            done = 0
            if not self._stopped():
                for stop, found in self._bounds(level, part):
                    if self._stopped():
                        break
                    done = stop
                    failing = self._sorted_out(level, found)
                    waiting.append(failing)
                    count += len(failing.known)
                    self._report(level)
                    if count > limit:
                        self._descend(level, waiting)
                        count = 0
            self._settle(level - 1, Family(*(v[done:] for v in part)))
        del family
        self._descend(level, waiting)

    def _bounds(self, level: int, part: Family) -> Iterator[tuple[int, Found]]:
        """Bound the children of pairs; yields how many of the pairs are done, and what was found, in order."""
        first, second = self.axes
        x_groups, y_groups = groups(part, self.axes)
        x_side = first.side(level, x_groups, self.pool)
        same = self.symmetric and np.array_equal(x_groups, y_groups)
        y_side = x_side if same else second.side(level, y_groups, self.pool)
        g, h = first.group, second.group
        each = g * first.cell_bytes + h * second.cell_bytes + 20 * 8 * g * h
        blocks = min(2048, max(1, int(self.limits.memory / 6 / self.limits.threads / each)))

        def bound(chunk: slice) -> tuple[int, Found]:
            cells = children(self.axes, Family(*(v[chunk] for v in part)), self.symmetric)
            return chunk.stop, self._bound(cells, x_side, y_side, x_groups, y_groups)

        parents = max(1, CHUNK >> (first.dim + second.dim))
        yield from self.pool.map(bound, chunks(part, self.axes, parents, blocks))

    def _bound(
        self, cells: Family, x_side: Side, y_side: Side, x_groups: np.ndarray, y_groups: np.ndarray
    ) -> Found:
        """Bound a chunk, in any thread: reads nothing that changes."""
        pairs = arranged(cells, self.axes, x_groups, y_groups)
        result = pair_bounds(self.error.expr, self.error.symbols, x_side, y_side, pairs, self.limits.device)
        np.minimum(cells.known, result.bound, out=cells.known)
        size = np.abs(result.centre)
        size[~np.isfinite(size)] = 0.0
        candidates = []
        last = min(CANDIDATES, len(size))
        for k in np.argpartition(size, -last)[-last:] if last else ():
            i = pairs.first[pairs.block[k]] * self.axes[0].group + pairs.row[k]
            j = pairs.second[pairs.block[k]] * self.axes[1].group + pairs.column[k]
            centre = np.concatenate([x_side.centre[i], y_side.centre[j]])
            candidates.append((float(size[k]), centre, np.concatenate([x_side.half[i], y_side.half[j]])))
        return Found(cells, size, result.rounding, candidates)

    def _sorted_out(self, level: int, found: Found) -> Family:
        """Settle what meets the target or cannot; returns what is to be divided."""
        cells, known = found.cells, found.cells.known
        self.cells += len(known)
        self.candidates += found.candidates
        fails = ~(known <= self.target)
        if self.floor_eps is not None and not self.refuted:
            hopeless = fails & np.isfinite(found.rounding) & (found.rounding >= self.floor_eps)
        else:
            hopeless = fails & np.isfinite(known) & (known - found.size <= 4 * found.rounding)
        self._settle(level, Family(*(v[~fails] for v in cells)))
        if hopeless.any():
            self._settle(level, Family(*(v[hopeless] for v in cells)), stuck=True)
        return Family(*(v[fails & ~hopeless] for v in cells))

    def _descend(self, level: int, waiting: list[Family]) -> None:
        """Divide failing pairs, after a look for a larger error, by which some may be settled; empties the list."""
        if not any(len(w.known) for w in waiting):
            waiting.clear()
            return
        cells = Family(*(np.concatenate(v) for v in zip(*waiting, strict=True)))
        waiting.clear()
        if not self._stopped():
            self.climb(COARSE)
            self._report(level, True)
            if not self._stopped():
                self.reason = self._unbounded(level, cells)
        fails = ~(cells.known <= self.target)
        self._settle(level, Family(*(v[~fails] for v in cells)))
        cells = Family(*(v[fails] for v in cells))
        deepest = level + 1 > min(a.deepest for a in self.axes)
        if deepest and len(cells.known) and not self._stopped():
            self.reason = f"cells cannot be divided further at level {level}"
        if self._stopped():
            self._settle(level, cells)
        elif len(cells.known):
            self._process(level + 1, cells)

    def _unbounded(self, level: int, cells: Family) -> str:
        """Say why smaller cells would not bound r either, if it is seen; empty if not."""
        pairs = np.flatnonzero(np.isinf(cells.known))
        if not len(pairs):
            return ""
        self.unbounded[level] = self.unbounded.get(level, 0) + len(pairs)
        chosen = pairs[np.linspace(0, len(pairs) - 1, min(PLACES, len(pairs))).astype(np.int64)]
        sides = [a.corners(level, k[chosen]) for a, k in zip(self.axes, cells[:2], strict=True)]
        lo, hi = (np.concatenate(ends, axis=1) for ends in zip(*sides, strict=True))
        points = np.concatenate([corners(lo, hi), grid(self.ends)]) if level == 0 else corners(lo, hi)
        found = undefined(self.error.expr, self.error.symbols, points, self.ends)
        if found is None:
            counts = [self.unbounded.get(k, 0) for k in (level - 2, level - 1, level)]
            if level < 2 or counts != sorted(counts) or counts[2] <= UNBOUNDED * self.limits.max_cells:
                return ""
            return f"r has no finite bound on {counts[2]} pairs of cells, more than on larger ones"
        beside = np.clip(found.beside, *self.box)
        self.record(self.exact(beside[np.abs(self.error.floats(beside)).argmax()]))
        return ABOVE if self.refuted and self.factor is None else found.reason

    def _report(self, level: int, always: bool = False) -> None:
        """Say what is being proved, and for how much of the domain it is."""
        progress, now = self.limits.progress, time.perf_counter()
        if progress is None or not (always or now > self.shown + PAUSE):
            return
        self.shown = now
        if self.target < math.inf:
            claim = f"error <= {self.target:.4g} proved on {100 * min(self.met, 1.0):.1f} % of the domain"
        else:
            claim = "bounding the error"
        cells = f"{self.cells / 1e6:.1f} million" if self.cells >= 10**6 else str(self.cells)
        progress(f"{claim}; found {self.lower:.4g}; {cells} pairs of cells, level {level}")
