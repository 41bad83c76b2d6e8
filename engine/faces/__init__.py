"""Face detection, FFHQ alignment, and pasting of stylized crops."""

from .align import Detector, align, crop_by_hand
from .box import Box
from .detect import detect
from .detector import DetectorNet, NetworkDetector, bundled_detector
from .face import Face, face_patches, mask_all, mask_of, paste_all
from .fan import FaceAlignmentLandmarks
from .landmark_net import LandmarkConfig, LandmarkNet
from .landmarkers import LANDMARKERS, LandmarkerName, landmarker_of, resolved
from .landmarks import BoxLandmarks, Landmarker, NetworkLandmarks
from .parsing import FaceParser, ParsingNet, bundled_parser
from .paste import blend
from .patches import Region

__all__ = [
    "LANDMARKERS",
    "Box",
    "BoxLandmarks",
    "Detector",
    "DetectorNet",
    "Face",
    "FaceAlignmentLandmarks",
    "FaceParser",
    "LandmarkConfig",
    "LandmarkNet",
    "Landmarker",
    "LandmarkerName",
    "NetworkDetector",
    "NetworkLandmarks",
    "ParsingNet",
    "Region",
    "align",
    "blend",
    "bundled_detector",
    "bundled_parser",
    "crop_by_hand",
    "detect",
    "face_patches",
    "landmarker_of",
    "mask_all",
    "mask_of",
    "paste_all",
    "resolved",
]
