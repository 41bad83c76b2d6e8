"""`pastiche interpolate`: a film from face to face, from style to style."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import torch
import typer

from ..editing import Easing, StyleBlend, along, check_film, mixed, positions, render_film, write_film
from ..errors import LatentError
from ..faces import Face, align
from ..inversion import Method
from ..latents import Latent
from ..numerics import precision
from ..stylegan2 import LatentGenerator
from ..styles import Style
from .console import emit, say, working
from .methods import saved_style
from .options import (
    MAX_SEED,
    AlignedOption,
    DeviceOption,
    EncoderOption,
    JsonOption,
    LandmarksOption,
    Models,
    OutOption,
    PrecisionOption,
    SeedOption,
    WeightsOption,
    load_models,
)
from .stylize import latent_of

__all__ = ["interpolate"]

SEED = "seed:"  # before a number, in the place of a photo


def interpolate(
    faces: Annotated[
        list[str],
        typer.Argument(
            help="Photos, latents saved by [b]pastiche invert[/b], or random faces such as [b]seed:7[/b], in the order of "
            "the film.",
            show_default=False,
        ),
    ],
    styles: Annotated[
        list[Path] | None,
        typer.Option("--style", "-s", help="A learned style; repeat it to go from one to the next."),
    ] = None,
    strengths: Annotated[
        list[float] | None,
        typer.Option("--strength", min=0, max=1, help="Of the style; repeat it to go from one to the next. 1 by default."),
    ] = None,
    frames: Annotated[int, typer.Option("--frames", "-n", min=2, help="How many, in all.")] = 60,
    fps: Annotated[float, typer.Option("--fps", help="Frames a second.")] = 30.0,
    easing: Annotated[
        Easing, typer.Option("--easing", help="How each face is left and reached; [b]ease[/b] is slow at both.")
    ] = "ease",
    loop: Annotated[bool, typer.Option("--loop", help="Return to the beginning, for a film that runs for ever.")] = False,
    out_path: OutOption = Path("film.mp4"),
    psi: Annotated[float, typer.Option("--psi", min=-1, max=1.5, help="Truncation of random faces.")] = 0.7,
    batch: Annotated[int, typer.Option("--batch", min=1, help="Pictures to draw at once.")] = 4,
    method: Annotated[Method, typer.Option("--method", help="How photos are inverted.")] = "encoder",
    seed: SeedOption = 0,
    weights: WeightsOption = "demo",
    encoder: EncoderOption = None,
    aligned: AlignedOption = False,
    landmarks: LandmarksOption = "auto",
    device: DeviceOption = "auto",
    arithmetic: PrecisionOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Make a film from face to face, in a style or from style to style.

    The film is an .mp4 (which needs [b]pip install "pastiche\\[video]"[/b]), an animated .webp or a .gif.

      pastiche interpolate me.jpg you.jpg --style ink.safetensors
      pastiche interpolate me.jpg --style ink.safetensors --strength 0 --strength 1
      pastiche interpolate seed:1 seed:2 seed:3 --loop --out faces.webp
    """
    if strengths and not styles:
        raise typer.BadParameter("--strength is of a style: give --style too")
    check_film(out_path, fps)
    models = load_models(weights, encoder, device)
    learned = [saved_style(models, path) for path in styles or []]
    size = models.generator.resolution
    align_face = partial(align, size=size, landmarker=landmarks, aligned=aligned or None, limit=1)
    codes = [code for face in faces for code in _codes(face, models, align_face, method, seed, psi)]
    amounts = strengths or [1.0]
    if max(len(codes), len(learned), len(amounts)) < 2:
        raise typer.BadParameter("one face in one style is no film: give two or more faces, styles or strengths")

    def places(keys: int) -> list[float]:
        return positions(keys, frames, easing=easing, loop=loop)

    with precision(arithmetic, models.device), working("drawing the film") as progress:
        pictures = render_film(
            along(codes, places(len(codes))),
            _drawer(models, learned),
            t=places(len(learned)) if len(learned) > 1 else None,
            strength=mixed(amounts, places(len(amounts))) if learned else 1.0,
            batch=batch,
            progress=progress,
        )
        count = write_film(out_path, pictures, fps)
    facts = {"written": str(out_path), "frames": count, "fps": fps, "seconds": count / fps, "bytes": out_path.stat().st_size}
    if as_json:
        emit({**facts, "keyframes": len(codes), "styles": len(learned), "easing": easing, "loop": loop, "seed": seed})
    else:
        say(f"{out_path}: {count} frames, {count / fps:.1f} s")


def _drawer(models: Models, styles: list[Style]) -> Style | StyleBlend | LatentGenerator:
    if len(styles) > 1:
        return StyleBlend(styles)
    return styles[0] if styles else models.generator


def _codes(
    face: str, models: Models, align_face: Callable[[str], list[Face]], method: Method, seed: int, psi: float
) -> list[Latent]:
    """One latent in w+ for each keyframe that an argument stands for; a file of several codes stands for as many."""
    if face.startswith(SEED):
        found = _random(face, models, psi)
    elif face.lower().endswith(".safetensors"):
        found = Latent.load(face).to(models.device)
    else:
        found = latent_of(align_face(face)[0], models, method, seed)
    found = models.to_w_plus(found)
    return [found[index] for index in range(len(found))]


def _random(face: str, models: Models, psi: float) -> Latent:
    """The face that `pastiche generate` makes from the same seed."""
    generator, number = models.generator, face.removeprefix(SEED)
    if not number.isdecimal() or int(number) > MAX_SEED:
        raise LatentError(f"{face!r} names no random face: write a number after {SEED}, such as {SEED}7")
    z = generator.sample_z(1, torch.Generator("cpu").manual_seed(int(number)))
    with torch.no_grad():
        return Latent(generator.truncate(generator.mapping(z), psi), "w")
