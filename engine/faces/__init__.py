"""Faces in photos: found, aligned as FFHQ is, and put back."""

from .align import Detector, align, crop_by_hand
from .detect import Box, detect
from .face import Face, mask_all, paste_all
from .fan import FaceAlignmentLandmarks
from .landmark_net import LandmarkConfig, LandmarkNet
from .landmarks import BoxLandmarks, Landmarker, NetworkLandmarks
from .paste import Region

__all__ = [
    "Box",
    "BoxLandmarks",
    "Detector",
    "Face",
    "FaceAlignmentLandmarks",
    "LandmarkConfig",
    "LandmarkNet",
    "Landmarker",
    "NetworkLandmarks",
    "Region",
    "align",
    "crop_by_hand",
    "detect",
    "mask_all",
    "paste_all",
]
