"""The command `ninelives`, also as `python -m ninelives`. It handles signals before it imports much."""

from mock_openai.interruption import run_command


def main() -> None:
    """Run the command line and exit."""
    run_command("ninelives.cli")


if __name__ == "__main__":
    main()
