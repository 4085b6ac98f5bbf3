"""Where the `clientela` command begins: Ctrl-C ends it quietly also while it is still being loaded."""

import sys


def main() -> None:
    """Run the command line of this process, and exit."""
    try:
        from clientela_cli import main as command_line

        command_line.main()
    except KeyboardInterrupt:
        sys.exit(130)
