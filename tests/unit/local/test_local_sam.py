"""Processes that `sam` starts do not outlive the local cloud."""

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

from local.paths import ROOT

BUILD = """
import pathlib, sys
from local import __main__, sam
sam.clean_environment = lambda **_: {"PATH": sys.argv[2]}
__main__._interrupt_on_signals()
sam.build(pathlib.Path(sys.argv[1]))
"""
# This script and its child hold the pipe open as long as they run.
SAM = """#!/bin/sh
exec 3>'{pipe}'
echo started >&3
sleep 60 &
wait
"""


def test_a_build_that_is_interrupted_leaves_no_process_behind(tmp_path: Path) -> None:
    pipe, program = tmp_path / "pipe", tmp_path / "bin" / "sam"
    os.mkfifo(pipe)
    program.parent.mkdir()
    program.write_text(SAM.format(pipe=pipe))
    program.chmod(0o755)
    path = os.pathsep.join([str(program.parent), os.defpath])
    with subprocess.Popen(
        [sys.executable, "-c", BUILD, str(tmp_path), path], cwd=ROOT, stderr=subprocess.DEVNULL
    ) as process:
        with pipe.open("rb", buffering=0) as held:
            assert held.read(100) == b"started\n"
            time.sleep(1)  # it may print before its parent has returned from starting it
            process.send_signal(signal.SIGTERM)
            readable, _, _ = select.select([held], [], [], 20)
            assert readable, "a child of sam still runs"
            assert held.read(1) == b""
        assert process.wait() != 0
