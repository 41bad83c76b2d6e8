"""What a classifier reads of an edit, regions of a picture, and directions that are calibrated."""

from dataclasses import replace

import pytest
import torch

from pastiche.bundle import load, load_directions
from pastiche.classes import CLASSES
from pastiche.demo.directions import demo_labels, learn_demo_directions
from pastiche.directions import Direction, Directions
from pastiche.editing import RegionMasks, calibrate, edit, find_regions, found_after, in_region, measure, transfer_region
from pastiche.errors import LatentError
from pastiche.faces.landmarks import bundled_landmarks
from pastiche.stylegan2.fingerprint import fingerprint
from pastiche.synthetic.coordinates import COORDINATES


class Colours:
    """A classifier of the mean colours of a picture."""

    names = ("red", "green", "blue")

    def read(self, images):
        return images.mean(dim=(2, 3))


@pytest.fixture(scope="session")
def generator(small_generator):
    """One that follows its latents gently, as trained ones do."""
    generator = small_generator(32)
    for layer in generator.layers:
        layer.conv.modulation.weight.mul_(0.1)
    return generator


@pytest.fixture(scope="module")
def mixed(generator):
    """Directions that move more than what they are named after."""

    def colours(w):
        return Colours().read(generator.synthesis(generator.broadcast(w[None])))[0]

    clean = torch.linalg.pinv(torch.autograd.functional.jacobian(colours, generator.w_avg)).T  # [3, D]
    clean = 0.3 * clean / clean.norm(dim=1, keepdim=True)
    vectors = {"red": clean[0] + 0.6 * clean[1], "green": clean[1] - 0.5 * clean[0], "other": clean[2]}
    mark = fingerprint(generator)
    return Directions([Direction(name=name, space="w", vector=vector, generator=mark) for name, vector in vectors.items()])


def test_calibration_frees_directions_from_each_other(generator, mixed):
    free = calibrate(mixed, generator, Colours(), faces=8, seed=0, rounds=4, weakest=0.01)
    before, after = (measure(directions, generator, Colours(), faces=8, seed=0) for directions in (mixed, free))
    assert set(before) == set(after) == {"red", "green"}
    assert min(response.ratio for response in before.values()) < 3
    for name, response in after.items():
        assert response.own == pytest.approx(1, abs=0.3), name
        assert response.ratio > 8, name
        assert 0 < response.identity < 2 * response.strangers


def test_what_can_not_be_judged_is_said(generator, mixed):
    class Blind(Colours):
        names = ("hue", "tone", "light")

    with pytest.raises(LatentError, match="the classifier reads none of red, green, other"):
        measure(mixed, generator, Blind(), faces=2)


def test_weak_directions_are_left_out(generator, mixed, caplog):
    weak = Directions([mixed["red"], replace(mixed["green"], vector=1e-6 * mixed["green"].vector)])
    assert list(calibrate(weak, generator, Colours(), faces=4)) == ["red"]
    assert "green is left out" in caplog.text


def all_background(images):
    n, _, h, w = images.shape
    classes = torch.zeros(n, len(CLASSES), h, w)
    classes[:, CLASSES.index("background")] = 1
    return classes


def test_channels_belong_to_the_region_where_they_act(generator):
    masks = find_regions(generator, all_background, samples=2)
    assert masks["background"].shape == (sum(generator.style_widths),)
    assert float(masks["background"].min()) > 0.9
    assert float(masks["eyes"].max()) < 0.1
    with pytest.raises(LatentError, match="no region 'nose'"):
        masks.of(["nose"])


def test_a_region_comes_from_the_donor(generator, faces):
    every = sum(generator.style_widths)
    masks = RegionMasks({"eyes": torch.ones(every), "hair": torch.zeros(every)}, fingerprint(generator))
    face, donor = faces[:2], faces[3]
    taken = transfer_region(face, donor, generator, masks, ["eyes"])
    assert torch.allclose(generator(taken), generator(donor).expand(2, -1, -1, -1), atol=1e-4)
    assert torch.allclose(generator(transfer_region(face, donor, generator, masks, ["hair"])), generator(face), atol=1e-4)


def test_a_direction_can_be_kept_to_a_region(generator, faces, mixed):
    every = sum(generator.style_widths)
    masks = RegionMasks({"eyes": torch.ones(every)}, fingerprint(generator))
    kept = in_region(mixed["red"].on_rows([1, 2]), generator, masks, ["eyes"])
    moved = edit(faces[:1], generator, [(kept, 1.5)])
    assert torch.allclose(
        generator(moved), generator(edit(faces[:1], generator, [(mixed["red"].on_rows([1, 2]), 1.5)])), atol=1e-4
    )
    with pytest.raises(LatentError, match="regions belong to another generator"):
        in_region(mixed["red"], generator, RegionMasks({"eyes": torch.ones(every)}, "other"), ["eyes"])


def test_the_painters_labels_teach_directions(small_generator, generator):
    known = small_generator(32, z_dim=len(COORDINATES))
    labels = demo_labels(torch.randn(200, len(COORDINATES), generator=torch.Generator().manual_seed(0)))
    assert labels["glasses"].dtype == torch.bool
    assert labels["yaw"].shape == (200,)
    found = learn_demo_directions(known, None)
    assert list(found)[:2] == ["smile", "age"]
    assert found["smile"].rows == tuple(range(7))
    assert found["light"].rows == (7,)
    with pytest.raises(LatentError, match="z of 16 dimensions, and the painter"):
        learn_demo_directions(generator, None)


def test_people_of_the_bundle_stay_themselves():
    """After an edit by one standard deviation, their landmarks are nearest to their own; chance is one in six."""
    landmarker = bundled_landmarks()
    assert landmarker is not None
    known = load_directions("demo")
    chosen = Directions([known[name] for name in ("smile", "age", "beard")], known.name)
    found = found_after(chosen, load("demo").stylegan2, landmarker, faces=6, seed=1)
    assert set(found) == set(chosen)
    assert min(found.values()) > 0.8, found
    far = Directions([replace(known["yaw"], vector=12 * known["yaw"].vector)], known.name)
    assert found_after(far, load("demo").stylegan2, landmarker, faces=6, seed=1)["yaw"] < 0.6, "nothing would be noticed"
