"""XML from somebody who means harm, or from a transfer that broke."""

from __future__ import annotations

import threading
import tracemalloc
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa_exchange.directory import Add, Bad, Record
from dxa_exchange.dsml import dsml1, dsml2

SECRET = "what no document may show"
READERS: list[Callable[[BytesIO], Iterator[object]]] = [dsml1.read, dsml2.read, dsml2.requests, dsml2.responses]
ENTRY = (
    '<dsml xmlns="http://www.dsml.org/DSML"><directory-entries><entry dn="cn=A"><attr name="cn"><value>{}</value>'
    "</attr></entry></directory-entries></dsml>"
)


def only_bad(data: bytes) -> list[Bad]:
    """What each reader says of a document of which nothing may be read."""
    said = []
    for read in READERS:
        (bad,) = read(BytesIO(data))
        assert isinstance(bad, Bad)
        said.append(bad)
    return said


def laughs(levels: int) -> str:
    """Entities that are ten times the one before, each."""
    entities = ['<!ENTITY e0 "ha">'] + [f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, levels)]
    return "".join(entities)


TYPES = {
    "billion laughs": f"<!DOCTYPE dsml [{laughs(10)}]>{ENTRY.format('&e9;')}",
    "laughs in an attribute": f"<!DOCTYPE dsml [{laughs(10)}]>" + ENTRY.replace("cn=A", "cn=&e9;").format(""),
    "laughs in the root's attribute": f'<!DOCTYPE dsml [{laughs(10)}]><dsml a="&e9;"/>',
    "quadratic": f'<!DOCTYPE dsml [<!ENTITY e "{"x" * 50_000}">]>{ENTRY.format("&e;" * 20_000)}',
    "parameter entities": '<!DOCTYPE dsml [<!ENTITY % a "x"><!ENTITY % b "%a;%a;">%b;]>' + ENTRY.format("x"),
    "a harmless type": "<!DOCTYPE dsml>" + ENTRY.format("x"),
    "an external type": '<!DOCTYPE dsml SYSTEM "dsml.dtd">' + ENTRY.format("x"),
    "in UTF-16": f"<!DOCTYPE dsml [{laughs(10)}]>{ENTRY.format('&e9;')}",
}


@pytest.mark.parametrize("name", TYPES)
def test_a_document_type_is_refused(name: str) -> None:
    """Whatever a document type declares, it is refused before anything is expanded, in little memory."""
    data = TYPES[name].encode("utf-16" if "UTF-16" in name else "utf-8")
    tracemalloc.start()
    try:
        said = only_bad(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 10 * len(data) + 5_000_000
    assert [] == [bad.reason for bad in said if "DOCTYPE" not in bad.reason and "broken XML" not in bad.reason]


@pytest.mark.parametrize("declared", ["<!ENTITY e SYSTEM '{}'>", "<!ENTITY % p SYSTEM '{}'> %p;"])
def test_no_file_is_read(declared: str, tmp_path: Path) -> None:
    """An external entity that names a file brings nothing of it into what is read or said."""
    file = tmp_path / "secret"
    file.write_text(SECRET, encoding="utf-8")

    said = only_bad(f"<!DOCTYPE dsml [{declared.format(file.as_uri())}]>{ENTRY.format('&e;')}".encode())

    assert ["DOCTYPE"] * 4 == [bad.field for bad in said]
    assert SECRET not in repr(said)


@pytest.mark.parametrize("declared", ["[<!ENTITY e SYSTEM '{}'>]", "SYSTEM '{}'", "[<!ENTITY % p SYSTEM '{}'> %p;]"])
def test_nobody_is_called(declared: str) -> None:
    """An external entity or document type that names a server is not asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/e.dtd"
        try:
            said = only_bad(f"<!DOCTYPE dsml {declared.format(url)}>{ENTRY.format('&e;')}".encode())
        finally:
            server.shutdown()
            thread.join()

    assert ([], ["DOCTYPE"] * 4) == (asked, [bad.field for bad in said])


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("<a>" * 300, "another kind of document"),
        (ENTRY.format("<a>" * 300), "Excessive depth"),
        (ENTRY.format("&nobody;"), "nobody"),
        ("", "the file has no element"),
        ("   ", "the file has no element"),
        ("no XML at all", "broken XML"),
        ("<html/>", "another kind of document"),
        ("<dsml/>", "another kind of document"),
        (f"<!--{'x' * 400_000}-->" + ENTRY.format("x"), "no element begins within"),
        ('<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"/>', "another kind of document"),
        ("<dsml xmlns='http://www.dsml.org/DSML'\0/>", "broken XML"),
    ],
)
def test_what_is_no_such_document(document: str, said: str) -> None:
    """Endless depth, undeclared entities, and other documents give one bad item with a line."""
    (bad,) = dsml1.read(BytesIO(document.encode()))

    assert isinstance(bad, Bad)
    assert said in bad.reason


def test_a_text_without_end_is_refused() -> None:
    """One value larger than ten megabytes is refused, whatever memory there is."""
    items = list(dsml1.read(BytesIO(ENTRY.format("x" * 12_000_000).encode())))

    assert ["nothing behind it could be read" in item.reason for item in items if isinstance(item, Bad)] == [True]


def test_a_file_larger_than_the_limit_is_refused() -> None:
    """The caller says how much is read; what lies within the limit counts."""
    data = b"".join(dsml1.write(Record(f"cn={n}", {"info": ["x" * 1000]}) for n in range(1000)))

    *records, bad = dsml1.read([data[at : at + 1000] for at in range(0, len(data), 1000)], limit=100_000)

    assert 80 < len(records) < 100
    assert isinstance(bad, Bad)
    assert "the file is larger than the limit of 100,000 bytes" in bad.reason


DOCUMENTS = {
    "1": (dsml1.read, b"".join(dsml1.write(Record(f"cn={n}", {"cn": [str(n)]}) for n in range(20)))),
    "2": (dsml2.read, b"".join(dsml2.write(Add(Record(f"cn={n}", {"cn": [str(n)]})) for n in range(20)))),
}


@pytest.mark.parametrize("version", DOCUMENTS)
@given(data=st.data())
def test_what_was_read_before_the_end_counts(version: str, data: st.DataObject) -> None:
    """A document that breaks off gives every whole object before that place, then one bad item with its line."""
    read, document = DOCUMENTS[version]
    end = data.draw(st.integers(document.index(b"\n", 60), len(document) - 1))
    size = data.draw(st.integers(1, 200))

    *items, bad = read([document[at : min(at + size, end)] for at in range(0, end, size)])

    assert list(read([document]))[: len(items)] == items
    assert document[:end].count(b"</entry>") + document[:end].count(b"</addRequest>") == len(items)
    assert isinstance(bad, Bad)
    assert document[:end].count(b"\n") + 1 == bad.line


@given(st.sampled_from([*DOCUMENTS]), st.lists(st.tuples(st.integers(0, 3000), st.binary(max_size=3)), max_size=4))
def test_any_bytes_give_items_and_no_exception(version: str, edits: list[tuple[int, bytes]]) -> None:
    """However a document is damaged, there are objects and bad ones, and nothing is raised."""
    _, document = DOCUMENTS[version]
    for at, put in edits:
        document = document[: at % len(document)] + put + document[at % len(document) + len(put) :]

    for read in READERS:
        assert list(read(BytesIO(document)))


def test_memory_stays_flat() -> None:
    """Ten times as many objects need no more memory, in both versions, reading and writing."""

    def peak(count: int) -> int:
        tracemalloc.start()
        try:
            records = (Record(f"cn={n}", {"cn": [f"{n:050}"]}) for n in range(count))
            for _ in dsml1.read(dsml1.write(records)):
                pass
            for _ in dsml2.read(dsml2.write(Add(Record(f"cn={n}", {"cn": [f"{n:050}"]})) for n in range(count))):
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(10)
    assert peak(3000) < 2 * peak(300) + 200_000
