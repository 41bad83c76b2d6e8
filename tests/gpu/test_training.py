"""Learning on a GPU."""

import pytest
import torch

import pastiche
from pastiche.devices import device_of
from pastiche.inversion import PivotalTuning
from pastiche.jojogan import OneShot
from pastiche.numerics import precision
from pastiche.training.saves import Saves

pytestmark = pytest.mark.gpu
PRECISIONS = ["float32", "bfloat16", "float16"]


@pytest.fixture
def photo():
    return torch.rand(1, 3, 256, 256, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.mark.parametrize("chosen", PRECISIONS)
def test_a_style_is_learned(cuda, photo, chosen):
    """With pictures on the CPU, and the loss falling in each precision."""
    models, steps = pastiche.load("demo", device=cuda), []
    with precision(chosen, cuda):
        style = pastiche.one_shot(
            models.generator,
            models.discriminator,
            photo,
            encoder=models.encoder,
            settings=OneShot(steps=30, lr=4e-3),
            progress=lambda step: steps.append(step.losses["features"]),
        )
        drawn = style(pastiche.invert(photo, models.generator, models.encoder))
    assert device_of(style.tuned).type == "cuda"
    assert drawn.isfinite().all()
    assert sum(steps[-5:]) < sum(steps[:5])
    changed = [not torch.equal(a, b) for a, b in zip(style.tuned.parameters(), style.base.parameters(), strict=True)]
    assert sum(changed) > len(changed) // 2, "gradients vanished"


@pytest.mark.parametrize("chosen", PRECISIONS)
def test_tuning(cuda, photo, chosen):
    models, steps = pastiche.load("demo", device=cuda), []
    with precision(chosen, cuda):
        latent = pastiche.invert(photo, models.generator, models.encoder)
        tuned = pastiche.tune(
            photo,
            models.generator,
            latent.to("cpu"),
            discriminator=pastiche.load("demo").discriminator,
            settings=PivotalTuning(steps=30, lr=3e-3),
            progress=lambda step: steps.append(step.losses["distance"]),
        )
    assert steps[-1] < steps[0]
    assert device_of(tuned.generator).type == "cuda"


def test_a_search(cuda, photo):
    models = pastiche.load("demo", device=cuda)
    latent = pastiche.invert(photo, models.generator, models.encoder, method="hybrid", discriminator=models.discriminator)
    assert latent.codes.device.type == "cuda"


def test_memory_is_free_after_learning(cuda, photo):
    models = pastiche.load("demo", device=cuda)
    before = torch.cuda.memory_allocated(cuda)
    style = pastiche.one_shot(models.generator, models.discriminator, photo, encoder=models.encoder, settings=OneShot(steps=3))
    weights = sum(tensor.numel() * tensor.element_size() for tensor in style.tuned.state_dict().values())
    assert torch.cuda.memory_allocated(cuda) - before < 1.2 * weights
    del style
    torch.cuda.empty_cache()
    assert torch.cuda.memory_allocated(cuda) - before < 2**20


def test_a_state_goes_from_a_gpu_to_a_cpu(cuda, tmp_path):
    def saves(device):
        model = torch.nn.Linear(3, 3).to(device)
        optimizer = torch.optim.Adam(model.parameters())
        model(torch.ones(1, 3, device=device)).sum().backward()
        optimizer.step()
        return Saves(tmp_path, {"model": model, "optimizer": optimizer}, {})

    there, here = saves(cuda), saves("cpu")
    there.save(torch.Generator(), seen=7, iteration=1, before=0)
    assert here.restore(torch.Generator()) == (7, 1)
    assert here.parts["model"].weight.equal(there.parts["model"].weight.cpu())
    here.parts["optimizer"].step()
