"""What a body of the control API may ask of the server that reads it."""

from __future__ import annotations

import asyncio
import contextlib

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mock_openai import MockServer
from mock_openai.faults import PlanError, loads
from mock_openai.source import ScriptError, from_yaml

ALIASES = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 10)}]\n"
    for before, name in zip("abcdefghi", "bcdefghij", strict=True)
)
BOMBS = {
    "aliases": (ALIASES, "aliases counted in full"),
    "itself": ("- &a [*a]", "contains itself"),
    "merged": ("- &a {<<: *a}", "contains itself"),
    "deep": ("[" * 1_000_000, "100 levels of nesting"),
    "deep mappings": ("{a: " * 100_000, "100 levels of nesting"),
    "deep blocks": ("\n".join(" " * level + "- " for level in range(500)), "100 levels of nesting"),
    "questions": ("? " * 100_000, "100 levels of nesting"),
    "many": ("[" + "a," * 250_000 + "]", "200,000 values"),
    "number": (f"a: 1{':59' * 100_000}", "a number of more than 400 characters"),
    "float": (f"a: 1.{'9' * 1000}", "a number of more than 400 characters"),
    "directives": ("".join(f"%TAG !{n}! tag:x:\n" for n in range(10_000)) + "---\na: 1", "begin with %"),
    "one long text often": (f"- &a {'x' * 100_000}\n- [{'*a,' * 1000}]", "aliases counted in full"),
}

MANY = pytest.param("many", marks=pytest.mark.thorough)
"""The dearest."""


@pytest.mark.parametrize("name", [*(name for name in BOMBS if name != "many"), MANY])
def test_a_text_that_stands_for_too_much_is_refused_with_its_line(name: str) -> None:
    text, why = BOMBS[name]
    with pytest.raises(ScriptError, match=rf"^script:\d+: .*{why}"):
        from_yaml(text, file="script")
    with pytest.raises(PlanError, match=rf"^plan:\d+: .*{why}"):
        loads(text, name="plan")


@pytest.mark.parametrize("path", ["script", "faults"])
@pytest.mark.parametrize("name", ["aliases", "deep", "itself", MANY])
async def test_others_are_served_while_a_bomb_is_read(path: str, name: str) -> None:
    ended: list[str] = []
    async with MockServer() as server, aiohttp.ClientSession() as http:
        control = server.base_url.replace("/v1", f"/__mock__/{path}")

        async def put() -> int:
            method = "PUT" if path == "script" else "POST"
            headers = {"content-type": "application/yaml"}
            async with http.request(method, control, data=BOMBS[name][0], headers=headers) as answer:
                assert "\n" not in (await answer.json())["error"]
                ended.append("bomb")
                return answer.status

        bomb = asyncio.create_task(put())
        for _ in range(3):
            async with http.get(f"{server.base_url}/models") as answer:
                assert answer.status == 200
            ended.append("other")
        assert await bomb == 400
    if name == "many":
        assert ended[0] == "other"


LETTERS = st.text("ab-: \n[]{}&*,?!|>'\"#%@`~0.1<=\t\\", max_size=30)


@given(LETTERS)
def test_any_text_is_a_tree_or_a_script_error(text: str) -> None:
    for read in (lambda: from_yaml(text, file="f"), lambda: loads(text)):
        with contextlib.suppress(ScriptError, PlanError):
            read()


async def test_planned_faults_are_bounded_in_number_and_used_ones_do_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mock_openai.control.commands.MOST", 100)
    monkeypatch.setattr("mock_openai.faults.plan.MOST", 100)
    async with MockServer() as server, aiohttp.ClientSession() as http:
        control = server.base_url.replace("/v1", "/__mock__/faults")

        async def plan(count: int, turn: int) -> tuple[int, str]:
            body = [{"at": {"turn": turn}, "do": "server_error"}] * count
            async with http.post(control, json=body) as answer:
                return answer.status, await answer.text()

        assert (await plan(60, 1000))[0] == 200
        status, text = await plan(41, 1000)
        assert (status, len(server.faults)) == (400, 60), "all of a body or nothing"
        assert "60 faults are planned" in text
        assert "DELETE /__mock__/faults" in text
        for turn in range(1, 51):
            assert (await plan(1, turn))[0] == 200
            async with http.post(
                f"{server.base_url}/responses", json={"model": "gpt-4o", "input": "x"}
            ) as answer:
                assert answer.status == 500
        assert (await plan(40, 1000))[0] == 200
        assert len(server.faults) == 100
        async with http.delete(control, json={}) as answer:
            assert answer.status == 200
        assert (await plan(100, 1))[0] == 200
