"""`pastiche demo`: every step from a photograph to a style learned from one picture, on one sheet."""

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
from ..inversion import encode
from ..jojogan import JoJoStyle
from ..latents import Latent
from ..numerics import precision
from ..sheets import sheet
from .console import emit, say
from .learning import learn_style, settings_of
from .options import DeviceOption, JsonOption, Models, OutOption, PrecisionOption, SeedOption, load_models
from .stylize import latent_of
from .targets import PICTURES, check_target

__all__ = ["demo"]

COLUMNS = 6
REFERENCE = "ukiyoe"
DOT, LINE = (255, 214, 64), (64, 220, 255)


def demo(
    photo: Annotated[
        Path | None, typer.Argument(help="A photo; by default the portrait that ships.", show_default=False)
    ] = None,
    reference: Annotated[
        list[Path] | None,
        typer.Option("--reference", "-r", help="Pictures to learn from, one style each; one that ships by default."),
    ] = None,
    out_path: OutOption = Path("demo.png"),
    seed: SeedOption = 0,
    device: DeviceOption = "auto",
    arithmetic: PrecisionOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Show every step on one sheet: a photo, its face, its inversion, a style learned from one picture, the result.

    Runs on the small models that ship, in about a minute, without any download.

      pastiche demo
      pastiche demo me.jpg --reference painting.jpg
    """
    check_target(out_path, PICTURES)
    models = load_models(DEMO, None, device)
    picture = read(photo or demo_photo())
    face = align(picture, models.generator.resolution, limit=1)[0]
    with precision(arithmetic, models.device):
        quick, close = (latent_of(face, models, method, seed) for method in ("encoder", "hybrid"))
        images = _found(picture, face) + [models.generator(latent).detach().cpu() for latent in (quick, close)]
    captions = ["the photo, its face and landmarks", "aligned as FFHQ is", "inverted by the encoder", "and refined by a search"]
    images, captions = [*images, None, None], [*captions, "", ""]
    for path in reference or [_default_reference()]:
        with precision(arithmetic, models.device):
            style, (example,) = learn_style(models, [path], settings_of(None, DEMO), seed=seed)
            images += _style_rows(models, style, example, close, face, picture, seed)
        captions += ["the reference", "as the encoder reads it", "strength 0", "strength 0.5", "strength 1", "put back"]
        captions += ["random faces"] * COLUMNS + ["in the style"] * COLUMNS
    page = sheet([_shown(image) for image in images], COLUMNS, captions=captions, title="Pastiche: a style from one picture")
    write(page, out_path)
    if as_json:
        emit({"written": str(out_path), "seed": seed, "score": face.score})
    else:
        say(str(out_path))


def _shown(image: Tensor | None) -> Tensor | None:
    return None if image is None else image.clamp(-1, 1)


def _default_reference() -> Path:
    references = demo_references()
    if REFERENCE not in references:
        raise PasticheError("the demo bundle lacks its references: install Pastiche again, or give one with --reference")
    return references[REFERENCE]


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
def _style_rows(
    models: Models, style: JoJoStyle, example: Tensor, latent: Latent, face: Face, photo: Tensor, seed: int
) -> list[Tensor | None]:
    """One style: how it was read, the face in three strengths and back in the photo, random faces without and with it."""
    assert models.encoder is not None  # the bundle has one
    read_as = models.generator(encode(example, models.encoder, models.generator)).cpu()
    drawn = [style(latent, strength=strength).cpu() for strength in (0, 0.5, 1)]
    back = face.paste(drawn[-1].clamp(-1, 1), onto=photo, region="face")
    plain, styled = style.sample(COLUMNS, rng=torch.Generator("cpu").manual_seed(seed))
    faces = [image[None].cpu() for image in (*plain, *styled)]
    return [example.cpu(), read_as, *drawn, back, *faces]
