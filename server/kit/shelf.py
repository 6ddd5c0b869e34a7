"""What was drawn once and is read often: the latest so many, in little memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

# Python packs objects of up to 512 bytes closely. Larger ones lie between what requests need for a moment, and the
# holes are never filled: with 8,192 cards that was 18 MB.
PIECE = 464

Pieces = tuple[bytes, ...]
Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Shelf(Generic[Key, Value]):
    """Holds what was read last; whoever does not find a thing draws it and puts it there."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.kept: OrderedDict[Key, Value] = OrderedDict()

    def get(self, key: Key) -> Value | None:
        """What was put there, if it still is."""
        found = self.kept.get(key)
        if found is not None:
            self.kept.move_to_end(key)
        return found

    def put(self, key: Key, value: Value) -> Value:
        """Keep a value in the place of the one that was not read for longest."""
        if len(self.kept) >= self.most:
            self.kept.popitem(last=False)
        self.kept[key] = value
        return value


def pieces_of(content: bytes) -> Pieces:
    """Bytes in pieces that take no more room than they fill."""
    return tuple(content[at : at + PIECE] for at in range(0, len(content), PIECE))
