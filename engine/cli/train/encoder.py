"""`pastiche train encoder`: an encoder that finds the codes of faces for a generator."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from ...agilegan import AgileGenerator
from ...bundle import load
from ...checkpoints import Checkpoint
from ...encoders import IMAGE_SIZE
from ...encoders.training import EncoderTraining, Method, Translation, encoder_task, fast, paper
from ...encoders.training.train import finished
from ...errors import CheckpointError, TrainingError
from ...stylegan2 import LatentGenerator
from ...training.data import PictureDataset
from ...training.sources import open_source
from ..console import emit
from ..options import DTYPES, DeviceOption, DtypeOption, JsonOption, LandmarksOption
from .features import choose_identity, choose_perception, choose_similarity
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

__all__ = ["encoder"]

PRESETS = {Preset.FAST: fast, Preset.PAPER: paper}
CARRYING = 0.5  # an identity loss of this weight or more carries a translation, which is nothing without it


def encoder(
    pictures: PicturesArgument,
    out_path: ModelOption,
    generator: Annotated[
        str,
        typer.Option(
            "--generator", "-g", help="The generator, which stays as it is: a file, [b]catalog:NAME[/b], or [b]demo[/b]."
        ),
    ] = "demo",
    method: Annotated[
        Method,
        typer.Option(
            "--method",
            help="[b]e4e[/b]: codes that edit and stylize well. [b]psp[/b]: closer to the picture. [b]restyle[/b]: closer "
            "still, in several passes. [b]restyle-e4e[/b]: several passes to codes as e4e's. [b]vae[/b]: AgileGAN's, codes in "
            "z+.",
        ),
    ] = "e4e",
    translation: Annotated[
        Translation,
        typer.Option(
            "--translation",
            help="What to make of a picture. [b]inversion[/b]: the same. [b]toonify[/b]: the same, by a generator of "
            "cartoons. [b]sketch[/b] and [b]segmentation[/b] need [b]--sources[/b].",
        ),
    ] = "inversion",
    sources: Annotated[
        Path | None,
        typer.Option("--sources", help="The sketches or label maps, each with the name of its picture, which must be aligned."),
    ] = None,
    identity: Annotated[
        str | None,
        typer.Option("--identity", help="The identity network: model_ir_se50.pth. By default the downloaded one, if it is."),
    ] = None,
    similarity: Annotated[
        Path | None,
        typer.Option("--similarity", help="MoCo v2 (moco_v2_800ep_pretrain.pth.tar), for generators of anything but faces."),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option("--from", help="Go on from the encoder in this checkpoint; it needs the same method and settings."),
    ] = None,
    preset: PresetOption = Preset.FAST,
    settings: SetOption = None,
    dtype: DtypeOption = "float32",
    run: RunOption = None,
    aligned: ReadyOption = False,
    landmarks: LandmarksOption = "auto",
    dry_run: DryRunOption = False,
    tensorboard: LogOption = False,
    device: DeviceOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Train an encoder for a generator, on PICTURES of faces.

    The file holds the generator too, so that [b]invert[/b] and [b]stylize[/b] take it as [b]--weights[/b].

      pastiche train encoder photos/ --generator faces.safetensors --out faces-e4e.safetensors --dry-run
      pastiche train encoder photos/ --generator catalog:ffhq --method restyle --preset paper --out restyle.safetensors
    """
    this = Run(out_path=out_path, folder=run_folder(out_path, run), device=device, dry=dry_run, tensorboard=tensorboard)
    checkpoint = load(generator)
    target = _generator(checkpoint)
    config, schedule = this.override(*PRESETS[preset](method, translation), settings)
    perception = choose_perception(checkpoint)
    embedding = choose_identity(checkpoint, identity) if config.identity else None
    config = _with_embeddings(config, embedding is not None, similarity is not None)
    data = this.pictures(pictures, IMAGE_SIZE, aligned=aligned, landmarks=landmarks)
    task = encoder_task(
        target,
        data,
        config,
        schedule,
        perception=perception,
        identity=embedding,
        similarity=choose_similarity(similarity),
        sources=_sources(sources, aligned),
        start=None if start is None else load(start).encoder,
    )
    this.say(f"compared by {task.criterion.names}")
    written = this.train(task, schedule, lambda: finished(task, checkpoint), DTYPES[dtype])
    if as_json and written:
        emit({"written": str(out_path), "folder": str(this.folder), "pictures": len(data), "features": task.criterion.names})


def _generator(checkpoint: Checkpoint) -> LatentGenerator:
    if checkpoint.generator is None or isinstance(checkpoint.generator, AgileGenerator):
        raise CheckpointError(
            f"{checkpoint.source} holds a {checkpoint.architecture}, and an encoder is trained for a generator that draws one "
            "image from a code: give a StyleGAN2 or StyleGAN3 checkpoint"
        )
    return checkpoint.generator


def _with_embeddings(config: EncoderTraining, identity: bool, similarity: bool) -> EncoderTraining:
    """The settings without the losses that have no network; with MoCo, the identity loss gives way to it (Tov et al. 2021)."""
    if similarity:
        return replace(config, identity=0.0, similarity=config.similarity or 0.5)
    if not identity and config.identity >= CARRYING:
        raise TrainingError(
            f"{config.translation} is carried by the identity loss, and there is no identity network: "
            "`pastiche weights get arcface-irse50`, or choose a weight of the loss below 0.5 (--set identity=0)"
        )
    return config if identity else replace(config, identity=0.0)


def _sources(path: Path | None, aligned: bool) -> PictureDataset | None:
    if path is None:
        return None
    if not aligned:
        raise typer.BadParameter("--sources belong to pictures that are aligned as they are: give --aligned too")
    return PictureDataset(open_source(path, IMAGE_SIZE), IMAGE_SIZE)
