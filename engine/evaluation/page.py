"""Results as one HTML file: tables beside the papers', plots, and pictures, all inside the file."""

import base64
import io
from collections.abc import Sequence
from html import escape

from torch import Tensor

from ..images import to_pil
from .markdown import written
from .result import Finding, Result, Table
from .svg import svg

__all__ = ["page"]

STYLE = """
body { font: 15px/1.5 sans-serif; max-width: 1100px; margin: 2em auto; padding: 0 1em; color: #222; }
table { border-collapse: collapse; margin: 1em 0; font-size: 13px; }
th, td { border-bottom: 1px solid #ddd; padding: 3px 10px; text-align: right; }
th:first-child, td:first-child { text-align: left; }
caption { caption-side: top; text-align: left; color: #666; }
.beside { display: flex; flex-wrap: wrap; gap: 0 2em; align-items: flex-start; }
.beside > * { overflow-x: auto; max-width: 100%; }
.yes { color: #2f855a; } .no { color: #c53030; }
img { max-width: 100%; } figure { margin: 1em 0; } figcaption { color: #666; }
"""


def page(results: Sequence[Result], title: str, facts: Sequence[str] = ()) -> str:
    """A whole HTML document.

    Args:
        facts: lines below the title: models, counts, networks.
    """
    body = [f"<h1>{escape(title)}</h1>", "<ul>", *(f"<li>{escape(fact)}</li>" for fact in facts), "</ul>"]
    for result in results:
        body += _section(result)
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n' + "\n".join(body) + "\n</body></html>\n"


def _section(result: Result) -> list[str]:
    parts = [f"<h2>{escape(result.title)}</h2>", f"<p>{escape(result.question)}</p>"]
    if result.skipped:
        return [*parts, f"<p><em>Not measured: {escape(result.skipped)}</em></p>"]
    parts += [f"<p>{escape(result.setup)}</p>", '<div class="beside">']
    parts += [_table(table, "measured on these models") for table in result.tables[:1]]  # the setup says what it shows
    parts += [_table(table, table.caption) for table in (*result.tables[1:], *result.published)]
    parts += ["</div>", _findings(result.findings), '<div class="beside">', *map(svg, result.plots), "</div>"]
    return parts + [_figure(caption, sheet) for caption, sheet in result.sheets.items()]


def _table(table: Table, caption: str) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in table.columns)
    rows = ("".join(f"<td>{escape(written(cell))}</td>" for cell in row) for row in table.rows)
    body = "\n".join(f"<tr>{row}</tr>" for row in rows)
    return f"<div><table><caption>{escape(caption)}</caption><tr>{head}</tr>\n{body}</table></div>"


def _findings(findings: Sequence[Finding]) -> str:
    lines = []
    for finding in findings:
        sign = "yes" if finding.holds else "no"
        lines.append(f'<li><b class="{sign}">{sign}</b>: {escape(finding.claim)} ({escape(finding.measured)})</li>')
    return f"<ul>{''.join(lines)}</ul>"


def _figure(caption: str, sheet: Tensor) -> str:
    file = io.BytesIO()
    to_pil(sheet).save(file, "JPEG", quality=88)
    data = base64.b64encode(file.getvalue()).decode()
    text = escape(caption)
    return f'<figure><img alt="{text}" src="data:image/jpeg;base64,{data}"><figcaption>{text}</figcaption></figure>'
