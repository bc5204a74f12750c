"""Finds and replaces secrets before anything is written down, however they are spelled.

Other packages need only `SecretRedactor`. The rules are in one file each: by form (`forms`), by name
(`fields`, `names`), by value (`known`), and personal data (`people`).
"""

from mock_openai.redaction.edits import Edit
from mock_openai.redaction.redactor import Finding, Replacement, Rule, SecretRedactor
from mock_openai.redaction.values import is_blotted, is_placeholder

__all__ = ["Edit", "Finding", "Replacement", "Rule", "SecretRedactor", "is_blotted", "is_placeholder"]
