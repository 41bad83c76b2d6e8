"""Videos in a style: faces followed, smoothed and drawn over time; frames and sound kept."""

from .appearance import Appearance, by_identity, by_thumbnail
from .drive import drive_face
from .job import Phases, VideoNetworks, VideoReport, VideoSettings, checked, job_of
from .live import LiveStylizer
from .preview import preview_sheet
from .reader import Colors, Frame, VideoInfo, VideoSource, probe, read_frames
from .smoothing import FRAME_BY_FRAME, OneEuro, Smoothing
from .stylize import stylize_video
from .tracking import Observation, Tracker

__all__ = [
    "FRAME_BY_FRAME",
    "Appearance",
    "Colors",
    "Frame",
    "LiveStylizer",
    "Observation",
    "OneEuro",
    "Phases",
    "Smoothing",
    "Tracker",
    "VideoInfo",
    "VideoNetworks",
    "VideoReport",
    "VideoSettings",
    "VideoSource",
    "by_identity",
    "by_thumbnail",
    "checked",
    "drive_face",
    "job_of",
    "preview_sheet",
    "probe",
    "read_frames",
    "stylize_video",
]
