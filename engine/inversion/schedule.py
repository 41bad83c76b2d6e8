"""StyleGAN2's projector schedule (Karras et al. 2020, appendix D)."""

from math import cos, pi

__all__ = ["jitter", "learning_rate"]


def learning_rate(step: int, steps: int, lr: float) -> float:
    """Ramp up over the first twentieth, down along a cosine over the last quarter."""
    t = step / steps
    down = 0.5 - 0.5 * cos(pi * min(1.0, (1 - t) / 0.25))
    return lr * down * min(1.0, t / 0.05)


def jitter(step: int, steps: int, strength: float = 0.05) -> float:
    """Noise added to the code, in standard deviations of w. It fades over the first three quarters."""
    return float(strength * max(0.0, 1 - step / steps / 0.75) ** 2)
