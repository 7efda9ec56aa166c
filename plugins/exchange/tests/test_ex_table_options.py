import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa_exchange.table55.form import Form
from dxa_exchange.table55.options import Options, Section, read, write

EXPORT = """\
; people of Berlin
[Export]
DirectoryService=LAB1
Basepoint=/o=Lab/ou=Berlin
ExportObject=all
BasepointOnly=No
ColumnSeparator=59
QuoteSeparator=39
[Import]
OverwriteProperties=Yes
"""


def test_a_section_is_read() -> None:
    """Keys in any case; separators are decimal codes; the other section is another's."""
    options, warnings = read(EXPORT, "Export")

    assert [] == warnings
    assert ("LAB1", "/o=Lab/ou=Berlin", "All") == (options.directory_service, options.basepoint, options.export_object)
    assert Form(column=";", quote="'") == options.form()
    assert read(EXPORT, "Import").options.overwrite_properties


@pytest.mark.parametrize("word", ["QuoteSeparator", "QUOTECHARACTER"])
def test_the_quote_has_two_names(word: str) -> None:
    """The documentation has both (KB Q152472)."""
    assert "'" == read(f"[Import]\r\n{word}=39", "Import").options.quote


@pytest.mark.parametrize(
    ("text", "section", "line", "warning"),
    [
        ("[Export]\nExportObject=DL", "Import", 0, "there is no [Import]"),
        ("ExportObject=DL\n[Export]\nBasepointOnly=No", "Export", 1, "stands before any section"),
        ("[Export]\nHidden=Yes\nBasepointOnly=No", "Export", 2, "it is HiddenObjects"),
        ("[Export]\nExportObject=DL\nExportObject=Remote\nBasepointOnly=No", "Export", 3, "there twice"),
        ("[Export]\nBasepointOnly=No\nBasepoint=/o=Lab /ou=Berlin", "Export", 0, "has blanks around a name"),
        ("[Export]", "Export", 0, "BasepointOnly is really Yes"),
        ("[Export]\nBasepointOnly=No\nExportObject=All\nHomeServer=X", "Export", 0, "lists and custom recipients"),
        ("[Import]\nRawMode=maybe", "Import", 2, "RawMode: expected Yes or No, got 'maybe'"),
        ("[Import]\nMVSeparator=%", "Import", 2, "MVSeparator: expected the decimal code of a character"),
        ("[Import]\nMVSeparator=44", "Import", 0, "differ from one another"),
        ("[Import]\nExportObject=All", "Import", 2, "is no key of [Import]"),
        ("[Import]\nnonsense", "Import", 2, "unknown key 'nonsense'"),
    ],
)
def test_traps(text: str, section: Section, line: int, warning: str) -> None:
    """What the program silently takes another way is told, with its line (KB Q268485, Q303250, Q303249, Q161096)."""
    found = read(text, section).warnings

    assert [line] == [number for number, _ in found]
    assert warning in found[0][1]


def test_the_first_of_two_counts() -> None:
    """And a key that stands in no section does not (KB Q160602)."""
    found = read("ExportObject=DL\n[Export]\nExportObject=Remote\nExportObject=DL", "Export").options

    assert "Remote" == found.export_object


def test_every_key_is_written() -> None:
    """So that no default is left to the program."""
    text = write(Options(basepoint="/o=Lab", basepoint_only=False), "Export")

    assert text.startswith("[Export]\r\nDirectoryService=\r\nBasepoint=/o=Lab\r\nContainer=Recipients\r\n")
    assert "BasepointOnly=No\r\n" in text
    assert "MVSeparator=37\r\n" in text
    assert "OverwriteProperties" not in text
    with pytest.raises(ValueError, match="one line"):
        write(Options(basepoint="a\nb"), "Export")


@given(
    st.builds(
        Options,
        directory_service=st.sampled_from(["", "S1"]),
        export_object=st.sampled_from(["Mailbox", "All"]),
        raw_mode=st.booleans(),
        basepoint_only=st.booleans(),
        information_level=st.sampled_from(["None", "Full"]),
        column_separator=st.sampled_from([",", ";", "\t"]),
        quote=st.sampled_from(['"', "'"]),
    )
)
def test_what_is_written_is_read_again(options: Options) -> None:
    """With no warning."""
    assert (options, []) == read(write(options, "Export"), "Export")
