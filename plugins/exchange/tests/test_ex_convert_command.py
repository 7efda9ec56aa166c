"""The command ``dxa exchange convert``: which formats it finds, what it says, and how it ends."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dxa.errors import UsageError
from dxa_exchange import plugin
from dxa_exchange.commands.convert import convert

LIST = b"A Ann Smith                      PCM:LAB/PO1/ANN\r\nX junk\r\n"
LDIF = b"dn: cn=Ann,o=Lab\nobjectClass: contact\ncn: Ann\ntargetAddress: MS:LAB/PO1/ANN\n\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a list of MS Mail and an LDIF file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "list.txt").write_bytes(LIST)
    (tmp_path / "people.ldif").write_bytes(LDIF)
    return tmp_path


def run(*arguments: str, stdin: bytes = b"") -> Result:
    """Run the command."""
    return CliRunner().invoke(convert, arguments, input=stdin)


def test_the_command_is_told_to_the_host() -> None:
    """The plugin brings it under its own name."""
    assert ("convert", "dxa_exchange.commands.convert:convert") in plugin.dxa_commands()


def test_endings_say_what_is_wanted(folder: Path) -> None:
    """Both formats follow from names and content; rejects are told with their line, and the status is 1."""
    result = run("list.txt", "list.csv")

    assert 1 == result.exit_code
    assert "line 2: [13] invalid transaction command: X junk\n1 converted; 1 could not be.\n" == result.stderr
    assert b"Remote,ANN,Recipients,Ann Smith" in (folder / "list.csv").read_bytes()
    assert ["list.csv", "list.txt", "people.ldif"] == sorted(each.name for each in folder.iterdir())


def test_everything_goes_well(folder: Path) -> None:
    """Without rejects the status is 0; a file of that name is overwritten."""
    (folder / "out.txt").write_text("old")

    result = run("people.ldif", "out.txt")

    assert (0, "1 converted.\n") == (result.exit_code, result.stderr)
    assert b"A Ann                            PCM:LAB/PO1/ANN\r\n" == (folder / "out.txt").read_bytes()


def test_streams_and_named_formats() -> None:
    """A hyphen is the standard input or output; there the target's format has to be named."""
    result = run("-", "-", "--to", "msmail", stdin=LDIF)

    assert (0, b"A Ann                            PCM:LAB/PO1/ANN\r\n") == (result.exit_code, result.stdout_bytes)


def test_the_dialect_of_the_target_is_chosen(folder: Path) -> None:
    """LDIF for OpenLDAP, which has other classes and names than Active Directory's."""
    assert 0 == run("people.ldif", "out.ldif", "--to-dialect", "generic").exit_code

    assert b"objectClass: inetOrgPerson" in (folder / "out.ldif").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("missing", "x.csv"), "missing: No such file or directory"),
        (("list.txt", "x.doc"), "x.doc: '.doc' is no ending of a format; say --to with one of csv55, "),
        (("list.txt", "x.csv", "--from", "word"), "--from: there is no format 'word'; known here are csv55, "),
        (("list.txt", "x.csv", "--map", "Phone"), "--map: expected FIELD=ATTRIBUTE, got 'Phone'"),
        (("list.txt", "x.csv", "--map", "a=b", "--map", "A:=c"), "--map: prompt 'A:' is mapped twice, also as 'a'"),
        (("list.txt", "x.csv", "--container", "nowhere"), "--container: dn: no distinguished name from character 1 on"),
        (("list.txt", "x.csv", "--code-page", "martian"), "--code-page: "),
        (("list.txt", "nowhere/x.csv"), "nowhere/x.csv: No such file or directory"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments: tuple[str, ...], problem: str, folder: Path) -> None:
    """A wrong option or path says what is known here, and writes nothing."""
    result = run(*arguments)

    assert isinstance(result.exception, UsageError)
    assert problem in str(result.exception)
    assert not (folder / "x.csv").exists()


def test_a_file_of_no_known_format_is_refused(folder: Path) -> None:
    """Neither its name nor its content says what it is."""
    (folder / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0")

    result = run("photo.jpg", "x.csv")

    assert "nothing here knows this format; say --from with one of csv55, dsml1" in str(result.exception)
