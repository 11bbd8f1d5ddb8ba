"""Rules and texts kept for the next command: read while nothing has changed, and never in place of what has."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import wiring.rules
from common.texts import FOLDER, read_texts
from facts import kept_forms
from facts.store import Store
from tests.commands.test_packs import LOCAL
from tests.conftest import ROOT
from tests.engine.exact import exact
from wiring import Rules, load_rules, rules_in_use, shipped_pack, shipped_rules, use_rules


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder in which nothing is kept yet."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("VALUELIFT_CACHE", str(folder))
    return folder


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return the folders of packs that are loaded from YAML, as they are loaded."""
    seen: list[Path] = []

    def load(folder: Path) -> Rules:
        seen.append(folder)
        return load_rules(folder)

    monkeypatch.setattr(wiring.rules, "load_rules", load)
    return seen


def anew() -> Rules:
    """Return the shipped rules as a new process finds them."""
    return shipped_rules.__wrapped__()


def shown(rules: Rules) -> tuple[object, object]:
    """Return everything about rules."""
    return exact(rules.pack), exact(rules.program)


def test_the_second_command_reads_no_yaml(cache: Path, loads: list[Path]) -> None:
    """What is kept is what would be loaded, and only this user can write it."""
    first, second = anew(), anew()
    assert loads == [shipped_pack()]
    assert shown(second) == shown(first) == shown(load_rules(shipped_pack()))
    assert second.program.stamp == first.program.stamp
    (form,) = cache.iterdir()
    assert (cache.stat().st_mode & 0o777, form.stat().st_mode & 0o777) == (0o700, 0o600)


def test_what_is_damaged_is_loaded_anew(cache: Path, loads: list[Path]) -> None:
    """A changed byte, a cut end or an empty file: the pack is loaded from YAML, and kept whole again."""
    expected = shown(anew())
    (form,) = cache.iterdir()
    whole = form.read_bytes()
    other = whole.replace(b'"core"', b'"none"', 1)
    assert other != whole
    for damaged in (other, whole[:-20], whole[65:], b""):
        form.write_bytes(damaged)
        assert shown(anew()) == expected
        assert form.read_bytes() == whole
    assert len(loads) == 5


@pytest.mark.skipif(os.name == "nt", reason="there are no such permissions")
def test_a_folder_that_others_may_write_to_is_not_trusted(cache: Path, loads: list[Path]) -> None:
    """Somebody else could have put another pack's rules there."""
    anew()
    cache.chmod(0o770)
    anew()
    assert len(loads) == 2


def test_a_folder_that_cannot_be_made_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loads: list[Path]
) -> None:
    """Where nothing can be kept, or shall be, everything is loaded as ever."""
    (tmp_path / "file").touch()
    for place in (str(tmp_path / "file" / "cache"), ""):
        monkeypatch.setenv("VALUELIFT_CACHE", place)
        assert shown(anew()) == shown(anew())
    assert len(loads) == 4
    assert {each.name for each in tmp_path.iterdir()} == {"file"}


def test_what_has_changed_reads_no_old_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loads: list[Path]) -> None:
    """A new version of what makes rules, of the catalogue or of the pack does not see what an old one kept."""
    for folder in ("engine", "facts", "rulesets/value_marketing"):
        shutil.copytree(wiring.ROOT / folder, tmp_path / folder)
    monkeypatch.setattr(wiring.rules, "ROOT", tmp_path)
    monkeypatch.setattr(wiring.rules, "CATALOGUE", tmp_path / "facts" / "catalog.yaml")
    for name in (
        "engine/load/values.py",
        "engine/model.py",
        "facts/catalog.yaml",
        "rulesets/value_marketing/pack.yaml",
    ):
        loads.clear()
        anew()
        anew()
        assert len(loads) == 1
        with (tmp_path / name).open("a", encoding="utf-8") as file:
            file.write("# changed\n")
    anew()
    assert len(loads) == 2


def test_all_the_code_that_makes_rules_is_looked_at() -> None:
    """Whatever module of ours takes part in loading a pack and keeping it, a change in it is another version."""
    code = (
        "import sys; from pathlib import Path; from wiring import *; before = set(sys.modules)\n"
        "from engine.plain import to_plain\n"
        "r = load_rules(shipped_pack()); to_plain((r.pack, r.program))\n"
        "print(*(m.__file__ for n, m in sys.modules.items() if n.startswith('engine.')), sep='\\n')"
    )
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT)
    used = {Path(line).resolve() for line in said.stdout.splitlines()}
    known = {path for each in wiring.MADE_BY for path in (ROOT / "engine").glob(f"{each}.py")}
    assert len(used) > 25
    assert used <= known


def test_a_pack_in_use_is_kept_by_what_the_store_says(store_url: str, tmp_path: Path, loads: list[Path]) -> None:
    """A pack that extends another comes back as well; another version, and the one before again, each as itself."""
    shutil.copytree(shipped_pack(), tmp_path / "value_marketing")
    (tmp_path / "local").mkdir()
    manifest = tmp_path / "local" / "pack.yaml"
    store = Store.create(store_url)
    found = {}
    for version in ("1.0.0", "1.1.0"):
        manifest.write_text(LOCAL.replace("1.0.0", version), encoding="utf-8")
        use_rules(store, manifest.parent, "ann")
        loads.clear()
        found[version] = rules_in_use(store)
        assert len(loads) == 1
        kept = rules_in_use(store)
        assert len(loads) == 1
        assert kept.program.stamp.version == version
        assert shown(kept) == shown(found[version])
        assert kept.program.stamp == load_rules(manifest.parent).program.stamp
    store.close()


def test_only_those_used_last_are_kept(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What no command reads any more does not pile up; what one reads stays."""
    monkeypatch.setattr(kept_forms, "KEPT", 3)
    for number in range(5):
        kept_forms.keep(f"form-{number}", str(number))
        os.utime(cache / f"form-{number}", (number, number))
    assert {each.name for each in cache.iterdir()} == {"form-2", "form-3", "form-4"}
    assert kept_forms.kept("form-2") == "2"
    kept_forms.keep("form-5", "5")
    assert {each.name for each in cache.iterdir()} == {"form-2", "form-4", "form-5"}
    assert kept_forms.kept("form-0") is None


def test_texts_are_kept_too(cache: Path) -> None:
    """They come back in both languages as they stand in their file."""
    assert read_texts("command-line") == read_texts("command-line")
    (form,) = cache.iterdir()
    assert form.name == kept_forms.digest_of([FOLDER / "command-line.yaml"])
    form.write_text("damaged", encoding="utf-8")
    assert read_texts("command-line")["comma"] == {"en": ", ", "zh": "、"}
