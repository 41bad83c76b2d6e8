"""The training of the generator: what each step teaches, and that it can be stopped and repeated."""

from copy import deepcopy
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from pastiche.blendgan.training.codes import TensorPictures, style_codes
from pastiche.blendgan.training.config import BLEND_PRESETS, ONE_SHOT_PRESETS, BlendTraining
from pastiche.blendgan.training.faces import draw_faces, face_codes, show
from pastiche.blendgan.training.pairs import Pairs, gram_loss, match_names
from pastiche.blendgan.training.recolour import recoloured
from pastiche.blendgan.training.start import blend_generator
from pastiche.blendgan.training.train import blend_task, one_shot_task
from pastiche.errors import Cancelled, TrainingError
from pastiche.losses.perceptual_net import PerceptualConfig, PerceptualNet
from pastiche.losses.reconstruction import reconstruction_loss
from pastiche.losses.texture import textured_loss
from pastiche.training.loop import run_phase, train
from pastiche.training.muon import Muon
from pastiche.training.noise import seeded_maps
from pastiche.training.processes import Processes
from pastiche.training.task import Moment

CPU = torch.device("cpu")


@pytest.fixture
def improve(schedule):
    """The losses of one phase on one draw, before and after some steps of that phase alone."""

    def steps(task, name, count=8):
        task.draw(torch.Generator().manual_seed(0), 4)
        draw = task.draw(torch.Generator().manual_seed(1), 4)
        phase = next(phase for phase in task.phases if phase.name == name)
        arguments = (
            task,
            phase,
            draw,
            Moment(),
            schedule(count),
            Processes(CPU),
            torch.amp.GradScaler("cpu", enabled=False),
        )
        found = [run_phase(*arguments) for _ in range(count)]
        return found[0], found[-1]

    return steps


def total(losses):
    return sum(float(value) for name, value in losses.items() if not name.endswith(("gradient", "length", "sign")))


@pytest.mark.parametrize("name", ["critics", "r1", "generator", "path"])
def test_each_step_lowers_its_own_losses(blend, improve, name):
    task = blend()
    others = deepcopy(task.networks["generator" if name in ("critics", "r1") else "critics"].state_dict())
    before, after = improve(task, name)
    assert total(after) < total(before)
    same = task.networks["generator" if name in ("critics", "r1") else "critics"].state_dict()
    assert all(torch.equal(value, same[key]) for key, value in others.items())


def test_the_weights_count(blend):
    draw = blend().draw(torch.Generator().manual_seed(0), 4)
    plain, weighted = (task.deception(draw, Moment()) for task in (blend(), blend(weight_style=2.0, weight_latent=0.0)))
    torch.testing.assert_close(weighted["style"], 2 * plain["style"])
    torch.testing.assert_close(weighted["face"], plain["face"])
    assert weighted["latent"] == 0


def test_rates_and_betas_are_corrected_for_lazy_steps(blend):
    groups = {name: optimizer.param_groups[0] for name, optimizer in blend().optimizers.items()}
    assert groups["generator"]["lr"] == pytest.approx(0.0016)
    assert groups["generator"]["betas"] == pytest.approx((0, 0.99**0.8))
    assert groups["critics"]["lr"] == pytest.approx(0.002 * 16 / 17)
    assert groups["critics"]["betas"] == pytest.approx((0, 0.99 ** (16 / 17)))
    assert [(phase.name, phase.every) for phase in blend().phases] == [
        ("critics", 1),
        ("r1", 16),
        ("generator", 1),
        ("path", 4),
    ]


def test_regularizations_of_weight_0_take_no_steps(blend):
    task = blend(r1=0.0, path=0.0)
    assert [phase.name for phase in task.phases] == ["critics", "generator"]
    assert [optimizer.param_groups[0]["lr"] for optimizer in task.optimizers.values()] == pytest.approx([0.002, 0.002])


def test_faces_are_natural_at_the_last_indicator_and_stylized_at_the_first(blend):
    task = blend(mixing=0.0)
    draw = task.draw(torch.Generator().manual_seed(0), 4)
    codes = task.codes[draw["pictures"]]
    natural, styled = task._draw_both(draw, "faces_", codes)
    w_plus = face_codes(task.generator, draw["faces_z"], draw["faces_cut"])
    noise = seeded_maps(draw["faces_noise"], task.generator.noise_resolutions, CPU)
    torch.testing.assert_close(natural, task.generator.synthesis(w_plus, codes, indicator=6, noise=noise))
    torch.testing.assert_close(styled, task.generator.synthesis(w_plus, codes, indicator=0, noise=noise))


def test_random_indicators(blend):
    task = blend(indicator_most=4)
    draw = task.draw(torch.Generator().manual_seed(0), 64)
    assert sorted(set(draw["indicator"].tolist())) == [0, 1, 2, 3, 4]
    w_plus = face_codes(task.generator, draw["faces_z"], draw["faces_cut"])
    w_s = task.generator.map_style(task.codes[draw["pictures"]])
    blended = task.generator.blend(w_plus, w_s, draw["indicator"])
    for place in range(8):
        alone = task.generator.blend(w_plus[[place]], w_s[[place]], int(draw["indicator"][place]))
        torch.testing.assert_close(blended[[place]], alone)


def test_two_codes_for_a_face(blend):
    generator = blend().generator
    drawn = draw_faces(torch.Generator().manual_seed(0), 200, generator, 0.5)
    assert 70 < int((drawn["cut"] == generator.num_layers).sum()) < 130
    first, second = generator.mapping(drawn["z"]).unbind(dim=1)
    codes = face_codes(generator, drawn["z"], drawn["cut"])
    for face in range(6):
        cut = int(drawn["cut"][face])
        assert torch.equal(codes[face, :cut], first[face].expand(cut, -1))
        assert torch.equal(codes[face, cut:], second[face].expand(generator.num_layers - cut, -1))


def test_smaller_sides(blend):
    task = blend(side=8)
    codes = face_codes(task.generator, torch.randn(2, 2, 6), torch.tensor([9, 9]))
    assert show(task.generator, codes, None, 8).shape == (2, 3, 8, 8)
    torch.testing.assert_close(show(task.generator, codes, None, 16), task.generator.synthesis(codes, noise="none"))


def test_adaptive_augmentation(blend):
    task, plain = blend(augment="bg", augment_images=100.0), blend()
    draw = task.draw(torch.Generator().manual_seed(0), 4)
    signs = {"critics/face_sign": 1.0, "critics/style_sign": -1.0}
    for _ in range(4):
        task.after_step(signs, Moment(seen=4, iteration=1))
    face, style = (task.states[f"augment {kind}"] for kind in ("face", "style"))
    assert (face.p, style.p) == pytest.approx((0.16, 0.0))
    face.p = 1.0
    changed, same = task._shown(draw, Moment(), "critics_"), plain._shown(draw, Moment(), "critics_")
    assert not torch.equal(changed.faces, same.faces)
    assert torch.equal(changed.pictures, same.pictures)
    assert sum(task.deception(draw, Moment()).values()).isfinite()


def test_what_is_kept_between_iterations(blend):
    task = blend()
    task.generator.add_weight.data.fill_(1.3)
    task.after_step({"path/length": 2.0}, Moment())
    assert (task.generator.add_weight == 1).all()
    assert task.mean.value == pytest.approx(0.02)
    task.after_step({}, Moment())
    assert task.mean.value == pytest.approx(0.02)


def test_the_same_seed_learns_the_same_also_if_interrupted(blend, schedule, weights, tmp_path):
    whole, again = blend(), blend()
    before = weights(whole)
    train(whole, schedule(3), folder=tmp_path / "whole", device="cpu")

    def stop(step):
        if step.index >= 8:
            raise Cancelled

    with pytest.raises(Cancelled):
        train(again, schedule(3), folder=tmp_path / "again", device="cpu", progress=stop)
    resumed = blend()
    train(resumed, schedule(3), folder=tmp_path / "again", device="cpu")
    assert torch.equal(weights(whole), weights(resumed))
    assert not torch.equal(weights(whole), before)
    generator = resumed.result()
    torch.testing.assert_close(generator.w_avg, generator.estimate_w_avg())


def test_a_split_batch_has_the_same_gradients(blend, schedule):
    """Here the discriminators see each picture alone; in a training, groups of a batch."""
    found = []
    for accumulate in (1, 2):
        task = blend()
        phase = next(phase for phase in task.phases if phase.name == "generator")
        draw = task.draw(torch.Generator().manual_seed(0), 8)
        arguments = (Moment(), schedule(1, 8, accumulate=accumulate), Processes(CPU))
        for critic in (task.critics, task.critics.style, task.critics.latent):
            object.__setattr__(critic.config, "group_size", 1)
        scaler = torch.amp.GradScaler("cpu", enabled=False)
        found.append(run_phase(task, phase, draw, *arguments, scaler, step=False))
    for name, value in found[0].items():
        torch.testing.assert_close(value, found[1][name], rtol=1e-4, atol=1e-5)


def test_a_preview_shows_people_with_styles(blend):
    task = blend()
    shown = task.samples()
    assert shown.shape == (16, 3, 16, 16)
    assert torch.equal(shown, task.samples())
    z = torch.randn(4, 6, generator=torch.Generator().manual_seed(7))
    torch.testing.assert_close(
        shown[::4], task.average.synthesis(task.average.broadcast(task.average.mapping(z)), noise="none")
    )


@pytest.fixture
def paired(base):
    """Painted people, whose natural faces are the base's."""
    w_plus = base.broadcast(base.mapping(base.sample_z(4, torch.Generator().manual_seed(9))))
    natural = TensorPictures(base.synthesis(w_plus, noise="none"))
    numbers = torch.tensor([[0, 3], [1, 5], [2, 7], [3, 9]])

    def codes(_numbers, images):
        return torch.stack([w_plus[int((natural.images - image).square().sum(dim=(1, 2, 3)).argmin())] for image in images])

    return Pairs(faces=natural, numbers=numbers, codes=codes)


@pytest.fixture
def known(base):
    """Painted people whose codes are known, so that no natural faces are needed."""
    w_plus = base.broadcast(base.mapping(base.sample_z(4, torch.Generator().manual_seed(9))))
    numbers = torch.tensor([[0, 3], [1, 5], [2, 7], [3, 9]])
    return Pairs(faces=None, numbers=numbers, codes=lambda which, _images: w_plus[which])


def drawn_pairs(flips=(False, False), indicator=(0, 0), read=(5, 9)):
    """What is drawn of the second and the last pair."""
    return {
        "pairs": torch.tensor([1, 3]),
        "pairs_read": torch.tensor(read),
        "flips": torch.tensor(flips),
        "indicator": torch.tensor(indicator),
        "faces_noise": torch.tensor([11, 12]),
    }


def test_names_that_belong_together():
    found = match_names(["a/01.png", "a/02.png", "a/05.png"], ["oil/02.jpg", "oil/03.jpg", "ink/05.png", "ink/02.png"])
    assert found.tolist() == [[1, 0], [2, 2], [1, 3]]
    assert match_names(["1.png"], ["2.png"]).shape == (0, 2)


def test_the_paired_losses(blend, paired, pictures):
    task = blend(of={"pairs": paired}, weight_pairs=2.0)
    found = task.paired(drawn_pairs(), Moment())
    natural = paired.codes(None, paired.faces.images[[1, 3]])
    styled = task.generator.synthesis(natural, task.codes[[5, 9]], indicator=0, noise="none")
    assert found["pairs_natural"] < 1e-5
    torch.testing.assert_close(found["pairs_styled"], 2 * textured_loss(styled, pictures.images[[5, 9]]))
    plain = blend(of={"pairs": paired}, weight_pairs=1.0, pairs_fine=0.7, pairs_texture=0.5).paired(drawn_pairs(), Moment())
    wanted = textured_loss(styled, pictures.images[[5, 9]], fine=0.7, texture=0.5)
    torch.testing.assert_close(plain["pairs_styled"], wanted)
    draw = task.draw(torch.Generator().manual_seed(0), 4)
    assert torch.equal(draw["pairs_read"], paired.numbers[draw["pairs"], 1])
    assert "colors" not in draw


@pytest.mark.parametrize("noise", [True, False])
def test_pairs_are_drawn_with_noise_where_other_faces_are(blend, paired, pictures, noise):
    task = blend(of={"pairs": paired}, weight_pairs=1.0, noise=noise)
    for name, value in task.generator.named_parameters():
        if name.endswith("noise.weight"):
            value.data.fill_(0.3)
    draw = drawn_pairs()
    natural = paired.codes(None, paired.faces.images[[1, 3]])
    w_plus = task.generator.blend(natural, task.generator.map_style(task.codes[[5, 9]]))
    styled = show(task.generator, w_plus, draw["faces_noise"] if noise else None, 16)
    torch.testing.assert_close(task.paired(draw, Moment())["pairs_styled"], textured_loss(styled, pictures.images[[5, 9]]))


def test_pairs_have_the_indicators_of_the_other_faces(blend, known, pictures):
    task = blend(of={"pairs": known}, weight_pairs=1.0, indicator_most=4)
    found = task.paired(drawn_pairs(indicator=(4, 1)), Moment())
    natural = known.codes(torch.tensor([1, 3]), None)
    alone = [
        task.generator.synthesis(natural[[place]], task.codes[[picture]], indicator=indicator, noise="none")
        for place, picture, indicator in ((0, 5, 4), (1, 9, 1))
    ]
    torch.testing.assert_close(found["pairs_styled"], textured_loss(torch.cat(alone), pictures.images[[5, 9]]))
    assert list(found) == ["pairs_styled"]


def test_a_perceptual_network_compares_pairs_too(blend, paired, pictures):
    torch.manual_seed(0)
    network = PerceptualNet(PerceptualConfig(widths=(4, 6)))
    task = blend(of={"pairs": replace(paired, perceptual=network)}, weight_pairs=1.0, weight_features=0.5)
    found = task.paired(drawn_pairs(flips=(True, False)), Moment())
    assert list(found) == [f"pairs_{name}" for name in ("natural", "natural_features", "styled", "styled_features")]
    assert task.frozen == {"perceptual": network}
    mirrored = pictures.images[[5, 9]].clone()
    mirrored[0] = mirrored[0].flip(2)
    faces = paired.faces.images[[1, 3]].clone()
    faces[0] = faces[0].flip(2)
    styled = task.generator.synthesis(paired.codes(None, faces), task.codes[[5, 9]], indicator=0, noise="none")
    torch.testing.assert_close(found["pairs_styled_features"], 0.5 * network(styled, mirrored).mean())


def test_natural_faces_are_held_to_those_of_before(blend, known):
    task = blend(of={"pairs": known}, weight_pairs=2.0, weight_natural=3.0)
    assert task.paired(drawn_pairs(), Moment())["pairs_natural"] == 0
    before = show(task.generator, known.codes(torch.tensor([1]), None), None, 16)
    task.generator.input.input.data.add_(0.5)
    moved = show(task.generator, known.codes(torch.tensor([1]), None), None, 16)
    torch.testing.assert_close(task.paired(drawn_pairs(), Moment())["pairs_natural"], 6 * reconstruction_loss(moved, before))


def test_textures_are_compared_by_what_the_style_encoder_reads(blend, known, compact, pictures):
    reader = compact()
    task = blend(of={"pairs": known, "reader": reader}, weight_pairs=1.0, weight_texture=0.5)
    found = task.paired(drawn_pairs(), Moment())["pairs_texture"]
    codes = known.codes(torch.tensor([1, 3]), None)
    styled = task.generator.synthesis(codes, task.codes[[5, 9]], indicator=0, noise="none")
    drawn, right = reader.embedder(styled), reader.embedder(pictures.images[[5, 9]])
    torch.testing.assert_close(found, 0.5 * (drawn - right).abs().mean() / right.abs().mean())
    assert task.frozen == {"reader": reader}
    with pytest.raises(TrainingError, match="need the style encoder itself"):
        blend(of={"pairs": known}, weight_pairs=1.0, weight_texture=0.5)


def test_large_pictures_are_compared_square_by_square(compact):
    reader = compact()
    first, second = (torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(seed)) for seed in (1, 2))
    parts = [(slice(a, a + 16), slice(b, b + 16)) for a in (0, 16) for b in (0, 16)]
    codes = [torch.cat([reader.embedder(image[..., y, x]) for y, x in parts]) for image in (first, second)]
    wanted = (codes[0] - codes[1]).abs().mean() / codes[1].abs().mean()
    torch.testing.assert_close(gram_loss(reader, first, second), wanted)
    halved = F.avg_pool2d(first, 2)
    torch.testing.assert_close(
        gram_loss(reader, first, second[..., :16, :16]), gram_loss(reader, halved, second[..., :16, :16])
    )


def test_recoloured_pictures_are_shown_and_read_in_the_same_colours(blend, known, compact, pictures):
    reader = compact()
    task = blend(of={"pairs": known, "reader": reader}, weight_pairs=1.0, recolour=1.0)
    draw = task.draw(torch.Generator().manual_seed(0), 4)
    changed = recoloured(task.pictures.batch(draw["pictures"], draw["flips"]), draw["colors"])
    shown = task._shown(draw, Moment(), "critics_")
    torch.testing.assert_close(shown.pictures, changed)
    torch.testing.assert_close(shown.codes, reader(recoloured(pictures.images[draw["pictures"]], draw["colors"])))
    assert not torch.equal(draw["colors"], draw["pairs_colors"])
    found = task.paired(draw, Moment())["pairs_styled"]
    numbers = known.numbers[draw["pairs"], 1]
    codes = reader(recoloured(pictures.images[numbers], draw["pairs_colors"]))
    styled = task.generator.synthesis(known.codes(draw["pairs"], None), codes, indicator=0, noise="none")
    wanted = recoloured(task.pictures.batch(numbers, draw["flips"]), draw["pairs_colors"])
    torch.testing.assert_close(found, textured_loss(styled, wanted))


def test_styles_are_read_from_partners(blend, known):
    partners = torch.arange(16).roll(1)
    task = blend(of={"pairs": known, "partners": partners}, weight_pairs=1.0, partners=0.5)
    draw = task.draw(torch.Generator().manual_seed(0), 64)
    own = known.numbers[draw["pairs"], 1]
    taken = draw["pairs_read"] == partners[own]
    assert 16 < int(taken.sum()) < 48
    assert torch.equal(draw["pairs_read"][~taken], own[~taken])
    first = task.paired(drawn_pairs(read=(4, 8)), Moment())["pairs_styled"]
    codes = known.codes(torch.tensor([1, 3]), None)
    styled = task.generator.synthesis(codes, task.codes[[4, 8]], indicator=0, noise="none")
    torch.testing.assert_close(first, textured_loss(styled, task.pictures.images[[5, 9]]))
    with pytest.raises(TrainingError, match="not known which pictures have the same manner"):
        blend(of={"pairs": known}, weight_pairs=1.0, partners=0.5)


def test_layers_that_stay_as_they_are(blend, known, schedule, tmp_path):
    task = blend(of={"pairs": known}, weight_pairs=1.0, pairs_only=True, frozen_side=8, lr=0.01, lr_codes=30.0)
    assert [group["lr"] for group in task.optimizers["generator"].param_groups] == pytest.approx([0.01, 0.3])
    before = deepcopy(task.generator.state_dict())
    train(task, schedule(1), folder=tmp_path, device="cpu")
    moved = {
        name.rpartition(".conv")[0] or name
        for name, value in task.generator.state_dict().items()
        if not torch.equal(value, before[name])
    }
    assert {"add_weight", "embedding.1.weight", "convs.2", "convs.3", "to_rgbs.1"} <= moved
    still = ("style.", "input", "conv1", "to_rgb1", "convs.0", "convs.1.", "to_rgbs.0")
    assert not any(name.startswith(still) for name in moved)


def test_discriminators_that_see_smaller_pictures(base, faces, pictures, compact, small_discriminator):
    known = small_discriminator(16)
    settings = BlendTraining(code_layers=2, critics_side=8, share_trunk=True)
    task = blend_task(base, compact(), faces, pictures, settings, discriminator=known, device="cpu")
    assert (task.side, task.critics.resolution, task.critics.latent.resolution) == (16, 8, 8)
    assert torch.equal(task.critics.style.convs[1].skip[1].weight, known.convs[2].skip[1].weight)
    assert torch.equal(task.critics.final_linear[0].weight, known.final_linear[0].weight)
    draw = task.draw(torch.Generator().manual_seed(0), 4)
    shown = task._shown(draw, Moment(), "critics_")
    assert shown.faces.shape == shown.pictures.shape == (4, 3, 8, 8)
    assert sum(task.criticism(draw, Moment()).values()).isfinite()
    assert sum(task.deception(draw, Moment()).values()).isfinite()


def test_pairs_alone(blend, paired, schedule, tmp_path):
    task, losses = blend(of={"pairs": paired}, weight_pairs=1.0, pairs_only=True, side=8, lr=0.01), []
    train(task, schedule(25), folder=tmp_path, device="cpu", progress=lambda step: losses.append(step.losses))
    assert list(task.networks) == ["generator"]
    styled = [step["generator/pairs_styled"] for step in losses]
    assert sum(styled[-5:]) < 0.9 * sum(styled[:5])


@pytest.mark.parametrize("alone", [True, False])
def test_the_generator_may_learn_with_muon(blend, paired, alone):
    task = blend(of={"pairs": paired}, weight_pairs=1.0, pairs_only=alone, muon=0.2)
    assert type(task.optimizers["generator"]) is Muon
    assert {group["share"] for group in task.optimizers["generator"].param_groups} == {0.2}
    assert all(type(optimizer) is torch.optim.Adam for name, optimizer in task.optimizers.items() if name == "critics")


def test_pairs_that_are_not_there(blend):
    with pytest.raises(TrainingError, match="weight_pairs above 0"):
        blend(pairs_only=True)
    with pytest.raises(TrainingError, match="there are no pairs"):
        blend(pairs_only=True, weight_pairs=1.0)


@pytest.fixture
def one_shot(blend, compact, pictures):
    def build(faces=None, **changes):
        known, encoder = blend(), compact()
        settings = BlendTraining(code_layers=2, **changes)
        return one_shot_task(known.generator, known.critics, encoder, pictures.images[[2]], settings, faces=faces)

    return build


def test_one_shot_sees_the_reference_and_natural_faces(one_shot, faces, pictures, compact):
    task = one_shot(faces=faces)
    draw = task.draw(torch.Generator().manual_seed(0), 1)
    shown = task._shown({**draw, "flips": torch.tensor([False]), "real_flips": torch.tensor([False])}, Moment(), "critics_")
    assert torch.equal(shown.pictures, pictures.images[[2]])
    assert torch.equal(shown.codes, style_codes(compact(), TensorPictures(pictures.images[[2]])))
    assert shown.others is None
    assert any(torch.equal(shown.faces[0], face) for face in faces.images)


def test_one_shot_without_photographs_takes_the_faces_of_before(one_shot):
    task = one_shot(noise=False)
    draw = task.draw(torch.Generator().manual_seed(0), 1)
    task.generator.input.input.data.zero_()
    before = task.faces.generator
    wanted = show(before, face_codes(before, draw["real_z"], draw["real_cut"]), None, 16)
    assert torch.equal(task._shown(draw, Moment(), "critics_").faces, wanted)


def test_one_shot_learns_the_reference(one_shot, schedule, tmp_path):
    task, known = one_shot(lr=0.01, noise=False), one_shot()
    train(task, schedule(3, 1, average_ramp=None), folder=tmp_path, device="cpu")
    codes = known.generator.broadcast(known.generator.w_avg[None])
    assert not torch.equal(task.result().synthesis(codes), known.generator.synthesis(codes))


def test_a_reference_of_another_size(one_shot, blend, compact):
    known = blend()
    with pytest.raises(TrainingError, match=r"one aligned face \[1, 3, 16, 16\], not \[2, 3, 16, 16\]"):
        one_shot_task(known.generator, known.critics, compact(), torch.zeros(2, 3, 16, 16), BlendTraining())


def test_a_blendgan_is_trained_further(blend):
    task = blend()
    again = blend_generator(task.result(), code_dim=6)
    assert torch.equal(again.add_weight, task.average.add_weight)


def test_the_papers_schedules():
    schedule = ONE_SHOT_PRESETS["paper"][1]
    assert (schedule.images, schedule.batch) == (1000, 1)
    schedule = BLEND_PRESETS["paper"][1]
    assert schedule.images / schedule.batch == 200_000
