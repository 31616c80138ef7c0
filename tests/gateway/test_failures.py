"""What a client is told of a failure."""

from relay.errors import InvalidRequest, RelayError
from relay.gateway.failures import told

from .conftest import Logged


def test_known_failure_is_told_as_it_is():
    error = InvalidRequest("no")
    assert told(error, "req_1") is error


def test_bug_is_told_by_reference_and_logged(logged: Logged):
    error = told(KeyError("secret"), "req_1")
    assert type(error) is RelayError
    assert error.message == "relay failed in an unexpected way; its log has more under req_1."
    assert [(line["event"], line["id"]) for line in logged()] == [("request.crashed", "req_1")]
