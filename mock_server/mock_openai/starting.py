"""What a command does before it imports anything else."""

import _signal  # type: ignore[import-not-found]  # `signal` without the enums, which take a while


def end_quietly_on_ctrl_c() -> None:
    """Let Ctrl-C end the process without a traceback until `interruption.listen` handles it, as SIGTERM does.
    Where it is ignored, it stays ignored.
    """
    if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
