"""Refusals of the people room."""

from __future__ import annotations

from server.errors import Invalid, TooMany
from server.kit.text import N_


class PhoneWrong(Invalid):
    code = "phone-wrong"
    message = N_("手机号不对，请看看有没有少一位或多一位。")


class CodeWrong(Invalid):
    code = "code-wrong"
    message = N_("验证码不对，请再看一眼短信。")


class CodeExpired(Invalid):
    """No code of this number can be used: none was sent, it is too old, or it was used."""

    code = "code-expired"
    message = N_("这个验证码用不了了，请点“重新发送”拿一个新的。")


class CodesTooMany(TooMany):
    code = "codes-too-many"
    message = N_("验证码发得太多了，请 %(retry_after)s 秒后再试。")


class StaffSignInWrong(Invalid):
    """One answer for a wrong name, password or code: nothing is learnt by guessing."""

    code = "staff-sign-in-wrong"
    message = N_("账号、密码或动态码不对。")


class StaffSignInTooMany(TooMany):
    code = "staff-sign-in-too-many"
    message = N_("试得太多了，请 %(retry_after)s 秒后再试。")


class PhoneInUse(Invalid):
    """Said only to who has proved that the number is theirs; whose account it is stays untold."""

    code = "phone-in-use"
    message = N_("这个号码已经在用了。要用它，请先用它登录，把那边的资料删掉。")


class PhoneSame(Invalid):
    code = "phone-same"
    message = N_("这就是您现在的号码。")


class ProofExpired(Invalid):
    """The old number was proved too long ago, or in another session."""

    code = "proof-expired"
    message = N_("时间太久了，请从头再来一次。")
