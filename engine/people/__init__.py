"""Generators tuned to one person's face, and styles that keep the likeness."""

from .composition import WithPerson, add_person, stylized_person
from .personal import LIKENESS, PLAIN_LIKENESS, Personal, PersonalStyle, expect_person, expect_personal, on
from .tuned import Tuned

__all__ = [
    "LIKENESS",
    "PLAIN_LIKENESS",
    "Personal",
    "PersonalStyle",
    "Tuned",
    "WithPerson",
    "add_person",
    "expect_person",
    "expect_personal",
    "on",
    "stylized_person",
]
