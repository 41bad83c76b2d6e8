"""Results of an experiment: tables, plots, pictures, and what they show. Pages are made of them elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from torch import Tensor

from ..metrics import Estimate

__all__ = ["Cell", "Finding", "Plot", "Result", "Table"]

Cell = str | float | Estimate | None


@dataclass(frozen=True)
class Table:
    """Numbers in rows and columns.

    Attributes:
        caption: what it shows, and from how many images.
        columns: their headings; the first is that of the rows' names.
        rows: cells; None where a number is unknown.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def column(self, name: str) -> list[float]:
        """The numbers of a column, without their standard errors."""
        place = self.columns.index(name)
        return [float(row[place]) for row in self.rows if row[place] is not None]  # type: ignore[arg-type]

    def errors(self, name: str) -> list[float]:
        """The standard errors of a column; 0 where a number has none."""
        place = self.columns.index(name)
        cells = (row[place] for row in self.rows if row[place] is not None)
        return [cell.error if isinstance(cell, Estimate) else 0.0 for cell in cells]


@dataclass(frozen=True)
class Plot:
    """Lines over one axis.

    Attributes:
        title, across, up: of the plot and of its axes.
        x: where the points are.
        lines: the points' heights, by the names of the lines.
        errors: their standard errors, of the lines that have some.
    """

    title: str
    across: str
    up: str
    x: tuple[float, ...]
    lines: Mapping[str, Sequence[float]]
    errors: Mapping[str, Sequence[float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """One statement of a paper, and whether the numbers agree.

    Attributes:
        claim: what should hold.
        measured: the number that decides, in words.
        holds: whether it does.
    """

    claim: str
    measured: str
    holds: bool


@dataclass(frozen=True)
class Result:
    """One experiment.

    Attributes:
        title: its heading.
        question: what the paper found, in a sentence or two.
        setup: what was measured here, with all counts and networks.
        tables: measured here.
        published: the paper's own numbers, if they are known.
        findings: what agrees.
        plots, sheets: pictures; sheets ``[1, 3, H, W]`` in [-1, 1], by their captions.
        skipped: why nothing was measured; empty if it was.
    """

    title: str
    question: str
    setup: str = ""
    tables: tuple[Table, ...] = ()
    published: tuple[Table, ...] = ()
    findings: tuple[Finding, ...] = ()
    plots: tuple[Plot, ...] = ()
    sheets: Mapping[str, Tensor] = field(default_factory=dict)
    skipped: str = ""
