"""The bundle's BlendGAN, at a size that trains in seconds."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from pastiche import checkpoints
from pastiche.blendgan import BlendStyle
from pastiche.blendgan.training import StyleEncoderTraining
from pastiche.checkpoints import Checkpoint
from pastiche.demo.blendgan import generator_task, learn_blendgan, learn_generator, learn_style_encoder, painted_pairs
from pastiche.demo.gallery import Gallery
from pastiche.demo.method_recipes import PAIRED, Blending, BlendStage, Styling
from pastiche.demo.run import Run
from pastiche.encoders.compact import CompactEncoder, CompactEncoderConfig
from pastiche.errors import Cancelled, TrainingError
from pastiche.latents import Latent
from pastiche.progress import silent
from pastiche.stylegan2 import Discriminator, DiscriminatorConfig, Generator, GeneratorConfig
from pastiche.synthetic.coordinates import COORDINATES
from pastiche.synthetic.dataset import PortraitDataset, code, render

CHANNELS = {4: 8, 8: 8, 16: 8, 32: 4, 64: 4}
STYLING = Styling(
    settings=StyleEncoderTraining(
        backbone="compact", code_dim=6, code_layers=2, width=0.2, lr_backbone=1e-3, recolour=0.7, partners=0.5, whiten=True
    ),
    images=8,
    batch=4,
)
SMALL = replace(PAIRED, code_layers=2, indicator_most=4, frozen_side=8, weight_texture=0.5)
STAGES = (
    BlendStage(name="pairs", settings=replace(SMALL, side=32, lr_images=8), images=8, batch=4),
    BlendStage(name="fine", settings=replace(SMALL, frozen_side=16), images=4, batch=4),
    BlendStage(name="adversarial", settings=replace(SMALL, pairs_only=False, critics_side=32), images=8, batch=4),
)


def dataset(seed, side=32, count=5, *, kind="styled"):
    """Portraits of noise, the first of which was never painted."""
    rng = np.random.default_rng(seed)
    done = np.arange(count) > 0
    shapes = {
        "landmarks": rng.uniform(8, 24, (count, 68, 2)).astype(np.float32),
        "masks": np.zeros((count, side, side), np.uint8),
    }
    images = rng.integers(0, 256, (count, 3, side, side), np.uint8)
    return PortraitDataset(images=images, done=done, seed=seed, kind=kind, **shapes)


@pytest.fixture(scope="module")
def gallery():
    return Gallery([dataset(0), dataset(1, count=4)], held_out=2)


@pytest.fixture(scope="module")
def natural():
    return dataset(0, 128, kind="plain")


@pytest.fixture
def base():
    torch.manual_seed(0)
    config = GeneratorConfig(resolution=64, channels=CHANNELS, z_dim=len(COORDINATES), w_dim=16, mapping_layers=2)
    shape = CompactEncoderConfig(num_layers=10, w_dim=16, channels=(8, 8, 8, 16, 16), hidden=16)
    return Checkpoint(
        architecture="stylegan2",
        generator=Generator(config).requires_grad_(False).eval(),
        discriminator=Discriminator(DiscriminatorConfig(resolution=64, channels=CHANNELS)).eval(),
        encoder=CompactEncoder(shape).requires_grad_(False).eval(),
        source="a test",
    )


@pytest.fixture
def run(tmp_path):
    return Run(folder=tmp_path / "run", device=torch.device("cpu"), precision=torch.float32, held_out=2)


def quiet(_name):
    """No progress of a stage."""
    return silent


def weights(module):
    return torch.cat([value.detach().flatten() for value in module.state_dict().values()])


def test_a_gallery_knows_whom_it_shows_and_who_has_the_same_manner(gallery):
    assert gallery.manners.tolist() == [2, 3, 4, 2, 3]
    assert gallery.partners.tolist() == [3, 4, 2, 0, 1]
    assert gallery.known.tolist() == [True, True, True, False, False]
    assert torch.equal(gallery.z[[1, 4]], torch.stack([code(3, 0), code(3, 1)]))
    shown = gallery.batch(torch.tensor([4, 1]), torch.tensor([False, True]))
    wanted = torch.from_numpy(np.stack([dataset(1, count=4).images[3], dataset(0).images[3]])).float() / 127.5 - 1
    torch.testing.assert_close(shown, torch.stack([wanted[0], wanted[1].flip(2)]))


def test_people_of_another_seed_are_painted_in_the_same_manner(tmp_path):
    first, second = (
        render(
            tmp_path / str(seed), count=6, resolution=32, seed=seed, workers=1, progress=silent_count, kind="styled", first=5
        )
        for seed in (0, 1)
    )
    assert first.ready().tolist() == second.ready().tolist() == [5]
    assert not np.array_equal(first.images[5], second.images[5])


def silent_count(_ready):
    """No progress."""


def test_pairs_know_people_by_their_code_and_by_what_is_read_of_them(base, natural, gallery, run):
    pairs = painted_pairs(base, natural, gallery, run)
    assert pairs.numbers.tolist() == [[0, 0], [1, 1], [2, 2], [3, 3], [4, 4], [5, 0], [6, 1], [7, 2]]
    codes = pairs.codes(torch.tensor([3, 5]), None)
    generator = base.generator
    torch.testing.assert_close(codes[:1], generator.broadcast(generator.mapping(code(2, 1)[None])))
    assert codes[1].std(dim=0).max() > 0  # the encoder's rows differ
    with pytest.raises(TrainingError, match="no compact encoder of faces"):
        painted_pairs(replace(base, encoder=None), natural, gallery, run)


def test_the_whole_of_it(base, natural, gallery, run, tmp_path):
    encoder = learn_style_encoder(gallery, run, recipe=STYLING, progress=silent)
    losses = []
    made = learn_generator(
        base, encoder, natural, [gallery] * 3, run, stages=STAGES, stage=lambda _name: lambda step: losses.append(step.losses)
    )
    assert {"generator/pairs_styled", "generator/pairs_texture", "generator/pairs_natural"} <= set(losses[0])
    assert {"critics/face", "critics/style", "critics/latent", "r1/latent", "generator/style"} <= set(losses[3])
    before, after = base.generator.state_dict(), made.generator.state_dict()
    assert all(torch.equal(after[name], before[name]) for name in before if name.startswith(("style.", "convs.0.", "w_avg")))
    assert not torch.equal(after["convs.3.conv.weight"], before["convs.3.conv.weight"])
    path = tmp_path / "blendgan.safetensors"
    checkpoints.save(made, path, dtype=torch.float16, base=base, base_name="base.safetensors")
    checkpoints.save(base, tmp_path / "base.safetensors")
    again = checkpoints.load(path, base=base)
    style = BlendStyle.from_reference(again.generator, again.style_encoder, gallery.batch(torch.tensor([0])), 0)
    drawn = style(Latent(again.generator.mapping(code(0)[None]), "w"))
    assert drawn.shape == (1, 3, 64, 64)
    assert list(again.modules) == ["generator", "encoder", "style_encoder"]
    with pytest.raises(TrainingError, match="there are none"):
        learn_generator(base, encoder, natural, [], run, stages=[], stage=quiet)


def test_it_goes_on_to_the_bit_where_it_was_stopped(base, natural, gallery, run):
    def learned(folder, stop=None):
        there, seen = replace(run, folder=run.folder / folder), []

        def progress(step):
            seen.append(step)
            if len(seen) == stop:
                raise Cancelled

        encoder = learn_style_encoder(gallery, there, recipe=STYLING, progress=silent)
        made = learn_generator(base, encoder, natural, [gallery] * 3, there, stages=STAGES, stage=lambda _name: progress)
        return torch.cat([weights(made.generator), weights(made.style_encoder)])

    whole = learned("whole")
    for stop in (1, 3, 4):
        with pytest.raises(Cancelled):
            learned(f"parts-{stop}", stop)
        assert torch.equal(learned(f"parts-{stop}"), whole)


def test_natural_faces_are_held_to_the_bases_in_every_stage(base, natural, gallery, run):
    encoder = learn_style_encoder(gallery, run, recipe=STYLING, progress=silent)
    first = generator_task(base.stylegan2, base, encoder, natural, gallery, run, STAGES[0])
    first.average.convs[3].conv.weight.data.add_(1.0)
    second = generator_task(first.result(), base, encoder, natural, gallery, run, STAGES[1])
    assert torch.equal(second.before.convs[3].conv.weight, base.generator.convs[3].conv.weight)
    assert second.paired(second.draw(torch.Generator().manual_seed(0), 4), second.moment)["pairs_natural"] > 0


def test_a_gallery_goes_on_where_its_first_dataset_ends():
    more = dataset(0, count=7)
    more.done[:5] = False
    gallery = Gallery([dataset(0), more, dataset(1, count=7)], held_out=3)
    assert gallery.manners.tolist() == [3, 4, 5, 6, 3, 4, 5, 6]
    assert gallery.known.tolist() == [True] * 4 + [False] * 4
    assert gallery.partners.tolist() == [4, 5, 6, 7, 0, 1, 2, 3]
    assert torch.equal(gallery.z[2], code(5, 0))
    shown = gallery.batch(torch.tensor([2]))[0]
    torch.testing.assert_close(shown, torch.from_numpy(more.images[5]).float() / 127.5 - 1)


def test_what_is_missing_is_painted(base, natural, run):
    """One manner at full size and three at the other, with two people, and a step of every training."""
    styled = render(run.folder / "painted", count=3, resolution=32, seed=0, workers=1, progress=silent_count, kind="styled")
    names, stages = [], [replace(part, images=4, fine=part.name != "pairs") for part in STAGES]

    def stage(name):
        names.append(name)
        return silent

    recipe = Blending(coarse=4, side=64, manners=2, styling=replace(STYLING, images=4, batch=2), stages=tuple(stages))
    made = learn_blendgan(base, natural, styled, replace(run, held_out=1), recipe=recipe, stage=stage)
    assert sorted(path.name for path in (run.folder / "blendgan").iterdir()) == ["fine-0", "fine-1", "more", "twins"]
    for name, manners, seed in (("more", [3], 0), ("twins", [1, 2, 3], 1)):
        painted = PortraitDataset.open(run.folder / "blendgan" / name)
        assert (painted.ready().tolist(), painted.seed, painted.resolution) == (manners, seed, 32), name
    assert names[:2] == ["painting more manners", "painting twins"]
    assert names[-3:] == [f"training BlendGAN's generator: {name}" for name in ("pairs", "fine", "adversarial")]
    assert made.generator.code_dim == made.style_encoder.code_dim == 6

    names.clear()
    settings = [replace(part, images=4, settings=replace(part.settings, lr=1e-30)) for part in stages[:1]]
    short = replace(recipe, stages=tuple(settings))
    there = replace(run, held_out=1, folder=run.folder / "again")
    on = learn_blendgan(base, natural, styled, there, recipe=short, stage=stage, start=made)
    assert "training BlendGAN's style encoder" not in names
    for slot in ("style_encoder", "generator"):
        for key, value in made.modules[slot].state_dict().items():
            torch.testing.assert_close(on.modules[slot].state_dict()[key], value)
    with pytest.raises(TrainingError, match="holds no style encoder"):
        learn_blendgan(base, natural, styled, there, recipe=short, stage=stage, start=base)
