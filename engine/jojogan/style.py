"""The style that JoJoGAN learns: use, saving and loading."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import StyleError
from ..latents import Latent
from ..people import LIKENESS, PersonalStyle, Tuned, expect_person, stylized_person
from ..style_protocol import check_strength, expect_base, register, write_style
from ..stylegan2 import Generator, Noise
from ..stylegan2.fingerprint import fingerprint
from .interpolate import interpolate_features
from .settings import OneShot

__all__ = ["JoJoStyle"]


class JoJoStyle:
    """Draws faces in the style that a generator was fine-tuned to.

    Args:
        base: the generator before the fine-tuning.
        tuned: the fine-tuned generator.
        settings: the parameters of the training.
    """

    def __init__(self, base: Generator, tuned: Generator, settings: OneShot) -> None:
        self.base = base
        self.tuned = tuned
        self.settings = settings

    @classmethod
    def between(cls, a: "JoJoStyle", b: "JoJoStyle", t: float) -> "JoJoStyle":
        """Interpolate from style `a` (t = 0) to style `b` (t = 1) by their generators' parameters.

        This works because both were fine-tuned from one generator. The settings are those of the closer style.

        Raises:
            StyleError: they belong to different generators.
        """
        if a.base is not b.base:
            raise StyleError("these styles belong to different generators: load both with the same one")
        with torch.inference_mode(False), torch.no_grad():
            tuned = deepcopy(a.tuned).requires_grad_(False)
            for own, other in zip(tuned.parameters(), b.tuned.parameters(), strict=True):
                own.lerp_(other.to(own), t)
        return cls(a.base, tuned, a.settings if t < 0.5 else b.settings)

    @torch.no_grad()
    def __call__(
        self,
        latent: Latent,
        *,
        strength: float | Sequence[float] = 1.0,
        noise: Noise = "fixed",
        rng: torch.Generator | None = None,
    ) -> Tensor:
        """Images ``[N, 3, H, W]``, RGB, nominally in [-1, 1], not clamped.

        Args:
            latent: faces, in any space of the base generator.
            strength: 0 gives exactly the plain face, 1 the full style; features are interpolated in between. One
                number, or one for each resolution from 4 pixels up.
            noise, rng: see `Generator.noise_maps`.

        Raises:
            LatentError: the latent does not fit the generator.
            StyleError: a strength is outside 0 to 1, or the number of strengths is wrong.
        """
        check_strength(strength)
        face = self.base.to_w_plus(latent)
        maps = self.base.noise_maps(face.noise_or(noise), len(face), rng)
        for generator, alone in ((self.base, 0), (self.tuned, 1)):
            if strength == alone:
                return generator.render(generator.styles(face.codes, face.offset), maps)
        return interpolate_features(self.base, self.tuned, face, strength, maps)

    def on(self, person: Tuned, likeness: float = LIKENESS) -> PersonalStyle:
        """Combine this style with a person: ``style.on(tuned, 0.4)(tuned.latent, strength=0.8)``.

        Args:
            person: tuned on this style's base.
            likeness: 0 gives this style alone. At 1, shapes come from the person, brushwork and palette from the style;
                with strength 0 this is the tuned image itself. See `people.composition`.

        Raises:
            StyleError: the person was tuned on another generator, or the likeness is out of range.
        """
        expect_person(person, self.base, likeness)
        plain = person.at(likeness)
        assert isinstance(plain, Generator)
        drawn = stylized_person(self.tuned, person, likeness, keep_color=self.settings.keep_color)
        return PersonalStyle(JoJoStyle(plain, drawn, self.settings))

    def sample(
        self, count: int, *, psi: float = 0.7, rng: torch.Generator | None = None, strength: float = 1.0
    ) -> tuple[Tensor, Tensor]:
        """Random faces without and with this style: two batches ``[count, 3, H, W]``.

        Args:
            psi: truncation; 0.7 gives typical faces.
        """
        latent = self.base.random_faces(count, rng, psi=psi)
        return self(latent, strength=0), self(latent, strength=strength)

    def save(self, path: str | Path, *, half: bool = False, name: str = "") -> None:
        """Save the changes to the generator, and the fingerprint of the base.

        Args:
            half: store differences in float16 instead of values in float32, which halves the size. Images differ by
                less than a screen shows.
            name: human-readable name of the base generator.
        """
        before = dict(self.base.named_parameters())
        changed = {key: value.detach() for key, value in self.tuned.named_parameters() if not value.equal(before[key])}
        facts = {
            "method": "jojogan",
            "base": fingerprint(self.base),
            "base_name": name or f"a StyleGAN2 of {self.base.resolution} pixels",
            "stored": "differences" if half else "values",
            "settings": asdict(self.settings),
        }
        tensors = {key: (value - before[key]).half() if half else value for key, value in changed.items()}
        write_style(Path(path), tensors, facts)


@register("jojogan")
def _load(tensors: dict[str, Tensor], facts: dict[str, Any], generator: Generator) -> JoJoStyle:
    path, base = facts["path"], expect_base(facts, generator, Generator)
    tuned = deepcopy(base).requires_grad_(False).eval()
    parameters = dict(tuned.named_parameters())
    for key, stored in tensors.items():
        if key not in parameters or parameters[key].shape != stored.shape:
            raise StyleError(f"{path} is damaged: its {key} {list(stored.shape)} does not fit the generator. Save it again.")
    with torch.no_grad():
        for key, stored in tensors.items():
            start = parameters[key] if facts.get("stored") == "differences" else 0
            parameters[key].copy_(start + stored.to(parameters[key]))
    return JoJoStyle(base, tuned, _settings(facts.get("settings"), path))


def _settings(stored: Any, path: str) -> OneShot:
    """Settings from JSON, where tuples became lists."""
    try:
        values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in stored.items()}
        return OneShot(**values)
    except (AttributeError, TypeError) as error:
        raise StyleError(f"{path} holds settings that this version does not support: {error}") from error
