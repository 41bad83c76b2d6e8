"""`pastiche train dualstylegan`: a style for each of some pictures, with their structure and colours apart."""

from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from ... import catalog
from ...bundle import load
from ...checkpoints import Checkpoint, save
from ...devices import find_device
from ...dualstylegan.training import FEW, PRESETS, STYLES, DualRecipe, DualTraining, Start
from ...encoders import ArcFace
from ...errors import CheckpointError
from ...numerics import choose_dtype
from ...progress import Progress, silent
from ...training.data import PictureDataset
from ..console import emit, say
from ..options import DTYPES, DeviceOption, DtypeOption, JsonOption, LandmarksOption, StoredType
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
from .settings import override_parts
from .stages import stages

__all__ = ["dualstylegan"]

StyleName = Enum("StyleName", {name: name for name in STYLES}, type=str)  # type: ignore[misc]


def dualstylegan(
    pictures: PicturesArgument,
    out_path: ModelOption,
    generator: Annotated[
        str,
        typer.Option(
            "--generator",
            "-g",
            help="The face generator with its discriminator: a StyleGAN2, or a DualStyleGAN after structure transfer. A "
            "file, [b]catalog:NAME[/b], or [b]demo[/b].",
        ),
    ],
    encoder: Annotated[
        str | None,
        typer.Option(
            "--encoder", "-e", help="An encoder for the generator, best one to z+, if there is none in the generator's file."
        ),
    ] = None,
    faces: Annotated[
        Path | None,
        typer.Option(
            "--faces", help="Pictures like those that the generator was trained on. By default it draws faces itself."
        ),
    ] = None,
    style: Annotated[
        StyleName | None,
        typer.Option("--style", help=f"The paper's weights for this kind of picture. few: up to {FEW} pictures."),
    ] = None,
    identity: Annotated[
        str | None,
        typer.Option("--identity", help="An ArcFace (model_ir_se50.pth) for the identity loss, if the catalog's is not there."),
    ] = None,
    dtype: DtypeOption = "float32",
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
    """Train a DualStyleGAN on PICTURES: portraits in one style, 20 to 300 of them.

    Each picture becomes an exemplar, whose structure and colours any face can take. A stopped training is resumed by the same
    command.

      pastiche train dualstylegan cartoons/ -g demo --out cartoon.safetensors --dry-run
      pastiche train dualstylegan cartoons/ -g catalog:dualstylegan-pretrain --out cartoon.safetensors \\
          -e catalog:dualstylegan-encoder --style cartoon
      pastiche stylize me.jpg -w cartoon.safetensors -e catalog:dualstylegan-encoder --exemplar 3
    """
    this = Run(out_path=out_path, folder=run_folder(out_path, run), device=device, dry=dry_run, tensorboard=tensorboard)
    choose_dtype(override_parts(PRESETS[preset.value], settings).precision, find_device(device))  # before anything is written
    checkpoint = load(generator)
    side = checkpoint.stylegan2.resolution
    data = this.pictures(pictures, side, aligned=aligned, landmarks=landmarks)
    start = Start(
        checkpoint=checkpoint,
        encoder=None if encoder is None else load(encoder).encoder,
        pictures=data,
        faces=None if faces is None else _faces(this, faces, side, aligned=aligned),
        arcface=_arcface(identity),
        folders=[catalog.weights_folder()],
    )
    recipe = _recipe(this, preset, style.value if style else None, len(data), settings)
    main = this.main
    with stages(this.folder / "tensorboard" if tensorboard and main else None) as shown:

        def stage(name: str) -> Progress:
            return shown(name) if main else silent

        training = DualTraining(start, recipe, folder=this.folder, device=device, stage=stage)
        stage("one step of every stage, to estimate time and memory")
        for name, estimate in training.estimate().items():
            this.say(f"{name}: {estimate}")
        if dry_run:
            return
        finished = training.run()
    if main:
        _write(finished, out_path, dtype=dtype, as_json=as_json)


def _recipe(run: Run, preset: Preset, style: str | None, count: int, settings: list[str] | None) -> DualRecipe:
    """The preset, with the weights of a kind of picture, and with what the user set."""
    recipe = PRESETS[preset.value]
    if style is None and count <= FEW:
        run.say(
            f"{count} pictures: the weights for few pictures are used (--style few); choose another --style for other weights"
        )
        style = "few"
    if style is not None:
        lengths = {name: getattr(recipe.transfer, name) for name in ("iterations", "batch")}
        recipe = recipe.with_style(style)
        if preset == Preset.FAST:  # which is shorter than the paper
            recipe = replace(recipe, transfer=replace(recipe.transfer, **lengths))
    return override_parts(recipe, settings)


def _faces(run: Run, path: Path, side: int, *, aligned: bool) -> PictureDataset:
    """The pictures of the source domain, in a folder of their own."""
    return replace(run, folder=run.folder / "faces").pictures(path, side, aligned=aligned)


def _arcface(name: str | None) -> ArcFace | None:
    """The identity network that was given, or the catalog's if it was downloaded."""
    if name is None:
        item = catalog.entry("arcface-irse50")
        found = catalog.find(item)
        return None if found is None else _as_arcface(str(found))
    return _as_arcface(name)


def _as_arcface(name: str) -> ArcFace:
    network = load(name).encoder
    if not isinstance(network, ArcFace):
        raise CheckpointError(f"{name} is no identity network: give an ArcFace (model_ir_se50.pth) as --identity")
    return network


def _write(checkpoint: Checkpoint, path: Path, *, dtype: StoredType, as_json: bool) -> None:
    save(checkpoint, path, dtype=DTYPES[dtype])
    size = path.stat().st_size
    assert checkpoint.exemplars is not None
    exemplars = list(checkpoint.exemplars.exemplars)
    if as_json:
        emit({"written": str(path), "bytes": size, "exemplars": exemplars})
    else:
        say(f"{path} ({size / 2**20:.1f} MB), {len(exemplars)} exemplars")
