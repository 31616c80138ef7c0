"""Secrets and their hashes."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.store.secret import CROCKFORD, code_digest, digest, fresh, fresh_code, fresh_id


def test_secrets_differ_and_have_256_bits():
    secrets = {fresh("sk-relay-") for _ in range(100)}
    assert len(secrets) == 100
    assert {(secret[:9], len(secret)) for secret in secrets} == {("sk-relay-", 9 + 43)}


def test_digest_is_sha256():
    assert digest("ключ") == hashlib.sha256("ключ".encode()).hexdigest()


@given(st.text() | st.just("\udc80"))
def test_digest_takes_any_string(text: str):
    assert len(digest(text)) == 64


def test_codes_have_two_groups_of_five():
    code = fresh_code()
    assert [len(group) for group in code.split("-")] == [5, 5]
    assert set(code) <= {*CROCKFORD, "-"}
    assert len(CROCKFORD) == 32


@pytest.mark.parametrize("typed", ["7QK2M-01W9T", "7qk2m-01w9t", " 7QK2M01W9T ", "7QK2M OLW9T", "7qk2m-oiw9t"])
def test_code_as_a_person_types_it(typed: str):
    assert code_digest(typed) == code_digest("7QK2M-01W9T")


def test_ids_name_their_kind():
    assert fresh_id("key").startswith("key_")
    assert fresh_id("key") != fresh_id("key")
