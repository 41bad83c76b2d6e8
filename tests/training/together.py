"""A tiny training of every method, which `python together.py FOLDER` runs as one of several processes."""

import json
import os
import sys
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import torch

from pastiche import images
from pastiche.agilegan.training.config import AgileTransfer
from pastiche.agilegan.training.transfer import agile_task
from pastiche.blendgan import StyleEncoder, StyleEncoderConfig
from pastiche.blendgan.training import blend_task, one_shot_task
from pastiche.blendgan.training.codes import TensorPictures
from pastiche.blendgan.training.config import BlendTraining
from pastiche.checkpoints import Checkpoint
from pastiche.dualstylegan.training.config import Adversary, StyleTransfer
from pastiche.dualstylegan.training.loss_networks import find_loss_networks
from pastiche.dualstylegan.training.pictures import Pictures
from pastiche.dualstylegan.training.players import Players, with_extrinsic_path
from pastiche.dualstylegan.training.target import Pairs, TargetTask
from pastiche.encoders.config import IMAGE_SIZE
from pastiche.encoders.training import encoder_task, paper, perception_of
from pastiche.jojogan import OneShot
from pastiche.jojogan.task import OneShotTask
from pastiche.stylegan2 import Discriminator, DiscriminatorConfig, Generator, GeneratorConfig
from pastiche.training.data import PictureDataset
from pastiche.training.loop import train
from pastiche.training.processes import join
from pastiche.training.schedule import Schedule
from pastiche.training.sources import FolderSource

SIDE, COUNT = 16, 4
CHANNELS = {4: 8, 8: 8, 16: 6}
ITERATIONS = 2
BATCH = 8  # two groups of the minibatch standard deviation: one in each of two processes


def random(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def base():
    torch.manual_seed(3)
    generator = Generator(GeneratorConfig(resolution=SIDE, channels=CHANNELS, z_dim=6, w_dim=8, mapping_layers=2))
    generator.w_avg.copy_(generator.estimate_w_avg(64))
    discriminator = Discriminator(DiscriminatorConfig(resolution=SIDE, channels=CHANNELS))
    return Checkpoint(architecture="stylegan2", generator=generator, discriminator=discriminator, source="tiny")


def write_pictures(folder):
    folder.mkdir()
    for number, picture in enumerate(random(COUNT, 3, SIDE, SIDE).tanh()):
        images.write(picture[None], folder / f"{number}.png")


def jojogan(start, pictures):
    generator = start.stylegan2
    codes = generator.broadcast(generator.mapping(random(2, 6, seed=1))).detach()
    settings = OneShot(steps=ITERATIONS, lr=0.01, rows=(2, 3, 4, 5), reconstruction=1.0, texture=1.0, noise="random")
    return OneShotTask(generator, start.discriminator, pictures.batch(torch.arange(2)), codes, settings, blocks=(1, 2)), 2


def blendgan(start, pictures):
    settings = BlendTraining(code_layers=2, queue=8, share_trunk=True, r1_every=2, path_every=2)
    given = TensorPictures(pictures.batch(torch.arange(COUNT)))
    critic = start.discriminator
    return blend_task(start.stylegan2, style_encoder(), given, given, settings, discriminator=critic, device="cpu"), BATCH


def blendgan_one_shot(start, pictures):
    known, _ = blendgan(start, pictures)
    settings = BlendTraining(code_layers=2, r1_every=2, path_every=2)
    return one_shot_task(known.generator, known.critics, style_encoder(), pictures.batch(torch.tensor([1])), settings), BATCH


def style_encoder():
    torch.manual_seed(4)
    return StyleEncoder(StyleEncoderConfig(backbone="compact", widths=(4, 6), side=SIDE, code_dim=6, code_layers=2))


def agilegan(start, pictures):
    settings = AgileTransfer(iterations=ITERATIONS, batch=BATCH, split=8, r1_every=2, path_every=2)
    return agile_task(start, {"all": pictures}, settings), BATCH


def dualstylegan(start, pictures):
    adversary = Adversary(r1_every=2, path_every=2)
    players = Players(with_extrinsic_path(start.stylegan2), deepcopy(start.discriminator), adversary)
    networks = find_loss_networks(start.discriminator, pictures.batch(torch.arange(2)))
    shape = (COUNT, start.stylegan2.num_layers, 6)
    # the contextual loss subtracts the means of a part of the batch, as the release does
    settings = StyleTransfer(iterations=ITERATIONS, batch=BATCH, contextual=0.0)
    return TargetTask(players, settings, adversary, networks, Pictures(pictures), Pairs(random(*shape), random(*shape))), BATCH


def encoder(method, **changes):
    """A method of encoders; its tiny network has no batch statistics, which each process would take of its own pictures."""

    def made(start, pictures):
        changed = {**ENCODER, "space": "z+" if method == "vae" else "w+", **changes}
        settings = replace(paper(method)[0], **changed)
        given = PictureDataset(pictures.source, IMAGE_SIZE)
        planned = Schedule(images=ITERATIONS * BATCH, batch=BATCH)
        task = encoder_task(start.stylegan2, given, settings, planned, perception=perception_of(start.discriminator))
        torch.manual_seed(5)
        torch.nn.init.normal_(task.encoder.offsets.weight, std=0.3)  # it starts at zero, where all pictures have one code
        return task, BATCH

    return made


ENCODER = {"backbone": "compact", "width": 16, "split": 3, "side": SIDE, "optimizer": "adam", "identity": 0.0, "average": True}
JUDGED = {"adversarial": 0.1, "pool": 6, "r1_every": 2, "stage_start": 1, "stage_every": 1}  # a pool that soon exchanges rows
ENCODERS = {
    "psp": encoder("psp"),
    "e4e": encoder("e4e", **JUDGED),
    "restyle": encoder("restyle", steps=2),
    "restyle_e4e": encoder("restyle-e4e", steps=2, **JUDGED),
    "vae": encoder("vae", kl=0.1),
}
METHODS = {made.__name__: made for made in (jojogan, blendgan, blendgan_one_shot, agilegan, dualstylegan)} | ENCODERS


def run(name, folder):
    """The losses of each iteration, which the main process alone knows, and the weights and states at the end."""
    task, batch = METHODS[name](base(), PictureDataset(FolderSource(folder / "pictures"), SIDE))
    schedule = Schedule(images=ITERATIONS * batch, batch=batch, sample_images=None, precision="float32", average_ramp=None)
    steps = []
    train(task, schedule, folder=None, device="cpu", progress=steps.append)
    learned = [value.flatten().tolist() for network in task.networks.values() for value in network.parameters()]
    states = {name: numbers(state.state_dict()) for name, state in task.states.items()}
    return {"losses": [step.losses for step in steps], "weights": learned, "states": states}


def numbers(state):
    """Every number in a state."""
    if isinstance(state, torch.Tensor):
        return state.flatten().tolist()
    inner = state.values() if isinstance(state, dict) else state if isinstance(state, list) else None
    return [state] if inner is None else [value for each in inner for value in numbers(each)]


def main(folder):
    torch.set_num_threads(1)
    found = {name: run(name, folder) for name in METHODS}
    if join("cpu").main:
        (folder / "together.json").write_text(json.dumps(found))
    torch.distributed.barrier()
    os._exit(0)  # gloo's threads can abort a process that takes them down while its peer leaves


if __name__ == "__main__":
    main(Path(sys.argv[1]))
