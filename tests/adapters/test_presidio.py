"""Presidio's own recognisers on made-up texts; no model, and no network."""

from __future__ import annotations

import socket

import pytest

from harness.adapter import LoadRequest
from harness.adapters.presidio import ADAPTER, PresidioBackend
from harness.errors import BackendUnavailable, UsageError
from harness.labels.meeting import meet
from harness.labels.schema import load_schema


def load(**options: float | str) -> PresidioBackend:
    reason = ADAPTER.unavailable("")
    if reason:
        pytest.skip(reason)
    return ADAPTER.load(LoadRequest("", "ner", options=options, offline=True))


def ask(backend: PresidioBackend, text: str) -> set[tuple[str, str]]:
    (raw,) = backend.predict([text])
    found = backend.annotations(text, raw).entities or ()
    return {(text[entity.start : entity.end], entity.label) for entity in found}


def test_without_the_library_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "harness.adapter.lacking", lambda needed: "presidio-analyzer is not installed"
    )
    assert "pip install 'nlp-harness[presidio]'" in str(ADAPTER.unavailable(""))
    with pytest.raises(BackendUnavailable):
        ADAPTER.load(LoadRequest("", "ner"))


def test_it_takes_no_model() -> None:
    assert "takes no model" in str(ADAPTER.unavailable("en_core_web_sm"))


@pytest.mark.models
def test_patterns_with_check_digits() -> None:
    backend = load()
    text = (
        "😀 Write to jane.roe@example.com, pay GB82 WEST 1234 5698 7654 32 by 2024-05-03, card "
        "4111 1111 1111 1111, from 192.168.0.1; see https://www.example.org/x."
    )
    found = ask(backend, text)
    assert {
        ("jane.roe@example.com", "EMAIL_ADDRESS"),
        ("GB82 WEST 1234 5698 7654 32", "IBAN_CODE"),
        ("2024-05-03", "DATE_TIME"),
        ("4111 1111 1111 1111", "CREDIT_CARD"),
        ("192.168.0.1", "IP_ADDRESS"),
    } <= found
    assert not any(label == "CREDIT_CARD" for _, label in ask(backend, "4111 1111 1111 1112"))


@pytest.mark.models
def test_weak_patterns_count_only_when_asked_for() -> None:
    text = "Room 12345678 was empty."
    assert ask(load(), text) == set()
    assert ("12345678", "US_BANK_NUMBER") in ask(load(threshold=0), text)


@pytest.mark.models
def test_no_network_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its e-mail recogniser would fetch a list of domains at first use."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert ("a@b.co.uk", "EMAIL_ADDRESS") in ask(load(), "a@b.co.uk")


@pytest.mark.models
def test_its_labels_are_its_schemas_and_meet_others_in_dates() -> None:
    backend = load()
    assert backend.labels is not None
    assert set(backend.labels) <= set(load_schema("presidio").labels)
    meeting = meet("ontonotes5", "presidio")
    assert str(meeting.schema) == "ontonotes5@1"
    assert meeting.project_predicted.apply("DATE_TIME") == "DATE"
    assert "URL" in meeting.dropped_predicted


@pytest.mark.models
def test_options_are_checked() -> None:
    with pytest.raises(UsageError, match="unknown option"):
        load(treshold=1)
