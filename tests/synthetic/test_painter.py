"""Synthetic portraits: numbers to pictures, and the folder of pictures to train on."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from pastiche.errors import TrainingError
from pastiche.synthetic import painter
from pastiche.synthetic.attributes import attributes
from pastiche.synthetic.backgrounds import background
from pastiche.synthetic.camera import crop_rays, ffhq_quad
from pastiche.synthetic.coordinates import COORDINATES
from pastiche.synthetic.dataset import PortraitDataset, code, render
from pastiche.synthetic.grain import grain
from pastiche.synthetic.landmarks import project_landmarks, surface_landmarks
from pastiche.synthetic.light import filmic
from pastiche.synthetic.painter import paint, to_srgb
from pastiche.synthetic.parameters import parameters
from pastiche.synthetic.scene import FAR, STEP, Scene, at

SIDE = 32
NOSE, LEFT, RIGHT = 30, 0, 16  # the nose's tip and both ends of the jaw, in the 68-point scheme


def people(*indices):
    return parameters(torch.stack([code(index, 7) for index in indices]))


def backdrop(q):
    """What is behind each portrait, ``[N, 3, SIDE, SIDE]`` in [-1, 1]."""
    steps = (torch.arange(SIDE) + 0.5) * (2 / SIDE) - 1
    y, x = torch.meshgrid(steps, steps, indexing="ij")
    linear = background(q, x.reshape(1, -1), y.reshape(1, -1))
    return to_srgb(filmic(linear)).transpose(1, 2).unflatten(2, (SIDE, SIDE)) * 2 - 1


@pytest.fixture(scope="module")
def pair():
    return paint(people(3, 11), SIDE)


@pytest.fixture(scope="module")
def large():
    return paint(people(3, 11), 2 * SIDE)


def test_every_coordinate_changes_a_portrait():
    middle = parameters(torch.zeros(1, len(COORDINATES)))
    nudged = 1.7 * torch.cat([torch.eye(len(COORDINATES)), -torch.eye(len(COORDINATES))])
    values = [(value, getattr(middle, name)) for name, value in vars(parameters(nudged)).items()]
    moved = sum((value - still).abs().sum(dim=1) for value, still in values)
    sensitive = (moved > 1e-4).view(2, -1).any(dim=0)
    dull = {name for name, does in zip(COORDINATES, sensitive.tolist(), strict=True) if not does}
    # Only some people have these; the mean person is not one of them.
    assert dull <= {"beard", "bald", "bun", "moustache", "braids", "hair_fade"}


def test_too_few_coordinates_are_refused():
    with pytest.raises(ValueError, match=str(len(COORDINATES))):
        parameters(torch.zeros(1, len(COORDINATES) - 1))


def test_further_coordinates_are_ignored():
    z = torch.randn(2, 512, generator=torch.Generator().manual_seed(0))
    whole, cut = parameters(z), parameters(z[:, : len(COORDINATES)])
    assert all(torch.equal(value, getattr(cut, name)) for name, value in vars(whole).items())


def test_codes_lie_on_a_sphere_and_differ():
    first, second = code(0), code(1)
    assert first.norm().item() == pytest.approx(len(COORDINATES) ** 0.5, rel=1e-5)
    assert torch.equal(first, code(0))
    assert not torch.allclose(first, second)
    assert not torch.allclose(first, code(0, seed=1))


def test_pictures_are_pictures(pair):
    assert pair.images.shape == (2, 3, SIDE, SIDE)
    assert pair.images.isfinite().all()
    assert pair.images.min() >= -1
    assert pair.images.max() <= 1
    assert pair.images.flatten(1).std(dim=1).min() > 0.1
    for name, layer in vars(pair.layers).items():
        assert layer.shape[0] == 2, name
        assert layer.shape[2:] == (SIDE, SIDE), name
        assert layer.isfinite().all(), name


def test_masks_are_masks(pair, large):
    for name in ("skin", "hair", "cloth", "eyes", "lips", "glasses", "brows", "mouth", "teeth"):
        mask = getattr(pair.layers, name)
        assert mask.min() >= -1e-5, name
        assert mask.max() <= 1 + 1e-5, name
    assert pair.layers.skin.mean() > 0.05
    # An eye is open for little more than one pixel of the small picture.
    for name in ("eyes", "lips"):
        assert getattr(large.layers, name).amax(dim=(1, 2, 3)).min() > 0.5, name


def test_the_same_numbers_paint_the_same_picture():
    first, again = paint(people(3), 16), paint(people(3), 16)
    assert torch.equal(again.images, first.images)
    assert torch.equal(again.landmarks, first.landmarks)


def test_a_portrait_is_painted_alike_alone_and_among_others(pair):
    alone = paint(people(11), SIDE)
    assert (alone.images - pair.images[1:]).abs().max() < 1e-4
    assert (alone.landmarks - pair.landmarks[1:]).abs().max() < 1e-3


def test_portraits_painted_together_are_those_painted_one_by_one(pair, monkeypatch):
    monkeypatch.setattr(painter, "TOGETHER", {"cpu": 2})
    together = paint(people(3, 11), SIDE)
    assert (together.images - pair.images).abs().mean() < 1e-3
    assert (together.layers.depth - pair.layers.depth).abs().mean() < 1e-3


@pytest.mark.parametrize("side", [64, 128])  # the larger one is led by a crop of half the size
def test_rays_end_on_the_shapes(side):
    """Coarser looks only lead there: what is seen is where the exact distances vanish."""
    q = people(3)
    quad = ffhq_quad(project_landmarks(q))
    scene = Scene(q, quad, side)
    rays, pixel = crop_rays(quad, side)
    t, parts = scene.meet(quad, side)
    seen = t[0] < FAR - 1e-3
    assert 0.3 < seen.float().mean() < 0.95
    exact = scene.parts(at(rays, t)).amin(dim=2)[0, seen]
    assert (exact.abs() < 0.5 * pixel[0]).float().mean() > 0.98
    assert (parts.amin(dim=2)[0, seen] - exact).abs().quantile(0.99) < 5e-3


def test_normals_of_an_even_surface_are_those_of_its_distance():
    q = people(3)
    quad = ffhq_quad(project_landmarks(q))
    scene = Scene(q, quad, 128)
    rays, pixel = crop_rays(quad, 128)
    t, parts = scene.meet(quad, 128)
    seen = t[0] < FAR - 1e-3
    exact = scene.normal(at(rays, t)[:, seen], parts[:, seen], STEP)
    found = scene.normals(rays, t, parts, pixel)[:, seen]
    assert (exact * found).sum(dim=2).quantile(0.1) > 0.99


def test_shoulders_fill_the_lower_corners():
    q = people(3, 11, 20).replace(**dict.fromkeys(("yaw", "pitch", "roll"), torch.zeros(3, 1)))
    layers = paint(q, SIDE).layers
    figure = (layers.skin + layers.hair + layers.cloth)[:, 0, -1]
    assert figure[:, SIDE // 8].min() > 0.5
    assert figure[:, -SIDE // 8].min() > 0.5


def test_an_open_mouth_drops_the_jaw():
    q = people(3, 3).replace(mouth_open=torch.tensor([[0.0], [1.0]]), yaw=torch.zeros(2, 1))
    closed, opened = project_landmarks(q)[:, 8, 1]
    assert closed - opened > 0.05


def test_the_jaw_is_marked_on_the_face_not_on_the_ears():
    q = people(3, 3).replace(ear_size=torch.tensor([[0.6], [1.5]]))
    small, large_ears = surface_landmarks(q)
    assert (small - large_ears).abs().max() < 1e-4


def test_every_resolution_shows_the_same(pair, large):
    shrunk = F.interpolate(large.images, (SIDE, SIDE), mode="area")
    assert (shrunk - pair.images).abs().mean() < 0.03
    # Pixel indices count from the first pixel's centre.
    assert (large.landmarks - (2 * pair.landmarks + 0.5)).abs().max() < 1e-2


def test_landmarks_lie_on_the_face(pair):
    assert pair.landmarks.shape == (2, 68, 2)
    assert pair.landmarks.min() > 0
    assert pair.landmarks.max() < SIDE - 1
    eyes = pair.landmarks[:, 36:48].mean(dim=1)
    mouth, chin = pair.landmarks[:, 48:].mean(dim=1), pair.landmarks[:, 8]
    assert (eyes[:, 1] < mouth[:, 1]).all()
    assert (mouth[:, 1] < chin[:, 1]).all()


def test_landmarks_of_the_eyes_find_the_eyes(large):
    for n, landmarks in enumerate(large.landmarks):
        for first in (36, 42):
            x, y = landmarks[first : first + 6].mean(dim=0).round().long().tolist()
            assert large.layers.eyes[n, 0, y, x] > 0.5


def test_yaw_moves_the_nose_across_the_face():
    q = people(3, 3)
    turned = q.replace(yaw=torch.tensor([[-0.4], [0.4]]), roll=torch.zeros(2, 1), pitch=torch.zeros(2, 1))
    x = project_landmarks(turned)[..., 0]
    where = (x[:, NOSE] - x[:, LEFT]) / (x[:, RIGHT] - x[:, LEFT])
    assert (where[1] - where[0]).abs() > 0.3
    assert where.mean().item() == pytest.approx(0.5, abs=0.1)


def test_labels_say_what_is_shown():
    one = torch.ones(1, 1)
    q = people(3)
    plain = attributes(q.replace(glasses=0 * one, beard=0 * one, bald=one, masculine=-one, smile=-one, age=30 * one))
    assert plain.glasses.tolist() == [False]
    assert plain.beard.tolist() == [False]
    assert plain.masculine.tolist() == [False]
    assert plain.smiling.tolist() == [False]
    assert plain.hair == ["bald"]
    assert plain.age.tolist() == [30]
    other = attributes(q.replace(glasses=one, beard=one, bald=0 * one, bun=one, masculine=one, smile=one))
    assert other.glasses.tolist() == [True]
    assert other.beard.tolist() == [True]
    assert other.masculine.tolist() == [True]
    assert other.smiling.tolist() == [True]
    assert other.hair == ["bun"]


def test_open_smiles_show_teeth_and_closed_mouths_do_not():
    smile, opened = torch.tensor([[0.8], [0.8]]), torch.tensor([[0.0], [0.9]])
    closed, laughing = paint(people(3, 3).replace(smile=smile, mouth_open=opened), 2 * SIDE).layers.teeth
    assert closed.max() < 1e-3
    assert laughing.max() > 0.5


def test_a_key_light_from_the_side_lights_that_side():
    light = F.normalize(torch.tensor([[-1.0, 0.3, 0.6], [1.0, 0.3, 0.6]]), dim=1)
    frontal = torch.zeros(2, 1)
    portraits = paint(people(3, 3).replace(light=light, yaw=frontal, pitch=frontal, roll=frontal), SIDE)
    tone, skin = portraits.images.mean(dim=1) + 1, portraits.layers.skin[:, 0]
    left, right = (tone * skin)[..., : SIDE // 2].sum(dim=(1, 2)), (tone * skin)[..., SIDE // 2 :].sum(dim=(1, 2))
    assert left[0] > 1.15 * right[0]
    assert right[1] > 1.15 * left[1]


def test_grain_is_noise_of_unit_strength_and_continuous():
    x, y = torch.rand(2, 1, 4000, generator=torch.Generator().manual_seed(0)) * 8 - 4
    here = grain(x, y, 0.05)
    assert here.shape == (1, 4000, 4)
    assert here.mean().abs() < 0.15
    assert here.std().item() == pytest.approx(1, abs=0.15)
    assert (grain(x + 1e-4, y, 0.05) - here).abs().max() < 0.05


def test_every_kind_of_backdrop_differs_and_none_is_flat():
    kinds = people(3, 3, 3, 3, 3).replace(back_shape=torch.tensor([[0.1], [0.3], [0.5], [0.7], [0.9]]))
    pictures = backdrop(kinds)
    assert pictures.flatten(1).std(dim=1).min() > 0.01
    assert torch.pdist(pictures.flatten(1)).min() > 1


@pytest.mark.parametrize(
    ("kind", "name"), [("hat_knit", "beanie"), ("hat_peak", "cap"), ("hat_brim", "brimmed"), ("hat_scarf", "scarf")]
)
def test_hats_are_seen_and_named(kind, name):
    kinds = {other: torch.full((2, 1), float(other == kind)) for other in ("hat_knit", "hat_peak", "hat_brim", "hat_scarf")}
    q = people(3, 3).replace(hat=torch.tensor([[0.0], [1.0]]), **kinds)
    assert attributes(q).hat == ["none", name]
    bare, worn = paint(q, 16).layers.hat
    assert bare.max() < 1e-3
    assert worn.mean() > 0.05


def test_hairs_thin_out_at_the_forehead(large):
    """Between hair and forehead lie pixels that are partly both: there is no rim."""
    hair, skin = large.layers.hair - large.layers.brows, large.layers.skin
    both = (hair > 0.15) & (hair < 0.85) & (skin > 0.15)
    assert (both.flatten(1).sum(dim=1) > 2 * SIDE).all()


def test_single_hairs_stand_off_the_outline():
    """Beside the hair, pixels of the background are covered in part, more of them where hair is unruly."""
    unruly = torch.tensor([[0.0], [1.0]])
    q = people(3, 3).replace(hair_messy=unruly, hat=torch.zeros(2, 1), bald=torch.zeros(2, 1))
    layers = paint(q, 2 * SIDE).layers
    covered = (layers.hair * (layers.depth == 0)).sum(dim=(1, 2, 3))
    assert covered[1] > covered[0] > 0
    assert layers.hair.max() <= 1 + 1e-5


def test_dark_glasses_hide_the_eyes():
    one = torch.ones(2, 1)
    q = people(3, 3).replace(glasses=one, glasses_dark=torch.tensor([[0.0], [1.0]]))
    assert attributes(q).sunglasses.tolist() == [False, True]
    eyes = paint(q, SIDE).layers.eyes.sum(dim=(1, 2, 3))
    assert eyes[1] < 0.4 * eyes[0]


def test_glasses_are_seen():
    glasses = torch.tensor([[0.0], [1.0]])
    bare, worn = paint(people(3, 3).replace(glasses=glasses), 16).layers.glasses
    assert bare.max() == 0
    assert worn.max() > 0.2


def test_the_backdrop_is_what_lies_behind(pair):
    behind = backdrop(people(3, 11))
    assert behind.shape == pair.images.shape
    assert (behind - pair.images)[:, :, 0, 0].abs().max() < 0.05


def test_rendering_goes_on_where_it_stopped(tmp_path):
    folder = tmp_path / "portraits"
    begun = PortraitDataset.open(folder, count=3, resolution=32, seed=5)
    begun.images[1], begun.landmarks[1], begun.done[1] = 77, 9, True
    for part in (begun.images, begun.landmarks, begun.done):
        part.flush()
    assert begun.ready().tolist() == [1]

    heard = []
    dataset = render(folder, count=3, resolution=32, seed=5, workers=1, progress=heard.append)
    assert heard == [1, 3]
    assert dataset.ready().tolist() == [0, 1, 2]
    assert (dataset.images[1] == 77).all()  # what was there was kept
    heard.clear()
    render(folder, count=3, resolution=32, seed=5, workers=1, progress=heard.append)
    assert heard == [3]  # nothing was missing

    z, images, landmarks = PortraitDataset.open(folder).batch(np.array([2]))
    wanted = paint(parameters(z), 32)
    assert torch.equal(z[0], code(2, 5))
    assert (images - wanted.images).abs().max() < 1 / 127
    assert torch.allclose(landmarks, wanted.landmarks, atol=1e-3)


def test_a_folder_of_other_portraits_is_not_touched(tmp_path):
    PortraitDataset.open(tmp_path, count=2, resolution=8)
    with pytest.raises(TrainingError, match="other portraits"):
        PortraitDataset.open(tmp_path, count=3, resolution=8)


def test_an_empty_folder_holds_no_portraits(tmp_path):
    with pytest.raises(TrainingError, match="no portraits"):
        PortraitDataset.open(tmp_path / "nothing")
