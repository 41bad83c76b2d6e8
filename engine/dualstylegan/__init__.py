"""DualStyleGAN (Yang et al. 2022): an intrinsic path for the face, an extrinsic path for the style of an exemplar."""

from .config import DualStyleConfig, ExemplarsConfig, SamplerConfig
from .exemplars import Exemplars, ExemplarTable
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
    "ExemplarTable",
    "Exemplars",
    "ExemplarsConfig",
    "SamplerConfig",
]
