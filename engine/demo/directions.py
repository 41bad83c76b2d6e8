"""Directions of the bundled generator: its z are the painter's coordinates, so the attributes of every z are known."""

import torch
from torch import Tensor

from ..classes import ATTRIBUTES, IDENTITY
from ..directions import Directions
from ..editing.learned import learn_directions
from ..editing.response import AttributeClassifier, calibrate
from ..errors import LatentError
from ..stylegan2 import Generator
from ..synthetic.attributes import scores
from ..synthetic.coordinates import COORDINATES
from ..synthetic.parameters import parameters
from .recipe import APPEARANCE_ROW

__all__ = ["demo_labels", "learn_demo_directions"]

SAMPLES = 16_000
YES_OR_NO = ("glasses", "beard")
HELD = ("masculine", "skin")  # held beside the other attributes


def learn_demo_directions(generator: Generator, classifier: AttributeClassifier | None, *, name: str = "demo") -> Directions:
    """Learn a direction for each of `classes.ATTRIBUTES` from the painter's labels of random z.

    Shape moves in the rows below `recipe.APPEARANCE_ROW`, light in the others: so the generator was taught. Age moves in all:
    hair turns grey.

    Args:
        classifier: to calibrate with; None to leave the directions as they were learned.

    Raises:
        LatentError: z are not the painter's coordinates.
    """
    if generator.config.z_dim != len(COORDINATES):
        raise LatentError(
            f"this generator has z of {generator.config.z_dim} dimensions, and the painter {len(COORDINATES)} coordinates: "
            "give the bundled generator that belongs to this version (pastiche train demo)"
        )
    z = generator.sample_z(SAMPLES, torch.Generator().manual_seed(0))
    split = min(APPEARANCE_ROW, generator.num_layers - 1)
    shape, every = range(split), range(generator.num_layers)
    own = {"light": every[split:], "age": every}
    found = learn_directions(
        generator,
        generator.mapping(z).detach(),
        demo_labels(z.cpu()),
        rows={attribute: own.get(attribute, shape) for attribute in ATTRIBUTES},
        name=name,
    )
    learned = Directions([found[attribute] for attribute in ATTRIBUTES], name)
    return learned if classifier is None else calibrate(learned, generator, classifier)


def demo_labels(z: Tensor) -> dict[str, Tensor]:
    """The painter's labels ``[N]`` of z ``[N, D]``, as the generator sees it: of length sqrt(D)."""
    on_sphere = z * (z.shape[1] / z.square().sum(dim=1, keepdim=True)).sqrt()
    values = dict(zip((*ATTRIBUTES, *IDENTITY), scores(parameters(on_sphere)).unbind(dim=1), strict=True))
    return {name: values[name] > 0.5 if name in YES_OR_NO else values[name] for name in (*ATTRIBUTES, *HELD)}
