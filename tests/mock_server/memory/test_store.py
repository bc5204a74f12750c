"""Stored responses: found, deleted, and forgotten by size."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mock_openai import ApiError
from mock_openai.memory import Conversation, MemoryConversations, MemoryStore, Remembered
from mock_openai.memory.budget import MemoryBudget
from mock_openai.protocol.events import Event


def remembered(
    name: str,
    *,
    padding: int = 0,
    status: str = "completed",
    parent: str | None = None,
    before: Any = (),
    **fields: Any,
) -> Remembered:
    response = {"id": name, "status": status, "output": [], "usage": {"total_tokens": 7}, **fields}
    data = json.dumps({"type": "response.completed", "response": response, "x": "y" * padding}).encode()
    asked = ({"role": "user", "content": "hi"},)
    return Remembered(name, before=before, input=asked, events=(Event("e", data),), parent=parent)


async def test_what_was_put_is_found_until_it_is_deleted():
    store = MemoryStore()
    await store.put(remembered("resp_1"))
    found = await store.get("resp_1")
    assert found is not None
    assert (found.response["id"], found.context()[1], len(found.items)) == ("resp_1", 7, 1)
    assert await store.delete("resp_1")
    assert not await store.delete("resp_1")
    assert await store.get("resp_1") is None
    assert store.size == 0


async def test_the_least_recently_used_goes_first_when_bytes_run_out():
    store = MemoryStore(limit=30_000)
    for name in ("old", "used", "new"):
        await store.put(remembered(name, padding=6_000))
    await store.get("old")
    await store.put(remembered("newest", padding=6_000))
    assert await store.get("used") is None
    assert await store.get("old") is not None


async def test_a_response_larger_than_the_limit_is_kept_alone():
    store = MemoryStore(limit=1_000)
    await store.put(remembered("small"))
    await store.put(remembered("big", padding=50_000))
    assert len(store) == 1
    assert await store.get("big") is not None


async def test_putting_the_same_id_again_replaces_it():
    store = MemoryStore()
    await store.put(remembered("resp_1", padding=5_000))
    await store.put(remembered("resp_1"))
    assert len(store) == 1
    assert store.size < 5_000


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 9_000), st.booleans()), max_size=40))
async def test_the_size_is_always_the_sum_and_never_above_the_limit(steps):
    store = MemoryStore(limit=20_000)
    kept: dict[str, int] = {}
    for name, padding, delete in steps:
        if delete:
            await store.delete(name)
            continue
        one = remembered(name, padding=padding)
        kept[name] = one.size
        await store.put(one)
        assert await store.get(name) is one
    held = [name for name in kept if await store.get(name) is not None]
    assert store.size == sum(kept[name] for name in held)
    assert store.size <= store.limit


async def test_an_item_is_found_whenever_its_response_came_and_as_long_as_it_is_kept():
    store = MemoryStore()
    roots = [f"{number:016x}" for number in range(3)]
    first, second, third = (f"resp_{root}{'0' * 34}" for root in roots)
    items = [f"msg_{root}{'1' * 34}" for root in roots]
    for name, item in ((first, items[0]), (second, items[1])):
        await store.put(remembered(name, output=[{"id": item}]))
    assert await store.find_item(items[0]) == {"id": items[0]}
    await store.put(remembered(third, output=[{"id": items[2]}]))
    await store.delete(second)
    assert await store.find_item(items[2]) == {"id": items[2]}
    assert await store.find_item(items[1]) is None
    await store.clear()
    assert await store.find_item(items[0]) is None
    await store.put(remembered(second, output=[{"id": items[1]}]))
    assert await store.find_item(items[1]) == {"id": items[1]}


async def test_what_a_kept_response_continues_is_counted_for_the_server_and_drops_no_other():
    budget = MemoryBudget(limit=90_000)
    store = MemoryStore(limit=30_000, budget=budget)
    await store.put(remembered("another"))
    names = [f"turn {number}" for number in range(10)]
    for parent, name in pairwise(["", *names]):
        await store.put(remembered(name, padding=6_000, parent=parent or None))
        assert await store.get("another") is not None
    assert await store.get(names[0]) is None
    assert store.size > 60_000
    for number in range(10):
        await store.put(remembered(f"resp_{number}", padding=6_000))
        assert store.size <= 90_000
    assert await store.get(names[-1]) is None
    assert store.size <= 30_000


async def test_dropped_responses_are_counted_once_in_what_continues_them():
    store = MemoryStore(limit=30_000)
    before: Any = ()
    for number in range(40):
        one = remembered(f"turn {number}", padding=6_000, parent=f"turn {number - 1}", before=before)
        await store.put(one)
        before = one.items
    assert 40 * 6_000 < before.size < 40 * 10_000


async def test_the_stores_of_one_server_share_a_budget_and_the_largest_gives_back():
    budget = MemoryBudget(limit=40_000)
    large, small = (MemoryStore(limit=30_000, budget=budget) for _ in "ab")
    talks = MemoryConversations(limit=30_000, budget=budget)
    await small.put(remembered("kept", padding=1_000))
    await talks.put(Conversation("conv_1", 0, items=[{"id": "item", "text": "x" * 9_000}]))
    for number in range(30):
        await large.put(remembered(f"resp_{number}", padding=5_000))
    assert await small.get("kept") is not None
    assert await talks.get("conv_1") is not None
    for number in range(30):
        await small.put(remembered(f"resp_{number}", padding=5_000))
    assert large.size + small.size + talks.size <= 40_000


async def test_conversations_are_bounded_in_bytes_and_one_that_outgrows_them_is_refused():
    talks = MemoryConversations(limit=30_000)
    for number in range(100):
        await talks.put(Conversation(f"conv_{number}", 0, metadata={"x": "y" * 500}))
        await talks.get("conv_0")
    assert talks.size <= 30_000
    assert await talks.get("conv_0") is not None
    assert await talks.get("conv_1") is None
    item = {"id": "item", "text": "x" * 20_000}
    assert await talks.append("conv_0", [item])
    with pytest.raises(ApiError, match="conv_0"):
        await talks.append("conv_0", [item])
    assert await talks.remove("conv_0", "item")
    assert await talks.append("conv_0", [item])
    assert await talks.delete("conv_0")
    await talks.clear()
    assert talks.size == 0
