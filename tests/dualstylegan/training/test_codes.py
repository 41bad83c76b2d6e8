"""Codes: through an encoder or a search, by destylization, refined, and sampled."""

from types import SimpleNamespace

import pytest
import torch

from pastiche.dualstylegan.training.config import Destylizing, Refining, Sampling
from pastiche.dualstylegan.training.destylize import destylize, optimise, read_closely
from pastiche.dualstylegan.training.embed import embedding_for
from pastiche.dualstylegan.training.imle import learn_epoch, learn_sampler, nearest
from pastiche.dualstylegan.training.ledger import in_groups
from pastiche.dualstylegan.training.refine import refine
from pastiche.errors import Cancelled, TrainingError

FEW = Sampling(samples=48, batch=16, pictures=48 * 30, noise_dim=8, hidden=16, lr=5e-3)


@pytest.fixture
def portraits(pictures):
    return pictures.batch(torch.arange(3))


@pytest.fixture
def steps():
    """Collects the losses of a search."""
    found = []
    return SimpleNamespace(found=found, report=lambda step: found.append(step.losses))


def test_the_embedding_that_is_possible(base, loss_networks, portraits):
    from pastiche.encoders import EncoderConfig, PyramidEncoder

    generator = base[0]
    for space, words in (("z+", "the encoder to z"), ("w+", "brought back")):
        torch.manual_seed(0)
        sizes = {"num_layers": generator.num_layers, "w_dim": 16, "stem": 4, "widths": (4, 4, 8, 8)}
        encoder = PyramidEncoder(EncoderConfig(**sizes, space=space)).eval()
        embed, name = embedding_for(generator, encoder, loss_networks, 5, steps=3)
        assert words in name
        assert embed(portraits[:1], 0).shape == (1, generator.num_layers, 16)
    embed, name = embedding_for(generator, None, loss_networks, 5, steps=3)
    assert "no encoder" in name
    assert embed(portraits, 0).shape == (3, generator.num_layers, 16)


def test_latent_optimisation(base, loss_networks, portraits, steps):
    start = torch.randn(3, base[0].num_layers, 16, generator=torch.Generator().manual_seed(2))
    settings = Destylizing(steps=25, noise=0.0)
    _, maps = optimise(portraits, start, base[0], loss_networks, settings, split=5, progress=steps.report)
    assert steps.found[-1]["distance"] < 0.9 * steps.found[0]["distance"]
    assert set(steps.found[0]) == {"distance", "spread", "identity", "noise"}
    assert all(level.mean(dim=(1, 2, 3)).abs().max() < 1e-5 for level in maps)
    alone, _ = optimise(portraits[:1], start[:1], base[0], loss_networks, Destylizing(steps=3), split=5)
    together, _ = optimise(portraits, start, base[0], loss_networks, Destylizing(steps=3), split=5)
    assert torch.allclose(alone, together[:1], atol=1e-2)


def test_destylization_keeps_the_colours_of_the_portrait(base, loss_networks, portraits):
    def embed(images, seed):
        return images.mean(dim=(1, 2, 3))[:, None, None] + torch.randn(
            len(images), base[0].num_layers, 16, generator=torch.Generator().manual_seed(seed)
        )

    pairs = destylize(portraits, base[0], base[0], embed, loss_networks, Destylizing(steps=3), colors_from=4)
    assert torch.equal(pairs.extrinsic, embed(portraits, 0))
    assert torch.equal(pairs.intrinsic[:, 4:], pairs.extrinsic[:, 4:])
    assert not torch.equal(pairs.intrinsic[:, :4], pairs.extrinsic[:, :4])
    free = destylize(
        portraits,
        base[0],
        base[0],
        embed,
        loss_networks,
        Destylizing(steps=3, keep_colors=False, truncation=0.5),
        colors_from=4,
    )
    assert not torch.equal(free.intrinsic[:, 4:], free.extrinsic[:, 4:])


def test_destylization_reads_codes_more_closely_where_it_is_asked(base, loss_networks, portraits):
    """Also of people who are not known; compared at the generator's side where that is smaller."""

    def embed(images, seed):
        return torch.randn(len(images), base[0].num_layers, 16, generator=torch.Generator().manual_seed(seed))

    settings = Destylizing(steps=1, reading_steps=3, reading_side=64)
    pairs = destylize(portraits, base[0], base[0], embed, loss_networks, settings, colors_from=4)
    assert torch.equal(pairs.extrinsic, read_closely(portraits, embed(portraits, 0), base[0], settings))
    assert not torch.equal(pairs.extrinsic, embed(portraits, 0))
    assert torch.equal(pairs.intrinsic[:, 4:], pairs.extrinsic[:, 4:])


def test_refinement(players, loss_networks, portraits, pairs, steps):
    settings = Refining(steps=20, lr_structure=0.05, lr_color=0.1, noise=0.0)
    codes = refine(portraits, pairs, players.generator, loss_networks, settings, progress=steps.report)
    first, last = (one["distance"] + one["contextual"] for one in (steps.found[0], steps.found[-1]))
    assert last < first
    assert codes.shape == pairs.extrinsic.shape
    assert refine(portraits, pairs, players.generator, loss_networks, Refining(steps=0)) is pairs.extrinsic


def test_codes_are_kept_in_a_file(tmp_path):
    path, asked = tmp_path / "codes.safetensors", []

    def compute(numbers):
        asked.append(numbers.tolist())
        if len(asked) == 2:
            raise Cancelled
        return {"twice": 2.0 * numbers[:, None]}

    with pytest.raises(Cancelled):
        in_groups(path, 5, 2, compute)
    found = in_groups(path, 5, 2, compute)
    assert asked == [[0, 1], [2, 3], [2, 3], [4]]
    assert found["twice"].flatten().tolist() == [0, 2, 4, 6, 8]
    assert torch.equal(in_groups(path, 5, 2, compute)["twice"], found["twice"])
    path.write_bytes(b"damaged")
    with pytest.raises(TrainingError, match="is damaged"):
        in_groups(path, 5, 2, compute)


@pytest.fixture
def codes():
    return torch.randn(3, 6, 4, generator=torch.Generator().manual_seed(0))


def test_every_code_is_matched_with_its_nearest(codes, tmp_path):
    sampler = learn_sampler(codes, 5, FEW, folder=tmp_path)
    data = codes[:, :5].flatten(1).repeat(16, 1)
    noise = nearest(sampler.structure, data, FEW, torch.Generator().manual_seed(0))
    assert noise.shape == (48, 8)
    rng = torch.Generator().manual_seed(0)
    drawn_from = torch.randn(96, 8, generator=rng)
    drawn = torch.cat([sampler.structure(part, kept_statistics=False) for part in drawn_from.split(16)])
    for code, found in zip(data[:3], noise[:3], strict=True):
        assert torch.equal(drawn_from[(drawn - code).norm(dim=1).argmin()], found)


def test_the_sampler_learns_the_exemplars(codes, tmp_path, steps):
    sampler = learn_sampler(codes, 5, FEW, folder=tmp_path, progress=steps.report)
    assert len(steps.found) == 60
    assert steps.found[29]["structure"] < 0.3 * steps.found[0]["structure"]
    assert steps.found[59]["color"] < 0.3 * steps.found[30]["color"]
    drawn = sampler.sample(64, torch.Generator().manual_seed(0)).flatten(1)
    distances = torch.cdist(codes.flatten(1), drawn)
    assert distances.amin(dim=1).max() < 0.7 * torch.cdist(codes.flatten(1), torch.randn(64, 24)).amin(dim=1).min()
    noise = torch.randn(512, 8, generator=torch.Generator().manual_seed(1))
    kept, own = (sampler(noise, noise, kept_statistics=kept) for kept in (True, False))
    assert (kept - own).abs().mean() < 0.1 * own.std(), "the statistics that it keeps are not those of its codes"


def test_a_sampler_that_was_interrupted(codes, tmp_path, monkeypatch):
    from pastiche.training.saves import Saves

    monkeypatch.setattr(Saves, "due", lambda *_: True)

    def stop(step):
        if step.index == 35:
            raise Cancelled

    whole = learn_sampler(codes, 5, FEW, folder=tmp_path / "whole")
    with pytest.raises(Cancelled):
        learn_sampler(codes, 5, FEW, folder=tmp_path / "stopped", progress=stop)
    resumed = learn_sampler(codes, 5, FEW, folder=tmp_path / "stopped")
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name


def test_more_exemplars_than_samples(codes):
    from pastiche.dualstylegan import CodeSampler, SamplerConfig

    torch.manual_seed(0)
    sampler = CodeSampler(SamplerConfig(structure_rows=5, color_rows=1, w_dim=4, noise_dim=8, hidden=8))
    data = torch.randn(5, 20, generator=torch.Generator().manual_seed(0))
    assert learn_epoch(sampler.structure, data, FEW, 0, torch.Generator().manual_seed(0)).isfinite()
