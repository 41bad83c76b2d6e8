"""`pastiche interpolate`: films that interpolate between faces and styles."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from ..editing import Easing, StyleBlend, along, check_film, mixed, positions, render_film, write_film
from ..errors import LatentError
from ..inversion import Method
from ..latents import Latent
from ..numerics import precision
from ..style_protocol import Style
from ..stylegan2 import LatentGenerator
from .console import emit, say, working
from .faces import FindOptions
from .groups import grouped
from .methods import saved_style
from .options import MAX_SEED, InversionOption, JsonOption, Models, NetworkOptions, OutOption, SeedOption
from .stylize import latent_of

__all__ = ["interpolate"]

SEED = "seed:"  # prefix of a random face's seed


@grouped
def interpolate(
    faces: Annotated[
        list[str],
        typer.Argument(
            help="Photos, latents saved by [b]pastiche invert[/b], or random faces such as [b]seed:7[/b], in the order of "
            "the film.",
            show_default=False,
        ),
    ],
    *,
    styles: Annotated[
        list[Path] | None,
        typer.Option("--style", "-s", help="A saved style; repeat it to interpolate between several."),
    ] = None,
    strengths: Annotated[
        list[float] | None,
        typer.Option(
            "--strength", min=0, max=1, help="Strength of the style; repeat it to interpolate between several. 1 by default."
        ),
    ] = None,
    frames: Annotated[int, typer.Option("--frames", "-n", min=2, help="Total number of frames.")] = 60,
    fps: Annotated[float, typer.Option("--fps", help="Frames per second.")] = 30.0,
    easing: Annotated[
        Easing, typer.Option("--easing", help="Speed between two faces; [b]ease[/b] is slow at both ends.")
    ] = "ease",
    loop: Annotated[bool, typer.Option("--loop", help="Return to the start, so that the film repeats without a cut.")] = False,
    out_path: OutOption = Path("film.mp4"),
    psi: Annotated[float, typer.Option("--psi", min=-1, max=1.5, help="Truncation of random faces.")] = 0.7,
    batch: Annotated[int, typer.Option("--batch", min=1, help="Number of images in one batch.")] = 4,
    inversion: InversionOption = "encoder",
    seed: SeedOption = 0,
    finding: FindOptions,
    networks: NetworkOptions,
    as_json: JsonOption = False,
) -> None:
    """Make a film that interpolates between faces, between styles, or both.

    The film is an .mp4 (which needs [b]pip install "pastiche\\[video]"[/b]), an animated .webp or a .gif.

      pastiche interpolate me.jpg you.jpg --style ink.safetensors
      pastiche interpolate me.jpg --style ink.safetensors --strength 0 --strength 1
      pastiche interpolate seed:1 seed:2 seed:3 --loop --out faces.webp
    """
    if strengths and not styles:
        raise typer.BadParameter("--strength needs a style: give --style too")
    check_film(out_path, fps)
    models = networks.load()
    learned = [saved_style(models, path) for path in styles or []]
    keyframes = _Keyframes(models, finding, inversion, seed, psi)
    codes = [code for face in faces for code in keyframes.of(face)]
    amounts = strengths or [1.0]
    if max(len(codes), len(learned), len(amounts)) < 2:
        raise typer.BadParameter("one face in one style makes no film: give two or more faces, styles or strengths")

    def times(keys: int) -> list[float]:
        return positions(keys, frames, easing=easing, loop=loop)

    with precision(networks.precision, models.device), working("drawing the film") as progress:
        pictures = render_film(
            along(codes, times(len(codes))),
            _drawer(models, learned),
            t=times(len(learned)) if len(learned) > 1 else None,
            strength=mixed(amounts, times(len(amounts))) if learned else 1.0,
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


@dataclass(frozen=True)
class _Keyframes:
    """How an argument becomes latents."""

    models: Models
    finding: FindOptions
    inversion: Method
    seed: int
    psi: float

    def of(self, face: str) -> list[Latent]:
        """The w+ latents of one argument: one for each keyframe. A file may hold several."""
        if face.startswith(SEED):
            found = self._random(face)
        elif face.lower().endswith(".safetensors"):
            found = Latent.load(face).to(self.models.device)
        else:
            crop = self.finding.largest(Path(face), self.models.generator.resolution)
            found = latent_of(crop, self.models, self.inversion, self.seed)
        found = self.models.to_w_plus(found)
        return [found[index] for index in range(len(found))]

    def _random(self, face: str) -> Latent:
        """The face that `pastiche generate` creates from the same seed."""
        number = face.removeprefix(SEED)
        if not number.isdecimal() or int(number) > MAX_SEED:
            raise LatentError(
                f"{face!r} is not a random face: write a whole number from 0 to {MAX_SEED} after {SEED}, such as {SEED}7"
            )
        return self.models.random_faces(1, int(number), self.psi)
