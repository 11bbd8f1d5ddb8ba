"""JSON Schemas for editors: what they accept and refuse, and that they say what the loader says."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from referencing import Registry, Resource

from engine.cases import load_cases
from engine.errors import ProblemsError
from engine.load import pack_from_texts
from engine.load.form import Form
from engine.said import NOTHING, Said
from engine.schema import CASES, FACTS, PACK, RULES, TALK, Schema, schema_for, schema_text, schemas
from engine.schema.shapes import KEYS
from engine.yaml12 import read_yaml
from tests.commands.conftest import call_command
from tests.commands.language_server import LanguageServer, missing, running
from tests.conftest import ROOT
from tests.engine import sample
from tests.engine.corner_case_files import as_yaml, corner_cases, files_of, plain
from tests.engine.sample import sample_pack
from wiring import CATALOGUE, shipped_pack, shipped_rules

HOST = "https://valuelift.invalid/"
SHIPPED = shipped_pack()
FILES = sorted(path.relative_to(SHIPPED).as_posix() for path in SHIPPED.rglob("*.yaml"))
BROKEN = ROOT / "tests" / "broken"
SCHEMA_OF = {"catalogue": FACTS, "pack": PACK, "cases": CASES, "talk": TALK}
MARK = "# yaml-language-server: $schema="

NOT_SEEN = {
    # What takes a look at two places, or a calculation.
    "duplicate-id", "duplicate-id-row", "duplicate-id-candidate", "duplicate-id-rule", "fallback-cycle",
    "wrong-gate", "wrong-ladder", "wrong-bounds", "wrong-bounds-range", "wrong-bounds-level", "wrong-bounds-validity",
    "wrong-length-if", "wrong-length-then", "missing-in-order", "shared-output", "shared-output-default",
    "shared-output-fallback", "too-precise", "points-overflow", "points-overflow-sum", "wrong-output-best",
    "wrong-output-two", "tables/wrong-output-type", "unordered-level", "unknown-member-default",
    "not-comparable-constraint", "wrong-evidence", "wrong-fallback-range", "too-large-range", "duplicate-id-advice",
    "wrong-ladder-same", "wrong-ladder-memory", "out-of-range-together", "reserved-family", "duplicate-name-family",
    "wrong-type-actions", "out-of-range-day",
    # What a schema has no word for: digits, days of the calendar, placeholders in a text.
    "has-exponent", "too-many-digits", "no-such-day", "wrong-placeholder", "unknown-fact-placeholder",
    # Names that one declares in the same breath are offered, and others accepted.
    "unknown-rule", "unknown-enum", "unknown-enum-per", "unknown-enum-names", "unknown-fact-constraint",
    "unknown-fact-date", "unknown-fact-fallback", "unknown-evidence", "unsuited-key-replace",
}  # fmt: skip


def validators(made: Mapping[str, Schema]) -> dict[str, Draft7Validator]:
    """Return a validator for each schema."""
    registry: Registry[Any] = Registry().with_resources(
        (HOST + name, Resource.from_contents(schema)) for name, schema in made.items()
    )
    return {name: Draft7Validator({**schema, "$id": HOST + name}, registry=registry) for name, schema in made.items()}


@cache
def of_shipped() -> dict[str, Draft7Validator]:
    """Return the validators of the shipped pack."""
    return validators(schemas(shipped_rules().pack))


@cache
def of_sample() -> dict[str, Draft7Validator]:
    """Return the validators of the sample."""
    return validators(schemas(sample_pack()))


def refusals(validator: Draft7Validator, content: Any) -> list[str]:
    """Return what a schema has against a file."""
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in validator.iter_errors(content)]


# --- what is written -------------------------------------------------------------------------------------------------


def test_the_shipped_schemas_are_those_of_the_shipped_rules() -> None:
    """The schemas beside the shipped rules are what `valuelift rules schema` writes today."""
    for name, schema in schemas(shipped_rules().pack).items():
        text = (SHIPPED / "schema" / name).read_text(encoding="utf-8")
        assert text == schema_text(schema), f"{name} is out of date: run `valuelift rules schema`"
        assert json.loads(text) == schema


@pytest.mark.parametrize("path", [*(SHIPPED / name for name in FILES), CATALOGUE], ids=lambda path: path.name)
def test_every_shipped_file_names_its_schema(path: Path) -> None:
    """The first line leads an editor to the schema, which is there."""
    line = path.read_text(encoding="utf-8").splitlines()[0]
    assert line.startswith(MARK)
    schema = (path.parent / line.removeprefix(MARK)).resolve()
    name = "facts.yaml" if path == CATALOGUE else path.relative_to(SHIPPED).as_posix()
    assert schema == SHIPPED / "schema" / schema_for(name)
    assert schema.is_file()


def test_schemas_are_written_and_linked(tmp_path: Path) -> None:
    """The command writes the schemas of a pack of one's own, tells of files without link, and links them once."""
    folder = tmp_path / "own"
    (folder / "cases").mkdir(parents=True)
    manifest = {"pack": "own", "version": "1.0.0", "title": {"en": "Own", "zh": "本公司"}}
    (folder / "pack.yaml").write_text(as_yaml(manifest), encoding="utf-8-sig")
    (folder / "cases" / "all.yaml").write_text(
        "cases:\n  - {case: a, as_of: 2024-06-30, expect: {}}\n", encoding="utf-8"
    )
    answer = call_command("rules", "schema", "--pack", folder)
    assert answer.code == 0
    assert answer.lines == [
        f"{folder / 'schema'}: 6 schemas, 6 of them new or changed.",
        "2 files name no schema yet; --link puts a first line into each.",
    ]
    again = call_command("rules", "schema", "--pack", folder, "--link", "--json").json
    assert (again["written"], again["linked"]) == ([], ["pack.yaml", "cases/all.yaml"])
    first = (folder / "cases" / "all.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert first == f"{MARK}../schema/{CASES}"
    assert call_command("rules", "check", folder).code == 0
    assert call_command("rules", "schema", "--pack", folder, "--link", "--json").json["linked"] == []
    elsewhere = call_command("rules", "schema", "--pack", folder, "--out", tmp_path / "other", "--json").json
    assert elsewhere["folder"] == str(tmp_path / "other")
    assert set(elsewhere["written"]) == set(elsewhere["schemas"])


# --- what they accept and refuse -------------------------------------------------------------------------------------


def test_a_parameter_is_described_with_its_value_and_unit_in_both_languages() -> None:
    """An editor says them while one writes, Chinese without English words."""
    text = schema_text(schemas(shipped_rules().pack)[RULES])
    assert "progress counts as stalled (120 days) · 新客户停滞天数（120天）" in text
    assert "count as established (3 orders) · 视为老客户所需的最少订单数（3单）" in text


def test_the_schemas_are_schemas() -> None:
    """Each schema is one by the rules of its draft."""
    for schema in schemas(shipped_rules().pack).values():
        Draft7Validator.check_schema(schema)


@pytest.mark.parametrize("name", FILES)
def test_every_shipped_file_is_accepted(name: str) -> None:
    """The shipped files are right by their schemas."""
    assert refusals(of_shipped()[schema_for(name)], plain(read_yaml(SHIPPED / name))) == []


def test_the_catalogue_is_accepted() -> None:
    """The catalogue has the shape of `facts.yaml`."""
    assert refusals(of_shipped()[FACTS], plain(read_yaml(CATALOGUE))) == []


def test_the_sample_is_accepted() -> None:
    """The sample, which uses every shape of the language once, is right by the schemas made for it."""
    assert refusals(of_sample()[FACTS], plain(read_yaml(sample.CATALOGUE))) == []
    for path in sample.PACK.rglob("*.yaml"):
        name = path.relative_to(sample.PACK).as_posix()
        assert refusals(of_sample()[schema_for(name)], plain(read_yaml(path))) == [], name


def test_what_is_added_to_inherited_items_is_checked() -> None:
    """Rows, criteria and points under `add_to` are those of their items; nothing else of an item stands there."""
    row = {"id": "old", "if": ["established", "-"], "then": [5], "because": {"en": "Old.", "zh": "老客户。"}}
    for table, wrong in (({"rows": [row]}, False), ({"rows": [{**row, "than": [5]}]}, True), ({"hit": "any"}, True)):
        file = {"add_to": {"tables": [{"table": "risk", **table}]}}
        assert bool(refusals(of_sample()["rules.schema.json"], file)) is wrong


@pytest.mark.parametrize(
    ("name", "content"), list(corner_cases()), ids=lambda part: part if isinstance(part, str) else ""
)
def test_the_pack_of_every_corner_case_is_accepted(name: str, content: Mapping[str, Any]) -> None:
    """What the loader takes, the schemas take, in the odd corners of the language too."""
    files = files_of(content)
    pack = pack_from_texts({file: as_yaml(part) for file, part in files.items()})
    made = validators(schemas(pack))
    found = {file: refusals(made[FACTS if file == "catalog.yaml" else schema_for(file)], files[file]) for file in files}
    assert not any(found.values()), (name, found)


def broken_files() -> Iterator[str]:
    """Yield the broken files that are YAML at all."""
    for path in sorted(BROKEN.glob("*/*.yaml")):
        try:
            read_yaml(path)
        except ProblemsError:
            continue
        if path.parent.name != "yaml":
            yield path.relative_to(BROKEN).as_posix()


@pytest.mark.parametrize("name", list(broken_files()))
def test_a_broken_file_is_refused_if_a_schema_can_tell(name: str) -> None:
    """An editor marks what the loader refuses, except what is listed above as out of a schema's reach."""
    kind, _, file = name.partition("/")
    found = refusals(of_sample()[SCHEMA_OF.get(kind, RULES)], plain(read_yaml(BROKEN / name)))
    assert (found == []) == bool({name.removesuffix(".yaml"), Path(file).stem} & NOT_SEEN), found


# --- no drift --------------------------------------------------------------------------------------------------------

Asked = dict[str, tuple[set[str], set[str]]]
METHOD = "{pack: a, version: 1.0.0, title: {en: a, zh: a}, method: [{item: A1, title: {en: a, zh: a}}]}"
"""What the sample lacks."""

ONLY_FOR_SOME = {"collect", "order", "enum", "then"}
"""Keys that are required with some values of other keys."""


@pytest.fixture(scope="module")
def asked() -> Asked:
    """Return, for each kind of item in the sample, the keys that the loader asks for and those it requires."""
    found: Asked = defaultdict(lambda: (set(), set()))
    close, required = Form.close, Form.required

    def kind(form: Form) -> str:
        return re.sub(r"(?<=.) `.*", "", form.what)

    def watched_close(form: Form, *elsewhere: Mapping[str, Said]) -> None:
        found[kind(form)][0].update(form._asked)
        close(form, *elsewhere)

    def watched_required(form: Form, key: str, hint: Said = NOTHING) -> Any:
        found[kind(form)][1].add(key)
        return required(form, key, hint)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Form, "close", watched_close)
        patch.setattr(Form, "required", watched_required)
        load_cases(sample.PACK, sample_pack())
        pack_from_texts({"pack.yaml": METHOD})
    return dict(found)


@pytest.mark.parametrize(
    ("kind", "file", "path"),
    [
        ("rule", RULES, "definitions/rule"),
        ("an advice", RULES, "definitions/rule/properties/advise/anyOf/0/anyOf/1"),
        ("table", RULES, "definitions/table"),
        ("row", RULES, "definitions/table/properties/rows/items"),
        ("gate", RULES, "definitions/gate"),
        ("criterion", RULES, "definitions/gate/properties/criteria/items"),
        ("scorecard", RULES, "definitions/scorecard"),
        ("point rule", RULES, "definitions/scorecard/properties/points/items"),
        ("`points`", RULES, "definitions/scorecard/properties/points/items/properties/points/anyOf/2"),
        ("action", RULES, "definitions/action"),
        ("invariant", RULES, "definitions/invariant"),
        ("parameter", RULES, "definitions/param"),
        ("item", RULES, "definitions/item"),
        ("`rules.yaml`", RULES, ""),
        ("`count`", RULES, "definitions/rows.needs/properties/count"),
        ("`sum`", RULES, "definitions/rows.complaints/properties/sum"),
        ("`pack.yaml`", PACK, ""),
        ("the catalogue", FACTS, ""),
        ("enum", FACTS, "properties/enums/additionalProperties"),
        ("fact", FACTS, "definitions/fact"),
        ("`change`", FACTS, "definitions/fact/properties/change"),
        ("collection", FACTS, "properties/collections/additionalProperties"),
        ("a case", CASES, "properties/cases/items"),
        ("evidence", TALK, "properties/evidence/items"),
        ("track", TALK, "properties/tracks/items"),
    ],
)
def test_the_schemas_know_the_keys_that_the_loader_asks_for(kind: str, file: str, path: str, asked: Asked) -> None:
    """Whoever gives the language a key, or makes one required, does so in the schemas as well."""
    part: Any = of_sample()[file].schema
    for step in filter(None, path.split("/")):
        part = part[int(step)] if isinstance(part, list) else part[step]
    keys, required = asked[kind]
    assert set(part["properties"]) == keys
    assert set(part.get("required", ())) == required - ONLY_FOR_SOME


def test_every_key_is_explained() -> None:
    """Each key of the language has an explanation in both languages, and no explanation is left over."""
    explained = plain(read_yaml(KEYS))
    text = "".join((SHIPPED / "schema" / name).read_text(encoding="utf-8") for name in schemas(shipped_rules().pack))
    for key, says in explained.items():
        assert set(says) == {"en", "zh"}
        assert f'"{key}": ' in text, key


# --- in an editor ----------------------------------------------------------------------------------------------------

HEAD = f"""{MARK}schema/{RULES}
rules:
  - rule: a
    title: {{en: a, zh: b}}
    because: {{en: a, zh: b}}
"""
PLACE = SHIPPED / "new.yaml"


@pytest.fixture(scope="module")
def server() -> Iterator[LanguageServer]:
    """Return the YAML language server, at work over the shipped pack."""
    if reason := missing():
        pytest.skip(reason)
    with running(SHIPPED) as found:
        yield found


def offered(server: LanguageServer, text: str, path: Path = PLACE) -> dict[str, str]:
    """Return what is offered at the place that `|` marks, with what is said of each."""
    answer = server.at("completion", path, text)
    return {one["label"]: str(one.get("documentation", "")) for one in answer["items"]}


def said(server: LanguageServer, text: str) -> str:
    """Return what is shown when one hovers over the place that `|` marks."""
    content: str = server.at("hover", PLACE, text)["contents"]["value"]
    return content


def messages(server: LanguageServer, text: str) -> list[str]:
    """Return the problems that are marked in a text."""
    return [one["message"] for one in server.problems(PLACE, text)]


@pytest.mark.parametrize(
    "name", ["pack.yaml", "facts.yaml", "actions.yaml", "rails.yaml", "value.yaml", "gates-up.yaml", "trade.yaml",
             "needs.yaml", "cases/chain.yaml", "talk/people.yaml", "charter/charter.yaml"]
)  # fmt: skip
def test_an_editor_marks_nothing_in_shipped_files(name: str, server: LanguageServer) -> None:
    """Every kind of file is fine in an editor, found by its first line."""
    assert server.problems(SHIPPED / name) == []


def test_an_editor_offers_facts(server: LanguageServer) -> None:
    """In a condition the customer's facts and collections are offered, in a row's condition those of the row."""
    of_customer = offered(server, f"{HEAD}    when:\n      |\n")
    assert {"any", "stage", "days_in_stage", "perception.product", "complaints"} <= of_customer.keys()
    assert "severity" not in of_customer
    of_row = offered(server, f"{HEAD}    when:\n      complaints:\n        any:\n          |\n")
    assert {"severity", "customer.stage"} <= of_row.keys()
    assert "stage" not in of_row
    each = offered(server, f"{HEAD}    each: complaints\n    when:\n      |\n")
    assert {"severity", "customer.stage"} <= each.keys()
    concluded = offered(server, f"{HEAD}    when: {{}}\n    set:\n      |\n")
    assert "assessed_stage" in concluded
    assert "days_in_stage" not in concluded


def test_an_editor_offers_members(server: LanguageServer) -> None:
    """A category's members are offered with their titles, alone, in a list and behind an operator."""
    for written in ("stage: |", "stage: [new, |]", "stage: {is_not: |}"):
        found = offered(server, f"{HEAD}    when:\n      {written}\n")
        assert found["strategic"] == "strategic partner · 战略合作者", written


def test_an_editor_offers_operators_parameters_actions_and_items(server: LanguageServer) -> None:
    """Operators of the fact's type, parameters that fit, actions and items of the method are offered with meaning."""
    operators = offered(server, f"{HEAD}    when:\n      days_in_stage:\n        |\n")
    assert operators["at_least"] == "This or more.\n\n不低于。"
    assert "has" not in operators
    parameters = offered(server, f"{HEAD}    when:\n      days_in_stage: {{at_least: {{param: |}}}}\n")
    assert "120 day" in parameters["stalled_after_days.new"]
    actions = offered(server, f"{HEAD}    when: {{}}\n    advise: [|]\n")
    assert "拜访客户" in actions["visit-customer"]
    assert "新客户" in offered(server, f"{HEAD}    when: {{}}\n    sources: [|]\n")["S3"]
    case = f"{MARK}../schema/{CASES}\ncases:\n  - case: a\n    as_of: 2024-06-30\n    expect: {{fired: [|]}}\n"
    assert "rails-new" in offered(server, case, SHIPPED / "cases" / "new.yaml")


def test_an_editor_explains(server: LanguageServer) -> None:
    """Hovering over a fact shows its title, type and unit, over a key what it means, each once."""
    fact = said(server, f"{HEAD}    when:\n      days_in_st|age: {{at_least: 3}}\n")
    assert fact.startswith("#### Days in this stage · 本阶段天数\n\ninteger, measured, 0 to 100000, in day\n")
    assert "The condition. All its lines must hold." in said(server, f"{HEAD}    wh|en:\n      stage: new\n")


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("stage: {at_least: new}", "Property at_least is not allowed."),
        ("days_in_stage: {atleast: 3}", "Property atleast is not allowed."),
        ("days_in_stge: 3", "Property days_in_stge is not allowed."),
        ("stage: nwe", 'Value is not accepted. Valid values: "potential", "target", "new"'),
        ("flags: silent", 'Incorrect type. Expected "has, has_any, has_all, has_none".'),
        ("needs: {any: {tir: core}}", "Property tir is not allowed."),
        ("complaints: {count: {where: {severity: high}}}", 'Missing property "at_least".'),
        ("days_in_stage: {at_least: {param: nope}}", "Value is not accepted. Valid values: "),
    ],
)
def test_an_editor_marks_what_is_wrong(condition: str, message: str, server: LanguageServer) -> None:
    """A wrong operator, fact, member, row fact or parameter is marked with one message that says so."""
    (found,) = messages(server, f"{HEAD}    when:\n      {condition}\n    set: {{move: up}}\n")
    assert found.startswith(message)
