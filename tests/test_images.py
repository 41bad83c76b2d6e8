"""Pictures in files and pictures in tensors."""

import struct
import zlib
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageCms

from pastiche import images
from pastiche.bundle import demo_photo
from pastiche.errors import ImageError


def noise(height=6, width=8, channels=3, seed=0):
    shape = (height, width, channels) if channels else (height, width)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def encoded(picture, kind="PNG", **options):
    buffer = BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def png_header(width, height):
    """A PNG that promises a size and holds no pixels."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    end = b"\0\0\0\0IEND" + struct.pack(">I", zlib.crc32(b"IEND"))
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head)) + end


class TestRead:
    def test_a_file_gives_its_values(self, tmp_path):
        array = noise()
        Image.fromarray(array).save(tmp_path / "a.png")
        image = images.read(tmp_path / "a.png")
        assert image.shape == (1, 3, 6, 8)
        assert image.dtype == torch.float32
        assert torch.equal(image[0, :, 2, 5], torch.tensor(array[2, 5]).float() / 127.5 - 1)

    def test_paths_bytes_and_pillow_images_are_the_same(self, tmp_path):
        path = tmp_path / "Bild \u00e9\u00df \u5199\u771f.png"
        picture = Image.fromarray(noise())
        path.write_bytes(encoded(picture))
        expected = images.read(picture)
        assert torch.equal(images.read(str(path)), expected)
        assert torch.equal(images.read(path.read_bytes()), expected)

    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_exif_orientation_is_applied(self, orientation):
        stored = Image.fromarray(noise())
        exif = Image.Exif()
        exif[0x0112] = orientation
        turns = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}
        upright = stored if orientation == 1 else stored.transpose(Image.Transpose(turns[orientation]))
        assert torch.equal(images.read(encoded(stored, exif=exif)), images.read(upright))

    @pytest.mark.parametrize("kind", ["PNG", "WEBP"])
    def test_garbled_exif_data_are_ignored(self, kind, caplog):
        stored = Image.fromarray(noise())
        data = encoded(stored, kind, exif=b"Exif\0\0nothing that is TIFF", lossless=True)
        assert torch.equal(images.read(data), images.read(stored))
        assert "is not rotated" in caplog.text

    @pytest.mark.parametrize("mode", ["L", "1", "P", "YCbCr", "HSV", "CMYK", "LA", "PA", "RGBA", "RGBX"])
    def test_every_mode_becomes_rgb(self, mode):
        rgb = Image.fromarray(noise())
        picture = rgb.convert("LA").convert("PA") if mode == "PA" else rgb.convert(mode)
        expected = np.asarray(picture.convert("RGB"))
        assert torch.allclose(images.read(picture), images.from_uint8(expected), atol=1e-6)

    def test_sixteen_bit_grey_keeps_its_precision(self):
        values = np.array([[0, 1, 32768, 65535]], dtype=np.uint16)
        image = images.read(encoded(Image.fromarray(values)))
        expected = torch.tensor(values.astype(np.float64) / 65535 * 2 - 1).float()
        assert torch.allclose(image[0, 1], expected, atol=1e-7)

    def test_values_beyond_sixteen_bits_are_an_error(self):
        with pytest.raises(ImageError, match="range from 0 to 65535"):
            images.read(Image.fromarray(np.array([[70000]], dtype=np.int32)))

    def test_a_float_picture_is_taken_between_0_and_1(self):
        assert images.read(Image.fromarray(np.array([[0.0, 1.0]], dtype=np.float32)))[0, 0].tolist() == [[-1.0, 1.0]]
        with pytest.raises(ImageError, match=r"is whole, but its values leave the range from 0 to 1 .*16-bit PNG"):
            images.read(Image.fromarray(np.array([[200.0]], dtype=np.float32)))

    def test_transparency_shows_the_background(self):
        picture = Image.fromarray(np.array([[[255, 0, 0, 255], [255, 0, 0, 0], [0, 0, 0, 51]]], dtype=np.uint8))
        image, alpha = images.read_with_alpha(picture)
        assert alpha is not None
        assert torch.allclose(alpha[0, 0, 0], torch.tensor([1.0, 0.0, 0.2]))
        assert torch.allclose(image[0, :, 0].T, torch.tensor([[1.0, -1, -1], [1, 1, 1], [0.6, 0.6, 0.6]]))
        assert torch.allclose(images.read(picture, background=(-1, -1, -1))[0, :, 0, 1], torch.full((3,), -1.0))

    def test_an_opaque_alpha_channel_is_none(self):
        opaque = Image.fromarray(noise()).convert("RGBA")
        image, alpha = images.read_with_alpha(opaque)
        assert alpha is None
        assert torch.equal(image, images.read(opaque.convert("RGB")))

    def test_a_transparent_palette(self):
        picture = Image.fromarray(noise()).quantize(4)
        _, alpha = images.read_with_alpha(encoded(picture, transparency=0))
        assert alpha is not None

    def test_an_animation_gives_its_first_frame(self):
        frames = [Image.fromarray(noise(seed=k)).quantize(16) for k in range(3)]
        animated = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
        assert torch.equal(images.read(animated), images.read(frames[0]))

    def test_the_smallest_picture(self):
        assert images.read(encoded(Image.new("RGB", (1, 1), "red"))).flatten().tolist() == [1, -1, -1]

    def test_a_colour_profile_is_applied(self):
        lab = encoded(Image.new("RGB", (4, 4), (200, 100, 50)), icc_profile=_other_profile())
        assert not torch.allclose(images.read(lab), images.read(Image.new("RGB", (4, 4), (200, 100, 50))), atol=0.02)
        srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        plain = Image.fromarray(noise())
        assert torch.equal(images.read(encoded(plain, icc_profile=srgb)), images.read(plain))

    def test_a_broken_profile_is_logged_and_left_out(self, caplog):
        plain = Image.fromarray(noise())
        assert torch.equal(images.read(encoded(plain, icc_profile=b"nonsense" * 20)), images.read(plain))
        assert "profile" in caplog.text


def _other_profile():
    """sRGB with its red and blue primaries exchanged."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack(">I", data[128:132])[0]
    at = {bytes(data[132 + 12 * k : 136 + 12 * k]): 136 + 12 * k for k in range(count)}
    red, blue = at[b"rXYZ"], at[b"bXYZ"]
    data[red : red + 8], data[blue : blue + 8] = data[blue : blue + 8], data[red : red + 8]
    name = bytes(data).find("sRGB".encode("utf-16-be"))
    data[name : name + 8] = "mine".encode("utf-16-be")
    return bytes(data)


class TestWhatIsNoPicture:
    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (b"", "empty"),
            (b"\n<!DOCTYPE html><html>404</html>", "web page"),
            (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
            (b"<svg xmlns='...'></svg>", "SVG"),
            (b"%PDF-1.7", "PDF"),
            (b"PK\x03\x04....", "zip"),
            (b"\0\0\0\x18ftypheic....", "HEIC"),
            (b"\0\0\0\x18ftypisom....", "film"),
            (b"hello there", "begins with b'hello there'"),
        ],
    )
    def test_is_named(self, tmp_path, data, message):
        path = tmp_path / "x.png"
        path.write_bytes(data)
        with pytest.raises(ImageError, match=message) as caught:
            images.read(path)
        assert str(path) in str(caught.value)

    def test_a_missing_file(self, tmp_path):
        with pytest.raises(ImageError, match="No such file"):
            images.read(tmp_path / "none.png")
        with pytest.raises(ImageError, match="can't be opened"):
            images.read(tmp_path)

    @pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
    def test_every_truncation_is_an_image_error_or_a_picture(self, kind):
        whole = encoded(Image.fromarray(noise(40, 50)), kind)
        for length in range(0, len(whole), max(len(whole) // 40, 1)):
            with suppress(ImageError):
                images.read(whole[:length])

    def test_a_truncated_file_says_so(self):
        whole = encoded(Image.fromarray(noise(40, 50)), "JPEG")
        with pytest.raises(ImageError, match=r"can't be decoded .*truncated"):
            images.read(whole[: len(whole) // 2])

    @pytest.mark.parametrize("size", [(50_000, 50_000), (100_000, 1_800)])
    def test_a_decompression_bomb(self, size):
        with pytest.raises(ImageError, match="make it smaller"):
            images.read(png_header(*size))

    def test_a_large_picture_is_no_bomb(self):
        with pytest.raises(ImageError, match="can't be decoded"):  # its size is accepted, its pixels are missing
            images.read(png_header(10_000, 10_000))


class TestArrays:
    def test_every_level_survives(self):
        array = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1).repeat(3, axis=3)
        assert np.array_equal(images.to_uint8(images.from_uint8(array)), array)

    def test_grey_and_batches(self):
        assert images.from_uint8(noise(channels=0)).shape == (1, 3, 6, 8)
        assert images.from_uint8(np.stack([noise(), noise(seed=1)])).shape == (2, 3, 6, 8)

    def test_values_are_rounded_to_the_nearest_and_clipped(self):
        image = torch.tensor([-3.0, -1.0, -0.0001, 0.0039, 0.9999, 2.5]).view(1, 1, 1, 6).expand(1, 3, 1, 6)
        assert images.to_uint8(image)[0, 0, :, 0].tolist() == [0, 0, 127, 128, 255, 255]

    def test_read_only_arrays_are_copied(self):
        array = noise()
        array.setflags(write=False)
        images.from_uint8(array).zero_()
        assert np.array_equal(array, noise())

    @pytest.mark.parametrize("shape", [(6, 8, 4), (8,), (0, 8, 3), (1, 1, 6, 8, 3)])
    def test_other_shapes_are_refused(self, shape):
        with pytest.raises(ImageError, match="uint8"):
            images.from_uint8(np.zeros(shape, dtype=np.uint8))

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
    def test_values_that_are_not_finite_are_refused(self, value):
        image = torch.zeros(1, 3, 4, 4)
        image[0, 1, 2, 3] = value
        with pytest.raises(ImageError, match="not finite"):
            images.to_uint8(image)

    @pytest.mark.parametrize("shape", [(3, 4, 4), (1, 1, 4, 4), (1, 4, 4, 3), (0, 3, 4, 4)])
    def test_other_tensors_are_refused(self, shape):
        with pytest.raises(ImageError, match=r"\[N, 3, H, W\]"):
            images.to_uint8(torch.zeros(shape))

    def test_one_picture_at_a_time(self):
        with pytest.raises(ImageError, match="one at a time"):
            images.to_pil(torch.zeros(2, 3, 4, 4))


class TestResize:
    @pytest.mark.parametrize(
        ("method", "filter_"), [("bilinear", Image.Resampling.BILINEAR), ("bicubic", Image.Resampling.BICUBIC)]
    )
    @pytest.mark.parametrize("size", [(7, 11), (31, 90)])
    def test_agrees_with_pillow(self, method, filter_, size):
        array = noise(23, 40) // 3 + 80  # far from 0 and 255, where Pillow clips between its two passes
        wanted = np.asarray(Image.fromarray(array).resize(size[::-1], filter_)).astype(int)
        found = images.to_uint8(images.resize(images.from_uint8(array), size, method))[0].astype(int)
        assert np.abs(found - wanted).max() <= 1

    def test_area_is_the_mean(self):
        image = torch.rand(1, 3, 8, 8)
        assert torch.allclose(images.resize(image, 4, "area"), torch.nn.functional.avg_pool2d(image, 2))

    def test_the_same_size_is_the_same_picture(self):
        image = torch.rand(1, 3, 8, 9)
        assert images.resize(image, (8, 9)) is image


class TestWrite:
    @pytest.mark.parametrize("name", ["a.png", "a.PNG", "a.jpg", "a.jpeg", "a.webp"])
    def test_what_is_written_is_read(self, tmp_path, name):
        smooth = images.resize(images.from_uint8(noise()), (48, 64))
        images.write(smooth, tmp_path / name)
        error = (images.read(tmp_path / name) - smooth.clamp(-1, 1)).abs().max()
        assert error < (0.004 if name.lower().endswith("png") else 0.2)

    @pytest.mark.parametrize("suffix", ["png", "jpg", "webp"])
    def test_the_same_picture_gives_the_same_bytes(self, tmp_path, suffix):
        image = images.from_uint8(noise(30, 40))
        images.write(image, tmp_path / f"a.{suffix}")
        images.write(image, tmp_path / f"b.{suffix}")
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()

    @pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
    def test_a_file_holds_what_is_encoded(self, tmp_path, suffix):
        image = images.from_uint8(noise(30, 40))
        images.write(image, tmp_path / f"a{suffix}")
        assert (tmp_path / f"a{suffix}").read_bytes() == images.encode(image, suffix)
        with pytest.raises(ImageError, match=r"expected \.png"):
            images.encode(image, ".gif")

    def test_a_picture_of_a_photo_is_small(self):
        """The fast compression must not cost much room: zlib's best is the measure."""
        photo = images.from_uint8(np.asarray(Image.open(demo_photo()).convert("RGB").crop((100, 0, 356, 256)))[None])
        best = BytesIO()
        images.to_pil(photo).save(best, "PNG", compress_level=9)
        assert len(images.encode(photo, ".png")) < 1.05 * len(best.getvalue())

    def test_folders_are_made_and_names_may_be_any(self, tmp_path):
        path = tmp_path / "neu" / "gr\u00fc\u00dfe \u4f60\u597d.png"
        images.write(torch.zeros(1, 3, 2, 2), path)
        assert images.read(path).shape == (1, 3, 2, 2)

    def test_transparency_survives(self, tmp_path):
        alpha = torch.tensor([[0.0, 0.2], [0.6, 1.0]]).view(1, 1, 2, 2)
        images.write(torch.zeros(1, 3, 2, 2), tmp_path / "a.png", alpha=alpha)
        _, found = images.read_with_alpha(tmp_path / "a.png")
        assert torch.allclose(found, alpha, atol=1e-6)
        with pytest.raises(ImageError, match="no transparency"):
            images.write(torch.zeros(1, 3, 2, 2), tmp_path / "a.jpg", alpha=alpha)

    @pytest.mark.parametrize("name", ["a", "a.gif", "a.png.txt"])
    def test_an_unknown_suffix(self, tmp_path, name):
        with pytest.raises(ImageError, match=r"\.png, \.jpg"):
            images.write(torch.zeros(1, 3, 2, 2), tmp_path / name)

    def test_a_failure_leaves_what_was_there(self, tmp_path, monkeypatch):
        path = tmp_path / "a.png"
        images.write(torch.zeros(1, 3, 2, 2), path)
        before = path.read_bytes()

        whole = Path.write_bytes

        def half(file, content):
            whole(file, content[: len(content) // 2])
            raise OSError("disk full")

        monkeypatch.setattr(Path, "write_bytes", half)
        with pytest.raises(ImageError, match="disk full"):
            images.write(torch.ones(1, 3, 2, 2), path)
        assert path.read_bytes() == before
        assert [entry.name for entry in tmp_path.iterdir()] == ["a.png"]

    def test_values_that_are_not_finite_are_not_written(self, tmp_path):
        with pytest.raises(ImageError, match="not finite"):
            images.write(torch.full((1, 3, 2, 2), float("nan")), tmp_path / "a.png")
        assert not list(tmp_path.iterdir())

    def test_a_picture_that_is_too_large_for_its_format(self, tmp_path):
        with pytest.raises(ImageError, match="can't be written"):
            images.write(torch.zeros(1, 3, 1, 17_000), tmp_path / "a.webp")
