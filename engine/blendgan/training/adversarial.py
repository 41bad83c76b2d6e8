"""The losses of BlendGAN's generator and of its three discriminators (Liu et al. 2021, equations 6 to 10).

All in the non-saturating logistic form. The paper adds the three with equal weights.

    face          real faces              against  natural faces G(z_f)
    style         pictures in a style y   against  stylized faces G(z_f, z+, i)
    style latent  (y, z+)                 against  (G(z_f, z+, i), z+) and (y, z-)

z+ is the style code of y, and z- that of another picture. The paper's text on the third leaves open which picture is
shown with z+ as right: here it is the real one, as in conditional GANs with mismatched pairs (Reed et al. 2016).
"""

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

from ...losses import discriminator_loss, generator_loss, r1_penalty
from ..discriminator import BlendDiscriminator

__all__ = ["Shown", "discriminator_losses", "generator_losses", "r1_penalties"]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What the discriminators see of real pictures.

    Attributes:
        faces: natural faces ``[N, 3, H, W]``, RGB in [-1, 1].
        pictures: in their styles, of the same shape.
        codes: the style codes z+ of `pictures`, ``[N, D]``.
        others: style codes z- of other pictures, ``[N, D]``; None where there are none.
    """

    faces: Tensor
    pictures: Tensor
    codes: Tensor
    others: Tensor | None


def discriminator_losses(critics: BlendDiscriminator, shown: Shown, natural: Tensor, styled: Tensor) -> dict[str, Tensor]:
    """The losses of the three discriminators, and to log the mean signs of what two of them say of real pictures.

    Args:
        natural, styled: generated pictures ``[N, 3, H, W]``, the latter in the styles of ``shown.codes``.
    """
    face, style = critics(shown.faces), critics.style(shown.pictures)
    return {
        "face": discriminator_loss(face, critics(natural)),
        "style": discriminator_loss(style, critics.style(styled)),
        "latent": _latent_loss(critics, shown, styled),
        "_face_sign": face.detach().sign().mean(),
        "_style_sign": style.detach().sign().mean(),
    }


def _latent_loss(critics: BlendDiscriminator, shown: Shown, styled: Tensor) -> Tensor:
    real = critics.latent.read(shown.pictures)
    loss = discriminator_loss(critics.latent.conditional_score(real, shown.codes), critics.latent(styled, shown.codes))
    if shown.others is None:
        return loss
    return loss + F.softplus(critics.latent.conditional_score(real, shown.others)).mean()


def generator_losses(critics: BlendDiscriminator, natural: Tensor, styled: Tensor, codes: Tensor) -> dict[str, Tensor]:
    """What the generator lowers: natural faces are to look real, stylized ones to have a style, and the right one."""
    return {
        "face": generator_loss(critics(natural)),
        "style": generator_loss(critics.style(styled)),
        "latent": generator_loss(critics.latent(styled, codes)),
    }


def r1_penalties(critics: BlendDiscriminator, shown: Shown) -> dict[str, Tensor]:
    """R1 of each discriminator on the real pictures that it sees; of the latent one with their own codes."""
    faces, pictures, again = (
        images.detach().clone().requires_grad_() for images in (shown.faces, shown.pictures, shown.pictures)
    )
    return {
        "face": r1_penalty(critics(faces), faces),
        "style": r1_penalty(critics.style(pictures), pictures),
        "latent": r1_penalty(critics.latent(again, shown.codes), again),
    }
