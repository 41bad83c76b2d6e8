"""`pastiche one-shot`: learn a style and save it."""

from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import torch
import typer

from ..images import write
from ..numerics import precision
from ..sheets import sheet
from ..training.board import Board
from .console import emit, say
from .faces import FindOptions
from .groups import grouped
from .learning import PresetOption, ReconstructionOption, StepsOption, TextureOption, learn_style, settings_of
from .options import JsonOption, NetworkOptions, OutOption, SeedOption
from .targets import PICTURES, TENSORS, check_target
from .train.options import LogOption, run_folder

__all__ = ["one_shot"]


@grouped
def one_shot(
    references: Annotated[list[Path], typer.Argument(help="One image in the style, or several.", show_default=False)],
    *,
    out_path: OutOption = Path("style.safetensors"),
    chosen: PresetOption = None,
    steps: StepsOption = None,
    reconstruction: ReconstructionOption = None,
    texture: TextureOption = None,
    seed: SeedOption = 0,
    dtype: Annotated[
        Literal["float32", "float16"],
        typer.Option("--dtype", help="Store the changes as float32, or as float16 (half the size)."),
    ] = "float32",
    samples: Annotated[
        Path | None, typer.Option("--samples", help="Also write an image with random faces, with and without the style.")
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option("--run", help="Folder for states, logs and samples; a later call resumes from it. By default none."),
    ] = None,
    tensorboard: LogOption = False,
    finding: FindOptions,
    networks: NetworkOptions,
    as_json: JsonOption = False,
) -> None:
    """Learn a style from REFERENCES and save it (JoJoGAN).

    The file holds only the changes to the generator, and works with that generator only.

      pastiche one-shot painting.jpg --out painting.safetensors
      pastiche stylize me.jpg --style painting.safetensors
    """
    check_target(out_path, TENSORS)
    if samples is not None:
        check_target(samples, PICTURES)
    models = networks.load()
    settings = settings_of(chosen, models.checkpoint, steps=steps, reconstruction=reconstruction, texture=texture)
    folder = run_folder(out_path, run) if run or tensorboard else None
    with ExitStack() as stack:
        log = stack.enter_context(Board(folder)) if folder and tensorboard else None
        stack.enter_context(precision(networks.precision, models.device))
        style, _ = learn_style(
            models,
            references,
            settings,
            seed=seed,
            aligned=finding.aligned,
            landmarks=finding.landmarks,
            folder=folder,
            log=log,
        )
    style.save(out_path, half=dtype == "float16", name=models.checkpoint.source)
    if samples is not None:
        with precision(networks.precision, models.device):
            plain, drawn = style.sample(6, rng=torch.Generator("cpu").manual_seed(seed))
        pictures = [image[None].cpu().clamp(-1, 1) for image in (*plain, *drawn)]
        write(sheet(pictures, 6, row_titles=["plain", "in the style"]), samples)
    size = out_path.stat().st_size
    if as_json:
        emit({"written": str(out_path), "bytes": size, "seed": seed, "settings": asdict(settings)})
    else:
        say(f"{out_path} ({size / 2**20:.1f} MB)")
