"""Evaluation as the papers report it: metrics over folders and models, and the experiments of the four papers."""

from .evaluators import Evaluators, choose_features, find_evaluators
from .pictures import PairedPictures, Pictures, open_pictures

__all__ = ["Evaluators", "PairedPictures", "Pictures", "choose_features", "find_evaluators", "open_pictures"]
