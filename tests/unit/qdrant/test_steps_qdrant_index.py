"""Payload indexes of collections that stay → steps."""

from __future__ import annotations

from typing import Any

import pytest
from fake_qdrant import FakeQdrant, info
from steps_qdrant_kit import EMPTY, back, kinds, planned, requests

from apexplan.model.plan import HazardKind, RollbackClass

SCANS, GAP, DOWNTIME = HazardKind.SCANS_DATA, HazardKind.INDEX_GAP, HazardKind.DOWNTIME


def there(**indexes: Any) -> FakeQdrant:
    return FakeQdrant({"d": info(indexes=indexes)})


def with_indexes(text: str) -> str:
    return f"collections: {{d: {{vectors: {{size: 4, distance: Cosine}}, payload_indexes: {{{text}}}}}}}"


def test_an_index_is_made_with_what_is_declared_and_no_more() -> None:
    assert requests(planned(there(), with_indexes("n: integer"))) == [
        'PUT /collections/d/index?wait=true {"field_name": "n", "field_schema": {"type": "integer"}}'
    ]


def test_the_way_back_from_a_new_index_drops_it() -> None:
    assert back(planned(there(), with_indexes("n: integer"))) == ["DELETE /collections/d/index/n?wait=true"]


def test_a_path_is_quoted_where_it_stands_in_a_url() -> None:
    assert back(planned(there(), with_indexes("'a[].b_c': keyword"))) == [
        "DELETE /collections/d/index/a%5B%5D.b_c?wait=true"
    ]


def test_making_an_index_reads_all_payloads() -> None:
    (step,) = planned(there(), with_indexes("n: integer"))
    assert kinds(step) == [SCANS]
    assert step.hazards[0].text == "the payloads of 5,000 points are read to build it"


def test_an_index_of_a_collection_without_points_is_no_hazard() -> None:
    (step,) = planned(there(), with_indexes("n: integer"), size=EMPTY)
    assert kinds(step) == []


def test_an_index_of_a_collection_that_the_plan_makes_is_no_hazard() -> None:
    _, index = planned(FakeQdrant(), with_indexes("n: integer"), size=None)
    assert (index.verb, kinds(index)) == ("index", [])


def test_an_index_is_replaced_as_a_whole_with_what_nobody_manages() -> None:
    live = {"type": "integer", "lookup": True, "range": False}
    assert requests(planned(there(n=live), with_indexes("n: {type: integer, lookup: false}"))) == [
        'PUT /collections/d/index?wait=true {"field_name": "n", "field_schema": {"enable_hnsw": true, '
        '"is_principal": false, "lookup": false, "on_disk": false, "range": false, "type": "integer"}}'
    ]


def test_an_index_of_another_type_takes_no_option_along() -> None:
    live = {"type": "keyword", "on_disk": True}
    assert requests(planned(there(k=live), with_indexes("k: integer"))) == [
        'PUT /collections/d/index?wait=true {"field_name": "k", "field_schema": {"type": "integer"}}'
    ]


def test_the_way_back_from_a_replacement_puts_the_former_index() -> None:
    (request,) = back(planned(there(k="keyword"), with_indexes("k: integer")))
    assert request.startswith("PUT /collections/d/index?wait=true ") and '"type": "keyword"' in request


def test_while_an_index_is_replaced_there_is_none() -> None:
    (step,) = planned(there(k="keyword"), with_indexes("k: {type: keyword, is_tenant: true}"))
    assert kinds(step) == [SCANS, GAP]
    assert step.inverse is not None and kinds(step.inverse) == [GAP]


@pytest.mark.parametrize("new", ["{type: text, tokenizer: prefix}", "keyword"])
def test_while_a_text_index_is_replaced_searches_answer_wrongly_which_needs_consent(new: str) -> None:
    (step,) = planned(there(t={"type": "text", "tokenizer": "word"}), with_indexes(f"t: {new}"))
    assert kinds(step) == [SCANS, GAP, DOWNTIME]


def test_a_replacement_in_a_collection_without_points_is_no_hazard() -> None:
    (step,) = planned(there(t="text"), with_indexes("t: keyword"), size=EMPTY)
    assert step.inverse is not None
    assert (kinds(step), kinds(step.inverse)) == ([], [])


def test_an_index_that_nothing_declares_is_dropped() -> None:
    (step,) = planned(there(k="keyword"), with_indexes(""))
    assert step.statements == ("DELETE /collections/d/index/k?wait=true",)
    assert (step.rollback, kinds(step), step.removes) == (RollbackClass.LOSSLESS, [], True)


def test_the_way_back_from_a_drop_makes_the_same_index() -> None:
    live = {"type": "text", "tokenizer": "whitespace", "min_token_len": 2}
    (request,) = back(planned(there(t=live), with_indexes("")))
    assert '"min_token_len": 2' in request and '"tokenizer": "whitespace"' in request


def test_an_index_that_nobody_owns_is_left_alone() -> None:
    assert planned(there(k="keyword"), with_indexes(""), unmanaged=["payload_index.d.k"]) == []


def test_an_index_goes_to_the_collection_behind_the_alias() -> None:
    served = FakeQdrant({"d_v3": info()}, {"d": "d_v3"})
    assert requests(planned(served, with_indexes("n: bool"))) == [
        'PUT /collections/d_v3/index?wait=true {"field_name": "n", "field_schema": {"type": "bool"}}'
    ]


def test_two_spellings_of_one_index_need_no_step() -> None:
    live = {"type": "keyword", "is_tenant": False}
    assert planned(there(k=live), with_indexes("k: keyword")) == []
