"""`python -m mock_openai` is the command `mock-openai`."""

from mock_openai.cli import main

if __name__ == "__main__":
    main()
