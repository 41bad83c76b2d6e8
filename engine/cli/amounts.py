"""A command whose options are partly named by a file: ``--NAME AMOUNT`` for each direction."""

from typing import Any

from typer.core import TyperCommand

__all__ = ["AMOUNTS", "EditCommand"]

AMOUNTS = "amounts"  # in the context: `--NAME AMOUNT` pairs


class EditCommand(TyperCommand):
    """A command that also takes ``--NAME AMOUNT`` for directions, whose names only their file knows."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take the amounts out of the arguments: every unknown option with a number behind it."""
        known = {name for param in self.get_params(ctx) for name in (*param.opts, *param.secondary_opts)}
        rest, amounts, queue = [], {}, list(args)
        while queue:
            word = queue.pop(0)
            name, equals, value = word.partition("=")
            if not name.startswith("--") or name in known or name == "--":
                rest.append(word)
                continue
            value = value if equals else (queue[0] if queue else "")
            try:
                amounts[name[2:].replace("-", "_")] = float(value)
            except ValueError:
                rest.append(word)  # click says what is wrong with it
                continue
            if not equals:
                queue.pop(0)
        ctx.meta[AMOUNTS] = amounts
        return list(super().parse_args(ctx, rest))
