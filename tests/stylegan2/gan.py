"""A tiny StyleGAN2 training that several tests run, and that `python gan.py FOLDER` runs as one of several processes."""

import json
import os
import sys
from pathlib import Path

import torch

from pastiche import images
from pastiche.stylegan2.training import StyleGAN2Training, new_task
from pastiche.training.data import PictureDataset
from pastiche.training.loop import train
from pastiche.training.processes import join
from pastiche.training.schedule import Schedule
from pastiche.training.sources import FolderSource

SIDE = 16
CONFIG = {"latent_dim": 8, "mapping_layers": 2, "channel_max": 6, "lr": 2.5e-3, "r1": 0.5, "r1_every": 3, "path_every": 2}
SCHEDULE = {"images": 40, "batch": 8, "sample_images": None, "log_images": 8, "precision": "float32"}


def write_pictures(folder, count=12):
    """Blobs of one colour before another."""
    rng = torch.Generator().manual_seed(5)
    axis = torch.linspace(-1, 1, SIDE)
    for index in range(count):
        x, y, size = (torch.rand(3, generator=rng) - 0.5).tolist()
        inside = (((axis - x).square() + (axis[:, None] - y).square()) < (0.5 + size / 2) ** 2).float()
        colors = torch.rand(2, 3, 1, 1, generator=rng) * 2 - 1
        images.write(torch.lerp(colors[:1].expand(-1, -1, SIDE, SIDE), colors[1:], inside), folder / f"{index:02d}.png")
    return folder


def build(pictures, start=None, seed=0, **changes):
    config = StyleGAN2Training(resolution=SIDE, **{**CONFIG, "augment": "bgc", **changes})
    task = new_task(PictureDataset(FolderSource(pictures), SIDE), config, start=start, seed=seed)
    task.augment.p = 0.5
    return task


def run(task, folder, progress=None, **changes):
    steps = []
    moment = train(task, Schedule(**{**SCHEDULE, **changes}), folder=folder, device="cpu", progress=progress or steps.append)
    return moment, steps


def main(folder):
    """Train, and let the main process write the losses."""
    torch.set_num_threads(1)
    task = build(folder / "pictures")
    _, steps = run(task, folder / "together")
    if steps:
        losses = [step.losses for step in steps]
        weights = [value.flatten().tolist() for value in task.average.parameters()]
        found = {"losses": losses, "weights": weights, "p": task.augment.p, "world": join("cpu").world}
        (folder / "together.json").write_text(json.dumps(found))
    if torch.distributed.is_initialized():
        torch.distributed.barrier()
        os._exit(0)  # gloo's threads can abort a process that takes them down while its peer leaves


if __name__ == "__main__":
    main(Path(sys.argv[1]))
