"""The outbox and what parcels carry."""

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.connector import Parcel, ParcelKind, PeerInfo, Result
from dxa.dirsync.messages import Reply
from dxa.entry import Entry, Transaction, Verb
from dxa.ledger.answer import Content, Segment
from dxa.store import Store
from tests.store.samples import entry, memory_store

CONTENT = Content(
    "l-1",
    (
        Segment(("MS", "lab/west"), (Transaction(1, Verb.DELETE, entry("Ann"), None),)),
        Segment(
            ("MS", "lab/éast"), (Transaction(2, Verb.ADD, None, entry("Bob", "LAB/Éast", (("FAX", "1"),)), "raw"),)
        ),
    ),
)
PEER = PeerInfo(id="l/LAB/WEST", name="LAB/WEST", address="LAB/WEST/DXA", options={"a": object()})
PEERS = {PEER.id: PEER}
PARCEL = Parcel(
    id="0000000002-ab",
    peer=PEER,
    kind=ParcelKind.FULL,
    to="LAB/WEST/DXA",
    content=CONTENT,
    own=frozenset({("MS", "lab/west")}),
    reply=Reply(r=1, s=2, was=0, i=1),
    templates=True,
)
NOTICE = Parcel(
    id="n1", peer=PeerInfo(id="administrator", name="x"), kind=ParcelKind.NOTICE, to="a", title="t\udc81", text="é\r\n"
)


def test_a_parcel_comes_back_as_it_was_put(store: Store) -> None:
    """With the content it shares with others, and the options of its peer as they are now."""
    store.outbox.put([PARCEL, attrs.evolve(PARCEL, id="0000000002-cd")], "l", 1.0)
    store.outbox.put([NOTICE], "l", 1.0)
    ready = store.outbox.ready("l", PEERS)

    assert [PARCEL, attrs.evolve(PARCEL, id="0000000002-cd"), NOTICE] == ready
    assert ready[0].content is ready[1].content
    assert [] == store.outbox.ready("other", PEERS)


def test_one_that_is_known_already_is_left_alone(store: Store) -> None:
    """The same letter about the same thing is one letter, and what was sent is not sent again."""
    store.outbox.put([PARCEL], "l", 1.0)
    store.outbox.done([PARCEL.id], Result.POSTED, "", 2.0)
    store.outbox.put([PARCEL, attrs.evolve(PARCEL, to="other")], "l", 3.0)

    assert [] == store.outbox.ready("l", PEERS)
    assert PARCEL == store.outbox.get(PARCEL.id, PEERS)


@pytest.mark.parametrize(
    ("result", "status", "sent_at"),
    [
        (Result.DONE, "sent", 2.0),
        (Result.POSTED, "sent", 2.0),
        (Result.REFUSED, "refused", 2.0),
        (Result.RETRY, "ready", None),
    ],
)
def test_what_became_of_a_parcel(store: Store, result: Result, status: str, sent_at: float | None) -> None:
    """Only one that is to be tried again waits on."""
    store.outbox.put([PARCEL], "l", 1.0)
    store.outbox.done([PARCEL.id], result, "why", 2.0)
    (row,) = store.outbox.list()

    assert (status, "why", sent_at, 1, ParcelKind.FULL) == (row.status, row.reason, row.sent_at, row.count, row.kind)
    assert (status == "ready") == (store.outbox.count("l") == 1) == bool(store.outbox.ready("l", PEERS))


def test_a_listing_is_newest_first(store: Store) -> None:
    """By link, peer and status, and not more than asked for."""
    store.outbox.put([PARCEL, NOTICE], "l", 1.0)
    store.outbox.put([attrs.evolve(NOTICE, id="n2")], "m", 1.0)
    store.outbox.done(["n1"], Result.POSTED, "", 2.0)
    ids = [
        [row.id for row in store.outbox.list(**search)]
        for search in ({}, {"link": "l"}, {"peer": "administrator"}, {"status": "sent"}, {"limit": 1})
    ]

    assert [["n2", "n1", PARCEL.id], ["n1", PARCEL.id], ["n2", "n1"], ["n1"], ["n2"]] == ids
    assert "t\udc81" == store.outbox.list(limit=1)[0].title


def test_a_content_is_kept_once(store: Store) -> None:
    """The first one under a key stays; what is not kept is empty."""
    store.outbox.put_content(CONTENT)
    store.outbox.put_content(Content("l-1", ()))

    assert (CONTENT, Content("", ())) == (store.outbox.content("l-1"), store.outbox.content(""))


def test_what_was_put_last_is_ready_if_it_was_kept(store: Store) -> None:
    """Not what was rolled back, although another content has its key now."""
    other = attrs.evolve(PARCEL, content=Content("l-1", ()))
    with store.rehearsal():
        store.outbox.put([PARCEL], "l", 1.0)
    store.outbox.put([other], "l", 1.0)

    assert [Content("l-1", ())] == [parcel.content for parcel in store.outbox.ready("l", PEERS)]


def test_pruning_keeps_what_waits(store: Store) -> None:
    """Old parcels go with what only they carried."""
    other = attrs.evolve(PARCEL, id="later", content=attrs.evolve(CONTENT, key="l-2"))
    shared = attrs.evolve(PARCEL, id="waits")
    store.outbox.put([PARCEL, shared, other], "l", 1.0)
    store.outbox.done([PARCEL.id, "later"], Result.POSTED, "", 2.0)
    store.outbox.prune(1.5)

    assert ["waits"] == [row.id for row in store.outbox.list()]
    assert [CONTENT, Content("l-2", ())] == [store.outbox.content(key) for key in ("l-1", "l-2")]
    assert None is store.outbox.get("later", PEERS)


text = st.text(max_size=5)
entries = st.builds(Entry, text, text, text, text, text, st.lists(st.tuples(text, text), max_size=2).map(tuple))
transactions = st.builds(
    Transaction, st.integers(0), st.sampled_from(Verb), st.none() | entries, st.none() | entries, text
)
segments = st.builds(Segment, st.tuples(text, text), st.lists(transactions, max_size=3).map(tuple))


@given(st.lists(segments, max_size=3).map(tuple))
def test_any_content_survives(value: tuple[Segment, ...]) -> None:
    """Lone surrogates included, which a codec makes of bytes that its code page lacks."""
    store = memory_store()
    store.outbox.put_content(Content("k", value))

    assert Content("k", value) == store.outbox.content("k")
