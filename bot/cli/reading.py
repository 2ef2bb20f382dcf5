"""``read`` and ``explain``: what the bot makes of a file, or of a mail, without doing anything."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from bot.cli.common import Json, Now, existing, now_in, print_json, print_table

if TYPE_CHECKING:
    from bot.config import Config
    from bot.model.forms import Document
    from bot.rules.forms import FormRule
    from bot.rules.policy import Rules

Files = Annotated[list[Path], typer.Argument(help="Files as they came, of any kind.")]
MailOrNumber = Annotated[
    str,
    typer.Argument(metavar="MAIL.eml|NUMBER", help="A mail as saved by a mail program, or the number of a letter."),
]

Folder = Annotated[
    Path | None,
    typer.Option("--files", metavar="DIR", help="Write out the attachments as they came; NUMBER may be a mail's."),
]


def read(files: Files, as_json: Json = False, now: Now = None) -> None:
    """Read files as if they were attachments. Uses no database."""
    from bot.config import load_config
    from bot.model.mail import Attachment
    from bot.reading.convert import Office
    from bot.reading.documents import documents
    from bot.reading.guard import Reader
    from bot.rules.load import load_rules

    existing(files)
    config = load_config()
    rules = load_rules(config.paths.rules)
    moment = now_in(config, now)
    with Reader() as reader:
        attachments = tuple(Attachment(path.name, path.read_bytes()) for path in files)
        answers = [_answer(d, config, rules, moment) for d in documents(attachments, reader, rules, Office())]
    if as_json:
        print_json(answers)
    else:
        for answer in answers:
            _show(answer, rules)
    errors = any(f["severity"] == "error" for a in answers for form in a["forms"] for f in form["findings"])
    raise typer.Exit(1 if errors or any(a["status"] == "unreadable" for a in answers) else 0)


def _answer(document: "Document", config: "Config", rules: "Rules", now: datetime) -> dict[str, Any]:
    from bot.cli.shapes import form_shape, reason_shape
    from bot.deciding.judging import Past, judge
    from bot.deciding.placing import place
    from bot.deciding.whichperiod import Campaign
    from bot.deciding.whose import KnownSender

    campaign = Campaign(config.campaign.first_period, config.campaign.last_period)
    placed = place(
        (document,), KnownSender(), rules, subject="", received_at=now, campaign=campaign, zone=config.office.zone
    )
    code = document.unreadable.code if document.unreadable else None
    return {
        "file": document.name,
        "status": "unreadable" if code else "read",
        "reason": reason_shape(code, rules),
        "forms": [form_shape(judge(item, Past(), rules.words), rules) for item in placed],
    }


def _show(answer: dict[str, Any], rules: "Rules") -> None:
    if answer["reason"]:
        typer.echo(f"{answer['file']}: unreadable ({answer['reason']['code']}): {answer['reason']['message']}")
    for form in answer["forms"]:
        _show_form(answer["file"], form, rules)


def _show_form(file: str, form: dict[str, Any], rules: "Rules") -> None:
    from bot.rules.rows import RowsRule

    rule = rules.forms[form["form"]]
    heading = f"{file} [{form['place']}]: {form['unit']} {form['period'] or ''} {form['reporter'] or ''}"
    if isinstance(rule, RowsRule):
        columns = [rule.headings.groups, *(c.label for c in rule.row)]
        print_table(heading, columns, [[r.get("table", rule.id), *(r[c.id] for c in rule.row)] for r in form["rows"]])
    else:
        _show_numbers(heading, form, rule)
    for finding in form["findings"]:
        typer.echo(f"  {finding['severity']}: {finding['place']} {finding['message']}")


def _show_numbers(heading: str, form: dict[str, Any], rule: "FormRule") -> None:
    rows = [
        [group.label, *form["values"][group.id].values(), form["stated"]["subtotals"][group.id]]
        for group in rule.groups
    ]
    rows.append([rule.headings.total[0], *[None] * len(rule.columns), form["stated"]["total"]])
    print_table(heading, ["", *(c.label for c in rule.columns), rule.headings.subtotals[0]], rows)


def explain(what: MailOrNumber, as_json: Json = False, now: Now = None, files: Folder = None) -> None:
    """Say what would be done with a mail, as if it arrived now; or, for a receipt's number, all that is known of it.

    Every letter has its number at the end of its subject; any of them will do. With --files the attachments of the mail
    are written out as they came instead: take care, they are what a stranger sent. The database is only read.
    """
    from bot.cli.tracing import number_in

    if files is not None:
        _write_files(what, files)
    elif not Path(what).is_file() and (number := number_in(what)):
        _explain_letter(number, as_json)
    else:
        _explain_mail(Path(what), as_json, now)


def _write_files(number: str, folder: Path) -> None:
    from bot.cli.originals import write_originals
    from bot.config import load_config
    from bot.errors import UsageError
    from bot.jobs.parts import Bot
    from bot.record import database

    config = load_config()
    if not database.exists(config.database.url):
        raise UsageError(f"{number}: there is no record yet")
    with Bot.build(config) as bot:
        for path in write_originals(bot, number, folder):
            typer.echo(path)


def _explain_letter(number: str, as_json: bool) -> None:
    from bot.cli.tracing import show, trace
    from bot.config import load_config
    from bot.errors import UsageError
    from bot.jobs.parts import Bot
    from bot.record import database

    config = load_config()
    found = None
    if database.exists(config.database.url):
        with Bot.build(config) as bot:
            found = trace(bot, number)
    if found is None:
        raise UsageError(f"{number}: no such file, and no letter has this number")
    show(found, as_json)


def _explain_mail(mail: Path, as_json: bool, now: str | None) -> None:
    from bot.cli.shapes import mail_shape
    from bot.config import load_config
    from bot.errors import MailEnded, TooComplex
    from bot.jobs.parts import Bot
    from bot.jobs.understand import intent_of
    from bot.model.mail import RawMail
    from bot.record import database

    existing([mail])
    config = load_config()
    moment = now_in(config, now)
    # A mail can be explained before the bot ever ran: then against an empty record, and without leaving one behind.
    url = config.database.url if database.exists(config.database.url) else "sqlite://"
    with Bot.build(config, database.Record.open(url), moment) as bot:
        try:
            opened = bot.opener.open(RawMail(mail.read_bytes(), moment))
        except (TooComplex, MailEnded) as error:
            _beyond_limits(error, as_json, bot.rules)
        with bot.record.read() as conn:
            intent = intent_of(opened, bot, conn, moment)
        shape = mail_shape(opened, intent, bot.rules)
        if as_json:
            print_json(shape)
            return
        rows = [[key, shape[key]] for key in ("from", "subject", "automatic", "outcome", "why", "question")]
        rows += [["attachment", f"{a['name']} ({a['kind']}): {a['status']}"] for a in shape["attachments"]]
        rows += [["letter", f"{x['letter']} to {x['to']}"] for x in shape["letters"]]
        print_table(mail.name, ["", ""], rows)
        for form in shape["forms"]:
            _show_form(mail.name, form, bot.rules)


def _beyond_limits(error: Exception, as_json: bool, rules: "Rules") -> NoReturn:
    """A mail that is set aside unopened: nothing of it is believed, and a person must look."""
    shape: dict[str, Any] = {"message_id": None, "from": None, "subject": "", "automatic": None, "attachments": []}
    shape |= {"forms": [], "outcome": "waiting", "letters": [], "question": rules.reasons.attention["set_aside"]}
    if as_json:
        print_json({**shape, "why": str(error)})
    else:
        typer.echo(f"{error}: {shape['question']}")
    raise typer.Exit(1)
