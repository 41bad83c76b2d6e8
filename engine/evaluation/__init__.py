"""Evaluation as the papers report it: metrics over folders and models, and the experiments of the four papers."""

from .judges import Judges, choose_features, find_judges
from .pictures import PairedPictures, Pictures, open_pictures

__all__ = ["Judges", "PairedPictures", "Pictures", "choose_features", "find_judges", "open_pictures"]
