"""`pastiche train style-encoder`: what reads the style of a picture, for BlendGAN."""

from pathlib import Path
from typing import Annotated

import torch
import typer

from ...blendgan.training import STYLE_ENCODER_PRESETS, SimCLRTask, style_encoder_checkpoint, style_encoder_task
from ...losses.perceptual_net import bundled_perceptual
from ...losses.vgg19 import find_vgg19
from ..console import emit
from ..options import DeviceOption, JsonOption, LandmarksOption
from .options import (
    DryRunOption,
    LogOption,
    ModelOption,
    PicturesArgument,
    Preset,
    PresetOption,
    ReadyOption,
    RunOption,
    SetOption,
    run_folder,
)
from .run import Run

__all__ = ["RESOLUTION", "style_encoder"]

RESOLUTION = 256  # of the pictures; no backbone looks at more


def style_encoder(
    pictures: PicturesArgument,
    out_path: ModelOption,
    vgg: Annotated[
        Path | None,
        typer.Option("--vgg", help="Folder of torchvision's vgg19-dcbb9e9d.pth, if not torch's cache. Only for that backbone."),
    ] = None,
    preset: PresetOption = Preset.FAST,
    settings: SetOption = None,
    run: RunOption = None,
    aligned: ReadyOption = False,
    landmarks: LandmarksOption = "auto",
    dry_run: DryRunOption = False,
    tensorboard: LogOption = False,
    device: DeviceOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Train BlendGAN's style encoder on pictures in many styles, without labels.

    [b]fast[/b] trains a small encoder and needs no download. [b]paper[/b] trains the published one on features of VGG19.

      pastiche train style-encoder art/ --out styles.safetensors
    """
    this = Run(out_path=out_path, folder=run_folder(out_path, run), device=device, dry=dry_run, tensorboard=tensorboard)
    chosen, schedule = this.override(*STYLE_ENCODER_PRESETS[preset.value], settings)
    data = this.pictures(pictures, RESOLUTION, aligned=aligned, landmarks=landmarks)
    SimCLRTask.check(schedule, len(data))
    compact = chosen.backbone == "compact"
    known = None if compact else find_vgg19([] if vgg is None else [vgg])
    task = style_encoder_task(
        data,
        chosen,
        vgg=None if known is None else known.features,
        perceptual=bundled_perceptual() if compact else None,
        seed=schedule.seed,
    )
    written = this.train(task, schedule, lambda: style_encoder_checkpoint(task), dtype=torch.float16)
    if as_json and written:
        emit({"written": str(out_path), "folder": str(this.folder), "pictures": len(data), "images": schedule.images})
