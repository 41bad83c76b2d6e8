"""The losses of the generator and its three discriminators, and the queue of wrong styles."""

from math import log

import pytest
import torch
import torch.nn.functional as F

from pastiche.blendgan.training.adversarial import Shown, discriminator_losses, generator_losses, r1_penalties
from pastiche.blendgan.training.queue import NegativeQueue
from pastiche.blendgan.training.start import critics


def random(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def discriminators():
    torch.manual_seed(0)
    return critics(None, resolution=8, channels={4: 6, 8: 6}, code_dim=5)


@pytest.fixture
def shown():
    return Shown(
        faces=random(4, 3, 8, 8), pictures=random(4, 3, 8, 8, seed=1), codes=random(4, 5, seed=2), others=random(4, 5, seed=3)
    )


@pytest.fixture
def drawn():
    return random(4, 3, 8, 8, seed=4), random(4, 3, 8, 8, seed=5)


def test_each_discriminator_sees_its_pictures(discriminators, shown, drawn):
    """Equations (6) to (8), written out."""
    natural, styled = drawn
    found = discriminator_losses(discriminators, shown, natural, styled)
    yes, no = (lambda logits: -F.logsigmoid(logits).mean()), (lambda logits: -F.logsigmoid(-logits).mean())
    wanted = {
        "face": yes(discriminators(shown.faces)) + no(discriminators(natural)),
        "style": yes(discriminators.style(shown.pictures)) + no(discriminators.style(styled)),
        "latent": yes(discriminators.latent(shown.pictures, shown.codes))
        + no(discriminators.latent(styled, shown.codes))
        + no(discriminators.latent(shown.pictures, shown.others)),
    }
    for name, value in wanted.items():
        torch.testing.assert_close(found[name], value)
    assert list(found) == [*wanted, "_face_sign", "_style_sign"]
    assert found["_face_sign"] == discriminators(shown.faces).sign().mean()


def test_without_wrong_styles(discriminators, shown, drawn):
    alone = discriminator_losses(discriminators, Shown(**{**vars(shown), "others": None}), *drawn)
    wrong = F.softplus(discriminators.latent(shown.pictures, shown.others)).mean()
    torch.testing.assert_close(alone["latent"] + wrong, discriminator_losses(discriminators, shown, *drawn)["latent"])


def test_the_generator_is_pulled_towards_what_looks_real(discriminators, shown, drawn):
    natural, styled = (images.requires_grad_() for images in drawn)
    before = generator_losses(discriminators, natural, styled, shown.codes)
    sum(before.values()).backward()
    with torch.no_grad():
        after = generator_losses(discriminators, natural - 0.05 * natural.grad, styled - 0.05 * styled.grad, shown.codes)
    assert after["face"] < before["face"]
    assert after["style"] + after["latent"] < before["style"] + before["latent"]


def test_undecided_discriminators(discriminators, shown, drawn):
    for parameter in discriminators.parameters():
        parameter.data.zero_()
    found = discriminator_losses(discriminators, shown, *drawn)
    wanted = [2 * log(2), 2 * log(2), 3 * log(2)]
    assert [value.item() for value in found.values()][:3] == pytest.approx(wanted)
    assert sum(generator_losses(discriminators, *drawn, shown.codes).values()).item() == pytest.approx(3 * log(2))


def test_r1_is_the_slope_of_each_discriminator(discriminators, shown):
    """Against differences along the gradient."""
    found = r1_penalties(discriminators, shown)
    views = {
        "face": (shown.faces, discriminators),
        "style": (shown.pictures, discriminators.style),
        "latent": (shown.pictures, lambda images: discriminators.latent(images, shown.codes)),
    }
    for name, (images, discriminator) in views.items():
        point = images.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(discriminator(point).sum(), point)
        step = 1e-3
        slope = (discriminator(images + step * gradient).sum() - discriminator(images - step * gradient).sum()) / (2 * step)
        assert found[name].item() == pytest.approx(slope.item() / 4, rel=1e-2)
    assert all(parameter.grad is None for parameter in discriminators.parameters())


def test_the_queue_gives_styles_that_were_shown_but_others_than_now():
    queue, rng = NegativeQueue(4, 100), torch.Generator().manual_seed(0)
    assert queue.recent.tolist() == [0, 25, 50, 75]
    for first in range(0, 40, 2):
        shown = torch.tensor([first, first + 1])
        known = set(queue.recent.tolist())
        drawn = queue.draw(rng, shown)
        assert set(drawn.tolist()) <= known
        assert (drawn != shown).all()
    assert sorted(queue.recent.tolist()) == [36, 37, 38, 39]


def test_the_queue_avoids_the_picture_itself():
    queue, rng = NegativeQueue(64, 64), torch.Generator().manual_seed(0)
    assert all(int(queue.draw(rng, torch.tensor([7]))[0]) != 7 for _ in range(32))
    queue.draw(rng, torch.full((64,), 7))
    assert int(queue.draw(rng, torch.tensor([7]))[0]) == 7  # it knows nothing else


def test_the_queue_goes_on_where_it_was():
    first, second = NegativeQueue(5, 9), NegativeQueue(5, 9)
    rng = torch.Generator().manual_seed(1)
    first.draw(rng, torch.arange(3))
    second.load_state_dict(first.state_dict())
    drawn = [queue.draw(torch.Generator().manual_seed(2), torch.tensor([4, 5, 6])) for queue in (first, second)]
    assert torch.equal(*drawn)
    assert torch.equal(first.recent, second.recent)
    assert first.next == second.next == 1
