"""What can go wrong, as facts: each error carries its own status and a message for people.

Rooms raise these; `edge.problems` turns them into a page, a fragment or RFC 9457 problem details.
Messages are gettext ids (Chinese source text) with named parameters.
"""

from __future__ import annotations

from typing import Any, ClassVar

from server.kit.text import N_


class AppError(Exception):
    """A refusal that the person can understand. `code` is stable for API clients."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "bad-request"
    message: ClassVar[str] = N_("这一步没成功，请再试一次。")

    def __init__(self, message: str | None = None, *, field: str = "", **params: Any) -> None:
        self.text = message or self.message
        self.field = field
        self.params = params
        super().__init__(self.text % params if params else self.text)


class Invalid(AppError):
    """What was typed cannot be used; `field` names where, `fields` several places (API)."""

    status = 422
    code = "invalid"
    message = N_("填写的内容不对，请看标红的地方。")

    def __init__(self, message: str | None = None, *, field: str = "", **params: Any) -> None:
        super().__init__(message, field=field, **params)
        self.fields: list[dict[str, str]] = []


class NotFound(AppError):
    status = 404
    code = "not-found"
    message = N_("没有找到。可能链接错了，或者已经撤下了。")


class SignInNeeded(AppError):
    status = 401
    code = "sign-in-needed"
    message = N_("请先登录。")

    def __init__(self, message: str | None = None, *, staff: bool = False) -> None:
        super().__init__(message)
        self.staff = staff


class Forbidden(AppError):
    status = 403
    code = "forbidden"
    message = N_("您没有权限做这一步。")


class Conflict(AppError):
    """Somebody was faster, or the thing has moved on since the page was drawn."""

    status = 409
    code = "conflict"
    message = N_("情况刚刚变了，请看看最新的状态。")


class TooMany(AppError):
    """Try again later; `retry_after` in seconds."""

    status = 429
    code = "too-many"
    message = N_("操作太频繁了，请过一会儿再试。")

    def __init__(self, message: str | None = None, *, retry_after: int, **params: Any) -> None:
        super().__init__(message, retry_after=retry_after, **params)
        self.retry_after = retry_after


class Unavailable(AppError):
    """Something outside the machine does not answer; `retry_after` in seconds."""

    retry_after: ClassVar[int] = 5
    status = 503
    code = "unavailable"
    message = N_("系统正忙，请过一分钟再试。")
