"""Generators tuned to one person's face, and styles that keep the likeness."""

from .personal import LIKENESS, Personal, PersonalStyle, expect_person, expect_personal, on
from .tuned import Tuned

__all__ = ["LIKENESS", "Personal", "PersonalStyle", "Tuned", "expect_person", "expect_personal", "on"]
