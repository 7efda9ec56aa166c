"""Template values, from one postoffice to the directory and to another postoffice."""

import pytest

from tests.cases.harness import MakeSite, SiteHarness, mail

PROMPTS = """{"City/ST:" = "city", "Initials:" = "initials", "Office/" = "office", "Office" = "room"}"""

VALUES = ["- City//ST:/Any City/NY", "- Initials:/C.", "- Office///West wing", "- Office/12"]


def with_values(make_site: MakeSite) -> SiteHarness:
    """A site that maps four prompts, and a postoffice that has told values for them."""
    site = make_site(mail("NET/ONE", "NET/TWO", attributes=PROMPTS))
    site.joined(
        "NET/ONE",
        "A Carl\tPCM:NET/ONE/CARL",
        "- City//ST:/Any City/NY",
        "- Initials:/C.",
        "- Office///West wing",
        "- Office/12",
    )
    return site


@pytest.mark.dx("T-120", "T-125", "T-126")
def test_values_become_attributes(make_site: MakeSite):
    """A prompt may have slashes inside and at its end, and may stand for any attribute."""
    site = with_values(make_site)

    assert {"city": "Any City/NY", "initials": "C.", "office": "West wing", "room": "12"} == dict(
        site.one("Carl").fields
    )


@pytest.mark.dx("T-120", "T-121", "T-128")
def test_attributes_become_values(make_site: MakeSite):
    """A postoffice that asks for template values gets all of them with every add; one that does not gets none."""
    site = with_values(make_site)
    lines = site.postoffice("NET/TWO").cycle(task="IMPORTREQ", TEMPLATE="YES").lines
    plain = site.postoffice("NET/TWO").cycle(task="IMPORTREQ", TEMPLATE="NO").lines

    assert VALUES == lines[lines.index("A Carl PCM:NET/ONE/CARL") + 1 :]
    assert plain == [line for line in lines if line[:2] in ("R ", "A ")]


@pytest.mark.dx("T-129")
def test_a_changed_map(make_site: MakeSite):
    """When an attribute gets another prompt, it is held with its size and then sent for everybody who has a value."""
    site = with_values(make_site)
    two = site.postoffice("NET/TWO")
    two.cycle(task="IMPORTREQ", TEMPLATE="YES")
    two.cycle(TEMPLATE="YES")
    site.configure(mail("NET/ONE", "NET/TWO", attributes=PROMPTS.replace("Initials:", "First letters:")))
    site.sync()
    site.approve()
    site.sync()
    site.approve()
    answer = two.cycle(TEMPLATE="YES")

    assert not answer.full
    assert ["T PCM:NET/ONE"] == [line for line in answer.lines if line[:2] == "T "]
    modify = answer.lines.index("M Carl PCM:NET/ONE/CARL > Carl PCM:NET/ONE/CARL")
    assert modify > answer.lines.index("T PCM:NET/ONE")
    assert [VALUES[0], "- First letters:/C.", *VALUES[2:]] == answer.lines[modify + 1 :]


@pytest.mark.dx("T-122")
def test_a_long_template(make_site: MakeSite):
    """A template of hundreds of lines goes through like any other."""
    prompts = ", ".join(f'"Prompt {n}:" = "field{n}"' for n in range(300))
    site = make_site(mail("NET/ONE", attributes=f"{{{prompts}}}"))
    site.joined("NET/ONE", "A Carl\tPCM:NET/ONE/CARL", *(f"- Prompt {n}:/value {n}" for n in range(300)))

    assert {f"field{n}": f"value {n}" for n in range(300)} == dict(site.one("Carl").fields)
