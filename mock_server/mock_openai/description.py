"""The OpenAPI 3.1 description of the server: the control API, and the part of OpenAI's API that it answers.

It is generated from the tables that route and validate requests, so it cannot differ from them.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from mock_openai.control.operations import OPERATIONS, Operation, Query
from mock_openai.protocol.fields import CREATE_ON_SOCKET
from mock_openai.protocol.schema.json_schema import json_schema
from mock_openai.transport.health import READY, SUMMARIES
from mock_openai.transport.routes import CREATE_RESPONSE, ENDPOINTS, Endpoint

_ERROR = {"$ref": "#/components/schemas/Error"}
_REFUSED = {"$ref": "#/components/schemas/Refused"}
_CREATE = {"$ref": "#/components/schemas/CreateResponse"}


@cache
def description() -> dict[str, Any]:
    """Return the description."""
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in ENDPOINTS:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _endpoint(endpoint)
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    for path, summary in SUMMARIES.items():
        paths[path] = {"get": _probe(path, summary)}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "mock_openai",
            "version": "1",
            "description": "A mock of OpenAI's Responses API, and its control API. GET /v1/responses with "
            "`Upgrade: websocket` opens WebSocket mode, whose messages are CreateResponseOnSocket.",
        },
        "paths": paths,
        "components": {
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "any key, unless --api-key is given",
                },
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "--control-token, needed from other machines",
                },
            },
            "schemas": {
                "CreateResponse": json_schema(CREATE_RESPONSE.body) if CREATE_RESPONSE.body else {},
                "CreateResponseOnSocket": json_schema(CREATE_ON_SOCKET),
                "Error": {
                    "type": "object",
                    "required": ["error"],
                    "properties": {
                        "error": {
                            "type": "object",
                            "required": ["message", "type", "param", "code"],
                            "properties": {
                                "message": {"type": "string"},
                                "type": {"type": "string"},
                                "param": {"type": ["string", "null"]},
                                "code": {"type": ["string", "null"]},
                            },
                        }
                    },
                },
                "Refused": {
                    "type": "object",
                    "required": ["error"],
                    "properties": {"error": {"type": "string"}},
                },
            },
        },
    }


def _endpoint(endpoint: Endpoint) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "tags": ["OpenAI"],
        "security": [{}, {"key": []}],
        "parameters": [
            *(
                {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
                for name in re.findall(r"{(\w+)}", endpoint.path)
            ),
            *({"name": name, "in": "query", "schema": {"type": "string"}} for name in endpoint.query),
        ],
        "responses": {
            "200": {"description": "the result", "content": {"application/json": {"schema": {}}}},
            "default": {"description": "an error", "content": {"application/json": {"schema": _ERROR}}},
        },
    }
    if endpoint.body is not None:
        create = endpoint is CREATE_RESPONSE
        schema = _CREATE if create else json_schema(endpoint.body)
        operation["requestBody"] = {"required": create, "content": {"application/json": {"schema": schema}}}
    if endpoint is CREATE_RESPONSE or "stream" in endpoint.query:
        operation["responses"]["200"]["content"]["text/event-stream"] = {"schema": {"type": "string"}}
    return operation


def _probe(path: str, summary: str) -> dict[str, Any]:
    said = {"type": "object", "required": ["status"], "properties": {"status": {"type": "string"}}}
    content = {"application/json": {"schema": said}}
    responses = {"200": {"description": "yes", "content": content}}
    if path == READY:
        responses["503"] = {"description": "not available now", "content": content}
    return {
        "operationId": path.strip("/"),
        "summary": summary,
        "tags": ["control"],
        "parameters": [],
        "responses": responses,
    }


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": f"control_{operation.name}_{operation.method.lower()}",
        "summary": operation.summary,
        "tags": ["control"],
        "security": [{}, {"token": []}],
        "parameters": [_query(one) for one in operation.query],
        "responses": {
            "200": {"description": "done", "content": {operation.content: {"schema": operation.answer}}},
            "default": {"description": "refused", "content": {"application/json": {"schema": _REFUSED}}},
        },
    }
    if operation.body:
        content = {media: {"schema": schema} for media, schema in operation.body.items()}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _query(query: Query) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": query.kind}
    if query.words:
        schema["enum"] = list(query.words)
    return {"name": query.name, "in": "query", "description": query.meaning, "schema": schema}
