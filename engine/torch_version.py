"""The oldest PyTorch that works, checked at import: requirements.txt names none, since pip would replace the user's."""

import importlib

__all__ = ["OLDEST", "require_torch"]

OLDEST = (2, 7)  # pyproject.toml says the same


def require_torch() -> None:
    """Check the PyTorch that is installed.

    Raises:
        ImportError: there is none, or it is older than `OLDEST`.
    """
    needed = "Pastiche needs PyTorch {}.{} or newer".format(*OLDEST)
    try:
        found = str(importlib.import_module("torch").__version__)
    except ModuleNotFoundError as error:
        raise ImportError(f"{needed}, and none is installed: install it as https://pytorch.org/get-started says") from error
    if tuple(int(part) for part in found.split(".")[:2]) < OLDEST:
        raise ImportError(
            f"{needed}, and {found} is installed: update it together with torchvision and what else is built for it, as "
            "https://pytorch.org/get-started says (in ComfyUI, with its own updater)"
        )
