"""Text as people type it, made safe and comparable."""

from __future__ import annotations

import unicodedata


def N_(text: str) -> str:  # noqa: N802 (gettext's own name for "translate later")
    """Mark a string for translation where no reader is known yet."""
    return text


def clean(text: str) -> str:
    """One line of typed text: NFC, no control characters, single spaces, no blank ends."""
    kept = "".join(" " if ch.isspace() else ch for ch in text if ch.isspace() or ch.isprintable())
    return " ".join(unicodedata.normalize("NFC", kept).split())


def half_width(text: str) -> str:
    """Digits and letters typed with a Chinese keyboard (１２３Ｘ) as plain ASCII."""
    return unicodedata.normalize("NFKC", text)
