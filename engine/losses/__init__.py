"""Training losses."""

from .adversarial import (
    discriminator_loss,
    generator_loss,
    hinge_discriminator_loss,
    hinge_generator_loss,
    path_length_penalty,
    path_lengths,
    r1_penalty,
)

__all__ = [
    "discriminator_loss",
    "generator_loss",
    "hinge_discriminator_loss",
    "hinge_generator_loss",
    "path_length_penalty",
    "path_lengths",
    "r1_penalty",
]
