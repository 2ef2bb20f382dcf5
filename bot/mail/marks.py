"""Words by which mail programs mark what a person did not write: auto-replies, bounces, quoted mail.

These are facts about the protocol in use, as ``Re:`` is one, no wording of ours: they are only recognised.
Sources: raw samples of QQ, NetEase, Sina, Outlook, Coremail.
"""

import re

_AUTO_REPLY = r"自动(?:回复|回覆|答复)"
_OPEN, _CLOSE = r"[\[【(（<《\"“\s]*", r"[\]】)）>》\"”]"

# A subject that *begins* as an automatic reply does; "Re: 自动回复" is a person's answer to one.
AUTO_REPLY_SUBJECT = re.compile(
    rf"(?i)^{_OPEN}(?:假期|休假|系统|邮件)?{_AUTO_REPLY}"
    rf"|^来自\S{{1,80}}的{_AUTO_REPLY}"
    r"|^(?:automatic reply|auto[- ]?reply|auto[- ]?response|out of (?:the )?office)\b"
)

# The beginning of a body: a statement about this very mail. A person who writes about an automatic reply
# ("收到贵办的自动回复，现更正") or adds to one ("这是对自动回复的补充") is no machine.
AUTO_REPLY_BODY = re.compile(
    r"(?i)\A\s*(?:(?:尊敬的[^\n]{0,30}|您好|你好|hello|hi|dear[^\n]{0,30})[\s,，!！.。:：~]*)?(?:"
    rf"(?:这|此|本邮件|该邮件|此邮件|这封邮件)[是为]?(?:一封|来自\S{{1,20}}?的|我的|由?系统|邮箱|邮件|假期|的|\s)*{_AUTO_REPLY}"
    r"(?!里|中|的(?!邮件|信|消息))"
    rf"|{_OPEN}(?:系统|假期|邮箱|邮件)*{_AUTO_REPLY}(?=[\s:：,，.。!！]|{_CLOSE}|\Z)"
    r"|this is an? (?:automatic|automated|auto)[- ]?(?:reply|response)\b)"
)

BOUNCE_SUBJECT = re.compile(
    r"(?i)^\W*(?:系统退信|退信|邮件退回)|^(?:undeliver(?:ed|able)|mail delivery failed|failure notice"
    r"|returned mail|delivery status notification|the email is returned)"
)
# The line of a bounce's text that names whom it did not reach.
BOUNCE_RECIPIENT = re.compile(
    r"(?im)^[\s>*|]*(?:收件人|original-recipient|recipient|to)[^@]{0,40}?<?([^\s<>:：;,，；|@]+@[^\s<>;,，；|@]+)"
)

# Lines that introduce quoted mail.
QUOTE_RULE = re.compile(
    r"(?i)^[-_—=*\s]{3,}\s*(?:原始邮件|原邮件|回复的原邮件|回复邮件|转发邮件(?:信息)?|转发的邮件|转发邮件"
    r"|original(?: message)?|forwarded message|forwarded mail)\s*[-_—=*\s]{3,}$"
)
QUOTE_INTRODUCTION = re.compile(
    r"(?i)^(?:[在于]?\s*\d{4}\s*[-年/.]\s*\d{1,2}\s*[-月/.].{0,300}写道\s*[:：]?"
    r"|[在于].{0,300}写道\s*[:：]"
    r"|(?:at|on)\s.{0,300}\b(?:wrote|写道)\s*[:：])\s*$"
)
# Only a begun introduction may go on in the next line: "On Mon, 3 Jul 2017 at 10:00, Li Ming\n<li@x> wrote:".
QUOTE_BEGINNING = re.compile(r"(?i)^(?:[在于]?\s*\d{4}\s*[-年/.]|[在于]\s|at\s.*\d|on\s.*\d)")
QUOTE_FROM = re.compile(r"(?i)^[\s*|>\"]*(?:发件人|寄件者|from)[*\s]*[:：]")
QUOTE_FIELD = re.compile(
    r"(?i)^[\s*|>\"]*(?:发送时间|发送日期|日期|时间|收件人|抄送|主题|sent|date|to|cc|subject)[*\s]*[:：]"
)
# A signature that a program adds: dropped, what follows it stays.
DEVICE_LINE = re.compile(r"(?i)^(?:发自我的|发送自|来自我的|从我的.{1,20}发送|sent from (?:my|mail)\b|获取 ?outlook)")
# Where the quoted part of an HTML body begins.
HTML_QUOTE = re.compile(
    r"(?i)<blockquote\b|\bid=[\"']?(?:isReplyContent|divRplyFwdMsg|appendonsend)\b|class=[\"']?(?:gmail_quote|ntes_reply)"
    r"|-{3,}(?:\s|&nbsp;)*(?:原始邮件|原邮件|回复的原邮件|转发|original)"
)
