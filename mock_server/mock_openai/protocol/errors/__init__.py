"""Errors as the Responses API words them.

One exception carries status, message, type, param and code; one constructor function exists for each error
whose wording is known, with where it is known from: "observed" (recorded traffic), "reported" (public bug
reports), "documented" (OpenAI's guides) or "inferred" (by analogy with the others).
"""

from mock_openai.protocol.errors.access import *
from mock_openai.protocol.errors.base import *
from mock_openai.protocol.errors.capacity import *
from mock_openai.protocol.errors.codes import *
from mock_openai.protocol.errors.references import *
from mock_openai.protocol.errors.shape import *
from mock_openai.protocol.errors.sockets import *
from mock_openai.protocol.errors.unsupported import *
