"""NT-Xent, the views that it compares, and the learning of the style encoder. Published numbers are in tests/golden."""

from math import exp, log

import pytest
import torch
import torch.nn.functional as F

from pastiche.blendgan.training.affine import AffineRanges, draw_affine, transform
from pastiche.blendgan.training.codes import style_codes, whiten
from pastiche.blendgan.training.config import StyleEncoderTraining
from pastiche.blendgan.training.contrastive import Projector, matched, nt_xent
from pastiche.blendgan.training.recolour import recoloured
from pastiche.blendgan.training.style_task import SimCLRTask
from pastiche.errors import Cancelled, TrainingError
from pastiche.training.loop import train
from pastiche.training.task import Moment


def test_nt_xent_of_two_opposite_pictures():
    """Both views of each picture are alike, and those of the other point the other way."""
    views = torch.tensor([[1.0, 0.0], [-2.0, 0.0]])
    wanted = -log(exp(1 / 0.5) / (exp(1 / 0.5) + 2 * exp(-1 / 0.5)))
    assert nt_xent(views, 3 * views, 0.5).item() == pytest.approx(wanted, rel=1e-6)
    assert matched(views, 3 * views).item() == 1
    assert matched(views, views.flip(0)).item() == 0


def test_nt_xent_of_equal_codes():
    assert nt_xent(torch.ones(5, 3), torch.ones(5, 3), 0.1).item() == pytest.approx(log(9), rel=1e-5)


def test_the_head_has_the_layers_that_were_asked_for():
    assert [layer.activate for layer in Projector(6)] == [True, False]
    assert [layer.activate for layer in Projector(6, 4)] == [True] * 3 + [False]


def test_views_are_drawn_within_their_ranges():
    ranges = AffineRanges(degrees=20, shift=0.1, zoom=1.3, shear=10, flip=0.5)
    drawn = draw_affine(torch.Generator().manual_seed(0), 2000, ranges)
    limits = torch.tensor([20, 0.1, 0.1, log(1.3), 10])
    assert (drawn[:, :5].abs() <= limits).all()
    assert (drawn[:, :5].abs().amax(dim=0) > 0.95 * limits).all()
    assert 0.45 < (drawn[:, 5] < 0).float().mean() < 0.55
    still = draw_affine(torch.Generator(), 3, AffineRanges(degrees=0, shift=0, zoom=1, shear=0, flip=0))
    assert torch.equal(still, torch.tensor([0.0, 0, 0, 0, 0, 1]).expand(3, 6))


def test_transformations(pictures):
    images = pictures.images[:4]
    nothing = torch.tensor([0.0, 0, 0, 0, 0, 1])
    chosen = nothing.repeat(4, 1)
    chosen[1, 5] = -1
    chosen[2, 0] = 90
    chosen[3, 1] = 0.25  # of 16 pixels
    found = transform(images, chosen)
    close = {"rtol": 0, "atol": 1e-4}
    torch.testing.assert_close(found[0], images[0], **close)
    torch.testing.assert_close(found[1], images[1].flip(2), **close)
    torch.testing.assert_close(found[2], images[2].rot90(-1, dims=(1, 2)), **close)
    torch.testing.assert_close(found[3][..., 4:], images[3][..., :-4], **close)


def test_views_of_one_colour_keep_it():
    colors = torch.tensor([[0.3, -0.7, 0.9], [-1.0, 1.0, 0.0]])[:, :, None, None].expand(2, 3, 24, 24)
    drawn = draw_affine(torch.Generator().manual_seed(1), 2, AffineRanges())
    torch.testing.assert_close(transform(colors, drawn), colors)


def test_ranges_that_are_none():
    for wrong in ({"zoom": 0.5}, {"shift": 1}):
        with pytest.raises(TrainingError, match="views of a picture need"):
            StyleEncoderTraining(**wrong)
    with pytest.raises(TrainingError, match="temperature is 0"):
        StyleEncoderTraining(temperature=0)


def test_batches_without_negatives(schedule):
    SimCLRTask.check(schedule(1, 2), 2)
    for wrong in (schedule(1, 1), schedule(1, 8, accumulate=2)):
        with pytest.raises(TrainingError, match="are each other's negatives"):
            SimCLRTask.check(wrong, 99)
    with pytest.raises(TrainingError, match=r"out of 3 pictures.*set batch to 3 or less"):
        SimCLRTask.check(schedule(1, 4), 3)


def test_the_encoder_learns_to_tell_styles(simclr, schedule, pictures, tmp_path):
    task, losses = simclr(), []
    fixed = task.encoder.embedder.backbone.blocks[0][0].weight.clone()
    train(task, schedule(40, 8), folder=tmp_path, device="cpu", progress=lambda step: losses.append(step.losses))
    assert sum(step["views/nt_xent"] for step in losses[-8:]) < 0.6 * sum(step["views/nt_xent"] for step in losses[:8])
    assert torch.equal(task.encoder.embedder.backbone.blocks[0][0].weight, fixed)
    assert task.result()(pictures.images).shape == (16, 6)


def test_a_backbone_that_learns_too(simclr, schedule, tmp_path):
    task = simclr(lr_backbone=0.01)
    before = task.encoder.embedder.backbone.blocks[0][0].weight.clone()
    train(task, schedule(2, 8), folder=tmp_path, device="cpu")
    assert not torch.equal(task.encoder.embedder.backbone.blocks[0][0].weight, before)


def test_the_preview_shows_pictures_beside_their_likes(simclr, pictures):
    shown = simclr().samples()
    assert shown.shape == (16, 3, 16, 16)
    rows = shown.view(4, 4, 3, 16, 16)
    for row, query in zip(rows, (0, 5, 10, 15), strict=True):
        assert torch.equal(row[0], pictures.images[query])


def test_the_same_seed_learns_the_same_also_if_interrupted(simclr, schedule, weights, tmp_path):
    whole, again = simclr(), simclr()
    train(whole, schedule(5, 8), folder=tmp_path / "whole", device="cpu")

    def stop(step):
        if step.index >= 16:
            raise Cancelled

    with pytest.raises(Cancelled):
        train(again, schedule(5, 8), folder=tmp_path / "again", device="cpu", progress=stop)
    resumed = simclr()
    train(resumed, schedule(5, 8), folder=tmp_path / "again", device="cpu")
    assert torch.equal(weights(whole), weights(resumed))


def test_views_of_two_pictures_in_one_manner_in_the_same_colours(simclr, pictures):
    """What both views show is worked out by hand for the pictures that were drawn."""
    partners = torch.arange(16).roll(1)
    task = simclr(partners=0.5, recolour=1.0, of=partners)
    draw = task.draw(torch.Generator().manual_seed(0), 16)
    taken = draw["partners"] == partners[draw["pictures"]]
    assert 4 <= int(taken.sum()) <= 12
    assert torch.equal(draw["partners"][~taken], draw["pictures"][~taken])
    first, second = (task._view(draw, *names, Moment()) for names in (("pictures", "first"), ("partners", "second")))
    for found, name, view in ((first, "pictures", "first"), (second, "partners", "second")):
        wanted = transform(recoloured(pictures.images[draw[name]], draw["colors"]), draw[view])
        torch.testing.assert_close(found, wanted)
    assert set(simclr().draw(torch.Generator().manual_seed(0), 4)) == {"pictures", "first", "second"}
    with pytest.raises(TrainingError, match="not known which pictures have the same manner"):
        simclr(partners=0.5)


def test_whitened_codes(compact, pictures):
    encoder = compact()
    before = style_codes(encoder, pictures)
    whiten(encoder, before)
    after = style_codes(encoder, pictures)
    torch.testing.assert_close(after.mean(dim=0), torch.zeros(6), rtol=0, atol=1e-4)
    strong = torch.linalg.eigvalsh(torch.cov(before.T, correction=0)) > 0.011 * before.var(dim=0, correction=0).mean()
    found = torch.linalg.eigvalsh(torch.cov(after.T, correction=0))
    torch.testing.assert_close(found[strong], torch.ones(int(strong.sum())), rtol=1e-2, atol=0)
    assert (found < 1.02).all()


def test_standardized_roots_of_gram_matrices(compact, pictures):
    encoder = compact()
    embedder = encoder.embedder
    roots = embedder.roots(pictures.images)
    first = embedder.backbone.activations(pictures.images)[0]
    wanted = (torch.einsum("ihw,jhw->ij", first[2], first[2])[1, 3] / 256 + 1e-4).sqrt()
    torch.testing.assert_close(roots[2, [6]], wanted[None])  # the pairs go 00 01 02 03 11 12 13
    assert roots.shape == (16, encoder.config.gram_dim) == (16, 10 + 21)
    embedder.standardize(roots)
    found = embedder(pictures.images)
    torch.testing.assert_close(found.mean(dim=0), torch.zeros(31), rtol=0, atol=1e-4)
    assert (found.std(dim=0, correction=0) < 1.001).all()
    assert F.mse_loss(embedder(pictures.images[:3]), found[:3]) < 1e-8
