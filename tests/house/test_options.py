"""The page of options has every option of what is public, each with its meaning."""

from __future__ import annotations

from docs.options_page import everything, page


def test_every_option_has_its_meaning() -> None:
    silent = [
        f"{package}.{name}({option.name}=)"
        for package, named in everything().items()
        for name, options in named.items()
        for option in options
        if not option.meaning
    ]
    assert not silent, "say in the docstring, under `Args:`, what these are:\n" + "\n".join(silent)


def test_what_was_once_forgotten_is_there() -> None:
    text = page()
    for name in (
        "VoiceFault.stall",
        "VoiceFault.fail",
        "VoiceFault.disconnect",
        "Line",
        "Chaos",
        "MockServer",
    ):
        assert f"### {name}\n" in text
    assert "| `jitter` | `0.0` | Seconds by which each chunk of sound is late" in text
