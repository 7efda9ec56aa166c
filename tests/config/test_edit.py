from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.config.edit import add_peer, read, remove_peer, write
from dxa.errors import NotFoundError, UsageError
from tests.config.samples import SERVER, SITE, site

TEXT = """\
# the site
[site]
name = "x"   # a name

# the link
[links.post]  # about it
connector = "post"

[links.post.post]
path = "a"
#width = 10

# first office
[links.post.peers."A/B"]
password = "x"  # its password
# inside

# second office,
# far away
[links.post.peers."C/D"]
no_password = true
[links.post.peers."C/D".guards]
empty = false

# other link
[links.two]
connector = "post"
# role = "server"
"""


def test_a_new_peer_stands_behind_the_others() -> None:
    """A new peer's table comes behind those of its link, before the comment that introduces what follows."""
    table = '[links.post.peers."E/F"]\npassword = "env:X"\ntypes = ["MS"]\n\n'
    inner = '[links.post.peers."E/F".guards]\nempty = false\n\n'

    result = add_peer(TEXT, "post", "E/F", {"password": "env:X", "types": ["MS"], "guards": {"empty": False}})

    head, mark, tail = TEXT.partition("# other link")
    assert head + table + inner + mark + tail == result


def test_the_first_peer_stands_behind_its_link() -> None:
    """A link without peers gets its first one behind its own tables and their comments."""
    assert TEXT + '\n[links.two.peers."E/F"]\nno_password = true\n' == add_peer(
        TEXT, "two", "E/F", {"no_password": True}
    )


def test_a_removed_peer_takes_only_its_own_with_it() -> None:
    """With a peer go its tables and the comments inside; what introduces the next table stays."""
    gone = '[links.post.peers."A/B"]\npassword = "x"  # its password\n# inside\n'
    last = '[links.post.peers."C/D"]\nno_password = true\n[links.post.peers."C/D".guards]\nempty = false\n\n'

    assert TEXT.replace(gone, "") == remove_peer(TEXT, "post", "A/B")
    assert TEXT.replace(last, "\n") == remove_peer(TEXT, "post", "C/D")


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("link", ["post", "two"])
@pytest.mark.parametrize("tail", ["", "\n# the end\n", '\n[addressing]\numlauts = "plain"'])
def test_adding_and_removing_leaves_the_file_as_it_was(link: str, tail: str, ends: str) -> None:
    """After a peer has come and gone, every byte is as before, line ends included."""
    text = (TEXT + tail).replace("\n", ends)

    assert text == remove_peer(add_peer(text, link, "E/F", {"password": "x"}), link, "E/F")


@given(name=st.text(min_size=1), password=st.text(min_size=1))
def test_any_name_and_password_can_be_written(name: str, password: str) -> None:
    """Whatever the name of a peer and its password hold, the file says it afterwards."""
    text = add_peer(SITE + SERVER, "post", name, {"password": f"text:{password}"})

    if name.strip():
        peer = site(text).peer(f"post/{name}")
        assert peer.password is not None
        assert peer.password.matches(password)
    assert SITE + SERVER == remove_peer(text, "post", name)


def test_what_is_not_there_or_is_already_is_told() -> None:
    """A missing link or peer and a peer that is there in any case of letters are errors."""
    with pytest.raises(NotFoundError, match="no link 'three'"):
        add_peer(TEXT, "three", "E/F", {})
    with pytest.raises(UsageError, match="already has a peer 'a/b'"):
        add_peer(TEXT, "post", "a/b", {})
    with pytest.raises(NotFoundError, match="no peer 'E/F' of link 'post'"):
        remove_peer(TEXT, "post", "E/F")


@pytest.mark.parametrize("text", ["[links]\ntwo = {connector = 'post'}\n", "links.two = {peers = {a = {}}}\n"])
def test_a_layout_that_cannot_be_edited_is_left_alone(text: str) -> None:
    """Where a table cannot be put, nothing is changed and the text to add by hand is shown."""
    with pytest.raises(UsageError, match=r"by hand:\n\n\[links\.two\.peers\."):
        add_peer(text, "two", "E/F", {"password": "env:X"})


def test_a_file_is_replaced_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writing keeps the file's mode and line ends, leaves no other file, and a failure leaves the old text."""
    path = tmp_path / "dxa.toml"
    path.write_bytes(b"old")
    path.chmod(0o640)

    write(path, "a = 1\r\nb = 2\n")

    assert "a = 1\r\nb = 2\n" == read(path)
    assert 0o640 == path.stat().st_mode & 0o777
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk")))
    with pytest.raises(OSError, match="disk"):
        write(path, "new")
    assert ["dxa.toml"] == [child.name for child in tmp_path.iterdir()]
    assert "a = 1\r\nb = 2\n" == read(path)


def test_a_link_to_the_file_stays_a_link(tmp_path: Path) -> None:
    """A symbolic link is followed, not replaced."""
    (tmp_path / "real.toml").write_text("old", encoding="utf-8")
    (tmp_path / "dxa.toml").symlink_to(tmp_path / "real.toml")

    write(tmp_path / "dxa.toml", "new")

    assert (tmp_path / "dxa.toml").is_symlink()
    assert "new" == (tmp_path / "real.toml").read_text(encoding="utf-8")
