"""The directory in the database."""

from collections.abc import Sequence

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.address import Address
from dxa.change import Change
from dxa.errors import AddressError, StoreError
from dxa.recipient import Kind, Recipient
from dxa.store import Store
from tests.store.samples import PEER, TYPES, added, memory_store, recipient


def _add(store: Store, *recipients: Recipient, origin: str = PEER) -> list[Recipient]:
    ids = store.directory.write(added(*recipients), origin=origin)
    return list(store.directory.get(ids).values())


def _modify(before: Recipient, **changed: object) -> Change[str, Recipient]:
    return Change("m", before, attrs.evolve(before, **changed))


def test_what_is_written_is_read(store: Store) -> None:
    """Every part of a recipient comes back as it was, in the order asked for."""
    ann = recipient("Ann", alias="ANN", trust=70, hidden=True, fields=(("PHONE", "1"), ("FAX", "Ünï'\"")))
    bob = Recipient(container="Staff", name="Bob", kind=Kind.MAILBOX)
    first, second = store.directory.write(added(ann, bob), origin="")

    expected = {second: attrs.evolve(bob, id=second), first: attrs.evolve(ann, id=first)}
    assert expected == store.directory.get([second, first, 99, second])
    assert [second, first] == list(store.directory.get([second, first]))


def test_the_target_is_held_though_it_is_no_proxy(store: Store) -> None:
    """A target address is a key like any proxy, and is not read as one."""
    target = Address("MS", "LAB/EAST/ANN")
    (ann,) = _add(store, recipient("Ann", target=target, proxies=(Address("SMTP", "ann@lab.example"),)))

    assert {"MS:lab/east/ann": ann.id} == store.directory.holders([TYPES.key(target), "MS:nobody"])
    assert (Address("SMTP", "ann@lab.example"),) == ann.proxies


def test_proxies_keep_their_order(store: Store) -> None:
    """The first of a type is its primary, so the order is part of the value."""
    proxies = (Address("SMTP", "z@x"), Address("MS", "N/P/A"), Address("SMTP", "a@x"))
    (ann,) = _add(store, recipient("Ann", target=None, proxies=proxies))
    store.directory.write([_modify(ann, proxies=proxies[::-1])], origin="")

    assert proxies == ann.proxies
    assert proxies[::-1] == store.directory.get([ann.id])[ann.id].proxies


def test_two_spellings_of_an_address_count_once(store: Store) -> None:
    """The first spelling stays."""
    proxies = (Address("SMTP", "Ann@x"), Address("SMTP", "ann@X"))
    (ann,) = _add(store, recipient("Ann", target=None, proxies=proxies))

    assert proxies[:1] == ann.proxies


def test_a_held_address_is_refused_naming_both(store: Store) -> None:
    """Nobody silently loses an address, and nothing of the batch stays."""
    (ann,) = _add(store, recipient("Ann"))
    clash = recipient("Bob", proxies=(Address("SMTP", "ANN@lab.example"),))

    with pytest.raises(StoreError, match=rf"SMTP:ann@lab.example is held by recipient {ann.id} \('Ann'\).*\('Bob'\)"):
        store.directory.write(added(recipient("Carl"), clash), origin="")

    assert ["Ann"] == [r.name for r in store.directory.all()]
    assert 1 == store.directory.usn()


def test_two_of_a_batch_cannot_have_one_address(store: Store) -> None:
    """The same holds inside a batch."""
    with pytest.raises(StoreError, match="is held by recipient"):
        _add(store, recipient("Ann"), recipient("Ann"))

    assert [] == list(store.directory.all())


def test_addresses_are_freed_before_any_is_taken(store: Store) -> None:
    """Within a batch two recipients can exchange addresses, and a deleted one's can be used again."""
    ann, bob, carl = _add(store, recipient("Ann"), recipient("Bob"), recipient("Carl"))
    changes = [
        _modify(ann, target=bob.target, proxies=bob.proxies),
        _modify(bob, target=ann.target, proxies=ann.proxies),
        *added(recipient("Carl")),
        Change("d", carl, None),
    ]
    *_, new, _ = store.directory.write(changes, origin="")
    holders = store.directory.holders([f"MS:lab/west/{name}" for name in ("ann", "bob", "carl")])

    assert {"MS:lab/west/ann": bob.id, "MS:lab/west/bob": ann.id, "MS:lab/west/carl": new} == holders


def test_ids_are_never_used_again(store: Store) -> None:
    """A deleted recipient's id stays its own, even if it was the highest."""
    ann, bob = _add(store, recipient("Ann"), recipient("Bob"))
    store.directory.write([Change("d", bob, None)], origin="")
    (carl,) = _add(store, recipient("Carl"))

    assert carl.id > bob.id > ann.id
    assert {bob.id} == store.directory.gone([ann.id, bob.id, carl.id])


def test_a_recipient_can_come_back_under_its_id(store: Store) -> None:
    """Undoing a deletion gives back the very same recipient."""
    (ann,) = _add(store, recipient("Ann"))
    delete = Change("d", ann, None)
    store.directory.write([delete], origin="")
    usn = store.directory.usn()

    assert [ann.id] == store.directory.write([delete.inverse()], origin="")
    assert {ann.id: ann} == store.directory.get([ann.id])
    assert set() == store.directory.gone([ann.id])
    assert [ann.id] == store.directory.changed_since(usn)


@pytest.mark.parametrize("after", [True, False])
def test_what_does_not_exist_cannot_be_changed(store: Store, after: bool) -> None:
    """A change of a recipient that is gone is an error, not a silent nothing."""
    ghost = recipient("Ghost", id=5)

    with pytest.raises(StoreError, match="does not exist any more"):
        store.directory.write([Change("x", ghost, attrs.evolve(ghost, name="G") if after else None)], origin="")


def test_an_address_of_an_unknown_type_is_refused(store: Store) -> None:
    """Without its type an address has no key."""
    with pytest.raises(AddressError, match="unknown address type"):
        _add(store, recipient("Ann", target=Address("X400", "c=us")))


def test_a_batch_has_one_usn(store: Store) -> None:
    """What changed since a batch is told by number: living and gone."""
    ann, bob, carl = _add(store, recipient("Ann"), recipient("Bob"), recipient("Carl"))
    first = store.directory.usn()
    store.directory.write([_modify(ann, name="Anna"), Change("d", bob, None)], origin="")

    assert 1 == first
    assert 2 == store.directory.usn()
    assert [ann.id, bob.id] == store.directory.changed_since(first)
    assert [ann.id, bob.id, carl.id] == store.directory.changed_since(0)
    assert [] == store.directory.changed_since(2)


def test_an_empty_batch_is_none(store: Store) -> None:
    """Nothing written, no new usn."""
    assert [] == store.directory.write([], origin="")
    assert 0 == store.directory.usn()


def test_the_origin_stays(store: Store) -> None:
    """Whose word created a recipient is kept when another changes it."""
    (ann,) = _add(store, recipient("Ann"), origin="a/B")
    store.directory.write([_modify(ann, owner="c/D")], origin="c/D")

    assert {ann.id: "a/B"} == store.directory.origins([ann.id, 99])
    assert (0, 1) == (store.directory.count(PEER), store.directory.count("c/D"))


def test_all_goes_by_id_over_gaps(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading in pages neither leaves out nor repeats anybody."""
    monkeypatch.setattr("dxa.store.directory.PAGE", 3)
    everyone = _add(store, *(recipient(f"P{n}") for n in range(20)))
    gone = everyone[2:14]
    store.directory.write([Change("d", r, None) for r in gone], origin="")

    assert [r for r in everyone if r not in gone] == list(store.directory.all())


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ({}, ["Ann Müller", "Bob", "Carl"]),
        ({"text": "MÜLL"}, ["Ann Müller"]),
        ({"text": "straSSe"}, ["Bob"]),
        ({"text": "smtp:carl@"}, ["Carl"]),
        ({"text": "%"}, []),
        ({"kind": Kind.MAILBOX}, ["Bob"]),
        ({"container": "staff"}, ["Bob", "Carl"]),
        ({"container": "Staff/Lab"}, ["Carl"]),
        ({"container": "Sta"}, []),
        ({"owner": PEER, "limit": 1}, ["Ann Müller"]),
        ({"text": "b", "owner": ""}, ["Bob"]),
        ({"limit": 2}, ["Ann Müller", "Bob"]),
    ],
)
def test_search(store: Store, search: dict[str, object], expected: Sequence[str]) -> None:
    """Text in name, alias or address ignoring case in any script; containers with all below; in the order of ids."""
    _add(
        store,
        recipient("Ann Müller", target=None, proxies=()),
        recipient("Bob", kind=Kind.MAILBOX, container="Staff", alias="STRASSE", owner="", target=None, proxies=()),
        recipient("Carl", container="Staff/Lab", owner="x/y"),
    )

    assert expected == [r.name for r in store.directory.search(**search)]


text = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)
addresses = st.builds(Address, st.sampled_from(["MS", "SMTP"]), text)


@given(
    st.builds(
        Recipient,
        kind=st.sampled_from(Kind),
        container=text,
        name=text,
        alias=text,
        target=st.none() | addresses,
        proxies=st.lists(addresses, unique_by=TYPES.key, max_size=4).map(tuple),
        owner=text,
        trust=st.integers(0, 100),
        hidden=st.booleans(),
        fields=st.lists(st.tuples(text, text), max_size=3).map(tuple),
    )
)
def test_any_recipient_survives_directory_and_journal(value: Recipient) -> None:
    """Store and journal give back the value that they were given."""
    store = memory_store()
    changes = added(value)
    (id_,) = store.directory.write(changes, origin="")
    run = store.journal.add("s", "", changes, [id_], 1.0)
    found = store.journal.run(run)

    stored = attrs.evolve(value, id=id_)
    assert found is not None
    assert (stored, stored) == (store.directory.get([id_])[id_], found[1][0].change.after)


@given(st.data())
def test_the_directory_is_what_the_changes_make_of_it(data: st.DataObject) -> None:
    """After any sequence of batches the recipients, the holders of addresses and the changes are those of a model."""
    store = memory_store()
    model: dict[int, Recipient] = {}
    touched: dict[int, int] = {}
    for usn in range(1, data.draw(st.integers(1, 4)) + 1):
        names = {r.name for r in model.values()}
        changes = added(*(recipient(n) for n in data.draw(st.sets(st.sampled_from("ABCDEF"))) - names))
        for id_ in data.draw(st.sets(st.sampled_from(sorted(model)))) if model else ():
            keep = data.draw(st.booleans())
            after = attrs.evolve(model[id_], trust=data.draw(st.integers(0, 100)), proxies=model[id_].proxies[:1])
            changes.append(Change("c", model[id_], after if keep else None))
        if not changes:
            break
        for change, id_ in zip(changes, store.directory.write(changes, origin=""), strict=True):
            touched[id_] = usn
            if change.after is None:
                del model[id_]
            else:
                model[id_] = attrs.evolve(change.after, id=id_)
    keys = {TYPES.key(a): id_ for id_, r in model.items() for a in r.proxies}

    assert model == {r.id: r for r in store.directory.all()}
    assert keys == store.directory.holders(TYPES.key(a) for n in "ABCDEF" for a in recipient(n).proxies)
    for usn in range(5):
        assert sorted(i for i, u in touched.items() if u > usn) == store.directory.changed_since(usn)
