"""One of two processes: the gradient of its half of a batch, averaged over both. Run by test_processes."""

import os
import sys
from pathlib import Path

import torch
from torch import distributed

from pastiche.blendgan.training.contrastive import nt_xent
from pastiche.training.processes import everywhere


def gradient(first, second, weight):
    """Of NT-Xent of views ``[N, D]`` seen through a linear map."""
    weight = weight.clone().requires_grad_()
    loss = nt_xent(everywhere(first @ weight), everywhere(second @ weight), 0.3)
    loss.backward()
    return loss.detach(), weight.grad


def views():
    rng = torch.Generator().manual_seed(0)
    return torch.randn(8, 5, generator=rng), torch.randn(8, 5, generator=rng), torch.randn(5, 4, generator=rng)


if __name__ == "__main__":
    folder, rank = Path(sys.argv[1]), int(sys.argv[2])
    distributed.init_process_group("gloo", init_method=(folder / "meeting").as_uri(), rank=rank, world_size=2)
    first, second, weight = views()
    loss, found = gradient(first[rank::2], second[rank::2], weight)
    distributed.all_reduce(found)
    if rank == 0:
        torch.save({"loss": loss, "gradient": found / 2}, folder / "found.pt")
    distributed.barrier()
    os._exit(0)  # gloo's threads can abort a process that takes them down while its peer leaves
