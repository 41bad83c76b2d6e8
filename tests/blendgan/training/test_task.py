"""The training of the generator: what each step teaches, and that it can be stopped and repeated."""

from copy import deepcopy
from dataclasses import replace

import pytest
import torch

from pastiche.blendgan.training.codes import TensorPictures, style_codes
from pastiche.blendgan.training.config import BLEND_PRESETS, ONE_SHOT_PRESETS, BlendTraining
from pastiche.blendgan.training.faces import draw_faces, face_codes, show
from pastiche.blendgan.training.pairs import Pairs, match_names, pair_losses
from pastiche.blendgan.training.start import blend_generator
from pastiche.blendgan.training.train import one_shot_task
from pastiche.errors import Cancelled, TrainingError
from pastiche.losses.perceptual_net import PerceptualConfig, PerceptualNet
from pastiche.losses.reconstruction import reconstruction_loss
from pastiche.training.loop import run_phase, train
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


def test_faces_are_natural_at_the_last_indicator_and_stylized_at_the_first(blend):
    task = blend(mixing=0.0)
    draw = task.draw(torch.Generator().manual_seed(0), 4)
    natural, styled = task._draw_both(draw, "faces_", Moment())
    w_plus = face_codes(task.generator, draw["faces_z"], draw["faces_cut"])
    noise = seeded_maps(draw["faces_noise"], task.generator.noise_resolutions, CPU)
    codes = task.codes[draw["pictures"]]
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
        for judge in (task.critics, task.critics.style, task.critics.latent):
            object.__setattr__(judge.config, "group_size", 1)
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


# --- pairs ---------------------------------------------------------------------------------------------


@pytest.fixture
def paired(base, pictures):
    """Painted people, whose natural faces are the base's."""
    w_plus = base.broadcast(base.mapping(base.sample_z(4, torch.Generator().manual_seed(9))))
    natural = TensorPictures(base.synthesis(w_plus, noise="none"))
    numbers = torch.tensor([[0, 3], [1, 5], [2, 7], [3, 9]])

    def codes(_numbers, images):
        return torch.stack([w_plus[int((natural.images - image).square().sum(dim=(1, 2, 3)).argmin())] for image in images])

    return Pairs(faces=natural, pictures=pictures, numbers=numbers, codes=codes)


def test_names_that_belong_together():
    found = match_names(["a/01.png", "a/02.png", "a/05.png"], ["oil/02.jpg", "oil/03.jpg", "ink/05.png", "ink/02.png"])
    assert found.tolist() == [[1, 0], [2, 2], [1, 3]]
    assert match_names(["1.png"], ["2.png"]).shape == (0, 2)


def test_the_paired_losses(blend, paired, pictures):
    task = blend(of={"pairs": paired}, weight_pairs=2.0)
    chosen = torch.tensor([1, 3])
    codes = task.codes[[5, 9]]
    flips = torch.tensor([False, False])
    found = pair_losses(task.generator, paired, chosen, flips, codes, side=16, features=1.0)
    natural = paired.codes(None, paired.faces.images[[1, 3]])
    styled = task.generator.synthesis(natural, codes, indicator=0, noise="none")
    assert found["natural"] < 1e-5
    torch.testing.assert_close(found["styled"], reconstruction_loss(styled, pictures.images[[5, 9]]))
    assert task.draw(torch.Generator().manual_seed(0), 4)["pairs"].shape == (4,)
    torch.testing.assert_close(task.paired({"pairs": chosen, "flips": flips}, Moment())["pairs_styled"], 2 * found["styled"])


def test_a_perceptual_network_compares_pairs_too(blend, paired):
    torch.manual_seed(0)
    network = PerceptualNet(PerceptualConfig(widths=(4, 6)))
    task = blend(of={"pairs": replace(paired, perceptual=network)}, weight_pairs=1.0, weight_features=0.5)
    draw = {"pairs": torch.tensor([1, 3]), "flips": torch.tensor([True, False])}
    found = task.paired(draw, Moment())
    assert list(found) == [f"pairs_{name}" for name in ("natural", "natural_features", "styled", "styled_features")]
    assert task.frozen == {"perceptual": network}
    mirrored = paired.pictures.images[[5, 9]].clone()
    mirrored[0] = mirrored[0].flip(2)
    faces = paired.faces.images[[1, 3]].clone()
    faces[0] = faces[0].flip(2)
    styled = task.generator.synthesis(paired.codes(None, faces), task.codes[[5, 9]], indicator=0, noise="none")
    torch.testing.assert_close(found["pairs_styled_features"], 0.5 * network(styled, mirrored).mean())


def test_pairs_alone(blend, paired, schedule, tmp_path):
    task, losses = blend(of={"pairs": paired}, weight_pairs=1.0, pairs_only=True, side=8, lr=0.01), []
    train(task, schedule(25), folder=tmp_path, device="cpu", progress=lambda step: losses.append(step.losses))
    assert list(task.networks) == ["generator"]
    styled = [step["generator/pairs_styled"] for step in losses]
    assert sum(styled[-5:]) < 0.9 * sum(styled[:5])


def test_pairs_that_are_not_there(blend):
    with pytest.raises(TrainingError, match="weight_pairs above 0"):
        blend(pairs_only=True)
    with pytest.raises(TrainingError, match="there are no pairs"):
        blend(pairs_only=True, weight_pairs=1.0)


# --- one shot ------------------------------------------------------------------------------------------


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
