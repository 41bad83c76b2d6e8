"""The networks whose features a training compares images by: the published ones where they are at hand, else what there is.

What is taken is always printed, since it decides what the result is worth.
"""

import logging
from copy import deepcopy
from pathlib import Path

from ... import catalog
from ...bundle import load
from ...checkpoints import Checkpoint
from ...encoders import ArcFace
from ...encoders.compact import CompactEncoder
from ...encoders.training import Identity, MoCo, Perception, identity_of, perception_of
from ...errors import CheckpointError, TrainingError
from ...losses.perceptual import find_lpips
from ...losses.perceptual_net import bundled_perceptual

__all__ = ["choose_identity", "choose_perception", "choose_similarity"]

log = logging.getLogger(__name__)

ARCFACE = "arcface-irse50"  # in the catalog


def choose_perception(checkpoint: Checkpoint) -> Perception:
    """LPIPS where its two files are; else Pastiche's own network; else the discriminator's features.

    Raises:
        TrainingError: there is none of them.
    """
    found = find_lpips([catalog.weights_folder()]) or deepcopy(bundled_perceptual()) or checkpoint.discriminator
    if found is None:
        raise TrainingError(
            f"images can't be compared: there is no LPIPS, and {checkpoint.source} has no discriminator: "
            "run `pastiche weights get lpips-vgg`, or use a checkpoint that has a discriminator"
        )
    return perception_of(found)


def choose_identity(checkpoint: Checkpoint, path: str | None) -> Identity | None:
    """ArcFace from a file or the catalog; else the codes of the checkpoint's own encoder; else None.

    Args:
        path: of an identity network.

    Raises:
        CheckpointError: the file holds no identity network.
    """
    if path is not None:
        network = load(path).encoder
        if not isinstance(network, ArcFace):
            raise CheckpointError(f"{path} holds no identity network: give model_ir_se50.pth, or catalog:{ARCFACE}")
        return identity_of(network)
    ready = catalog.find(catalog.entry(ARCFACE))
    if ready is not None:
        return identity_of(load(ready).encoder)  # type: ignore[arg-type]
    own = checkpoint.encoder
    if isinstance(own, CompactEncoder) and own.config.in_channels == 3:
        return identity_of(own)
    log.warning(
        "the identity loss is off: there is no ArcFace (`pastiche weights get %s`), and %s has no encoder that could stand in",
        ARCFACE,
        checkpoint.source,
    )
    return None


def choose_similarity(path: Path | None) -> Identity | None:
    """MoCo v2 from its file, if one is given.

    Raises:
        CheckpointError: it is another file.
    """
    return None if path is None else identity_of(MoCo.load(path))
