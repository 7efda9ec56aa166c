from pathlib import Path

import attrs
import pytest

from dxa.config import Finding, check, load
from dxa.config.model import EXPORT_KEYS, IMPORT_KEYS, RULE_KEYS
from dxa.errors import ConfigError, NotFoundError
from dxa.host import Host
from dxa.plan import Limits
from tests.config.samples import CONNECTORS, MEMORY, OLD, SERVER, SITE, problems, site, warnings

PEER = """
[links.post.peers."LAB/ONE"]
no_password = true
"""


def test_a_minimal_site_loads_with_its_defaults() -> None:
    """A site needs its two names only; its files lie in the folder of the configuration."""
    found = site('[site]\norganization = "Lab"\nname = "HQ"\n')

    assert ("Lab", "HQ") == (found.organization, found.name)
    assert "sqlite:////site/dxa.db" == found.database
    assert Path("/site/dxa.numbers") == found.high_water
    assert (30, 90, 14) == (found.keep_messages_days, found.keep_runs_days, found.keep_cuts_days)
    assert {} == found.links


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite:///data/site.db", "sqlite:////site/data/site.db"),
        ("sqlite:////var/site.db", "sqlite:////var/site.db"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("sqlite://", "sqlite://"),
        ("postgresql://host/dxa", "postgresql://host/dxa"),
    ],
)
def test_only_the_path_of_a_sqlite_file_is_taken_from_the_folder(url: str, expected: str) -> None:
    """The path of a SQLite file is relative to the site's folder; other URLs stay as they are."""
    assert expected == site(SITE, f'database = "{url}"\n').database


def test_a_link_without_many_peers_is_its_own_peer() -> None:
    """A link whose connector has one peer has one peer of its name, with the link's rules."""
    found = site(SITE, MEMORY)

    (peer,) = found.peers()
    assert ("mem/mem", "mem", "mem") == (peer.id, peer.link, peer.name)
    assert "Foreign/Memory" == peer.imports.container
    assert ("Staff",) == peer.exports.containers
    assert "MEM" == peer.exports.site_type
    assert None is peer.password
    assert "memory" == found.links["mem"].options.name


def test_every_problem_is_reported_at_once_with_its_key() -> None:
    """Problems of every kind, also those of a connector's own options, come together, each under its dotted key."""
    found = problems(
        '[site]\norganization = " "\n',
        "[guards]\nshrink_percent = 200\nempty = 1\n",
        "[addressing]\numlauts = 'swiss'\ntemplates = {MS = '{network}/x'}\n",
        SERVER.replace('"server"', '"servant"'),
        "import_trust = 300\nfilters_in = [{pattern = 'a'}, 3]\n",
        "export_trust = '20'\nappend_name = 0\nexpot_lists = false\ncode_page = 'cp0'\n",
        "[links.post.post]\nnetwork = 'SMTP'\nwidth = 11\npth = 'x'\n",
        '[links.post.peers."LAB/ONE"]\nlimit = -1\n',
        '[links.post.peers."LAB/ONE".post]\ndelay = "long"\n',
    )

    assert "addressing.templates: MS: unknown {network}" == found.pop(_index(found, "addressing.templates"))[:43]
    assert [
        "addressing.umlauts: must be one of german, nordic, plain, got 'swiss'",
        "guards.empty: must be true or false, got 1",
        "guards.shrink_percent: must be between 0 and 100, got 200.0",
        "links.post.append_name: must be true or false, got 0",
        "links.post.code_page: unknown code page 'cp0'",
        "links.post.export_trust: must be a whole number, got '20'",
        'links.post.expot_lists: unknown key; did you mean "export_lists"?',
        "links.post.filters_in.1.field: is missing",
        "links.post.filters_in.2: must be a table, got 3",
        "links.post.import_trust: must be between 0 and 100, got 300",
        'links.post.peers."LAB/ONE".limit: must not be negative, got -1',
        'links.post.peers."LAB/ONE".password: is missing; write no_password = true if this peer has none',
        "links.post.peers.\"LAB/ONE\".post.delay: must be a number, got 'long'",
        "links.post.post.network: is a reserved name: SMTP",
        'links.post.post.pth: unknown key; did you mean "path"?',
        "links.post.post.width: must be <= 10: 11",
        "links.post.role: must be one of server, requestor, got 'servant'",
        "site.name: is missing",
        "site.organization: must not be empty",
    ] == sorted(found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 1", ["x: unknown key", "site: is missing"]),
        ("site = 3", ["site: must be a table, got 3"]),
        (SITE + "links = 3", ["site.links: unknown key"]),
        (SITE + "[links]\na = 3", ["links.a: must be a table, got 3"]),
        (
            SITE + '[links."a/b"]\nconnector = "memory"\nimport_container = "F"',
            ['links."a/b": a link\'s name must not be empty nor contain a slash'],
        ),
        (SITE + "[links.a]", ["links.a.connector: is missing", "links.a.import_container: is missing"]),
        (SITE + MEMORY + "peers = 3", ["links.mem.peers: must be a table, got 3"]),
        (SITE + MEMORY + "memory = 3", ["links.mem.memory: must be a table, got 3"]),
        (SITE + SERVER + "[links.post.peers]\na = 3", ["links.post.peers.a: must be a table, got 3"]),
        ("[site", ["not TOML: Expected ']' at the end of a table declaration (at end of document)"]),
    ],
)
def test_whatever_the_text_holds_it_ends_in_problems(text: str, expected: list[str]) -> None:
    """A text of another shape than expected is reported by key and never breaks the reading."""
    assert sorted(expected) == sorted(problems(text))


def _index(found: list[str], start: str) -> int:
    return next(n for n, text in enumerate(found) if text.startswith(start))


@pytest.mark.dx("T-017")
def test_what_is_needed_to_run_is_asked_for_at_the_start() -> None:
    """A link without an import container, connector or registered server is no link that fails again and again."""
    assert ["links.post.import_container: is missing"] == problems(
        SITE, SERVER.replace('import_container = "Foreign"', "")
    )
    assert ["links.post.peers: a requestor has one peer, its server; found 0"] == problems(
        SITE, SERVER.replace('"server"', '"requestor"')
    )


@pytest.mark.dx("T-017")
def test_a_missing_or_unreadable_file_is_named(tmp_path: Path) -> None:
    """The error about the file names it and says what to do."""
    with pytest.raises(ConfigError, match=r"dxa\.toml: 1 problem.*\n.*`dxa init` writes one"):
        load(tmp_path, CONNECTORS)
    (tmp_path / "dxa.toml").write_bytes(b'[site]\nname = "\xfc"')
    with pytest.raises(ConfigError, match="byte 15 is not UTF-8"):
        load(tmp_path / "dxa.toml", CONNECTORS)
    assert [Finding("", "byte 15 is not UTF-8")] == check(tmp_path, CONNECTORS)


def test_a_file_with_a_byte_order_mark_loads(tmp_path: Path) -> None:
    """What some editors put in front of UTF-8 does no harm."""
    (tmp_path / "dxa.toml").write_text(SITE, encoding="utf-8-sig")

    assert "HQ" == load(tmp_path, CONNECTORS).name


def test_an_unknown_connector_is_one_problem() -> None:
    """The tables of a connector that is not installed are not reported key by key."""
    text = (
        SERVER.replace('"post"', '"pots"')
        + "[links.post.pots]\na = 1\n"
        + PEER
        + '[links.post.peers."LAB/ONE".pots]\nb = 1\n'
    )

    hint = "`dxa plugins` shows plugins that failed or are left out"
    hint += ". Without the link's tables the others run, and its people stay"
    assert [f"links.post.connector: no connector 'pots'; did you mean \"post\"? {hint}"] == problems(SITE, text)
    assert [f"links.mem.connector: no connector 'x'; there are: memory, post; {hint}"] == problems(
        SITE, MEMORY.replace('"memory"', '"x"')
    )


def test_a_role_belongs_to_connectors_that_have_some() -> None:
    """A connector with roles needs one, a connector without has none."""
    assert ["links.mem.role: must be left out: memory has no roles, got 'server'"] == problems(
        SITE, MEMORY, 'role = "server"\n'
    )
    assert ["links.post.role: is missing; it must be one of server, requestor"] == problems(
        SITE, SERVER.replace('role = "server"', "")
    )


def test_peers_belong_to_connectors_that_have_many() -> None:
    """A link that is its only peer takes no further ones."""
    assert ["links.mem.peers: a link of memory is its only peer; leave this out"] == problems(
        SITE, MEMORY, PEER.replace("post", "mem")
    )


@pytest.mark.dx("T-153")
def test_no_password_is_said_and_warned_of(tmp_path: Path) -> None:
    """A peer has a password or says that it has none; the latter is warned of, both together are refused."""
    at = 'links.post.peers."LAB/ONE"'
    nothing, both = PEER.replace("no_password = true", ""), PEER + 'password = "x"\n'

    assert [f"{at}.password: is missing; write no_password = true if this peer has none"] == problems(
        SITE, SERVER, nothing
    )
    assert [f"{at}.password: given together with no_password = true; leave one out"] == problems(SITE, SERVER, both)
    assert [f"{at}.password: is empty"] == problems(SITE, SERVER, nothing, 'password = ""\n')
    assert [f"{at}.no_password: anybody who can send from its address can change its entries"] == warnings(
        tmp_path, SITE, SERVER, PEER
    )


@pytest.mark.dx("T-152", "T-164", "T-242")
def test_a_name_that_begins_with_another_is_another_peer() -> None:
    """Peers are told apart by their whole names, ignoring case."""
    found = site(SITE, SERVER, PEER, PEER.replace("ONE", "ONETWO"))

    assert "post/LAB/ONE" == found.peer("POST/lab/one").id
    assert "post/LAB/ONETWO" == found.peer("lab/onetwo").id
    with pytest.raises(NotFoundError):
        found.peer("LAB/ON")


def test_names_that_differ_by_case_only_are_one_name() -> None:
    """Two links, peers or lists of peers must not have one name."""
    twice = PEER.replace("ONE", "One") + 'own_lists = ["lab/annex"]\n'

    assert [
        'links.post.peers."LAB/One": the list \'LAB/One\' is already links.post.peers."LAB/ONE"',
        'links.post.peers."LAB/One".own_lists: the list \'lab/annex\' is already links.post.peers."LAB/ONE".own_lists',
    ] == problems(SITE, SERVER, PEER, 'own_lists = ["LAB/ANNEX"]\n', twice)
    assert ["links.MEM: link 'MEM' is already links.mem"] == problems(SITE, MEMORY, MEMORY.replace(".mem", ".MEM"))


def test_a_peer_that_is_asked_for_by_name_must_be_the_only_one() -> None:
    """A peer's name is enough unless two links have it."""
    found = site(SITE, SERVER, PEER, SERVER.replace("links.post", "links.two"), PEER.replace("links.post", "links.two"))

    assert "two/LAB/ONE" == found.peer("two/LAB/ONE").id
    with pytest.raises(NotFoundError, match="several peers are called 'LAB/ONE': post/LAB/ONE, two/LAB/ONE"):
        found.peer("LAB/ONE")
    assert "two" == found.link("TWO").name
    with pytest.raises(NotFoundError, match="no link 'three'; configured are: post, two"):
        found.link("three")


def test_a_peer_overrides_its_link_key_by_key() -> None:
    """What a peer leaves out is its link's; tables are merged, lists replaced, guards taken from all three levels."""
    found = site(
        SITE,
        "[guards]\nshrink_count = 7\n",
        SERVER,
        "export_custom = {manual = true}\nfilters_out = [{field = 'name', pattern = 'x'}]\ncode_page = 'cp437'\n",
        "guards = {shrink_percent = 5}\n",
        PEER,
        "export_custom = {imported = false}\nfilters_out = []\nimport_trust = 70\nappend_name = true\n",
        "guards = {tail = false}\ntypes = ['post']\n",
    )

    peer = found.peer("LAB/ONE")
    assert (True, False) == (peer.exports.manual_custom, peer.exports.imported_custom)
    assert () == peer.exports.filters
    assert ("Foreign", 70, "LAB/ONE") == (peer.imports.container, peer.imports.trust, peer.imports.append_name)
    assert "cp437" == peer.names.code_page == peer.options["code_page"]
    assert frozenset({"POST"}) == peer.types
    assert attrs.asdict(Limits(shrink_count=7, shrink_percent=5.0, tail=False)) == attrs.asdict(peer.guards)


def test_a_peer_has_its_connector_s_options_for_the_wire() -> None:
    """Settings that only matter on the wire come as one mapping, the connector's own among them."""
    found = site(SITE, SERVER, PEER, 'reply_mailbox = "SYS"\n[links.post.peers."LAB/ONE".post]\ndelay = 2\n')

    assert {"code_page": "cp850", "type_case": "upper", "reply_mailbox": "SYS", "delay": 2.0} == found.peer(
        "LAB/ONE"
    ).options


def test_a_peer_cannot_have_an_empty_import_container() -> None:
    """What a peer gives itself must be as good as what its link must give."""
    assert ['links.post.peers."LAB/ONE".import_container: must not be empty'] == problems(
        SITE, SERVER, PEER, 'import_container = ""\n'
    )


@pytest.mark.dx("T-022")
def test_a_filter_s_pattern_may_hold_commas_and_quotes() -> None:
    """A pattern is a value of its own: nothing in it separates."""
    found = site(
        SITE, MEMORY, """filters_out = [{field = "Department", pattern = 'Sales, "EMEA"; x', action = "include"}]"""
    )

    (rule,) = found.peer("mem").exports.filters
    assert ("department", 'Sales, "EMEA"; x', True) == (rule.field, rule.pattern, rule.include)


@pytest.mark.dx("T-012")
def test_exporting_nothing_is_warned_of_once(tmp_path: Path) -> None:
    """A link without export containers is warned of once for all its peers; a peer that has none, by itself."""
    no_containers = SERVER.replace('export_containers = ["Staff"]', "")
    peers = PEER.replace("no_password = true", 'password = "env:HOME"') + PEER.replace("ONE", "TWO").replace(
        "no_password = true", 'password = "env:HOME"'
    )

    assert ["links.post.export_containers: is empty: nothing is exported"] == warnings(
        tmp_path, SITE, no_containers, peers
    )
    assert ['links.post.peers."LAB/TWO".export_containers: is empty: nothing is exported'] == warnings(
        tmp_path, SITE, SERVER, peers, "export_containers = []\n"
    )


def test_nobody_to_tell_is_warned_of(tmp_path: Path) -> None:
    """A site without administrator is warned of, unless a command gets the notices."""
    alone = '[site]\norganization = "Lab"\nname = "HQ"\n'

    assert ["site.administrator: nobody is told when something needs a person"] == warnings(tmp_path, alone)
    assert [] == warnings(tmp_path, alone, 'administrator_command = ["mail", "root"]\n')
    assert ("site.administrator: nobody is told when something needs a person",) == site(alone).warnings


@pytest.mark.dx("T-077")
def test_co_owners_may_be_peers_that_are_gone(tmp_path: Path) -> None:
    """A co-owner that is not configured is a warning: its entries may still be there."""
    found = site(SITE, SERVER, PEER, 'co_owners = ["old/LAB/OLD"]\n')

    assert frozenset({"old/LAB/OLD"}) == found.peer("LAB/ONE").imports.co_owners
    assert [
        'links.post.peers."LAB/ONE".co_owners: no peer \'old/LAB/OLD\' is configured; did you mean "post/LAB/ONE"?'
    ] == [warning for warning in found.warnings if "co_owners" in warning]


def test_address_types_are_checked_when_they_are_known() -> None:
    """With the registered address types, unknown ones are problems; in templates, which may wait for a plugin, not."""
    types = Host(discover=False).address_types()
    text = SITE.replace("POST:LAB/HQ/ADMIN", "MEM:admin") + SERVER + PEER

    assert [] == problems(text, '[addressing]\ntemplates = {FAX = "1"}\n', types=types)
    assert ["links.post.peers.\"LAB/ONE\".types: no plugin knows the address type 'FAX'"] == problems(
        text, 'types = ["mem", "FAX"]\n', types=types
    )
    assert ["site.administrator: unknown address type: 'POST'"] == problems(SITE, types=types)
    assert ["site.administrator: must be TYPE:address, got 'admin'"] == problems(
        SITE.replace("POST:LAB/HQ/ADMIN", "admin")
    )


@pytest.mark.dx("T-100")
def test_a_file_for_a_later_version_is_refused() -> None:
    """A file whose format is newer than this program is not guessed at."""
    assert ["site.format: this dxa reads format 1; the file was written for another version"] == problems(
        SITE, "format = 2\n"
    )


# -- digests -------------------------------------------------------------------------------------------------------


@pytest.mark.dx("T-014")
def test_golden() -> None:
    """A configuration of the first release has the same export sets for ever, so no upgrade changes who is exported."""
    found = {peer.id: (peer.export_digest, peer.import_digest) for peer in site(OLD).peers()}

    assert GOLDEN == found


@pytest.mark.dx("T-014")
def test_every_rule_has_its_place_in_the_digests() -> None:
    """Each key of the rules decides about exports, about imports, or about the wire only."""
    assert {"type_case", "templates"} == RULE_KEYS - EXPORT_KEYS - IMPORT_KEYS


@pytest.mark.parametrize(
    ("added", "exports", "imports"),
    [
        ("type_case = 'lower'\n", False, False),
        ("export_trust = 20\nimport_trust = 20\n", False, False),
        ("export_lists = false\n", True, False),
        ("name_length = 31\n", True, False),
        ("hidden_exceptions = ['A']\n", True, False),
        ("import_trust = 30\n", False, True),
        ("filters_in = [{field = 'name', pattern = 'x'}]\n", False, True),
        ("attributes = {'Phone:' = 'phone'}\n", True, True),
        ("guards = {tail = false}\n", False, False),
    ],
)
def test_a_digest_changes_with_what_it_stands_for(added: str, exports: bool, imports: bool) -> None:
    """What decides about the view changes the export digest, likewise for imports; a default written out does not."""
    before, after = site(SITE, MEMORY).peer("mem"), site(SITE, MEMORY, added).peer("mem")

    assert exports == (before.export_digest != after.export_digest)
    assert imports == (before.import_digest != after.import_digest)


def test_peers_with_equal_export_rules_share_a_view() -> None:
    """Only export rules decide which view a peer sees, and the order of containers and filters does not matter."""
    one = PEER + "export_containers = ['A', 'B']\nimport_trust = 3\n"
    two = PEER.replace("ONE", "TWO") + "export_containers = ['B', 'A']\n"
    three = PEER.replace("ONE", "THREE") + "export_containers = ['A']\n"
    found = [site(SITE, SERVER, one, two, three).peer(f"LAB/{name}") for name in ("ONE", "TWO", "THREE")]

    assert found[0].view == found[1].view != found[2].view
    assert found[0].import_digest != found[1].import_digest


#: Export and import digest by peer. A change here means that an upgrade evaluates everything anew, perhaps otherwise.
GOLDEN = {
    "mem/mem": ("fa3144e2dcf2f36f408af713c894deae", "1965a03f0509d9de523a540ba6a1809c"),
    "post/LAB/ONE": ("8e025a4b20793f809ea736143e1e451d", "b9dca8428a8f67a476fb6bd36cd4475a"),
    "post/LAB/TWO": ("a294f6d72f476d0e42e59c6e652c05be", "331df391111ad198fd0a7ddb9f8f6034"),
}
