"""Where things lie in a checkout, and where a running local cloud keeps its state."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"


def state_dir(chosen: Path | None = None) -> Path:
    """The folder of one local cloud: the argument, else CLIENTELA_LOCAL_DIR, else `.local` in the checkout.

    Two clouds run side by side when their folders differ.
    """
    return (chosen or Path(os.environ.get("CLIENTELA_LOCAL_DIR") or ROOT / ".local")).resolve()
