"""The commands of `mock-openai`."""
