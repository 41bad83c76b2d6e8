"""`pastiche edit`: change the face of a photo along directions."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
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
from ..faces import paste_all
from ..faces.parsing import require_parser
from ..images import read, write
from ..latents import Latent
from ..numerics import precision
from ..sheets import sheet
from ..style_protocol import load_style
from ..stylegan2.fingerprint import fingerprint
from .amounts import AMOUNTS
from .console import emit, say
from .faces import FindOptions, StrengthOption
from .groups import grouped
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
        Path | None,
        typer.Option("--from", help="Take the parts of [b]--region[/b] from the face of this photo.", show_default=False),
    ] = None
    strip: Annotated[
        float | None,
        typer.Option(
            "--strip", min=0, help="Draw a strip for each named direction, from minus to plus this amount.", show_default=False
        ),
    ] = None

    def check(self, amounts: dict[str, float]) -> None:
        """Reject options that do not fit each other."""
        if not amounts and not self.channel and self.donor is None:
            raise typer.BadParameter("nothing to change: give --NAME AMOUNT, such as --smile 1.5, or --channel, or --from")
        if self.donor is not None and not self.region:
            raise typer.BadParameter("--from takes the parts that --region names: give --region too")
        if self.strip is not None and not amounts and not self.channel:
            raise typer.BadParameter("--strip draws the range of directions: name at least one, such as --smile 0")

    def plan(self, amounts: dict[str, float], models: Models) -> Plan:
        """Directions with their amounts, kept to the chosen rows and regions."""
        plan: Plan = []
        if amounts:
            known = _read_directions(self.directions, models)
            plan = [(known[name], amount) for name, amount in amounts.items()]
        if self.rows is not None:
            chosen = parse_rows(self.rows)
            plan = [(direction.on_rows(chosen), amount) for direction, amount in plan]
        plan += [pair for text in self.channel or [] for pair in _channel(text, models)]
        if self.region and plan:
            masks = _masks(models)
            plan = [(in_region(direction, models.stylegan2, masks, self.region), amount) for direction, amount in plan]
        return plan


@grouped
def edit(
    ctx: typer.Context,
    photo: Annotated[Path, typer.Argument(help="The photo with the face.", show_default=False)],
    *,
    out_path: OutOption = Path("edited.png"),
    editing: EditOptions,
    style: Annotated[
        Path | None, typer.Option("--style", "-s", help="Draw the edited face in this saved style.", show_default=False)
    ] = None,
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
    directions. Edits come before the style, if there is one.
    With [b]--likeness[/b], the generator is first tuned to the face, so that the person stays recognisable.

      pastiche edit me.jpg --smile 1.5 --age -2 --out younger.png
      pastiche edit me.jpg --smile 1.5 --person me.safetensors --likeness 1
      pastiche edit me.jpg --smile 0 --yaw 0 --strip 2 --out range.png
      pastiche edit me.jpg --smile 2 --region mouth --style painting.safetensors
      pastiche edit me.jpg --from you.jpg --region eyes
    """
    amounts: dict[str, float] = ctx.meta.get(AMOUNTS, {})
    editing.check(amounts)
    check_target(out_path, PICTURES)
    if save_latent is not None:
        check_target(save_latent, TENSORS)
    models = networks.load()
    plan = editing.plan(amounts, models)
    keeper = keeping.of(models, styled=style is not None)
    chosen = None if style is None else load_style(style, models.stylegan2)
    picture = read(photo)
    face = finding.largest(picture, models.generator.resolution)
    with precision(networks.precision, models.device):
        latent = models.to_w_plus(latent_of(face, models, inversion, seed))
        if chosen is None:
            draw = _drawing(keeper.generator_for(face, latent))
        else:
            draw = _drawing(partial(keeper.style_for(chosen, face, latent), strength=strength))
        if editing.donor is not None:
            other = finding.largest(editing.donor, models.generator.resolution)
            given = models.to_w_plus(latent_of(other, models, inversion, seed))
            latent = transfer_region(latent, given, models.stylegan2, _masks(models), editing.region or [])
        if editing.strip is not None:
            write(_strip(latent, models, plan, editing.strip, draw), out_path)
        else:
            latent = edited(latent, models.generator, plan)
            drawn = draw(latent)
            write(paste_all([face], [drawn], picture, region="face") if keep_background else drawn, out_path)
    if save_latent is not None:
        latent.to("cpu").save(save_latent)
    if as_json:
        moved = {direction.name: amount for direction, amount in plan}
        emit({"written": str(out_path), "amounts": moved, "likeness": keeper.likeness})
    else:
        say(f"{out_path}: " + (", ".join(f"{direction.name} {amount:+g}" for direction, amount in plan) or "parts exchanged"))


def _read_directions(path: Path | None, models: Models) -> Directions:
    """The directions of these models.

    Raises:
        LatentError: they belong to another generator, or none were given for models that are not the bundled ones.
    """
    if path is not None:
        return import_directions(path, models.generator, name=models.checkpoint.source)
    found = load_directions(DEMO)
    if found.generator != fingerprint(models.generator):
        raise LatentError(
            f"only the bundled models come with directions, and {models.checkpoint.source} is another generator: find some "
            "with `pastiche directions find`, and give them with --directions"
        )
    return found


def _channel(text: str, models: Models) -> Plan:
    """A style channel and its amount, from ``LAYER:CHANNEL=AMOUNT``."""
    name, _, amount = text.partition("=")
    try:
        value = float(amount)
    except ValueError:
        raise typer.BadParameter(f"--channel {text}: give a channel and an amount, such as 6:21=2") from None
    return [(one, value) for one in channels(models.stylegan2, [name]).values()]


def _masks(models: Models) -> RegionMasks:
    return find_regions(models.stylegan2, require_parser())


def _drawing(painter: Callable[[Latent], Tensor]) -> Draw:
    """A generator or a style as a function whose pictures are on the CPU, in [-1, 1]."""

    @torch.no_grad()
    def draw(latent: Latent) -> Tensor:
        return painter(latent).cpu().clamp(-1, 1)

    return draw


def _strip(latent: Latent, models: Models, plan: Plan, reach: float, draw: Draw) -> Tensor:
    """A row of pictures for each direction, the others at their amounts."""
    amounts = [reach * (2 * step / (STEPS - 1) - 1) for step in range(STEPS)]  # exactly 0 in the middle
    cells: list[Tensor | None] = []
    for index, (direction, _) in enumerate(plan):
        others = [pair for place, pair in enumerate(plan) if place != index]
        moved = ladder(latent, models.generator, direction, amounts, others)
        cells += [draw(moved[place]) for place in range(len(moved))]
    return sheet(
        cells,
        len(amounts),
        row_titles=[direction.name for direction, _ in plan],
        column_titles=[f"{amount:+.2g}" for amount in amounts],
    )
