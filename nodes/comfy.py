"""The interface to ComfyUI, and its replacement where ComfyUI is not installed. No other file imports ComfyUI.

It covers folders, devices, memory, progress and interruption. Without ComfyUI everything runs on the CPU, progress is not
shown, and the working folder stands in for ComfyUI's folders.
"""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

try:
    import comfy.model_management as management
    import comfy.model_patcher as patching
    import comfy.utils as utilities
    import folder_paths as folders
except ImportError:
    management = patching = utilities = folders = None

if TYPE_CHECKING:
    from torch import nn

    from ..engine import Step

__all__ = [
    "FILES",
    "MODELS",
    "Patcher",
    "ProgressReporter",
    "check_interrupted",
    "device",
    "folders_of",
    "load",
    "patcher",
    "register_folders",
    "release",
    "show_text",
    "streamed",
    "temporary_file",
    "video_of",
]

log = logging.getLogger(__name__)

MODELS = {".pt", ".pth", ".pkl", ".safetensors", ".npy"}
FILES = {".safetensors"}
PREVIEW = 256  # side of a preview in pixels
TRIM = 0.02  # seconds by which a trimmed video is shorter than its file, at least
PAUSE = 0.5  # seconds between previews, which take time to draw


def register_folders() -> None:
    """Register our folders with ComfyUI, in addition to folders that other packs registered under the same names."""
    if folders is None:
        return
    models, output = Path(folders.models_dir), Path(folders.get_output_directory())
    for name, paths, endings in (
        ("pastiche", [models / "pastiche"], MODELS),
        ("stylegan", [models / "stylegan"], MODELS),
        ("pastiche_styles", [output / "pastiche" / "styles", models / "pastiche" / "styles"], FILES),
        ("pastiche_directions", [models / "pastiche" / "directions"], MODELS),
        ("pastiche_latents", [output / "pastiche" / "latents", models / "pastiche" / "latents"], FILES),
    ):
        known = name in folders.folder_names_and_paths
        for path in paths:
            folders.add_model_folder_path(name, str(path))
        if not known:  # a new folder would list files of every kind
            folders.folder_names_and_paths[name] = (folders.folder_names_and_paths[name][0], set(endings))
    try:
        (models / "pastiche").mkdir(parents=True, exist_ok=True)  # so that users see where files go
    except OSError as problem:
        log.info("can't create the folder for models: %s", problem)


def folders_of(name: str) -> list[Path]:
    """The folders that are searched for files of a kind; new files are written to the first one."""
    if folders is not None:
        return [Path(path) for path in folders.get_folder_paths(name)]
    return [Path.cwd() / ("models" if name in ("pastiche", "stylegan") else "output") / name]


if patching is None:

    class Patcher:
        """A network that stays on its device."""

        def __init__(self, model: nn.Module) -> None:
            self.model = model

else:

    class Patcher(patching.ModelPatcher):  # type: ignore[no-redef, misc]
        """A network that ComfyUI moves as a whole: our layers can't run with part of their weights on another device."""

        def load(self, device_to: Any = None, lowvram_model_memory: int = 0, *args: Any, **more: Any) -> None:
            """Load everything at once, whatever the memory limit is."""
            del lowvram_model_memory, args
            super().load(device_to, **{**more, "full_load": True})

        def partially_unload(self, *_args: Any, **_more: Any) -> int:
            """Free nothing, so that ComfyUI unloads the whole network instead."""
            return 0


def patcher(module: nn.Module) -> Patcher:
    """The handle that ComfyUI's memory management uses for a network; make one per network."""
    if management is None:
        return Patcher(module)
    return Patcher(module, load_device=management.get_torch_device(), offload_device=management.unet_offload_device())  # type: ignore[call-arg]


def load(patchers: Sequence[Patcher], memory: float = 0) -> torch.device:
    """Move networks to ComfyUI's device, unloading others where needed.

    Args:
        memory: bytes that the computation needs in addition to the weights.

    Returns:
        the device.
    """
    if management is not None:
        management.load_models_gpu(list(patchers), memory_required=memory, force_full_load=True)
    return device()


def device() -> torch.device:
    """The device that ComfyUI computes on."""
    return torch.device("cpu") if management is None else management.get_torch_device()


def release() -> None:
    """Release cached memory that is no longer in use."""
    if management is not None:
        management.soft_empty_cache()


class StoredVideo:
    """A video in a file: what ComfyUI's VideoFromFile is, where ComfyUI is not installed."""

    def __init__(self, file: str) -> None:
        self._file = file

    def get_stream_source(self) -> str:
        """The path of the file."""
        return self._file


def temporary_file(suffix: str, job: Mapping[str, Any] | None = None) -> Path:
    """A name in ComfyUI's folder of temporary files, which it empties when it starts.

    Args:
        job: what the file's content depends on, which gives the same name again; a new name without.
    """
    folder = Path(tempfile.gettempdir()) if folders is None else Path(folders.get_temp_directory())
    folder.mkdir(parents=True, exist_ok=True)
    facts = json.dumps(job, sort_keys=True, default=str).encode()
    name = secrets.token_hex(8) if job is None else hashlib.sha256(facts).hexdigest()[:16]
    return folder / f"pastiche_{name}{suffix}"


def video_of(path: Path) -> Any:
    """A file as a VIDEO."""
    if folders is None:
        return StoredVideo(str(path))
    from comfy_api.input_impl import VideoFromFile

    return VideoFromFile(str(path))


@contextmanager
def streamed(video: Any) -> Iterator[str | BytesIO]:
    """What a VIDEO is read from: its file, or a copy where the file is not what is to be seen (trimmed, or made of images)."""
    source = _source(video)
    if source is not None and not _trimmed(video, source):
        yield source
        return
    copy = temporary_file(".mp4")
    try:
        video.save_to(str(copy))
        yield str(copy)
    finally:
        copy.unlink(missing_ok=True)


def _source(video: Any) -> str | BytesIO | None:
    """What a VIDEO streams from; None where it can't tell. Up to 0.3.64 ComfyUI can't write one made of images to memory."""
    try:
        return video.get_stream_source()  # type: ignore[no-any-return]
    except (AttributeError, ValueError):
        return None


def _trimmed(video: Any, source: str | BytesIO) -> bool:
    """Whether a VIDEO is shorter than its file, by more than a frame or so."""
    if not hasattr(video, "get_duration"):
        return False
    import av

    with av.open(source, "r") as container:
        whole = None if container.duration is None else container.duration / av.time_base
    if isinstance(source, BytesIO):
        source.seek(0)
    return whole is not None and abs(float(video.get_duration()) - whole) > TRIM


def check_interrupted() -> None:
    """Raise ComfyUI's interruption if the user pressed Cancel."""
    if management is not None:
        management.throw_exception_if_processing_interrupted()


class ProgressReporter:
    """Shows progress in ComfyUI with a preview of the current result, and stops on Cancel."""

    def __init__(self) -> None:
        self._bar = None if utilities is None else utilities.ProgressBar(1)
        self._shown = time.monotonic()

    def __call__(self, step: Step) -> None:
        """Report one step; pass the instance to the engine as `progress=`."""
        check_interrupted()
        if self._bar is not None:
            self._bar.update_absolute(step.index, max(step.total, 1), self._preview(step))

    def _preview(self, step: Step) -> tuple[str, Any, int] | None:
        now = time.monotonic()
        if step.preview is None or (now - self._shown < PAUSE and step.index < step.total):
            return None
        self._shown = now
        from ..engine.images import resize, to_pil

        images = step.preview().detach().float().cpu().clamp(-1, 1)[:4]
        strip = torch.cat([resize(image[None], PREVIEW) for image in images], dim=3)
        return "JPEG", to_pil(strip), PREVIEW * len(images)


def show_text(text: str, node: str | None) -> None:
    """Show a text on a node, during the run and afterwards."""
    if folders is None or node is None:
        return
    from server import PromptServer

    send = getattr(getattr(PromptServer, "instance", None), "send_progress_text", None)
    if send is not None:  # since 0.3.33
        send(text, node)
