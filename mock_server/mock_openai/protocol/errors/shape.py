"""What is wrong with a request by itself: the errors that the validator raises."""

from __future__ import annotations

from collections.abc import Sequence

from mock_openai.protocol.errors.base import ApiError


def invalid_json() -> ApiError:
    """Say that the body is not JSON (reported)."""
    return ApiError(
        "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your "
        "HTTP "
        "library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON. "
        "If you have "
        "trouble figuring out how to fix this, please contact us through our help center at help.openai.com.)"
    )


def missing_parameter(name: str) -> ApiError:
    """Say that a required parameter is absent; `name` is its path (reported)."""
    return ApiError(f"Missing required parameter: '{name}'.", param=name, code="missing_required_parameter")


def missing_input() -> ApiError:
    """Say that there is nothing to answer; the mixed quotes are the API's own (reported)."""
    return ApiError(
        "One of \"input\" or \"previous_response_id\" or 'prompt' or 'conversation_id' must be provided.",
        param="input",
        code="missing_required_parameter",
    )


def unknown_parameter(name: str) -> ApiError:
    """Say that a parameter does not exist; `name` is its path (reported)."""
    return ApiError(f"Unknown parameter: '{name}'.", param=name, code="unknown_parameter")


def invalid_type(name: str, expected: str, got: str) -> ApiError:
    """Say that a value has the wrong type; `expected` and `got` are phrases such as "a string" (reported)."""
    return ApiError(
        f"Invalid type for '{name}': expected {expected}, but got {got} instead.",
        param=name,
        code="invalid_type",
    )


def invalid_value(name: str, value: object, supported: Sequence[str]) -> ApiError:
    """Say that a value is not one of the supported ones (reported)."""
    return ApiError(
        f"Invalid value: '{value}'. Supported values are: {_series(supported)}.",
        param=name,
        code="invalid_value",
    )


def below_minimum(name: str, minimum: float, got: float, *, integer: bool) -> ApiError:
    """Say that a number is too small (observed)."""
    kind = "integer" if integer else "decimal"
    return ApiError(
        f"Invalid '{name}': {kind} below minimum value. Expected a value >= {minimum:g}, but got {got} "
        "instead.",
        param=name,
        code=f"{kind}_below_min_value",
    )


def above_maximum(name: str, maximum: float, got: float, *, integer: bool) -> ApiError:
    """Say that a number is too large (inferred from `below_minimum`)."""
    kind = "integer" if integer else "decimal"
    return ApiError(
        f"Invalid '{name}': {kind} above maximum value. Expected a value <= {maximum:g}, but got {got} "
        "instead.",
        param=name,
        code=f"{kind}_above_max_value",
    )


def empty_string(name: str) -> ApiError:
    """Say that a string must not be empty (reported)."""
    return ApiError(
        f"Invalid '{name}': empty string. Expected a string with minimum length 1, but got an empty string "
        "instead.",
        param=name,
        code="empty_string",
    )


def string_too_long(name: str, maximum: int, got: int) -> ApiError:
    """Say that a string is too long, lengths in characters (reported)."""
    return ApiError(
        f"Invalid '{name}': string too long. Expected a string with maximum length {maximum}, "
        f"but got a string with length {got} instead.",
        param=name,
        code="string_above_max_length",
    )


def pattern_mismatch(name: str, pattern: str) -> ApiError:
    """Say that a string has characters it must not have (reported)."""
    return ApiError(
        f"Invalid '{name}': string does not match pattern. Expected a string that matches the pattern "
        f"'{pattern}'.",
        param=name,
        code="invalid_value",
    )


def wrong_prefix(name: str, value: str, prefix: str) -> ApiError:
    """Say that an id is not of the right kind (reported)."""
    return ApiError(
        f"Invalid '{name}': '{value}'. Expected an ID that begins with '{prefix}'.",
        param=name,
        code="invalid_value",
    )


def array_too_short(name: str, minimum: int) -> ApiError:
    """Say that an array must not be empty (reported)."""
    return ApiError(
        f"Invalid '{name}': empty array. Expected an array with minimum length {minimum}, "
        "but got an empty array instead.",
        param=name,
        code="empty_array",
    )


def array_too_long(name: str, maximum: int, got: int) -> ApiError:
    """Say that an array has too many elements (reported)."""
    return ApiError(
        f"Invalid '{name}': array too long. Expected an array with maximum length {maximum}, "
        f"but got an array with length {got} instead.",
        param=name,
        code="array_above_max_length",
    )


def too_many_properties(name: str, maximum: int, got: int) -> ApiError:
    """Say that an object has too many keys (reported)."""
    return ApiError(
        f"Invalid '{name}': too many properties. Expected an object with at most {maximum} properties, "
        f"but got an object with {got} properties instead.",
        param=name,
        code="object_above_max_properties",
    )


def property_name_too_long(name: str, key: str, maximum: int) -> ApiError:
    """Say that a key of a free-form object is too long (reported)."""
    return ApiError(
        f"Invalid property name in '{name}': '{key}' is too long. Expected a string with maximum length "
        f"{maximum}, "
        f"but got a string with length {len(key)} instead.",
        param=f"{name}.{key}",
        code="property_name_above_max_length",
    )


def mutually_exclusive(first: str, second: str) -> ApiError:
    """Say that two parameters exclude each other; the empty quotes are the API's own (observed)."""
    return ApiError(
        f"Mutually exclusive parameters: ''. Ensure you are only providing one of: '{first}' or '{second}'.",
        code="mutually_exclusive_parameters",
    )


def unsupported_parameter(name: str, *, code: str | None = None, where: str = "with this model") -> ApiError:
    """Say that a model, or a mode, does not take a parameter (observed for models, with a null code)."""
    return ApiError(f"Unsupported parameter: '{name}' is not supported {where}.", param=name, code=code)


def unsupported_value(name: str, value: object, supported: str) -> ApiError:
    """Say that this model does not take a value; `supported` is a closing sentence (reported)."""
    return ApiError(
        f"Unsupported value: '{name}' does not support {value} with this model. {supported}",
        param=name,
        code="unsupported_value",
    )


def unsupported_choice(name: str, value: object, model: str, supported: Sequence[str]) -> ApiError:
    """Say that this model does not take one of the values that others take (reported)."""
    return ApiError(
        f"Unsupported value: '{value}' is not supported with the '{model}' model. "
        f"Supported values are: {_series(supported)}.",
        param=name,
        code="unsupported_value",
    )


def unsupported_tool(kind: str, model: str) -> ApiError:
    """Say that this model has no such tool (reported)."""
    return ApiError(f"Tool '{kind}' is not supported with {model}.", param="tools")


def encrypted_content_unsupported() -> ApiError:
    """Say that this model does not reason, so that there is no reasoning to encrypt (reported)."""
    return ApiError("Encrypted content is not supported with this model.", param="include")


def invalid_service_tier() -> ApiError:
    """Say that there is no such tier; unlike other words of a list, it is not told the list (reported)."""
    return ApiError("Invalid service_tier argument", param="service_tier")


def json_word_missing() -> ApiError:
    """Say that JSON mode needs the word in the conversation (reported)."""
    return ApiError(
        "Response input messages must contain the word 'json' in some form to use 'text.format' of type "
        "'json_object'.",
        param="input",
    )


def tool_choice_not_found(kind: str) -> ApiError:
    """Say that `tool_choice` names a tool that `tools` does not have; `kind` is a type or a name
    (reported).
    """
    return ApiError(f"Tool choice '{kind}' not found in 'tools' parameter.", param="tool_choice")


def tool_choice_without_tools(choice: str) -> ApiError:
    """Say that a tool is demanded although none is given (reported)."""
    return ApiError(
        f"Tool choice '{choice}' must be specified with 'tools' parameter.",
        param="tool_choice",
    )


def invalid_function_schema(name: str, problem: str, param: str) -> ApiError:
    """Say that a function's strict schema is not strict (reported)."""
    return ApiError(
        f"Invalid schema for function '{name}': {problem}", param=param, code="invalid_function_parameters"
    )


def invalid_format_schema(name: str, problem: str) -> ApiError:
    """Say that a text format's strict schema is not strict (reported)."""
    return ApiError(
        f"Invalid schema for response_format '{name}': {problem}",
        param="text.format.schema",
        code="invalid_json_schema",
    )


def _series(values: Sequence[str]) -> str:
    quoted = [f"'{value}'" for value in values]
    if len(quoted) < 3:
        return " and ".join(quoted)
    return f"{', '.join(quoted[:-1])}, and {quoted[-1]}"
