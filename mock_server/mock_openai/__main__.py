"""The command `mock-openai`, also as `python -m mock_openai`. It handles signals before it imports much."""

from mock_openai.interruption import run_command


def main() -> None:
    """Run the command line and exit."""
    run_command("mock_openai.cli")


if __name__ == "__main__":
    main()
