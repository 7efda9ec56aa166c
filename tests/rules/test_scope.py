import attrs
import pytest

from dxa.address import Address
from dxa.recipient import Kind, Recipient
from dxa.rules.scope import (
    CustomIn,
    ExportRules,
    Filter,
    ImportRules,
    accepts,
    describe,
    import_container,
    matches,
    why_not,
)
from tests.rules.samples import custom, entry, mailbox

RULES = ExportRules(containers=("Lab",), trust=50)
EVERY_KIND = (
    mailbox(),
    custom("SMTP:ann@far.example"),
    mailbox(kind=Kind.LIST),
    mailbox(kind=Kind.FOLDER),
)


def kind_of(recipient: Recipient) -> str:
    """How a recipient is called in the list of tests."""
    return recipient.kind.value


def test_exported():
    """A visible mailbox in an export container, trusted enough, is exported."""
    assert "" == why_not(mailbox(), RULES)


@pytest.mark.dx("T-001", "T-004")
@pytest.mark.parametrize("recipient", EVERY_KIND, ids=kind_of)
def test_hidden_is_absent(recipient: Recipient):
    """A hidden recipient of any kind is not exported, so hiding one that was sent deletes it."""
    assert "hidden: the recipient is hidden" == why_not(attrs.evolve(recipient, hidden=True), RULES)


def test_hidden_exception():
    """The free/busy account is exported although it is hidden, whatever the case of its alias (KB Q145874)."""
    rules = attrs.evolve(RULES, hidden_exceptions={"ADMINSCH"})

    assert "" == why_not(mailbox(alias="AdminSch", hidden=True), rules)
    assert "hidden: the recipient is hidden" == why_not(mailbox(alias="other", hidden=True), rules)


@pytest.mark.dx("T-002")
@pytest.mark.parametrize(
    ("trust", "reason"),
    [(0, ""), (50, ""), (51, "trust: the recipient's level 51 is above the link's 50")],
)
def test_trust(trust: int, reason: str):
    """A recipient is exported up to the link's trust level, its own level included (KB Q147790)."""
    assert reason == why_not(mailbox(trust=trust), RULES)


@pytest.mark.parametrize("trust", [-1, 101])
def test_trust_range(trust: int):
    """A trust level outside 0 to 100 is refused where it is written."""
    with pytest.raises(ValueError, match=f"trust must be between 0 and 100, got {trust}"):
        ExportRules(containers=(), trust=trust)


@pytest.mark.dx("T-242")
@pytest.mark.parametrize("container", ["Lab", "lab/staff", "LAB/Staff/New"])
def test_container_inside(container: str):
    """An export container covers what lies below it, ignoring case."""
    assert "" == why_not(mailbox(container=container), RULES)


@pytest.mark.dx("T-242")
@pytest.mark.parametrize("container", ["Laboratory", "Other/Lab", "La"])
def test_container_outside(container: str):
    """Containers are compared step by step, never by a piece of a name."""
    expected = f"container: {container} is not in an export container of the link"

    assert expected == why_not(mailbox(container=container), RULES)


def test_no_container():
    """A link without export containers exports nobody and says why (KB Q180297)."""
    assert "container: the link lists no export container" == why_not(mailbox(), ExportRules(containers=()))


@pytest.mark.dx("T-010")
def test_manual_and_imported_are_separate():
    """Custom recipients made by hand and those told by peers have separate switches."""
    manual, imported = custom("SMTP:a@far.example", owner=""), custom("SMTP:b@far.example")
    only_manual = attrs.evolve(RULES, manual_custom=True, imported_custom=False)

    assert "kind: custom recipients made by hand are not exported" == why_not(manual, RULES)
    assert "" == why_not(imported, RULES)
    assert "" == why_not(manual, only_manual)
    assert "kind: custom recipients told by peers are not exported" == why_not(imported, only_manual)


@pytest.mark.dx("T-009", "T-010")
def test_no_owner():
    """An address at a real postoffice that no peer told us of, as a link monitor has, is kept back by default."""
    monitor = custom("MS:NET/PO/BOGUS", owner="")
    expected = "no owner: no peer told us of MS:NET/PO/BOGUS, and the link does not export what was made by hand"

    assert expected == why_not(monitor, RULES)
    assert "" == why_not(monitor, attrs.evolve(RULES, manual_custom=True))


@pytest.mark.parametrize(
    ("off", "recipient", "reason"),
    [
        ("mailboxes", mailbox(), "kind: mailboxes are not exported"),
        ("lists", mailbox(kind=Kind.LIST), "kind: distribution lists are not exported"),
        ("folders", mailbox(kind=Kind.FOLDER), "kind: public folders are not exported"),
    ],
)
def test_kinds(off: str, recipient: Recipient, reason: str):
    """Every kind can be left out and is exported otherwise."""
    assert reason == why_not(recipient, attrs.evolve(RULES, **{off: False}))
    assert "" == why_not(recipient, RULES)


@pytest.mark.dx("T-012")
def test_description_says_what_is_left_out():
    """A status page says in words that custom recipients made by hand are not exported."""
    lines = describe(RULES)

    assert "custom recipients made by hand: not exported" in lines
    assert "custom recipients told by peers: exported" in lines
    assert "containers: none, so nothing is exported" == describe(ExportRules(containers=()))[0]


@pytest.mark.dx("T-024")
@pytest.mark.parametrize("recipient", EVERY_KIND, ids=kind_of)
def test_filter_covers_every_kind(recipient: Recipient):
    """A filter keeps out recipients of every kind."""
    rules = attrs.evolve(RULES, filters=[Filter(field="name", pattern="Doe*")])

    assert "filter: name matches 'Doe*'" == why_not(recipient, rules)


@pytest.mark.dx("T-022")
@pytest.mark.parametrize("value", ["Doe, Ann", 'Doe "Ann", Ltd.', "a;b|c", "'", "Sales, North"])
def test_filter_value_with_any_sign(value: str):
    """A filter's value is one value, whatever commas or quotes it holds."""
    rules = attrs.evolve(RULES, filters=[Filter(field="name", pattern=value)])

    assert f"filter: name matches {value!r}" == why_not(mailbox(value), rules)
    assert "" == why_not(mailbox("Ann"), rules)


@pytest.mark.parametrize(
    ("field", "pattern"),
    [
        ("name", "doe, ann"),
        ("ALIAS", "ann"),
        ("container", "lab/*"),
        ("address", "MS:NET/PO/*"),
        ("kind", "mailbox"),
        ("department", "R&D"),
    ],
)
def test_filter_fields(field: str, pattern: str):
    """A filter looks at name, alias, container, address, kind or any attribute."""
    recipient = mailbox("Doe, Ann", "MS:NET/PO/ANN", fields=(("Department", "Sales"), ("Department", "r&d")))
    rules = attrs.evolve(RULES, filters=[Filter(field=field, pattern=pattern)])

    assert f"filter: {field.casefold()} matches {pattern!r}" == why_not(recipient, rules)
    assert "" == why_not(mailbox("Bo", container="Lab", alias="bo", kind=Kind.LIST), rules)


@pytest.mark.dx("T-008")
def test_filter_ignores_secondary_addresses():
    """Only the primary address of a type decides."""
    rules = attrs.evolve(RULES, filters=[Filter(field="address", pattern="MS:OLD/*")])

    assert "" == why_not(mailbox("Ann", "MS:NET/PO/ANN", "MS:OLD/PO/ANN"), rules)
    assert "" != why_not(mailbox("Ann", "MS:OLD/PO/ANN", "MS:NET/PO/ANN"), rules)


def test_including_filters():
    """With including filters one of them must match; an excluding one wins over them."""
    filters = [
        Filter(field="name", pattern="A*", include=True),
        Filter(field="alias", pattern="zoe", include=True),
        Filter(field="name", pattern="*test*"),
    ]
    rules = attrs.evolve(RULES, filters=filters)

    assert "" == why_not(mailbox("Ann"), rules)
    assert "" == why_not(mailbox("Zoe", alias="zoe"), rules)
    assert "filter: does not match name 'A*' or alias 'zoe'" == why_not(mailbox("Bo"), rules)
    assert "filter: name matches '*test*'" == why_not(mailbox("A test"), rules)


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ("ann", "ANN", True),
        ("ann", "anne", False),
        ("an*", "an", True),
        ("*n", "ann", True),
        ("a*a", "a", False),
        ("a*b*c", "axxbyyc", True),
        ("a*b*c", "acb", False),
        ("*", "", True),
        ("", "x", False),
        ("**x**", "axb", True),
        ("a.c", "abc", False),
        ("STRASSE", "straße", True),
    ],
)
def test_patterns(pattern: str, value: str, expected: bool):
    """A pattern covers the whole value; only the asterisk is special."""
    assert expected is matches(pattern, value)


def test_long_pattern_is_fast():
    """Many asterisks against a long value do not take for ever."""
    assert not matches("*a" * 50 + "b", "a" * 10_000)


def test_filter_without_field():
    """A filter must name its field."""
    with pytest.raises(ValueError, match="field"):
        Filter(field="", pattern="x")


@pytest.mark.dx("T-021")
def test_accepts():
    """The filters of the import side are its own, and say why an entry stays out."""
    rules = ImportRules(container="Peers", filters=[Filter(field="address", pattern="MS:*", include=True)])

    assert "" == accepts(entry("MS:NET/PO/ANN"), rules)
    assert "filter: does not match address 'MS:*'" == accepts(entry("SMTP:ann@far.example"), rules)


@pytest.mark.parametrize(
    ("field", "pattern"),
    [("name", "Doe*"), ("alias", "ANN"), ("container", "Peers/NET/*"), ("kind", "custom"), ("Phone", "555*")],
)
def test_accept_fields(field: str, pattern: str):
    """An import filter looks at the same fields, as the entry would have them here."""
    filters = [Filter(field=field, pattern=pattern)]
    rules = ImportRules(container="Peers", by_postoffice=True, filters=filters)

    assert "" != accepts(entry("MS:NET/PO/ANN", "Doe", ("phone", "555-1")), rules)


def test_container_of_an_entry():
    """Entries go into the import container, or into one per postoffice below it (KB Q146104)."""
    rules = ImportRules(container="Peers")
    divided = attrs.evolve(rules, by_postoffice=True)

    assert "Peers" == import_container(entry("MS:NET/PO/ANN"), rules)
    assert "Peers/NET/PO" == import_container(entry("MS:NET/PO/ANN"), divided)
    assert "Peers" == import_container(entry("SMTP:ann@far.example"), divided)


def test_rules_are_values():
    """Rules made from lists are equal and hashable as values, so that peers with equal rules share a view."""
    one = ExportRules(containers=["Lab"], filters=[Filter(field="Name", pattern="x")])
    two = ExportRules(containers=("Lab",), filters=(Filter(field="name", pattern="x"),))

    assert hash(one) == hash(two)
    assert one == two


CUSTOM = Recipient(kind=Kind.CUSTOM, container="Staff", name="Ann", target=Address("SMTP", "ann@far.example"))


@pytest.mark.parametrize(
    ("container", "owner", "exported"),
    [
        ("Staff", "", False),
        ("Staff", "mail/NET/ONE", True),
        ("Staff/Guests", "", True),
        ("staff/guests/New", "", True),
        ("Staff/Guests/New", "mail/NET/ONE", False),
        ("Staff/Guests/Old", "", False),
        ("Staff/Guests of Honour", "", False),
    ],
)
def test_the_deepest_container_with_a_switch_decides(container: str, owner: str, exported: bool) -> None:
    """Those below it follow it; whoever is in none of them follows the link (KB Q192697)."""
    switches = [CustomIn("Staff/Guests/Old", False, True), CustomIn("Staff/Guests", True, False)]
    rules = ExportRules(containers=["Staff"], custom_in=switches)
    recipient = attrs.evolve(CUSTOM, container=container, owner=owner)

    assert exported == (why_not(recipient, rules) == "")
