"""The commands, put together. Each imports what it needs when it runs, so that ``--help`` stays light."""

import typer

from bot.cli import (
    acts,
    board,
    bulletin,
    doctor,
    init,
    keeping,
    letters,
    ordering,
    people,
    previewing,
    questions,
    reading,
    replaying,
    retrying,
    service,
    standing,
    yearly,
)

app = typer.Typer(
    help="Collects a county's monthly safety table by e-mail. Anywhere on the line may stand --config FILE (else"
    " BOT_CONFIG, else config.toml) and --quiet, which prints errors alone.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)
app.command("read")(reading.read)
app.command("explain")(reading.explain)
app.command("replay")(replaying.replay)
app.command("retry")(retrying.retry)
app.command("status")(standing.status)
app.command("form")(letters.form)
app.command("preview")(previewing.preview)
app.command("calendar")(yearly.calendar)
app.command("assessment")(yearly.assessment)
app.command("bulletin")(bulletin.bulletin)
app.command("board")(board.board)
app.command("init")(init.init)
app.command("doctor")(doctor.doctor)
app.command("service")(service.service)
app.command("backup")(keeping.backup)
app.command("restore")(keeping.restore)
app.command("copy-database")(keeping.copy_database)
app.add_typer(letters.outbox_app, name="outbox")
app.command("order")(ordering.order_command)
for command in (acts.extend, acts.exempt, acts.hold, acts.resume, acts.undo):
    app.command(command.__name__)(command)
app.add_typer(questions.question_app, name="question")
app.add_typer(people.roster_app, name="roster")
app.add_typer(people.base_app, name="base")
