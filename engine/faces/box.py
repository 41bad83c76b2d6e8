"""Where a face is."""

from dataclasses import dataclass

__all__ = ["Box"]


@dataclass(frozen=True, kw_only=True)
class Box:
    """A square around the features of a face: brows to chin, temple to temple.

    Attributes:
        left, top, right, bottom: in pixel indices of the photo (the centre of its first pixel is 0); they may lie outside of
            it.
        score: confidence of the detector in [0, 1].
        angle: roll of the head in degrees, clockwise as seen by the viewer; the box itself is upright.
    """

    left: float
    top: float
    right: float
    bottom: float
    score: float = 1.0
    angle: float = 0.0

    @property
    def centre(self) -> tuple[float, float]:
        """Centre (x, y)."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    @property
    def side(self) -> float:
        """Mean of width and height."""
        return (self.right - self.left + self.bottom - self.top) / 2

    @classmethod
    def around(cls, x: float, y: float, side: float, *, score: float = 1.0, angle: float = 0.0) -> "Box":
        """Make a square box from its centre and side."""
        half = side / 2
        return cls(left=x - half, top=y - half, right=x + half, bottom=y + half, score=score, angle=angle)
