"""Rows of the sheet that `pastiche demo` draws: one for each style of a method."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from ..bundle import DEMO_MODEL
from ..dualstylegan import DualStyle
from ..faces import Face
from ..images import read
from ..jojogan import JoJoStyle
from ..latents import Latent
from ..people import LIKENESS, Tuned, on
from ..resources import DEMO_ENCODER, demo_models
from ..style_factories import attribute_style, blend_style, dual_style
from ..style_protocol import Style
from .learning import learn_style, settings_of
from .options import Models, load_models
from .person import tuned_to, tuning_of
from .stylize import latent_of

__all__ = ["COLUMNS", "MORE", "Row", "Sitter", "jojogan_row", "method_rows"]

COLUMNS = 5
MORE = 0.7  # likeness
EXEMPLAR = 31  # of the bundled DualStyleGAN: auburn hair before light blue
PERSON, NEARER, BACK = "the person", "with more likeness", "pasted back"
Images = list[Tensor | None]


@dataclass(frozen=True)
class Row:
    """One row: five images, with what is written beside and below them."""

    title: str
    images: Images
    captions: list[str]


@dataclass(frozen=True, kw_only=True)
class Sitter:
    """Who is drawn: a photo ``[1, 3, H, W]`` with its face, and the seed of all that is random."""

    photo: Tensor
    face: Face
    seed: int

    def tuned(self, models: Models) -> Tuned:
        """The generator of some networks, tuned to the face."""
        latent = latent_of(self.face, models.tunable, "encoder", self.seed)
        return tuned_to(self.face, latent, models, tuning_of(models.checkpoint, None))

    def back(self, drawn: Tensor) -> Tensor:
        """The photo with a drawn face."""
        return self.face.paste(drawn.clamp(-1, 1), onto=self.photo, region="head")

    def stranger(self, models: Models) -> Latent:
        """A random face."""
        rng = torch.Generator("cpu").manual_seed(self.seed)
        z = models.generator.sample_z(1, rng).to(models.device)
        return models.to_w_plus(Latent(z, "z"))


@torch.no_grad()
def jojogan_row(reference: Path, models: Models, person: Tuned, sitter: Sitter) -> Row:
    """The style of one image, which is learned."""
    with torch.enable_grad():
        style, (example,) = learn_style(models, [reference], settings_of(None, models.checkpoint), seed=sitter.seed)
    _, random = style.sample(1, rng=torch.Generator("cpu").manual_seed(sitter.seed))
    captions = ["the reference", "a random face in its style", PERSON, NEARER, BACK]
    return Row("JoJoGAN", [example.cpu(), random.cpu(), *_likenesses(style, person, sitter)], captions)


def method_rows(reference: Path, sitter: Sitter, device: str) -> Iterator[Row]:
    """A row for each model of the bundle.

    Args:
        reference: the image whose style BlendGAN reads.
        device: see `load_models`.
    """
    for name in demo_models():
        if not name.endswith(DEMO_ENCODER):
            models = load_models(f"{DEMO_MODEL}{name}", None, device)
            match models.checkpoint.architecture:
                case "blendgan":
                    yield _blendgan_row(reference, models, sitter)
                case "dualstylegan":
                    yield _dualstylegan_row(models, sitter)
                case "agilegan":
                    yield _agilegan_row(name.partition("-")[2], models, sitter)


def _blendgan_row(reference: Path, models: Models, sitter: Sitter) -> Row:
    person, picture = sitter.tuned(models), read(reference)
    with torch.no_grad():
        style = blend_style(models.checkpoint.to(models.device), picture)
        random = style(sitter.stranger(models)).cpu()
        images = [picture, random, *_likenesses(style, person, sitter)]
    return Row("BlendGAN", images, ["the reference", "a random face in its style", PERSON, NEARER, BACK])


def _dualstylegan_row(models: Models, sitter: Sitter) -> Row:
    person = sitter.tuned(models)
    with torch.no_grad():
        checkpoint = models.checkpoint.to(models.device)
        exemplars = checkpoint.exemplars
        assert exemplars is not None
        style = dual_style(checkpoint, min(EXEMPLAR, len(exemplars.codes) - 1))
        colors = DualStyle(style.generator, style.code, replace(style.settings, structure=0.0))
        random, colored = (each(sitter.stranger(models)).cpu() for each in (style, colors))
        images = [random, colored, *_likenesses(style, person, sitter)]
    captions = ["a random face after an exemplar", "after its colours alone", PERSON, NEARER, BACK]
    return Row("DualStyleGAN", images, captions)


def _agilegan_row(name: str, models: Models, sitter: Sitter) -> Row:
    """Two of its paths."""
    person, stranger = sitter.tuned(models), sitter.stranger(models)
    with torch.no_grad():
        style = attribute_style(models.checkpoint.to(models.device))
        paths = style.generator.config.attributes
        randoms = [style(stranger, attribute=path).cpu() for path in (paths[0], paths[-1])]
        images = [*randoms, *_likenesses(style, person, sitter)]
    captions = [f"a random face, {path}" for path in (paths[0], paths[-1])]
    return Row(f"AgileGAN {name}".strip(), images, [*captions, PERSON, NEARER, BACK])


def _likenesses(style: Style | JoJoStyle, person: Tuned, sitter: Sitter) -> Images:
    """The person in a style, with two amounts of likeness, and in the photo."""
    drawn = [on(style, person, likeness)(person.latent).cpu() for likeness in (LIKENESS, MORE)]
    return [*drawn, sitter.back(drawn[0])]
