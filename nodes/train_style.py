"""The node that learns a style from many images (AgileGAN)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from . import comfy
from .inputs import Table, integer, number, seed, socket, text
from .node import Node
from .paths import new_file
from .pictures import from_comfy, to_comfy
from .sockets import GENERATOR, STYLE, Networks, StyledNetworks, learning

if TYPE_CHECKING:
    from torch import Tensor

    from ..engine import Checkpoint

__all__ = ["TrainStyle"]

MODELS = "pastiche"  # the folder that Load StyleGAN lists
STYLES, TRAININGS = "pastiche_styles", "trainings"  # trainings are kept beside the folder of styles, where nothing lists them


class TrainStyle(Node):
    """Train Style."""

    FAST = False  # the training chooses the precision of each of its steps

    CATEGORY = "Pastiche/styles"
    DESCRIPTION = (
        "Learns a style from about 100 aligned images (AgileGAN). It takes hours without a GPU. The preview shows random "
        "people, plain and in the style; stops shows the same people at every 50 iterations."
    )
    RETURN_TYPES = (STYLE, GENERATOR, "IMAGE")
    RETURN_NAMES = ("style", "tuned", "stops")
    OUTPUT_TOOLTIPS = (
        "The style, for Stylize, with the path of the first attribute.",
        "The stylized generator: Attribute Style chooses another path of it.",
        "The same people at every 50 iterations. Set iterations to the best one; it is not trained again.",
    )

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """The inputs, in ComfyUI's format."""
        return {
            "required": {
                "generator": socket(GENERATOR, "A StyleGAN2 whose file also holds the discriminator that it was trained with."),
                "images": socket("IMAGE", "Aligned images of one style, as a batch: about 100; at least 4."),
                "iterations": integer(
                    400,
                    50,
                    5000,
                    "50 to 5000. Where training stops: more follows the images, less keeps the face. More iterations continue "
                    "a training, and fewer need none.",
                    step=50,
                ),
                "seed": seed("0 to 9223372036854775807. Seed of the training: the same seed gives the same style."),
            },
            "optional": {
                "more_images": socket("IMAGE", "Images of a second attribute, which then gets a path of its own."),
                "attributes": text("female, male", "Names of the attributes of images and more_images."),
                "structure": number(
                    0.5, 0.0, 5.0, "0 to 5. How strongly the structure of the face is kept. Higher: less of the style's shapes."
                ),
                "batch": integer(
                    4,
                    4,
                    32,
                    "4 to 32. Images of each attribute in one iteration. More learn more evenly and need more memory.",
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
        from .. import engine as pastiche
        from ..engine.agilegan.training.at_hand import transfer_to
        from ..engine.agilegan.training.config import AgileTransfer
        from ..engine.agilegan.training.transfer import chosen_structure

        pictures = by_attribute(images, more_images, attributes)
        settings = replace(AgileTransfer.FAST, iterations=iterations, batch=batch, weight_structure=structure)
        base = generator.checkpoint
        memory = learning(base.stylegan2.resolution, batch * len(pictures))
        device = generator.ready("generator", "discriminator", memory=memory)
        trainings = comfy.folders_of(STYLES)[0].parent / TRAININGS
        try:
            tuned, stops = transfer_to(
                base,
                {name: from_comfy(found) for name, found in pictures.items()},
                settings,
                folder=trainings,
                structure=None
                if base.discriminator is None
                else chosen_structure(base.discriminator, comfy.folders_of(MODELS)),
                seed=seed,
                device=device,
                progress=comfy.ProgressReporter(),
            )
        finally:  # also when the user cancels
            comfy.release()
        if save_as.strip():
            store(tuned, generator, save_as)
        networks = Networks.of(tuned)
        style = pastiche.attribute_style(tuned, source=base.stylegan2)
        return StyledNetworks.of(style, generator, networks), networks, to_comfy(stops)


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
    if len(set(names)) != len(batches):
        raise PasticheError(f"attributes is {attributes!r}, and two different names are needed: set it to female, male")
    return dict(zip(names, batches, strict=True))


def store(tuned: Checkpoint, generator: Networks, title: str) -> None:
    """Save the stylized generator, as its difference where the plain one can be found again."""
    import torch

    from .. import engine as pastiche
    from ..engine.checkpoints.checkpoint import DEMO_SOURCE

    path, base = new_file(MODELS, title), generator.checkpoint
    beside = generator.path is not None and generator.path.parent.resolve() == path.parent.resolve()
    if base.source != DEMO_SOURCE and not beside:
        pastiche.save(tuned, path)
        return
    name = "demo" if base.source == DEMO_SOURCE or generator.path is None else generator.path.name
    pastiche.save(tuned, path, dtype=torch.float16, base=base, base_name=name)
