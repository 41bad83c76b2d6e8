"""Likeness in a video: the generator tuned once, to faces from all of it."""

import numpy as np
import torch
from torch import Tensor

from ..devices import device_of
from ..images import from_uint8
from ..inversion import tune
from ..latents import Latent
from ..people import Tuned
from .coded import Coded, coded, crop_of, smooth_codes
from .folder import WorkFolder
from .job import Phases, VideoNetworks, VideoSettings
from .reader import VideoInfo, VideoSource, read_frames
from .smoothing import Smoothing

__all__ = ["tuned_person"]


def tuned_person(
    source: VideoSource,
    info: VideoInfo,
    work: WorkFolder,
    networks: VideoNetworks,
    settings: VideoSettings,
    smoothing: Smoothing,
    means: dict[int, Tensor],
    phases: Phases,
) -> Tuned:
    """The generator tuned to samples of all people, once for the whole video."""
    file = work.path / "person.safetensors"
    if file.exists():
        return Tuned.load(file, networks.tunable)
    crops, codes = _samples(source, info, work, networks.generator.resolution, settings.samples, smoothing, means)
    with phases("tuning the generator") as progress:
        person = tune(
            crops.to(device_of(networks.generator)),
            networks.tunable,
            Latent(codes, "w+"),
            discriminator=networks.discriminator,
            lpips=networks.lpips,
            settings=settings.tuning,
            progress=progress,
        )
    person.save(file)
    return Tuned.load(file, networks.tunable)  # as a run that goes on from here does


def _samples(
    source: VideoSource,
    info: VideoInfo,
    work: WorkFolder,
    size: int,
    count: int,
    smoothing: Smoothing,
    means: dict[int, Tensor],
) -> tuple[Tensor, Tensor]:
    """Crops ``[N, 3, S, S]`` and smoothed codes ``[N, L, D]`` of faces at equal distances over the video."""
    total = sum(len(row.faces) for row in coded(work))
    wanted = set(np.linspace(0, total - 1, min(count, total)).round().astype(int).tolist())
    chosen: dict[int, Coded] = {}
    number = 0
    for row in smooth_codes(coded(work), smoothing, means):
        faces = [face for at, face in enumerate(row.faces) if number + at in wanted]
        number += len(row.faces)
        if faces:
            chosen[row.index] = Coded(row.index, row.pts, faces)
    crops, codes = [], []
    for frame in read_frames(source, info, only=chosen):
        for face in chosen[frame.index].faces:
            cut = crop_of(from_uint8(frame.pixels), face.place, size)
            assert cut is not None  # it was cut before
            crops.append(cut.crop)
            codes.append(face.code)
    return torch.cat(crops), torch.stack(codes)
