"""Plots as SVG, without any library: lines over one axis."""

from collections.abc import Sequence
from html import escape
from math import floor, isfinite, log10

from .result import Plot

__all__ = ["svg"]

WIDTH, HEIGHT = 460, 280
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 34, 40
COLORS = ("#2b6cb0", "#c05621", "#2f855a", "#805ad5")
INK, FAINT = "#333", "#ccc"


def svg(plot: Plot) -> str:
    """An ``<svg>`` element. Points that are not finite are left out."""
    heights = [end for name in plot.lines for y, error in _bars(plot, name) if isfinite(y) for end in (y - error, y + error)]
    across, up = _Axis(plot.x, LEFT, WIDTH - RIGHT), _Axis(heights or [0.0], HEIGHT - BOTTOM, TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'font-family="sans-serif" font-size="11" fill="{INK}">',
        _text(WIDTH / 2, 16, plot.title, "middle", bold=True),
        _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, plot.across, "middle"),
    ]
    for tick in up.ticks:
        y = up.at(tick)
        parts += [f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="{FAINT}"/>', _text(LEFT - 5, y + 4, f"{tick:g}", "end")]
    for tick in across.ticks:
        parts.append(_text(across.at(tick), HEIGHT - BOTTOM + 15, f"{tick:g}", "middle"))
    for number, name in enumerate(plot.lines):
        color = COLORS[number % len(COLORS)]
        parts += _line(plot, name, across, up, color)
        if len(plot.lines) > 1:
            parts.append(_text(LEFT + 8 + 110 * number, TOP - 6, name, "start", color=color))
    return "\n".join([*parts, "</svg>"])


def _line(plot: Plot, name: str, across: "_Axis", up: "_Axis", color: str) -> list[str]:
    """A line, its points, and a bar of one standard error to both sides of each."""
    points = [(x, y, error) for x, (y, error) in zip(plot.x, _bars(plot, name), strict=True) if isfinite(y)]
    path = "L".join(f"{across.at(x):.1f} {up.at(y):.1f}" for x, y, _ in points)
    parts = [f'<path d="M{path}" fill="none" stroke="{color}" stroke-width="2"/>'] if points else []
    for x, y, error in points:
        parts.append(f'<circle cx="{across.at(x):.1f}" cy="{up.at(y):.1f}" r="3" fill="{color}"/>')
        if error:
            parts.append(f'<path d="M{across.at(x):.1f} {up.at(y - error):.1f}V{up.at(y + error):.1f}" stroke="{color}"/>')
    return parts


def _bars(plot: Plot, name: str) -> list[tuple[float, float]]:
    """A line's heights and their standard errors, 0 where there is none."""
    line = plot.lines[name]
    errors = plot.errors.get(name, [0.0] * len(line))
    return [(y, error if isfinite(error) else 0.0) for y, error in zip(line, errors, strict=True)]


class _Axis:
    """From numbers to pixels.

    Attributes:
        ticks: round numbers.
    """

    def __init__(self, numbers: Sequence[float], start: float, end: float) -> None:
        low, high = min(numbers), max(numbers)
        low = 0.0 if 0 < low < high / 2 else low  # a distance twice another one looks so
        if low == high:
            low, high = low - 0.5, high + 0.5
        step = _round_step((high - low) / 4)
        first = floor(low / step) * step
        self.ticks = [round(first + step * number, 10) for number in range(7) if first + step * number < high + step]
        self.start, self.scale, self.low = start, (end - start) / (self.ticks[-1] - self.ticks[0]), self.ticks[0]

    def at(self, number: float) -> float:
        return self.start + (number - self.low) * self.scale


def _round_step(step: float) -> float:
    """1, 2 or 5 times a power of ten, at least `step`."""
    power = 10.0 ** floor(log10(step))
    return next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= step * (1 - 1e-9))


def _text(x: float, y: float, text: str, anchor: str, *, bold: bool = False, color: str = INK) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{color}"{weight}>{escape(text)}</text>'
