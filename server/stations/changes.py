"""Who is told, inside the transaction, when stations open at other times than before.

Slots hang on opening hours, but this room knows nothing of slots: whoever keeps them says so at start.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

Listener = Callable[[Sequence[UUID]], Awaitable[object]]
_listeners: dict[str, Listener] = {}


def when_opening_changes(listener: Listener) -> None:
    """Tell `listener` from now on (once, however often it is named)."""
    _listeners[f"{listener.__module__}.{listener.__qualname__}"] = listener


async def opening_changed(station_ids: Sequence[UUID]) -> None:
    """Tell everybody who asked."""
    for listener in _listeners.values():
        await listener(station_ids)
