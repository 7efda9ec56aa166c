import copy
import pickle
from pathlib import Path

import attrs
import pytest

from dxa.config.secrets import Secret, resolve
from tests.config.samples import SERVER, SITE, problems, site, warnings

PEER = '[links.post.peers."LAB/ONE"]\n'


def test_a_secret_does_not_show_itself() -> None:
    """No way of printing a secret, or a value that holds one, shows it; nor can it be written or copied."""
    secret = Secret("hunter2")
    peer = site(SITE, SERVER, PEER, 'password = "text:hunter2"\n').peer("LAB/ONE")

    assert "*** *** ['***']" == f"{secret} {secret!r} {[str(secret)]}"
    assert "hunter2" not in f"{peer} {peer!r} {attrs.asdict(peer)}"
    assert "hunter2" == secret.reveal()
    for write in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match="a secret is not written"):
            write(secret)


def test_secrets_are_compared_as_a_whole() -> None:
    """A secret matches its own text only, and equals secrets of the same text."""
    assert Secret("Grün").matches("Grün")
    assert not Secret("Grün").matches("Gr")
    assert not Secret("Grün").matches("grün")
    assert Secret("a") == Secret("a", caution="x")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert 1 == len({Secret("a"), Secret("a")})


def test_a_reference_is_resolved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret comes from the environment or from a file beside the configuration, or is the text."""
    monkeypatch.setenv("DXA_TEST", "from env")
    (tmp_path / "pw").write_text("from file\r\n", encoding="utf-8")
    (tmp_path / "pw").chmod(0o600)

    assert ("from env", "") == _told(resolve("env:DXA_TEST", tmp_path))
    assert ("from file", "") == _told(resolve("file:pw", tmp_path))
    assert ("from file", "") == _told(resolve(f"file:{tmp_path / 'pw'}", Path("/")))
    plain = "stands in the file as plain text; use env:NAME or file:PATH"
    assert ("a:b", plain) == _told(resolve("a:b", tmp_path))
    assert ("env:x", plain) == _told(resolve("text:env:x", tmp_path))


def _told(secret: Secret) -> tuple[str, str]:
    return secret.reveal(), secret.caution


def test_what_cannot_be_resolved_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing or empty source of a secret is a problem of its key, in a connector's options, too."""
    monkeypatch.delenv("DXA_TEST", raising=False)
    monkeypatch.setenv("DXA_EMPTY", "")
    (tmp_path / "empty").write_text("\n", encoding="utf-8")
    (tmp_path / "latin").write_bytes(b"\xfc")

    key = 'links.post.peers."LAB/ONE".password'
    for reference, expected in {
        "env:DXA_TEST": "environment variable DXA_TEST is not set",
        "env:DXA_EMPTY": "environment variable DXA_EMPTY is empty",
        "file:none": f"cannot read {tmp_path}/none: No such file or directory",
        "file:empty": f"{tmp_path}/empty is empty",
        "file:latin": f"{tmp_path}/latin is not UTF-8 text",
        "text:": "is empty",
    }.items():
        assert [f"{key}: {expected}"] == problems(SITE, SERVER, PEER, f'password = "{reference}"\n', folder=tmp_path)
    assert ["links.post.post.bind: environment variable DXA_TEST is not set"] == problems(
        SITE, SERVER, 'post = {bind = "env:DXA_TEST"}\n'
    )


def test_no_problem_shows_a_secret() -> None:
    """A password that is written in a wrong way or place is reported without its text."""
    at = 'links.post.peers."LAB/ONE"'

    assert [f"{at}.password: must be text"] == problems(SITE, SERVER, PEER, "password = 12345\n")
    assert [f"{at}: must be a table, got a list"] == problems(
        SITE, SERVER, '[[links.post.peers."LAB/ONE"]]\npassword = "x"\n'
    )


def test_a_badly_kept_secret_is_warned_of(tmp_path: Path) -> None:
    """Plain text and files that others can read are warned of, never showing the secret."""
    (tmp_path / "pw").write_text("x", encoding="utf-8")
    (tmp_path / "pw").chmod(0o644)
    open_file = f"{tmp_path}/pw can be read by others (mode 0644); use chmod 600"

    assert [f'links.post.peers."LAB/ONE".password: {open_file}'] == warnings(
        tmp_path, SITE, SERVER, PEER, 'password = "file:pw"\n'
    )
    assert ["links.post.post.bind: stands in the file as plain text; use env:NAME or file:PATH"] == warnings(
        tmp_path, SITE, SERVER, 'post = {bind = "hunter2"}\n'
    )
