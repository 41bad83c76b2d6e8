"""Training of the face detector on scenes with painted people."""

import logging

import torch
import torch.nn.functional as F
from torch import Tensor

from ..faces.detector import HIGHEST, LOWEST, TYPICAL, DetectorNet, NetworkDetector, cell_centres, overlap
from ..progress import Progress
from ..synthetic.dataset import PortraitDataset
from ..training.degradation import Rng
from ..training.task import Draw, Losses, Moment
from .examples import ExampleTask
from .occluded import at_size, draw_portraits
from .recipe import Detecting
from .run import Run
from .scenes import Scenes, draw_scenes

__all__ = ["DetectorTask", "choose_threshold", "learn_detector", "unseen_scenes"]

log = logging.getLogger(__name__)

NEAR = 0.22  # of a box's side: an answer that is this near to its middle is right
UNSURE = 0.55  # up to here, and for boxes a little too small or too large, an answer is neither right nor wrong
TOLERATED = 1.45  # how much too small or too large
PORTRAIT = 128  # side of the portraits that people are cut from
SAME = 0.33  # intersection over union: a find is this face
PRECISION = 0.95  # of the finds at the threshold; scenes are full of decoys, photographs hold far fewer


class DetectorTask(ExampleTask[DetectorNet]):
    """Composed scenes, and where faces are in them."""

    def __init__(self, plain: PortraitDataset, painted: PortraitDataset, held_out: int, recipe: Detecting) -> None:
        super().__init__(DetectorNet(), name="detector", images=recipe.images, lr=recipe.lr)
        self.plain, self.painted, self.held_out, self.recipe = plain, painted, held_out, recipe

    def examples(self, rng: Rng, count: int) -> Draw:
        people = draw_portraits(self.plain, self.painted, self.held_out, count, self.recipe.painted, PORTRAIT, rng)
        return dict(vars(draw_scenes(people, self.recipe, rng)))

    def losses(self, draw: Draw, moment: Moment) -> Losses:
        """Those of scores and boxes."""
        found = losses_of(self.network(draw["images"].to(moment.device)), Scenes(**draw))
        return {"faces": found["faces"], "boxes": self.recipe.weight_boxes * found["boxes"]}


def learn_detector(
    plain: PortraitDataset, painted: PortraitDataset, run: Run, *, recipe: Detecting, progress: Progress
) -> DetectorNet:
    """Train the detector on composed scenes, and choose its threshold on scenes of held-out people.

    Returns:
        the moving average of the network.
    """
    torch.manual_seed(8)
    task = DetectorTask(plain, painted, run.held_out, recipe)
    average = task.learn(run, batch=recipe.batch, seed=8, average_images=recipe.average_images, progress=progress)
    unseen = torch.from_numpy(plain.ready()[plain.ready() < run.held_out])
    if len(unseen):
        scenes = unseen_scenes(plain, unseen.repeat(2), recipe, torch.Generator().manual_seed(8))
        threshold, found = choose_threshold(average, scenes)
        log.info("the detector finds %.0f%% of the faces of new scenes at a threshold of %.2f", 100 * found, threshold)
    return average


def losses_of(answers: Tensor, scenes: Scenes) -> dict[str, Tensor]:
    """The focal loss of the scores (Lin et al. 2017), and the loss of the boxes where there is a face."""
    right, counts, wanted = targets(answers, scenes)
    logit = answers[:, 0]
    sure = torch.where(right > 0, logit.sigmoid(), 1 - logit.sigmoid())
    focal = (1 - sure) ** 2 * F.binary_cross_entropy_with_logits(logit, right, reduction="none") * counts
    faces = right.sum().clamp_min(1)
    away = (answers[:, 1:] - wanted).abs().mean(dim=1) * right
    return {"faces": focal.sum() / faces, "boxes": away.sum() / faces}


def targets(answers: Tensor, scenes: Scenes) -> tuple[Tensor, Tensor, Tensor]:
    """The targets of the answers ``[N, 6, h, w]``.

    Returns:
        the target scores and which of them count, ``[N, h, w]``, and positions, sides and rolls ``[N, 5, h, w]``.
    """
    boxes, shown = scenes.boxes.to(answers.device), scenes.shown.to(answers.device)
    at = cell_centres(answers)
    x, y, side, roll = (boxes[:, :, axis, None, None] for axis in range(4))  # [N, F, 1, 1]
    away = ((at[0] - x) ** 2 + (at[1] - y) ** 2).sqrt() / side  # [N, F, h, w]
    there = shown[:, :, None, None]
    fits = (side >= LOWEST) & (side <= HIGHEST) & (there > 0)
    nearly = (side >= LOWEST / TOLERATED) & (side <= HIGHEST * TOLERATED)
    hits = fits & (away < NEAR)
    right = hits.any(dim=1)
    unsure = ((there != 0) & nearly & (away < UNSURE)).any(dim=1)
    best = torch.where(hits, away, torch.inf).argmin(dim=1, keepdim=True)
    parts = ((x - at[0]) / TYPICAL, (y - at[1]) / TYPICAL, (side / TYPICAL).log(), roll.cos(), roll.sin())
    wanted = torch.cat([part.expand_as(away).gather(1, best) for part in parts], dim=1)
    return right.float(), (right | ~unsure).float(), wanted


@torch.no_grad()
def choose_threshold(network: DetectorNet, batches: list[Scenes], *, precision: float = PRECISION) -> tuple[float, float]:
    """Set the network's threshold to the lowest score with the required precision.

    Args:
        batches: scenes of held-out people.

    Returns:
        the threshold, and its recall.
    """
    scores, rights, count = [], [], 0
    for scenes in batches:
        side = scenes.images.shape[-1]
        finder = NetworkDetector(network, smallest=LOWEST / side, threshold=0.0)
        for image, boxes, shown in zip(scenes.images.split(1), scenes.boxes, scenes.shown, strict=True):
            finds = torch.tensor([[box.score, *box.centre, box.side] for box in finder(image)]).reshape(-1, 4)
            count += int(((shown > 0) & (boxes[:, 2] >= LOWEST) & _inside(boxes, side)).sum())
            known = [overlap(F.pad(box[:3], (1, 0)), finds) > SAME for box in boxes[shown != 0]]
            faces = torch.stack(known).any(dim=0) if known else torch.zeros(len(finds), dtype=torch.bool)
            scores.append(finds[:, 0])
            rights.append(faces)
    score, order = torch.cat(scores).sort(descending=True)
    right = torch.cat(rights)[order].float()
    good = (right.cumsum(0) / torch.arange(1, len(right) + 1) >= precision).nonzero()[:, 0]
    last = int(good[-1]) if len(good) else 0
    threshold = float(score[last]) if len(score) else 0.5
    network.threshold.fill_(threshold)
    return threshold, min(1.0, float(right[: last + 1].sum()) / max(1, count))


def _inside(boxes: Tensor, side: int) -> Tensor:
    return ((boxes[:, :2] > 0) & (boxes[:, :2] < side)).all(dim=1)


def unseen_scenes(dataset: PortraitDataset, chosen: Tensor, recipe: Detecting, rng: Rng) -> list[Scenes]:
    """Scenes of the chosen portraits."""
    return [draw_scenes(at_size(dataset, part, PORTRAIT), recipe, rng) for part in chosen.split(recipe.batch)]
