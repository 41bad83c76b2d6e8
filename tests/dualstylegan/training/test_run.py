"""The whole training on three pictures: from a StyleGAN2 to a checkpoint that styles are made of."""

from dataclasses import replace

import pytest
import torch

import pastiche
from pastiche.checkpoints import Checkpoint
from pastiche.dualstylegan.training import DualRecipe, DualTraining, Start
from pastiche.dualstylegan.training.config import (
    Adversary,
    Destylizing,
    FineTuning,
    Refining,
    Sampling,
    StructureTransfer,
    StyleTransfer,
)
from pastiche.errors import Cancelled, TrainingError

TINY = DualRecipe(
    precision="float32",
    adversary=Adversary(path_every=2),
    tuning=FineTuning(iterations=1, batch=2),
    destylizing=Destylizing(steps=1, batch=2, embedding_steps=1),
    structure=StructureTransfer(iterations=(1, 1, 0), batch=2),
    transfer=StyleTransfer(iterations=2, batch=2, keep_every=2),
    refining=Refining(steps=1, batch=2),
    sampling=Sampling(samples=12, batch=6, pictures=36, noise_dim=4, hidden=8),
)


@pytest.fixture
def start(base, pictures):
    checkpoint = Checkpoint(architecture="stylegan2", generator=base[0], discriminator=base[1], source="small", license="MIT")
    return Start(checkpoint=checkpoint, pictures=pictures)


def test_from_pictures_to_styles(start, base, tmp_path, codes):
    """Also interrupted in every stage, and then again from the beginning in one go."""
    seen = []

    def interrupted(name):
        seen.append(name)

        def stop(step):
            raise Cancelled

        return stop if seen.count(name) == 1 else lambda _: None

    for attempt in range(8):
        try:
            found = DualTraining(start, TINY, folder=tmp_path / "run", device="cpu", stage=interrupted).run()
            break
        except Cancelled:
            assert attempt < 6, f"stopped too often: {seen}"
    whole = DualTraining(start, TINY, folder=tmp_path / "whole", device="cpu").run()
    for slot, module in whole.modules.items():
        for name, value in module.state_dict().items():
            assert torch.equal(value, found.modules[slot].state_dict()[name]), f"{slot}.{name}"

    assert DualTraining(start, TINY, folder=tmp_path / "run", device="cpu").estimate() == {}, "nothing is left"
    path = tmp_path / "dual.safetensors"
    pastiche.save(found, path)
    loaded = pastiche.load(path)
    assert (loaded.architecture, loaded.source, loaded.license) == ("dualstylegan", "small", "MIT")
    assert loaded.exemplars.exemplars.names == ("ink.png", "oil.png", "wax.png")
    face = pastiche.Latent(codes(base[0], 1), "w+")
    drawn = [pastiche.dual_style(loaded, exemplar)(face) for exemplar in ("oil.png", 1, 2)]
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[1], drawn[2])
    assert pastiche.dual_style(loaded, seed=3)(face).shape == (1, 3, 16, 16)
    assert torch.equal(loaded.generator.synthesis(face.codes), base[0].synthesis(face.codes))

    kept = pastiche.load(tmp_path / "run" / "4-style" / "models" / "000002.safetensors")
    assert torch.equal(kept.generator.extrinsic.res[0].conv[0].weight, found.generator.extrinsic.res[0].conv[0].weight)

    again = Checkpoint(architecture="dualstylegan", generator=found.generator, discriminator=found.discriminator, source="dual")
    next_style = DualTraining(replace(start, checkpoint=again), TINY, folder=tmp_path / "next", device="cpu")
    assert next_style.finished_structure
    assert "structure transfer" not in next_style.estimate()
    assert (tmp_path / "run" / "structure.safetensors").exists()

    other = replace(TINY, transfer=replace(TINY.transfer, batch=1))
    changed = DualTraining(start, other, folder=tmp_path / "run", device="cpu")
    with pytest.raises(TrainingError, match=r"another training \(recipe.transfer.batch 2 -> 1\)"):
        changed.run()
    with pytest.raises(TrainingError, match="another training"):
        changed.estimate()


def test_mirrored_pictures_are_pairs_and_no_exemplars(start, tmp_path):
    recipe = replace(TINY, transfer=replace(TINY.transfer, mirror=True), refining=Refining(steps=0))
    training = DualTraining(start, recipe, folder=tmp_path, device="cpu")
    pairs = training.random_pairs()
    assert len(pairs.intrinsic) == len(training.pictures) == 6
    assert torch.equal(training.pictures.exemplars(torch.tensor([4])), start.pictures.batch(torch.tensor([1])).flip(3))
    assert len(training.refine(pairs)) == 3


def test_an_estimate_changes_nothing(start, tmp_path):
    training = DualTraining(start, TINY, folder=tmp_path / "run", device="cpu")
    before = [value.clone() for value in training.players.generator.parameters()]
    found = training.estimate()
    assert list(found) == ["fine-tuning", "destylization", "structure transfer", "style transfer"]
    assert all(estimate.seconds > 0 and estimate.memory > 0 for estimate in found.values())
    assert all(torch.equal(a, b) for a, b in zip(before, training.players.generator.parameters(), strict=True))
    assert not (tmp_path / "run").exists()
    training.tune()
    assert list(training.estimate()) == ["destylization", "structure transfer", "style transfer"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"batch": 6}, "transfer.batch is 6, of which a process sees 6 images"), ({"batch": 3}, "can't be split into 2")],
)
def test_batches_that_the_discriminator_can_not_take(start, tmp_path, changes, message):
    recipe = replace(TINY, transfer=replace(TINY.transfer, **changes), accumulate=2 if changes["batch"] == 3 else 1)
    with pytest.raises(TrainingError, match=message):
        DualTraining(start, recipe, folder=tmp_path, device="cpu")


def test_a_generator_without_a_discriminator(start, tmp_path):
    alone = replace(start, checkpoint=replace(start.checkpoint, discriminator=None))
    with pytest.raises(TrainingError, match="small holds no discriminator"):
        DualTraining(alone, TINY, folder=tmp_path, device="cpu")
