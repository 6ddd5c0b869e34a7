"""What cannot be done with figures."""

from __future__ import annotations

from server.errors import AppError
from server.kit.text import N_


class TooManyLines(AppError):
    """More lines than a spreadsheet holds."""

    status = 422
    code = "too-many-lines"
    message = N_("这个表超过 %(most)s 行，放不下。请选短一点的时间，或者下载 CSV。")
