"""The table of every file of a postoffice."""

from pathlib import Path

import pytest

from dxa_msmail.postoffice import catalog, identity, layout, mailbag, queue, tree
from dxa_msmail.postoffice.catalog import KINDS


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("GLB/MASTER.GLB", "master"),
        ("GLB/REQTRANS.GLB", "queue"),
        ("GLB/SRVUPDS.GLB", "queue"),
        ("GLB/SMTP.GLB", "gateway"),
        ("GLB/SERVER.GLB", "server"),
        ("NME/SMTP.NME", "nme"),
        ("MAI/MA2/00000062.MAI", "mai"),
        ("ATT/ATF/0000006F.ATT", "att"),
        ("MBG/SYSTEM.MBG", "mbg"),
        ("DXA/SEEN", "seen"),
        ("DXA/SERVER", "served"),
        ("GLB/SOMETHING.GLB", None),
        ("MAI/00000062.MAI", None),
    ],
)
def test_what_a_name_means(file: str, name: str | None) -> None:
    """A file is of the first kind that has its name; another program's file is of none."""
    found = catalog.find(file)

    assert name == (found.name if found else None)


def test_every_file_of_a_new_postoffice_is_in_the_table(tmp_path: Path) -> None:
    """Nothing that dxa writes is unknown to it."""
    tree.create(tmp_path, network="NET", postoffice="PO", durable=False)
    files = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())

    assert [] == [file for file in files if catalog.find(file) is None]


def test_names_and_titles_are_unique() -> None:
    """Each kind can be told from the others; its size and source are said."""
    assert len(KINDS) == len({kind.name for kind in KINDS}) == len({kind.title for kind in KINDS})
    assert [] == [kind.name for kind in KINDS if not (kind.size and kind.source and kind.files)]


def test_sizes_are_the_documented_ones() -> None:
    """KB Q77926: they follow from the records."""
    sizes = {kind.name: kind.size for kind in KINDS}

    assert ("176 bytes", "512 + n × 197 bytes", "1024 + n × 1024 bytes", "4 + n × 43 bytes", "n × 116 bytes") == (
        *(sizes[name] for name in ("master", "process", "srvconf", "netpo", "mbg")),
    )


def test_what_no_field_covers() -> None:
    """Gaps are told with place and size, so that every byte of a record is accounted for."""
    assert [(0, 512)] == list(catalog.gaps(identity.Global))
    assert [] == list(catalog.gaps(identity.Control))
    for record in (identity.Master, mailbag.Header, mailbag.Key, queue.QueueHead):
        spec = layout.layout_of(record)
        covered = sum(spot.size for spot in spec.spots.values())

        assert spec.size == covered + sum(size for _, size in catalog.gaps(record))


def test_whose_layout_is_ours() -> None:
    """Records with our mark are told from those that are documented as a whole."""
    assert [True, False] == [catalog.marked(record) for record in (identity.Master, identity.Control)]


def test_how_files_are_known() -> None:
    """What is documented, what follows from published dumps, and what is ours."""
    bases = {kind.name: [basis.value for basis in kind.bases] for kind in KINDS}

    assert (["documented"], ["documented", "ours"], ["ours"]) == (bases["control"], bases["key"], bases["reqconf"])
    assert {"global", "modem", "server"} == {name for name, some in bases.items() if not some}
