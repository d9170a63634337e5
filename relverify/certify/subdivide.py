"""Refine the pairs of cells whose bound misses the target, level by level, within limits of time, cells and memory.

All pairs of the first level are bounded in blocks. Pairs with a bound above the target are divided into
2^p x 2^q pairs, and so on. A pair that meets the target is settled, since the target never falls. As long as the
divided pairs fit into the memory whole levels are treated at once; else a part is followed to the end first. When a
limit ends the search, every pair has been bounded at some level, so that the largest of these bounds is proved.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator

import numpy as np
from flint import fmpq

from relverify.certify.cells import Axis
from relverify.certify.compiled import down, float_floor
from relverify.certify.matrix import Pairs, Side, pair_bounds
from relverify.certify.point import PointError
from relverify.rigor.exact import dyadic

CHUNK = 16384
CANDIDATES = 6


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
    eps, within : fmpq or None
    memory : float
        Bytes.
    max_cells : int
    deadline : float
        Of ``time.perf_counter``.
    progress : callable, optional
    """

    def __init__(
        self,
        error: PointError,
        first: Axis,
        second: Axis,
        ends: list[tuple[fmpq, fmpq]],
        symmetric: bool,
        eps: fmpq | None,
        within: fmpq | None,
        memory: float,
        max_cells: int,
        deadline: float,
        progress: Callable[[str], None] | None = None,
    ) -> None:
        self.error, self.first, self.second, self.ends, self.symmetric = error, first, second, ends, symmetric
        self.floor_eps = None if eps is None else float_floor(eps)
        self.factor = None if within is None else math.nextafter(float_floor(within), 0.0)
        self.memory, self.max_cells, self.deadline, self.progress = memory, max_cells, deadline, progress
        self.box = np.array([[int(v.p) / int(v.q) for v in pair] for pair in ends]).T
        self.lower, self.upper, self.cells = 0.0, 0.0, 0
        self.argmax = tuple((a + b) / 2 for a, b in ends)
        self.reason = ""
        self.stuck = 0.0
        self.candidates: list[tuple[float, np.ndarray, np.ndarray]] = []
        self.record(self.argmax)

    # -- targets ---------------------------------------------------------------------------------------------------

    @property
    def target(self) -> float:
        """A pair with a bound of at most this is settled."""
        targets = []
        if self.floor_eps is not None and not self.refuted:
            targets.append(self.floor_eps)
        if self.factor is not None:
            targets.append(self.factor * self.lower * (1 - 2.0**-50))
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

    def climb(self) -> None:
        """Search a larger error from the best centres found, and prove it."""
        found = sorted(self.candidates, key=lambda c: -c[0])[:CANDIDATES]
        self.candidates = []
        if not found or found[0][0] < 0.5 * self.lower:
            return
        points, steps = np.array([c[1] for c in found]), np.array([c[2] for c in found])
        lo, hi = self.box
        point, size = self.error.climb(np.clip(points, lo, hi), steps, lo, hi)
        if size > self.lower * (1 + 1e-4):
            exact = tuple(min(max(dyadic(float(v)), a), b) for v, (a, b) in zip(point, self.ends, strict=True))
            self.record(exact)

    # -- the search ------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Search until the targets are met or a limit is reached; `upper`, `lower` and `reason` hold the result."""
        i, j = np.arange(self.first.count), np.arange(self.second.count)
        first, second = (a.ravel() for a in np.meshgrid(i, j, indexing="ij"))
        if self.symmetric:
            first, second = first[first <= second], second[first <= second]
        self._process(0, first, second, np.full(len(first), math.inf))
        self.climb()
        if not self.reason:
            # what rounding left open may meet the target after all, if a larger error was found later
            met = self.stuck <= self.target
            self.reason = "target met" if met else "rounding in float64 is too large for the target"
        self.upper = max(self.upper, self.stuck)

    def _stopped(self) -> bool:
        if self.reason:
            return True
        if self.refuted and self.factor is None:
            self.reason = "the error at a point is above eps"
        elif self.cells >= self.max_cells:
            self.reason = f"limit of {self.max_cells} cells reached"
        elif time.perf_counter() > self.deadline:
            self.reason = "time limit reached"
        return bool(self.reason)

    def _settle(self, bounds: np.ndarray) -> None:
        if len(bounds):
            self.upper = max(self.upper, float(bounds.max()))

    def _process(self, level: int, first: np.ndarray, second: np.ndarray, known: np.ndarray) -> None:
        """Bound pairs of one level, of which bounds are known already, and then their failing children."""
        g, h = self.first.group, self.second.group
        order = _block_order(first // g, second // h)
        first, second, known = first[order], second[order], known[order]
        waiting: list[tuple[np.ndarray, ...]] = []
        count, limit = 0, max(4 * CHUNK, int(self.memory / 1000))
        done = 0
        for part in self._parts(first // g, second // h, 0, len(first)):
            if self._stopped():
                break
            x_groups, y_groups = np.unique(first[part] // g), np.unique(second[part] // h)
            x_side = self.first.side(level, x_groups)
            same = self.symmetric and np.array_equal(x_groups, y_groups)
            y_side = x_side if same else self.second.side(level, y_groups)
            for chunk in self._chunks(first // g, second // h, part):
                if self._stopped():
                    break
                pairs = _pairs(first[chunk], second[chunk], g, h, x_groups, y_groups)
                failing = self._bound(x_side, y_side, pairs, known[chunk])
                waiting.append((first[chunk][failing], second[chunk][failing], known[chunk][failing]))
                count, done = count + len(failing), chunk.stop
                if count > limit:
                    self._descend(level, waiting)
                    waiting, count = [], 0
        self._settle(known[done:])
        self._descend(level, waiting)

    def _bound(self, x_side: Side, y_side: Side, pairs: Pairs, known: np.ndarray) -> np.ndarray:
        """Bound a chunk, writing to `known`; returns which pairs fail and can be divided."""
        result = pair_bounds(self.error.expr, self.error.symbols, x_side, y_side, pairs)
        self.cells += len(known)
        np.minimum(known, result.bound, out=known)
        size = np.abs(result.centre)
        size[~np.isfinite(size)] = 0.0
        for k in np.argsort(size)[-CANDIDATES:]:
            i = pairs.first[pairs.block[k]] * self.first.group + pairs.row[k]
            j = pairs.second[pairs.block[k]] * self.second.group + pairs.column[k]
            centre = np.concatenate([x_side.centre[i], y_side.centre[j]])
            self.candidates.append((float(size[k]), centre, np.concatenate([x_side.half[i], y_side.half[j]])))
        fails = ~(known <= self.target)
        self._settle(known[~fails])
        if self.floor_eps is not None and not self.refuted:
            hopeless = fails & np.isfinite(result.rounding) & (result.rounding >= self.floor_eps)
        else:
            hopeless = fails & np.isfinite(known) & (known - size <= 4 * result.rounding)
        if hopeless.any():
            self.stuck = max(self.stuck, float(known[hopeless].max()))
        return np.flatnonzero(fails & ~hopeless)

    def _descend(self, level: int, waiting: list[tuple[np.ndarray, ...]]) -> None:
        """Divide failing pairs, after a look for a larger error, by which some may be settled."""
        if not any(len(w[0]) for w in waiting):
            return
        first, second, known = (np.concatenate(parts) for parts in zip(*waiting, strict=True))
        if not self._stopped():
            self.climb()
            if self.progress is not None:
                self.progress(f"{self.cells} pairs of cells, level {level}, error at least {self.lower:.4g}")
        fails = ~(known <= self.target)
        self._settle(known[~fails])
        first, second, known = first[fails], second[fails], known[fails]
        deepest = level + 1 > min(self.first.deepest, self.second.deepest)
        if deepest and len(known) and not self._stopped():
            self.reason = f"cells cannot be divided further at level {level}"
        if self._stopped():
            self._settle(known)
            return
        if not len(known):
            return
        p, q = self.first.dim, self.second.dim
        children = (
            ((first << p)[:, None, None] + np.arange(1 << p)[:, None]) + np.zeros(1 << q, dtype=np.int64),
            ((second << q)[:, None, None] + np.arange(1 << q)) + np.zeros((1 << p, 1), dtype=np.int64),
        )
        first, second = (c.ravel() for c in children)
        known = np.repeat(known, 1 << (p + q))
        if self.symmetric:
            keep = first <= second
            first, second, known = first[keep], second[keep], known[keep]
        self._process(level + 1, first, second, known)

    def _parts(self, x_groups: np.ndarray, y_groups: np.ndarray, start: int, stop: int) -> Iterator[slice]:
        """Ranges of pairs whose cells fit into the memory."""
        most = max(1, int(self.memory / 6 / (self.first.group * self.first.cell_bytes)))
        also = max(1, int(self.memory / 6 / (self.second.group * self.second.cell_bytes)))
        few = len(np.unique(x_groups[start:stop])) <= most and len(np.unique(y_groups[start:stop])) <= also
        if few or stop - start <= 1:
            yield slice(start, stop)
            return
        middle = (start + stop) // 2
        yield from self._parts(x_groups, y_groups, start, middle)
        yield from self._parts(x_groups, y_groups, middle, stop)

    def _chunks(self, x_groups: np.ndarray, y_groups: np.ndarray, part: slice) -> Iterator[slice]:
        """Ranges of pairs that are treated at once: few enough for the caches, and few blocks."""
        g, h = self.first.group, self.second.group
        each = g * self.first.cell_bytes + h * self.second.cell_bytes + 20 * 8 * g * h
        blocks = min(2048, max(1, int(self.memory / 6 / each)))
        a, b = x_groups[part], y_groups[part]
        starts = part.start + np.flatnonzero(np.concatenate([[True], (np.diff(a) != 0) | (np.diff(b) != 0)]))
        position = part.start
        while position < part.stop:
            stop = min(position + CHUNK, part.stop)
            k = int(np.searchsorted(starts, position, side="right")) - 1 + blocks
            if k < len(starts):
                stop = min(stop, int(starts[k]))
            yield slice(position, stop)
            position = stop


def _block_order(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The order of pairs by their blocks."""
    width = int(b.max()) + 1
    if (int(a.max()) + 1) * width < 2**62:
        return np.argsort(a * width + b, kind="stable")
    return np.lexsort((b, a))


def _pairs(first: np.ndarray, second: np.ndarray, g: int, h: int, x_groups: np.ndarray, y_groups: np.ndarray) -> Pairs:
    a, b = first // g, second // h
    begins = np.concatenate([[True], (np.diff(a) != 0) | (np.diff(b) != 0)])
    block = np.cumsum(begins) - 1
    x_slots, y_slots = np.searchsorted(x_groups, a[begins]), np.searchsorted(y_groups, b[begins])
    return Pairs(x_slots, y_slots, block, first % g, second % h)
