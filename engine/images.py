"""Reading, writing and converting images.

This is the only place where value ranges and channel orders change. Inside the engine an image is float32
``[N, 3, H, W]``, RGB, in [-1, 1]; in a file or an array it is uint8, RGB, channels last.
"""

import logging
import math
import os
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps
from torch import Tensor

from .errors import ImageError
from .files import replacing

__all__ = [
    "MAX_PIXELS",
    "WHITE",
    "Source",
    "check",
    "encode",
    "from_uint8",
    "luma",
    "read",
    "read_with_alpha",
    "resize",
    "to_pil",
    "to_uint8",
    "write",
]

log = logging.getLogger(__name__)

Source = str | os.PathLike[str] | bytes | Image.Image
Method = Literal["bicubic", "bilinear", "area"]

WHITE = (1.0, 1.0, 1.0)
LUMA = (0.299, 0.587, 0.114)  # Rec. 601
MAX_PIXELS = 178_956_970  # the limit of Pillow: 512 MiB as 8-bit RGB
FORMATS = {
    # Runs alone, which PNG's filters leave in photos: a quarter of zlib's usual time, and files of about the same size.
    ".png": ("PNG", {"compress_level": 1, "compress_type": zlib.Z_RLE}),
    ".jpg": ("JPEG", {"quality": 95, "subsampling": 0}),
    ".jpeg": ("JPEG", {"quality": 95, "subsampling": 0}),
    ".webp": ("WEBP", {"quality": 95, "method": 4}),
}
# Common files that Pillow can't read: offset of the signature, the signature, and what to do.
SIGNATURES = (
    (0, b"<!doctype html", "a web page: the download that made it failed, fetch the picture again"),
    (0, b"<html", "a web page: the download that made it failed, fetch the picture again"),
    (0, b"version https://git-lfs", "a Git LFS pointer: run `git lfs pull`"),
    (0, b"<?xml", "XML, perhaps SVG: export it as PNG"),
    (0, b"<svg", "SVG: export it as PNG"),
    (0, b"%pdf", "a PDF: export the page as PNG"),
    (0, b"8bps", "a Photoshop document: export it as PNG"),
    (0, b"pk\x03\x04", "a zip archive: unpack it first"),
    (4, b"ftypheic", "a HEIC photo: save it as JPEG or PNG"),
    (4, b"ftypheix", "a HEIC photo: save it as JPEG or PNG"),
    (4, b"ftypmif1", "a HEIF photo: save it as JPEG or PNG"),
    (4, b"ftyp", "a film, or a photo in a format that is not known here: save one frame as PNG"),
)
# Decoders raise all of these on damaged files.
DAMAGED = (
    *(OSError, ValueError, SyntaxError, EOFError, LookupError, TypeError, ArithmeticError, RuntimeError),
    *(struct.error, zlib.error),
)


def read(source: Source, *, background: tuple[float, float, float] = WHITE) -> Tensor:
    """Read an image as a tensor ``[1, 3, H, W]`` in [-1, 1].

    The EXIF orientation is applied, and the colours are converted to sRGB by the colour profile. Grey, palette,
    CMYK and 16-bit grey images become RGB. 16-bit RGB is read with 8 bits, which is a limit of Pillow.
    Only the first frame of an animation is read. Transparent pixels show the background.

    Args:
        source: a path, the bytes of a file, or a Pillow image.
        background: RGB in [-1, 1]; white by default, as browsers and print do.

    Raises:
        ImageError: the file does not exist, is no image, is damaged, or is too large.
    """
    return read_with_alpha(source, background=background)[0]


def read_with_alpha(source: Source, *, background: tuple[float, float, float] = WHITE) -> tuple[Tensor, Tensor | None]:
    """Read an image over `background`, as `read` does, and its opacity.

    Returns:
        ``[1, 3, H, W]`` in [-1, 1], and ``[1, 1, H, W]`` in [0, 1], or None if the image is opaque.

    Raises:
        ImageError: as `read`.
    """
    with _opened(source) as (picture, name):
        _check_size(picture, name)
        try:
            array = _array(_upright(picture))
        except _OutOfRange as problem:
            raise ImageError(f"{name} is whole, but {problem}: bring them there, or export it as 16-bit PNG") from problem
        except DAMAGED as problem:
            raise ImageError(f"{name} can't be decoded ({problem}): fetch it again, or export it as PNG") from problem
    image = _planes(array[..., :3]).div_(127.5 if array.dtype == np.uint8 else 0.5).sub_(1)
    if array.shape[2] == 3 or array[..., 3].min() == 255:
        return image, None
    alpha = _planes(array[..., 3:]).div_(255)
    return torch.lerp(torch.tensor(background, dtype=torch.float32).view(1, 3, 1, 1), image, alpha), alpha


def _upright(picture: Image.Image) -> Image.Image:
    """A picture turned as its EXIF data say; where these are garbled, as it is stored."""
    try:
        return ImageOps.exif_transpose(picture)
    except DAMAGED as problem:
        log.warning("the EXIF data of the picture can't be read, so it is not rotated: %s", problem)
        return picture


@contextmanager
def _opened(source: Source) -> Iterator[tuple[Image.Image, str]]:
    """Open an image without decoding it. Returns it with its name for messages."""
    if isinstance(source, Image.Image):
        yield source, "this picture"
    elif isinstance(source, bytes):
        yield _decode(BytesIO(source), "this picture"), "this picture"
    else:
        try:
            file = open(source, "rb")  # noqa: SIM115 (closed below; errors of the body are not this one's)
        except OSError as problem:
            raise ImageError(f"{source} can't be opened: {problem.strerror or problem}") from problem
        with file:
            yield _decode(file, str(source)), str(source)


def _decode(file: BinaryIO, name: str) -> Image.Image:
    head = file.read(64)
    file.seek(0)
    try:
        with warnings.catch_warnings():  # Pillow warns from half of the limit on
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            return Image.open(file)
    except Image.DecompressionBombError as problem:
        raise ImageError(f"{name} has more than {MAX_PIXELS} pixels: make it smaller first") from problem
    except DAMAGED as problem:
        raise ImageError(f"{name} holds no picture that can be read, but {_found(head)}") from problem


def _found(head: bytes) -> str:
    if not head:
        return "nothing: the file is empty"
    text = head.lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    for at, mark, what in SIGNATURES:
        if (text if at == 0 else head)[at:].startswith(mark):
            return what
    return f"data that begins with {head[:12]!r}: PNG, JPEG, WebP, TIFF, GIF and BMP can be read"


def _check_size(picture: Image.Image, name: str) -> None:
    if not 0 < picture.width * picture.height <= MAX_PIXELS:
        found = f"{picture.width} x {picture.height}"
        raise ImageError(f"{name} has {found} pixels, and from 1 to {MAX_PIXELS} can be used: make it smaller first")


def _array(picture: Image.Image) -> NDArray[np.uint8] | NDArray[np.float32]:
    """``[H, W, 3]`` or ``[H, W, 4]`` in 0..255; ``[H, W, 3]`` float32 in 0..1 where there are more than 8 bits."""
    if picture.mode.startswith("I") or picture.mode == "F":
        return _deep(picture)
    if picture.has_transparency_data:
        return np.asarray(_in_srgb(picture.convert("RGBA")))
    return np.asarray(_in_srgb(picture))


class _OutOfRange(ValueError):
    """Pixel values outside the range of the image mode."""


def _deep(picture: Image.Image) -> NDArray[np.float32]:
    values = np.asarray(picture, dtype=np.float32) / np.float32(1 if picture.mode == "F" else 65535)
    if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1):
        wanted = "0 to 1" if picture.mode == "F" else "0 to 65535"
        raise _OutOfRange(f"its values leave the range from {wanted} of a picture in mode {picture.mode}")
    return np.repeat(values[..., None], 3, axis=2)


def _in_srgb(picture: Image.Image) -> Image.Image:
    """Convert to sRGB from the embedded colour profile, such as Display P3 from phones or CMYK from print."""
    mode = "RGBA" if picture.mode == "RGBA" else "RGB"
    carried = picture.info.get("icc_profile")
    if not carried or picture.mode not in {"RGB", "RGBA", "CMYK"}:
        return picture.convert(mode)
    try:
        profile = ImageCms.ImageCmsProfile(BytesIO(carried))
        if "srgb" in ImageCms.getProfileDescription(profile).lower():
            return picture.convert(mode)
        converted = ImageCms.profileToProfile(picture, profile, ImageCms.createProfile("sRGB"), outputMode=mode)
    except (ImageCms.PyCMSError, *DAMAGED) as problem:
        log.warning("the colour profile of the picture can't be used, so its colours are read as sRGB: %s", problem)
        return picture.convert(mode)
    assert converted is not None
    return converted


def from_uint8(array: NDArray[np.uint8]) -> Tensor:
    """uint8 RGB ``[H, W, 3]``, ``[N, H, W, 3]`` or grey ``[H, W]`` to ``[N, 3, H, W]`` in [-1, 1].

    Raises:
        ImageError: another shape or type.
    """
    if array.ndim == 2:
        array = np.repeat(array[..., None], 3, axis=2)
    if array.dtype != np.uint8 or array.ndim not in {3, 4} or array.shape[-1] != 3 or array.size == 0:
        raise ImageError(f"a picture is uint8 [H, W, 3] or [N, H, W, 3], not {array.dtype} {list(array.shape)}")
    return _planes(array).div_(127.5).sub_(1)


def _planes(array: NDArray[np.uint8] | NDArray[np.float32]) -> Tensor:
    batch = array if array.ndim == 4 else array[None]
    return torch.from_numpy(np.array(batch.transpose(0, 3, 1, 2), dtype=np.float32, order="C"))  # [N, C, H, W]


def to_uint8(image: Tensor) -> NDArray[np.uint8]:
    """``[N, 3, H, W]`` in [-1, 1] to uint8 ``[N, H, W, 3]``, rounded to nearest; values outside the range are clipped.

    Raises:
        ImageError: another shape, or a value that is not finite.
    """
    check(image)
    planes = image.detach().float().mul(127.5).add_(127.5).round_().clamp_(0, 255).byte().cpu().numpy()
    array = np.empty((len(planes), *planes.shape[2:], 3), np.uint8)
    for channel in range(3):  # twice as fast as one copy of all, whose innermost axis has three numbers
        array[..., channel] = planes[:, channel]
    return array


def to_pil(image: Tensor) -> Image.Image:
    """Convert one image ``[1, 3, H, W]`` in [-1, 1] to an RGB Pillow image.

    Raises:
        ImageError: it is not exactly one image, or holds a value that is not finite.
    """
    check(image, batch=1)
    return Image.fromarray(to_uint8(image)[0])


def check(image: Tensor, *, batch: int | None = None) -> None:
    """Raise unless `image` is a floating ``[N, 3, H, W]`` of finite values.

    Args:
        batch: the N that it must have.

    Raises:
        ImageError: it is something else.
    """
    if not image.is_floating_point() or image.ndim != 4 or image.shape[1] != 3 or not image.numel():
        raise ImageError(f"a picture is a float tensor [N, 3, H, W], not {image.dtype} {list(image.shape)}")
    if batch is not None and image.shape[0] != batch:
        raise ImageError(f"{batch} picture is expected here, not {image.shape[0]}: give one at a time")
    if not math.isfinite(image.detach().sum(dtype=torch.float32).item()):  # a NaN or an infinity reaches the sum
        raise ImageError("the picture holds values that are not finite (NaN): what made it went wrong")


def luma(image: Tensor) -> Tensor:
    """Perceived lightness (Rec. 601) of ``[N, 3, H, W]`` as ``[N, 1, H, W]``, in the image's own range."""
    return (image * image.new_tensor(LUMA).view(1, 3, 1, 1)).sum(dim=1, keepdim=True)


def resize(image: Tensor, size: int | tuple[int, int], method: Method = "bicubic") -> Tensor:
    """Resize images ``[N, C, H, W]``, antialiased when they shrink.

    Args:
        size: height and width, or the side of a square.
        method: "bicubic" and "bilinear" match Pillow, with a filter that widens with the reduction;
            bicubic, used instead of Lanczos, can leave the range at hard edges. "area" is the mean of
            the covered pixels. pSp and related encoders were trained with "bilinear", DualStyleGAN and BlendGAN with "area".
    """
    shape = (size, size) if isinstance(size, int) else size
    if tuple(image.shape[-2:]) == shape:
        return image
    if method == "area":
        return F.interpolate(image, size=shape, mode="area")
    return F.interpolate(image, size=shape, mode=method, antialias=True, align_corners=False)


def write(image: Tensor, path: str | os.PathLike[str], *, alpha: Tensor | None = None, quality: int | None = None) -> None:
    """Write an image ``[1, 3, H, W]`` in [-1, 1] as PNG, JPEG or WebP, by the suffix.

    The file is written atomically, and the same image always gives the same bytes. Missing folders
    are created.

    Args:
        alpha: opacity ``[1, 1, H, W]`` in [0, 1]; not supported by JPEG.
        quality: of JPEG and WebP, 1 to 100; 95 by default. PNG is lossless.

    Raises:
        ImageError: the suffix is not .png, .jpg, .jpeg or .webp, the image holds values that
            are not finite, or the file can't be written.
    """
    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        raise ImageError(f"{path} ends in {path.suffix!r}: a picture is written as {', '.join(FORMATS)}")
    try:
        content = encode(image, path.suffix, alpha=alpha, quality=quality)
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path, ImageError) as beside:
            beside.write_bytes(content)
    except (OSError, ValueError) as problem:
        raise ImageError(f"{path} can't be written: {problem}") from problem


def encode(image: Tensor, suffix: str, *, alpha: Tensor | None = None, quality: int | None = None) -> bytes:
    """The bytes of the file that `write` writes.

    Args:
        image: ``[1, 3, H, W]`` in [-1, 1].
        suffix: ".png", ".jpg", ".jpeg" or ".webp".
        alpha, quality: as for `write`.

    Raises:
        ImageError: the suffix is another one, the image holds values that are not finite, or the format can't hold it.
    """
    if suffix.lower() not in FORMATS:
        raise ImageError(f"{suffix!r} is no format of pictures: expected {', '.join(FORMATS)}")
    kind, options = FORMATS[suffix.lower()]
    if quality is not None and "quality" in options:
        options = {**options, "quality": quality}
    picture, buffer = to_pil(image), BytesIO()
    if alpha is not None:
        if kind == "JPEG":
            raise ImageError("a JPEG holds no transparency: write a .png or .webp")
        picture.putalpha(Image.fromarray(to_uint8(alpha.expand(-1, 3, -1, -1) * 2 - 1)[0, ..., 0]))
    try:
        picture.save(buffer, kind, **options)
    except (OSError, ValueError) as problem:
        raise ImageError(
            f"a picture of {picture.width} x {picture.height} pixels can't be written as {kind}: {problem}"
        ) from problem
    return buffer.getvalue()
