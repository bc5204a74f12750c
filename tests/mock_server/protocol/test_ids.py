"""Ids: their form, what they share, and that a seed repeats them."""

import re

import pytest
from mock_openai.protocol.ids import Ids, digits_of
from mock_openai.protocol.random_source import RandomSource

NOW = 1_787_150_229


def ids(seed: int = 1) -> Ids:
    return Ids(RandomSource(str(seed)), lambda: NOW + 0.7)


def test_a_response_id_has_root_time_and_mark() -> None:
    made = ids().response()
    match = re.fullmatch(r"resp_0[0-9a-f]{15}0[01]([0-9a-f]{8})[0-9a-f]{4}81[0-9a-f]{2}[0-9a-f]{16}", made)
    assert match is not None
    assert int(match[1], 16) == NOW


@pytest.mark.parametrize("prefix", ["msg", "rs", "fc", "ws", "mcpl"])
def test_an_item_shares_its_responses_root_and_mark(prefix: str) -> None:
    maker = ids()
    response = maker.response().removeprefix("resp_")
    item = maker.item(prefix, f"resp_{response}").removeprefix(f"{prefix}_")
    assert (item[:18], item[30:34]) == (response[:18], response[30:34])
    assert item != response


def test_a_chain_shares_the_root_and_a_new_response_has_its_own() -> None:
    maker = ids()
    first = maker.response()
    assert maker.response(first)[:21] == first[:21]
    assert maker.response()[:21] != first[:21]


def test_ids_of_other_forms_can_be_parents_too() -> None:
    maker = ids()
    assert re.fullmatch(r"resp_[0-9a-f]{50}", maker.response("resp_REDACTED_1"))
    assert re.fullmatch(r"msg_[0-9a-f]{50}", maker.item("msg", "resp_1"))


@pytest.mark.parametrize("changed", ["G", "A", "_", " ", "", "00"])
def test_a_root_is_taken_only_from_hexadecimal_digits(changed: str) -> None:
    first = ids(1).response()
    for place in (len(first) - 1, 30, 5):
        other = first[:place] + changed + first[place + 1 :]
        assert digits_of(first) == first[5:]
        assert digits_of(other) is None
        assert ids(2).response(other)[5:23] == ids(2).response()[5:23], "a root of its own"
    assert digits_of(first[4:]) is digits_of(f"Resp{first[4:]}") is None


def test_calls_and_requests_have_forms_of_their_own() -> None:
    assert re.fullmatch(r"call_[0-9A-Za-z]{24}", ids().call())
    assert re.fullmatch(r"req_[0-9a-f]{32}", ids().request())
    assert re.fullmatch(r"conv_[0-9a-f]{48}", ids().conversation())
    assert re.fullmatch(r"steer_[0-9a-f]{32}", ids().steer())


def test_the_same_seed_and_clock_give_the_same_ids() -> None:
    one, other = ids(5), ids(5)
    assert [one.response(), one.call()] == [other.response(), other.call()]
    assert ids(5).response() != ids(6).response()
