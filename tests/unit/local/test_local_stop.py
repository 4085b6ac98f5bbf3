"""`make stop` returns when the local cloud's process has ended."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from local import lock
from local.__main__ import stop
from local.paths import ROOT
from tests.support.interleaving import after_first

CLOUD = """
import pathlib, signal, sys, time
from local import lock

def interrupt(*_):
    raise KeyboardInterrupt

signal.signal(signal.SIGTERM, interrupt)
try:
    with lock.running(pathlib.Path(sys.argv[1])):
        print(flush=True)
        time.sleep(60)
except KeyboardInterrupt:
    time.sleep(0.5)
    pathlib.Path(sys.argv[1], "last words").touch()
"""


def test_stop_waits_for_what_the_process_does_at_its_end(tmp_path: Path) -> None:
    # Nobody waits for the process here, as nobody does for that of a closed terminal in a container.
    with subprocess.Popen([sys.executable, "-c", CLOUD, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert stop(tmp_path) == 0
        assert (tmp_path / "last words").exists()
    assert lock.holder(tmp_path) is None


def test_a_process_that_ends_while_it_is_being_stopped_has_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with subprocess.Popen([sys.executable, "-c", CLOUD, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()

        def end() -> None:
            process.kill()
            process.wait()

        after_first(monkeypatch, lock, "holder", end)
        assert (stop(tmp_path), capsys.readouterr().out) == (0, "The local cloud has stopped.\n")


def test_a_process_that_ended_before_it_wrote_its_id_holds_nothing(tmp_path: Path) -> None:
    with lock.running(tmp_path):
        (tmp_path / "pid").write_text("")
        held = threading.Thread(target=lambda: found.append(lock.holder(tmp_path)))
        found: list[int | None] = []
        held.start()
        held.join(0.3)
        assert held.is_alive()
    held.join(5)
    assert found == [None]


def test_there_is_nothing_to_stop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (stop(tmp_path), capsys.readouterr().out) == (0, "No local cloud is running.\n")


def test_the_id_of_a_process_that_is_just_starting_is_waited_for(tmp_path: Path) -> None:
    with lock.running(tmp_path):
        (tmp_path / "pid").write_text("")
        threading.Timer(0.2, lambda: (tmp_path / "pid").write_text(str(os.getpid()))).start()
        assert lock.holder(tmp_path) == os.getpid()
