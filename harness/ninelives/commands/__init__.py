"""What the commands of `ninelives` do, one file a command. Each gives the exit code."""
