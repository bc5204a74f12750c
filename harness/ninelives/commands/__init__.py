"""The implementations of the commands of `ninelives`, one file per command. Each returns the exit code."""
