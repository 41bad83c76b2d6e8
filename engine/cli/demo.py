"""`pastiche demo`: a sheet with a photo, its face, and the person in the styles of several images."""

from pathlib import Path
from typing import Annotated

import torch
import typer
from PIL import ImageDraw
from torch import Tensor

from ..bundle import DEMO, demo_photo, demo_references
from ..errors import PasticheError
from ..faces import Face, align
from ..images import read, to_pil, write
from ..jojogan import JoJoStyle
from ..numerics import precision
from ..people import LIKENESS, Tuned, on
from ..sheets import sheet
from .console import emit, say
from .learning import learn_style, settings_of
from .options import AlignedOption, DeviceOption, JsonOption, OutOption, PrecisionOption, SeedOption, load_models
from .person import tuned_to, tuning_of
from .stylize import latent_of
from .targets import PICTURES, check_target

__all__ = ["demo"]

REFERENCES = ("mona_lisa", "adele_bloch_bauer", "toon", "ukiyoe")
COLUMNS = 5
MORE = 0.85  # likeness
DOT, LINE = (255, 214, 64), (64, 220, 255)


def demo(
    photo: Annotated[Path | None, typer.Argument(help="A photo; by default the bundled portrait.", show_default=False)] = None,
    reference: Annotated[
        list[Path] | None,
        typer.Option(
            "--reference", "-r", help="An image to learn a style from; repeat it for several. By default four bundled images."
        ),
    ] = None,
    out_path: OutOption = Path("demo.png"),
    seed: SeedOption = 0,
    aligned: AlignedOption = False,
    device: DeviceOption = "auto",
    arithmetic: PrecisionOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Show what Pastiche does on one sheet: a photo, its face, and the person in the styles of several images.

    It uses the small bundled models, takes some minutes on a CPU, and downloads nothing.

      pastiche demo
      pastiche demo me.jpg --reference painting.jpg
    """
    check_target(out_path, PICTURES)
    models = load_models(DEMO, None, device)
    picture = read(photo or demo_photo())
    face = align(picture, models.generator.resolution, aligned=aligned or None, limit=1)[0]
    with precision(arithmetic, models.device):
        latent = latent_of(face, models, "encoder", seed)
        person = tuned_to(face, latent, models, tuning_of(models.checkpoint, None))
        images = [*_found(picture, face), person.generator(person.latent).detach().cpu(), None, None]
    captions = ["the photo, its face and landmarks", "aligned as in FFHQ", "the generator tuned to it", "", ""]
    for path in reference or _default_references():
        with precision(arithmetic, models.device):
            style, (example,) = learn_style(models, [path], settings_of(None, models.checkpoint), seed=seed)
            images += _style_row(style, example, person, face, picture, seed)
        captions += ["the reference", "a random face in its style", "the person", "with more likeness", "pasted back"]
    title = "Pastiche: you, in the style of an image"
    page = sheet([_shown(image) for image in images], COLUMNS, captions=captions, title=title)
    write(page, out_path)
    if as_json:
        emit({"written": str(out_path), "seed": seed, "score": face.score})
    else:
        say(str(out_path))


def _shown(image: Tensor | None) -> Tensor | None:
    return None if image is None else image.clamp(-1, 1)


def _default_references() -> list[Path]:
    references = demo_references()
    if not references.keys() >= set(REFERENCES):
        raise PasticheError("the demo bundle has no references: reinstall Pastiche, or give images with --reference")
    return [references[name] for name in REFERENCES]


def _found(photo: Tensor, face: Face) -> list[Tensor | None]:
    """The photo with what was found in it, and the crop."""
    drawn = to_pil(photo)
    pen = ImageDraw.Draw(drawn)
    width = max(2, max(drawn.size) // 200)
    corners = [tuple(corner) for corner in face.quad.tolist()]
    pen.line([*corners, corners[0]], LINE, width)
    for x, y in face.landmarks.tolist():
        pen.ellipse((x - width, y - width, x + width, y + width), DOT)
    return [read(drawn), face.crop]


@torch.no_grad()
def _style_row(style: JoJoStyle, example: Tensor, person: Tuned, face: Face, photo: Tensor, seed: int) -> list[Tensor | None]:
    """The row of one style: its reference, a random face, the person with two amounts of likeness and in the photo."""
    _, random = style.sample(1, rng=torch.Generator("cpu").manual_seed(seed))
    drawn = [on(style, person, likeness)(person.latent).cpu() for likeness in (LIKENESS, MORE)]
    back = face.paste(drawn[0].clamp(-1, 1), onto=photo, region="head")
    return [example.cpu(), random.cpu(), *drawn, back]
