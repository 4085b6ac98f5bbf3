"""Entry point of the `clientela` command."""

import sys


def main() -> None:
    """Run the command line and exit.

    Ctrl-C ends it quietly, even while modules are still loading.
    """
    try:
        from clientela_cli import main as command_line

        command_line.main()
    except KeyboardInterrupt:
        sys.exit(130)
