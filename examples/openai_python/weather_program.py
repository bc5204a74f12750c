"""A program on `openai`, without Pipecat and without asyncio: one question, one tool."""

import json

from openai import OpenAI

TOOL = {
    "type": "function",
    "name": "get_weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def get_weather(city: str) -> str:
    return f"21 degrees in {city}"


def answer(question: str) -> str:
    with OpenAI() as client:
        response = client.responses.create(model="gpt-5.4", input=question, tools=[TOOL])
        for item in response.output:
            if item.type == "function_call":
                result = get_weather(**json.loads(item.arguments))
                output = {"type": "function_call_output", "call_id": item.call_id, "output": result}
                response = client.responses.create(
                    model="gpt-5.4", input=[output], previous_response_id=response.id, tools=[TOOL]
                )
        return response.output_text


def read_aloud(question: str):
    """Yield the answer in pieces."""
    with OpenAI() as client, client.responses.stream(model="gpt-5.4", input=question) as stream:
        for event in stream:
            if event.type == "response.output_text.delta":
                yield event.delta
