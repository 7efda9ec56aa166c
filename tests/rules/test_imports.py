from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.entry import ADDRESSES, ALIAS, CONTAINER, HIDDEN, KIND, NAME, Fields
from dxa.errors import AddressError
from dxa.recipient import Kind, Recipient
from dxa.rules.addressing import AddressingRules, settle_proxies
from dxa.rules.exports import lines
from dxa.rules.imports import merge_fields, to_recipient
from dxa.rules.naming import NameLimits
from dxa.rules.scope import ImportRules
from tests.rules.samples import TYPES, address, custom, entry, mailbox

Pair = tuple[str, str]
RULES = ImportRules(container="Peers/North", trust=30)
ADDRESSING = AddressingRules(templates={"SMTP": "{alias}@{domain}"}, domain="lab.example")


def imported(text: str = "MS:NET/PO/ANN", name: str = "Doe, Ann", *fields: Pair, **more: Any) -> Recipient:
    """What such an entry of peer NORTH becomes."""
    settings = {"rules": RULES, "owner": "NORTH", "types": TYPES, "addressing": ADDRESSING, **more}
    return to_recipient(entry(text, name, *fields), **settings)


def test_new():
    """An entry becomes a custom recipient of its peer, with its native address first and generated ones behind it."""
    expected = Recipient(
        kind=Kind.CUSTOM,
        container="Peers/North",
        name="Doe, Ann",
        alias="ANN",
        target=address("MS:NET/PO/ANN"),
        proxies=(address("MS:NET/PO/ANN"), address("SMTP:ANN@lab.example")),
        owner="NORTH",
        trust=30,
        fields=(("phone", "1"),),
    )

    assert expected == imported("MS:NET/PO/ANN", "Doe, Ann", ("phone", "1"), ("room", ""))


@pytest.mark.dx("T-076")
@pytest.mark.parametrize("spelling", ["PCM", "CSI", "MS", "csi"])
def test_spellings_of_a_type(spelling: str):
    """All spellings of a type make the same recipient (KB Q156730)."""
    told = entry("MS:NET/PO/ANN")._replace(type=spelling)

    assert imported() == to_recipient(told, rules=RULES, owner="NORTH", types=TYPES, addressing=ADDRESSING)


def test_appended_name():
    """The link's name for the peer goes behind the display name."""
    assert "Doe, Ann (North)" == imported(rules=attrs.evolve(RULES, append_name="North")).name


def test_container_by_postoffice():
    """With a container per postoffice the recipient goes below the import container (KB Q146104)."""
    assert "Peers/North/NET/PO" == imported(rules=attrs.evolve(RULES, by_postoffice=True)).container


@pytest.mark.dx("T-093")
def test_defaults():
    """A missing name is the mailbox, a missing mailbox the name; only who has neither is refused."""
    assert "ANN" == imported(name="").name
    assert "Doe, Ann" == imported("X400:c=US;a=A;").alias
    with pytest.raises(AddressError, match="needs a name or a mailbox"):
        imported("X400:c=US;a=A;", name=" ")


@pytest.mark.dx("T-088")
def test_placeholder():
    """The alias of an MHS placeholder is the real mailbox behind the gateway (KB Q157689)."""
    recipient = imported("MHS:placeholder@node{ccmail:jdoe}")

    assert "jdoe" == recipient.alias
    assert "jdoe@lab.example" == recipient.proxies[1].value


@pytest.mark.dx("T-094")
def test_same_alias_in_two_lists():
    """Two people with one mailbox name in different postoffices are two recipients with addresses of their own."""
    one, two = imported("MS:NET/PO1/ANN"), imported("MS:NET/PO2/ANN")
    taken = {TYPES.key(proxy) for proxy in one.proxies}
    settled = settle_proxies(two, TYPES, taken.__contains__, {})

    assert ["NET/PO2/ANN", "ANN2@lab.example"] == [proxy.value for proxy in settled.proxies]


def test_bad_address():
    """An entry whose address breaks its type is refused with the number of its world."""
    with pytest.raises(AddressError, match=r"\[26\]"):
        to_recipient(entry("MS:NET/PO/ANN")._replace(address="NET/ANN"), rules=RULES, owner="NORTH", types=TYPES)


@pytest.mark.dx("T-053", "T-081")
@pytest.mark.parametrize("text", ["MS:NET/PO/ANN", "SMTP:ann@far.example", "X400:c=US;a=A;", "MHS:p@n{real}"])
def test_told_again(text: str):
    """An entry that is told again changes nothing, not even the numbers of generated addresses."""
    stored = attrs.evolve(imported(text), id=7)
    settled = settle_proxies(stored, TYPES, lambda key: key.startswith("SMTP:") and "2@" not in key, {})

    assert stored == imported(text, existing=stored)
    assert settled == imported(text, existing=settled)


@pytest.mark.dx("T-081", "T-082")
def test_identity():
    """A recipient keeps its id when its name, address or the link changes."""
    stored = attrs.evolve(imported(), id=7)
    changed = imported("MS:NET/PO/ANNA", "Smith, Ann", existing=stored, owner="OTHER", rules=ImportRules(container="X"))

    assert (7, "NORTH", "Peers/North") == (changed.id, changed.owner, changed.container)
    assert ("Smith, Ann", "ANNA", address("MS:NET/PO/ANNA")) == (changed.name, changed.alias, changed.target)
    assert ["NET/PO/ANNA", "ANNA@lab.example"] == [proxy.value for proxy in changed.proxies]


def test_edits_by_hand_stay():
    """Hiding, trust level, container and an alias chosen by hand outlive what the peer tells."""
    stored = attrs.evolve(imported(), hidden=True, trust=99, container="Elsewhere", alias="boss")
    changed = imported("MS:NET/PO/ANNA", existing=stored)

    assert (True, 99, "Elsewhere", "boss") == (changed.hidden, changed.trust, changed.container, changed.alias)


def test_restamp():
    """When the link's rules change, container and trust level are stamped again; hidden stays hidden."""
    stored = attrs.evolve(imported(), hidden=True, trust=99, container="Elsewhere")
    changed = imported(existing=stored, restamp=True)

    assert (True, 30, "Peers/North") == (changed.hidden, changed.trust, changed.container)


def test_adopted():
    """A recipient made by hand becomes the peer's and keeps what it is."""
    manual = custom("MS:NET/PO/ANN", id=3, owner="", container="Lab", name="Annie")
    changed = imported(existing=manual)

    assert (3, "NORTH", "Lab", "Doe, Ann") == (changed.id, changed.owner, changed.container, changed.name)


def test_mailbox_is_never_overwritten():
    """An entry cannot turn a mailbox of the site into a custom recipient."""
    with pytest.raises(AddressError, match="belongs to a mailbox of this site"):
        imported(existing=mailbox("Doe, Ann", "MS:NET/PO/ANN"))


@pytest.mark.dx("T-090", "T-248")
def test_secondary_never_becomes_target():
    """The target is what the peer told, whatever secondary addresses of its type there are (KB Q157007)."""
    stored = attrs.evolve(imported(), proxies=(address("MS:OLD/PO/ANN"), address("MS:NET/PO/ANN")))
    changed = imported(existing=stored)

    assert address("MS:NET/PO/ANN") == changed.target == changed.primary("MS")
    assert address("MS:OLD/PO/ANN") in changed.proxies


@pytest.mark.dx("T-089")
def test_secondaries_stay():
    """A change of alias replaces the generated primary address; what people added stays (KB Q175360)."""
    stored = imported()
    stored = attrs.evolve(stored, proxies=(*stored.proxies, address("SMTP:boss@lab.example"), address("X400:c=US;a=A")))
    changed = imported("MS:NET/PO/ANNA", existing=stored)

    assert ["NET/PO/ANNA", "ANNA@lab.example", "boss@lab.example", "c=US;a=A"] == [p.value for p in changed.proxies]


@pytest.mark.dx("T-052")
@pytest.mark.parametrize(
    ("text", "name", "fields"),
    [
        ("MS:NET/PO/ann", "Doe, Ann", ()),
        ("MS:NET/PO/ANN", "doe, ann", ()),
        ("MS:NET/PO/ANN", "Doe, Ann", (("phone", "1"),)),
    ],
)
def test_small_changes_count(text: str, name: str, fields: Fields):
    """A change of case only, or from empty to a value, changes the recipient."""
    stored = imported()

    assert stored != imported(text, name, *fields, existing=stored)


@pytest.mark.dx("T-058")
@pytest.mark.parametrize("alias", ["$ann", "a~n", "^ann", "a#1", "a\\b", "a=b"])
def test_special_signs_round_trip(alias: str):
    """Signs that were trouble in directory names pass through import and export unchanged (KB Q143377)."""
    recipient = imported(f"MS:NET/PO/{alias}")
    (line,) = lines(recipient, types=TYPES, naming=NameLimits())

    assert alias == recipient.alias
    assert ("MS", f"NET/PO/{alias}") == (line.type, line.address)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ((("a", "1"), ("b", "2")), (("B", "3"),), (("a", "1"), ("B", "3"))),
        ((("a", "1"), ("b", "2")), (("a", ""),), (("b", "2"),)),
        ((("a", "1"),), (("c", "3"), ("c", "4")), (("a", "1"), ("c", "3"), ("c", "4"))),
        ((("a", "1"), ("b", "2"), ("a", "9")), (("a", "5"),), (("a", "5"), ("b", "2"))),
        ((), (("a", ""),), ()),
    ],
)
def test_merge(old: Fields, new: Fields, expected: Fields):
    """Template lines replace only the fields they name, in place; an empty value takes a field away (KB Q151782)."""
    assert expected == merge_fields(old, new)


pairs = st.lists(st.tuples(st.sampled_from("aAbc"), st.sampled_from(["", "1", "2"])), max_size=6).map(tuple)


@given(pairs, pairs)
def test_merging_twice(old: Fields, new: Fields):
    """Merging the same fields again changes nothing."""
    once = merge_fields(old, new)

    assert once == merge_fields(once, new)


ASIDE = (KIND, "list"), (HIDDEN, "1"), (CONTAINER, "Staff/North"), (ALIAS, "crew"), (ADDRESSES, "SMTP:crew@lab.example")


def test_a_recipient_as_its_peer_describes_it():
    """Kind, visibility, place, alias and further addresses may be told; they are no attributes."""
    told = imported("MS:NET/PO/ANN", "Crew", *ASIDE, ("info", "x"))

    assert (Kind.LIST, True, "Peers/North/Staff/North", "crew") == (told.kind, told.hidden, told.container, told.alias)
    assert ["MS:NET/PO/ANN", "SMTP:crew@lab.example"] == [str(proxy) for proxy in told.proxies]
    assert (("info", "x"),) == told.fields


def test_what_the_peer_describes_follows_it():
    """What the peer tells of kind, visibility and place replaces what is there, what it does not tell stays."""
    before = imported("MS:NET/PO/ANN", "Crew", *ASIDE)
    shown = imported("MS:NET/PO/ANN", "Crew", (KIND, "mailbox"), (HIDDEN, "0"), (CONTAINER, ""), existing=before)
    untold = imported("MS:NET/PO/ANN", "Crew", existing=before)

    assert (Kind.MAILBOX, False, "Peers/North") == (shown.kind, shown.hidden, shown.container)
    assert before == untold


def test_addresses_that_the_peer_tells_no_more():
    """Of a type of which it tells addresses it tells all; those of other types stay."""
    before = imported("MS:NET/PO/ANN", "Ann", (ADDRESSES, "SMTP:a@lab.example"), (ADDRESSES, "SMTP:b@lab.example"))
    after = imported("MS:NET/PO/ANN", "Ann", (ADDRESSES, "SMTP:b@lab.example"), existing=before)
    untold = imported("MS:NET/PO/ANN", "Ann", existing=before)

    assert ["MS:NET/PO/ANN", "SMTP:b@lab.example"] == [str(proxy) for proxy in after.proxies]
    assert before.proxies == untold.proxies


def test_a_recipient_of_the_site_is_never_made_the_peers():
    """Only what a peer told, or a custom recipient, becomes what a peer tells."""
    told = imported("MS:NET/PO/ANN", "Crew", *ASIDE)
    with pytest.raises(AddressError, match="belongs to a list of this site"):
        imported(existing=attrs.evolve(told, owner=""))


def test_a_told_name_counts_more_than_the_entrys():
    """An entry's own name may be numbered to be the only one in its list; the name that is told beside it is not."""
    assert "Ann" == imported("MS:NET/PO/ANN", "Ann001", (NAME, "Ann")).name
    assert "Ann001" == imported("MS:NET/PO/ANN", "Ann001").name
