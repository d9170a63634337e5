"""Decide many random exact instances of all theorems: ``python -m relverify.testing.properties``.

Instances satisfy the hypotheses by construction. Balls decide the conclusion where they do not overlap; where it is
attained, exact algebra does, or balls to a ratio of at least 1 - 2**-100. One that stays undecided is a failure.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import NoReturn

from relverify.campaign.executors import processes
from relverify.core.registry import theorem, theorems
from relverify.rigor.decide import MAX_PREC, Verdict, overall
from relverify.testing.instances import Tally, decide_instances
from relverify.testing.kit import check_sharpness

ROUNDS = 8
# a part of what is drawn has been met before, above all the simplest instances, with which every round begins
SPARE, LEAST = 1.2, 20
USAGE = 64


@dataclass
class Found:
    """What the instances of one theorem gave.

    Parameters
    ----------
    tally : Tally
    sharp : Verdict or None
        Whether the extremal instance attains the bound, and a bound tighter by one hundredth is refuted; None where
        the theorem is not claimed to be sharp.
    notes : list of str
        What failed.
    seconds : float
        Of processor time.
    """

    tally: Tally = field(default_factory=Tally)
    sharp: Verdict | None = None
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def verdict(self) -> Verdict:
        """Of all instances together."""
        sharp = [] if self.sharp is None else [self.sharp]
        return overall([self.tally.verdict, *sharp]) if not self.notes else Verdict.UNDECIDED


def decide_theorem(label: str, examples: int, seed: int, sharpness: bool) -> Found:
    """Decide random instances of a theorem and, where it is sharp and that is asked for, the extremal one."""
    start, found, record = time.process_time(), Found(), theorem(label)
    try:
        found.tally = decide_instances(record, examples, seed)
        if sharpness and record.sharp:
            found.sharp, detail, _, _ = check_sharpness(record)
            found.notes += [] if found.sharp is Verdict.PROVED else [detail]
    except Exception as error:  # one theorem must not hide the others
        found.notes.append(" ".join(f"{type(error).__name__}: {error}".split()))
    found.seconds = time.process_time() - start
    return found


def decide_all(total: int, seed: int = 0, executor: Executor | None = None) -> Mapping[str, Found]:
    """Decide at least so many different instances of all theorems together.

    Parameters
    ----------
    total : int
    seed : int
    executor : Executor, optional
        Runs one theorem a task; without it they run here.

    Returns
    -------
    mapping of str to Found
        By label. Theorems with few different instances give fewer, which the others make up for.

    Examples
    --------
    >>> found = decide_all(60)
    >>> sum(len(f.tally.seen) for f in found.values()) >= 60, {str(f.verdict) for f in found.values()}
    (True, {'proved'})
    """
    found = {label: Found() for label in theorems()}
    growing = list(found)
    for number in range(ROUNDS):
        missing = total - sum(len(f.tally.seen) for f in found.values())
        if missing <= 0 or not growing:
            break
        share = math.ceil(SPARE * missing / len(growing)) + (LEAST if number else 0)
        seeds = [seed + number * len(found) + k for k in range(len(growing))]
        work = growing, [share] * len(growing), seeds, [number == 0] * len(growing)
        before = {label: len(found[label].tally.seen) for label in growing}
        for label, more in zip(growing, (executor.map if executor else map)(decide_theorem, *work), strict=True):
            one = found[label]
            one.tally.add(more.tally)
            one.sharp = more.sharp if one.sharp is None else one.sharp
            one.notes += more.notes
            one.seconds += more.seconds
        growing = [label for label in growing if len(found[label].tally.seen) - before[label] > 0]
    return found


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        # 2 means undecided
        self.exit(USAGE, f"{self.prog}: {message}\n")


def main(arguments: list[str] | None = None) -> int:
    """Print what was found; 0 if everything is proved, 1 if a bound is contradicted, 2 if something is undecided."""
    parser = _Parser(prog="relverify.testing.properties", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--instances", type=_positive, default=10_000, help="different instances, at least")
    parser.add_argument("--jobs", type=_positive, default=2, help="processes")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    begin = time.perf_counter()
    if options.jobs > 1:
        with processes(options.jobs) as executor:
            found = decide_all(options.instances, options.seed, executor)
    else:
        found = decide_all(options.instances, options.seed)
    print(*_table(found), sep="\n")
    tallies = [one.tally for one in found.values()]
    number, equal = sum(len(t.seen) for t in tallies), sum(sum(t.seen.values()) for t in tallies)
    print(
        f"{number} different instances of {len(found)} theorems: {number - equal} decided by balls, {equal} as "
        f"equalities, with {max(t.bits for t in tallies)} bits at most (limit {MAX_PREC}); "
        f"{sum(len(t.open_cases) for t in tallies)} undecided; "
        f"{sum(one.sharp is Verdict.PROVED for one in found.values())} extremal instances attain their bounds; "
        f"{time.perf_counter() - begin:.0f} s, {sum(one.seconds for one in found.values()):.0f} s of the processors"
    )
    verdict = overall(one.verdict for one in found.values())
    if number < options.instances:
        print(f"fewer than the {options.instances} instances that were asked for")
        verdict = overall([verdict, Verdict.UNDECIDED])
    return verdict.exit_code


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not accepted: an integer of at least 1")
    return number


def _table(found: Mapping[str, Found]) -> Iterator[str]:
    titles = ("instances", "by balls", "equal", "bits", "extremal", "seconds")
    yield f"{'theorem':34}" + "".join(f"{title:>11}" for title in titles) + "  verdict"
    for label, one in found.items():
        equal = sum(one.tally.seen.values())
        numbers = len(one.tally.seen), len(one.tally.seen) - equal, equal, one.tally.bits
        cells = [*map(str, numbers), "" if one.sharp is None else str(one.sharp), f"{one.seconds:.1f}"]
        yield f"{label:34}" + "".join(f"{cell:>11}" for cell in cells) + f"  {one.verdict}"
        yield from (f"    {line}" for line in [one.tally.counterexample, *one.tally.open_cases[:3], *one.notes] if line)


if __name__ == "__main__":
    raise SystemExit(main())
