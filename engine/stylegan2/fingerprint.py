"""What tells one generator from another, whatever file it came from."""

import hashlib

import torch

from .latent_generator import LatentGenerator

__all__ = ["fingerprint"]


@torch.no_grad()
def fingerprint(generator: LatentGenerator) -> str:
    """sha256 over the names, shapes and float32 values of all parameters, in hex.

    Buffers (mean, noise maps) are left out: some files lack them.
    """
    digest = hashlib.sha256()
    for name, value in sorted(generator.named_parameters()):
        digest.update(f"{name} {list(value.shape)}\n".encode())
        digest.update(value.detach().float().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
