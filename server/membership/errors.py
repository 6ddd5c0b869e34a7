"""Refusals of the membership room."""

from __future__ import annotations

from server.errors import Conflict, Forbidden, Invalid, NotFound, TooMany
from server.kit.text import N_


class NameWrong(Invalid):
    code = "name-wrong"
    message = N_("请按证件上的样子写姓名，不写数字和符号。")


class IdCardWrong(Invalid):
    code = "id-card-wrong"
    message = N_("身份证号不对，请对着身份证再看一遍，一共 18 位。")


class DocumentWrong(Invalid):
    code = "document-wrong"
    message = N_("证件号和证件种类对不上，请对着证件再看一遍。")


class BirthWrong(Invalid):
    code = "birth-wrong"
    message = N_("请填证件上的出生日期。")


class SexMissing(Invalid):
    code = "sex-missing"
    message = N_("请选证件上的性别。")


class TooYoung(Invalid):
    code = "too-young"
    message = N_("年满 16 岁才能入会。有难处可以打 12351，工会一样帮您。")


class PlaceUnknown(Invalid):
    code = "place-unknown"
    message = N_("没认出这个地方，请写到区县，比如：东莞市长安镇写“东莞”，南宁写“南宁青秀区”。")


class PlaceUnclear(Invalid):
    code = "place-unclear"
    message = N_("叫这个名字的地方不止一个，请把市也写上，比如：南宁青秀区。")


class UnionUnknown(Invalid):
    code = "union-unknown"
    message = N_("没找到这个工会，可能已经撤并。请另选一个。")


class NotComplete(Invalid):
    """Something is still to be filled in; `field` names the step."""

    code = "not-complete"
    message = N_("还有没填完的，请从这一步接着填。")


class ConsentNeeded(Invalid):
    code = "consent-needed"
    message = N_("不同意的话，网上没法办入会。您可以带证件到工会当面办，或打 12351。")


class SharingConsentNeeded(Invalid):
    code = "sharing-consent-needed"
    message = N_("转会要把资料交给新工会，要您同意才行。不同意的话，请到工会当面办，或打 12351。")


class ConsentOutdated(Conflict):
    """The words changed since the page was drawn."""

    code = "consent-outdated"
    message = N_("授权书刚刚更新了，请再看一遍。")


class AlreadyMember(Conflict):
    code = "already-member"
    message = N_("您已经是会员了，不用再申请。")


class DocumentTaken(Conflict):
    """Another phone's application with this document waits, or it is a member's."""

    code = "document-taken"
    message = N_("这个证件号已经有人在用。要是别人用了您的证件，或者您换过手机号，请打 12351 或到工会当面办。")


class ApplicationMoved(Conflict):
    """The application is not where the page showed it; somebody was faster."""

    code = "application-moved"
    message = N_("这份申请刚刚有变化，请看最新的状态。")


class NoApplication(NotFound):
    code = "no-application"
    message = N_("没有找到这份申请。")


class NothingToCorrect(Invalid):
    code = "nothing-to-correct"
    message = N_("跟现在登记的一样，没有要改的。")


class ApplyingTooOften(TooMany):
    code = "applying-too-often"
    message = N_("今天提交太多次了，请明天再试，或打 12351。")


class NotAppealable(Conflict):
    code = "not-appealable"
    message = N_("这份申请不能再申诉了，可以打 12351 反映。")


class AppealEmpty(Invalid):
    code = "appeal-empty"
    message = N_("请写一两句为什么不服这个决定。")


class ReasonNeeded(Invalid):
    code = "reason-needed"
    message = N_("请写明原因，申请人会看到这句话。")


class ReasonNamesSomebody(Invalid):
    """Reasons are kept in histories and in the audit log, which hold no personal data."""

    code = "reason-names-somebody"
    message = N_("这句话会一直留着，请不要写姓名、证件号和手机号。")


class FieldsNeeded(Invalid):
    code = "fields-needed"
    message = N_("请勾选要改的地方。")


class OwnDecision(Conflict):
    code = "own-decision"
    message = N_("申诉要由没办过这份申请的人来办。")


class ForUnionAbove(Forbidden):
    """An appeal is not decided where it was rejected."""

    code = "for-union-above"
    message = N_("这份申诉要由上级工会来办。")


class UnionClosed(Conflict):
    """The union that an application names takes nobody any more."""

    code = "union-closed"
    message = N_("这个工会已经撤并，收不了人了。请退回去，让他另选一个工会。")


class NotAMember(Conflict):
    code = "not-a-member"
    message = N_("您还不是会员。")


class TransferOpen(Conflict):
    code = "transfer-open"
    message = N_("您已经有一个转会申请在办了。")


class SameUnion(Invalid):
    code = "same-union"
    message = N_("您已经在这个工会了，请选另一个。")


class TransferMoved(Conflict):
    code = "transfer-moved"
    message = N_("这个转会申请刚刚有变化，请看最新的状态。")


class UnionHasPeople(Conflict):
    """`members`, `below` and `waiting` say how many members, unions below and open requests there are."""

    code = "union-has-people"
    message = N_(
        "还不能撤：会员 %(members)d 人，下级工会 %(below)d 个，在办的申请和转会 %(waiting)d 件。先转走、办完再撤。"
    )


class UnionLoop(Invalid):
    code = "union-loop"
    message = N_("不能把工会挂到它自己的下级。")


class UnionNameNeeded(Invalid):
    code = "union-name-needed"
    message = N_("请填工会名称。")


class UnionNameTaken(Conflict):
    """Open unions beside each other have names of their own: imports and people tell them apart by the name."""

    code = "union-name-taken"
    message = N_("这里已经有一个叫这个名字的工会了，请换个名字，好分得清。")


class UnionKindWrong(Invalid):
    code = "union-kind-wrong"
    message = N_("总工会只能挂在总工会下面，别的工会都要有上级工会。")


class PositionWrong(Invalid):
    code = "position-wrong"
    message = N_("坐标写成“纬度, 经度”，比如 22.8170, 108.3665；不知道就空着。")


class UnionGone(Conflict):
    code = "union-gone"
    message = N_("这个工会已经撤了。要用它，先恢复。")


class ExportReasonNeeded(Invalid):
    code = "export-reason-needed"
    message = N_("请写明为什么要导出，这句话会记下来。")


class ExportTooLarge(Invalid):
    """More members than one file holds; `most` says how many it does."""

    code = "export-too-large"
    message = N_("一次最多导出 %(most)d 人。请填一个下级工会的代码，分几次导出。")


class CardForged(Invalid):
    code = "card-forged"
    message = N_("认不出这张会员卡，可能是假的，或者没扫全。请再扫一次。")


class CardExpired(Invalid):
    code = "card-expired"
    message = N_("这个二维码过期了。请本人联网打开一次会员卡，会自己换新。")


class CardRevoked(Invalid):
    code = "card-revoked"
    message = N_("这张卡已经作废：本人退会、转会，或者换了新卡。请本人联网打开会员卡再扫。")
