"""AgileGAN's style: a stylized generator with an attribute and a strength."""

from collections.abc import Mapping
from math import floor
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import Advice, StyleError
from ..latents import Latent
from ..people import LIKENESS, PersonalStyle, Tuned, expect_person
from ..style_protocol import check_strength, expect_base, register, write_style
from ..stylegan2 import Generator, Noise
from ..stylegan2.fingerprint import fingerprint
from .generator import AgileGenerator
from .mixture import mixture

__all__ = ["AttributeStyle"]

Attribute = int | float | str

NO_SOURCE = Advice(
    python="pass it as `source` (it is the generator in AgileGAN's encoder file), or use strength 1 and no person",
    command="give AgileGAN's encoder file, which holds it, as --encoder, or use --strength 1 and --likeness 0",
    node="connect it to source of Attribute Style, from AgileGAN's encoder file, or set strength to 1 and disconnect person",
)


class AttributeStyle:
    """Draws faces with one path of a stylized generator.

    Args:
        generator: the stylized one.
        source: the face generator that it was fine-tuned from (the decoder in AgileGAN's encoder file), for strengths
            other than 1, and for codes in z and z+: its mapping network is the one that they were made for. Without it
            they go through the stylized generator's own, which is the same only where it was frozen in fine-tuning. It
            may be on another device.
        attribute: the default path: its number or name ("female" is 0 and "male" 1 in the published files), or a
            fraction between two paths.

    Raises:
        StyleError: there is no such attribute, or `source` has other sizes or another resolution.

    Between strengths and between attributes, parameters are interpolated. The generator keeps the last mixture, so
    that the images of a film cost the same as those of one path.
    """

    def __init__(self, generator: AgileGenerator, source: Generator | None = None, attribute: Attribute = 0) -> None:
        self.generator = generator
        self.source = source
        self.attribute = attribute
        self._shares(attribute)
        if source is not None:
            _expect_same_sizes(generator, source)

    @torch.no_grad()
    def __call__(
        self,
        latent: Latent,
        *,
        strength: float = 1.0,
        attribute: Attribute | None = None,
        noise: Noise = "fixed",
        rng: torch.Generator | None = None,
    ) -> Tensor:
        """Images ``[N, 3, H, W]``, RGB, nominally in [-1, 1], not clamped.

        Args:
            latent: faces, in any space of the generator.
            strength: 0 gives the face of `source`, 1 the full style.
            attribute: see the class; None for the style's own.
            noise, rng: see `Generator.noise_maps`.

        Raises:
            LatentError: the latent does not fit the generator.
            StyleError: there is no such attribute, no source for a strength other than 1, or no such strength.
        """
        check_strength(strength)
        shares = self._shares(self.attribute if attribute is None else attribute)
        drawing = self._drawing(strength, shares)
        mapped = (self.generator if self.source is None else self.source).to_w_plus(latent)
        return drawing(mapped, noise=noise, rng=rng)  # type: ignore[no-any-return]

    def on(self, person: Tuned, likeness: float = LIKENESS) -> PersonalStyle:
        """Combine this style with a person: ``style.on(tuned, 0.4)(tuned.latent, attribute="female")``.

        Args:
            person: tuned on this style's source.
            likeness: 0 gives this style alone. More adds what the person's tuning changed of shapes; see
                `people.composition`.

        Raises:
            StyleError: there is no source, the person was tuned on another generator, or the likeness is out of range.
        """
        expect_person(person, self._source("a likeness is between the style and"), likeness)
        plain = person.at(likeness)
        assert isinstance(plain, Generator)
        return PersonalStyle(AttributeStyle(self.generator.on(person, likeness), plain, self.attribute))

    def with_source(self, source: Generator) -> "AttributeStyle":
        """The same style with its source generator, which a saved style does not include.

        Raises:
            StyleError: it has other sizes or another resolution.
        """
        return AttributeStyle(self.generator, source, self.attribute)

    @classmethod
    def between(cls, a: "AttributeStyle", b: "AttributeStyle", t: float) -> "AttributeStyle":
        """Interpolate from the attribute of style `a` (t = 0) to that of `b` (t = 1), through the paths between them.

        Raises:
            StyleError: they belong to different generators.
        """
        if a.generator is not b.generator:
            raise StyleError("these styles belong to different generators: load both with the same one")
        return cls(a.generator, a.source or b.source, (1 - t) * a._position + t * b._position)

    @property
    def _position(self) -> float:
        """The attribute as a number."""
        return sum(index * share for index, share in self._shares(self.attribute).items())

    def save(self, path: str | Path) -> None:
        """Save the attribute and the fingerprint of the generator. The file does not include any generator."""
        attributes = self.generator.config.attributes
        facts = {
            "method": "agilegan",
            "base": fingerprint(self.generator),
            "base_name": f"an AgileGAN of {self.generator.resolution} pixels with the paths {', '.join(attributes)}",
            "attribute": self.attribute,
        }
        write_style(Path(path), {}, facts)

    def _drawing(self, strength: float, shares: Mapping[int, float]) -> Generator:
        """The generator that draws; a mixture is made once, and again only for other amounts or other weights."""
        parts = [self.generator.path(index) for index in shares]
        weights = [strength * share for share in shares.values()]
        if strength != 1:
            parts, weights = [*parts, self._source(f"strength {strength} leads back to")], [*weights, 1 - strength]
        if sum(weight != 0 for weight in weights) == 1:
            return mixture(parts, weights)
        tensors = [tensor for part in parts for tensor in part.state_dict().values()]
        with torch.inference_mode(False):
            return self.generator.mixtures.get(tensors, lambda: mixture(parts, weights), tuple(weights))

    def _source(self, wanted_for: str) -> Generator:
        if self.source is None:
            raise StyleError(
                f"{wanted_for} the face generator that this style was fine-tuned from, and none was given", NO_SOURCE
            )
        return self.source

    def _shares(self, attribute: Attribute) -> dict[int, float]:
        """How much of which paths."""
        names = self.generator.config.attributes
        if isinstance(attribute, str):
            if attribute not in names:
                raise StyleError(f"there is no attribute {attribute!r}: this generator has {', '.join(names)}")
            return {names.index(attribute): 1.0}
        if not 0 <= attribute <= len(names) - 1:
            raise StyleError(
                f"there is no attribute {attribute}: this generator has {', '.join(names)}, numbered 0 to {len(names) - 1}"
            )
        lower = floor(attribute)
        above = attribute - lower
        return {lower: 1 - above, lower + 1: above} if above else {lower: 1.0}


def _expect_same_sizes(generator: AgileGenerator, source: Generator) -> None:
    wanted = {name: tensor.shape for name, tensor in generator.path(0).named_parameters()}
    found = {name: tensor.shape for name, tensor in source.named_parameters()}
    wrong = [name for name, shape in wanted.items() if found.get(name) != shape]
    if source.resolution != generator.resolution or wrong:
        raise StyleError(
            f"the source is a generator of {source.resolution} pixels, whose {wrong[0] if wrong else 'resolution'} does not "
            f"fit the stylized generator of {generator.resolution}: pass the one that it was fine-tuned from"
        )


@register("agilegan")
def _load(_tensors: dict[str, Tensor], facts: dict[str, Any], generator: Generator) -> AttributeStyle:
    path, attribute = facts["path"], facts.get("attribute")
    base = expect_base(facts, generator, AgileGenerator)
    if isinstance(attribute, bool) or not isinstance(attribute, int | float | str):
        raise StyleError(f"{path} is damaged: its attribute is {str(attribute)[:40]!r}. Save it again.")
    return AttributeStyle(base, attribute=attribute)
