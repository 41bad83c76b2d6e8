"""Results as Markdown, for `docs/results.md`."""

from collections.abc import Sequence

from .result import Cell, Finding, Result, Table

__all__ = ["markdown", "written"]


def markdown(results: Sequence[Result]) -> str:
    """A section for each result: the question, what was measured, the paper's numbers, and what agrees."""
    return "\n".join(line for result in results for line in _section(result))


def written(cell: Cell) -> str:
    """A cell as text: three significant digits."""
    if cell is None:
        return "-"
    if isinstance(cell, str):
        return cell
    if cell != cell:  # noqa: PLR0124 (NaN)
        return "-"
    return (
        f"{cell:.0f}"
        if abs(cell) >= 100
        else f"{cell:.1f}"
        if abs(cell) >= 10
        else f"{cell:.2f}"
        if abs(cell) >= 1
        else f"{cell:.3f}"
    )


def _section(result: Result) -> list[str]:
    lines = [f"## {result.title}", "", result.question, ""]
    if result.skipped:
        return [*lines, f"Not measured: {result.skipped}", ""]
    lines += [result.setup, ""]
    for table in result.tables:
        lines += [*_table(table), ""]
    for table in result.published:
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
