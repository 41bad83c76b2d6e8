"""FreezeD: a transfer that keeps the first layers of the discriminator (Mo et al. 2020)."""

from torch import nn

from ...errors import TrainingError
from ..discriminator import Discriminator

__all__ = ["discriminator_layers", "learning_parameters"]


def discriminator_layers(discriminator: Discriminator) -> list[nn.Module]:
    """The convolutions and linear layers with their biases, from the image on, counted as StyleGAN2-ADA counts them."""
    first, *blocks = discriminator.convs
    inner = [layer for block in blocks for layer in (block.conv1, block.conv2, block.skip)]
    return [first, *inner, discriminator.final_conv, *discriminator.final_linear]


def learning_parameters(discriminator: Discriminator, frozen: int) -> list[nn.Parameter]:
    """The parameters of all layers but the first `frozen`.

    Raises:
        TrainingError: nothing would be left to learn.
    """
    layers = discriminator_layers(discriminator)
    if frozen >= len(layers):
        raise TrainingError(f"freeze_d is {frozen}, and the discriminator has {len(layers)} layers: freeze fewer")
    kept = {id(parameter) for layer in layers[:frozen] for parameter in layer.parameters()}
    return [parameter for parameter in discriminator.parameters() if id(parameter) not in kept]
