"""The nodes that change faces along directions, and that find directions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from . import comfy
from .inputs import Inputs, Table, choice, integer, number, socket, text
from .invert import draw_plain
from .node import Node
from .paths import NOTHING, find_file, found_file, listed, missing, state
from .pictures import to_comfy
from .sockets import DIRECTIONS, GENERATOR, LATENT, PERSON, Networks, PersonNetworks, drawing

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ..engine import Directions, Latent
    from ..engine.editing import RegionMasks
    from ..engine.stylegan2 import LatentGenerator

__all__ = ["EditDirection", "EditFace", "FindDirections", "TransferRegion"]

REACH = 5  # largest amount of a slider
STEPS = 7  # pictures of a strip
EVERYWHERE = "everywhere"
REGIONS = ("eyes", "mouth", "face", "hair", "background", "clothes")
METHODS = ("bundled", "sefa", "channels", "file")
FOLDER = "pastiche_directions"
MASKS: WeakKeyDictionary[nn.Module, RegionMasks] = WeakKeyDictionary()  # those of `masks_of`, which draws faces to find them

GENERATOR_IN = socket(
    GENERATOR,
    "The generator that the faces were inverted with. The directions belong to it, or to what it was fine-tuned from.",
)
LATENT_IN = socket(LATENT, "Faces, from Invert Face or Generate Faces.")
PERSON_IN: dict[str, Inputs] = {
    "person": socket(
        PERSON, "Optional, from Tune to Face: the tuned generator draws the pictures, so that they look like the person."
    ),
    "likeness": number(0.6, 0, 1, "0 to 1: how much of the person's likeness the pictures have. Needs person to be connected."),
}
DIRECTIONS_IN = socket(DIRECTIONS, "From Find Directions. If not connected, the directions of the bundled models are used.")


def slider(what: str) -> Inputs:
    """A slider around 0."""
    return number(0.0, -REACH, REACH, f"-{REACH} to {REACH}: {what} 0 changes nothing.", step=0.1)


class EditFace(Node):
    """Edit Face."""

    CATEGORY = "Pastiche/latents"
    DESCRIPTION = (
        "Changes faces: smile, age, glasses, pose and more. An amount of 1 is one standard deviation of random faces. Edit "
        "before a style is drawn: Invert Face, Edit Face, Stylize."
    )
    RETURN_TYPES = (LATENT, "IMAGE")
    RETURN_NAMES = ("latent", "images")
    OUTPUT_TOOLTIPS = ("The edited faces, for Stylize.", "The edited faces without a style.")

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """The inputs, in ComfyUI's format."""
        return {
            "required": {
                "generator": GENERATOR_IN,
                "latent": LATENT_IN,
                "smile": slider("sad to happy."),
                "age": slider("younger to older."),
                "glasses": slider("without glasses to with glasses."),
                "beard": slider("without a beard to with a beard."),
                "yaw": slider("turns the head to one side or the other."),
                "pitch": slider("lowers or raises the head."),
                "hair_length": slider("shorter to longer hair."),
                "light": slider("light from one side or the other."),
            },
            "optional": {"directions": DIRECTIONS_IN, **PERSON_IN},
        }

    def run(
        self,
        generator: Networks,
        latent: Latent,
        directions: Directions | None = None,
        person: PersonNetworks | None = None,
        likeness: float = 0.6,
        **amounts: float,
    ) -> tuple[Latent, Tensor]:
        """Move along every direction whose slider is not at 0."""
        from ..engine import edit

        known = directions or bundled()
        own = owner_of(known, generator)
        device = ready(own, person)
        edits = [(known[name], amount) for name, amount in amounts.items() if amount]
        edited = edit(latent.to(device), own.generator, edits)
        return edited.to("cpu"), to_comfy(draw_plain(drawn_by(generator, own, person, likeness), edited, device))


class EditDirection(Node):
    """Edit Direction."""

    CATEGORY = "Pastiche/latents"
    DESCRIPTION = (
        "Changes faces along one direction by its name, in some rows or one region only, and draws a strip that shows its "
        "whole range."
    )
    RETURN_TYPES = (LATENT, "IMAGE")
    RETURN_NAMES = ("latent", "strip")
    OUTPUT_TOOLTIPS = ("The edited faces, for Stylize.", "Seven pictures of each face, from minus to plus the amount.")

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """The inputs, in ComfyUI's format."""
        return {
            "required": {
                "generator": GENERATOR_IN,
                "latent": LATENT_IN,
                "name": text("smile", "Name of the direction; Find Directions lists the names."),
                "amount": slider("how far to move."),
            },
            "optional": {
                "directions": DIRECTIONS_IN,
                "rows": text(
                    "", "Rows of w+ to move, such as 0-6 or 0, 1, 5; row 0 is the coarsest. Empty: as the direction says."
                ),
                "region": choice(
                    (EVERYWHERE, *REGIONS),
                    "The part of the face to change. Everywhere, or one region through masks in style space.",
                ),
                **PERSON_IN,
            },
        }

    def run(
        self,
        generator: Networks,
        latent: Latent,
        name: str,
        amount: float,
        directions: Directions | None = None,
        rows: str = "",
        region: str = EVERYWHERE,
        person: PersonNetworks | None = None,
        likeness: float = 0.6,
    ) -> tuple[Latent, Tensor]:
        """Edit, and draw the range."""
        from ..engine.editing import edit, in_region, ladder, parse_rows

        known = directions or bundled()
        direction, own = known[name], owner_of(known, generator)
        device = ready(own, person)
        if rows.strip():
            direction = direction.on_rows(parse_rows(rows))
        if region != EVERYWHERE:
            direction = in_region(direction, own.checkpoint.stylegan2, masks_of(own), [region])
        amounts = [amount * (2 * step / (STEPS - 1) - 1) for step in range(STEPS)]
        placed = latent.to(device)
        steps = ladder(placed, own.generator, direction, amounts)
        edited = edit(placed, own.generator, [(direction, amount)])
        return edited.to("cpu"), to_comfy(draw_plain(drawn_by(generator, own, person, likeness), steps, device))


class TransferRegion(Node):
    """Transfer Region."""

    CATEGORY = "Pastiche/latents"
    DESCRIPTION = (
        "Takes one region from another face: eyes from here, mouth from there. Put several of these nodes one after another "
        "for several regions and donors."
    )
    RETURN_TYPES = (LATENT, "IMAGE")
    RETURN_NAMES = ("latent", "images")
    OUTPUT_TOOLTIPS = ("The changed faces, for Stylize.", "The changed faces without a style.")

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """The inputs, in ComfyUI's format."""
        return {
            "required": {
                "generator": socket(GENERATOR, "The generator that all of the faces were inverted with."),
                "latent": LATENT_IN,
                "donor": socket(LATENT, "The face that gives the region: one for all faces, or one for each."),
                "region": choice(REGIONS, "The part of the face to take, through masks in style space."),
                "amount": number(1.0, 0, 1, "0 to 1: how much of the donor's region to take. 0 changes nothing."),
            },
            "optional": PERSON_IN,
        }

    def run(
        self,
        generator: Networks,
        latent: Latent,
        donor: Latent,
        region: str,
        amount: float,
        person: PersonNetworks | None = None,
        likeness: float = 0.6,
    ) -> tuple[Latent, Tensor]:
        """Take the region."""
        from ..engine.editing import transfer_region

        device = ready(generator, person)
        faces = latent.to(device), donor.to(device)
        changed = transfer_region(*faces, generator.checkpoint.stylegan2, masks_of(generator), [region], amount=amount)
        return changed.to("cpu"), to_comfy(draw_plain(drawn_by(generator, generator, person, likeness), changed, device))


class FindDirections(Node):
    """Find Directions."""

    CATEGORY = "Pastiche/latents"
    DESCRIPTION = (
        "Directions to edit faces along. bundled: the named ones of the models that ship. sefa: found in the generator's "
        "weights, without names. channels: single style channels. file: published or saved ones."
    )
    RETURN_TYPES = (DIRECTIONS, "STRING")
    RETURN_NAMES = ("directions", "names")
    OUTPUT_TOOLTIPS = ("For Edit Face and Edit Direction.", "The names, one per line.")

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """The inputs, in ComfyUI's format."""
        return {
            "required": {
                "generator": socket(GENERATOR, "The generator to find directions for."),
                "method": choice(METHODS, "Where the directions come from: bundled, sefa, channels or file."),
                "count": integer(8, 1, 64, "1 to 64: how many directions sefa gives, strongest first."),
            },
            "optional": {
                "rows": text(
                    "", "For sefa: rows of w+ such as 0-3. The first rows change shape, the last ones colour. Empty: all."
                ),
                "channels": text("", "For channels: layer and channel, such as 6:21, 4:100."),
                "file": choice(
                    listed(FOLDER, comfy.MODELS) or [NOTHING],
                    "For file: a .pt, .npy or .safetensors in models/pastiche/directions. No code in it is ever run.",
                ),
            },
            "hidden": {"node": "UNIQUE_ID"},
        }

    @classmethod
    def IS_CHANGED(cls, file: str | None = None, **_others: Any) -> str:  # noqa: N802
        """Changes when the file changes."""
        return state(found_file(FOLDER, file))

    @classmethod
    def VALIDATE_INPUTS(cls, method: str | None = None, file: str | None = None) -> bool | str:  # noqa: N802
        """Check that the file exists, where it is used. Values of connected inputs are not known yet."""
        if method is not None and method not in METHODS:
            return f"there is no method {method!r}: choose one of {', '.join(METHODS)}"
        if method != "file" or file is None or find_file(FOLDER, file) is not None:
            return True
        return no_directions(file)

    def run(
        self,
        generator: Networks,
        method: Any,
        count: int,
        rows: str = "",
        channels: str = "",
        file: str = NOTHING,
        node: str | None = None,
    ) -> tuple[Directions, str]:
        """Find, or read."""
        from .. import engine as pastiche
        from ..engine.editing import channels as single
        from ..engine.editing import parse_rows

        ready(generator)
        source = generator.checkpoint.source
        if method == "bundled":
            found = bundled()
            found.expect(generator.generator)
        elif method == "sefa":
            kept = parse_rows(rows) if rows.strip() else None
            found = pastiche.find_sefa(generator.checkpoint.stylegan2, count, rows=kept, name=source)
        elif method == "channels":
            chosen = [name.strip() for name in channels.split(",") if name.strip()]
            found = single(generator.checkpoint.stylegan2, chosen, name=source)
        else:
            path = find_file(FOLDER, file)
            if path is None:
                raise pastiche.PasticheError(no_directions(file))
            found = pastiche.import_directions(path, generator.generator, name=source)
        names = "\n".join(found)
        comfy.show_text(names, node)
        return found, names


def owner_of(directions: Directions, generator: Networks) -> Networks:
    """The networks that directions belong to: these, or those that the generator was fine-tuned from.

    A fine-tuned generator draws codes of what it was fine-tuned from, so faces are edited there, before any style.
    """
    from ..engine.stylegan2.fingerprint import fingerprint

    base = generator.checkpoint.base
    if base is None or fingerprint(base) != directions.generator:
        return generator
    return generator.with_generator(base, "its source")


def no_directions(file: str) -> str:
    """The message for a file of directions that does not exist."""
    folders = comfy.folders_of(FOLDER)
    if file != NOTHING:
        return missing(file, folders)
    where = " or ".join(str(folder) for folder in folders)
    return f"there are no files in {where}: put directions there and refresh the page (R), or choose another method"


def ready(generator: Networks, person: PersonNetworks | None = None) -> Any:
    """Move the generator, and that of a person, to the device. Returns the device."""
    return generator.ready("generator", beside=(person,), memory=drawing(generator.generator.resolution, STEPS))


def drawn_by(generator: Networks, own: Networks, person: PersonNetworks | None, likeness: float) -> LatentGenerator:
    """The generator that draws the pictures: the person's, if there is one.

    Args:
        generator: of the node.
        own: where the faces are edited; see `owner_of`.

    Raises:
        StyleError: the person was tuned on another generator.
        CheckpointError: an AgileGAN whose source, which people are tuned on, is not in the checkpoint.
    """
    from ..engine.people import expect_person
    from ..engine.stylegan2.fingerprint import fingerprint

    if person is None:
        return own.generator
    tuned = person.tuned
    drawing = own if fingerprint(tuned.base) == fingerprint(own.tunable.generator) else generator
    expect_person(tuned, drawing.tunable.generator, likeness)
    return drawing.generator.on(tuned, likeness)


def masks_of(generator: Networks) -> RegionMasks:
    """Which style channels of a generator draw which region.

    Raises:
        CheckpointError: it is not a StyleGAN2.
        PasticheError: the weights of the face parser are missing.
    """
    from ..engine.editing import find_regions
    from ..engine.faces.parsing import require_parser

    network = generator.checkpoint.stylegan2
    if network not in MASKS:
        MASKS[network] = find_regions(network, require_parser(), progress=comfy.ProgressReporter())
    return MASKS[network]


def bundled() -> Directions:
    """The directions of the models that ship."""
    from .. import engine as pastiche

    return pastiche.load_directions("demo")
