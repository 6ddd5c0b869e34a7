"""Posters: the QR code on them opens the way to join, with the union filled in."""

from __future__ import annotations

import segno

# So much of a code may be torn off or dirty, and it still reads: a quarter.
ERROR = "q"
QUIET = 4  # the white border that scanners need, in modules


def poster_link(base_url: str, code: str) -> str:
    """The short address of a union's poster; without a code, the way to join any."""
    return f"{base_url}/j/{code}" if code else f"{base_url}/join"


def poster_qr(link: str) -> segno.QRCode:
    return segno.make_qr(link, error=ERROR)


def poster_uri(link: str) -> str:
    """The code as an image for a page: it prints sharp at any size."""
    uri: str = poster_qr(link).svg_data_uri(border=QUIET, svgclass=None, lineclass=None, light="#fff")
    return uri
