"""Draw docs/icon.jpg and docs/banner.jpg, which the registry shows, with the project's own painter.

    python scripts/draw_icon.py

Left half a portrait, right half the same portrait in a painted style; the banner is a row of such pairs.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from pastiche.images import write
from pastiche.synthetic.dataset import code
from pastiche.synthetic.painter import paint
from pastiche.synthetic.parameters import parameters
from pastiche.synthetic.styles import PaintedStyle

ROOT = Path(__file__).resolve().parents[1]
ICON = 400  # pixels; the registry takes no larger one
BANNER = (360, 840)  # height and width, 21:9
SEED = 7  # of the portraits
PICTURES = ((10, "watercolor"), (21, "ukiyoe"), (11, "engraving"), (13, "stained_glass"), (0, "oil"))  # portrait and style


def halves(number: int, style: str, side: int) -> Tensor:
    """A portrait whose right half is painted, ``[1, 3, side, side]``."""
    drawn = parameters(code(number, SEED)[None])
    portrait, painted = paint(drawn, side).images, PaintedStyle(style, number)(drawn, side).images
    middle = side // 2
    return torch.cat([portrait[..., :middle], painted[..., middle:]], dim=3)


def banner() -> Tensor:
    """All pictures side by side, each cut to its middle."""
    height, width = BANNER
    each = width // len(PICTURES)
    left = (height - each) // 2
    strips = [halves(number, style, height)[..., left : left + each] for number, style in PICTURES]
    return torch.cat(strips, dim=3)


def main() -> None:
    """Write both."""
    write(halves(*PICTURES[0], ICON), ROOT / "docs" / "icon.jpg")
    write(banner(), ROOT / "docs" / "banner.jpg")


if __name__ == "__main__":
    main()
