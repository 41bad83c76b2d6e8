"""Face detection as everything here does it: a small network proposes, a cascade of patterns verifies.

The network finds nearly every face, also painted ones, tilted heads, hats, and hands before a chin; but its box is off by a
tenth, and some patterns look to it like half a face. The cascade knows frontal faces of photographs, and places boxes exactly.
"""

from dataclasses import replace

from torch import Tensor

from .box import Box
from .cascade import CascadeDetector, suppressed
from .detector import bundled_detector

__all__ = ["detect"]

PROPOSED = 0.15  # score of the network from which the cascade looks
LAST_RESORT = 0.1  # side of the smallest face, as a fraction of the photo's, that the cascade searches for where none was found
PLACED = 0.2  # score of the cascade from which its box is the better one


def detect(image: Tensor, *, smallest: float = 0.04) -> list[Box]:
    """Detect every face, largest first.

    A face's score is the chance that network and cascade are not both wrong, ``1 - (1 - network) (1 - cascade)``. A picture
    in which this finds none is searched by the cascade alone, for faces of a tenth of its side: it was probably chosen for one.

    Args:
        image: ``[1, 3, H, W]`` in [-1, 1].
        smallest: side of the smallest face to search for, as a fraction of the photo's longer side. Time grows with its
            inverse square.

    Raises:
        ImageError: `image` is not one image.
    """
    cascade, network = CascadeDetector(smallest=smallest), bundled_detector()
    if network is None:
        return cascade(image)
    proposals = network.searching(smallest, threshold=PROPOSED)(image)
    verified = cascade.verify(image, proposals)
    boxes = [_together(*both) for both in zip(proposals, verified, strict=True)]
    found = suppressed([box for box in boxes if box.score >= network.threshold])
    if not found:
        return CascadeDetector(smallest=max(smallest, LAST_RESORT))(image)
    return sorted(found, key=lambda box: box.side, reverse=True)


def _together(proposal: Box, verified: Box | None) -> Box:
    """The face that both found, or the proposal alone."""
    if verified is None:
        return proposal
    placed = verified if verified.score >= PLACED else proposal
    return replace(placed, score=1 - (1 - proposal.score) * (1 - verified.score))
