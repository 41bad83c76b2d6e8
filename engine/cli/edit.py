"""`pastiche edit`: change the face of a photo along directions."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Annotated

import torch
import typer
from torch import Tensor

from ..bundle import DEMO, load_directions
from ..directions import Direction, Directions
from ..editing import (
    REGIONS,
    RegionMasks,
    channels,
    find_regions,
    import_directions,
    in_region,
    ladder,
    parse_rows,
    transfer_region,
)
from ..editing import edit as edited
from ..errors import LatentError
from ..faces import Face, paste_all
from ..faces.parsing import require_parser
from ..images import read, write
from ..latents import Latent
from ..numerics import precision
from ..sheets import sheet
from ..stylegan2 import Generator, LatentGenerator
from ..stylegan2.fingerprint import fingerprint
from .amounts import AMOUNTS
from .console import emit, say
from .faces import FindOptions, StrengthOption
from .groups import grouped
from .methods import MethodOption, MethodOptions, SavedStyleOption, StyleRequest, wanted_style
from .options import InversionOption, JsonOption, Models, NetworkOptions, OutOption, SeedOption
from .person import LikenessOptions
from .stylize import latent_of
from .targets import PICTURES, TENSORS, check_target

__all__ = ["edit"]

STEPS = 7  # pictures of a strip for each direction
Plan = list[tuple[Direction, float]]
Draw = Callable[[Latent], Tensor]
"""Faces to pictures ``[N, 3, S, S]`` on the CPU."""


@dataclass(frozen=True, kw_only=True)
class EditOptions:
    """What to change, and where."""

    directions: Annotated[
        Path | None,
        typer.Option(
            "--directions",
            help="Directions for these weights: a file from [b]pastiche directions[/b], or a published .pt or .npy. By default "
            "those of the bundled models.",
            show_default=False,
        ),
    ] = None
    channel: Annotated[
        list[str] | None,
        typer.Option(
            "--channel", help="A style channel and its amount, such as [b]6:21=2[/b]; repeatable.", show_default=False
        ),
    ] = None
    rows: Annotated[
        str | None,
        typer.Option("--rows", help="Move these rows of w+ only, such as [b]0-6[/b] or [b]0,1,5[/b].", show_default=False),
    ] = None
    region: Annotated[
        list[str] | None,
        typer.Option("--region", help=f"Change this part only: {', '.join(REGIONS)}; repeatable.", show_default=False),
    ] = None
    donor: Annotated[
        list[str] | None,
        typer.Option(
            "--from",
            help="Take a region from the face of another photo, such as [b]eyes=you.jpg[/b]; repeatable.",
            show_default=False,
        ),
    ] = None
    strip: Annotated[
        float | None,
        typer.Option(
            "--strip", min=0, help="Draw a strip for each named direction, from minus to plus this amount.", show_default=False
        ),
    ] = None

    def check(self, amounts: dict[str, float]) -> None:
        """Reject options that do not fit each other."""
        if not amounts and not self.channel and not self.donor:
            raise typer.BadParameter("nothing to change: give --NAME AMOUNT, such as --smile 1.5, or --channel, or --from")
        if self.region and not amounts and not self.channel:
            raise typer.BadParameter("--region keeps directions to a part of the face: name one, such as --smile 1.5")
        if self.strip is not None and not amounts and not self.channel:
            raise typer.BadParameter("--strip draws the range of directions: name at least one, such as --smile 0")

    def donors(self) -> dict[str, Path]:
        """The photo that each region of --from is taken from."""
        found: dict[str, Path] = {}
        for text in self.donor or []:
            region, _, photo = text.partition("=")
            if region not in REGIONS or not photo:
                regions = ", ".join(REGIONS)
                raise typer.BadParameter(f"--from {text}: give a region ({regions}) and a photo, such as eyes=you.jpg")
            if region in found:
                raise typer.BadParameter(f"--from gives {region} twice: give one photo for each region")
            found[region] = Path(photo)
        return found

    def plan(self, amounts: dict[str, float], known: Directions | None, space: "EditSpace") -> Plan:
        """Directions with their amounts, kept to the chosen rows and regions."""
        plan: Plan = [] if known is None else [(known[name], amount) for name, amount in amounts.items()]
        if self.rows is not None:
            chosen = parse_rows(self.rows)
            plan = [(direction.on_rows(chosen), amount) for direction, amount in plan]
        plan += [pair for text in self.channel or [] for pair in _channel(text, space.stylegan2)]
        if self.region:
            plan = [(in_region(direction, space.stylegan2, space.masks, self.region), amount) for direction, amount in plan]
        return plan


class EditSpace:
    """The generator that edits are made in.

    Args:
        generator: of the codes and of the directions.
        models: for errors.
    """

    def __init__(self, generator: LatentGenerator, models: Models) -> None:
        self.generator = generator
        self._models = models

    @property
    def stylegan2(self) -> Generator:
        """The generator, for edits in S space. Raises CheckpointError if it is not a StyleGAN2."""
        return self.generator if isinstance(self.generator, Generator) else self._models.stylegan2

    @cached_property
    def masks(self) -> RegionMasks:
        """Which style channels draw which region."""
        return find_regions(self.stylegan2, require_parser())


@grouped
def edit(
    ctx: typer.Context,
    photo: Annotated[Path, typer.Argument(help="The photo with the face.", show_default=False)],
    *,
    out_path: OutOption = Path("edited.png"),
    editing: EditOptions,
    making: MethodOptions,
    style: SavedStyleOption = None,
    method: MethodOption = None,
    strength: StrengthOption = 1.0,
    keeping: LikenessOptions,
    keep_background: Annotated[bool, typer.Option("--keep-background", help="Paste the face back into the photo.")] = False,
    save_latent: Annotated[
        Path | None, typer.Option("--save-latent", help="Also save the edited latent to this .safetensors.")
    ] = None,
    inversion: InversionOption = "encoder",
    seed: SeedOption = 0,
    finding: FindOptions,
    networks: NetworkOptions,
    as_json: JsonOption = False,
) -> None:
    """Change the face of a PHOTO: [b]--NAME AMOUNT[/b] for each direction.

    An amount of 1 is one standard deviation of random faces; -3 to 3 is usual. [b]pastiche directions list[/b] names the
    directions.
    The edited face is drawn as it is, or in a style, which is made as in [b]pastiche stylize[/b].
    With [b]--likeness[/b], the generator is first tuned to the face, so that the person stays recognisable.

      pastiche edit me.jpg --smile 1.5 --age -2 --out younger.png
      pastiche edit me.jpg --smile 1.5 --person me.safetensors --likeness 1
      pastiche edit me.jpg --smile 0 --yaw 0 --strip 2 --out range.png
      pastiche edit me.jpg --smile 2 --region mouth --style painting.safetensors
      pastiche edit me.jpg --smile 1 --method dualstylegan --exemplar 31
      pastiche edit me.jpg --from eyes=you.jpg --from mouth=them.jpg
    """
    amounts: dict[str, float] = ctx.meta.get(AMOUNTS, {})
    editing.check(amounts)
    donors = editing.donors()
    check_target(out_path, PICTURES)
    if save_latent is not None:
        check_target(save_latent, TENSORS)
    request = StyleRequest(style=style, method=method, options=vars(making), seed=seed, landmarks=finding.landmarks)
    models = networks.load(request.bundled)
    used_method, style_of = wanted_style(models, request)
    if style_of is None and strength != 1:
        raise typer.BadParameter("--strength needs a style: give --style, or --method")
    known, space = _space(models, editing.directions, named=bool(amounts))
    plan = editing.plan(amounts, known, space)
    keeper = keeping.of(models, styled=style_of is not None)
    picture = read(photo)
    face = finding.largest(picture, models.generator.resolution)
    others = {path: finding.largest(path, models.generator.resolution) for path in set(donors.values())}
    with precision(networks.precision, models.device):
        used = None if style_of is None else style_of()

        def code_of(face: Face) -> Latent:
            return models.to_w_plus(latent_of(face, keeper.inverting, inversion, seed))

        latent = code_of(face)
        if used is None:
            draw = _drawing(keeper.generator_for(face, latent))
        else:
            draw = _drawing(partial(keeper.style_for(used, face, latent), strength=strength))
        codes = {path: code_of(other) for path, other in others.items()}
        for region, path in donors.items():
            latent = transfer_region(latent, codes[path], space.stylegan2, space.masks, [region])
        if editing.strip is not None:
            write(_strip(latent, space.generator, plan, editing.strip, draw), out_path)
        else:
            latent = edited(latent, space.generator, plan)
            drawn = draw(latent)
            write(paste_all([face], [drawn], picture, region="face") if keep_background else drawn, out_path)
    if save_latent is not None:
        latent.to("cpu").save(save_latent)
    if as_json:
        moved = {direction.name: amount for direction, amount in plan}
        taken = {region: str(path) for region, path in donors.items()}
        drawn_by = None if used_method is None else used_method.value
        emit({"method": drawn_by, "amounts": moved, "from": taken, "likeness": keeper.likeness, "written": str(out_path)})
    else:
        changes = [f"{direction.name} {amount:+g}" for direction, amount in plan]
        say(f"{out_path}: " + ", ".join([*changes, *(f"{region} of {path}" for region, path in donors.items())]))


def _space(models: Models, path: Path | None, *, named: bool) -> tuple[Directions | None, EditSpace]:
    """The directions, if there are named ones, and where they are made: in the generator that they belong to.

    Raises:
        LatentError: they belong to another generator, or none were given for models that are not the bundled ones.
    """
    first, *others = models.origins
    if not named:
        return None, EditSpace(first, models)
    if path is not None and path.suffix.lower() != ".safetensors":
        return import_directions(path, first, name=models.checkpoint.source), EditSpace(first, models)
    found = load_directions(path or DEMO)
    space = next((other for other in others if fingerprint(other) == found.generator), first)
    if path is None and fingerprint(space) != found.generator:
        raise LatentError(
            f"only the bundled models come with directions, and {models.checkpoint.source} is another generator: find some "
            "with `pastiche directions find`, and give them with --directions"
        )
    found.expect(space)
    return found, EditSpace(space, models)


def _channel(text: str, generator: Generator) -> Plan:
    """A style channel and its amount, from ``LAYER:CHANNEL=AMOUNT``."""
    name, _, amount = text.partition("=")
    try:
        value = float(amount)
    except ValueError:
        raise typer.BadParameter(f"--channel {text}: give a channel and an amount, such as 6:21=2") from None
    return [(one, value) for one in channels(generator, [name]).values()]


def _drawing(painter: Callable[[Latent], Tensor]) -> Draw:
    """A generator or a style as a function whose pictures are on the CPU, in [-1, 1]."""

    @torch.no_grad()
    def draw(latent: Latent) -> Tensor:
        return painter(latent).cpu().clamp(-1, 1)

    return draw


def _strip(latent: Latent, generator: LatentGenerator, plan: Plan, reach: float, draw: Draw) -> Tensor:
    """A row of pictures for each direction, the others at their amounts."""
    amounts = [reach * (2 * step / (STEPS - 1) - 1) for step in range(STEPS)]  # exactly 0 in the middle
    cells: list[Tensor | None] = []
    for index, (direction, _) in enumerate(plan):
        others = [pair for place, pair in enumerate(plan) if place != index]
        moved = ladder(latent, generator, direction, amounts, others)
        cells += [draw(moved[place]) for place in range(len(moved))]
    return sheet(
        cells,
        len(amounts),
        row_titles=[direction.name for direction, _ in plan],
        column_titles=[f"{amount:+.2g}" for amount in amounts],
    )
