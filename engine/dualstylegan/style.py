"""DualStyleGAN's style: the structure and colours of an exemplar, with separate amounts."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from ..errors import StyleError
from ..latents import Latent
from ..people import LIKENESS, PersonalStyle, Tuned, WithPerson, expect_person
from ..style_protocol import check_strength, expect_base, register, write_style
from ..stylegan2 import Generator, Noise
from ..stylegan2.fingerprint import fingerprint
from .extrinsic import BoundStyle
from .generator import DualStyleGenerator

__all__ = ["DualSettings", "DualStyle"]

Center = Literal["zero", "mean"]
Amount = float | Sequence[float]

CODE = "code"  # the one tensor of a saved style


@dataclass(frozen=True, kw_only=True)
class DualSettings:
    """The settings of a style. The defaults are those of the released code.

    Attributes:
        structure: how much of the exemplar's structure, or one number for each structure row (7 in the release).
        color: how much of its colours, or one number for each colour row (11 at 1024 pixels).
        truncation: truncation of the face: 1 leaves it unchanged, less makes it more typical.
        center: what truncation pulls towards: "zero", as the released code does, or the "mean" of w.
        preserve_color: keep the colours of the face, passed through the style's colour transforms.
    """

    structure: Amount = 0.75
    color: Amount = 1.0
    truncation: float = 0.75
    center: Center = "zero"
    preserve_color: bool = False

    def __post_init__(self) -> None:
        if self.center not in get_args(Center):
            raise StyleError(f"truncation towards {self.center!r} is not known: expected one of {', '.join(get_args(Center))}")


class DualStyle:
    """Draws faces in the style of an exemplar.

    Args:
        generator: a DualStyleGAN trained with the exemplar.
        code: z+ of the exemplar, ``[L, D]``.
        settings: the defaults for calls.

    Raises:
        StyleError: the code's shape is not the generator's, or the number of amounts is not that of the rows.

    What depends on the exemplar alone is computed once in a call, for all of its images.
    """

    def __init__(self, generator: DualStyleGenerator, code: Tensor, settings: DualSettings | None = None) -> None:
        wanted = [generator.num_layers, generator.config.z_dim]
        if list(code.shape) != wanted:
            raise StyleError(
                f"the style code has the shape {list(code.shape)}, and this generator of {generator.resolution} pixels takes "
                f"{wanted}: use the exemplars that belong to it"
            )
        self.generator = generator
        self.code = code
        self.settings = settings or DualSettings()
        _rows(generator, self.settings)

    @torch.no_grad()
    def __call__(
        self,
        latent: Latent,
        *,
        strength: float = 1.0,
        structure: Amount | None = None,
        color: Amount | None = None,
        truncation: float | None = None,
        preserve_color: bool | None = None,
        noise: Noise = "fixed",
        rng: torch.Generator | None = None,
    ) -> Tensor:
        """Images ``[N, 3, H, W]``, RGB, nominally in [-1, 1], not clamped.

        Args:
            latent: faces, in any space of the generator.
            strength: 0 gives the plain face, 1 the full style; it scales structure and colour, and reduces the
                truncation.
            structure, color, truncation, preserve_color: see `DualSettings`; None for the style's own.
            noise, rng: see `Generator.noise_maps`.

        Raises:
            LatentError: the latent does not fit the generator.
            StyleError: the number of amounts is not that of the rows, or the strength is outside 0 to 1.
        """
        check_strength(strength)
        settings = replace(
            self.settings,
            structure=self.settings.structure if structure is None else structure,
            color=self.settings.color if color is None else color,
            truncation=self.settings.truncation if truncation is None else truncation,
            preserve_color=self.settings.preserve_color if preserve_color is None else preserve_color,
        )
        placed = self.generator.to_w_plus(latent)
        if strength == 0:
            return self.generator(placed, noise=noise, rng=rng)  # type: ignore[no-any-return]
        face = placed.codes
        style = self._bound([strength * weight for rows in _rows(self.generator, settings).values() for weight in rows])
        if settings.preserve_color:
            style = style.with_colors(self.generator.extrinsic.colors(face[:, self.generator.config.structure_rows :]))
        psi = 1 - strength * (1 - settings.truncation)
        offset = None if placed.offset is None else psi * placed.offset
        typical = self._truncated(face, psi, settings.center)
        return self.generator.synthesis(typical, exstyle=style, offset=offset, noise=placed.noise_or(noise), rng=rng)

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

        def at(strength: float) -> DualStyle:
            return DualStyle(both.at(strength), self.code, self.settings)

        return PersonalStyle(at(1.0), at)

    @classmethod
    def blend(cls, styles: Sequence["DualStyle"], weights: Sequence[float]) -> "DualStyle":
        """A weighted mean of styles of one generator: of their codes (supplement) and their settings.

        Structure and colour are interpolated row by row, truncation as one number. `center` and `preserve_color`
        come from the style with the largest weight.

        Args:
            weights: one for each; only their proportions matter.

        Raises:
            StyleError: the styles are of several generators, or the weights do not fit.
        """
        if not styles or len(styles) != len(weights) or not sum(weights):
            raise StyleError(f"{len(weights)} weights were given for {len(styles)} styles: expected one for each, not all 0")
        if any(style.generator is not styles[0].generator for style in styles):
            raise StyleError(
                "these styles belong to different generators, whose codes are not compatible: blend styles of one generator"
            )
        shares = [weight / sum(weights) for weight in weights]
        codes = torch.stack([style.code.to(styles[0].code) for style in styles])
        code = torch.einsum("s,sld->ld", torch.tensor(shares).to(codes), codes)
        return cls(styles[0].generator, code, _mixed(styles[0].generator, [style.settings for style in styles], shares))

    @classmethod
    def between(cls, a: "DualStyle", b: "DualStyle", t: float) -> "DualStyle":
        """Interpolate from style `a` (t = 0) to style `b` (t = 1); see `blend`."""
        return cls.blend([a, b], [1 - t, t])

    def save(self, path: str | Path, *, name: str = "") -> None:
        """Save the code, the settings, and the fingerprint of the generator.

        Args:
            name: human-readable name of the generator.
        """
        facts = {
            "method": "dualstylegan",
            "base": fingerprint(self.generator),
            "base_name": name or f"a DualStyleGAN of {self.generator.resolution} pixels",
            "settings": asdict(self.settings),
        }
        write_style(Path(path), {CODE: self.code}, facts)

    def _bound(self, weights: list[float]) -> BoundStyle:
        """The style with its amounts: a hundredth of an image's work, so it is not kept."""
        return self.generator.bind_style(self.generator.mapping(self.code[None].to(self.generator.w_avg.device)), weights)

    def _truncated(self, w_plus: Tensor, psi: float, center: Center) -> Tensor:
        if psi == 1:
            return w_plus
        return psi * w_plus if center == "zero" else self.generator.truncate(w_plus, psi)


def _mixed(generator: DualStyleGenerator, settings: Sequence[DualSettings], shares: Sequence[float]) -> DualSettings:
    """Settings in between."""
    nearest = settings[max(range(len(shares)), key=shares.__getitem__)]
    rows = [_rows(generator, each) for each in settings]
    amounts: dict[str, Amount] = {}
    for name in rows[0]:
        mixed = tuple(_mean(column, shares) for column in zip(*(each[name] for each in rows), strict=True))
        amounts[name] = mixed[0] if len(set(mixed)) == 1 else mixed
    return replace(nearest, **amounts, truncation=_mean([each.truncation for each in settings], shares))  # type: ignore[arg-type]


def _mean(numbers: Sequence[float], shares: Sequence[float]) -> float:
    """Their mean; exactly the number that they are if they are alike."""
    if len(set(numbers)) == 1:
        return numbers[0]
    return sum(share * number for share, number in zip(shares, numbers, strict=True))


def _rows(generator: DualStyleGenerator, settings: DualSettings) -> dict[str, list[float]]:
    """Structure and colour, row by row, in the order of the generator's rows."""
    counts = {"structure": generator.config.structure_rows, "color": generator.config.color_rows}
    return {name: _per_row(getattr(settings, name), count, name) for name, count in counts.items()}


def _per_row(amount: Amount, count: int, name: str) -> list[float]:
    if isinstance(amount, int | float):
        return [float(amount)] * count
    if len(amount) != count:
        raise StyleError(f"{len(amount)} numbers were given for {name}: expected one, or one for each of its {count} rows")
    return [float(number) for number in amount]


@register("dualstylegan")
def _load(tensors: dict[str, Tensor], facts: dict[str, Any], generator: Generator) -> DualStyle:
    path, base = facts["path"], expect_base(facts, generator, DualStyleGenerator)
    if set(tensors) != {CODE}:
        raise StyleError(f"{path} is damaged: it holds {sorted(tensors)[:4]} and not one {CODE}. Save it again.")
    return DualStyle(base, tensors[CODE], _settings(facts.get("settings"), path))


def _settings(stored: Any, path: str) -> DualSettings:
    """Settings as JSON keeps them, where tuples become lists."""
    try:
        values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in stored.items()}
        settings = DualSettings(**values)
    except (AttributeError, TypeError) as error:
        raise StyleError(f"{path} holds settings that this version does not support: {error}") from error
    amounts = [settings.structure, settings.color, settings.truncation]
    numbers = [number for amount in amounts for number in (amount if isinstance(amount, tuple) else (amount,))]
    if not all(type(number) in (int, float) for number in numbers) or type(settings.preserve_color) is not bool:
        raise StyleError(f"{path} is damaged: its settings are not numbers. Save it again.")
    return settings
