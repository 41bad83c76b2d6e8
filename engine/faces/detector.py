"""A small fully convolutional face detector for tilted, partly hidden and painted faces of any size.

The network detects faces whose box is about `TYPICAL` pixels wide. It runs on an image pyramid, so it has to learn one size
only. At a stride of 8 pixels it predicts the probability that a face is centred there, and its box (Zhou et al. 2019, "Objects
as points"; Tian et al. 2019, FCOS). It uses batch norm, whose statistics at inference do not depend on how much of an image is
visible.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..images import check, resize
from .blocks import Down, Residual, StoredModule
from .box import Box

__all__ = [
    "HIGHEST",
    "LOWEST",
    "STRIDE",
    "TYPICAL",
    "DetectorConfig",
    "DetectorNet",
    "NetworkDetector",
    "bundled_detector",
]

STRIDE = 8  # pixels between two predictions
TYPICAL = 30.0  # side in pixels of the boxes to detect: typical,
LOWEST, HIGHEST = 20.0, 45.0  # smallest and largest
STEP = 2**0.5  # scale ratio between levels of the pyramid
MARGIN = 16  # pixels of padding around each level, so that a face may extend beyond the edge
OVERLAP = 0.3  # intersection over union, from which two detections are one face
TOP = 200  # predictions kept from each level
VOTES = 8  # a face is predicted at least this often, by neighbouring positions and levels; the mean of the best is its score
LEAST_SCORE = 0.05  # predictions with a lower score are dropped


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
    """Images to per-cell predictions.

    Attributes:
        config: its sizes.
        threshold: score from which a detection counts as a face, chosen on a validation set.
    """

    kind = "face detector"
    file = "detector.safetensors"
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
            self.answer.bias[0] = -4.0  # a low prior: most cells hold no face

    def forward(self, images: Tensor) -> Tensor:
        """Predict for every eighth pixel.

        Args:
            images: ``[N, 3, H, W]`` in [-1, 1], sides multiples of 32.

        Returns:
            ``[N, 6, H / 8, W / 8]``: the logit of a face; x and y of its centre relative to the cell, in units of `TYPICAL`;
            the logarithm of its side over `TYPICAL`; cosine and sine of its roll.
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
    """Detects faces with a trained network; a drop-in for `detect`.

    Args:
        network: a trained network, used on its own device.
        smallest: side of the smallest face to search for, as a fraction of the photo's longer side. Time grows with its
            inverse square.
        threshold: score below which a detection is dropped; the network's own by default.
    """

    def __init__(self, network: DetectorNet, *, smallest: float = 0.04, threshold: float | None = None) -> None:
        self.network = network
        self.smallest = smallest
        self.threshold = float(network.threshold) if threshold is None else threshold

    def searching(self, smallest: float, *, threshold: float) -> "NetworkDetector":
        """The same network, for another smallest face and threshold."""
        return NetworkDetector(self.network, smallest=smallest, threshold=threshold)

    @torch.no_grad()
    def __call__(self, image: Tensor) -> list[Box]:
        """Detect every face, largest first.

        Args:
            image: ``[1, 3, H, W]`` in [-1, 1].

        Raises:
            ImageError: `image` is not one image.
        """
        check(image, batch=1)
        found = torch.cat([self._level(image, scale) for scale in scales(image, self.smallest)])
        boxes = [_box(row) for row in merged(found).tolist() if row[0] >= self.threshold]
        return sorted(boxes, key=lambda box: box.side, reverse=True)

    def _level(self, image: Tensor, scale: float) -> Tensor:
        """Detections ``[F, 6]`` in a copy scaled by `scale`: score, x, y, side, cosine, sine, in pixels of the photo."""
        height, width = image.shape[-2:]
        shape = max(round(height * scale), 1), max(round(width * scale), 1)
        device = next(self.network.parameters()).device
        small = resize(image.float(), shape, "bilinear").to(device)
        padded = F.pad(small, (MARGIN, _padding(shape[1]), MARGIN, _padding(shape[0])), mode="replicate")
        with torch.autocast(device.type, enabled=False):  # bfloat16 would move boxes, and scores across the threshold
            found = decode(self.network(padded))[0]
        found = found[found[:, 0] >= LEAST_SCORE]
        zoom = torch.tensor([1.0, width / shape[1], height / shape[0], 1 / scale, 1.0, 1.0], device=device)
        shift = torch.tensor([0.0, 0.5 - MARGIN, 0.5 - MARGIN, 0.0, 0.0, 0.0], device=device)
        back = torch.tensor([0.0, -0.5, -0.5, 0.0, 0.0, 0.0], device=device)
        return ((found + shift) * zoom + back).cpu()


def _padding(length: int) -> int:
    """Padding at the far end, for the margin and a multiple of 32."""
    return MARGIN + (-length - 2 * MARGIN) % 32


def scales(image: Tensor, smallest: float) -> list[float]:
    """Scale of each level of the pyramid, from the one for the smallest faces to the one for a face that fills the image."""
    longer, shorter = max(image.shape[-2:]), min(image.shape[-2:])
    scale = min(TYPICAL / STEP / (smallest * longer), 2.0)
    found = [scale]
    while scale * shorter > TYPICAL * STEP:
        scale /= STEP
        found.append(scale)
    return found


def cell_centres(answers: Tensor) -> Tensor:
    """Pixel indices ``[2, h, w]`` (x, y) of the cells of predictions ``[..., h, w]``."""
    height, width = answers.shape[-2:]
    x = (torch.arange(width, device=answers.device) + 0.5) * STRIDE - 0.5
    y = (torch.arange(height, device=answers.device) + 0.5) * STRIDE - 0.5
    return torch.stack([x.expand(height, -1), y[:, None].expand(-1, width)])


def decode(answers: Tensor) -> Tensor:
    """Predictions ``[N, 6, h, w]`` to ``[N, F, 6]``: score, x, y, side, cosine and sine of the roll; F is at most `TOP`."""
    score = answers[:, :1].sigmoid()
    middle = cell_centres(answers) + answers[:, 1:3] * TYPICAL
    side = TYPICAL * answers[:, 3:4].clamp(-2, 2).exp()
    found = torch.cat([score, middle, side, answers[:, 4:]], dim=1).flatten(2).transpose(1, 2)
    best = score.flatten(1).topk(min(TOP, found.shape[1]), dim=1).indices
    return found.gather(1, best[..., None].expand(-1, -1, 6))


def merged(found: Tensor) -> Tensor:
    """One row for each face: the score-weighted mean of all rows that overlap with the best one. ``[F, 6] -> [G, 6]``.

    Its score is the mean of the `VOTES` best, so that a place with one or two predictions scores low.
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
    """Intersection over union of the box ``[6]`` and each of the boxes ``[F, 6]``: ``[F]``."""
    half, halves = one[3] / 2, others[:, 3:4] / 2
    low = torch.maximum(one[1:3] - half, others[:, 1:3] - halves)
    high = torch.minimum(one[1:3] + half, others[:, 1:3] + halves)
    shared = (high - low).clamp_min(0).prod(dim=1)
    return shared / (one[3].square() + others[:, 3].square() - shared)


def _box(row: list[float]) -> Box:
    score, x, y, side, cos, sin = row
    return Box.around(x, y, side, score=score, angle=math.degrees(math.atan2(sin, cos)))


@lru_cache(maxsize=1)
def bundled_detector() -> NetworkDetector | None:
    """The bundled detector on the CPU, loaded once; None if this installation has none."""
    network = DetectorNet.bundled(otherwise="the cascade detects faces")
    return None if network is None else NetworkDetector(network)
