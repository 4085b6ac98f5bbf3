"""The child process that runs MiniStack. It ends when its parent ends."""

import os
import signal
import sys
import threading

from ministack.app import main  # type: ignore[import-untyped]

from local import fidelity


def _end_with_parent() -> None:
    # The parent never writes to this pipe. Reading returns when the parent has ended, for any
    # reason.
    os.read(sys.stdin.fileno(), 1)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # Functions run under the base interpreter, without the packages of .venv: a package that is
    # missing in the layers is missing here, as it would be on AWS.
    sys.executable = getattr(sys, "_base_executable", sys.executable)
    sys.argv = ["ministack"]
    fidelity.apply()
    main()
