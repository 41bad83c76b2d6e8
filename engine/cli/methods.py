"""Which method draws: what each makes its style from on the command line, and which options are its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from math import inf
from pathlib import Path
from typing import Annotated, Any

import typer

from ..agilegan import AttributeStyle
from ..blendgan import BlendStyle, StyleEncoder
from ..bundle import load_exemplars
from ..dualstylegan import CodeSampler, DualStyle
from ..errors import CheckpointError, StyleError
from ..faces import LandmarkerName
from ..images import read
from ..jojogan import JoJoStyle
from ..stylegan2 import Generator
from ..styles import Style, load_style
from ..styling import attribute_style, blend_style, dual_style
from .learning import aligned_face, learn_style, settings_of
from .options import MAX_SEED, Models, load_part

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
    "StyleEncoderOption",
    "StyleSeedOption",
    "TruncationOption",
    "Wish",
    "make_style",
    "saved_style",
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
StyleEncoderOption = Annotated[
    str | None,
    typer.Option(
        "--style-encoder",
        help="What reads the style of a [b]--reference[/b], for a generator whose file holds none: style_encoder.pt.",
        rich_help_panel=BLEND,
    ),
]
StyleSeedOption = Annotated[
    int | None,
    typer.Option(
        "--style-seed",
        min=0,
        max=MAX_SEED,
        help="A random style, in the place of a picture. Also DualStyleGAN.",
        rich_help_panel=BLEND,
    ),
]
ExemplarsOption = Annotated[
    str | None,
    typer.Option("--exemplars", help="The style codes of the generator: exstyle_code.npy.", rich_help_panel=DUAL),
]
ExemplarOption = Annotated[
    list[str] | None,
    typer.Option("--exemplar", help="Which of them, by number or name; repeat it to mix several.", rich_help_panel=DUAL),
]
SamplerOption = Annotated[
    str | None, typer.Option("--sampler", help="The sampling network, for --style-seed: sampler.pt.", rich_help_panel=DUAL)
]
StructureOption = Annotated[
    str | None,
    typer.Option(
        "--structure",
        help="How much of the shapes: a number, or one for each of their rows, such as 0,0,0,0,0.75,0.75,0.75. "
        "0.75 by default.",
        rich_help_panel=DUAL,
        show_default=False,
    ),
]
ColorOption = Annotated[
    str | None,
    typer.Option(
        "--color",
        help="How much of the colours: a number, or one for each of their rows. 1 by default.",
        rich_help_panel=DUAL,
        show_default=False,
    ),
]
TruncationOption = Annotated[
    float | None,
    typer.Option(
        "--truncation",
        min=0,
        max=1,
        help="1 keeps the face, less makes it more typical; 0.75 by default.",
        rich_help_panel=DUAL,
    ),
]
PreserveColorOption = Annotated[
    bool | None,
    typer.Option(
        "--preserve-color/--no-preserve-color",
        help="Keep the colours of the photo.",
        rich_help_panel=DUAL,
        show_default=False,
    ),
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

# For each method: the options that make a style, and those that steer it, which a saved one takes too.
CHANGED = ("steps", "reconstruction")  # of JoJoGAN's settings
MAKING = {
    MethodName.jojogan: {"reference", "preset", *CHANGED},
    MethodName.blendgan: {"reference", "style_seed", "style_encoder"},
    MethodName.dualstylegan: {"reference", "style_seed", "exemplars", "exemplar", "sampler"},
    MethodName.agilegan: set[str](),
}
STEERING = {
    MethodName.jojogan: set[str](),
    MethodName.blendgan: {"indicator"},
    MethodName.dualstylegan: {"structure", "color", "truncation", "preserve_color"},
    MethodName.agilegan: {"attribute"},
}
METHOD_OF_ARCHITECTURE = {
    "stylegan2": MethodName.jojogan,
    "blendgan": MethodName.blendgan,
    "dualstylegan": MethodName.dualstylegan,
    "agilegan": MethodName.agilegan,
}
METHOD_OF_STYLE: Mapping[type, MethodName] = {
    JoJoStyle: MethodName.jojogan,
    BlendStyle: MethodName.blendgan,
    DualStyle: MethodName.dualstylegan,
    AttributeStyle: MethodName.agilegan,
}


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What was asked for: a saved style, or what to make one from; and the options that are some method's own.

    Attributes:
        style: a saved style.
        options: by their names with underscores; None or empty where nothing was said.
        weights: of the generator, by path or name.
        seed: of what is random in learning.
        landmarks: what finds the eyes and mouth of references.
    """

    style: Path | None
    options: Mapping[str, Any]
    weights: str
    seed: int
    landmarks: LandmarkerName = "auto"

    @property
    def given(self) -> dict[str, Any]:
        """Options that were given."""
        return {name: value for name, value in self.options.items() if value not in (None, [])}


def make_style(models: Models, wish: Wish, asked: MethodName | None = None) -> tuple[MethodName, Callable[[], Style]]:
    """The method that draws, and what gives its style with the controls that were asked for.

    A style that has to be learned is learned when that is called, with all else checked.

    Raises:
        typer.BadParameter: an option is missing, or is another method's.
        PasticheError: the weights or the style are not of the method that was asked for, or as the methods say.
    """
    style = None if wish.style is None else saved_style(models, wish.style)
    method = _method_of_weights(models, asked) if style is None else _method_of_style(style, wish, asked)
    _check_options(method, wish)
    if style is None and method == MethodName.jojogan:
        return method, _learning(models, wish)
    steered = _steered(style or MAKERS[method](models, wish), wish.given)
    return method, lambda: steered


def saved_style(models: Models, path: Path) -> Style:
    """A style from its file, with what these models have for it.

    Raises:
        PasticheError: as `load_style`; or the encoder's generator is not the one that the style leads back to.
    """
    style = load_style(path, models.stylegan2)
    if isinstance(style, AttributeStyle) and (source := _source(models)):
        return style.with_source(source)
    return style


def _method_of_weights(models: Models, asked: MethodName | None) -> MethodName:
    checkpoint = models.checkpoint
    found = METHOD_OF_ARCHITECTURE.get(checkpoint.architecture)
    if found is None or asked not in (None, found):
        own = [architecture for architecture, method in METHOD_OF_ARCHITECTURE.items() if asked in (None, method)]
        raise CheckpointError(
            f"{checkpoint.source} is of the architecture {checkpoint.architecture}, and {asked.value if asked else 'a style'} "
            f"needs {' or '.join(own)}: give other --weights{f', or --method {found.value}' if found else ''}"
        )
    return found


def _method_of_style(style: Style, wish: Wish, asked: MethodName | None) -> MethodName:
    found = METHOD_OF_STYLE[type(style)]
    if asked not in (None, found):
        raise StyleError(f"{wish.style} holds a style of {found.value}, and {asked.value} was asked for: leave --method out")
    return found


def _check_options(method: MethodName, wish: Wish) -> None:
    """Refuse what is of no use, before anything is computed."""
    making = MAKING[method] if wish.style is None else set[str]()
    alien = [name for name in wish.given if name not in making | STEERING[method]]
    if alien:
        option = f"--{alien[0].replace('_', '-')}"
        if alien[0] in MAKING[method]:
            raise typer.BadParameter(f"a saved style is made already: give either --style or {option}")
        whose = "these weights are for" if wish.style is None else f"the style {wish.style} is of"
        raise typer.BadParameter(f"{option} is no option of {method.value}, which {whose}")


def _steered(style: Style, given: Mapping[str, Any]) -> Style:
    """The style with other controls of its own, so that it draws and is saved with them."""
    found = {name: value for name, value in given.items() if name in STEERING[METHOD_OF_STYLE[type(style)]]}
    if not found:
        return style
    if isinstance(style, BlendStyle):
        return BlendStyle(style.generator, style.code, found["indicator"])
    if isinstance(style, DualStyle):
        found.update({name: _amounts(name, found[name]) for name in ("structure", "color") if name in found})
        return DualStyle(style.generator, style.code, replace(style.settings, **found))
    assert isinstance(style, AttributeStyle)
    return AttributeStyle(style.generator, style.source, _number(found["attribute"]))


def _amounts(name: str, text: str) -> float | tuple[float, ...]:
    """One number, or one for each row."""
    numbers = [_number(part) for part in text.split(",")]
    amounts = tuple(number for number in numbers if isinstance(number, float) and 0 <= number < inf)
    if len(amounts) != len(numbers):
        raise typer.BadParameter(f"--{name} is a number from 0 on, or several with commas between them, and not {text!r}")
    return amounts if len(amounts) > 1 else amounts[0]


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _learning(models: Models, wish: Wish) -> Callable[[], Style]:
    given = wish.given
    if "reference" not in given:
        raise typer.BadParameter("give either --reference, a picture of the style, or --style, one that was saved")
    settings = settings_of(given.get("preset"), wish.weights, **{name: given.get(name) for name in CHANGED})
    return lambda: learn_style(models, given["reference"], settings, seed=wish.seed, landmarks=wish.landmarks)[0]


def _blended(models: Models, wish: Wish) -> Style:
    reference, seed = _one_reference(wish), wish.given.get("style_seed")
    if (reference is None) == (seed is None):
        raise typer.BadParameter("give either --reference, a picture of the style, or --style-seed, for a random one")
    if reference is None:
        return blend_style(models.checkpoint, seed=seed)
    file = wish.given.get("style_encoder")
    encoder = None if file is None else load_part(file, "style_encoder", StyleEncoder)
    return blend_style(models.checkpoint, read(reference), style_encoder=encoder)


def _dual(models: Models, wish: Wish) -> Style:
    given = wish.given
    reference, seed, chosen = _one_reference(wish), given.get("style_seed"), given.get("exemplar")
    if sum(one is not None for one in (reference, seed, chosen)) != 1:
        raise typer.BadParameter("give one of --exemplar with --exemplars, --reference, and --style-seed with --sampler")
    if seed is not None:
        sampler = load_part(given["sampler"], "sampler", CodeSampler) if "sampler" in given else None
        return dual_style(models.checkpoint, seed=seed, sampler=sampler)
    if reference is not None:
        face = aligned_face(reference, models.generator.resolution, landmarks=wish.landmarks)
        return dual_style(models.checkpoint, face, encoder=models.encoder)
    if "exemplars" not in given:
        raise typer.BadParameter("--exemplar is one of a table of codes: give it as --exemplars (exstyle_code.npy)")
    table = load_exemplars(given["exemplars"])
    names = [int(name) if name.isdigit() else name for name in chosen or []]
    styles = [dual_style(models.checkpoint, name, exemplars=table) for name in names]
    return DualStyle.blend(styles, [1.0] * len(styles))


def _attribute(models: Models, _wish: Wish) -> Style:
    return attribute_style(models.checkpoint, source=_source(models))


def _source(models: Models) -> Generator | None:
    """AgileGAN's encoder file holds the generator that strengths below 1 lead back to."""
    found = models.encoder_checkpoint
    return found.stylegan2.to(models.device) if found is not None and found.generator is not None else None


def _one_reference(wish: Wish) -> Path | None:
    references: list[Path] = wish.given.get("reference", [])
    if len(references) > 1:
        raise typer.BadParameter(f"this method takes one --reference, and {len(references)} were given")
    return references[0] if references else None


MAKERS: Mapping[MethodName, Callable[[Models, Wish], Style]] = {
    MethodName.blendgan: _blended,
    MethodName.dualstylegan: _dual,
    MethodName.agilegan: _attribute,
}
