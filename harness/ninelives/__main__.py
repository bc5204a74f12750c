"""The command `ninelives`, also as `python -m ninelives`. It handles signals before it imports much."""

from mock_openai.interruption import leave_if_interrupted, listen


def main() -> None:
    """Run the command line and exit."""
    listen()
    try:
        from ninelives.cli import main

        main()
    except KeyboardInterrupt:
        leave_if_interrupted()
        raise


if __name__ == "__main__":
    main()
