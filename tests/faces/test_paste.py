"""Putting crops back."""

import numpy as np
import pytest
import torch

from pastiche import images
from pastiche.errors import ImageError
from pastiche.faces import align, crop_by_hand, mask_all, paste_all
from pastiche.faces.paste import feathered, matched
from pastiche.faces.shape import MEAN_SHAPE

NOWHERE = np.zeros((68, 2))


class TestIdentity:
    @pytest.mark.parametrize("supersample", [True, False])
    @pytest.mark.parametrize(("side", "size"), [(120, 64), (120, 128), (100, 700), (60, 64)])
    def test_an_untouched_crop_gives_the_photo(self, smooth, finder, side, size, supersample):
        photo = smooth(500, 600)
        (face,) = align(photo, size, supersample=supersample, **finder((300.3, 250.8, side, 17)))
        assert (face.paste(face.crop, photo) - photo).abs().max() < 0.015  # two levels of 255

    def test_through_the_shrunk_photo(self, smooth, finder):
        photo = smooth(903, 1207)
        (face,) = align(photo, 64, **finder((600, 450, 400, -8)))
        error = (face.paste(face.crop, photo) - photo).abs()
        assert error.max() < 0.03

    def test_of_a_real_photo(self, photo, face):
        error = (face.paste(face.crop, photo) - photo).abs()
        assert error.mean() < 0.003
        assert (error.sum() / (face.mask().sum() * 3)) < 0.025

    def test_at_the_edge(self, smooth, finder):
        """Near the photo's edge the crop is blurred, as FFHQ's are, and further in it is not."""
        photo = smooth()
        (face,) = align(photo, 128, **finder((10, 120, 80, 0)))
        error = (face.paste(face.crop, photo) - photo).abs()
        assert error.max() < 0.3
        assert error[..., 30:].max() < 0.02

    def test_of_an_aligned_picture(self, smooth):
        picture = smooth(128, 128)
        (face,) = align(picture, 128, aligned=True)
        assert torch.allclose(face.paste(picture.neg(), picture), -picture, atol=1e-5)  # no seam to hide


@pytest.fixture(autouse=True)
def outlines(monkeypatch):
    """Without a parsing network a face is its landmarks' outline; `test_shapes` has what is found with one."""
    monkeypatch.setattr("pastiche.faces.patches.bundled_parser", lambda: None)


class TestPaste:
    @pytest.fixture
    def made(self, smooth, finder):
        photo = smooth()
        return photo, align(photo, 64, **finder((150, 120, 70, 20)))[0]

    @pytest.mark.parametrize("region", ["square", "oval", "face"])
    def test_pixels_outside_of_the_mask_are_untouched(self, made, region):
        photo, face = made
        before = photo.clone()
        result = face.paste(torch.ones(1, 3, 64, 64), photo, region=region)
        mask = face.mask(region=region)
        outside = (mask == 0).expand_as(photo)
        assert torch.equal(result[outside], photo[outside])
        assert torch.equal(photo, before)
        assert (result[~outside] != photo[~outside]).float().mean() > 0.9
        assert result.shape == photo.shape

    @pytest.mark.parametrize("region", ["square", "oval", "face"])
    def test_the_mask_is_what_is_blended_by(self, made, region):
        photo, face = made
        mask = face.mask(region=region)
        assert mask.shape == (1, 1, 240, 320)
        assert mask.max() == pytest.approx(1, abs=1e-4)
        assert mask.min() == 0
        result = face.paste(torch.ones(1, 3, 64, 64), photo, region=region)
        assert torch.allclose(result, torch.lerp(photo, torch.ones(()), mask), atol=1e-5)

    @pytest.mark.parametrize("size", [16, 64, 300, 1024])
    def test_crops_of_any_size(self, made, smooth, size):
        photo, face = made
        style = smooth(512, 512)
        wanted = face.paste(images.resize(style, 512), photo)
        found = face.paste(images.resize(style, size), photo)
        assert (found - wanted).abs().max() < (0.15 if size == 16 else 0.02)

    def test_a_fine_crop_does_not_alias(self, made):
        photo, face = made
        stripes = torch.tensor([-1.0, 1.0]).repeat(512).expand(1, 3, 1024, 1024)
        inside = (face.mask() == 1).expand_as(photo)
        assert face.paste(stripes, photo)[inside].abs().max() < 0.1

    def test_onto_a_larger_copy(self, made):
        photo, face = made
        large = images.resize(photo, (720, 960))
        found = face.paste(torch.ones(1, 3, 64, 64), large)
        wanted = images.resize(face.paste(torch.ones(1, 3, 64, 64), photo), (720, 960))
        assert (found - wanted).abs().mean() < 0.01
        assert face.mask((720, 960)).shape == (1, 1, 720, 960)

    def test_onto_another_picture(self, made):
        _, face = made
        with pytest.raises(ImageError, match=r"photo of 320 x 240 pixels.*100 x 100"):
            face.paste(face.crop, torch.zeros(1, 3, 100, 100))
        with pytest.raises(ImageError, match="320 x 240"):
            face.mask((320, 240))

    @pytest.mark.parametrize(
        ("shape", "message"), [((1, 3, 64, 32), "square"), ((2, 3, 64, 64), "one at a time"), ((1, 1, 64, 64), "N, 3")]
    )
    def test_what_is_no_crop(self, made, shape, message):
        photo, face = made
        with pytest.raises(ImageError, match=message):
            face.paste(torch.zeros(shape), photo)

    def test_without_feather_the_seam_is_hard(self, made):
        _, face = made
        values = face.mask(feather=0).unique()
        assert ((values < 1e-6) | (values > 0.999)).all()

    def test_half_precision_stays(self, made):
        photo, face = made
        assert face.paste(face.crop, photo.half()).dtype == torch.float16


class TestSeveral:
    def test_faces_that_are_apart_are_pasted_as_one_by_one(self, smooth, finder):
        photo = smooth()
        faces = align(photo, 32, **finder((70, 120, 40, 0), (240, 120, 40, 0)))
        crops = [torch.ones(1, 3, 32, 32), -torch.ones(1, 3, 32, 32)]
        one_by_one = faces[1].paste(crops[1], faces[0].paste(crops[0], photo))
        assert torch.allclose(paste_all(faces, crops, photo), one_by_one, atol=1e-5)

    def test_each_face_keeps_its_own_half(self, smooth, finder):
        photo = smooth()
        faces = align(photo, 32, **finder((120, 120, 60, 0), (180, 120, 60, 0)))
        found = paste_all(faces, [torch.ones(1, 3, 32, 32), -torch.ones(1, 3, 32, 32)], photo)
        assert found[0, 0, 125, 105:135].min() > 0.95
        assert found[0, 0, 125, 165:195].max() < -0.95
        across = found[0, 0, 125, 105:195]
        assert (across[1:] <= across[:-1] + 1e-5).all()  # from one to the other without a bump

    @pytest.mark.parametrize("region", ["square", "oval", "face"])
    def test_the_mask_is_what_all_are_blended_by(self, smooth, finder, region):
        photo = smooth()
        faces = align(photo, 32, **finder((120, 120, 60, 0), (180, 120, 60, 15)))
        mask = mask_all(faces, (240, 320), region=region)
        assert mask.shape == (1, 1, 240, 320)
        assert mask.min() == 0
        assert mask.max() == pytest.approx(1, abs=1e-4)
        found = paste_all(faces, [torch.ones(1, 3, 32, 32)] * 2, photo, region=region)
        assert torch.allclose(found, torch.lerp(photo, torch.ones(()), mask), atol=1e-5)
        assert torch.allclose(mask, torch.maximum(*(face.mask(region=region) for face in faces)), atol=1e-6)

    def test_the_mask_of_no_faces_is_empty(self):
        assert torch.equal(mask_all([], (24, 32)), torch.zeros(1, 1, 24, 32))

    def test_the_mask_for_another_picture(self, smooth, finder):
        faces = align(smooth(), 32, **finder((70, 120, 40, 0)))
        with pytest.raises(ImageError, match="320 x 240"):
            mask_all(faces, (100, 100))

    def test_numbers_must_agree(self, smooth, finder):
        photo = smooth()
        faces = align(photo, 32, **finder((70, 120, 40, 0)))
        with pytest.raises(ImageError, match="one crop for each of the"):
            paste_all(faces, [], photo)


class TestMasks:
    @pytest.mark.parametrize("region", ["square", "oval", "hull"])
    def test_they_end_softly_at_the_edge(self, region):
        landmarks = MEAN_SHAPE * 0.6 + (0.5, 0.55)
        mask = feathered(128, 0.08, region, landmarks)[0, 0]
        assert mask.max() <= 1
        assert mask.min() >= 0
        assert max(mask[0].max(), mask[-1].max(), mask[:, 0].max(), mask[:, -1].max()) < 0.02
        assert mask[70, 64] == pytest.approx(1, abs=1e-3)
        assert torch.diff(mask, dim=0).abs().max() < 0.25

    def test_they_shrink_in_order(self):
        landmarks = MEAN_SHAPE * 0.6 + (0.5, 0.55)
        sums = [feathered(64, 0.05, region, landmarks).sum() for region in ("square", "oval", "hull")]
        assert sums[0] > sums[1] > sums[2] > 300

    @pytest.mark.parametrize(("region", "feather"), [("star", 0.1), ("square", 0.6), ("square", -0.1)])
    def test_what_is_unknown(self, region, feather):
        with pytest.raises(ValueError, match="expected"):
            feathered(8, feather, region, NOWHERE)


class TestColour:
    def test_the_edge_takes_the_photo_s_colours_and_the_middle_does_not(self, smooth):
        original = smooth(128, 128)
        crop = original * 0.5 + 0.4
        found = matched(crop, original, 0.08, torch.ones(1, 1, 128, 128))
        edge = torch.ones(128, 128, dtype=torch.bool)
        edge[6:-6, 6:-6] = False
        assert (found - original)[..., edge].abs().mean() < 0.4 * (crop - original)[..., edge].abs().mean()
        assert torch.allclose(found[..., 60:68, 60:68], crop[..., 60:68, 60:68], atol=1e-4)

    def test_equal_pictures_stay(self, smooth):
        original = smooth(64, 64)
        assert torch.allclose(matched(original, original, 0.08, torch.ones(1, 1, 64, 64)), original, atol=1e-4)

    def test_where_nothing_comes_from_the_photo_nothing_changes(self, smooth):
        crop = smooth(64, 64)
        assert torch.equal(matched(crop, -crop, 0.08, torch.zeros(1, 1, 64, 64)), crop)

    def test_the_seam_gets_weaker(self, smooth, finder):
        photo = smooth()
        (face,) = align(photo, 64, **finder((150, 120, 70, 20)))
        tinted = face.crop * 0.8 + 0.3
        band = (face.mask() > 0) & (face.mask() < 0.5)
        plain, close = (face.paste(tinted, photo, match_color=on) - photo for on in (False, True))
        assert close[..., band[0, 0]].abs().mean() < 0.5 * plain[..., band[0, 0]].abs().mean()


def test_a_crop_by_hand_goes_back(smooth):
    photo = smooth()
    face = crop_by_hand(photo, square=(100, 50, 200, 150), size=128)
    assert (face.paste(face.crop, photo) - photo).abs().max() < 0.015


@pytest.mark.slow
def test_a_photo_of_48_megapixels(smooth, finder):
    photo = smooth(8000, 6000)
    (face,) = align(photo, 1024, **finder((3000, 4000, 3000, 5)))
    assert (face.paste(face.crop, photo) - photo).abs().max() < 0.02
