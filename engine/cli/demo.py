"""`pastiche demo`: a sheet with a photo, its face, and the person in styles of every method."""

from pathlib import Path
from typing import Annotated

import typer
from PIL import ImageDraw
from torch import Tensor

from ..bundle import DEMO, demo_photo, demo_references
from ..errors import PasticheError
from ..faces import Face, align
from ..images import read, to_pil, write
from ..numerics import precision
from ..sheets import sheet
from .console import emit, say
from .demo_rows import COLUMNS, Row, Sitter, jojogan_row, method_rows
from .options import AlignedOption, DeviceOption, JsonOption, OutOption, PrecisionOption, SeedOption, load_models
from .targets import PICTURES, check_target

__all__ = ["demo"]

REFERENCES = ("mona_lisa", "adele_bloch_bauer", "toon", "ukiyoe")
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
    """Show what Pastiche does on one sheet: a photo, its face, and the person in styles of every method.

    JoJoGAN learns the style of each reference, and BlendGAN reads that of the last. DualStyleGAN and AgileGAN have styles of
    their own. It uses the small bundled models, takes some minutes on a CPU, and downloads nothing.

      pastiche demo
      pastiche demo me.jpg --reference painting.jpg
    """
    check_target(out_path, PICTURES)
    models = load_models(DEMO, None, device)
    picture, references = read(photo or demo_photo()), reference or _default_references()
    face = align(picture, models.generator.resolution, aligned=aligned or None, limit=1)[0]
    sitter = Sitter(photo=picture, face=face, seed=seed)
    with precision(arithmetic, models.device):
        person = sitter.tuned(models)
        found = [*_found(picture, face), person.generator(person.latent).detach().cpu(), None, None]
        rows = [
            Row("", found, ["the photo, its face and landmarks", "aligned as in FFHQ", "the generator tuned to it", "", ""])
        ]
        rows += [jojogan_row(path, models, person, sitter) for path in references]
        rows += method_rows(references[-1], sitter, device)
    page = sheet(
        [_shown(image) for row in rows for image in row.images],
        COLUMNS,
        captions=[caption for row in rows for caption in row.captions],
        row_titles=[row.title for row in rows],
        title="Pastiche: you, in a style",
    )
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
