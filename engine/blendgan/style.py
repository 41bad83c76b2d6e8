"""A style given by one code, ready to be used, blended with others, saved and loaded."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import StyleError
from ..latents import Latent
from ..people import LIKENESS, PersonalStyle, Tuned, WithPerson, expect_person
from ..style_protocol import check_strength, expect_base, register, write_style
from ..stylegan2 import Generator, Noise
from ..stylegan2.fingerprint import fingerprint
from .encoder import StyleEncoder
from .generator import BlendGenerator

__all__ = ["INDICATOR", "BlendStyle"]

INDICATOR = 6  # what the paper recommends: the face stays itself, and the style shows; 7 deforms it less
PSI = 0.75  # the release's truncation of random faces


class BlendStyle:
    """Draws faces in the style of a code.

    Args:
        generator: what draws.
        code: z_s ``[D]``.
        indicator: how many of the first rows of w+ ignore the style, where a call does not say: 0 gives the strongest
            style, in which the face is no longer quite itself, and L the natural face. It need not be whole; see
            `BlendGenerator.blend`.

    Raises:
        StyleError: the code or the indicator does not fit the generator.
    """

    def __init__(self, generator: BlendGenerator, code: Tensor, indicator: float = INDICATOR) -> None:
        self.generator = generator
        self.code = code.detach().to("cpu", torch.float32)
        self.indicator = indicator
        generator.style_share(indicator)
        generator.check_style(self.code[None])

    @classmethod
    def from_reference(
        cls, generator: BlendGenerator, encoder: StyleEncoder, image: Tensor, indicator: float = INDICATOR
    ) -> "BlendStyle":
        """The style of one image ``[1, 3, H, W]``, RGB in [-1, 1], of any size.

        Raises:
            ImageError: the image is not RGB.
            StyleError: there are several, or the encoder belongs to another generator.
        """
        if len(image) != 1:
            raise StyleError(f"a style is read from one picture, not {len(image)}: make a style of each, and blend them")
        with torch.no_grad():
            return cls(generator, encoder(image)[0], indicator)

    @classmethod
    def from_seed(cls, generator: BlendGenerator, seed: int, indicator: float = INDICATOR) -> "BlendStyle":
        """A random style; a seed gives the same one on every device."""
        return cls(generator, generator.sample_style(1, torch.Generator("cpu").manual_seed(seed))[0], indicator)

    @classmethod
    def between(cls, a: "BlendStyle", b: "BlendStyle", t: float) -> "BlendStyle":
        """From style `a` (t = 0) to style `b` (t = 1) on a straight line through their codes, as the release's videos go.

        The indicator goes along, so that rows come in or drop out one after the other.

        Raises:
            StyleError: they belong to two generators.
        """
        if a.generator is not b.generator:
            raise StyleError("these styles belong to different generators: load both with the same one")
        return cls(a.generator, torch.lerp(a.code, b.code, t), (1 - t) * a.indicator + t * b.indicator)

    @property
    def w(self) -> Tensor:
        """w of the style, ``[1, D]``, on the generator's device: a hundredth of an image's work, so it is not kept."""
        # what is made in inference mode could not be used where a latent is optimized
        with torch.inference_mode(False), torch.no_grad():
            return self.generator.map_style(self.code[None].to(self.generator.w_avg.device).clone())

    @torch.no_grad()
    def __call__(
        self,
        latent: Latent,
        *,
        strength: float = 1.0,
        indicator: float | None = None,
        noise: Noise = "fixed",
        rng: torch.Generator | None = None,
    ) -> Tensor:
        """Images ``[N, 3, H, W]``, RGB, nominally in [-1, 1], not clamped.

        Args:
            latent: faces, in any space of the generator.
            strength: scales what the style takes of each row of w+: 0 gives the natural face exactly, 1 the style as it
                was learned.
            indicator: this style's own if None.
            noise, rng: see `Generator.noise_maps`.

        Raises:
            LatentError: the latent does not fit the generator.
            StyleError: there is no such indicator, or the strength leaves the range from 0 to 1.
        """
        check_strength(strength)
        faces = self.generator.to_w_plus(latent)
        chosen = self.indicator if indicator is None else indicator
        blended = self.generator.blend(faces.codes, self.w, chosen, strength=strength)
        kept = self.generator.weighted(faces.offset, 1 - self.generator.style_share(chosen, strength)[:, 0])
        drawn = replace(faces, codes=blended, offset=kept)
        return self.generator(drawn, noise=noise, rng=rng)  # type: ignore[no-any-return]

    def on(self, person: Tuned, likeness: float = LIKENESS) -> PersonalStyle:
        """Combine this style with a person: its code, with what the person's tuning changed of shapes.

        Args:
            person: tuned on this style's generator.
            likeness: 0 gives this style alone; see `people.composition`.

        Raises:
            StyleError: the person was tuned on another generator, or the likeness is out of range.
        """
        expect_person(person, self.generator, likeness)
        both = WithPerson(self.generator, person, likeness)

        def at(strength: float) -> BlendStyle:
            return BlendStyle(both.at(strength), self.code, self.indicator)

        return PersonalStyle(at(1.0), at)

    def sample(
        self, count: int, *, psi: float = PSI, rng: torch.Generator | None = None, strength: float = 1.0
    ) -> tuple[Tensor, Tensor]:
        """Random faces, natural and in this style: two batches ``[count, 3, H, W]``.

        Args:
            psi: truncation, of the faces alone.
        """
        latent = self.generator.random_faces(count, rng, psi=psi)
        return self(latent, strength=0), self(latent, strength=strength)

    def save(self, path: str | Path, *, name: str = "") -> None:
        """Write the code and the indicator, and which generator they belong to.

        Args:
            name: of the generator, for people.
        """
        facts = {
            "method": "blendgan",
            "base": fingerprint(self.generator),
            "base_name": name or f"a BlendGAN of {self.generator.resolution} pixels",
            "indicator": self.indicator,
        }
        write_style(Path(path), {"code": self.code}, facts)


@register("blendgan")
def _load(tensors: dict[str, Tensor], facts: dict[str, Any], generator: Generator) -> BlendStyle:
    path, base = facts["path"], expect_base(facts, generator, BlendGenerator)
    if list(tensors) != ["code"] or tensors["code"].ndim != 1:
        raise StyleError(f"{path} is damaged: expected one style code, found {list(tensors)}. Save it again.")
    return BlendStyle(base, tensors["code"], facts.get("indicator", INDICATOR))
