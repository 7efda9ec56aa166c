"""Templates of address lists, and their values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.entry import Fields
from dxa.errors import FormatError
from dxa_msmail.postoffice import inf, layout, templates
from dxa_msmail.postoffice.layout import CODE_PAGE
from dxa_msmail.postoffice.maildata import MemoryFiles
from dxa_msmail.postoffice.templates import ListTemplate, TemplateField

STEM = "0000000A"
PHONES = ListTemplate(("Phone:~10~25~A~~", "City/ST/Zip:~10~40~A~~"))
SIGNS = "".join(chr(n) for n in range(32, 127)) + bytes(range(128, 256)).decode(CODE_PAGE)
PROMPTS = st.text("abcdefgABCDEFGéßÜ/ 0123456789", min_size=1, max_size=12).map(lambda text: f"{text}:")


@st.composite
def lists_of_values(draw: st.DrawFn) -> tuple[ListTemplate, dict[int, Fields]]:
    """A template, and values that have room in it, in its order."""
    prompts = draw(
        st.lists(PROMPTS.filter(lambda p: p.strip() != ":"), min_size=1, max_size=5, unique_by=templates.prompt_key)
    )
    widths = [draw(st.integers(1, 40)) for _ in prompts]
    internals = [draw(st.sampled_from(["", "xx"])) for _ in prompts]
    lines = (f"{p}~1~{w}~A~~{i}" for p, w, i in zip(prompts, widths, internals, strict=True))
    values = {}
    for tid in draw(st.lists(st.integers(0, 0xFFFFFFFF), max_size=6, unique=True)):
        texts = [draw(st.text(SIGNS, max_size=width)) for width in widths]
        fields = tuple((p, t) for p, t in zip(prompts, texts, strict=True) if t)
        if fields:
            values[tid] = fields
    return ListTemplate(tuple(lines)), values


# -- TPL -----------------------------------------------------------------------------------------------------------


def test_a_line_says_a_field() -> None:
    """KB Q87432: prompt, column, width, classes of characters, default, and what is stored before the data."""
    found = templates.parse("Surname:~17~10~ULP~Last~\rBüro:~10~25~~A~tel \r".encode(CODE_PAGE))
    expected = (
        TemplateField("Surname:", 17, 10, "ULP", "Last", ""),
        TemplateField("Büro:", 10, 25, "", "A", "tel "),
    )
    assert expected == found.fields
    assert () == found.bad


@pytest.mark.parametrize(
    "line", ["Phone:~10~25~A~", "~10~25~A~~", "Phone:~10~wide~A~~", "Phone:~10~0~A~~", "just text"]
)
def test_a_line_that_says_no_field_is_kept_and_counted(line: str) -> None:
    """Five tildes are mandatory, and a field has a prompt and a width; the fields around it count."""
    found = templates.parse(f"Phone:~10~25~A~~\r{line}\rFax:~10~25~A~~\r".encode(CODE_PAGE))
    assert ["Phone:", "Fax:"] == [field.prompt for field in found.fields]
    assert (2,) == found.bad
    assert line == found.lines[1]


@given(st.binary(max_size=200))
def test_a_template_is_written_as_it_was_read(data: bytes) -> None:
    """Whatever the bytes are: templates are text that people write."""
    assert data == templates.render(templates.parse(data))


def test_new_lines_end_with_a_carriage_return() -> None:
    """KB Q87432."""
    assert b"Phone:~10~25~A~~\rCity/ST/Zip:~10~40~A~~\r" == templates.render(PHONES)


def test_a_line_outside_the_code_page_is_refused() -> None:
    """Error 38; nothing is guessed."""
    with pytest.raises(FormatError) as caught:
        templates.render(ListTemplate(("Τηλέφωνο:~10~25~A~~",)))
    assert 38 == caught.value.code


@pytest.mark.dx("T-122")
def test_256_fields_count() -> None:
    """KB Q148770: that many; the lines beyond are kept, and told as bad."""
    found = ListTemplate(tuple(f"P{n}:~1~5~A~~" for n in range(258)))
    assert (256, (257, 258)) == (len(found.fields), found.bad)


@pytest.mark.dx("T-126")
@pytest.mark.parametrize("prompt", ["Phone:", "phone", "PHONE :", "Pho ne.", "phone: "])
def test_prompts_are_matched_tolerantly(prompt: str) -> None:
    """Case, blanks and punctuation at the end do not count (KB Q228601, Q158694)."""
    assert ((("Phone:", "1"),), []) == templates.fit(PHONES, ((prompt, "1"),))


# -- fitting -------------------------------------------------------------------------------------------------------


def test_values_come_in_the_order_of_the_template() -> None:
    """KB Q104281; an empty value is none, and of two with one prompt the last counts."""
    told = (("city/st/zip", "Any City"), ("Phone:", "1"), ("PHONE", "2"))
    assert ((("Phone:", "2"), ("City/ST/Zip:", "Any City")), []) == templates.fit(PHONES, told)
    assert ((), []) == templates.fit(PHONES, (("Phone:", "1"), ("Phone:", "")))


def test_values_without_a_place_have_numbers() -> None:
    """37: no such prompt; 36: wider than the field, or no text of code page 850; 65: no template at all."""
    told = (("Phone:", "1" * 26), ("Room:", "7"), ("City/ST/Zip:", "Αθήνα"))
    assert ((), [(36, "Phone:"), (37, "Room:"), (36, "City/ST/Zip:")]) == templates.fit(PHONES, told)
    assert ((), [(65, "Phone:")]) == templates.fit(None, (("Phone:", "1"), ("Room:", "")))


def test_a_template_is_made_from_values_that_came_without_one() -> None:
    """Ours: each prompt gets a field with room for its longest value."""
    found = templates.made(None, [(("Phone:", "1"),), (("Phone:", "2" * 40), ("Room:", "7"))])
    assert [("Phone:", 40), ("Room:", 30)] == [(field.prompt, field.width) for field in found.fields]


def test_a_made_template_grows_and_keeps_its_lines() -> None:
    """Wider where a value needs it, longer where a prompt is new; all other lines stay as they are."""
    old = ListTemplate(("Phone:~10~25~A~~", "a comment", "Room:~10~5~N~1~"))
    found = templates.made(old, [(("ROOM", "1234567"), ("Car:", "VW"))])
    assert ("Phone:~10~25~A~~", "a comment", "Room:~10~7~N~1~", "Car:~20~30~A~~") == found.lines
    assert old == templates.made(old, [(("Phone:", "1"),)])


# -- INF -----------------------------------------------------------------------------------------------------------


@given(lists_of_values())
def test_values_are_read_as_they_were_written(case: tuple[ListTemplate, dict[int, Fields]]) -> None:
    """By tuple id, with accents, with and without a preamble."""
    template, values = case
    files = MemoryFiles({inf.inf_name(STEM): inf.write_inf(template, values)})
    assert values == inf.read_values(files, STEM, template).values


def test_the_size_of_a_record_is_given_by_the_template() -> None:
    """KB Q117927: the sum of the widths; ours has the tuple id in front, and a head of 16 bytes with our mark."""
    data = inf.write_inf(PHONES, {7: (("Phone:", "1"),), 8: (), 9: (("Phone:", "2"),)})
    assert 16 + 2 * (4 + 25 + 40) == len(data)
    assert layout.MARK == data[:4]


def test_fields_with_one_prompt_do_not_mix() -> None:
    """The first of them holds the value, the second stays empty."""
    template = ListTemplate(("Phone:~1~5~A~~", "Phone:~1~5~A~~", "phone~1~5~A~~"))
    files = MemoryFiles({inf.inf_name(STEM): inf.write_inf(template, {7: (("Phone:", "1"),)})})
    assert {7: (("Phone:", "1"),)} == inf.read_values(files, STEM, template).values


@pytest.mark.parametrize(
    ("data", "template", "code"),
    [
        (b"not ours, but encrypted", PHONES, 34),
        (inf.write_inf(PHONES, {7: (("Phone:", "1"),)})[:-1], PHONES, 34),
        (inf.write_inf(PHONES, {}), None, 33),
        (inf.write_inf(PHONES, {}), ListTemplate(("Phone:~10~25~A~~", "Town/ST/Zip:~10~40~A~~")), 36),
    ],
)
def test_values_that_cannot_be_had_say_why(data: bytes, template: ListTemplate | None, code: int) -> None:
    """34: not our file, or cut; 33: the template is gone; 36: it is another one. No value is taken for another's."""
    found = inf.read_values(MemoryFiles({inf.inf_name(STEM): data}), STEM, template)
    assert (code, {}) == (found.code, found.values)
    assert inf.inf_name(STEM) in found.problem


_STRICT = ListTemplate(("Phone:~1~9~A~~", "City:~1~9~A~~C:", "phone~1~9~A~~"))


@pytest.mark.parametrize(
    ("at", "new", "place", "field"),
    [
        (4 + 3, b"\0x", 4, "Phone:"),
        (4 + 9, b"D:Rome", 4 + 9, "City:"),
        (4 + 9, b"C:\0\0\0\0", 4 + 9, "City:"),
        (4 + 20, b"1", 4 + 20, "phone"),
        (0, b"\7", 0, "tuple id"),
        (4, bytes(20), 0, "record"),
    ],
    ids=["behind a value", "another preamble", "no value", "the second of two fields", "a second record", "nothing"],
)
def test_values_that_dxa_does_not_write_are_told_with_their_place(at: int, new: bytes, place: int, field: str) -> None:
    """A rewrite would lose them without a word."""
    values: dict[int, Fields] = {7: (("Phone:", "1"),), 9: (("Phone:", "12"), ("City:", "Rome"))}
    data = bytearray(inf.write_inf(_STRICT, values))
    second = 16 + inf.record_size(_STRICT)
    data[second + at : second + at + len(new)] = new

    with pytest.raises(FormatError) as caught:
        inf.read_inf(bytes(data), _STRICT, "INF/X.INF")
    error = caught.value
    assert (34, "INF/X.INF", second + place, field) == (error.code, error.source, error.offset, error.field)


@given(st.binary(max_size=200))
def test_bytes_that_are_no_values_harm_nobody(data: bytes) -> None:
    """Whatever lies in the file, there is an answer; what was read can be written again."""
    files = MemoryFiles({inf.inf_name(STEM): inf.write_inf(PHONES, {})[:16] + data})
    found = inf.read_values(files, STEM, PHONES)
    if found.code == 0:
        again = MemoryFiles({inf.inf_name(STEM): inf.write_inf(PHONES, found.values)})
        kept = {tid: fields for tid, fields in found.values.items() if fields}
        assert kept == inf.read_values(again, STEM, PHONES).values


def test_a_new_template_discards_the_values() -> None:
    """KB Q125920."""
    files = MemoryFiles()
    inf.write_template(files, STEM, PHONES)
    files.write(inf.inf_name(STEM), inf.write_inf(PHONES, {7: (("Phone:", "1"),)}))
    inf.write_template(files, STEM, PHONES)
    assert PHONES == templates.read_template(files, STEM)
    assert {} == inf.read_values(files, STEM, PHONES).values


def test_a_changed_template_keeps_the_values_that_it_has_room_for() -> None:
    """An administrator's change is no T record; what is lost is said."""
    files = MemoryFiles()
    inf.write_template(files, STEM, PHONES)
    values: dict[int, Fields] = {7: (("Phone:", "635 7022"), ("City/ST/Zip:", "Any City"))}
    files.write(inf.inf_name(STEM), inf.write_inf(PHONES, values))
    new = ListTemplate(("Room:~10~5~A~~", "Phone:~10~30~A~~"))
    assert ["prompt not found in template: City/ST/Zip:"] == inf.change_template(files, STEM, new)
    assert {7: (("Phone:", "635 7022"),)} == inf.read_values(files, STEM, new).values
