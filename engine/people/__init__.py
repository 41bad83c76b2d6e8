"""One person's likeness: a generator tuned to a face, and styles that keep it."""

from .personal import LIKENESS, Personal, PersonalStyle, expect_person, expect_personal, on
from .tuned import Tuned

__all__ = ["LIKENESS", "Personal", "PersonalStyle", "Tuned", "expect_person", "expect_personal", "on"]
