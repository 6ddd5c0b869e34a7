"""Photos become small, upright and silent about where they were taken; anything else is refused with a reason."""

import random
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from server.kit import pictures
from server.kit.pictures import EDGE, BadPicture, made_small, shrink

SECRET = "Guangzhou 23.129N 113.264E"


def drawn(size=(400, 200), mode="RGB", corner="red"):
    """A blue picture whose upper left quarter is of another colour."""
    image = Image.new(mode, size, "blue")
    ImageDraw.Draw(image).rectangle((0, 0, size[0] // 2 - 1, size[1] // 2 - 1), fill=corner)
    return image


def sent(image, kind="JPEG", **options):
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def opened(picture):
    image = Image.open(BytesIO(picture.content))
    assert (image.format, image.size) == ("WEBP", (picture.width, picture.height))
    return image.convert("RGB")


def colour(image, x, y):
    """The name of the strongest colour at a place, given in parts of the edges."""
    red, green, blue = image.getpixel((int(image.width * x), int(image.height * y)))
    if min(red, green, blue) > 200:
        return "white"
    return "red" if red > blue else "blue"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_each_kind_that_phones_send_is_read(kind):
    image = opened(shrink(sent(drawn(), kind)))
    assert image.size == (400, 200)
    assert [colour(image, 0.25, 0.25), colour(image, 0.75, 0.75)] == ["red", "blue"]


async def test_a_large_photo_keeps_its_shape_and_becomes_small():
    picture = await made_small(sent(drawn((4000, 3000))))
    assert (picture.width, picture.height) == (EDGE, EDGE * 3 // 4)
    assert len(picture.content) < 100_000


@pytest.mark.parametrize(
    ("held", "place"),
    [
        (1, (0.25, 0.25)),
        (2, (0.75, 0.25)),
        (3, (0.75, 0.75)),
        (4, (0.25, 0.75)),
        (5, (0.25, 0.25)),
        (6, (0.75, 0.25)),
        (7, (0.75, 0.75)),
        (8, (0.25, 0.75)),
    ],
)
def test_a_photo_is_turned_upright(held, place):
    exif = Image.Exif()
    exif[pictures.ORIENTATION] = held
    image = opened(shrink(sent(drawn(), exif=exif)))
    assert image.size == ((200, 400) if held >= 5 else (400, 200))
    assert colour(image, *place) == "red"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_nothing_that_the_phone_wrote_is_kept(kind):
    exif = Image.Exif()
    exif[0x010E] = SECRET
    exif.get_ifd(0x8825)[1] = "N"
    content = sent(drawn(), kind, exif=exif, comment=SECRET.encode())
    assert SECRET.encode() in content
    kept = Image.open(BytesIO(shrink(content).content))
    assert not kept.getexif()
    assert not {"exif", "xmp", "icc_profile", "comment"} & kept.info.keys()
    assert SECRET.encode() not in shrink(content).content


def test_what_is_transparent_becomes_white():
    image = drawn(mode="RGBA", corner=(0, 0, 0, 0))
    assert colour(opened(shrink(sent(image, "PNG"))), 0.25, 0.25) == "white"


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK", "LA", "I;16"])
def test_any_kind_of_colour_is_read(mode):
    kind = "JPEG" if mode == "CMYK" else "PNG"
    assert opened(shrink(sent(Image.new(mode, (40, 20)), kind))).size == (40, 20)


def test_a_small_file_of_too_many_pixels_is_refused():
    bomb = sent(Image.new("1", (10_000, 5_001)), "PNG")
    assert len(bomb) < 100_000
    with pytest.raises(BadPicture) as refused:
        shrink(bomb)
    assert refused.value.text == pictures.TOO_LARGE


def test_too_many_bytes_are_refused():
    with pytest.raises(BadPicture) as refused:
        shrink(sent(drawn()) + b"\0" * pictures.MOST_BYTES)
    assert refused.value.text == pictures.TOO_LARGE


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        sent(drawn(), "GIF"),
        sent(drawn(), "TIFF"),
        sent(drawn())[:-400],
        sent(drawn(), "PNG")[:200],
    ],
    ids=["empty", "text", "svg", "gif", "tiff", "half a JPEG", "half a PNG"],
)
def test_what_is_no_photo_is_refused(content):
    with pytest.raises(BadPicture) as refused:
        shrink(content)
    assert refused.value.text == pictures.UNREADABLE


@given(kind=st.sampled_from(pictures.FORMATS), seed=st.integers(0, 2**32), hits=st.integers(1, 30))
def test_a_damaged_file_is_read_or_refused(kind, seed, hits):
    chance = random.Random(seed)
    exif = Image.Exif()
    exif[pictures.ORIENTATION] = 6
    content = bytearray(sent(drawn((60, 40)), kind, exif=exif))
    for _ in range(hits):
        content[chance.randrange(len(content))] = chance.randrange(256)
    try:
        picture = shrink(bytes(content))
    except BadPicture:
        return
    assert max(picture.width, picture.height) <= EDGE
