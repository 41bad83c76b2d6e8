"""DualStyleGAN's training (Yang et al. 2022): from pictures of a style to a generator that knows each of them."""

from .config import FEW, PRESETS, STYLES, DualRecipe
from .paired import Paintings
from .start import Start
from .train import DualTraining

__all__ = ["FEW", "PRESETS", "STYLES", "DualRecipe", "DualTraining", "Paintings", "Start"]
