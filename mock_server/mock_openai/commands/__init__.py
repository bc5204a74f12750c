"""What stands behind `mock-openai`."""
