"""What was drawn once: the latest stays, in pieces that pack well."""

import sys

from hypothesis import given
from hypothesis import strategies as st

from server.kit.shelf import Shelf, pieces_of

PACKED = 512  # what Python's own allocator takes


def test_what_was_not_read_for_longest_goes_first():
    shelf = Shelf(2)
    shelf.put("a", 1)
    shelf.put("b", 2)
    assert shelf.get("a") == 1
    shelf.put("c", 3)
    assert (shelf.get("a"), shelf.get("b"), shelf.get("c")) == (1, None, 3)


@given(st.binary(max_size=3000))
def test_pieces_are_the_whole_and_small(content):
    pieces = pieces_of(content)
    assert b"".join(pieces) == content
    assert all(sys.getsizeof(piece) <= PACKED for piece in pieces)
