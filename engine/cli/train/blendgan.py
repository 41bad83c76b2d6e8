"""`pastiche train blendgan`: a generator that draws faces in the style of any picture; and its fine-tuning to one picture."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import torch
import typer
from torch import Tensor

from ...blendgan import BlendGenerator, StyleEncoder
from ...blendgan.training import (
    BLEND_PRESETS,
    ONE_SHOT_PRESETS,
    Pairs,
    blend_checkpoint,
    blend_task,
    match_names,
    one_shot_task,
)
from ...bundle import load
from ...checkpoints import Checkpoint
from ...errors import CheckpointError, TrainingError
from ...inversion import encode
from ...losses.perceptual_net import bundled_perceptual
from ...training.data import PictureDataset
from ...training.processes import join
from ..console import emit, say
from ..learning import aligned_face
from ..options import DeviceOption, JsonOption, LandmarksOption
from .options import (
    DryRunOption,
    LogOption,
    ModelOption,
    Preset,
    PresetOption,
    ReadyOption,
    RunOption,
    SetOption,
    run_folder,
)
from .run import Run

__all__ = ["blendgan", "blendgan_style"]

StylesOption = Annotated[
    Path,
    typer.Option(
        "--styles", help="Pictures of faces in many styles: a folder, a .zip, an LMDB, or a .txt with one path a line."
    ),
]
StyleEncoderOption = Annotated[
    str | None,
    typer.Option(
        "--style-encoder",
        help="The encoder that reads styles, from [b]pastiche train style-encoder[/b]. By default that of --generator.",
    ),
]
FaceEncoderOption = Annotated[
    str | None,
    typer.Option("--encoder", help="The encoder of faces for --generator, if its file holds none; kept in the result."),
]
SmallOption = Annotated[
    bool,
    typer.Option("--without-discriminators", help="Write a smaller file, which can't be fine-tuned to a new style later."),
]


def blendgan(
    faces: Annotated[
        Path, typer.Argument(help="Photos of faces: a folder, a .zip, an LMDB, or a .txt with one path on a line.")
    ],
    styles: StylesOption,
    out_path: ModelOption,
    generator: Annotated[
        str, typer.Option("--generator", help="The StyleGAN2 of faces to start from; a BlendGAN is trained further.")
    ] = "demo",
    style_encoder: StyleEncoderOption = None,
    encoder: FaceEncoderOption = None,
    paired: Annotated[
        bool,
        typer.Option(
            "--paired", help="FACES and --styles show the same people under the same file names, so that pairs can be compared."
        ),
    ] = False,
    small: SmallOption = False,
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
    """Train a BlendGAN on faces and on pictures in many styles.

    The style encoder comes first:

      pastiche train style-encoder art/ --out styles.safetensors
      pastiche train blendgan photos/ --styles art/ --style-encoder styles.safetensors --out blend.safetensors
      pastiche stylize me.jpg --weights blend.safetensors --reference picture.png
    """
    this = Run(out_path=out_path, folder=run_folder(out_path, run), device=device, dry=dry_run, tensorboard=tensorboard)
    start = load(generator)
    reader = _style_encoder(start, style_encoder)
    chosen, schedule = this.override(*BLEND_PRESETS[preset.value], settings)
    side = start.stylegan2.resolution
    natural, painted = (
        replace(this, folder=this.folder / name).pictures(path, side, aligned=aligned, landmarks=landmarks)
        for name, path in (("faces", faces), ("styles", styles))
    )
    eyes = start if encoder is None else load(encoder)
    task = blend_task(
        start.stylegan2,
        reader,
        natural,
        painted,
        chosen,
        discriminator=start.discriminator,
        pairs=_pairs(start, eyes, natural, painted) if paired else None,
        device=device,
        seed=schedule.seed,
    )
    schedule.check_groups(task.critics.config.group_size, join(device).world)
    written = this.train(
        task,
        schedule,
        lambda: blend_checkpoint(task, reader, start=start, encoder=eyes.encoder, discriminators=not small),
        dtype=torch.float16,
    )
    if as_json and written:
        emit({"written": str(out_path), "folder": str(this.folder), "pictures": len(painted), "images": schedule.images})


def _style_encoder(start: Checkpoint, file: str | None) -> StyleEncoder:
    found = (start if file is None else load(file)).style_encoder
    if not isinstance(found, StyleEncoder):
        raise CheckpointError(
            f"{file or start.source} holds no style encoder: make one with `pastiche train style-encoder`, and give it as "
            "--style-encoder"
        )
    return found


def _pairs(start: Checkpoint, eyes: Checkpoint, faces: PictureDataset, pictures: PictureDataset) -> Pairs:
    """The people that both sets show.

    Raises:
        TrainingError: there are none, or no encoder reads their faces.
    """
    base, encoder = start.stylegan2, eyes.encoder
    if encoder is None:
        raise TrainingError(f"pairs are read by an encoder of faces, and {start.source} holds none: give one as --encoder")
    numbers = match_names(faces.names, pictures.names)
    if not len(numbers):
        raise TrainingError(
            f"no file in {faces.source.path} has the name of one in {pictures.source.path}, such as {pictures.names[0]}: name "
            "paired pictures alike, in folders of their own, or leave --paired out"
        )
    say(f"{len(numbers)} pairs of a face and a picture")

    def read(_numbers: Tensor, images: Tensor | None) -> Tensor:
        assert images is not None  # since there are faces
        return base.to_w_plus(encode(images, encoder, base)).codes

    return Pairs(
        faces=faces,
        numbers=numbers,
        codes=read,
        perceptual=bundled_perceptual(),
        networks={"base": base, "encoder": encoder},
    )


def blendgan_style(
    reference: Annotated[Path, typer.Argument(help="One picture of a face in the style.")],
    out_path: ModelOption,
    generator: Annotated[
        str, typer.Option("--generator", help="The BlendGAN to fine-tune, with its discriminators; or [b]demo:blendgan[/b].")
    ],
    faces: Annotated[
        Path | None,
        typer.Option("--faces", help="Photos of faces. By default faces that the generator draws take their place."),
    ] = None,
    style_encoder: StyleEncoderOption = None,
    small: SmallOption = False,
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
    """Fine-tune a BlendGAN to a style that is far from those it learned, from one picture.

    The paper takes 1,000 steps.

      pastiche train blendgan-style odd.png --generator blend.safetensors --out odd.safetensors
    """
    this = Run(out_path=out_path, folder=run_folder(out_path, run), device=device, dry=dry_run, tensorboard=tensorboard)
    start = load(generator)
    reader = _style_encoder(start, style_encoder)
    drawer, critics = start.generator, start.discriminator
    if not isinstance(drawer, BlendGenerator) or critics is None:
        raise CheckpointError(
            f"{start.source} is no BlendGAN with a discriminator: give one from `pastiche train blendgan` that was written "
            "with them, or demo:blendgan. The published file has none"
        )
    chosen, schedule = this.override(*ONE_SHOT_PRESETS[preset.value], settings)
    side = drawer.resolution
    data = None if faces is None else this.pictures(faces, side, aligned=aligned, landmarks=landmarks)
    picture = aligned_face(reference, side, aligned=aligned, landmarks=landmarks)
    task = one_shot_task(drawer, critics, reader, picture, chosen, faces=data, seed=schedule.seed)
    schedule.check_groups(task.critics.config.group_size, join(device).world)
    written = this.train(
        task,
        schedule,
        lambda: blend_checkpoint(task, reader, start=start, encoder=start.encoder, discriminators=not small),
        dtype=torch.float16,
    )
    if as_json and written:
        emit({"written": str(out_path), "folder": str(this.folder), "images": schedule.images})
