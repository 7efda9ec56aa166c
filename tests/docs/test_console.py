import pytest

from docs.generators import console


def test_shown_commands_run_in_the_same_environment_everywhere(monkeypatch: pytest.MonkeyPatch):
    """What a program prints otherwise on a build server, in colours or in another language is not on the pages."""
    plain = console.terminal()

    for name, value in {"CI": "true", "FORCE_COLOR": "1", "LANG": "C", "COLUMNS": "200", "DXA_TRACE": "1"}.items():
        monkeypatch.setenv(name, value)

    assert plain == console.terminal()
