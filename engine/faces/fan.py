"""Landmarks by the network of the face-alignment package (Bulat and Tzimiropoulos 2017).

An extra: ``pip install "pastiche[landmarks]"`` brings the package, which needs OpenCV and numba. Its
weights are not part of it, and nothing fetches them unless the user agrees.
"""

import logging
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import torch
from torch import Tensor

from ..errors import PasticheError
from ..images import to_uint8
from .detect import Box
from .landmarks import frame, shape_in
from .shape import Array
from .warp import apply, inverse, warp

__all__ = ["FaceAlignmentLandmarks"]

log = logging.getLogger(__name__)

NETWORK = "2DFAN-4"
MEGABYTES = 96  # 24 million parameters in float32
VIEW = 512  # the package answers in whole pixels: of a view this large they are fine enough


class FaceAlignmentLandmarks:
    """The 2D face alignment network: the most accurate choice, 0.3 s for each face on a CPU.

    Args:
        device: where the network runs.
        allow_download: fetch its weights, of about 96 MB, if they are not in torch's cache.
    """

    def __init__(self, *, device: str = "cpu", allow_download: bool = False) -> None:
        self.device = device
        self.allow_download = allow_download

    def __call__(self, image: Tensor, box: Box) -> Tensor:
        """See `Landmarker`.

        Raises:
            PasticheError: the package is not installed or too old, or its weights are absent and must not
                be fetched, or could not be.
        """
        guess = shape_in(box)
        to_photo = frame(guess, size=VIEW)  # upright, and of one size however large the photo is
        view = to_uint8(warp(image, to_photo, VIEW))[0]
        inside = apply(inverse(to_photo), guess)
        bounds = np.concatenate([inside.min(axis=0), inside.max(axis=0)])
        (found,) = self._network.get_landmarks_from_image(view, detected_faces=[bounds])
        points: Array = np.asarray(found, dtype=np.float64)
        return torch.from_numpy(apply(to_photo, points))

    @cached_property
    def _network(self) -> Any:
        package = _package()
        _weights(package.api.models_urls[NETWORK], allow_download=self.allow_download)
        return package.FaceAlignment(
            package.LandmarksType.TWO_D,
            device=self.device,
            flip_input=True,
            face_detector="folder",  # the one that has no weights: the boxes are ours
            compile=False,  # or it looks for a compiler
        )


def _package() -> Any:
    try:
        import face_alignment  # noqa: PLC0415 (an extra, and slow to import)
    except ImportError as problem:
        raise PasticheError(
            f"landmarks by face-alignment need that package ({problem}): "
            'install it with `pip install "pastiche[landmarks]"`, or use another landmarker'
        ) from problem
    version = str(face_alignment.__version__)
    if tuple(int(part) for part in version.split(".")[:2]) < (1, 5):
        raise PasticheError(
            f"face-alignment {version} runs code out of its weights' file; 1.5 or newer is needed: "
            'install it with `pip install --upgrade "face-alignment>=1.5"`'
        )
    return face_alignment


def _weights(url: str, *, allow_download: bool) -> None:
    """See that the weights are where the package looks for them."""
    name = Path(urlsplit(url).path).name
    path = Path(torch.hub.get_dir()) / "checkpoints" / name
    if path.exists():
        return
    if not allow_download:
        raise PasticheError(
            f"the weights of face-alignment are not at {path}: to have them fetched from {url} "
            f"(about {MEGABYTES} MB), say allow_download=True, or put the file there yourself"
        )
    log.info("fetching %s to %s", url, path)
    path.parent.mkdir(parents=True, exist_ok=True)
    beginning = name.split(".")[0].rpartition("-")[2]  # of the file's sha256, by torch hub's custom
    try:
        torch.hub.download_url_to_file(url, str(path), hash_prefix=beginning, progress=False)
    except (OSError, RuntimeError) as problem:
        raise PasticheError(f"{url} could not be fetched ({problem}): try again, or put the file at {path}") from problem
