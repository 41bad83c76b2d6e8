"""The node that learns a style by training: from many images (AgileGAN), or from one (BlendGAN)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from . import comfy
from .inputs import Table, integer, number, seed, socket, text
from .node import Node
from .paths import new_file
from .pictures import from_comfy, to_comfy
from .sockets import GENERATOR, STYLE, Networks, StyledNetworks, learning

if TYPE_CHECKING:
    from torch import Tensor

    from ..engine import Checkpoint, Style
    from ..engine.agilegan.training.config import AgileTransfer

__all__ = ["TrainStyle"]

MODELS = "pastiche"  # the folder that Load StyleGAN lists
THREE = 3  # discriminators of a BlendGAN, against AgileGAN's one for each attribute
STYLES, TRAININGS = "pastiche_styles", "trainings"  # trainings are kept beside the folder of styles, where nothing lists them


class TrainStyle(Node):
    """Train Style."""

    FAST = False  # the training chooses the precision of each of its steps

    CATEGORY = "Pastiche/styles"
    DESCRIPTION = (
        "Learns a style from about 100 aligned images (AgileGAN); on a BlendGAN, from one that is far from its styles. "
        "It takes hours without a GPU. The preview shows random people, plain and in the style; stops shows the same people at "
        "every 50 iterations."
    )
    RETURN_TYPES = (STYLE, GENERATOR, "IMAGE")
    RETURN_NAMES = ("style", "tuned", "stops")
    OUTPUT_TOOLTIPS = (
        "The style, for Stylize. AgileGAN's has the path of the first attribute, BlendGAN's the indicator 6.",
        "The trained generator: Attribute Style chooses another path of it, Blend Style another indicator.",
        "The same people at every 50 iterations. Set iterations to the best one; it is not trained again.",
    )

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """The inputs, in ComfyUI's format."""
        return {
            "required": {
                "generator": socket(
                    GENERATOR,
                    "A StyleGAN2 whose file also holds the discriminator that it was trained with. Or a BlendGAN: then one "
                    "image is enough.",
                ),
                "images": socket(
                    "IMAGE", "Aligned images of one style, as a batch: about 100; at least 4. For a BlendGAN exactly one."
                ),
                "iterations": integer(
                    400,
                    50,
                    5000,
                    "50 to 5000. Where training stops: more follows the images, less keeps the face. More iterations continue "
                    "a training, and fewer need none. BlendGAN's paper takes 1000, of one image each.",
                    step=50,
                ),
                "seed": seed("0 to 9223372036854775807. Seed of the training: the same seed gives the same style."),
            },
            "optional": {
                "more_images": socket("IMAGE", "AgileGAN: images of a second attribute, which then gets a path of its own."),
                "attributes": text("female, male", "AgileGAN: names of the attributes of images and more_images."),
                "structure": number(
                    0.5,
                    0.0,
                    5.0,
                    "0 to 5. AgileGAN: how strongly the structure of the face is kept. Higher: less of the style's shapes.",
                ),
                "batch": integer(
                    4,
                    4,
                    32,
                    "4 to 32. AgileGAN: images of each attribute in an iteration. More learn more evenly and need more memory.",
                    step=4,
                ),
                "save_as": text("", "Name of a file for Load StyleGAN, in models/pastiche. Empty: nothing is saved."),
            },
        }

    def run(
        self,
        generator: Networks,
        images: Tensor,
        iterations: int,
        seed: int,
        more_images: Tensor | None = None,
        attributes: str = "female, male",
        structure: float = 0.5,
        batch: int = 4,
        save_as: str = "",
    ) -> tuple[StyledNetworks, Networks, Tensor]:
        """Learn the style. ComfyUI caches the result until an input changes."""
        from ..engine.agilegan.training.config import AgileTransfer

        if generator.checkpoint.architecture == "blendgan":
            style, tuned, stops = from_one(generator, images, more_images, iterations, seed)
        else:
            settings = replace(AgileTransfer.FAST, iterations=iterations, batch=batch, weight_structure=structure)
            style, tuned, stops = from_many(generator, by_attribute(images, more_images, attributes), settings, seed)
        if save_as.strip():
            store(tuned, generator, save_as)
        networks = Networks.of(tuned)
        return StyledNetworks.of(style, generator, networks), networks, to_comfy(stops)


def from_many(
    generator: Networks, pictures: Mapping[str, Tensor], settings: AgileTransfer, seed: int
) -> tuple[Style, Checkpoint, Tensor]:
    """AgileGAN's transfer to the images of each attribute: the style, the checkpoint, and the sheet of stops."""
    from .. import engine as pastiche
    from ..engine.agilegan.training.at_hand import transfer_to
    from ..engine.agilegan.training.transfer import chosen_structure

    base = generator.checkpoint
    discriminator = base.discriminator
    memory = learning(base.stylegan2.resolution, settings.batch * len(pictures))
    device = generator.ready("generator", "discriminator", memory=memory)
    try:
        tuned, stops = transfer_to(
            base,
            {name: from_comfy(found) for name, found in pictures.items()},
            settings,
            folder=trainings(),
            structure=None if discriminator is None else chosen_structure(discriminator, comfy.folders_of(MODELS)),
            seed=seed,
            device=device,
            progress=comfy.ProgressReporter(),
        )
    finally:  # also when the user cancels
        comfy.release()
    return pastiche.attribute_style(tuned, source=base.stylegan2), tuned, stops


def from_one(
    generator: Networks, images: Tensor, more_images: Tensor | None, iterations: int, seed: int
) -> tuple[Style, Checkpoint, Tensor]:
    """BlendGAN's fine-tuning to one image: the style, the checkpoint, and the sheet of stops.

    Raises:
        PasticheError: images of a second attribute are connected, which a BlendGAN has no paths for.
    """
    from ..engine import PasticheError
    from ..engine.blendgan.training.at_hand import learn_style

    if more_images is not None:
        raise PasticheError(
            "more_images is connected, and a BlendGAN learns a style from one image: disconnect it, or choose a StyleGAN2 in "
            "Load StyleGAN for AgileGAN's training"
        )
    memory = THREE * learning(generator.generator.resolution)
    device = generator.ready("generator", "discriminator", "style_encoder", memory=memory)
    try:
        tuned, style, stops = learn_style(
            generator.checkpoint,
            from_comfy(images),
            iterations,
            folder=trainings(),
            seed=seed,
            device=device,
            progress=comfy.ProgressReporter(),
        )
    finally:  # also when the user cancels
        comfy.release()
    return style, tuned, stops


def trainings() -> Path:
    """The folder of all trainings."""
    return comfy.folders_of(STYLES)[0].parent / TRAININGS


def by_attribute(images: Tensor, more_images: Tensor | None, attributes: str) -> dict[str, Tensor]:
    """The images by the names of their attributes.

    Raises:
        PasticheError: there are more attributes than names.
    """
    from ..engine import PasticheError

    batches = [images] if more_images is None else [images, more_images]
    names = [name.strip() for name in attributes.split(",") if name.strip()] or ["all"]
    if len(batches) == 1:
        return {names[0] if len(names) == 1 else "all": images}
    if not len(names) == len(set(names)) == len(batches):
        raise PasticheError(f"attributes is {attributes!r}, and two different names are needed: set it to female, male")
    return dict(zip(names, batches, strict=True))


def store(tuned: Checkpoint, generator: Networks, title: str) -> None:
    """Save the stylized generator, as its difference where the plain one can be found again."""
    import torch

    from .. import engine as pastiche

    path = new_file(MODELS, title)
    name = base_name(generator, path.parent)
    if name is None:
        pastiche.save(tuned, path)
    else:
        pastiche.save(tuned, path, dtype=torch.float16, base=generator.checkpoint, base_name=name)


def base_name(generator: Networks, folder: Path) -> str | None:
    """The name under which a file in `folder` finds the generator again; None if it would not."""
    from ..engine.bundle import DEMO, DEMO_MODEL
    from ..engine.checkpoints.checkpoint import DEMO_SOURCE
    from ..engine.resources import demo_models

    if generator.checkpoint.source == DEMO_SOURCE:
        return DEMO
    if generator.path is None:
        return None
    bundled = [name for name, path in demo_models().items() if path.resolve() == generator.path.resolve()]
    if bundled:
        return DEMO_MODEL + bundled[0]
    return generator.path.name if generator.path.parent.resolve() == folder.resolve() else None
