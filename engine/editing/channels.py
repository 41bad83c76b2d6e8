"""Single channels of S space (StyleSpace; Wu et al. 2021), the most local of all edits.

Layers are counted as in the paper: every style-modulated layer in forward order, to-RGB layers included, from 0.
"""

import re
from collections.abc import Sequence

import torch

from ..directions import Direction, Directions
from ..errors import LatentError
from ..stylegan2 import Generator
from ..stylegan2.fingerprint import fingerprint

__all__ = ["STYLESPACE", "channels", "parse_channel"]

SAMPLES = 1024  # random faces, for the unit of a channel
PUBLISHED = (26, 9088)  # layers and channels of the generator that the names belong to: FFHQ config-f at 1024 pixels

STYLESPACE: dict[str, tuple[int, int]] = {
    "smile": (6, 501),
    "lipstick": (15, 45),
    "black_hair": (12, 479),
    "grey_hair": (11, 286),
    "bangs": (3, 259),
    "bangs_2": (6, 285),
    "bangs_3": (5, 414),
    "receding_hairline": (6, 322),
    "goatee": (9, 421),
    "sideburns": (12, 237),
    "glasses": (3, 288),
    "glasses_2": (2, 175),
    "glasses_3": (3, 120),
    "gender": (9, 6),
    "earrings": (8, 81),
}
"""Layer and channel of attributes, as the paper found them in StyleGAN2 FFHQ config-f at 1024 pixels. They fit no other."""

NUMBERS = re.compile(r"s?(\d{1,2})[:_](\d{1,4})")


@torch.no_grad()
def channels(generator: Generator, names: Sequence[str], *, name: str = "") -> Directions:
    """Directions in S space that move one channel each.

    Args:
        names: "6:501" for channel 501 of layer 6, or a name of `STYLESPACE`, for the generator that these belong to.
        name: human-readable name of the generator.

    Returns:
        Directions, scaled so that an amount of 1 is one standard deviation of the channel over random faces.

    Raises:
        LatentError: there is no such name, layer or channel.
    """
    places = [(label, *parse_channel(generator, label)) for label in names]
    z = generator.sample_z(SAMPLES, torch.Generator().manual_seed(0))
    spread = torch.cat([style.std(dim=0) for style in generator.styles(generator.broadcast(generator.mapping(z)))])
    mark, widths = fingerprint(generator), generator.style_widths
    found = []
    for label, layer, channel in places:
        place = sum(widths[:layer]) + channel
        vector = torch.zeros_like(spread)
        vector[place] = spread[place]
        source = f"StyleSpace: channel {channel} of layer {layer}"
        found.append(Direction(name=label.replace(":", "_"), space="s", vector=vector, generator=mark, source=source))
    return Directions(found, name)


def parse_channel(generator: Generator, name: str) -> tuple[int, int]:
    """The layer and the channel that a name means.

    Raises:
        LatentError: there is none in this generator.
    """
    widths = generator.style_widths
    if name in STYLESPACE:
        if (len(widths), sum(widths)) != PUBLISHED:
            raise LatentError(
                f"the channel {name!r} is known for StyleGAN2 FFHQ at 1024 pixels, and this generator has {len(widths)} layers "
                f"with {sum(widths)} channels: give numbers, such as 6:21"
            )
        return STYLESPACE[name]
    match = NUMBERS.fullmatch(name)
    if match is None:
        raise LatentError(f"{name!r} is no channel: give layer and channel, such as 6:501, or one of {', '.join(STYLESPACE)}")
    layer, channel = int(match[1]), int(match[2])
    if layer >= len(widths) or channel >= widths[layer]:
        has = (
            f"layer {layer} has channels 0 to {widths[layer] - 1}"
            if layer < len(widths)
            else f"layers are 0 to {len(widths) - 1}"
        )
        raise LatentError(f"there is no channel {channel} in layer {layer} of this generator: its {has}")
    return layer, channel
