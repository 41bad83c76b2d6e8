"""Training the networks that look at faces: their examples, and that each stage learns and goes on where it was stopped."""

import math
from dataclasses import replace

import pytest
import torch

from pastiche.classes import ATTRIBUTES, CLASSES, IDENTITY, index_of
from pastiche.demo import landmarks, parsing, perceptual
from pastiche.demo.classifier import accuracy, learn_classifier, standardized
from pastiche.demo.detector import choose_threshold, losses_of, targets, unseen_scenes
from pastiche.demo.make import Recipe, train_face_networks
from pastiche.demo.occluded import at_size, draw_portraits, occlude, recolour, replace_background, thicken_hair
from pastiche.demo.parsing import intersection_over_union
from pastiche.demo.recipe import Classifying, Detecting, Landmarking, Parsing, Perceiving
from pastiche.demo.run import Run
from pastiche.demo.scenes import Scenes, draw_scenes
from pastiche.errors import Cancelled
from pastiche.faces.box import Box
from pastiche.faces.detector import STRIDE, TYPICAL, DetectorNet, NetworkDetector
from pastiche.faces.parsing import ParsingNet
from pastiche.synthetic.attributes import HAIR, attributes
from pastiche.synthetic.coordinates import COORDINATES, INDEX
from pastiche.synthetic.dataset import code
from pastiche.synthetic.parameters import parameters
from pastiche.training.degradation import fractal
from pastiche.training.distortions import ORDERED, nearer_and_farther
from pastiche.training.occlusion import put_hands, put_hats

SIDE = 64
TINY = Recipe(
    landmarking=Landmarking(images=4, batch=2),
    parsing=Parsing(images=4, batch=2),
    perceiving=Perceiving(images=4, batch=2, side=64),
    classifying=Classifying(images=4, batch=2, side=32),
    detecting=Detecting(images=4, batch=2, side=64),
)


@pytest.fixture
def rng():
    return torch.Generator().manual_seed(0)


@pytest.fixture
def batch(plain, painted, rng):
    return draw_portraits(plain, painted, 0, 6, 0.5, SIDE, rng)


def test_portraits_come_from_both_and_never_from_what_is_held_out(plain, painted, rng):
    it = draw_portraits(plain, painted, 0, 20, 0.25, SIDE // 2, rng)
    assert it.styled.sum() == 5
    assert it.images.shape == (20, 3, SIDE // 2, SIDE // 2)
    assert it.masks.shape == (20, SIDE // 2, SIDE // 2)
    (first,) = (it.index == 0).nonzero()[:1]
    wanted = (torch.from_numpy(plain.landmarks[0]) + 0.5) / 2 - 0.5
    assert torch.allclose(it.landmarks[first[0]], wanted)
    assert set(draw_portraits(plain, painted, 3, 20, 0.0, SIDE, rng).index.tolist()) == {3}


def test_hats_lie_above_the_eyes_and_hands_below_them(batch, rng):
    eyes = batch.landmarks[:, 36:48, 1].mean()
    rows = torch.arange(SIDE)[:, None]
    hats = put_hats(batch.images, batch.landmarks, rng)
    hands = put_hands(batch.images, batch.landmarks, rng)
    assert hats.mask.any(dim=(1, 2, 3)).all()
    assert (hats.mask & (rows > eyes)).float().sum() < 0.05 * hats.mask.sum()
    assert (hands.mask & (rows < eyes)).float().sum() < 0.3 * hands.mask.sum()
    for covered in (hats, hands):
        assert covered.images.abs().max() <= 1
    assert put_hands(batch.images, batch.landmarks, rng, chance=0.0).images.equal(batch.images)


def test_masks_know_hats_and_hands(batch, rng):
    (hat,), (background,) = index_of("hat"), index_of("background")
    assert (occlude(batch, rng, hats=1.0, hands=0.0).masks == hat).any(dim=(1, 2)).all()
    behind = occlude(batch, rng, hats=0.0, hands=1.0)
    assert (behind.masks == background).sum() > (batch.masks == background).sum()


def test_hair_grows_around_heads_and_only_over_the_background(batch, rng):
    (hair,) = index_of("hair")
    grown = thicken_hair(batch, rng, chance=1.0)
    changed = grown.masks != batch.masks
    assert changed.any()
    assert (grown.masks[changed] == hair).all()
    assert (batch.masks[changed] == 0).all()
    kept = ~changed[:, None].expand_as(batch.images)
    assert grown.images[kept].equal(batch.images[kept])
    assert thicken_hair(batch, rng, chance=0.0).masks.equal(batch.masks)


def test_recolouring_and_another_background_leave_the_rest(batch, rng):
    background = (batch.masks == 0)[:, None].expand_as(batch.images)
    assert recolour(batch, rng, chance=1.0).images[background].equal(batch.images[background])
    other = replace_background(batch, rng, chance=1.0).images
    assert other[~background].equal(batch.images[~background])
    assert not other[background].allclose(batch.images[background])


def test_masks_move_with_their_pictures(plain, painted, rng, monkeypatch):
    """Coloured by its own mask, a picture still has that mask's colours after it was moved."""
    recipe = Parsing()
    it = draw_portraits(plain, painted, 0, 4, 0.0, SIDE, rng)
    colors = torch.linspace(-1, 1, len(CLASSES))
    it = type(it)(colors[it.masks.long()][:, None].expand(-1, 3, -1, -1).clone(), *list(vars(it).values())[1:])
    monkeypatch.setattr(parsing, "degrade", lambda x, _rng: x)
    images, masks = parsing.disturbed(it, recipe, rng)
    assert ((images[:, 0] - colors[masks]).abs() < 0.05).float().mean() > 0.85


@pytest.mark.parametrize("kind", ORDERED)
def test_a_stronger_distortion_is_farther_away(kind, rng):
    x = fractal(4, 3, 32, rng, torch.device("cpu"), roughness=0.6).clamp(-1, 1)
    distort = kind(x, rng)
    weak, strong = ((distort(torch.full((4, 1, 1, 1), amount)) - x).square().mean(dim=(1, 2, 3)) for amount in (0.2, 0.8))
    assert (weak < strong).all()


def test_two_versions_of_every_picture(rng):
    x = torch.rand(8, 3, 32, 32, generator=rng) * 2 - 1
    for _ in range(6):
        near, far = nearer_and_farther(x, rng)
        assert near.shape == far.shape == x.shape
        assert near.isfinite().all()
        assert not near.equal(far)


def test_scenes_show_faces_where_their_boxes_are(plain, painted, rng, monkeypatch):
    """A person whose nose is painted red: it is red in the middle of the box."""
    it = draw_portraits(plain, painted, 0, 8, 0.0, SIDE, rng)
    it.images[:] = -1
    for n, (x, y) in enumerate(it.landmarks[:, [36, 45, 57]].mean(dim=1).round().long()):
        it.images[n, 0, y - 5 : y + 6, x - 5 : x + 6] = 1
    monkeypatch.setattr("pastiche.demo.scenes.degrade", lambda x, _rng: x)
    monkeypatch.setattr("pastiche.demo.scenes.recolour", lambda it, _rng: it)
    recipe = Detecting(faces=1.0, hats=0.0, hands=0.0, fitting=1.0, side=96)
    scenes = draw_scenes(it, recipe, rng)
    boxes = scenes.boxes[:, 0]
    inside = ((boxes[:, :2] > 8) & (boxes[:, :2] < 88)).all(dim=1)
    assert inside.sum() >= 3
    for picture, (x, y, _, _) in zip(scenes.images[inside], boxes[inside], strict=True):
        red, green, blue = picture[:, int(y), int(x)]
        assert red > 0
        assert max(green, blue) < 0


def answers_for(scenes):
    """What a network that knows everything would answer."""
    blank = torch.zeros(len(scenes.images), 6, *(side // STRIDE for side in scenes.images.shape[-2:]))
    right, _, wanted = targets(blank, scenes)
    return torch.cat([20 * right[:, None] - 10, wanted], dim=1)


def one_face(shown=1.0, side=TYPICAL):
    boxes = torch.tensor([[[40.0, 44.0, side, math.radians(20)], [0.0, 0.0, 20.0, 0.0]]])
    return Scenes(torch.zeros(1, 3, 96, 96), boxes, torch.tensor([[shown, 0.0]]))


def test_right_answers_cost_nothing_and_wrong_ones_do():
    scenes = one_face()
    perfect = answers_for(scenes)
    assert 1 <= int((perfect[:, 0] > 0).sum()) <= 4
    losses = losses_of(perfect, scenes)
    assert losses["boxes"] < 1e-6
    assert losses["faces"] < 1e-3
    assert losses_of(-perfect, scenes)["faces"] > 1


def test_a_hidden_face_is_neither_right_nor_wrong():
    right, counts, _ = targets(torch.zeros(1, 6, 12, 12), one_face(shown=-1.0))
    assert right.sum() == 0
    assert counts[0, 5, 4] == 0
    _, counts, _ = targets(torch.zeros(1, 6, 12, 12), one_face(side=200.0))
    assert counts.all()


def test_the_threshold_parts_faces_from_the_rest(monkeypatch):
    """A face that is seen at a score of 0.6, and a false find far from it at 0.4."""

    def finds(_self, image):
        sure = float(image.mean()) > 0
        face = Box.around(40, 44, TYPICAL, score=0.6)
        return [face, Box.around(85, 10, 20, score=0.4)] if sure else [Box.around(85, 10, 20, score=0.3)]

    monkeypatch.setattr(NetworkDetector, "__call__", finds)
    network, scenes = DetectorNet(), one_face()
    scenes.images[:] = 0.5
    threshold, found = choose_threshold(network, [scenes])
    assert threshold == pytest.approx(0.6)
    assert found == 1
    assert float(network.threshold) == pytest.approx(threshold)
    scenes.images[:] = -0.5
    assert choose_threshold(network, [scenes])[1] == 0


def test_overlap_is_told_for_the_classes_that_are_there(plain):
    scores = intersection_over_union(ParsingNet().eval(), plain, torch.arange(2), Parsing())
    assert set(scores) <= set(CLASSES)
    assert {"background", "skin", "eyes"} <= set(scores)
    assert all(0 <= score <= 1 for score in scores.values())


@pytest.mark.slow
def test_every_stage_writes_its_network_and_goes_on_where_it_was_stopped(plain, painted, tmp_path):
    run = Run(folder=tmp_path / "run", device=torch.device("cpu"), precision=torch.float32, held_out=1)
    seen, out = [], tmp_path / "out"

    def stopped(name):
        def progress(_step):
            raise Cancelled

        return progress

    with pytest.raises(Cancelled):
        train_face_networks(plain, painted, run, out, recipe=TINY, stage=stopped)
    assert not list(out.iterdir())
    train_face_networks(plain, painted, run, out, recipe=TINY, stage=lambda name: lambda step: seen.append((name, step)))
    assert {path.stem for path in out.iterdir()} == {*("landmarks", "parsing", "perceptual", "classifier", "detector")}
    assert sum(path.stat().st_size for path in out.iterdir()) < 8_000_000, "the bundle is to stay under 30 MB"
    assert all(math.isfinite(value) for _, step in seen for value in step.losses.values())
    first, count = {path.name: path.read_bytes() for path in out.iterdir()}, len(seen)
    train_face_networks(plain, painted, run, out, recipe=TINY, stage=lambda name: lambda step: seen.append((name, step)))
    assert len(seen) == count
    assert {path.name: path.read_bytes() for path in out.iterdir()} == first


def test_a_detector_learns_scenes_by_heart(batch, rng):
    torch.manual_seed(0)
    scenes, network = draw_scenes(batch, Detecting(side=64, faces=1.0, fitting=1.0), rng), DetectorNet()
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    losses = []
    for _ in range(25):
        loss = losses_of(network(scenes.images), scenes)
        losses.append({name: float(value.detach()) for name, value in loss.items()})
        optimizer.zero_grad()
        sum(loss.values()).backward()
        optimizer.step()
    assert losses[-1]["faces"] < 0.6 * losses[0]["faces"]
    assert losses[-1]["boxes"] < 0.6 * losses[0]["boxes"]


def test_scenes_can_be_made_of_certain_portraits(plain, rng):
    found = unseen_scenes(plain, torch.arange(4), Detecting(batch=3, side=64), rng)
    assert [part.images.shape for part in found] == [(3, 3, 64, 64), (1, 3, 64, 64)]


def test_the_answers_to_the_perceptual_questions_are_the_painters(plain, painted, rng):
    it = draw_portraits(plain, painted, 0, 8, 0.5, SIDE, rng)
    true = perceptual.answers(it, 0)
    assert ((true.landmarks > 0) & (true.landmarks < 1.1)).all()
    assert true.style[it.styled].tolist() == (it.index[it.styled] % len(perceptual.STYLES)).tolist()
    assert (true.style[~it.styled] == len(perceptual.STYLES)).all()


def test_landmarks_stay_on_their_faces(plain, painted, rng):
    crops, points = landmarks.examples(plain, painted, 0, Landmarking(), 6, rng)
    assert crops.shape == (6, 3, 96, 96)
    assert ((points.mean(dim=1) - 0.5).abs() < 0.35).all()


def test_every_kind_of_hair_has_an_answer(plain):
    braided = next(index for index in range(64) if attributes(parameters(code(index)[None])).hair == ["braids"])
    it = replace(at_size(plain, torch.tensor([0]), SIDE), index=torch.tensor([braided]))
    assert perceptual.answers(it, plain.seed).hair.tolist() == [HAIR.index("braids")]


def test_the_classifier_learns_its_labels(plain, painted, tmp_path):
    run = Run(folder=tmp_path, device=torch.device("cpu"), precision=torch.float32, held_out=0)
    recipe = Classifying(images=320, batch=8, side=32, clutter=0.0, degraded=0.0, average_images=40)
    heard = []
    network = learn_classifier(plain, painted, run, recipe=recipe, progress=lambda step: heard.append(step.losses))
    assert heard[-1]["classifier/labels"] < 0.7 * heard[0]["classifier/labels"]
    assert heard[-1]["classifier/readings"] < 0.8 * heard[0]["classifier/readings"]
    labels, style = accuracy(network, plain, painted, held_out=4, side=32)
    assert sum(labels.values()) / len(labels) > 0.75
    assert style > 0.5


def test_readings_have_the_spread_of_random_portraits_and_follow_their_coordinate():
    z = torch.randn(2000, len(COORDINATES), generator=torch.Generator().manual_seed(1))
    known = standardized(z)
    assert known.mean(dim=0).abs().max() < 0.15
    assert (known.std(dim=0) - 1).abs().max() < 0.15
    for name in ("smile", "age", "yaw", "pitch", "hair_length", "face_width"):
        column = (*ATTRIBUTES, *IDENTITY).index(name)
        assert torch.corrcoef(torch.stack([known[:, column], z[:, INDEX[name]]]))[0, 1] > 0.5, name
