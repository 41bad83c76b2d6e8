"""Ctrl-C during a training: the iteration is finished and its state saved before the program ends."""

import logging
import signal
import threading
from types import FrameType, TracebackType
from typing import Any

__all__ = ["Stopping"]

log = logging.getLogger(__name__)

SIGNALS = (signal.SIGINT, signal.SIGTERM)  # Ctrl-C, and what a cluster sends before it takes a machine back


class Stopping:
    """A context manager that turns a signal to stop into a request. A second signal stops at once.

    Only the main thread of a program can answer signals; elsewhere, as in ComfyUI, nothing changes.

    Attributes:
        asked: whether the user asked to stop.
    """

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Stopping":
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._ask) for number in SIGNALS}
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._restore()

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        log.warning("stopping after this iteration; its state is being saved")
        self.asked = True
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}
