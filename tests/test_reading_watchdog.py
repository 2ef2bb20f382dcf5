"""The thread that ends a process which takes too long."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from bot.reading import watchdog
from bot.reading.watchdog import Watchdog


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        yield process
        process.kill()


@pytest.fixture
def dog() -> Iterator[Watchdog]:
    found = Watchdog()
    yield found
    found.close()


def watching() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "watchdog"]


def test_a_process_is_ended_when_its_time_is_over(dog: Watchdog, sleeper: subprocess.Popen[bytes]) -> None:
    began = time.monotonic()
    with dog.over(sleeper, 0.2) as wait:
        assert sleeper.wait(5) != 0
    assert wait.passed
    assert time.monotonic() - began >= 0.2


def test_a_process_whose_work_is_done_in_time_lives_on(dog: Watchdog, sleeper: subprocess.Popen[bytes]) -> None:
    for _ in range(3):
        with dog.over(sleeper, 0.2) as wait:
            pass
        time.sleep(2 * watchdog.GLANCE_SECONDS)
        assert not wait.passed
    time.sleep(0.3)
    assert sleeper.poll() is None


def test_the_thread_rests_when_nobody_waits_and_comes_back(
    dog: Watchdog, sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "RESTS_AFTER", 2)
    before = len(watching())
    with dog.over(sleeper, 5):
        assert len(watching()) == before + 1
    end = time.monotonic() + 5
    while len(watching()) > before and time.monotonic() < end:
        time.sleep(0.05)
    assert len(watching()) == before
    with dog.over(sleeper, 0.2) as wait:
        sleeper.wait(5)
    assert wait.passed


def test_an_error_in_the_block_ends_the_wait(dog: Watchdog, sleeper: subprocess.Popen[bytes]) -> None:
    with pytest.raises(KeyError), dog.over(sleeper, 0.2):
        raise KeyError
    time.sleep(0.5)
    assert sleeper.poll() is None
