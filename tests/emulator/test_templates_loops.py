"""Loops of templates, and resources with symbolic names: what compilers of Bicep write."""

from __future__ import annotations

from typing import Any

import pytest
from acr_emulator.deployments.templates import evaluation
from acr_emulator.deployments.templates.invalid_template import TemplateError
from acr_emulator.deployments.templates.runtime_references import Fetch, NeededError

from tests.emulator.template_samples import GROUP, order, output, template, thing
from tests.support.emulator_wording import NO_COUNT_OR_NAME, NOT_AT_THIS_LOCATION

THINGS = f"{GROUP}/providers/My.Own/things"


def loop(count: Any, name: str = "loop", **more: Any) -> dict[str, Any]:
    """The copy of a resource."""
    return {"name": name, "count": count, **more}


def bodies(**sections: Any) -> dict[str, Any]:
    """The bodies of all resources by their names, in order."""
    made = template(**sections)
    return {step.resource.name: made.body(step.resource, {}) for step in made.resources}


def test_a_loop_makes_a_resource_for_each_index() -> None:
    looped = thing(
        "[format('a{0}', copyIndex('LOOP', 1))]",
        copy=loop("[length(parameters('names'))]"),
        tags={"name": "[parameters('names')[copyIndex()]]"},
    )
    names = {"names": {"type": "array", "defaultValue": ["x", "y"]}}
    assert bodies(parameters=names, resources=[looped]) == {
        "a1": {"tags": {"name": "x"}},
        "a2": {"tags": {"name": "y"}},
    }


def test_a_dependency_on_a_loop_is_on_all_of_it_or_on_one() -> None:
    looped = thing("[concat('a', copyIndex())]", copy=loop(2))
    assert order(thing("z", dependsOn=["Loop"]), looped) == ["a0", "a1", "z"]
    assert order(thing("z", dependsOn=["a0"]), looped) == ["a0", "z", "a1"]
    assert order(thing("z", dependsOn=["loop"]), thing("a", copy=loop(0))) == ["z"]
    read = thing("z", properties={"x": "[reference(concat('a', 1)).x]"})
    assert order(read, looped) == ["a0", "a1", "z"]
    with pytest.raises(TemplateError, match="The resource '' is not defined"):
        template(resources=[looped, thing("z", dependsOn=[""])])  # it has no symbolic name


@pytest.mark.parametrize(
    ("more", "waits_for"),
    [
        ({}, [[], [], [], []]),
        ({"mode": "Parallel"}, [[], [], [], []]),
        ({"mode": "serial"}, [[], ["a0"], ["a1"], ["a2"]]),
        ({"mode": "Serial", "batchSize": 2}, [[], [], ["a0", "a1"], ["a0", "a1"]]),
    ],
)
def test_a_serial_loop_waits_for_the_batch_before(more: dict[str, Any], waits_for: Any) -> None:
    made = template(resources=[thing("[concat('a', copyIndex())]", copy=loop(4, **more))])
    after = [sorted(item.rpartition("/")[2] for item in step.after) for step in made.resources]
    assert after == waits_for


def test_children_of_a_loop_know_its_index() -> None:
    child = {
        "type": "parts",
        "apiVersion": "2020-01-01",
        "name": "part",
        "tags": {"of": "[string(copyIndex())]"},
    }
    looped = thing("[concat('a', copyIndex())]", copy=loop(2), resources=[child])
    assert bodies(resources=[looped]) == {
        **{"a0": {}, "a0/part": {"tags": {"of": "0"}}},
        **{"a1": {}, "a1/part": {"tags": {"of": "1"}}},
    }


def test_a_loop_within_properties_makes_an_array() -> None:
    inner = {"name": "inner", "count": 2, "input": "[copyIndex('inner')]"}
    disks = {
        "name": "disks",
        "count": "[add(copyIndex(), 1)]",
        "input": {"number": "[copyIndex('disks', 10)]", "copy": [inner]},
    }
    looped = thing(
        "[concat('a', copyIndex())]",
        copy=loop(2),
        properties={"deep": {"COPY": [disks]}, "kept": True},
    )
    first = {"number": 10, "inner": [0, 1]}
    assert bodies(resources=[looped]) == {
        "a0": {"properties": {"deep": {"disks": [first]}, "kept": True}},
        "a1": {"properties": {"deep": {"disks": [first, {**first, "number": 11}]}, "kept": True}},
    }


def test_variables_and_outputs_have_loops() -> None:
    top = {
        "name": "squares",
        "count": 3,
        "input": "[mul(copyIndex('squares'), copyIndex('squares'))]",
    }
    within = {"name": "list", "count": 1, "input": "[variables('squares')[2]]"}
    variables = {"copy": [top], "object": {"copy": [within], "other": 1}}
    assert output("[string(variables('object'))]", variables=variables) == '{"list":[4],"other":1}'
    copied = {
        "type": "array",
        "copy": {"count": 2, "input": "[variables('squares')[copyIndex(1)]]"},
    }
    made = template(variables=variables, outputs={"some": copied})
    assert made.outputs({}) == {"some": {"type": "Array", "value": [1, 4]}}


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"resources": [thing("a", copy=loop(801))]}, "an integer from 0 to 800"),
        ({"resources": [thing("a", copy=loop("two"))]}, "an integer from 0 to 800"),
        ({"resources": [thing("a", copy={"count": 2})]}, NO_COUNT_OR_NAME),
        ({"resources": [thing("a", copy=loop(2, size=3))]}, "Could not find member 'size'"),
        ({"resources": [thing("a", copy=loop(2))]}, "is defined multiple times"),
        ({"resources": [thing("[copyIndex()]")]}, f"'copyIndex' {NOT_AT_THIS_LOCATION}"),
        (
            {"variables": {"copy": [{"name": "x", "count": 1}]}, "resources": [thing("a")],
             "outputs": {"o": {"type": "array", "value": "[variables('x')]"}}},
            "The copy of the variable 'x' has no property 'input'",
        ),
    ],
)  # fmt: skip
def test_loops_and_lambdas_are_refused(sections: dict[str, Any], message: str) -> None:
    with pytest.raises(TemplateError) as refused:
        template(**sections).outputs({})
    assert message in refused.value.message
    assert (refused.value.status, refused.value.code) == (400, "InvalidTemplate")


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("createArray(lambda('x', 1))", "must not be a lambda"),
        (
            "map(range(0, 1), lambda('x', lambda('y', 1)))",
            "A lambda can only be given to a function that takes one.",
        ),
        ("map(range(0, 1), lambda(1))", "'lambda': it takes the names of its variables"),
        (
            "map(range(0, 1), lambda('a', 'b', 'c', 1))",
            "the lambda has 3 variable(s) and must have 1 to 2",
        ),
        (
            "filter(range(0, 1), lambda('a', 1))",
            "the lambda returned a value of the type 'Integer', not 'Boolean'",
        ),
        (
            "map(range(0, 1), lambda('a', lambdaVariables('b')))",
            "The lambda variable lambdaVariables('b') is not found.",
        ),
        ("dateTimeAdd('2026-01-01', 'one day')", "'duration' is no duration of ISO 8601"),
        ("dateTimeAdd('9999-12-31', 'P1D')", "the result is no date"),
        ("dateTimeAdd('tomorrow', 'P1D')", "'base' is no date"),
        ("dateTimeAdd('2026-02-30', 'P1D')", "'base' is no date"),
        ("range(0, 10001)", "'count' must be from 0 to 10000"),
    ],
)
def test_lambdas_and_dates_are_refused(expression: str, message: str) -> None:
    with pytest.raises(TemplateError) as refused:
        output(f"[{expression}]")
    assert message in refused.value.message


@pytest.mark.parametrize(
    "value",
    [
        "[map(range(0, 1000), lambda('x', length(map(range(0, 1000), lambda('y', 1)))))]",
        "[map(range(0, 400), lambda('x', length(map(range(0, 400), lambda('y', 1)))))]",
    ],
)
def test_loops_within_loops_end(value: str) -> None:
    with pytest.raises(TemplateError, match="run more than 100000 times"):
        output(value)


def symbolic(**resources: Any) -> dict[str, Any]:
    """The sections of a template in which resources have symbolic names."""
    return {"languageVersion": "2.0", "resources": resources}


def test_resources_have_symbolic_names() -> None:
    made = template(
        **symbolic(
            last=thing(
                "z",
                dependsOn=["many", "one"],
                properties={
                    "id": "[resourceInfo('one').id]",
                    "all": "[resourceInfo('many[1]')]",
                },
            ),
            many=thing("[format('m{0}', copyIndex())]", copy=loop(2, "manyCopy")),
            one=thing("b", dependsOn=["[format('many[{0}]', 1)]"]),
        )
    )
    assert [step.resource.name for step in made.resources] == ["m0", "m1", "b", "z"]
    assert made.body(made.resources[-1].resource, {})["properties"] == {
        "id": f"{THINGS}/b",
        "all": {
            "id": f"{THINGS}/m1",
            "name": "m1",
            "type": "My.Own/things",
            "apiVersion": "2020-01-01",
        },
    }


def test_an_existing_resource_is_read_and_not_deployed() -> None:
    sections = symbolic(
        there=thing("v", existing=True, resourceGroup="elsewhere", dependsOn=["before"]),
        before=thing("b"),
        after=thing("a", properties={"uri": "[reference('there').uri]"}),
    )
    made = template(
        **sections, outputs={"u": {"type": "string", "value": "[reference('there').uri]"}}
    )
    assert [step.resource.name for step in made.resources] == ["b", "a"]
    fetch = Fetch(
        "GET", "/subscriptions/sub/resourceGroups/elsewhere/providers/My.Own/things/v", "2020-01-01"
    )
    with pytest.raises(NeededError) as needed:
        made.outputs({})
    assert needed.value.fetch == fetch
    answer = {fetch: {"properties": {"uri": "https://v"}}}
    assert made.outputs(answer) == {"u": {"type": "String", "value": "https://v"}}
    assert made.body(made.resources[1].resource, answer) == {"properties": {"uri": "https://v"}}


def test_all_of_a_loop_is_read() -> None:
    made = template(
        **symbolic(many=thing("[format('m{0}', copyIndex())]", copy=loop(2))),
        outputs={"all": {"type": "array", "value": "[references('many')]"}},
    )
    answers = {
        Fetch("GET", f"{THINGS}/m{index}", "2020-01-01"): {"properties": {"n": index}}
        for index in range(2)
    }
    assert made.outputs(answers)["all"]["value"] == [{"n": 0}, {"n": 1}]


def test_a_long_loop_of_references_is_evaluated_after_each_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    count = 30
    monkeypatch.setattr(evaluation, "_MOST_ITERATIONS", 4 * count)
    read = {"count": count, "input": "[reference(format('m{0}', copyIndex())).n]"}
    made = template(
        resources=[thing("[format('m{0}', copyIndex())]", copy=loop(count))],
        outputs={"all": {"type": "array", "copy": read}},
    )
    answers: dict[Fetch, Any] = {}
    for index in range(count):
        with pytest.raises(NeededError) as needed:
            made.outputs(answers)
        answers[needed.value.fetch] = {"properties": {"n": index}}
    assert made.outputs(answers)["all"]["value"] == list(range(count))


def test_a_parameter_or_an_output_may_be_null() -> None:
    made = template(
        {"given": "x"},
        parameters={
            "given": {"type": "string", "nullable": True},
            "missing": {"type": "string", "nullable": True, "minLength": 3},
        },
        outputs={
            "none": {"type": "string", "nullable": True, "value": "[parameters('missing')]"},
            "some": {"type": "string", "nullable": True, "value": "[parameters('given')]"},
        },
        **symbolic(),
    )
    assert made.outputs({}) == {
        "none": {"type": "String", "value": None},
        "some": {"type": "String", "value": "x"},
    }


def test_a_slash_behind_a_type_is_ignored() -> None:
    made = template(
        resources=[
            thing("a/x", dependsOn=["[resourceId('My.Own/things/', 'a')]"])
            | {"type": "My.Own/things/parts/"},
            thing("a", resources=[thing("y") | {"type": "parts/"}]) | {"type": "My.Own/things/"},
        ]
    )
    assert [(step.resource.type, step.resource.id) for step in made.resources] == [
        ("My.Own/things", f"{THINGS}/a"),
        ("My.Own/things/parts", f"{THINGS}/a/parts/x"),
        ("My.Own/things/parts", f"{THINGS}/a/parts/y"),
    ]
