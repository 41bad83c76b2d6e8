"""MoCo v2 (Chen et al. 2020) on ResNet-50: a picture of anything to a unit embedding.

It takes ArcFace's place where there are no faces (Tov et al. 2021, section 5.3). Must match ``criteria/moco_loss.py`` of
omertov/encoder4editing and torchvision's ResNet-50, whose parameter names it has.
"""

import itertools
import pickle
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...errors import CheckpointError

__all__ = ["MoCo"]

SIDE = 224
PREFIX = "module.encoder_q."  # of the encoder that is kept, in the published file
EXPANSION = 4  # of a block's channels, in its last convolution
BLOCKS = (3, 4, 6, 3)


class Bottleneck(nn.Module):
    """``[N, I, H, W] -> [N, 4 * width, H / stride, W / stride]``."""

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        wide = EXPANSION * width
        self.conv1, self.bn1 = nn.Conv2d(channels, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, wide, 1, bias=False), nn.BatchNorm2d(wide)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or channels != wide:
            self.downsample = nn.Sequential(nn.Conv2d(channels, wide, 1, stride, bias=False), nn.BatchNorm2d(wide))

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        return F.relu(self.bn3(self.conv3(y)) + self.downsample(x))


class MoCo(nn.Module):
    """Images ``[N, 3, S, S]`` in [-1, 1], of any size, to unit embeddings ``[N, 32 * width]``.

    Args:
        width: channels of the first stage; 64 in the published file.
    """

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width)
        channels = [width, *(EXPANSION * width * 2**stage for stage in range(len(BLOCKS)))]
        stages = enumerate(zip(itertools.pairwise(channels), BLOCKS, strict=True), start=1)
        for number, ((before, after), count) in stages:
            first = Bottleneck(before, after // EXPANSION, 1 if number == 1 else 2)
            others = [Bottleneck(after, after // EXPANSION, 1) for _ in range(count - 1)]
            self.add_module(f"layer{number}", nn.Sequential(first, *others))

    @classmethod
    def load(cls, path: Path) -> "MoCo":
        """Read ``moco_v2_800ep_pretrain.pth.tar``; its last layer is left out.

        Raises:
            CheckpointError: the file is missing or is another one.
        """
        try:
            content = torch.load(path, map_location="cpu", weights_only=True)
            found = {key[len(PREFIX) :]: value for key, value in content["state_dict"].items() if key.startswith(PREFIX)}
            model = cls(found["conv1.weight"].shape[0])
            model.load_state_dict({key: value for key, value in found.items() if not key.startswith("fc.")})
        except (OSError, pickle.UnpicklingError, AttributeError, LookupError, TypeError, RuntimeError) as error:
            raise CheckpointError(f"{path} is not MoCo v2 (moco_v2_800ep_pretrain.pth.tar): {error}") from error
        return model.requires_grad_(False).eval()

    def forward(self, images: Tensor) -> Tensor:
        x = F.interpolate(images, size=SIDE)  # to the nearest pixel, as published
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        for number in range(1, len(BLOCKS) + 1):
            x = self.get_submodule(f"layer{number}")(x)
        return F.normalize(x.mean(dim=(2, 3)).float(), dim=1)
