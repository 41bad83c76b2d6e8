"""Contact sheets: images in a grid, with captions and titles."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from .errors import ImageError
from .images import check, read, resize, to_pil

__all__ = ["sheet"]

PAPER, INK, FAINT = (250, 250, 248), (34, 34, 38), (110, 110, 116)
Lines = list[str]


def sheet(
    images: Sequence[Tensor | None],
    columns: int,
    *,
    captions: Sequence[str] | None = None,
    row_titles: Sequence[str] | None = None,
    column_titles: Sequence[str] | None = None,
    title: str = "",
    side: int = 256,
) -> Tensor:
    """Arrange images in rows of `columns`, each fitted into a square of `side` pixels.

    Args:
        images: each ``[1, 3, H, W]`` in [-1, 1], of any size; None leaves a cell empty.
        columns: images per row.
        captions: one for each image, shown below it; long ones are wrapped.
        row_titles: one for each row, shown on its left.
        column_titles: one for each column, shown above it.
        title: a heading for the whole sheet.
        side: side of a cell in pixels; margins and text scale with it.

    Returns:
        ``[1, 3, H, W]`` in [-1, 1].

    Raises:
        ImageError: there are no images, or the number of titles or captions does not fit.
    """
    rows = -(-len(images) // columns) if columns > 0 else 0
    for name, given, wanted in (
        ("captions", captions, len(images)),
        ("row titles", row_titles, rows),
        ("column titles", column_titles, columns),
    ):
        if given is not None and len(given) != wanted:
            raise ImageError(f"{len(given)} {name} do not fit a sheet of {rows} rows of {columns}: {wanted} are needed")
    if not rows:
        raise ImageError("a sheet needs at least one image and one column")
    layout = _Layout(side, columns, rows, captions or [], row_titles or [], column_titles or [], title)
    return read(_drawn(layout, images))


@dataclass(frozen=True)
class _Layout:
    """The positions of all elements, in pixels."""

    side: int
    columns: int
    rows: int
    captions: Sequence[str]
    row_titles: Sequence[str]
    column_titles: Sequence[str]
    title: str

    @property
    def gap(self) -> int:
        return max(self.side // 16, 4)

    def font(self, scale: float = 1.0) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
        return ImageFont.load_default(size=max(self.side / 15 * scale, 9))

    @property
    def line(self) -> int:
        return round(max(self.side / 15, 9) * 1.3)

    @property
    def gutter(self) -> int:
        """Width of the row titles, including their gap."""
        widest = max((self.font().getlength(line) for text in self.row_titles for line in self.wrap(text)), default=0)
        return round(widest) + self.gap if self.row_titles else 0

    @property
    def heading(self) -> int:
        return 2 * self.line + self.gap if self.title else 0

    @property
    def header(self) -> int:
        lines = max((len(self.wrap(text)) for text in self.column_titles), default=0)
        return lines * self.line + self.gap // 2 if lines else 0

    def wrap(self, text: str) -> Lines:
        """Wrap `text` to the width of a cell; a longer word gets its own line."""
        lines: Lines = []
        for word in text.split():
            if lines and self.font().getlength(f"{lines[-1]} {word}") <= self.side:
                lines[-1] += f" {word}"
            else:
                lines.append(word)
        return lines

    def caption(self, index: int) -> Lines:
        return self.wrap(self.captions[index]) if index < len(self.captions) else []

    def caption_height(self, row: int) -> int:
        positions = range(row * self.columns, (row + 1) * self.columns)
        lines = max(len(self.caption(place)) for place in positions)
        return lines * self.line + self.gap // 2 if lines else 0

    def top(self, row: int) -> int:
        """Upper edge of a row of images."""
        above = sum(self.side + self.caption_height(r) + self.gap for r in range(row))
        return 2 * self.gap + self.heading + self.header + above

    def left(self, column: int) -> int:
        return 2 * self.gap + self.gutter + column * (self.side + self.gap)

    @property
    def size(self) -> tuple[int, int]:
        heading = round(self.font(1.7).getlength(self.title)) if self.title else 0
        width = max(self.left(self.columns), self.left(0) + heading + self.gap)
        return width + self.gap, self.top(self.rows) + self.gap


def _drawn(layout: _Layout, images: Sequence[Tensor | None]) -> Image.Image:
    paper = Image.new("RGB", layout.size, PAPER)
    pen = ImageDraw.Draw(paper)
    middle = layout.side // 2
    pen.text((layout.left(0), 2 * layout.gap), layout.title, INK, layout.font(1.7))
    for column, text in enumerate(layout.column_titles):
        lines = layout.wrap(text)
        top = layout.top(0) - layout.gap // 2 - len(lines) * layout.line
        _write(pen, layout, lines, (layout.left(column) + middle, top), INK, "ma")
    for row, text in enumerate(layout.row_titles):
        lines = layout.wrap(text)
        top = layout.top(row) + middle - len(lines) * layout.line // 2
        _write(pen, layout, lines, (layout.left(0) - layout.gap, top), INK, "ra")
    for index, image in enumerate(images):
        row, column = divmod(index, layout.columns)
        corner = layout.left(column), layout.top(row)
        if image is not None:
            _place(paper, image, corner, layout.side)
        below = corner[0] + middle, corner[1] + layout.side + layout.gap // 2
        _write(pen, layout, layout.caption(index), below, FAINT, "ma")
    return paper


def _write(
    pen: ImageDraw.ImageDraw, layout: _Layout, lines: Lines, at: tuple[int, int], ink: tuple[int, int, int], anchor: str
) -> None:
    for number, line in enumerate(lines):
        pen.text((at[0], at[1] + number * layout.line), line, ink, layout.font(), anchor=anchor)


def _place(paper: Image.Image, image: Tensor, corner: tuple[int, int], side: int) -> None:
    check(image, batch=1)
    height, width = image.shape[-2:]
    scale = side / max(height, width)
    shape = max(round(height * scale), 1), max(round(width * scale), 1)
    fitted = to_pil(resize(image.to("cpu", torch.float32), shape))
    paper.paste(fitted, (corner[0] + (side - shape[1]) // 2, corner[1] + (side - shape[0]) // 2))
