"""Errors for fields and values that a model, or WebSocket mode, does not accept."""

from __future__ import annotations

from collections.abc import Sequence

from mock_openai.protocol.errors.base import ApiError
from mock_openai.protocol.errors.series import series


def unsupported_parameter(name: str, *, code: str | None = None, where: str = "with this model") -> ApiError:
    """Return the error: a model, or a mode, does not take a parameter (observed for models, with a null
    code).
    """
    return ApiError(f"Unsupported parameter: '{name}' is not supported {where}.", param=name, code=code)


def unsupported_value(name: str, value: object, supported: str) -> ApiError:
    """Return the error: this model does not take a value; `supported` is a closing sentence (reported)."""
    return ApiError(
        f"Unsupported value: '{name}' does not support {value} with this model. {supported}",
        param=name,
        code="unsupported_value",
    )


def unsupported_choice(name: str, value: object, model: str, supported: Sequence[str]) -> ApiError:
    """Return the error: this model does not take one of the values that others take (reported)."""
    return ApiError(
        f"Unsupported value: '{value}' is not supported with the '{model}' model. "
        f"Supported values are: {series(supported)}.",
        param=name,
        code="unsupported_value",
    )


def unsupported_mode() -> ApiError:
    """Return the error: this model does not reason in the requested mode (reported)."""
    return ApiError(
        "`reasoning.mode` is not supported with this model.", param="reasoning.mode", code="unsupported_value"
    )


def research_needs_tools() -> ApiError:
    """Return the error: a research model needs a tool that searches (reported)."""
    wanted = series(("web_search_preview", "mcp", "file_search"), last="or")
    return ApiError(f"Deep research models require at least one of {wanted} tools.", param="tools")


def unsupported_tool(kind: str, model: str) -> ApiError:
    """Return the error: this model has no such tool (reported)."""
    return ApiError(f"Tool '{kind}' is not supported with {model}.", param="tools")


def encrypted_content_unsupported() -> ApiError:
    """Return the error: this model does not reason, so there is no reasoning to encrypt (reported)."""
    return ApiError("Encrypted content is not supported with this model.", param="include")


def logprobs_unsupported(name: str) -> ApiError:
    """Return the error: a reasoning model gives no log probabilities; `name` is the field that asked for them
    (reported).
    """
    return ApiError(
        "logprobs are not supported with reasoning models.", param=name, code="unsupported_parameter"
    )


def long_cache_only() -> ApiError:
    """Return the error: this model caches prompts for a day or not at all (reported)."""
    return ApiError(
        "This model is compatible only with 24h extended prompt caching",
        param="prompt_cache_retention",
        code="invalid_parameter",
    )


def tools_need_effort(effort: str, tools: Sequence[str]) -> ApiError:
    """Return the error: hosted tools need more reasoning effort than was requested (reported)."""
    return ApiError(
        f"The following tools cannot be used with reasoning.effort '{effort}': {', '.join(tools)}.",
        param="tools",
    )
