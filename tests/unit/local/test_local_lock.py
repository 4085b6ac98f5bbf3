"""One local cloud per folder. A killed cloud leaves no lock behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from local import lock
from local.paths import ROOT

HOLD = """
import pathlib, sys, time
from local import lock
with lock.running(pathlib.Path(sys.argv[1])):
    print(flush=True)
    time.sleep(60)
"""


def test_a_second_start_is_refused_and_names_the_first(tmp_path: Path) -> None:
    with (
        lock.running(tmp_path),
        pytest.raises(lock.AlreadyRunningError, match=str(os.getpid())),
        lock.running(tmp_path),
    ):
        pass


def test_a_refused_start_leaves_the_first_alone(tmp_path: Path) -> None:
    with lock.running(tmp_path):
        with pytest.raises(lock.AlreadyRunningError), lock.running(tmp_path):
            pass
        assert lock.holder(tmp_path) == os.getpid()


def test_each_folder_has_its_own_lock(tmp_path: Path) -> None:
    with lock.running(tmp_path / "a"), lock.running(tmp_path / "b"):
        assert lock.holder(tmp_path / "a") == lock.holder(tmp_path / "b") == os.getpid()


def test_there_is_no_holder_before_and_after(tmp_path: Path) -> None:
    assert lock.holder(tmp_path) is None
    with lock.running(tmp_path):
        pass
    assert lock.holder(tmp_path) is None


def test_a_killed_cloud_leaves_no_lock(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert lock.holder(tmp_path) == process.pid
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert lock.holder(tmp_path) is None
    with lock.running(tmp_path):
        assert lock.holder(tmp_path) == os.getpid()
