"""What every program that the bot starts has in common."""

import subprocess
import sys

import pytest

from bot.processes import end_group, without_secrets

# Starts another process, which keeps the pipe open for a minute.
PARENT = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print("started", flush=True)
"""


def test_no_variable_that_may_hold_a_password_goes_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_SMTP_PASSWORD", "secret")
    monkeypatch.setenv("bot_password", "secret")
    for name in ("PGPASSWORD", "AWS_SECRET_ACCESS_KEY", "ROBOT"):  # whatever is not needed may be one
        monkeypatch.setenv(name, "secret")
    monkeypatch.setenv("LC_CTYPE", "C.UTF-8")

    environment = without_secrets()

    assert environment["PATH"] and environment["LC_CTYPE"] == "C.UTF-8"
    assert "secret" not in environment.values()


@pytest.mark.parametrize("then", ["time.sleep(60)", ""], ids=["that-runs", "that-has-ended"])
def test_what_a_process_started_ends_with_it(then: str) -> None:
    command = [sys.executable, "-c", PARENT + then]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        if not then:
            process.wait(30)

        end_group(process)

        assert process.stdout.read() == b""  # nobody holds the pipe any more: it would be a minute otherwise
        assert process.returncode is not None
        end_group(process)
