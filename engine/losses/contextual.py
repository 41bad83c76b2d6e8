"""The contextual loss (Mechrez et al. 2018): what is drawn has the textures of a target, wherever they are in it."""

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["contextual_loss"]

EPS = 1e-5


def contextual_loss(drawn: Tensor, target: Tensor, bandwidth: float = 0.2) -> Tensor:
    """``mean over images of -log(CX)``, with cosine distances, as DualStyleGAN (Yang et al. 2022) takes it.

        d_ij = 1 - cos(x_i - m, y_j - m),  m the channel means of the target
        CX_ij = softmax over j of (1 - d_ij / (min_j d_ij + eps)) / bandwidth
        CX = mean over j of max over i of CX_ij

    Computed in float32, also under autocast. Memory and time grow with the product of the numbers of places, so reduce
    large maps first.

    Args:
        drawn: features x ``[N, C, H, W]`` of what is drawn, which the gradient is for.
        target: features y ``[N, C, h, w]`` of the target.
        bandwidth: how sharply a place of the target is told from the next one.
    """
    with torch.autocast(drawn.device.type, enabled=False):  # half precision has no room for EPS beside a distance
        drawn, target = drawn.float(), target.float()
        mean = target.mean(dim=(0, 2, 3), keepdim=True)
        x, y = (F.normalize((part - mean).flatten(2), dim=1) for part in (drawn, target))  # [N, C, places]
        distance = (1 - x.transpose(1, 2) @ y).clamp_min(0)  # [N, i, j]
        relative = distance / (distance.amin(dim=2, keepdim=True) + EPS)
        similarity = ((1 - relative) / bandwidth).softmax(dim=2)
        return -torch.log(similarity.amax(dim=1).mean(dim=1) + EPS).mean()
