"""Painted styles: portraits in oil, ink, glass and light, each by a hand with habits of its own."""

from .registry import STYLES, PaintedStyle, paint_style

__all__ = ["STYLES", "PaintedStyle", "paint_style"]
