"""Groups of options that commands share: a dataclass whose fields are options."""

import inspect
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import wraps
from typing import Any, get_type_hints

__all__ = ["grouped"]


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """Let typer see the fields of a command's dataclass parameters as separate options.

    Args:
        command: a function whose parameters are options, arguments, or dataclasses of options with defaults.

    Returns:
        The command with the fields in place of the dataclasses, all of them keyword-only.
    """
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: hint for name, hint in hints.items() if is_dataclass(hint)}
    parameters: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(command).parameters.items():
        parameters += _parameters(groups[name]) if name in groups else [parameter.replace(annotation=hints[name])]

    @wraps(command)
    def flat(**values: Any) -> None:
        made = {
            name: group(**{field.name: values.pop(field.name) for field in fields(group)}) for name, group in groups.items()
        }
        command(**values, **made)

    kind = inspect.Parameter.KEYWORD_ONLY
    signature = inspect.Signature([parameter.replace(kind=kind) for parameter in parameters])
    flat.__signature__ = signature  # type: ignore[attr-defined]
    flat.__annotations__ = {name: parameter.annotation for name, parameter in signature.parameters.items()}
    return flat


def _parameters(group: Any) -> list[inspect.Parameter]:
    """The fields of a dataclass as parameters."""
    hints = get_type_hints(group, include_extras=True)
    kind = inspect.Parameter.KEYWORD_ONLY
    return [inspect.Parameter(field.name, kind, default=field.default, annotation=hints[field.name]) for field in fields(group)]
