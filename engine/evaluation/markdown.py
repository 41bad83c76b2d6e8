"""Results as Markdown, for `docs/results.md`."""

from collections.abc import Sequence
from math import floor, isfinite, log10

from ..metrics import Estimate
from .result import Cell, Finding, Result, Table

__all__ = ["markdown", "written"]

PLACES = 4  # most of them behind the point of a number with a standard error


def markdown(results: Sequence[Result]) -> str:
    """A section for each result: the question, what was measured, the paper's numbers, and what agrees."""
    return "\n".join(line for result in results for line in _section(result))


def written(cell: Cell) -> str:
    """A cell as text: three significant digits where it is 1 or more, three places below.

    An estimate has as many places as its standard error needs for two significant digits, but no more than four.
    """
    if cell is None:
        return "-"
    if isinstance(cell, str):
        return cell
    if isinstance(cell, Estimate):
        return _with_error(cell)
    if not isfinite(cell):
        return "-"
    size = abs(cell)
    return f"{cell:.{0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3}f}"


def _with_error(cell: Estimate) -> str:
    if not (isfinite(cell.mean) and isfinite(cell.error) and cell.error > 0):
        return written(cell.mean)
    places = min(PLACES, max(0, 1 - floor(log10(cell.error))))
    return f"{cell.mean:.{places}f} ± {cell.error:.{places}f}"


def _section(result: Result) -> list[str]:
    lines = [f"## {result.title}", "", result.question, ""]
    if result.skipped:
        return [*lines, f"Not measured: {result.skipped}", ""]
    lines += [result.setup, ""]
    for table in result.tables[:1]:  # the setup says what it shows
        lines += [*_table(table), ""]
    for table in (*result.tables[1:], *result.published):
        lines += [f"{table.caption}:", "", *_table(table), ""]
    return [*lines, *_findings(result.findings)]


def _table(table: Table) -> list[str]:
    rule = ["---", *("---:" for _ in table.columns[1:])]
    return [_row(table.columns), f"|{'|'.join(rule)}|", *(_row([written(cell) for cell in row]) for row in table.rows)]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _findings(findings: Sequence[Finding]) -> list[str]:
    if not findings:
        return []
    rows = [_row([finding.claim, finding.measured, "yes" if finding.holds else "no"]) for finding in findings]
    return [_row(["what should hold", "measured", "holds"]), "|---|---|---|", *rows, ""]
