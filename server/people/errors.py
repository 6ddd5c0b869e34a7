"""Refusals of the people room."""

from __future__ import annotations

from server.errors import Conflict, Forbidden, Invalid, TooMany
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


class PasswordShort(Invalid):
    code = "password-short"
    message = N_("密码至少要 %(shortest)s 个字。用一句您记得住的话就行。")


class PasswordLikeLogin(Invalid):
    code = "password-like-login"
    message = N_("密码里不要写账号。")


class PasswordCommon(Invalid):
    code = "password-common"
    message = N_("这个密码太多人用，坏人会先试它。请换一个。")


class PasswordWrong(Invalid):
    code = "password-wrong"
    message = N_("密码不对。")


class FactorWrong(Invalid):
    code = "factor-wrong"
    message = N_("动态码不对。请看验证器里现在的数字，或者用一个没用过的备用码。")


class FirstCodeWrong(Invalid):
    """The app does not have the secret yet, or its clock is wrong."""

    code = "first-code-wrong"
    message = N_("动态码不对。请看验证器里现在的数字；要是一直不对，看看手机的时间准不准。")


class EnrolmentOld(Conflict):
    """The offered secret cannot be read any more, or was another's."""

    code = "enrolment-old"
    message = N_("页面放得太久了，请重新扫一次二维码。")


class ProofNeeded(Forbidden):
    """Password and code must be given again first."""

    code = "proof-needed"
    message = N_("改之前，请再填一次密码和动态码。")


class InvitationUnusable(Invalid):
    """Unknown, used, withdrawn or too old: one answer, so that nothing is learnt by guessing."""

    code = "invitation-unusable"
    message = N_("这个邀请码用不了：可能打错了、用过了，或者过期了。请找邀请您的人要一个新的。")


class InvitationTooMany(TooMany):
    code = "invitation-too-many"
    message = N_("试得太多了，请 %(retry_after)s 秒后再试。")


class LoginTaken(Invalid):
    code = "login-taken"
    message = N_("这个账号名有人用了，请换一个。")


class LoginUnfit(Invalid):
    code = "login-unfit"
    message = N_("账号名用 3 到 40 个小写字母、数字、点或横线。")


class PlaceUnknown(Invalid):
    """A role needs a place, and none in one's own scope is called so."""

    code = "place-unknown"
    message = N_("您管的范围里没有找到“%(typed)s”。请写编号，或者写全名。")


class PlaceUnclear(Invalid):
    code = "place-unclear"
    message = N_("有好几个都叫“%(typed)s”，请写编号。")


class NotYourself(Forbidden):
    code = "not-yourself"
    message = N_("不能给自己办，请找另一位管理员。")


class NotTwice(Forbidden):
    """Two officers are two people."""

    code = "not-twice"
    message = N_("要两个人：是您提的，请另一位管理员来办。")


class RequestClosed(Conflict):
    code = "request-closed"
    message = N_("这个申请已经有人办了，或者过期了。")


class RequestWaits(Conflict):
    code = "request-waits"
    message = N_("已经提过了，在等另一位管理员。")


class RoleHeld(Conflict):
    code = "role-held"
    message = N_("他已经有这个角色了。")


class LastOfficer(Conflict):
    """A region would be left to those above, or to nobody."""

    code = "last-officer"
    message = N_("他是%(place)s最后一位管理员。请先让另一位当上管理员，再停他的。")
