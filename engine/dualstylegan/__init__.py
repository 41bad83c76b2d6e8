"""DualStyleGAN (Yang et al. 2022): an intrinsic path for the face, an extrinsic path for the style of an exemplar."""

from .config import DualStyleConfig, SamplerConfig
from .exemplars import Exemplars
from .extrinsic import BoundStyle
from .generator import DualStyleGenerator
from .sampler import CodeSampler
from .style import DualSettings, DualStyle

__all__ = [
    "BoundStyle",
    "CodeSampler",
    "DualSettings",
    "DualStyle",
    "DualStyleConfig",
    "DualStyleGenerator",
    "Exemplars",
    "SamplerConfig",
]
