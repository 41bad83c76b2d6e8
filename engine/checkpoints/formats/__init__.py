"""The published formats, one file each, and ours."""

from .nvlabs import NVLABS
from .pastiche import PASTICHE
from .psp import PSP
from .rosinality import ROSINALITY

__all__ = ["PUBLISHED"]

PUBLISHED = (PASTICHE, NVLABS, PSP, ROSINALITY)
