import pytest

from dxa.recipient import Kind, Recipient
from dxa.rules.ownership import OWN_LIST, in_lists, may_change, refusal, why_ignored, why_not_adopted
from tests.rules.samples import custom, entry, mailbox

OWN = frozenset({("MS", "LAB/MAIN"), ("CCMAIL", "")})


@pytest.mark.dx("T-026", "T-077", "T-078")
@pytest.mark.parametrize(
    ("owner", "peer", "co_owners", "expected"),
    [
        ("NORTH", "NORTH", (), True),
        ("NORTH", "SOUTH", (), False),
        ("NORTH", "SOUTH", ("NORTH",), True),
        ("NORTH", "SOUTH", ("EAST",), False),
        ("NORTH", "NORTHWEST", (), False),
        ("", "SOUTH", (), False),
        ("", "SOUTH", ("",), False),
        ("", "", (), False),
    ],
)
def test_may_change(owner: str, peer: str, co_owners: tuple[str, ...], expected: bool):
    """Only the owner or a co-owner changes a recipient, and nobody what the site made."""
    assert expected is may_change(owner, peer, co_owners)


@pytest.mark.dx("T-077")
def test_refusal():
    """A refusal names both sides and says what can be done."""
    assert (
        "Doe, Ann belongs to peer NORTH and not to SOUTH; "
        "name NORTH as co-owner on the link of SOUTH, or transfer the ownership"
    ) == refusal("NORTH", "SOUTH", "Doe, Ann")
    assert "Doe, Ann was made by this site; transfer its ownership to peer SOUTH to let it change this" == refusal(
        "", "SOUTH", "Doe, Ann"
    )


@pytest.mark.dx("T-242")
@pytest.mark.parametrize(
    ("address", "expected"),
    [("MS:Lab/Main/ANN", True), ("MS:LAB/MAIN2/ANN", False), ("MS:LAB/MAI/ANN", False), ("CCMAIL:Ann at PO", True)],
)
def test_own_lists(address: str, expected: bool):
    """An entry stands in a list when type and whole name are equal, ignoring case."""
    assert expected is in_lists(entry(address), OWN)


def test_own_list_is_ignored():
    """What a peer says of the site's own postoffice is ignored, with MS Mail's number and a reason (66)."""
    assert 66 == OWN_LIST
    assert "MS:LAB/MAIN/ANN stands in MS:LAB/MAIN, which this site owns" == why_ignored(entry("MS:LAB/MAIN/ANN"), OWN)
    assert "" == why_ignored(entry("MS:NET/PO/ANN"), OWN)


@pytest.mark.parametrize(
    ("existing", "adopt", "reason"),
    [
        (custom("SMTP:a@b.example", owner=""), True, ""),
        (
            custom("SMTP:a@b.example", owner=""),
            False,
            "the address belongs to 'Doe, Ann', made by hand, and the link does not adopt",
        ),
        (custom("SMTP:a@b.example"), True, "the address belongs to 'Doe, Ann', which peer NORTH told us"),
        (mailbox(), True, "the address belongs to 'Doe, Ann', a mailbox of this site"),
        (mailbox(kind=Kind.LIST), True, "the address belongs to 'Doe, Ann', a list of this site"),
    ],
)
def test_adoption(existing: Recipient, adopt: bool, reason: str):
    """Only a custom recipient made by hand is adopted; all else that has the address is reported (KB Q238447)."""
    assert reason == why_not_adopted(existing, adopt=adopt)
