import pytest
from support.bridge import DATA

from relay.bridge.faults import FAULTS, fault
from relay.errors import BackendFailed, ErrorKind

PROTOCOL = DATA.parent.parent.parent / "docs" / "reference" / "bridge-protocol.md"


def documented() -> dict[str, tuple[int, str]]:
    """The table in the contract: what a client gets for each kind of failure."""
    lines = PROTOCOL.read_text().partition("| kind | when | client gets |")[2].partition("\n\n")[0].splitlines()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:]]
    return {kind.strip("`"): (int(gets.split()[0]), gets.split()[1].strip("`")) for kind, _, gets in rows}


def test_client_gets_what_the_contract_says() -> None:
    errors = {kind: fault(kind, "", None) for kind in FAULTS}

    assert {kind: (error.status, error.code) for kind, error in errors.items()} == documented()


@pytest.mark.parametrize("kind", FAULTS)
def test_page_may_say_it_better(kind: str) -> None:
    said, unsaid = fault(kind, "Because of rain.", 3.5), fault(kind, "", None)

    assert (said.message, said.retry_after) == ("Because of rain.", 3.5)
    assert (bool(unsaid.message), unsaid.retry_after) == (True, None)


def test_unknown_kind_counts_as_upstream() -> None:
    error = fault("moon_phase", "Wait.", None)

    assert (type(error), error.message, error.kind) == (BackendFailed, "Wait.", ErrorKind.SERVER)
