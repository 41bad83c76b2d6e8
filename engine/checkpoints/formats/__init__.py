"""The published formats, one file each, and our own."""

from .agilegan import AGILEGAN
from .arcface import ARCFACE
from .blendgan import BLENDGAN
from .dualstylegan import DUALSTYLEGAN, DUALSTYLEGAN_SAMPLER
from .nvlabs import NVLABS
from .pastiche import PASTICHE
from .psp import PSP
from .rosinality import ROSINALITY
from .saved import SAVED

__all__ = ["PUBLISHED"]

PUBLISHED = (PASTICHE, AGILEGAN, ARCFACE, BLENDGAN, DUALSTYLEGAN, DUALSTYLEGAN_SAMPLER, NVLABS, PSP, ROSINALITY, *SAVED)
