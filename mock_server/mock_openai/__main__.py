"""The command `mock-openai`, also as `python -m mock_openai`. It handles signals before it imports much."""

from mock_openai.interruption import leave_if_interrupted, listen


def main() -> None:
    """Run the command line and exit."""
    listen()
    try:
        from mock_openai.cli import main

        main()
    except KeyboardInterrupt:
        leave_if_interrupted()
        raise


if __name__ == "__main__":
    main()
