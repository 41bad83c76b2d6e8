"""`pastiche edit`: change the face of a photo along directions."""

from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from torch import Tensor
from typer.core import TyperCommand

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
from ..faces import align, paste_all
from ..faces.parsing import require_parser
from ..images import read, write
from ..latents import Latent
from ..numerics import precision
from ..sheets import sheet
from ..style_protocol import Style, load_style
from ..stylegan2.fingerprint import fingerprint
from .console import emit, say
from .options import (
    AlignedOption,
    DeviceOption,
    EncoderOption,
    InversionOption,
    JsonOption,
    LandmarksOption,
    Models,
    OutOption,
    PrecisionOption,
    SeedOption,
    WeightsOption,
    load_models,
)
from .stylize import latent_of
from .targets import PICTURES, TENSORS, check_target

__all__ = ["EditCommand", "edit"]

AMOUNTS = "amounts"  # in the context: `--NAME AMOUNT` pairs
STEPS = 7  # pictures of a strip for each direction


class EditCommand(TyperCommand):
    """A command that also takes ``--NAME AMOUNT`` for directions, whose names only their file knows."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take the amounts out of the arguments: every unknown option with a number behind it."""
        known = {name for param in self.get_params(ctx) for name in (*param.opts, *param.secondary_opts)}
        rest, amounts, queue = [], {}, list(args)
        while queue:
            word = queue.pop(0)
            name, equals, value = word.partition("=")
            if not name.startswith("--") or name in known or name == "--":
                rest.append(word)
                continue
            value = value if equals else (queue[0] if queue else "")
            try:
                amounts[name[2:].replace("-", "_")] = float(value)
            except ValueError:
                rest.append(word)  # click says what is wrong with it
                continue
            if not equals:
                queue.pop(0)
        ctx.meta[AMOUNTS] = amounts
        return list(super().parse_args(ctx, rest))


DirectionsOption = Annotated[
    Path | None,
    typer.Option(
        "--directions",
        help="Directions for these weights: a file from [b]pastiche directions[/b], or a published .pt or .npy. By default "
        "those of the bundled models.",
        show_default=False,
    ),
]


def edit(
    ctx: typer.Context,
    photo: Annotated[Path, typer.Argument(help="The photo with the face.", show_default=False)],
    out_path: OutOption = Path("edited.png"),
    directions: DirectionsOption = None,
    channel: Annotated[
        list[str] | None,
        typer.Option(
            "--channel", help="A style channel and its amount, such as [b]6:21=2[/b]; repeatable.", show_default=False
        ),
    ] = None,
    rows: Annotated[
        str | None,
        typer.Option("--rows", help="Move these rows of w+ only, such as [b]0-6[/b] or [b]0,1,5[/b].", show_default=False),
    ] = None,
    region: Annotated[
        list[str] | None,
        typer.Option("--region", help=f"Change this part only: {', '.join(REGIONS)}; repeatable.", show_default=False),
    ] = None,
    donor: Annotated[
        Path | None,
        typer.Option("--from", help="Take the parts of [b]--region[/b] from the face of this photo.", show_default=False),
    ] = None,
    strip: Annotated[
        float | None,
        typer.Option(
            "--strip", min=0, help="Draw a strip for each named direction, from minus to plus this amount.", show_default=False
        ),
    ] = None,
    style: Annotated[
        Path | None, typer.Option("--style", "-s", help="Draw the edited face in this saved style.", show_default=False)
    ] = None,
    strength: Annotated[float, typer.Option("--strength", min=0, max=1, help="Strength of the style.")] = 1.0,
    keep_background: Annotated[bool, typer.Option("--keep-background", help="Paste the face back into the photo.")] = False,
    save_latent: Annotated[
        Path | None, typer.Option("--save-latent", help="Also save the edited latent to this .safetensors.")
    ] = None,
    inversion: InversionOption = "encoder",
    seed: SeedOption = 0,
    weights: WeightsOption = "demo",
    encoder: EncoderOption = None,
    aligned: AlignedOption = False,
    landmarks: LandmarksOption = "auto",
    device: DeviceOption = "auto",
    arithmetic: PrecisionOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Change the face of a PHOTO: [b]--NAME AMOUNT[/b] for each direction.

    An amount of 1 is one standard deviation of random faces; -3 to 3 is usual. [b]pastiche directions list[/b] names the
    directions. Edits come before the style, if there is one.

      pastiche edit me.jpg --smile 1.5 --age -2 --out younger.png
      pastiche edit me.jpg --smile 0 --yaw 0 --strip 2 --out range.png
      pastiche edit me.jpg --smile 2 --region mouth --style painting.safetensors
      pastiche edit me.jpg --from you.jpg --region eyes
    """
    amounts: dict[str, float] = ctx.meta.get(AMOUNTS, {})
    _expect_something(amounts, channel, region, donor, strip)
    check_target(out_path, PICTURES)
    if save_latent is not None:
        check_target(save_latent, TENSORS)
    models = load_models(weights, encoder, device)
    plan = _plan(models, directions, amounts, channel or [], rows, region or [])
    drawing = None if style is None else load_style(style, models.stylegan2)
    picture = read(photo)
    side = models.generator.resolution
    face = align(picture, side, landmarker=landmarks, aligned=aligned or None, limit=1)[0]
    with precision(arithmetic, models.device):
        latent = models.to_w_plus(latent_of(face, models, inversion, seed))
        if donor is not None:
            other = align(donor, side, landmarker=landmarks, aligned=aligned or None, limit=1)[0]
            given = models.to_w_plus(latent_of(other, models, inversion, seed))
            latent = transfer_region(latent, given, models.stylegan2, _masks(models), region or [])
        if strip is not None:
            write(_strip(latent, models, plan, strip, drawing, strength), out_path)
        else:
            latent = edited(latent, models.generator, plan)
            drawn = _draw(latent, models, drawing, strength)
            write(paste_all([face], [drawn], picture, region="face") if keep_background else drawn, out_path)
    if save_latent is not None:
        latent.to("cpu").save(save_latent)
    if as_json:
        emit({"written": str(out_path), "amounts": {direction.name: amount for direction, amount in plan}})
    else:
        say(f"{out_path}: " + (", ".join(f"{direction.name} {amount:+g}" for direction, amount in plan) or "parts exchanged"))


def _expect_something(
    amounts: dict[str, float], channel: list[str] | None, region: list[str] | None, donor: Path | None, strip: float | None
) -> None:
    if not amounts and not channel and donor is None:
        raise typer.BadParameter("nothing to change: give --NAME AMOUNT, such as --smile 1.5, or --channel, or --from")
    if donor is not None and not region:
        raise typer.BadParameter("--from takes the parts that --region names: give --region too")
    if strip is not None and not amounts and not channel:
        raise typer.BadParameter("--strip draws the range of directions: name at least one, such as --smile 0")


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


def _plan(
    models: Models,
    directions: Path | None,
    amounts: dict[str, float],
    channel: list[str],
    rows: str | None,
    region: list[str],
) -> list[tuple[Direction, float]]:
    """Directions with their amounts, kept to the chosen rows and regions."""
    plan = []
    if amounts:
        known = _read_directions(directions, models)
        plan = [(known[name], amount) for name, amount in amounts.items()]
    if rows is not None:
        chosen = parse_rows(rows)
        plan = [(direction.on_rows(chosen), amount) for direction, amount in plan]
    for text in channel:
        name, _, amount = text.partition("=")
        try:
            value = float(amount)
        except ValueError:
            raise typer.BadParameter(f"--channel {text}: give a channel and an amount, such as 6:21=2") from None
        plan += [(one, value) for one in channels(models.stylegan2, [name]).values()]
    if region and plan:
        masks = _masks(models)
        plan = [(in_region(direction, models.stylegan2, masks, region), amount) for direction, amount in plan]
    return plan


def _masks(models: Models) -> RegionMasks:
    return find_regions(models.stylegan2, require_parser())


@torch.no_grad()
def _draw(latent: Latent, models: Models, style: Style | None, strength: float) -> Tensor:
    images = models.generator(latent) if style is None else style(latent, strength=strength)
    return images.cpu().clamp(-1, 1)


def _strip(
    latent: Latent, models: Models, plan: list[tuple[Direction, float]], reach: float, style: Style | None, strength: float
) -> Tensor:
    """A row of pictures for each direction, the others at their amounts."""
    amounts = torch.linspace(-reach, reach, STEPS).tolist()
    cells: list[Tensor | None] = []
    for index, (direction, _) in enumerate(plan):
        others = [pair for place, pair in enumerate(plan) if place != index]
        moved = ladder(latent, models.generator, direction, amounts, others)
        cells += [_draw(moved[place], models, style, strength) for place in range(len(moved))]
    return sheet(
        cells,
        len(amounts),
        row_titles=[direction.name for direction, _ in plan],
        column_titles=[f"{amount:+.2g}" for amount in amounts],
    )
