"""Painted styles: portraits in oil, ink, glass and light; each instance of a style has its own manner."""

from .registry import STYLES, PaintedStyle, paint_style

__all__ = ["STYLES", "PaintedStyle", "paint_style"]
