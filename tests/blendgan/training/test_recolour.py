"""Recoloured pictures, against what their colours must be."""

import math

import torch

from pastiche.blendgan.training.recolour import draw_colors, map_of, recoloured


def maps(count=1, angle=0.0, contrast=1.0, saturation=1.0, gains=(1.0, 1.0, 1.0), shifts=(0.0, 0.0, 0.0)):
    numbers = {"angle": angle, "contrast": contrast, "saturation": saturation}
    some = {name: torch.full((count,), value) for name, value in numbers.items()}
    return map_of(**some, gains=torch.tensor([gains] * count), shifts=torch.tensor([shifts] * count))


def picture(seed=0):
    return 0.4 * torch.rand(1, 3, 4, 4, generator=torch.Generator().manual_seed(seed)) - 0.2


def test_nothing_changes():
    torch.testing.assert_close(recoloured(picture(), maps()), picture())
    assert torch.equal(draw_colors(torch.Generator().manual_seed(0), 3, 0.0), torch.eye(3, 4).expand(3, 3, 4))


def test_a_third_of_a_turn_moves_the_channels_on():
    torch.testing.assert_close(recoloured(picture(), maps(angle=2 * math.pi / 3)), picture().roll(1, dims=1))


def test_grey_turns_and_fades_to_itself():
    grey = picture()[:, :1].expand(1, 3, 4, 4)
    torch.testing.assert_close(recoloured(grey, maps(angle=1.0, saturation=0.3)), grey)


def test_without_saturation_all_is_grey():
    wanted = picture().mean(dim=1, keepdim=True).expand(1, 3, 4, 4)
    torch.testing.assert_close(recoloured(picture(), maps(saturation=0.0)), wanted)


def test_contrast_gains_and_shifts():
    found = recoloured(picture(), maps(contrast=2.0, gains=(1.0, 0.5, 2.0), shifts=(0.1, 0.0, -0.1)))
    factors, moved = torch.tensor([2.0, 1.0, 4.0]), torch.tensor([0.1, 0.0, -0.1])
    torch.testing.assert_close(found, picture() * factors[:, None, None] + moved[:, None, None])
    assert recoloured(picture(), maps(shifts=(3.0, -3.0, 0.0)))[0, :2].flatten(1).unique(dim=1).flatten().tolist() == [
        1.0,
        -1.0,
    ]


def test_each_picture_has_its_own_colours():
    drawn = draw_colors(torch.Generator().manual_seed(1), 400, 0.5)
    changed = (drawn != torch.eye(3, 4)).flatten(1).any(dim=1)
    assert 160 < int(changed.sum()) < 240
    pictures = torch.cat([picture(seed) for seed in range(3)])
    together = recoloured(pictures, drawn[changed][:3])
    alone = [recoloured(pictures[[place]], drawn[changed][[place]]) for place in range(3)]
    torch.testing.assert_close(together, torch.cat(alone))
    assert together.abs().amax() <= 1
