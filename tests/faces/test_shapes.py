"""Heads and faces put back as shapes. A parser that knows colours stands in for the network, so that shapes are exact."""

from functools import partial

import numpy as np
import pytest
import torch

from pastiche import images
from pastiche.classes import CLASSES
from pastiche.faces import align, blend, blocks, crop_by_hand, face_patches, mask_all, mask_of, parsing, paste_all
from pastiche.faces.compose import compose
from pastiche.faces.frame import FRAME, INNER, framed
from pastiche.faces.patches import patch_of_shapes, shapes_of_face
from pastiche.faces.shapes import Shapes, dilated
from pastiche.faces.tone import shift_between, shifted

PHOTO = {"background": (-0.4, -0.2, 0.6), "hair": (-0.8, -0.8, -0.7), "skin": (0.5, 0.2, 0.0), "neck": (0.4, 0.2, 0.0)}
DRAWN = {"background": (-0.6, 0.9, -0.6), "hair": (-0.1, -0.9, -0.3), "skin": (0.8, -0.1, 0.6), "neck": (0.7, -0.1, 0.6)}
SIDE = 240  # of the photo's crop, which begins at (80, 80) of 400 x 400 pixels


def person(side, colours, *, hair=0.38, face=0.24, left=0.0, top=0.0, scale=1.0):
    """Someone ``[1, 3, side, side]``; the crop's upper left corner lies at (left, top), its side is `scale`, in sides."""
    v, u = torch.meshgrid(*([(torch.arange(side) + 0.5) / side] * 2), indexing="ij")
    u, v = (u - left) / scale, (v - top) / scale
    picture = torch.tensor(colours["background"])[:, None, None].expand(3, side, side).clone()
    for name, where in (
        ("hair", torch.hypot((u - 0.5) / hair, (v - 0.5) / (hair + 0.06)) < 1),
        ("neck", ((u - 0.5).abs() < 0.11) & (v > 0.7) & (v < 1.2)),
        ("skin", torch.hypot((u - 0.5) / face, (v - 0.59) / 0.31) < 1),
    ):
        picture[:, where] = torch.tensor(colours[name])[:, None]
    return picture[None]


def by_colour(pictures):
    """Probabilities as `FaceParser` gives them, of the class whose colour is nearest."""
    known = [(name, colour) for colours in (PHOTO, DRAWN) for name, colour in colours.items()]
    palette = torch.tensor([colour for _, colour in known])
    nearest = (pictures[:, None] - palette[:, :, None, None]).square().sum(dim=2).argmin(dim=1)
    number = torch.tensor([CLASSES.index(name) for name, _ in known])[nearest]
    return torch.nn.functional.one_hot(number, len(CLASSES)).movedim(-1, 1).float()


@pytest.fixture(scope="module")
def photo():
    return person(400, PHOTO, left=0.2, top=0.2, scale=0.6)


@pytest.fixture(scope="module")
def face(photo):
    return crop_by_hand(photo, square=(80, 80, 320, 320), size=256)


def at(picture, u, v):
    """The colour at a place of the crop."""
    return picture[0, :, round(80 + v * SIDE), round(80 + u * SIDE)]


def nearer(after, before, wanted):
    """Whether a colour has come most of the way to another; the shift of a tone has a limit."""
    wanted = torch.tensor(wanted)
    return (after - wanted).abs().max() < 0.35 * (before - wanted).abs().max()


def test_surroundings_hold_the_crop_in_their_frame(face):
    crop = images.resize(face.crop, INNER)
    inside = framed(torch.ones(1, 1, INNER, INNER)) > 0
    assert inside.sum() == INNER**2
    assert face.surroundings.shape == (1, 3, FRAME, FRAME)
    found = face.surroundings[inside.expand_as(face.surroundings)].view_as(crop)
    assert (found - crop).abs().mean() < 0.02


class TestHead:
    def test_the_drawing_covers_and_the_old_hair_takes_its_tone(self, photo, face):
        drawing = person(256, DRAWN, hair=0.28)
        result = face.paste(drawing, photo, region="head", parser=by_colour)
        assert torch.allclose(at(result, 0.5, 0.2), torch.tensor(DRAWN["hair"]), atol=0.05)
        assert torch.allclose(at(result, 0.5, 0.6), torch.tensor(DRAWN["skin"]), atol=0.05)
        for u in (0.17, 0.83):  # hair in the photo, background in the drawing
            assert nearer(at(result, u, 0.5), at(photo, u, 0.5), DRAWN["hair"])

    def test_the_old_face_is_filled_in(self):
        """Where neither the new head nor hair of the photo covers it."""
        photo = person(400, PHOTO, hair=0.1, left=0.2, top=0.2, scale=0.6)
        face = crop_by_hand(photo, square=(80, 80, 320, 320), size=256)
        result = face.paste(person(256, DRAWN, hair=0.1, face=0.17), photo, region="head", parser=by_colour)
        for u in (0.29, 0.71):
            assert torch.allclose(at(photo, u, 0.6), torch.tensor(PHOTO["skin"]))
            assert torch.allclose(at(result, u, 0.6), torch.tensor(PHOTO["background"]), atol=0.1)

    def test_it_is_computed_in_float32_wherever_networks_compute_in_less(self, photo, face):
        drawing = person(256, DRAWN)
        with torch.autocast("cpu", torch.bfloat16):
            found = face.paste(drawing, photo, region="head", parser=by_colour)
        assert torch.equal(found, face.paste(drawing, photo, region="head", parser=by_colour))

    def test_so_it_is_with_shapes_that_are_known(self, photo, face):
        """As in a video, whose shapes are smoothed in time."""
        drawing, shape = person(256, DRAWN), (photo.shape[-2], photo.shape[-1])
        shapes = shapes_of_face(face, drawing, "head", by_colour)
        patch = partial(patch_of_shapes, face, drawing, shape, shapes, feather=0.1, region="head", match_color=False)
        with torch.autocast("cpu", torch.bfloat16):
            found = patch()
        assert found.image.dtype == torch.float32
        assert torch.equal(found.image, patch().image)

    def test_larger_hair_covers_the_background(self, photo, face):
        result = face.paste(person(256, DRAWN, hair=0.44), photo, region="head", parser=by_colour)
        for u in (0.09, 0.91):
            assert torch.allclose(at(result, u, 0.5), torch.tensor(DRAWN["hair"]), atol=0.05)

    def test_nothing_of_the_drawing_s_background_is_seen(self, photo, face):
        result = face.paste(person(256, DRAWN, hair=0.3), photo, region="head", parser=by_colour)
        greenness = result[:, 1] - result[:, [0, 2]].amax(dim=1)
        assert greenness.max() < 0.1
        assert DRAWN["background"][1] - DRAWN["background"][0] > 1

    def test_hair_above_the_crop_takes_the_tone_too(self, photo):
        """The crop ends in the hair; without its surroundings a tuft would keep its colour."""
        low = crop_by_hand(photo, square=(80, 100, 320, 340), size=256)
        drawing = person(256, DRAWN, hair=0.2, top=-20 / 240)
        result = low.paste(drawing, photo, region="head", parser=by_colour)
        assert torch.allclose(at(photo, 0.5, 0.075), torch.tensor(PHOTO["hair"]))
        assert nearer(at(result, 0.5, 0.075), at(photo, 0.5, 0.075), DRAWN["hair"])

    def test_the_neck_takes_the_drawing_s_tone(self, photo, face):
        result = face.paste(person(256, DRAWN), photo, region="head", parser=by_colour)
        assert nearer(at(result, 0.5, 0.97), at(photo, 0.5, 0.97), DRAWN["skin"])


class TestFace:
    def test_the_photo_s_hair_stays_in_front(self, photo, face):
        fringe = photo.clone()
        fringe[..., 80 + 68 : 80 + 100, 150:250] = torch.tensor(PHOTO["hair"])[:, None, None]
        face = crop_by_hand(fringe, square=(80, 80, 320, 320), size=256)
        result = face.paste(person(256, DRAWN), fringe, region="face", parser=by_colour)
        assert torch.equal(at(result, 0.5, 0.36), torch.tensor(PHOTO["hair"]))
        assert torch.equal(at(result, 0.5, 0.2), torch.tensor(PHOTO["hair"]))
        assert torch.allclose(at(result, 0.5, 0.65), torch.tensor(DRAWN["skin"]), atol=0.05)

    def test_skin_beside_a_narrower_face_takes_its_tone(self, photo, face):
        result = face.paste(person(256, DRAWN, face=0.17), photo, region="face", parser=by_colour)
        beside = at(result, 0.29, 0.6)
        assert (beside - torch.tensor(DRAWN["skin"])).abs().max() < 0.2

    def test_match_color_keeps_the_photo_s_skin(self, photo, face):
        result = face.paste(person(256, DRAWN), photo, region="face", match_color=True, parser=by_colour)
        assert torch.equal(at(result, 0.5, 1.0), at(photo, 0.5, 1.0))
        assert torch.allclose(at(result, 0.5, 0.65), torch.tensor(PHOTO["skin"]), atol=0.1)


@pytest.mark.parametrize("region", ["head", "face"])
class TestBoth:
    def test_outside_of_the_mask_every_pixel_is_the_photo_s(self, photo, face, region):
        drawing = person(300, DRAWN, hair=0.3)
        before = photo.clone()
        for match_color in (False, True):
            result = face.paste(drawing, photo, region=region, match_color=match_color, parser=by_colour)
            mask = face.mask(region=region, crop=drawing, parser=by_colour)
            outside = (mask == 0).expand_as(photo)
            assert 0.4 < outside.float().mean() < 0.95
            assert torch.equal(result[outside], photo[outside])
        assert mask.max() == pytest.approx(1, abs=1e-4)
        assert torch.equal(photo, before)

    def test_several_faces_at_once(self, region):
        photo = torch.cat([person(400, PHOTO, left=0.2, top=0.2, scale=0.6)] * 2, dim=-1)
        faces = [crop_by_hand(photo, square=(x, 80, x + 240, 320), size=128) for x in (80, 480)]
        crops = [person(128, DRAWN), person(128, DRAWN, hair=0.3)]
        together = paste_all(faces, crops, photo, region=region, parser=by_colour)
        one_by_one = photo
        for face, crop in zip(faces, crops, strict=True):
            one_by_one = face.paste(crop, one_by_one, region=region, parser=by_colour)
        assert torch.allclose(together, one_by_one, atol=1e-4)
        masks = [face.mask(region=region, crop=crop, parser=by_colour) for face, crop in zip(faces, crops, strict=True)]
        assert torch.equal(mask_all(faces, (400, 800), region=region, crops=crops, parser=by_colour), torch.maximum(*masks))

    def test_picture_and_mask_come_of_one_segmentation(self, region):
        photo, asked = person(400, PHOTO), []
        faces, crops = [crop_by_hand(photo, square=(80, 80, 320, 320), size=128)], [person(128, DRAWN, hair=0.3)]

        def counted(images):
            asked.append(len(images))
            return by_colour(images)

        patches = face_patches(faces, crops, photo, region=region, parser=counted)
        picture, mask = blend(photo, patches), mask_of(patches, photo)
        both = len(asked)
        assert torch.equal(picture, paste_all(faces, crops, photo, region=region, parser=counted))
        assert len(asked) == 2 * both
        assert torch.equal(mask, mask_all(faces, (400, 400), region=region, crops=crops, parser=by_colour))
        kept = mask_of(face_patches(faces, crops, photo, region=region, match_color=True, parser=by_colour), photo)
        assert (kept <= mask).all()  # the photo's own skin keeps its tone

    @pytest.mark.parametrize("size", [50, 256, 500])
    def test_drawings_of_any_size_onto_copies_of_any_size(self, photo, face, region, size):
        small = images.resize(photo, 300)
        result = face.paste(person(size, DRAWN), small, region=region, parser=by_colour)
        assert result.shape == small.shape
        assert torch.allclose(result[0, :, 168, 150], torch.tensor(DRAWN["skin"]), atol=0.05)

    def test_a_drawing_that_shows_no_face_is_cut_out_by_the_photo(self, photo, face, region, caplog):
        with caplog.at_level("INFO"):
            result = face.paste(torch.full((1, 3, 64, 64), -0.4), photo, region=region, parser=by_colour)
        assert "the photo's segmentation is used" in caplog.text
        assert torch.allclose(at(result, 0.5, 0.6), torch.tensor(-0.4), atol=0.05)
        assert torch.equal(at(result, 0.02, 0.05), at(photo, 0.02, 0.05))

    def test_without_a_network_an_outline_is_taken_and_the_log_says_so(self, photo, face, region, caplog, monkeypatch):
        monkeypatch.setattr(blocks, "demo_file_or_none", lambda name: None)
        parsing.bundled_parser.cache_clear()
        drawing = person(64, DRAWN)
        with caplog.at_level("INFO"):
            found = [face.paste(drawing, photo, region=region) for _ in range(2)]
        assert caplog.text.count("ovals") == 1
        if region == "head":
            assert torch.equal(found[0], face.paste(drawing, photo, region="oval"))
        outside = (face.mask(region=region) == 0).expand_as(photo)
        assert torch.equal(found[0][outside], photo[outside])
        parsing.bundled_parser.cache_clear()

    def test_where_no_face_is_known_an_outline_is_taken_and_the_log_says_so(self, photo, face, region, caplog):
        nothing = torch.zeros(1, len(CLASSES), 1, 1)
        nothing[:, 0] = 1
        with caplog.at_level("INFO"):
            found = face.paste(person(64, DRAWN), photo, region=region, parser=lambda x: nothing.expand(1, -1, *x.shape[-2:]))
        assert f"an outline replaces the shape of its {region}" in caplog.text
        assert found.shape == photo.shape
        assert not torch.equal(found, photo)


def test_an_unknown_region(photo, face):
    with pytest.raises(ValueError, match="region is 'star': expected one of head, face"):
        face.paste(face.crop, photo, region="star")


def test_a_picture_without_any_face_is_pasted_all_the_same(smooth, finder):
    scene = smooth()
    (face,) = align(scene, 64, **finder((150, 120, 70, 20)))
    for region in ("head", "face"):
        result = face.paste(face.crop, scene, region=region)
        assert (result - scene).abs().mean() < 0.02


class TestTone:
    def test_one_tone_becomes_the_other(self):
        own, wanted = torch.tensor([0.2, 0.5, 0.7]).view(1, 3, 1, 1), torch.tensor([0.4, 0.3, 0.75]).view(1, 3, 1, 1)
        found = shifted(2 * own - 1, shift_between(own, wanted))
        assert torch.allclose(found, 2 * wanted - 1, atol=1e-5)

    def test_nothing_changes_nothing_and_nothing_leaves_the_range(self):
        image = torch.rand(1, 3, 8, 8) * 2 - 1
        assert torch.allclose(shifted(image, torch.zeros(1)), image, atol=1e-6)
        assert shifted(image, torch.tensor(1.5)).abs().max() <= 1
        assert shifted(torch.tensor(-1.0), torch.tensor([-1.5, 1.5])).tolist() == [-1, -1]

    def test_it_has_a_limit(self):
        assert shift_between(torch.tensor([0.0, 1.0]), torch.tensor([1.0, 0.0])).tolist() == [1.5, -1.5]


def test_a_part_that_is_too_small_has_no_tone():
    zeros, ones = torch.zeros(1, 1, FRAME, FRAME), torch.ones(1, 1, FRAME, FRAME)
    shapes = Shapes(ones, zeros, zeros, (zeros, zeros), (zeros, zeros), ones, ones)
    photo, drawing = torch.zeros(1, 3, FRAME, FRAME), torch.full((1, 3, 64, 64), 0.5)
    composed = compose(photo, drawing, shapes, ones, ones, match_color=False)
    assert not composed.tone.any()
    assert torch.allclose(composed.image, torch.tensor(0.5), atol=1e-3)


def test_a_small_drawing_is_enlarged_without_corners(smooth):
    """Bilinear enlargement shows the pixels as facets: its slope jumps at each of them."""
    photo = torch.zeros(1, 3, 900, 900)
    face = crop_by_hand(photo, square=(50, 50, 850, 850), size=32)
    wave = torch.from_numpy(np.sin(np.arange(32) * 0.8)).float().expand(1, 3, 32, 32) * 0.8
    row = face.paste(wave, photo)[0, 0, 450, 250:650]
    assert row.diff().diff().abs().max() < 0.5 * (0.8 * 0.8**2 / 25)


@pytest.mark.parametrize("size", [1, 5, 23])
def test_a_mask_is_dilated_by_a_square(size):
    mask = torch.rand(2, 3, 20, 31, generator=torch.Generator().manual_seed(0))
    assert torch.equal(dilated(mask, size), torch.nn.functional.max_pool2d(mask, size, 1, size // 2))
