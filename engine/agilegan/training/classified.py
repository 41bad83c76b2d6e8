"""Attributes from a classifier, for pictures without labels, and the table in which its answers can be corrected."""

import csv
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from ...errors import TrainingError
from ...files import replacing
from ...metrics.classifier import LABELS, PortraitClassifier
from ...training.data import PictureDataset
from .attributes import Groups, grouped

__all__ = ["CLASSIFIER", "classified", "write_table"]

log = logging.getLogger(__name__)

CLASSIFIER = "classifier"
DEFAULT = "masculine"
NAMES = {"masculine": ("female", "male")}  # in the order of the published files; else "no LABEL" and LABEL
UNSURE = 0.25  # from 0.5: answers nearer to even are counted in the log
BATCH = 16


@torch.no_grad()
def classified(pictures: PictureDataset, classifier: PortraitClassifier, label: str = DEFAULT) -> Groups:
    """Two attributes, by whether a classifier sees a label in a picture.

    Pastiche's classifier was trained on painted portraits: look through its answers for other pictures.

    Args:
        label: one of `metrics.classifier.LABELS`.

    Raises:
        TrainingError: there is no such label, or the classifier sees too few pictures of an attribute.
    """
    if label not in LABELS:
        raise TrainingError(f"the classifier does not know {label!r}: choose one of {', '.join(LABELS)}")
    names = NAMES.get(label, (f"no {label}", label))
    shares = _shares(pictures, lambda images: classifier(images).labels[:, LABELS.index(label)].sigmoid())
    unsure = int(((shares - 0.5).abs() < UNSURE).sum())
    log.info("the classifier is unsure of %d of %d pictures (%s)", unsure, len(shares), label)
    found = grouped({number: names[int(share > 0.5)] for number, share in enumerate(shares.tolist())})
    if len(found) == 1:
        raise TrainingError(
            f"the classifier sees only one attribute in these pictures ({next(iter(found))}): train one path for all, or give "
            "a table"
        )
    return found


def _shares(pictures: PictureDataset, share_of: Callable[[Tensor], Tensor]) -> Tensor:
    numbers = torch.arange(len(pictures))
    return torch.cat([share_of(pictures.batch(part)) for part in numbers.split(BATCH)])


def write_table(groups: Mapping[str, Sequence[int]], names: Sequence[str], path: Path) -> None:
    """Write the attribute of each picture as a table, which can be edited and given back.

    Raises:
        TrainingError: it can't be written.
    """
    rows = sorted((names[number], attribute) for attribute, numbers in groups.items() for number in numbers)
    with replacing(path, TrainingError) as beside, beside.open("w", encoding="utf8", newline="") as file:
        csv.writer(file).writerows([("file", "attribute"), *rows])
