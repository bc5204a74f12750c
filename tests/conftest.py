"""What several parts of the suite need: pytest's own tool for running pytest inside a test."""

pytest_plugins = ["pytester"]
