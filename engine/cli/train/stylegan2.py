"""`pastiche train stylegan2`: a generator of pictures like those in a folder."""

from typing import Annotated

import typer

from ...bundle import load
from ...stylegan2.training import fast, new_task, paper
from ...stylegan2.training.run import finished
from ...training.processes import join
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

__all__ = ["stylegan2"]

PRESETS = {Preset.FAST: fast, Preset.PAPER: paper}
RESOLUTION = 256


def stylegan2(
    pictures: PicturesArgument,
    out_path: ModelOption,
    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="Transfer from this checkpoint: a file, [b]catalog:NAME[/b], or [b]demo[/b]. By default from scratch.",
        ),
    ] = None,
    freeze_d: Annotated[
        int | None,
        typer.Option("--freeze-d", min=0, help="FreezeD: keep this many first layers of the discriminator (10 is usual)."),
    ] = None,
    resolution: Annotated[
        int | None,
        typer.Option(
            "--resolution",
            min=8,
            max=2048,
            help=f"Side of the images; {RESOLUTION} by default, with --from that of the checkpoint.",
        ),
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
    """Train a StyleGAN2 on pictures, from scratch or from a checkpoint.

    Stop it at any time with Ctrl-C. The same command resumes from the state that was saved then.

      pastiche train stylegan2 photos/ --out faces.safetensors --dry-run
      pastiche train stylegan2 comics/ --from catalog:ffhq --freeze-d 10 --out comics.safetensors
    """
    this = Run(out_path=out_path, folder=run_folder(out_path, run), device=device, dry=dry_run, tensorboard=tensorboard)
    checkpoint = None if start is None else load(start)
    default = checkpoint.stylegan2.resolution if checkpoint else RESOLUTION
    side = default if resolution is None else resolution
    config, schedule = this.override(*PRESETS[preset](side, transfer=checkpoint is not None), _all_settings(settings, freeze_d))
    data = this.pictures(pictures, config.resolution, aligned=aligned, landmarks=landmarks)
    task = new_task(data, config, start=checkpoint, seed=schedule.seed)
    task.check_batch(schedule, join(device).world)
    written = this.train(task, schedule, lambda: finished(task, checkpoint))
    if as_json and written:
        emit({"written": str(out_path), "folder": str(this.folder), "pictures": len(data), "images": schedule.images})


def _all_settings(settings: list[str] | None, freeze_d: int | None) -> list[str]:
    return [*(settings or []), *([] if freeze_d is None else [f"freeze_d={freeze_d}"])]
