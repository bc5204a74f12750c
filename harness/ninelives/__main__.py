"""The command `ninelives`, also as `python -m ninelives`. It handles signals before it imports much."""

from mock_openai.starting import end_quietly_on_ctrl_c, open_closed_streams


def main() -> None:
    """Run the command line and exit."""
    end_quietly_on_ctrl_c()
    open_closed_streams()
    from mock_openai.interruption import run_command

    run_command("ninelives.cli")


if __name__ == "__main__":
    main()
