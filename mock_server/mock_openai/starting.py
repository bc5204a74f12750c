"""What a command does before it imports anything else."""

import _signal  # type: ignore[import-not-found]  # `signal` without the enums, which take a while
import os
import sys


def end_quietly_on_ctrl_c() -> None:
    """Let Ctrl-C end the process without a traceback until `interruption.listen` handles it, as SIGTERM does.
    Where it is ignored, it stays ignored.
    """
    if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)


def open_closed_streams() -> None:
    """Open standard input, output and error on the null device if the caller closed them (`>&-`). Otherwise
    the next file that is opened gets their number, and what children print gets into it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest number that is free
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
