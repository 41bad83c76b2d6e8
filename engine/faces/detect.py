"""Face detection as everything here does it: a cascade of patterns and a small network together.

The cascade finds upright frontal faces of photographs, and places its boxes exactly. The network finds what the cascade misses:
paintings, hats, hands before a chin, tilted heads.
"""

from torch import Tensor

from .box import Box
from .cascade import CascadeDetector, confident
from .detector import bundled_detector, same_face

__all__ = ["detect"]


def detect(image: Tensor, *, smallest: float = 0.04) -> list[Box]:
    """Detect every face, largest first.

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
    upright = cascade.upright(image)
    known = cascade.clear(image, upright)
    added = network.searching(smallest)(image)
    if added or confident(known):
        found = known + [box for box in added if not any(same_face(box, other) for other in known)]
    else:
        found = cascade.search_again(image, upright)
    return sorted(found, key=lambda box: box.side, reverse=True)
