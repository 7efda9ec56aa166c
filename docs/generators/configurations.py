"""The four configurations of WA0725, each run for real as `docs.generators.byhand` does it, in a folder of its own."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from docs.generators import byhand, console
from docs.generators.byhand import Part, Script

_PEOPLE = {"hub": "Faber, Johanna", "one": "Larsen, Ase", "two": "Moreau, Luc", "three": "Rossi, Carla"}


def _made(*folders: str) -> str:
    """Postoffices with a person each."""
    return "\n".join(
        f"dxa msmail postoffice create {each} --network {each.upper()} --postoffice MAIN --admin ADMIN\n"
        f'dxa msmail admin ADMIN -d {each} user add {name.partition(",")[0].upper()} --name "{name}"'
        for each, name in _PEOPLE.items()
        if each in folders
    )


def _way(at: str, to: str, how: str) -> str:
    return f"dxa msmail admin ADMIN -d {at} postoffice add {to.upper()}/MAIN {how}"


def _registered(*folders: str) -> str:
    """The server, and these as its requestors."""
    own = [f"dxa msmail admin ADMIN -d {each} server HUB/MAIN" for each in ("hub", *folders)]
    return "\n".join([*own, *(f"dxa msmail admin ADMIN -d hub requestor {each.upper()}/MAIN" for each in folders)])


def _scheduled(*folders: str) -> str:
    """T1 and T3 four hours apart, in some nights of each week."""
    return "\n".join(
        f"dxa msmail admin ADMIN -d {each} schedule add {time}"
        for each in folders
        for time in ("T1 tue-thu 22:00", "T3 wed-fri 2:00")
    )


_ALL = ("hub", "one", "two", "three")
_OTHERS = _ALL[1:]
_T2 = "dxa msmail admin ADMIN -d hub schedule add T2 wed-fri 0:00"
_DIRECT = "\n".join(
    [
        *(_way(each, "hub", "--direct ../hub") for each in _OTHERS),
        *(_way("hub", each, f"--direct ../{each}") for each in _OTHERS),
    ]
)


def _script(before: str, parts: dict[str, Part]) -> Script:
    return Script(Part("01 12:00", before), parts, _ALL)


_STANDARD = "dxa msmail dispatch --once --external -d hub -d one -d two -d three"
_DYNAMIC = "dxa msmail dispatch --once --external --dynamic -d hub -d one"
_FIRST = "dxa msmail dispatch --once --external --instance FIRST -d hub -d one"
_SECOND = "dxa msmail dispatch --once --external --instance SECOND -d two -d three"
_NEAR = "dxa msmail dispatch --once --external --instance NEAR -d hub -d one -d two"
_FAR = "dxa msmail dispatch --once --external --external-at two --instance FAR -d three"

SCRIPTS = {
    "standard": _script(
        "\n".join([_made(*_ALL), _DIRECT, _registered(*_OTHERS), _scheduled(*_OTHERS)]),
        {
            "schedule": Part(
                "01 12:05",
                "dxa msmail admin ADMIN -d hub schedule add T1 tue-thu 22:00\n"
                "dxa msmail admin ADMIN -d hub schedule add T2 wed-fri 0:00 --comment 'half way'\n"
                "dxa msmail admin ADMIN -d hub schedule add T3 wed-fri 2:00",
            ),
            "dssched": Part("01 12:10", "dxa msmail dssched ADMIN -x times.txt -d hub\ncat times.txt"),
            "too-early": Part("01 21:00", _STANDARD),
            "ask": Part("01 22:00", _STANDARD),
            "answer": Part("02 00:00", _STANDARD),
            "take": Part("02 02:00", _STANDARD),
            "log": Part("02 02:05", "cat hub/LOG/DISPATCH.LOG"),
            "gal": Part("02 02:05", "dxa msmail postoffice gal three"),
            "late": Part("03 05:30", _STANDARD),
            "missed": Part("04 12:00", "dxa msmail dispatch --once -d two\ntail -n 4 two/LOG/DISPATCH.LOG"),
        },
    ),
    "dynamic-mapping": _script(
        "\n".join([_made(*_ALL), _DIRECT, _registered(*_OTHERS), _scheduled(*_ALL), _T2]),
        {
            "table": Part("01 12:05", "dxa msmail admin ADMIN -d hub postoffice list"),
            "ask": Part("01 22:00", _DYNAMIC),
            "answer": Part("02 00:00", _DYNAMIC),
            "take": Part("02 02:00", _DYNAMIC),
            "away": Part("02 22:00", f"mv two elsewhere\n!{_DYNAMIC}"),
            "back": Part("02 23:10", f"mv elsewhere two\n{_DYNAMIC}"),
        },
    ),
    "modem": _script(
        "\n".join(
            [
                _made(*_ALL),
                _way("hub", "one", "--direct ../one"),
                _way("one", "hub", "--direct ../hub"),
                *(_way("hub", each, f"--direct ../line/{each}") for each in ("two", "three")),
                *(_way(each, "hub", "--direct ../line/hub") for each in ("two", "three")),
                _registered(*_OTHERS),
                _scheduled(*_ALL),
                _T2,
            ]
        ),
        {
            "ask": Part("01 22:00", f"{_FIRST}\n{_SECOND}"),
            "waits": Part("01 22:05", "dxa msmail postoffice mail two"),
            "call": Part("01 23:00", f"ln -s . line\n{_SECOND}\nrm line"),
            "answer": Part("02 00:00", _FIRST),
            "back": Part("02 01:00", f"ln -s . line\n{_FIRST}\nrm line"),
            "take": Part("02 02:00", f"{_FIRST}\n{_SECOND}"),
            "gal": Part("02 02:05", "dxa msmail postoffice gal three"),
        },
    ),
    "indirect": _script(
        "\n".join(
            [
                _made(*_ALL),
                _way("hub", "one", "--direct ../one"),
                _way("hub", "two", "--direct ../two"),
                _way("hub", "three", "--via TWO/MAIN"),
                _way("one", "hub", "--direct ../hub"),
                _way("two", "hub", "--direct ../hub"),
                _way("two", "three", "--direct ../network/three"),
                _way("three", "two", "--direct ../two"),
                _way("three", "hub", "--via TWO/MAIN"),
                _registered(*_OTHERS),
                _scheduled(*_ALL),
                _T2,
            ]
        ),
        {
            "ways": Part(
                "01 12:05",
                "dxa msmail admin ADMIN -d hub postoffice list\ndxa msmail admin ADMIN -d three postoffice list",
            ),
            "ask": Part("01 22:00", f"{_NEAR}\nln -s . network\n{_FAR}\nrm network"),
            "answer": Part("02 00:00", f"{_NEAR}\ndxa msmail postoffice mail two"),
            "carried": Part("02 01:00", f"ln -s . network\n{_FAR}\nrm network"),
            "take": Part("02 02:00", f"{_NEAR}\n{_FAR}"),
            "gal": Part("02 02:05", "dxa msmail postoffice gal three\ndxa msmail admin ADMIN -d three postoffice list"),
        },
    ),
}


def blocks() -> dict[str, Callable[[], str]]:
    """The generated parts of the pages, by the names that they have there."""

    def block(name: str) -> Callable[[], str]:
        return lambda: console.parts(__name__)[name]

    names = (f"{page}-{part}" for page, script in SCRIPTS.items() for part in ("before", *script.parts))
    return {f"configuration-{name}": block(name) for name in names}


def main() -> None:
    """Run all of them below the folder that the command line names, and print their parts."""
    found, top = {}, Path(sys.argv[1])
    for page, script in SCRIPTS.items():
        (top / page).mkdir()
        os.chdir(top / page)
        found |= {f"{page}-{name}": text for name, text in byhand.run_all(script).items()}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
