"""`pastiche stylize`: draw a photo in the style of an image."""

from pathlib import Path
from typing import Annotated

import torch
import typer
from torch import Tensor

from .. import catalog
from ..evaluation.evaluators import find_arcface
from ..faces import Face
from ..images import read, write
from ..inversion import Method, invert
from ..latents import Latent
from ..losses.perceptual import find_lpips
from ..numerics import precision
from .console import emit, say, working
from .faces import FaceOptions, PasteOptions, StrengthOption
from .groups import grouped
from .methods import MethodOption, MethodOptions, SavedStyleOption, StyleRequest, make_style
from .options import InversionOption, JsonOption, Models, NetworkOptions, OutOption, SeedOption
from .person import LikenessOptions
from .targets import PICTURES, TENSORS, check_target

__all__ = ["latent_of", "latents_of", "stylize"]


@grouped
def stylize(
    photo: Annotated[Path, typer.Argument(help="The photo with the face.", show_default=False)],
    *,
    making: MethodOptions,
    style: SavedStyleOption = None,
    out_path: OutOption = Path("stylized.png"),
    strength: StrengthOption = 1.0,
    keeping: LikenessOptions,
    pasting: PasteOptions,
    finding: FaceOptions,
    method: MethodOption = None,
    inversion: InversionOption = "encoder",
    save_style: Annotated[
        Path | None, typer.Option("--save-style", help="Save the style with its options to this .safetensors.")
    ] = None,
    seed: SeedOption = 0,
    networks: NetworkOptions,
    as_json: JsonOption = False,
) -> None:
    """Draw the face of a PHOTO in the style of an image.

    JoJoGAN, the default, learns the style from the reference, or uses a saved style. BlendGAN uses any image as a style
    without training. DualStyleGAN uses its exemplars, or a face in a style. An AgileGAN has one style.
    [b]--method[/b] chooses the bundled model; with [b]--weights[/b], these choose the method.
    With [b]--likeness[/b], the generator is first tuned to the face, so that the person stays recognisable.
    Without [b]--keep-background[/b], the result is the aligned face only.

      pastiche stylize me.jpg --reference painting.jpg
      pastiche stylize me.jpg --reference painting.jpg --likeness 0.6
      pastiche stylize me.jpg --method blendgan --reference painting.jpg
      pastiche stylize me.jpg --method dualstylegan --exemplar 31
      pastiche stylize me.jpg --method agilegan --attribute female
      pastiche stylize party.jpg --style painting.safetensors --faces 8 --keep-background
      pastiche stylize me.jpg --reference painting.jpg --keep-background --region head
      pastiche stylize me.jpg -w catalog:blendgan -e catalog:blendgan-psp --reference painting.jpg --indicator 7
      pastiche stylize me.jpg -w generator.pt -e catalog:dualstylegan-encoder --exemplars exstyle_code.npy --exemplar 53
    """
    check_target(out_path, PICTURES)
    if save_style is not None:
        check_target(save_style, TENSORS)
    request = StyleRequest(style=style, method=method, options=vars(making), seed=seed, landmarks=finding.landmarks)
    models = networks.load(request.bundled)
    personalizer = keeping.of(models)
    used_method, style_of = make_style(models, request)
    picture = read(photo)
    found = finding.find(picture, models.generator.resolution)
    with precision(networks.precision, models.device):
        used = style_of()
        latents = [latent_of(face, personalizer.inverting, inversion, seed) for face in found]
        drawn = [
            personalizer.style_for(used, face, latent)(latent, strength=strength).cpu().clamp(-1, 1)
            for face, latent in zip(found, latents, strict=True)
        ]
    written = [str(path) for path in _write(pasting.apply(found, drawn, picture), out_path)]
    if save_style is not None:
        used.save(save_style)
    if as_json:
        facts = {"faces": len(found), "method": used_method.value, "strength": strength, "likeness": personalizer.likeness}
        emit({**facts, "seed": seed, "written": written})
    else:
        say(f"{len(found)} face{'s' * (len(found) > 1)}: " + ", ".join(written))


def latent_of(face: Face, models: Models, method: Method, seed: int) -> Latent:
    """The latent of one face; see `latents_of`."""
    return latents_of(face.crop, models, method, seed)


def latents_of(crops: Tensor, models: Models, method: Method, seed: int, *, noise: bool = False) -> Latent:
    """The latents of aligned faces ``[N, 3, S, S]``, all at once.

    Optimization uses LPIPS if its two files are present, otherwise the discriminator; and ArcFace, if it is.
    """
    lpips = None if method == "encoder" else find_lpips([catalog.weights_folder()])
    arcface = find_arcface() if method == "hybrid" else None
    with working("inverting the face") as progress:
        return invert(
            crops.to(models.device),
            models.generator,
            models.encoder,
            method=method,
            discriminator=None if method == "encoder" or lpips is not None else models.discriminator,
            lpips=None if lpips is None else lpips.to(models.device),
            identity=None if arcface is None else arcface.to(models.device),
            noise=noise,
            rng=torch.Generator("cpu").manual_seed(seed),
            progress=progress,
        )


def _write(drawn: list[Tensor], path: Path) -> list[Path]:
    paths = [path] if len(drawn) == 1 else [path.with_stem(f"{path.stem}-{index + 1}") for index in range(len(drawn))]
    for image, place in zip(drawn, paths, strict=True):
        write(image, place)
    return paths
