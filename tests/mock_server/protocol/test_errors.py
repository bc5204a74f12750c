"""Errors as HTTP bodies and as WebSocket frames, word for word."""

import json
import pickle

import pytest
from mock_openai.protocol import errors
from mock_openai.protocol.errors import ApiError


def test_a_body_has_the_four_fields_in_the_observed_order() -> None:
    body = errors.previous_response_not_found("resp_1").body()
    assert json.dumps(body) == (
        '{"error": {"message": "Previous response with id \'resp_1\' not found.", "type": '
        '"invalid_request_error", '
        '"param": "previous_response_id", "code": "previous_response_not_found"}}'
    )


def test_a_frame_is_the_one_that_the_guide_prints() -> None:
    assert json.dumps(errors.previous_response_not_found("resp_abc").frame("main")) == json.dumps(
        {
            "type": "error",
            "status": 400,
            "stream_id": "main",
            "error": {
                "type": "invalid_request_error",
                "code": "previous_response_not_found",
                "message": "Previous response with id 'resp_abc' not found.",
                "param": "previous_response_id",
            },
        }
    )
    assert "stream_id" not in errors.invalid_stream_id().frame()


def test_the_connection_limit_has_no_param_and_its_status_comes_last() -> None:
    frame = errors.connection_limit_reached().frame()
    assert list(frame) == ["type", "error", "status"]
    assert list(frame["error"]) == ["type", "code", "message"]
    assert frame["error"]["message"].startswith("Responses websocket connection limit reached (60 minutes).")


def test_a_refused_handshake_repeats_the_status_in_the_body() -> None:
    assert errors.invalid_api_key("sk-x").body(with_status=True)["status"] == 401
    assert "status" not in errors.invalid_api_key("sk-x").body()


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("invalid-key", "invalid-key"),
        ("sk-invalid-and-quite-long-key", "sk-inval*****************-key"),
        ("test-context-key", "test-con****-key"),
    ],
)
def test_a_key_is_shown_as_the_api_masks_it(key: str, shown: str) -> None:
    assert f"provided: {shown}. You can find" in errors.invalid_api_key(key).message


def test_an_error_can_be_built_from_its_code_alone() -> None:
    error = errors.by_code("server_is_overloaded")
    assert (error.status, error.code) == (503, "server_is_overloaded")
    assert "overloaded" in error.message


def test_what_is_given_wins_over_what_is_known() -> None:
    error = errors.by_code(
        "rate_limit_exceeded", status=500, message="Slow down", param="input", headers={"retry-after": "1"}
    )
    assert (error.status, error.message, error.param, error.type) == (500, "Slow down", "input", "tokens")
    assert error.headers == {"retry-after": "1"}


def test_an_unknown_code_or_a_bare_status_still_makes_an_error() -> None:
    assert errors.by_code("made_up").status == 400
    assert errors.by_code(None, status=502).type == "server_error"


def test_an_error_survives_the_way_to_another_process() -> None:
    error = pickle.loads(pickle.dumps(errors.model_not_found("gpt-9")))
    assert isinstance(error, ApiError)
    assert error.body() == errors.model_not_found("gpt-9").body()
