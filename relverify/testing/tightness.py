"""Units that are built over units that are needed, for the catalogue: ``python -m relverify.testing.tightness``.

Every family names the relations and boxes at which it is measured. The networks are built and certified; the units that
are needed are proved by segments on which no affine function is near enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from relverify.networks.counts import grid_units
from relverify.networks.synthesize import Synthesis, synthesize
from relverify.relations import families, parse_relation

EPS = "1/1000"


@dataclass(frozen=True)
class Tightness:
    """What was built and what is needed for a relation.

    Parameters
    ----------
    text, box : str
    predicted : int
        Units that suffice by *grid-neurons*, which bounds the second derivatives by their suprema.
    built : Synthesis
        The smallest network(s) that were proved.
    """

    text: str
    box: str
    predicted: int
    built: Synthesis

    @property
    def ratio(self) -> float:
        """Units built over units needed; infinite where none is needed."""
        return self.built.N / self.built.needed if self.built.needed else float("inf")

    @property
    def kind(self) -> str:
        """What was built, in words."""
        values = "shifted values" if self.built.shifted else "plain values"
        return f"{values}, graded knots" if self.built.graded else values

    def cells(self) -> list[str]:
        """A row of the table."""
        built = self.built
        units = str(built.n_x) if built.psi is None else f"{built.n_x} + {built.n_y}"
        return [self.text, self.box, str(self.predicted), units, self.kind, str(built.needed), f"{self.ratio:.2f}"]


TITLES = ["relation", "box", "predicted", "built", "by", "needed", "ratio"]


def measure(text: str, box: str, eps: str = EPS) -> Tightness:
    """Build the smallest network(s) that can be proved, and count what is needed.

    Examples
    --------
    >>> measure("gaussian(ell=1/2)", "[0,1]", "1e-2").cells()[2:]
    ['10', '8', 'shifted values', '4', '2.00']
    """
    relation = parse_relation(text)
    return Tightness(text, box, grid_units(relation, box, eps=eps).units, synthesize(relation, box, eps=eps))


def catalogue() -> Iterator[tuple[str, str]]:
    """The relations and boxes that the families name."""
    for family in families().values():
        yield from ((one.text, one.box) for one in family.measured)


def table(rows: Iterable[Tightness]) -> Iterator[list[str]]:
    """Titles, a row each, and the worst one."""
    yield TITLES
    worst: Tightness | None = None
    for row in rows:
        yield row.cells()
        worst = row if worst is None or row.ratio > worst.ratio else worst
    if worst is not None:
        yield ["worst: " + worst.text, worst.box, "", "", "", "", f"{worst.ratio:.2f}"]


def main() -> int:
    """Print the table."""
    widths = (32, 8, 10, 11, 29, 7, 6)
    for cells in table(measure(text, box) for text, box in catalogue()):
        print(" ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip(), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
