"""The four methods on the command line: their options, and how each makes its style."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from math import inf
from pathlib import Path
from typing import Annotated, Any

import typer

from ..agilegan import AgileGenerator, AttributeStyle
from ..blendgan import BlendStyle, StyleEncoder
from ..bundle import load_exemplars
from ..dualstylegan import CodeSampler, DualStyle
from ..errors import CheckpointError, StyleError
from ..faces import LandmarkerName
from ..images import read
from ..jojogan import JoJoStyle
from ..style_factories import attribute_style, blend_style, dual_style
from ..style_protocol import Style, load_style, read_style
from .learning import PresetOption, ReconstructionOption, StepsOption, TextureOption, aligned_face, learn_style, settings_of
from .options import MAX_SEED, Models, load_part

__all__ = [
    "AttributeOption",
    "ColorOption",
    "ExemplarOption",
    "ExemplarsOption",
    "IndicatorOption",
    "MethodName",
    "MethodOption",
    "MethodOptions",
    "PreserveColorOption",
    "ReferenceOption",
    "SamplerOption",
    "SavedStyleOption",
    "StructureOption",
    "StyleEncoderOption",
    "StyleRequest",
    "StyleSeedOption",
    "TruncationOption",
    "make_style",
    "saved_style",
    "wanted_style",
    "with_controls",
]


class MethodName(str, Enum):
    """The four papers."""

    jojogan = "jojogan"
    blendgan = "blendgan"
    dualstylegan = "dualstylegan"
    agilegan = "agilegan"


MethodOption = Annotated[
    MethodName | None,
    typer.Option("--method", help="The method, with its bundled model; by default the one that the --weights are for."),
]
SavedStyleOption = Annotated[
    Path | None, typer.Option("--style", "-s", help="A style that was saved by [b]one-shot[/b] or [b]--save-style[/b].")
]
BLEND, DUAL, AGILE = "BlendGAN", "DualStyleGAN", "AgileGAN"
ReferenceOption = Annotated[
    list[Path] | None,
    typer.Option("--reference", "-r", help="An image in the style; repeat it for several images of one style."),
]
IndicatorOption = Annotated[
    int | None,
    typer.Option(
        "--indicator",
        min=0,
        help="How many of the first layers ignore the style. 0: strongest style; 18: no style; 6 by default.",
        rich_help_panel=BLEND,
    ),
]
StyleEncoderOption = Annotated[
    str | None,
    typer.Option(
        "--style-encoder",
        help="The encoder that reads the style of a [b]--reference[/b], if the generator's file has none: style_encoder.pt.",
        rich_help_panel=BLEND,
    ),
]
StyleSeedOption = Annotated[
    int | None,
    typer.Option(
        "--style-seed",
        min=0,
        max=MAX_SEED,
        help="Seed of a random style, instead of a reference. Also for DualStyleGAN.",
        rich_help_panel=BLEND,
    ),
]
ExemplarsOption = Annotated[
    str | None,
    typer.Option(
        "--exemplars",
        help="The file of the generator's style codes (exstyle_code.npy), if they are not in the checkpoint.",
        rich_help_panel=DUAL,
    ),
]
ExemplarOption = Annotated[
    list[str] | None,
    typer.Option("--exemplar", help="The exemplar to use, by number or name; repeat it to mix several.", rich_help_panel=DUAL),
]
SamplerOption = Annotated[
    str | None, typer.Option("--sampler", help="The sampling network for --style-seed: sampler.pt.", rich_help_panel=DUAL)
]
StructureOption = Annotated[
    str | None,
    typer.Option(
        "--structure",
        help="How much of the exemplar's structure to use: one number, or one for each row, such as "
        "0,0,0,0,0.75,0.75,0.75. 0.75 by default.",
        rich_help_panel=DUAL,
        show_default=False,
    ),
]
ColorOption = Annotated[
    str | None,
    typer.Option(
        "--color",
        help="How much of the exemplar's colours to use: one number, or one for each row. 1 by default.",
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
        help="Truncation of the face: 1 keeps it, less makes it more typical; 0.75 by default.",
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


@dataclass(frozen=True, kw_only=True)
class MethodOptions:
    """The options that make and control a style; None or empty if not given."""

    reference: ReferenceOption = None
    preset: PresetOption = None
    steps: StepsOption = None
    reconstruction: ReconstructionOption = None
    texture: TextureOption = None
    indicator: IndicatorOption = None
    style_encoder: StyleEncoderOption = None
    style_seed: StyleSeedOption = None
    exemplars: ExemplarsOption = None
    exemplar: ExemplarOption = None
    sampler: SamplerOption = None
    structure: StructureOption = None
    color: ColorOption = None
    truncation: TruncationOption = None
    preserve_color: PreserveColorOption = None
    attribute: AttributeOption = None


# For each method: the options that make a style, and the controls, which work with a saved style too.
CHANGED = ("steps", "reconstruction", "texture")  # of JoJoGAN's settings
SOURCES = {
    MethodName.jojogan: {"reference", "preset", *CHANGED},
    MethodName.blendgan: {"reference", "style_seed", "style_encoder"},
    MethodName.dualstylegan: {"reference", "style_seed", "exemplars", "exemplar", "sampler"},
    MethodName.agilegan: set[str](),
}
CONTROLS = {
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
class StyleRequest:
    """What the user asked for: a saved style, or what to make one from, and the options of single methods.

    Attributes:
        style: the file of a saved style.
        method: None if not given.
        options: by their names with underscores; None or empty if not given.
        seed: for the randomness in training.
        landmarks: the landmark detector for references.
    """

    style: Path | None
    method: MethodName | None = None
    options: Mapping[str, Any]
    seed: int
    landmarks: LandmarkerName = "auto"

    @property
    def bundled(self) -> str | None:
        """The method whose model of the bundle is needed: the saved style's, or else the one that was asked for.

        Raises:
            StyleError: the file can't be read, or is not a style.
        """
        if self.style is not None:
            return str(read_style(self.style)[1].get("method"))
        return None if self.method is None else self.method.value

    @property
    def given(self) -> dict[str, Any]:
        """The options that were given."""
        return {name: value for name, value in self.options.items() if value not in (None, [])}


def make_style(models: Models, request: StyleRequest) -> tuple[MethodName, Callable[[], Style]]:
    """The method, and a function that makes its style with the controls that the user asked for.

    All options are checked first; a style that must be learned is learned when the function is called.

    Raises:
        typer.BadParameter: an option is missing, or belongs to another method.
        PasticheError: the weights or the style belong to another method than requested; or as the methods raise.
    """
    style = None if request.style is None else saved_style(models, request.style)
    method = _method_of_weights(models, request.method) if style is None else _method_of_style(style, request)
    _check_options(method, request)
    if style is None and method == MethodName.jojogan:
        return method, _learning(models, request)
    controlled = with_controls(style or MAKERS[method](models, request), request.given)
    return method, lambda: controlled


def wanted_style(models: Models, request: StyleRequest) -> tuple[MethodName, Callable[[], Style]] | tuple[None, None]:
    """As `make_style`, for a command that can do without a style: None twice if the user asked for none.

    The weights of an AgileGAN ask for theirs.
    """
    asked = request.style is not None or request.method is not None or request.given
    if asked or isinstance(models.generator, AgileGenerator):
        return make_style(models, request)
    return None, None


def saved_style(models: Models, path: Path) -> Style:
    """Load a saved style, with the networks that it needs from these models.

    Raises:
        PasticheError: as `load_style`; or the encoder's generator is not the source of the style.
    """
    style = load_style(path, models.stylegan2)
    if isinstance(style, AttributeStyle) and models.source is not None:
        return style.with_source(models.source)
    return style


def _method_of_weights(models: Models, asked: MethodName | None) -> MethodName:
    checkpoint = models.checkpoint
    found = METHOD_OF_ARCHITECTURE.get(checkpoint.architecture)
    if found is None or asked not in (None, found):
        own = [architecture for architecture, method in METHOD_OF_ARCHITECTURE.items() if asked in (None, method)]
        raise CheckpointError(
            f"{checkpoint.source} has the architecture {checkpoint.architecture}, but {asked.value if asked else 'a style'} "
            f"needs {' or '.join(own)}: leave out --weights for the bundle's model, or give others"
            f"{f', or --method {found.value}' if found else ''}"
        )
    return found


def _method_of_style(style: Style, request: StyleRequest) -> MethodName:
    found, asked = METHOD_OF_STYLE[type(style)], request.method
    if asked not in (None, found):
        raise StyleError(f"{request.style} holds a style of {found.value}, but --method is {asked.value}: leave out --method")
    return found


def _check_options(method: MethodName, request: StyleRequest) -> None:
    """Reject options that the method does not have, before anything is computed."""
    making = SOURCES[method] if request.style is None else set[str]()
    unused = [name for name in request.given if name not in making | CONTROLS[method]]
    if unused:
        option = f"--{unused[0].replace('_', '-')}"
        if unused[0] in SOURCES[method]:
            raise typer.BadParameter(f"a saved style does not take {option}: give either --style or {option}")
        whose = "these weights are for" if request.style is None else f"the style {request.style} is of"
        others = [other.value for other in MethodName if unused[0] in SOURCES[other] | CONTROLS[other]]
        advice = f": --method {' or '.join(others)} has it" if request.style is None else ""
        raise typer.BadParameter(f"{option} is no option of {method.value}, which {whose}{advice}")


def with_controls(style: Style, given: Mapping[str, Any]) -> Style:
    """The style with other controls, which are also saved with it."""
    found = {name: value for name, value in given.items() if name in CONTROLS[METHOD_OF_STYLE[type(style)]]}
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
    """Parse one number, or one for each row."""
    numbers = [_number(part) for part in text.split(",")]
    amounts = tuple(number for number in numbers if isinstance(number, float) and 0 <= number < inf)
    if len(amounts) != len(numbers):
        raise typer.BadParameter(f"--{name} is {text!r}: expected a number of at least 0, or several separated by commas")
    return amounts if len(amounts) > 1 else amounts[0]


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _learning(models: Models, request: StyleRequest) -> Callable[[], Style]:
    given = request.given
    if "reference" not in given:
        raise typer.BadParameter("give either --reference, an image of the style, or --style, a saved style")
    settings = settings_of(given.get("preset"), models.checkpoint, **{name: given.get(name) for name in CHANGED})
    return lambda: learn_style(models, given["reference"], settings, seed=request.seed, landmarks=request.landmarks)[0]


def _blended(models: Models, request: StyleRequest) -> Style:
    reference, seed = _one_reference(request), request.given.get("style_seed")
    if (reference is None) == (seed is None):
        raise typer.BadParameter("give either --reference, an image of the style, or --style-seed, for a random style")
    if reference is None:
        return blend_style(models.checkpoint, seed=seed)
    file = request.given.get("style_encoder")
    encoder = None if file is None else load_part(file, "style_encoder", StyleEncoder)
    return blend_style(models.checkpoint, read(reference), style_encoder=encoder)


def _dual(models: Models, request: StyleRequest) -> Style:
    given = request.given
    reference, seed, chosen = _one_reference(request), given.get("style_seed"), given.get("exemplar")
    if sum(one is not None for one in (reference, seed, chosen)) != 1:
        raise typer.BadParameter(
            "give one of --exemplar (with --exemplars, unless the checkpoint has some), --reference, and --style-seed"
        )
    if seed is not None:
        sampler = load_part(given["sampler"], "sampler", CodeSampler) if "sampler" in given else None
        return dual_style(models.checkpoint, seed=seed, sampler=sampler)
    if reference is not None:
        face = aligned_face(reference, models.generator.resolution, landmarks=request.landmarks)
        return dual_style(models.checkpoint, face, encoder=models.encoder)
    if "exemplars" not in given and models.checkpoint.exemplars is None:
        raise typer.BadParameter("--exemplar needs the file of style codes: give --exemplars (exstyle_code.npy)")
    table = load_exemplars(given["exemplars"]) if "exemplars" in given else None
    names = [int(name) if name.isdecimal() else name for name in chosen or []]
    styles = [dual_style(models.checkpoint, name, exemplars=table) for name in names]
    return DualStyle.blend(styles, [1.0] * len(styles))


def _attribute(models: Models, _request: StyleRequest) -> Style:
    return attribute_style(models.checkpoint, source=models.source)


def _one_reference(request: StyleRequest) -> Path | None:
    references: list[Path] = request.given.get("reference", [])
    if len(references) > 1:
        raise typer.BadParameter(f"this method takes one --reference, and {len(references)} were given")
    return references[0] if references else None


MAKERS: Mapping[MethodName, Callable[[Models, StyleRequest], Style]] = {
    MethodName.blendgan: _blended,
    MethodName.dualstylegan: _dual,
    MethodName.agilegan: _attribute,
}
