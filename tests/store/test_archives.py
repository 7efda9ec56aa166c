"""Messages, rejects and notices."""

import attrs

from dxa.entry import Reject
from dxa.store import MessageRow, NoticeRow, RejectRow, Store

MESSAGE = MessageRow(
    link="l",
    peer="LAB/WEST",
    receipt="in/1",
    digest="d1",
    title="Ünï \udc81",
    status="taken",
    verdict="R=1",
    count=3,
    at=1.0,
    raw=bytes(range(256)),
)


# -- messages ------------------------------------------------------------------------------------------------------


def test_a_message_is_kept_byte_by_byte(store: Store) -> None:
    """It has an id of its own and comes back with everything."""
    first, second = store.messages.put([MESSAGE, attrs.evolve(MESSAGE, digest="d2")])

    assert attrs.evolve(MESSAGE, id=first) == store.messages.get(first)
    assert second > first
    assert None is store.messages.get(99)
    assert (True, False) == (store.messages.seen("d2"), store.messages.seen("d3"))


def test_messages_are_listed_newest_first_without_bytes(store: Store) -> None:
    """By link, claimed peer in any case, and status."""
    rows = [MESSAGE, attrs.evolve(MESSAGE, peer="x", status="refused"), attrs.evolve(MESSAGE, link="m")]
    one, two, three = store.messages.put(rows)
    ids = [
        [row.id for row in store.messages.list(**search)]
        for search in ({}, {"link": "l"}, {"peer": "lab/west"}, {"status": "refused"}, {"limit": 2})
    ]

    assert [[three, two, one], [two, one], [three, one], [two], [three, two]] == ids
    assert attrs.evolve(MESSAGE, id=one, raw=b"") == store.messages.list()[-1]


def test_old_messages_go_and_their_ids_with_them(store: Store) -> None:
    """An id in a log or a reject never comes to mean another message."""
    (old,) = store.messages.put([MESSAGE])
    store.messages.prune(2.0)
    (new,) = store.messages.put([MESSAGE])

    assert (None, True) == (store.messages.get(old), new > old)


# -- rejects -------------------------------------------------------------------------------------------------------

BAD = Reject(5, 3, "A broken \udcff", 47, "no effect: ü")


def test_a_reject_keeps_record_and_reason(store: Store) -> None:
    """It is open until somebody does something about it."""
    (id_,) = store.rejects.put("l", "l/P", 7, [BAD], 2.0)

    expected = RejectRow(
        id=id_,
        link="l",
        peer="l/P",
        message=7,
        number=5,
        line=3,
        raw=BAD.raw,
        code=47,
        reason=BAD.reason,
        status="open",
        at=2.0,
    )
    assert expected == store.rejects.get(id_)
    assert None is store.rejects.get(99)


def test_rejects_are_listed_by_peer_and_status(store: Store) -> None:
    """Open ones, if nothing else is asked for, oldest first."""
    first, second = store.rejects.put("l", "l/P", None, [BAD, BAD], 2.0)
    (third,) = store.rejects.put("l", "l/Q", None, [BAD], 1.0)
    store.rejects.set_status([second], "retried")
    ids = [
        [row.id for row in store.rejects.list(**search)]
        for search in ({}, {"peer": "l/Q"}, {"status": "retried"}, {"peer": "l/P", "status": None})
    ]

    assert [[first, third], [third], [second], [first, second]] == ids


def test_the_same_reject_is_known_while_it_is_open(store: Store) -> None:
    """Peer, record and reason must be the same."""
    (id_,) = store.rejects.put("l", "l/P", None, [BAD], 2.0)
    known = [
        store.rejects.known(*asked)
        for asked in (
            ("l/P", BAD.raw, BAD.reason),
            ("l/Q", BAD.raw, BAD.reason),
            ("l/P", "x", BAD.reason),
            ("l/P", BAD.raw, "x"),
        )
    ]
    store.rejects.set_status([id_], "dropped")

    assert [True, False, False, False] == known
    assert not store.rejects.known("l/P", BAD.raw, BAD.reason)


# -- notices -------------------------------------------------------------------------------------------------------


def test_a_notice_is_told_once_while_it_is_open(store: Store) -> None:
    """The same peer and code again is no news; another one is."""
    news = [
        store.notices.tell("l", peer, code, "text", 1.0)
        for peer, code in (("p", 1), ("p", 1), ("p", 2), ("q\udc81", 1))
    ]

    assert [True, False, True, True] == news
    assert ["p", "p", "q\udc81"] == [notice.peer for notice in store.notices.open()]


def test_a_notice_waits_until_it_is_told(store: Store) -> None:
    """Afterwards it is open still, but nobody is bothered again."""
    store.notices.tell("l", "p", 1, "text", 1.0)
    (waiting,) = store.notices.waiting()
    store.notices.told([waiting.id], 2.0)

    assert NoticeRow(id=waiting.id, link="l", peer="p", code=1, text="text", at=1.0, told_at=None) == waiting
    assert ([], [attrs.evolve(waiting, told_at=2.0)]) == (store.notices.waiting(), store.notices.open())


def test_what_is_cleared_can_come_again(store: Store) -> None:
    """Then it is news."""
    store.notices.tell("l", "p", 1, "text", 1.0)
    store.notices.clear("p", 1)
    store.notices.clear("p", 9)

    assert ([], []) == (store.notices.waiting(), store.notices.open())
    assert store.notices.tell("l", "p", 1, "again", 2.0)
    assert ["again"] == [notice.text for notice in store.notices.open()]
