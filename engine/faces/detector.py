"""A small fully convolutional detector of faces: tilted, half hidden, painted, of any size.

It looks for faces whose box is about `TYPICAL` pixels wide, on a pyramid of copies of the picture, so that one size is all
that has to be learned. Every eighth pixel tells how likely it is the middle of a face, and where its box lies
(Zhou et al. 2019, "Objects as points"; Tian et al. 2019, FCOS). Batch norm, whose statistics do not depend on how much of
a picture is seen at once.
"""

import logging
import math
from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..images import check, resize
from ..resources import demo_file_or_none
from .blocks import Down, Residual, StoredModule
from .detect import Box

__all__ = ["HIGHEST", "LOWEST", "STRIDE", "TYPICAL", "DetectorConfig", "DetectorNet", "NetworkDetector", "bundled_detector"]

log = logging.getLogger(__name__)

STRIDE = 8  # pixels between two answers
TYPICAL = 30.0  # side of the boxes that are looked for, in pixels,
LOWEST, HIGHEST = 20.0, 45.0  # at least and at most
STEP = 2**0.5  # between two copies of the pyramid
MARGIN = 16  # pixels around each copy, so that a face may reach over the edge
OVERLAP = 0.4  # of the smaller box: two finds are one face from here on
ANSWERS = 200  # of one copy that are looked at
VOTES = 8  # answers that a face gets at least, from neighbouring positions and copies: the mean of the best is its score
FAINT = 0.05  # an answer below this is no vote
FILE = "detector.safetensors"


@dataclass(frozen=True, kw_only=True)
class DetectorConfig:
    """Sizes of the network; the default has 0.6 million parameters.

    Attributes:
        widths: channels at 1/2, 1/4, 1/8, 1/16 and 1/32 of the side.
        depths: residual blocks at 1/4, 1/8, 1/16 and 1/32.
        top: channels on the way up.
    """

    widths: tuple[int, int, int, int, int] = (16, 24, 48, 80, 96)
    depths: tuple[int, int, int, int] = (1, 2, 2, 1)
    top: int = 48


class DetectorNet(StoredModule):
    """Pictures to answers.

    Attributes:
        config: its sizes.
        threshold: the score from which an answer is a face; chosen on pictures that it was not trained on.
    """

    kind = "face detector"
    threshold: Tensor

    def __init__(self, config: DetectorConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or DetectorConfig()
        stem, *widths = config.widths
        self.stem = Down(3, stem, nn.BatchNorm2d)
        self.stages, narrow = nn.ModuleList(), stem
        for width, depth in zip(widths, config.depths, strict=True):
            blocks = (Residual(width, nn.BatchNorm2d) for _ in range(depth))
            self.stages.append(nn.Sequential(Down(narrow, width, nn.BatchNorm2d), *blocks))
            narrow = width
        self.laterals = nn.ModuleList([nn.Conv2d(width, config.top, 1) for width in widths[1:]])
        self.smooth = nn.ModuleList([Residual(config.top, nn.BatchNorm2d) for _ in widths[2:]])
        self.answer = nn.Conv2d(config.top, 6, 1)
        self.register_buffer("threshold", torch.tensor(0.5))
        assert self.answer.bias is not None
        with torch.no_grad():
            self.answer.bias[0] = -4.0  # almost nowhere is a face

    def forward(self, images: Tensor) -> Tensor:
        """What lies at every eighth pixel.

        Args:
            images: ``[N, 3, H, W]`` in [-1, 1], sides multiples of 32.

        Returns:
            ``[N, 6, H / 8, W / 8]``: the logit of a face being there; x and y of its middle from here and the logarithm
            of its side, in `TYPICAL` sides; cosine and sine of its roll.
        """
        x = self.stages[0](self.stem(images))
        features = [x := stage(x) for stage in self.stages[1:]]
        laterals = [lateral(feature) for lateral, feature in zip(self.laterals, features, strict=True)]
        x = laterals.pop()
        for smooth in self.smooth:
            x = smooth(F.interpolate(x, scale_factor=2.0, mode="nearest") + laterals.pop())
        answers: Tensor = self.answer(x)
        return answers


class NetworkDetector:
    """Finds faces with a trained network; fits where `detect` does.

    Args:
        network: trained; used on its own device.
        smallest: side of the smallest face looked for, as a part of the photo's longer side. Time grows with its
            inverse square.
        threshold: the score below which a find is dropped; the network's own by default.
    """

    def __init__(self, network: DetectorNet, *, smallest: float = 0.04, threshold: float | None = None) -> None:
        self.network = network
        self.smallest = smallest
        self.threshold = float(network.threshold) if threshold is None else threshold

    @torch.no_grad()
    def __call__(self, image: Tensor) -> list[Box]:
        """Every face, the largest first.

        Args:
            image: ``[1, 3, H, W]`` in [-1, 1].

        Raises:
            ImageError: `image` is not one picture.
        """
        check(image, batch=1)
        found = torch.cat([self._level(image, scale) for scale in scales(image, self.smallest)])
        boxes = [_box(row) for row in merged(found).tolist() if row[0] >= self.threshold]
        return sorted(boxes, key=lambda box: box.side, reverse=True)

    def _level(self, image: Tensor, scale: float) -> Tensor:
        """Finds in a copy that is `scale` times as large: ``[F, 6]`` of score, x, y, side, cosine and sine, in the photo."""
        height, width = image.shape[-2:]
        shape = max(round(height * scale), 1), max(round(width * scale), 1)
        device = next(self.network.parameters()).device
        small = resize(image.float(), shape, "bilinear").to(device)
        padded = F.pad(small, (MARGIN, _rest(shape[1]), MARGIN, _rest(shape[0])), mode="replicate")
        found = decode(self.network(padded))[0]
        found = found[found[:, 0] >= FAINT]
        zoom = torch.tensor([1.0, width / shape[1], height / shape[0], 1 / scale, 1.0, 1.0], device=device)
        shift = torch.tensor([0.0, 0.5 - MARGIN, 0.5 - MARGIN, 0.0, 0.0, 0.0], device=device)
        back = torch.tensor([0.0, -0.5, -0.5, 0.0, 0.0, 0.0], device=device)
        return ((found + shift) * zoom + back).cpu()


def _rest(length: int) -> int:
    """Pixels to add at the far end, for a multiple of 32 and a margin."""
    return MARGIN + (-length - 2 * MARGIN) % 32


def scales(image: Tensor, smallest: float) -> list[float]:
    """How much smaller the copies of the pyramid are: the first shows the smallest faces, the last one a face that fills it."""
    longer, shorter = max(image.shape[-2:]), min(image.shape[-2:])
    scale = min(TYPICAL / STEP / (smallest * longer), 2.0)
    found = [scale]
    while scale * shorter > TYPICAL * STEP:
        scale /= STEP
        found.append(scale)
    return found


def cell_centres(answers: Tensor) -> Tensor:
    """Pixel indices ``[2, h, w]`` (x, y) of the answers ``[..., h, w]``."""
    height, width = answers.shape[-2:]
    x = (torch.arange(width, device=answers.device) + 0.5) * STRIDE - 0.5
    y = (torch.arange(height, device=answers.device) + 0.5) * STRIDE - 0.5
    return torch.stack([x.expand(height, -1), y[:, None].expand(-1, width)])


def decode(answers: Tensor) -> Tensor:
    """Answers ``[N, 6, h, w]`` to finds ``[N, F, 6]``: score, x, y, side, cosine and sine of the roll; F at most `ANSWERS`."""
    score = answers[:, :1].sigmoid()
    middle = cell_centres(answers) + answers[:, 1:3] * TYPICAL
    side = TYPICAL * answers[:, 3:4].clamp(-2, 2).exp()
    found = torch.cat([score, middle, side, answers[:, 4:]], dim=1).flatten(2).transpose(1, 2)
    best = score.flatten(1).topk(min(ANSWERS, found.shape[1]), dim=1).indices
    return found.gather(1, best[..., None].expand(-1, -1, 6))


def merged(found: Tensor) -> Tensor:
    """One row for each face, from all that overlap with the surest: its box their mean by score. ``[F, 6] -> [G, 6]``.

    Its score is the mean of the `VOTES` best, so that what answers once or twice is worth little.
    """
    left = found[found[:, 0].argsort(descending=True)]
    kept = []
    while len(left):
        same = overlap(left[0], left) > OVERLAP
        same[0] = True
        weight = left[same, :1] ** 2
        mean = (left[same] * weight).sum(dim=0) / weight.sum()
        mean[0] = left[same, 0][:VOTES].sum() / VOTES
        kept.append(mean)
        left = left[~same]
    return torch.stack(kept) if kept else found


def overlap(one: Tensor, others: Tensor) -> Tensor:
    """What the box of a find ``[6]`` shares with those of others ``[F, 6]``, as a part of the smaller: ``[F]``."""
    half, halves = one[3] / 2, others[:, 3:4] / 2
    low = torch.maximum(one[1:3] - half, others[:, 1:3] - halves)
    high = torch.minimum(one[1:3] + half, others[:, 1:3] + halves)
    return (high - low).clamp_min(0).prod(dim=1) / torch.minimum(one[3], others[:, 3]).square()


def _box(row: list[float]) -> Box:
    score, x, y, side, cos, sin = row
    return Box.around(x, y, side, score=score, angle=math.degrees(math.atan2(sin, cos)))


@lru_cache(maxsize=1)
def bundled_detector() -> NetworkDetector | None:
    """The network that is bundled, on the CPU; None where this bundle has none, and then the log says so."""
    path = demo_file_or_none(FILE)
    if path is None:
        log.info("this bundle holds no %s: faces are found by the cascade", FILE)
        return None
    return NetworkDetector(DetectorNet.load(path))
