"""Template values, from one postoffice to the directory and to another postoffice."""

import pytest

from dxa.agent import queries
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


@pytest.mark.dx("T-124")
def test_an_unknown_prompt_costs_one_warning(make_site: MakeSite):
    """However many entries have values for a prompt that stands for no attribute, there is one word about it."""
    site = make_site(mail("NET/ONE", attributes=PROMPTS))
    values = ["- Pet:/cat", "- Shoe size:/42", "- Initials:/C."]
    site.joined("NET/ONE", "A Carl\tPCM:NET/ONE/CARL", *values, "A Dan\tPCM:NET/ONE/DAN", *values)
    (notice,) = [text for code, text in site.notices() if code == 37]

    assert "'Pet:', 'Shoe size:'" in notice
    assert {"initials": "C."} == dict(site.one("Dan").fields)


DEFINITION = ["T PCM:NET/ONE", " Phone:~10~25~A~~", " City/ST:~10~25~A~Berlin~"]


@pytest.mark.dx("T-124", "T-128")
def test_definitions_are_relayed(make_site: MakeSite):
    """Without a map a postoffice's definition goes to the others as it told it, before the values, in its order."""
    site = make_site(mail("NET/ONE", "NET/TWO"))
    one = site.joined("NET/ONE", *DEFINITION, "A Carl\tPCM:NET/ONE/CARL", "- City//ST:/Rome", "- Phone:/1")
    two = site.postoffice("NET/TWO")
    full = two.cycle(task="IMPORTREQ", TEMPLATE="YES")
    two.cycle(TEMPLATE="YES")
    values = ["- Phone:/1", "- City//ST:/Rome"]
    defined = [line.strip() for line in DEFINITION]
    one.cycle("M Carl\tPCM:NET/ONE/CARL", "  Carla\tPCM:NET/ONE/CARL", "- Phone:/2", "- City//ST:/Rome")
    update = two.cycle(TEMPLATE="YES")

    carl = "A Carl PCM:NET/ONE/CARL"
    assert ["R PCM:LAB/HQ", "R PCM:NET/ONE", *defined, carl, *values] == full.lines
    assert ["M Carl PCM:NET/ONE/CARL > Carla PCM:NET/ONE/CARL", "- Phone:/2", "- City//ST:/Rome"] == update.lines


def test_a_changed_definition_is_relayed(make_site: MakeSite):
    """A definition that changes is told with all values of its list behind it, though these are as they were."""
    site = make_site(mail("NET/ONE", "NET/TWO"))
    one = site.joined("NET/ONE", *DEFINITION, "A Carl\tPCM:NET/ONE/CARL", "- City//ST:/Rome", "- Phone:/1")
    two = site.joined("NET/TWO")
    two.cycle(task="IMPORTREQ", TEMPLATE="YES")
    two.cycle(TEMPLATE="YES")
    wider = [line.replace("25", "30") for line in DEFINITION]
    carl = "M Carl\tPCM:NET/ONE/CARL", "  Carl\tPCM:NET/ONE/CARL"
    one.cycle(*wider, *carl, "- City//ST:/Rome", "- Phone:/1")
    update = two.cycle(TEMPLATE="YES").lines

    modify = "M Carl PCM:NET/ONE/CARL > Carl PCM:NET/ONE/CARL"
    assert [*(line.strip() for line in wider), modify, "- Phone:/1", "- City//ST:/Rome"] == update
    assert [] == two.cycle(TEMPLATE="YES").lines


@pytest.mark.dx("T-124")
def test_what_no_list_defines_stays(make_site: MakeSite):
    """Values for which nobody gives a definition are not sent: others could not keep them (65)."""
    site = make_site(mail("NET/ONE", "NET/TWO"))
    site.joined("NET/ONE", "A Carl\tPCM:NET/ONE/CARL", "- Phone:/1")
    lines = site.postoffice("NET/TWO").cycle(task="IMPORTREQ", TEMPLATE="YES").lines

    assert ["R PCM:LAB/HQ", "R PCM:NET/ONE", "A Carl PCM:NET/ONE/CARL"] == lines


def test_a_value_that_is_too_long_is_told(make_site: MakeSite):
    """It is sent empty, for half a number is a wrong one, and is a reject, once, until it fits or its entry is gone."""
    site = make_site(mail("NET/ONE", "NET/TWO", attributes=PROMPTS))
    long, longer = "x" * 65, "x" * 66
    site.add("Ann", "ANN", fields=(("city", long), ("initials", "A.")))
    site.add("Bob", "BOB", fields=(("room", long),))
    site.sync()
    site.edit("Ann", fields=(("city", longer), ("initials", "A.")))
    site.sync()
    site.sync()
    two = site.postoffice("NET/TWO").cycle(task="IMPORTREQ", TEMPLATE="YES").lines

    assert {"- City//ST:/", "- Initials:/A."} <= set(two)
    assert [
        (36, f"MS:LAB/HQ/{alias}\t{prompt}", f"the value of '{prompt}' has {length} characters and its field 64")
        for alias, prompt, length in (("BOB", "Office", 65), ("ANN", "City/ST:", 66))
    ] == [(row.code, row.raw, row.reason.partition(",")[0]) for row in site.site.store.rejects.list()]
    site.edit("Ann", fields=(("city", "Rome"),))
    site.remove("Bob")
    site.sync()
    assert [] == site.site.store.rejects.list()


def test_templates_are_shown(make_site: MakeSite):
    """`dxa peers templates` shows the map, the definitions, and somebody as the peer sees him."""
    site = with_values(make_site)
    site.postoffice("NET/TWO").cycle(task="IMPORTREQ", TEMPLATE="YES")
    shown = queries.templates(site.site, "NET/TWO")
    sample = {"City/ST:": "Any City/NY", "Initials:": "C.", "Office/": "West wing", "Office": "12"}

    assert sample == shown.sample
    assert ("Carl", "MS:NET/ONE/CARL") == (shown.sample_name, shown.sample_address)
    assert (True, True) == (shown.allowed, shown.wanted)
    assert ["NET/ONE"] == [each.list for each in shown.shown]
    assert "initials" == shown.map["Initials:"]
