"""Folders of the checkout, and the state folder of a local cloud."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"


def state_dir(chosen: Path | None = None) -> Path:
    """Return the folder of a local cloud.

    It is `chosen`, CLIENTELA_LOCAL_DIR, or `.local` in the checkout. Clouds with different folders
    can run side by side.
    """
    return (chosen or Path(os.environ.get("CLIENTELA_LOCAL_DIR") or ROOT / ".local")).resolve()
