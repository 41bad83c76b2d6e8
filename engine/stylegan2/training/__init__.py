"""Training of StyleGAN2, from scratch or from a checkpoint (Karras et al. 2020; Karras et al. 2020b; Mo et al. 2020)."""

from .config import StyleGAN2Training, fast, paper
from .run import new_task, train_stylegan2
from .task import StyleGAN2Task

__all__ = ["StyleGAN2Task", "StyleGAN2Training", "fast", "new_task", "paper", "train_stylegan2"]
