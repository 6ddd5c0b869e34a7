"""Refusals at the door."""

from __future__ import annotations

from server.errors import NotFound
from server.kit.text import N_


class DoorUnknown(NotFound):
    """The poster is an old one, or its code was typed wrongly."""

    code = "door-unknown"
    message = N_("这个码换过了，或者不对。请扫门上的新码，进不去就打 12351。")
