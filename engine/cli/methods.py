"""Which method draws: what each makes its style from on the command line, and which options are its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from ..agilegan import AttributeStyle
from ..bundle import CATALOG, inspect, load_exemplars
from ..dualstylegan import CodeSampler
from ..errors import CheckpointError
from ..images import read
from ..stylegan2 import Generator
from ..styles import Style, load_style
from ..styling import attribute_style, blend_style, dual_style
from .learning import aligned_face, learn_style, settings_of
from .options import Models, load_part

__all__ = [
    "AttributeOption",
    "ColorOption",
    "ExemplarOption",
    "ExemplarsOption",
    "IndicatorOption",
    "MethodName",
    "PreserveColorOption",
    "SamplerOption",
    "StructureOption",
    "StyleSeedOption",
    "Wish",
    "check_options",
    "controls",
    "make_style",
    "method_of",
]


class MethodName(str, Enum):
    """The four papers."""

    jojogan = "jojogan"
    blendgan = "blendgan"
    dualstylegan = "dualstylegan"
    agilegan = "agilegan"


BLEND, DUAL, AGILE = "BlendGAN", "DualStyleGAN", "AgileGAN"
IndicatorOption = Annotated[
    int | None,
    typer.Option("--indicator", min=0, help="0: strongest style; 18: natural face; 6 by default.", rich_help_panel=BLEND),
]
StyleSeedOption = Annotated[
    int | None,
    typer.Option("--style-seed", help="A random style, in the place of a picture. Also DualStyleGAN.", rich_help_panel=BLEND),
]
ExemplarsOption = Annotated[
    str | None,
    typer.Option("--exemplars", help="The style codes of the generator: exstyle_code.npy.", rich_help_panel=DUAL),
]
ExemplarOption = Annotated[
    str | None, typer.Option("--exemplar", help="Which of them, by number or name.", rich_help_panel=DUAL)
]
SamplerOption = Annotated[
    str | None, typer.Option("--sampler", help="The sampling network, for --style-seed: sampler.pt.", rich_help_panel=DUAL)
]
StructureOption = Annotated[
    float | None,
    typer.Option("--structure", min=0, help="How much of the shapes; 0.75 by default.", rich_help_panel=DUAL),
]
ColorOption = Annotated[
    float | None, typer.Option("--color", min=0, help="How much of the colours; 1 by default.", rich_help_panel=DUAL)
]
PreserveColorOption = Annotated[
    bool | None,
    typer.Option("--preserve-color", help="Keep the colours of the photo.", rich_help_panel=DUAL, show_default=False),
]
AttributeOption = Annotated[
    str | None,
    typer.Option(
        "--attribute",
        help="female, male, or a number between; 0 by default.",
        rich_help_panel=AGILE,
        show_default=False,
    ),
]

# For each method: the options that make a style, and those that steer a finished one.
MAKING = {
    MethodName.jojogan: {"reference", "preset", "steps"},
    MethodName.blendgan: {"reference", "style_seed"},
    MethodName.dualstylegan: {"reference", "style_seed", "exemplars", "exemplar", "sampler"},
    MethodName.agilegan: set[str](),
}
STEERING = {
    MethodName.jojogan: set[str](),
    MethodName.blendgan: {"indicator"},
    MethodName.dualstylegan: {"structure", "color", "preserve_color"},
    MethodName.agilegan: {"attribute"},
}
# By a checkpoint's architecture.
METHOD_OF = {
    "stylegan2": MethodName.jojogan,
    "blendgan": MethodName.blendgan,
    "dualstylegan": MethodName.dualstylegan,
    "agilegan": MethodName.agilegan,
}


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What was asked for: a saved style, or what to make one from; and the options that are some method's own.

    Attributes:
        style: a saved style.
        options: by their names with underscores; None or empty where nothing was said.
        weights: of the generator, by path or name.
        seed: of what is random in learning.
    """

    style: Path | None
    options: Mapping[str, Any]
    weights: str
    seed: int

    @property
    def given(self) -> dict[str, Any]:
        """Options that were given."""
        return {name: value for name, value in self.options.items() if value not in (None, [])}


def method_of(models: Models, asked: MethodName | None) -> MethodName:
    """The method that the weights are for.

    Raises:
        CheckpointError: another one was asked for.
    """
    checkpoint = models.checkpoint
    found = METHOD_OF.get(checkpoint.architecture)
    if found is None or asked not in (None, found):
        needed = _architecture(asked) if asked else " or ".join(METHOD_OF)
        raise CheckpointError(
            f"{checkpoint.source} is of the architecture {checkpoint.architecture}, and {asked.value if asked else 'a style'} "
            f"needs {needed}: give other --weights{f', or --method {found.value}' if found else ''}"
        )
    return found


def _architecture(method: MethodName) -> str:
    return next(architecture for architecture, own in METHOD_OF.items() if own == method)


def make_style(models: Models, method: MethodName, wish: Wish) -> Callable[[], Style]:
    """Load or read the style; one that has to be learned is learned when the result is called, with all else checked.

    Raises:
        typer.BadParameter: an option is missing.
        PasticheError: as the methods say.
    """
    if wish.style is not None:
        style = load_style(wish.style, models.stylegan2)
    elif method == MethodName.jojogan:
        return _learning(models, wish)
    else:
        makers = {MethodName.blendgan: _blended, MethodName.dualstylegan: _dual, MethodName.agilegan: _attribute}
        style = makers[method](models, wish)
    if isinstance(style, AttributeStyle) and (source := _source(models)):
        style = style.with_source(source)
    return lambda: style


def check_options(method: MethodName, wish: Wish) -> None:
    """Refuse what is of no use, before anything is computed.

    Raises:
        typer.BadParameter: an option is another method's, or a style was given that makes it needless.
    """
    making = set() if wish.style is not None else MAKING[method]
    alien = [name for name in wish.given if name not in making | STEERING[method]]
    if alien:
        option = f"--{alien[0].replace('_', '-')}"
        if alien[0] in MAKING[method]:
            raise typer.BadParameter(f"a saved style is made already: give either --style or {option}")
        raise typer.BadParameter(f"{option} is no option of {method.value}, which these weights are for")


def controls(method: MethodName, wish: Wish) -> dict[str, Any]:
    """The keyword arguments of a style's call, beside strength."""
    found = {name: value for name, value in wish.given.items() if name in STEERING[method]}
    if "attribute" in found:
        found["attribute"] = _number(found["attribute"])
    return found


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _learning(models: Models, wish: Wish) -> Callable[[], Style]:
    given = wish.given
    if "reference" not in given:
        raise typer.BadParameter("give either --reference, a picture of the style, or --style, one that was saved")
    settings = settings_of(given.get("preset"), given.get("steps"), wish.weights)
    return lambda: learn_style(models, given["reference"], settings, seed=wish.seed)[0]


def _blended(models: Models, wish: Wish) -> Style:
    reference, seed = _one_reference(wish), wish.given.get("style_seed")
    if (reference is None) == (seed is None):
        raise typer.BadParameter("give either --reference, a picture of the style, or --style-seed, for a random one")
    return blend_style(models.checkpoint, None if reference is None else read(reference), seed=seed)


def _dual(models: Models, wish: Wish) -> Style:
    given = wish.given
    _expect_known_space(models.encoder_source)
    reference, seed, exemplar = _one_reference(wish), given.get("style_seed"), given.get("exemplar")
    if sum(one is not None for one in (reference, seed, exemplar)) != 1:
        raise typer.BadParameter("give one of --exemplar with --exemplars, --reference, and --style-seed with --sampler")
    if seed is not None:
        sampler = load_part(given["sampler"], "sampler", CodeSampler) if "sampler" in given else None
        return dual_style(models.checkpoint, seed=seed, sampler=sampler)
    if reference is not None:
        face = aligned_face(reference, models.generator.resolution, aligned=False)
        return dual_style(models.checkpoint, face, encoder=models.encoder)
    if "exemplars" not in given:
        raise typer.BadParameter("--exemplar is one of a table of codes: give it as --exemplars (exstyle_code.npy)")
    table = load_exemplars(given["exemplars"])
    name = str(exemplar)
    return dual_style(models.checkpoint, int(name) if name.isdigit() else name, exemplars=table)


def _expect_known_space(encoder: str | None) -> None:
    """Refuse a file of which nobody said whether it is encoder.pt or encoder_wplus.pt: both would draw a face."""
    if encoder is not None and not encoder.startswith(CATALOG) and inspect(encoder).format == "psp":
        raise CheckpointError(
            f"{encoder}: DualStyleGAN's two encoders look alike, and encoder.pt gives codes in z+ while encoder_wplus.pt gives "
            f"w+: run `pastiche convert {encoder} --architecture psp --space z+` (or w+) and give the .safetensors, "
            "or use catalog:dualstylegan-encoder"
        )


def _attribute(models: Models, _wish: Wish) -> Style:
    return attribute_style(models.checkpoint)


def _source(models: Models) -> Generator | None:
    """AgileGAN's encoder file holds the generator that strengths below 1 lead back to."""
    found = models.encoder_checkpoint
    return found.stylegan2.to(models.device) if found is not None and found.generator is not None else None


def _one_reference(wish: Wish) -> Path | None:
    references: list[Path] = wish.given.get("reference", [])
    if len(references) > 1:
        raise typer.BadParameter(f"this method takes one --reference, and {len(references)} were given")
    return references[0] if references else None
