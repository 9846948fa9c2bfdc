"""The errors of the server, in its own words: a status and a text."""

from __future__ import annotations


class Fault(Exception):
    """An answer that is not 200; `text` goes into `status.error`."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class NoEndpoint(Exception):
    """No such path on this version: the server answers 404 with an empty body."""


def wrong_input(text: str) -> Fault:
    return Fault(400, f"Wrong input: {text}")


def bad_request(text: str) -> Fault:
    return Fault(400, f"Bad request: {text}")


def not_found(text: str) -> Fault:
    return Fault(404, f"Not found: {text}")


def no_collection(name: str) -> Fault:
    return not_found(f"Collection `{name}` doesn't exist!")


def collection_exists(name: str) -> Fault:
    return Fault(409, f"Wrong input: Collection `{name}` already exists!")


def no_vector(name: str) -> Fault:
    return wrong_input(f"Not existing vector name error: {name}")


def malformed(text: str) -> Fault:
    return Fault(400, f"Format error in JSON body: {text}")


def invalid(problems: list[str], where: str = "JSON body") -> Fault:
    return Fault(422, f"Validation error in {where}: [{'; '.join(problems)}]")


def beyond_the_double(what: str) -> Fault:
    """What the real server can and the double cannot: it must fail, never pretend."""
    return Fault(501, f"The double does not know {what}")
