"""A network that reads a portrait: what it shows, how much of it, and in which painted style. It evaluates the bundled models.

It learns from the painter's labels alone, and no model that it evaluates learns from it.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..classes import ATTRIBUTES, IDENTITY
from ..faces.blocks import Down, Residual, StoredModule
from ..synthetic.attributes import HAIR, Attributes
from ..synthetic.styles import STYLES

__all__ = [
    "LABELS",
    "STYLE_NAMES",
    "Answers",
    "PortraitClassifier",
    "bundled_classifier",
    "drawn_when_asked",
    "labels_of",
    "recognised_styles",
]

SIDE = 96
WIDTHS = (24, 48, 96, 128)
REDUCED, HIDDEN = 48, 160
CELLS = SIDE >> len(WIDTHS)  # side of the last maps
LABELS = ("masculine", "glasses", "sunglasses", "beard", "smiling", "teeth", "hat", "bald", "curly", "braids", "long")
STYLE_NAMES = (*sorted(STYLES), "photograph")


class Answers(NamedTuple):
    """What the classifier says of N portraits.

    Attributes:
        labels: logits of `LABELS`, ``[N, len(LABELS)]``.
        styles: logits of `STYLE_NAMES`, ``[N, len(STYLE_NAMES)]``.
        readings: of `PortraitClassifier.names`, ``[N, K]``. Their unit is the standard deviation of the painted portraits,
            around their mean.
    """

    labels: Tensor
    styles: Tensor
    readings: Tensor


class PortraitClassifier(StoredModule):
    """Aligned portraits to logits of `LABELS` and of `STYLE_NAMES`, and to readings of attributes.

    Attributes:
        names: of the readings: `classes.ATTRIBUTES`, which edits change, then `classes.IDENTITY`, by which people are told
            apart.
    """

    kind = "portrait classifier"
    file = "classifier.safetensors"
    names = (*ATTRIBUTES, *IDENTITY)

    def __init__(self) -> None:
        super().__init__()
        blocks: list[nn.Module] = []
        for narrow, width in zip((3, *WIDTHS), WIDTHS, strict=False):
            blocks += [Down(narrow, width), Residual(width)]
        self.trunk = nn.Sequential(*blocks)
        self.reduce = nn.Conv2d(WIDTHS[-1], REDUCED, 1)
        self.hidden = nn.Linear(REDUCED * CELLS**2, HIDDEN)
        width = WIDTHS[-1] * 2 + HIDDEN
        self.labels = nn.Linear(width, len(LABELS))
        self.style = nn.Linear(width, len(STYLE_NAMES))
        self.readings = nn.Linear(width, len(self.names))

    def forward(self, images: Tensor) -> Answers:
        """Answers for images ``[N, 3, S, S]`` in [-1, 1], aligned as FFHQ is; of any size."""
        found = self.features(images)
        return Answers(self.labels(found), self.style(found), self.readings(found))

    def features(self, images: Tensor) -> Tensor:
        """What the answers are read from, ``[N, C]``: mean and maximum of the last maps, and what they show where."""
        if images.shape[-1] != SIDE:
            images = F.interpolate(images, size=(SIDE, SIDE), mode="bilinear", antialias=True, align_corners=False)
        found = self.trunk(images)
        placed = torch.relu(self.hidden(self.reduce(found).flatten(1)))
        return torch.cat([found.mean(dim=(2, 3)), found.amax(dim=(2, 3)), placed], dim=1).float()

    def read(self, images: Tensor) -> Tensor:
        """The readings alone, ``[N, K]``."""
        return self.readings(self.features(images))  # type: ignore[no-any-return]


def labels_of(known: Attributes) -> Tensor:
    """The painter's answers to `LABELS`, float ``[N, len(LABELS)]``, 0 or 1."""
    worn = {"hat": torch.tensor([hat != "none" for hat in known.hat])}
    hair = {kind: torch.tensor([name == kind for name in known.hair]) for kind in HAIR}
    answers = vars(known) | worn | hair
    return torch.stack([answers[name].float() for name in LABELS], dim=1)


@torch.no_grad()
def drawn_when_asked(classifier: PortraitClassifier, images: Tensor, asked: Tensor) -> dict[str, tuple[float, float]]:
    """How often the images show what their codes ask for.

    Args:
        images: ``[N, 3, H, W]`` in [-1, 1].
        asked: `labels_of` their codes, ``[N, len(LABELS)]``.

    Returns:
        for each label, the share of images that show it among those that should, and among those that should not;
        NaN where there are none.
    """
    shown = torch.cat([classifier(part).labels for part in images.split(64)]) > 0
    wanted = asked > 0.5
    return {
        name: (_share(shown[wanted[:, column], column]), _share(shown[~wanted[:, column], column]))
        for column, name in enumerate(LABELS)
    }


def _share(answers: Tensor) -> float:
    return answers.float().mean().item() if len(answers) else float("nan")


@torch.no_grad()
def recognised_styles(classifier: PortraitClassifier, images: Tensor, among: Sequence[str]) -> list[str]:
    """The most likely of the styles `among` for each image."""
    columns = torch.tensor([STYLE_NAMES.index(name) for name in among])
    logits = torch.cat([classifier(part).styles for part in images.split(64)])[:, columns]
    return [among[int(index)] for index in logits.argmax(dim=1)]


@lru_cache(maxsize=1)
def bundled_classifier() -> PortraitClassifier | None:
    """The network beside the bundle, on the CPU, loaded once; None if there is none: it does not ship."""
    return PortraitClassifier.bundled(otherwise="attributes and styles are not classified")
