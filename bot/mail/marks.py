"""Words by which mail programs mark what a person did not write: auto-replies, bounces, quoted mail.

These are facts about the protocol in use, as ``Re:`` is one, no wording of ours: they are only recognised.
Sources: raw samples of QQ, NetEase, Sina, Outlook, Coremail.
"""

import re

_AUTO_REPLY = r"自动(?:回复|回覆|答复)"
_OPEN, _CLOSE = r"[\[【(（<《\"“\s]*+", r"[\]】)）>》\"”]"

_OF_WHAT = r"(?:一封|我的|由?系统|邮箱|邮件|假期|的|\s+){0,12}+"

# A subject that *begins* as an automatic reply does; "Re: 自动回复" is a person's answer to one.
AUTO_REPLY_SUBJECT = re.compile(
    rf"(?i)^{_OPEN}(?:假期|休假|系统|邮件)?{_AUTO_REPLY}"
    rf"|^来自\S{{1,80}}的{_AUTO_REPLY}"
    r"|^(?:automatic reply|auto[- ]?reply|auto[- ]?response|out of (?:the )?office)\b"
)

# The beginning of a body: a statement about this very mail. A person who writes about an automatic reply
# ("收到贵办的自动回复，现更正") or adds to one ("这是对自动回复的补充") is no machine.
AUTO_REPLY_BODY = re.compile(
    r"(?i)\A\s*+(?:(?:尊敬的[^\n]{0,30}|您好|你好|hello|hi|dear[^\n]{0,30})[\s,，!！.。:：~]*+)?(?:"
    rf"(?:这|此|本邮件|该邮件|此邮件|这封邮件)[是为]?{_OF_WHAT}(?:来自\S{{1,20}}?的{_OF_WHAT})?{_AUTO_REPLY}"
    r"(?!里|中|的(?!邮件|信|消息))"
    rf"|{_OPEN}(?:系统|假期|邮箱|邮件)*{_AUTO_REPLY}(?=[\s:：,，.。!！]|{_CLOSE}|\Z)"
    r"|this is an? (?:automatic|automated|auto)[- ]?(?:reply|response)\b)"
)

BOUNCE_SUBJECT = re.compile(
    r"(?i)^\W{0,9}(?:系统退信|退信|邮件退回|邮件未送达|邮件发送失败|投递失败|无法投递|无法送达|未能送达|邮件投递)"
    r"|^\W{0,9}(?:undeliver(?:ed|able)|undelivrable|mail delivery (?:failed|failure|status|system)|failure notice"
    r"|delivery (?:failure|failed|status notification|notification|report)|non[- ]?delivery"
    r"|(?:mail|message) (?:could )?not"
    r"|returned (?:mail|to sender)|the email is returned|mail system error|failed (?:mail|delivery)|unable to deliver"
    r"|nondeliverable|warning: could not send|message (?:delivery|status)|error(?: sending)? mail"
    r"|e?mail delivery error)"
)
# A read receipt without the report type of RFC 8098. A person may begin a subject so; both must be there.
RECEIPT_SUBJECT = re.compile(
    r"(?i)^\W{0,9}(?:已读|已阅|未读|回执|阅读回执"
    r"|(?:read|not read|return receipt|read receipt|disposition notification)\b)"
)
RECEIPT_BODY = re.compile(
    r"(?i)已读回执|阅读回执|已阅回执|邮件回执|已(?:于[^\n]{0,40})?(?:被|由)[^\n]{0,30}(?:阅读|查看|打开|删除)"
    r"|was (?:read|displayed|opened|deleted without being read)|has been (?:read|displayed|opened)"
    r"|return receipt for the (?:mail|message)|(?:message|mail) was (?:displayed|read)"
)
# Who writes bounces: the address, or the name that he gives himself.
SYSTEM_ADDRESS = re.compile(r"(?i)(?:^|[\s<\",;:('])(?:mailer[-_]?daemon|postmaster|mail-daemon)(?:@|[\s>\",;)'+]|$)")
SYSTEM_NAME = re.compile(
    r"(?i)mail delivery (?:sub)?system|mail deliver(?:y|er)|(?:mail|system) administrator|postmaster|mailer[-_ ]?daemon"
    r"|MicrosoftExchange[0-9a-f]{8,40}@|mail system|microsoft exchange|mdaemon|系统退信|邮件系统"
)
# Where the copy of the letter begins that a bounce brings back in its text: a line that says so, or its headers.
COPIED_LETTER = re.compile(
    r"(?im)^[ \t>*|]{0,9}(?:received|return-path|message-id|x-bot-token|mime-version|dkim-signature)[ \t]{0,9}:"
    r"|^[ \t]{0,9}[-=_*]{2}[^\n]{0,120}?(?:original|copy of|below this line|returned message|原邮件|原始邮件|原信)"
    r"|^[^\n]{0,60}(?:original message (?:follows|headers)|原邮件(?:内容|如下))"
)

# Lines that introduce quoted mail.
QUOTE_RULE = re.compile(
    r"(?i)^[-_—=*\s]{3,}+(?:原始邮件|原始郵件|原邮件|邮件原件|原始信息|回复的原邮件|回复邮件|转发邮件(?:信息)?|转发的邮件(?:信息)?"
    r"|original(?: (?:message|appointment))?|forwarded message|forwarded mail)[-_—=*\s]{3,}+$"
)
QUOTE_INTRODUCTION = re.compile(
    r"(?i)^(?:[在于]?\s*\d{4}\s*[-年/.]\s*\d{1,2}\s*[-月/.].{0,300}写道\s*+[:：]?"
    r"|[在于].{0,300}写道\s*+[:：]"
    r"|(?:at|on)\s.{0,300}\b(?:wrote|写道)\s*+[:：])\s*+$"
)
# Only a begun introduction may go on in the next line: "On Mon, 3 Jul 2017 at 10:00, Li Ming\n<li@x> wrote:".
QUOTE_BEGINNING = re.compile(r"(?i)^(?:[在于]?\s*\d{4}\s*[-年/.]|[在于]\s|at\s.*\d|on\s.*\d)")
QUOTE_FROM = re.compile(r"(?i)^[\s*|>\"]*(?:发件人|寄件者|from)[*\s]*[:：]")
QUOTE_FIELD = re.compile(
    r"(?i)^[\s*|>\"]*(?:发送时间|发送日期|日期|时间|收件人|抄送|主题|sent|date|to|cc|subject)[*\s]*[:：]"
)
# A signature that a program adds: dropped, what follows it stays.
DEVICE_LINE = re.compile(
    r"(?i)^(?:发自我的|发送自|来自我的|从我的.{1,20}发送|获取 ?outlook"
    r"|sent (?:from|via) (?:my|mail|outlook|yahoo|proton)\b"
    r"|(?:发自|来自)[^，。；,;]{0,16}?(?:邮箱|邮件应用|手机|客户端|大师|手表|平板|ipad|iphone|android|windows|outlook|foxmail|wps"
    r"|harmony)[^，。；,;]{0,16}$)"
)
# Where the quoted part of an HTML body begins.
HTML_QUOTE = re.compile(
    r"(?i)<blockquote\b|\bid=[\"']?(?:isReplyContent|divRplyFwdMsg|appendonsend)\b|class=[\"']?(?:gmail_quote|ntes_reply)"
    r"|(?<!-)-{3,}+(?:\s|&nbsp;)*+(?:原始邮件|原邮件|邮件原件|回复的原邮件|转发|original)"
)
