"""A rendered page goes when it is sent: circles would wait for the collector, which has been told to come seldom."""

import gc

import pytest
from jinja2.runtime import Context


def contexts() -> int:
    return sum(isinstance(thing, Context) for thing in gc.get_objects())


@pytest.mark.parametrize("path", ["/stations?q=万达", "/", "/settings", "/join", "/suggestions", "/regions"])
async def test_the_context_of_a_page_is_free_at_once(site, path):
    await site.open(path)  # what is kept of it from now on
    gc.collect()
    before = contexts()
    gc.disable()
    try:
        for _ in range(3):
            assert (await site.open(path)).status_code == 200
        assert contexts() == before
    finally:
        gc.enable()
