"""VGG-19's early features, which AgileGAN and DualStyleGAN compare content and texture by (Simonyan and Zisserman 2015)."""

import pickle
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from ..errors import CheckpointError
from .vgg import VGG, VGG19

__all__ = ["VGG19Features", "find_vgg19"]

FILE = "vgg19-dcbb9e9d.pth"
MEAN = (0.485, 0.456, 0.406)  # of ImageNet, for images in [0, 1]
DEVIATION = (0.229, 0.224, 0.225)


class VGG19Features(nn.Module):
    """Images to what the first ReLU of each block gives: conv1_1, conv2_1, conv3_1, ...

    Args:
        depths: convolutions of each block.
    """

    def __init__(self, depths: Sequence[int] = VGG19) -> None:
        super().__init__()
        self.features = VGG(depths)

    @classmethod
    def load(cls, path: Path) -> "VGG19Features":
        """Read torchvision's VGG-19; frozen.

        Raises:
            CheckpointError: the file is missing or is another one.
        """
        model = cls()
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
            own = {key.removeprefix("features."): value for key, value in state.items() if key.startswith("features.")}
            model.features.load_state_dict(own)
        except (OSError, pickle.UnpicklingError, AttributeError, RuntimeError) as error:
            raise CheckpointError(f"{path} is not torchvision's VGG-19: {error}") from error
        return model.requires_grad_(False).eval()

    @staticmethod
    def normalize(images: Tensor) -> Tensor:
        """Images in [-1, 1] as the network takes them."""
        shift, scale = (torch.tensor(values, device=images.device).view(1, 3, 1, 1) for values in (MEAN, DEVIATION))
        return (images - (2 * shift - 1)) / (2 * scale)

    def forward(self, images: Tensor, blocks: int = 5) -> list[Tensor]:
        """Images ``[N, 3, H, W]``, RGB in [-1, 1], to features ``[N, C_i, H / 2^i, W / 2^i]`` of the first `blocks` blocks."""
        return self.features.first(self.normalize(images), blocks)


def find_vgg19(folders: Sequence[Path]) -> VGG19Features | None:
    """VGG-19, if its file is in one of `folders` or in torch's own cache."""
    searched = [*folders, Path(torch.hub.get_dir()) / "checkpoints"]
    path = next((folder / FILE for folder in searched if (folder / FILE).is_file()), None)
    return None if path is None else VGG19Features.load(path)
