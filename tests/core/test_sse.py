from relay.core import sse


def test_bytes_of_an_event():
    assert sse.data(b'{"a":1}') == b'data: {"a":1}\n\n'
    assert sse.event("ping", b"{}") == b"event: ping\ndata: {}\n\n"


def test_every_constant_ends_an_event():
    assert (sse.COMMENT, sse.BLANK, sse.DONE) == (b": keep-alive\n\n", b"\n", b"data: [DONE]\n\n")
