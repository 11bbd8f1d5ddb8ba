"""Drools, from the jar that drools-jpy brings: a generated Java program with the rules in Drools' own rule DSL.

One session for each layer, kept. `run` decides inside the JVM; `load` and `rows` cross between Python and Java as text.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.neutral import Customer
from bench.peers.rules import Batch, Decision, Layer, Rule, Specification, infix, layers

TYPES = {"num": ("Double", "Double.valueOf"), "bool": ("Boolean", "Boolean.valueOf"), "enum": ("String", "")}
CLASSES = tempfile.TemporaryDirectory()
PROGRAM = """
import java.util.*;
import org.drools.model.*;
import org.drools.model.impl.ModelImpl;
import org.drools.modelcompiler.KieBaseBuilder;
import org.kie.api.runtime.KieSession;
import org.kie.api.runtime.rule.FactHandle;
import static org.drools.model.PatternDSL.*;

public class DroolsPeer {
    public static class Customer { public final BitSet fired = new BitSet(); %(fields)s }

    static final KieSession[] SESSIONS = { %(sessions)s };
%(models)s
    public static Customer[] load(String[] lines) {
        Customer[] customers = new Customer[lines.length];
        for (int i = 0; i < lines.length; i++) {
            String[] part = lines[i].split("\\t", -1);
            Customer c = customers[i] = new Customer();
%(reads)s        }
        return customers;
    }

    public static Customer[] run(Customer[] customers) {
        for (Customer c : customers) {
            c.fired.clear();
%(steps)s        }
        return customers;
    }

    static void fire(int layer, Customer c) {
        FactHandle handle = SESSIONS[layer].insert(c);
        SESSIONS[layer].fireAllRules();
        SESSIONS[layer].delete(handle);
    }

    public static String[] rows(Customer[] customers) {
        String[] lines = new String[customers.length];
        for (int i = 0; i < lines.length; i++) {
            Customer c = customers[i];
            lines[i] = String.join("\\t", %(targets)s) + "\\t" + c.fired;
        }
        return lines;
    }
}
"""


def build(specification: Specification) -> Batch:
    """Write the program, compile it, and load it into a JVM in this process."""
    java = _java(specification)
    features = [feature["name"] for feature in specification["features"]]
    targets = [target["name"] for target in specification["targets"]]
    rules = [(rule["id"], rule["then"]["target"], rule["then"]["value"]) for rule in specification["rules"]]

    def load(customers: Sequence[Customer]) -> Any:
        lines = ["\t".join("" if one[name] is None else str(one[name]) for name in features) for one in customers]
        return java.load(lines)

    def rows(customers: Any) -> list[Decision]:
        return [row(line.split("\t")) for line in java.rows(customers)]

    def row(parts: list[str]) -> Decision:
        fired = [rules[int(number)] for number in parts[-1][1:-1].split(", ") if number]
        return dict(zip(targets, parts, strict=False)) | {
            "actions": [value for _, target, value in fired if target == "actions"],
            "fired": [name for name, _, _ in fired],
        }

    return Batch(load, java.run, rows)


def _java(specification: Specification) -> Any:
    spec = importlib.util.find_spec("drools")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("drools-jpy is not installed")
    jar = next(Path(spec.submodule_search_locations[0]).glob("jars/*.jar"))
    compiler = Path(shutil.which("javac") or "javac").resolve()
    os.environ.setdefault("JAVA_HOME", str(compiler.parent.parent))
    source = Path(CLASSES.name) / "DroolsPeer.java"
    source.write_text(_program(specification), encoding="utf-8")
    subprocess.run([compiler, "-nowarn", "-cp", jar, "-d", CLASSES.name, source], check=True, capture_output=True)
    import jpyutil

    # The JVM reads classes from the folder as long as the process lives.
    jpyutil.init_jvm(jvm_classpath=[str(jar), CLASSES.name], jvm_options=["-XX:+UseSerialGC"])
    import jpy

    return jpy.get_type("DroolsPeer")


def _program(specification: Specification) -> str:
    features, found = specification["features"], layers(specification)
    numbers = {rule["id"]: number for number, rule in enumerate(specification["rules"])}
    kinds = [(feature["name"], *TYPES[feature["type"]]) for feature in features]
    targets = [target["name"] for target in specification["targets"]]
    read = "            c.%s = part[%d].isEmpty() ? null : %s(part[%d]);\n"
    return PROGRAM % {
        "fields": " ".join(
            f"public {kind} {name};" for name, kind, _ in [*kinds, *((t, "String", "") for t in targets)]
        ),
        "sessions": ", ".join(f"model{layer.number}()" for layer in found),
        "models": "\n".join(line for layer in found for line in _model(layer, numbers)),
        "reads": "".join(read % (name, place, parse, place) for place, (name, _, parse) in enumerate(kinds)),
        "steps": "".join(line for place, layer in enumerate(found) for line in _step(place, layer, numbers)),
        "targets": ", ".join(f"c.{name}" for name in targets),
    }


def _model(layer: Layer, numbers: dict[str, int]) -> Iterator[str]:
    yield f"    static KieSession model{layer.number}() {{"
    yield "        Variable<Customer> v = declarationOf(Customer.class);"
    yield "        ModelImpl model = new ModelImpl();"
    for rule in layer.rules:
        tests = "".join(f".expr({json.dumps(test)}, c -> {test})" for test in _tests(rule))
        act = f"on(v).execute(c -> c.fired.set({numbers[rule['id']]}))"
        yield f'        model.addRule(rule("{rule["id"]}").build(pattern(v){tests}, {act}));'
    yield "        return KieBaseBuilder.createKieBaseFromModel(model).newKieSession();"
    yield "    }"


def _tests(rule: Rule) -> list[str]:
    """Return the parts of a conjunction one by one: Drools shares the same test between rules."""
    write = infix(_leaf, "&&", "||")
    return [write({"when": item}) for item in rule["when"].get("all", [rule["when"]])]


def _step(place: int, layer: Layer, numbers: dict[str, int]) -> Iterator[str]:
    yield f"            fire({place}, c);\n"
    for target, default in layer.defaults.items():
        value = json.dumps(default)
        for rule in reversed(layer.rules):
            if rule["then"]["target"] == target:
                value = f"c.fired.get({numbers[rule['id']]}) ? {json.dumps(rule['then']['value'])} : {value}"
        yield f"            c.{target} = {value};\n"


def _leaf(fact: str, operator: str, constant: Any) -> str:
    name = f"c.{fact}"
    match operator:
        case "missing":
            return f"{name} == null"
        case "present":
            return f"{name} != null"
        case "in":
            return f"({' || '.join(_leaf(fact, '==', one) for one in constant)})"
        case "==":
            return f"{_literal(constant)}.equals({name})"
        case "!=":
            return f"({name} != null && !{_literal(constant)}.equals({name}))"
        case _:
            return f"({name} != null && {name} {operator} {constant})"


def _literal(constant: Any) -> str:
    return f"Boolean.{str(constant).upper()}" if isinstance(constant, bool) else json.dumps(constant)
