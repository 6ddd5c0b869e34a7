"""Photos from phones: opened with care, turned upright, made small, and without a word of metadata.

A phone writes into a photo where it was taken, when and by which phone. What leaves here are new pixels only.
iPhones hand a HEIC photo over as JPEG where a form accepts `ACCEPTED`.
"""

from __future__ import annotations

import asyncio
import struct
import warnings
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import NamedTuple

from PIL import Image, ImageFile

from server.kit.text import N_

MOST_BYTES = 10_000_000
MOST_PIXELS = 50_000_000  # a phone's photo has 12 to 50 million
EDGE = 1280
QUALITY = 78
FORMATS = ("JPEG", "PNG", "WEBP")
ACCEPTED = "image/jpeg,image/png,image/webp"
MEDIA_TYPE = "image/webp"
ORIENTATION = 0x0112
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# What a damaged file makes Pillow's readers stumble over.
DAMAGED = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    EOFError,
    MemoryError,
    struct.error,
)
TOO_LARGE = N_("照片太大了，最多 10 MB。请换一张小一点的。")
UNREADABLE = N_("这张照片打不开，请换一张（JPEG、PNG 或 WebP）。")

# The pixels are counted below, before any is read: Pillow's own count only warns.
Image.MAX_IMAGE_PIXELS = None
# One at a time: a photo of 50 million pixels takes as much memory as a whole process has.
_one = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pictures")


class BadPicture(ValueError):
    """The file cannot be used; `text` says why to whoever sent it."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class Picture(NamedTuple):
    """A WebP to be stored and shown."""

    content: bytes
    width: int
    height: int


async def made_small(content: bytes) -> Picture:
    """`shrink` beside the requests that wait meanwhile. Raises BadPicture."""
    return await asyncio.get_running_loop().run_in_executor(_one, shrink, content)


def shrink(content: bytes) -> Picture:
    """A sent file as a small upright picture without metadata. Raises BadPicture."""
    if len(content) > MOST_BYTES:
        raise BadPicture(TOO_LARGE)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow says of some damage that it can live with it
            with Image.open(BytesIO(content), formats=FORMATS) as image:
                return _drawn_anew(image)
    except BadPicture:
        raise
    except DAMAGED as error:
        raise BadPicture(UNREADABLE) from error


def _drawn_anew(image: ImageFile.ImageFile) -> Picture:
    if image.width * image.height > MOST_PIXELS:
        raise BadPicture(TOO_LARGE)
    turn = UPRIGHT.get(_orientation(image))
    image.thumbnail((EDGE, EDGE))  # a JPEG is read at this size from the beginning
    upright = image.transpose(turn) if turn is not None else image
    pixels = upright.convert("RGBA")
    drawn = Image.new("RGB", pixels.size, "white")
    drawn.paste(pixels, mask=pixels)
    out = BytesIO()
    drawn.save(out, "WEBP", quality=QUALITY, method=4)
    return Picture(out.getvalue(), *drawn.size)


def _orientation(image: Image.Image) -> int:
    """How the phone was held; a damaged note of it counts as upright."""
    try:
        held = image.getexif().get(ORIENTATION, 1)
    except DAMAGED:
        return 1
    return held if isinstance(held, int) else 1
