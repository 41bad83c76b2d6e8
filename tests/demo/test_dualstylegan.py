"""The bundle's DualStyleGAN: what its paintings are, and its stage at a size that trains in seconds."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import pastiche
from pastiche.checkpoints import Checkpoint
from pastiche.demo import paintings as painting
from pastiche.demo.dualstylegan import learn_dualstylegan, paintings_of
from pastiche.demo.method_recipes import SMALL_DUAL_STYLING, DualStyling, Manners
from pastiche.demo.paintings import PROPORTIONS, PaintingDataset, composed, paint_exemplars, paint_paintings
from pastiche.demo.run import Run
from pastiche.dualstylegan.training.config import (
    Adversary,
    Destylizing,
    DualRecipe,
    Pairing,
    Refining,
    Sampling,
    StructureTransfer,
    StyleTransfer,
)
from pastiche.encoders.compact import CompactEncoder, CompactEncoderConfig
from pastiche.errors import Cancelled, TrainingError
from pastiche.stylegan2 import Discriminator, DiscriminatorConfig, Generator, GeneratorConfig
from pastiche.synthetic.coordinates import COORDINATES, INDEX
from pastiche.synthetic.dataset import code
from pastiche.synthetic.parameters import parameters
from pastiche.synthetic.styles import PaintedStyle

CHANNELS = {4: 8, 8: 8, 16: 8, 32: 4}
MANNERS = Manners(exemplars=2, paintings=2, side=32)
TINY = DualStyling(
    manners=MANNERS,
    training=DualRecipe(
        structure_channels=4,
        adversary=Adversary(path=0, augment=False),
        destylizing=Destylizing(reading_steps=1, reading_side=16, embedding_steps=1),
        structure=StructureTransfer(iterations=(1, 0, 0), batch=2),
        pairing=(Pairing(iterations=2, batch=2, side=32),),
        transfer=StyleTransfer(iterations=2, batch=2, paired=1.0),
        refining=Refining(steps=1, batch=2),
        sampling=Sampling(samples=8, batch=4, pictures=16, noise_dim=4, hidden=8),
    ),
)


@pytest.fixture
def here(monkeypatch):
    """Paint in this process, since starting another takes longer than the painting."""

    def by_processes(painter, missing, _workers, size):
        yield from (painter(part) for part in np.array_split(missing, max(1, -(-len(missing) // size))) if len(part))

    monkeypatch.setattr(painting, "by_processes", by_processes)


@pytest.fixture(scope="session")
def base():
    torch.manual_seed(0)
    config = GeneratorConfig(resolution=32, channels=CHANNELS, z_dim=len(COORDINATES), w_dim=16, mapping_layers=2)
    sizes = {"num_layers": config.num_layers, "w_dim": 16, "split": 5, "channels": (8, 8, 8, 16, 16), "hidden": 16}
    return Checkpoint(
        architecture="stylegan2",
        generator=Generator(config).requires_grad_(False).eval(),
        discriminator=Discriminator(DiscriminatorConfig(resolution=32, channels=CHANNELS)).eval(),
        encoder=CompactEncoder(CompactEncoderConfig(**sizes)).eval(),
        source="pastiche-demo",
        license="MIT",
    )


def test_a_painting_has_the_proportions_of_one_exemplar_and_the_tones_of_another():
    person, structure, color = (code(number)[None] for number in range(3))
    found = composed(person, structure, color, 0.25)
    for name in COORDINATES:
        at = INDEX[name]
        own, shape, tone = (z[0, at].item() for z in (person, structure, color))
        if name in PROPORTIONS:
            assert found[0, at].item() == pytest.approx(0.75 * own + 0.25 * shape)
        elif name in ("skin", "hair_tone", "back_hue", "light_x"):
            assert found[0, at] == tone
        elif name in ("yaw", "smile", "hair_length", "age", "beard", "glasses"):
            assert found[0, at] == own
    assert set(COORDINATES) >= PROPORTIONS


def test_a_style_takes_its_deformation_from_another_manner():
    plain, mixed = PaintedStyle("toon", 1), PaintedStyle("toon", 1, 2)
    q = parameters(code(0)[None])
    assert (mixed.hand, mixed.shaper) == (plain.hand, PaintedStyle("toon", 2).hand)
    assert torch.equal(PaintedStyle("toon", 1, 1)(q, 16).images, plain(q, 16).images)
    assert not torch.equal(mixed.shaper.reshape(q).nose_width, plain.hand.reshape(q).nose_width)


def test_paintings_are_painted_once_and_again_if_they_are_missing(tmp_path, here):
    seen = []
    found = paint_paintings(tmp_path, MANNERS, people=2, seed=0, workers=1, progress=seen.append)
    assert (seen, found.ready().tolist()) == ([0, 2], [0, 1])
    first = found.images.copy()
    found.done[1], found.images[1] = False, 0
    again = paint_paintings(tmp_path, MANNERS, people=2, seed=0, workers=1, progress=seen.append)
    assert seen[2:] == [1, 2]
    assert np.array_equal(again.images, first)
    structure, color = found.exemplars(0)
    z = composed(code(2)[None], code(structure)[None], code(color)[None], MANNERS.share)
    wanted = PaintedStyle("toon", color, structure)(parameters(z), 32).images
    assert (found.batch(torch.tensor([0])) - wanted).abs().max() < 1 / 127
    with pytest.raises(TrainingError, match="holds other paintings"):
        PaintingDataset.open(tmp_path, replace(MANNERS, side=16), people=2)
    with pytest.raises(TrainingError, match="there are no paintings"):
        PaintingDataset.open(tmp_path / "elsewhere")


def test_structure_and_colours_mostly_come_from_two_exemplars(tmp_path):
    manners = replace(MANNERS, exemplars=50, paintings=400, side=4)
    dataset = PaintingDataset.open(tmp_path, manners, people=50)
    found = torch.tensor([dataset.exemplars(number) for number in range(400)])
    assert len(found.unique()) == 50
    assert (found[:, 0] == found[:, 1]).float().mean() == pytest.approx(0.3, abs=0.07)


def test_people_are_known_by_their_code_and_by_the_encoder(tmp_path, here, plain, base):
    dataset = paint_paintings(tmp_path, MANNERS, people=2, seed=0, workers=1, progress=lambda _: None)
    found = paintings_of(dataset, plain, base)
    generator, encoder = base.generator, base.encoder
    z, portraits, _ = plain.batch(np.array([2, 3]))
    assert torch.allclose(found.faces[0], generator.broadcast(generator.mapping(z)))
    assert torch.allclose(found.faces[1], pastiche.invert(portraits, generator, encoder).codes, atol=1e-5)
    assert torch.equal(found.pictures(torch.tensor([1])), dataset.batch(torch.tensor([1])))
    dataset.done[0] = False
    assert len(paintings_of(dataset, plain, base)) == 1
    dataset.done[1] = False
    with pytest.raises(TrainingError, match="no painting shows a person"):
        paintings_of(dataset, plain, base)


def test_the_stage_goes_on_to_the_bit_where_it_was_stopped(tmp_path, here, plain, base):
    def run(name):
        return Run(folder=tmp_path / name, device=torch.device("cpu"), precision=torch.float32, held_out=0)

    def stopping(name):
        def stop(_step):
            if name == "style transfer":
                raise Cancelled

        return stop

    whole = learn_dualstylegan(base, plain, run("whole"), recipe=TINY, stage=lambda _: lambda _: None)
    with pytest.raises(Cancelled):
        learn_dualstylegan(base, plain, run("parts"), recipe=TINY, stage=stopping)
    resumed = learn_dualstylegan(base, plain, run("parts"), recipe=TINY, stage=lambda _: lambda _: None)
    for slot, module in whole.modules.items():
        for name, value in module.state_dict().items():
            assert torch.equal(value, resumed.modules[slot].state_dict()[name]), f"{slot}.{name}"

    names = []
    on = learn_dualstylegan(
        base, plain, run("on"), recipe=TINY, stage=lambda name: names.append(name) or (lambda _: None), start=whole
    )
    assert names == ["painting for DualStyleGAN", "paired portraits at 32 pixels"]
    assert torch.equal(on.exemplars.codes, whole.exemplars.codes)
    moved = [name for name, value in on.generator.state_dict().items() if not value.equal(whole.generator.state_dict()[name])]
    assert moved
    assert all(name.startswith("extrinsic.") for name in moved)
    with pytest.raises(TrainingError, match="holds no exemplars, and this preset paints 2"):
        learn_dualstylegan(base, plain, run("wrong"), recipe=TINY, stage=lambda _: lambda _: None, start=base)

    path = tmp_path / "dual.safetensors"
    pastiche.save(whole, path, dtype=torch.float16, base=base, base_name="demo")
    loaded = pastiche.load(path, base=base)
    assert (loaded.architecture, loaded.source, loaded.license) == ("dualstylegan", "pastiche-demo", "MIT")
    assert loaded.exemplars.exemplars.names == ("toon-000.png", "toon-001.png")
    assert torch.equal(loaded.discriminator(torch.zeros(1, 3, 32, 32)), base.discriminator(torch.zeros(1, 3, 32, 32)))
    face = pastiche.invert(torch.zeros(1, 3, 32, 32), loaded.generator, loaded.encoder)
    for style in (pastiche.dual_style(loaded, 1), pastiche.dual_style(loaded, seed=0)):
        assert style(face).shape == (1, 3, 32, 32)


def test_exemplars_are_painted_at_the_size_of_the_base(tmp_path):
    paint_exemplars(tmp_path, MANNERS, first=5, seed=0, side=16)
    found = pastiche.images.read(tmp_path / "toon-001.png")
    assert (found - PaintedStyle("toon", 1)(parameters(code(6)[None]), 16).images).abs().max() < 1 / 100


def test_the_small_preset_is_small():
    small, full = SMALL_DUAL_STYLING, DualStyling()
    for fewer, more in zip(small.training.pairing, full.training.pairing, strict=True):
        assert fewer.side == more.side
        assert fewer.iterations < more.iterations
    assert small.training.structure_channels == full.training.structure_channels
