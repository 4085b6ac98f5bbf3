"""The child process: MiniStack, tied to the life of whoever started it."""

import os
import signal
import sys
import threading

from ministack.app import main  # type: ignore[import-untyped]

from local import fidelity


def _end_with_parent() -> None:
    # Nothing is ever written to this pipe: reading returns when its other end closes, however the parent ended.
    os.read(sys.stdin.fileno(), 1)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # Functions run under the bare interpreter, without the development environment's packages: what a layer lacks is
    # missing here as it would be on AWS.
    sys.executable = getattr(sys, "_base_executable", sys.executable)
    sys.argv = ["ministack"]
    fidelity.apply()
    main()
