"""Whole templates: parameters, variables, resources and their order, outputs; and refusals."""

from __future__ import annotations

import re
from typing import Any

import pytest
from acr_emulator.deployments.templates.invalid_template import NotImitatedError, TemplateError
from acr_emulator.deployments.templates.runtime_references import Fetch, NeededError
from acr_emulator.deployments.templates.template import Template

from tests.emulator.template_samples import CONTEXT, GROUP, order, output, template, thing
from tests.support.emulator_wording import (
    EXPECTED_TYPE,
    NO_PART_OF_A_URI,
    NOT_AN_OBJECT,
    NOT_AT_THIS_LOCATION,
)


def looped(name: str) -> dict[str, Any]:
    """A resource that a loop makes twice."""
    return thing(name, copy={"name": "twice", "count": 2})


def nested(scope: str | None, **more: Any) -> dict[str, Any]:
    """A deployment within a template, whose template has expressions."""
    options = {"expressionEvaluationOptions": {"scope": scope}} if scope else {}
    inner = {
        "parameters": {"p": {"type": "string"}},
        "resources": [thing("[parameters('p')]", properties={"literal": "[[x]"})],
    }
    return {
        "type": "Microsoft.Resources/deployments",
        "apiVersion": "2022-09-01",
        "name": "nested",
        "properties": {
            "mode": "Incremental",
            **options,
            "parameters": {"p": {"value": "[parameters('p')]"}},
            "template": inner,
            **more,
        },
    }


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("[resourceGroup().location]", "westus"),
        ("[subscription().tenantId]", "tenant"),
        ("[tenant().tenantId]", "tenant"),
        ("[environment().suffixes.keyvaultDns]", ".vault.azure.net"),
        ("[deployment().name]", "deployed"),
        ("[resourceId('A.B/c', 'x')]", f"{GROUP}/providers/A.B/c/x"),
        ("[resourceId('A.B/c/d', 'x', 'y')]", f"{GROUP}/providers/A.B/c/x/d/y"),
        ("[resourceId('A.B/c/d/', 'x', 'y')]", f"{GROUP}/providers/A.B/c/x/d/y"),
        ("[extensionResourceId('/x/y', 'A.B/c/', 'z')]", "/x/y/providers/A.B/c/z"),
        (
            "[resourceId('rg2', 'A.B/c', 'x')]",
            "/subscriptions/sub/resourceGroups/rg2/providers/A.B/c/x",
        ),
        (
            "[resourceId('s2', 'rg2', 'A.B/c', 'x')]",
            "/subscriptions/s2/resourceGroups/rg2/providers/A.B/c/x",
        ),
        ("[subscriptionResourceId('A.B/c', 'x')]", "/subscriptions/sub/providers/A.B/c/x"),
        ("[subscriptionResourceId('s2', 'A.B/c', 'x')]", "/subscriptions/s2/providers/A.B/c/x"),
        ("[extensionResourceId('/x/y', 'A.B/c', 'z')]", "/x/y/providers/A.B/c/z"),
        ("[tenantResourceId('A.B/c', 'x')]", "/providers/A.B/c/x"),
    ],
)
def test_functions_know_where_the_deployment_goes(expression: str, value: str) -> None:
    assert output(expression) == value


def test_parameters_are_what_was_given_else_their_default() -> None:
    definitions = {
        "given": {"type": "string", "defaultValue": "no"},
        "left": {"type": "string", "defaultValue": "[concat(parameters('GIVEN'), '!')]"},
        "moment": {"type": "string", "defaultValue": "[utcNow()]"},
        "day": {"type": "string", "defaultValue": "[utcNow('yyyy-MM-dd')]"},
        "some": {"type": "string", "defaultValue": "[newGuid()]"},
        "secret": {"type": "secureString"},
        "list": {"type": "array", "defaultValue": [1], "allowedValues": [1, 2, 3]},
    }
    made = template({"Given": "yes", "secret": "sesame", "list": [3, 1]}, parameters=definitions)
    shown = made.parameters.shown()
    some = shown.pop("some")
    assert re.fullmatch("[0-9a-f-]{36}", some["value"])
    assert shown == {
        "given": {"type": "String", "value": "yes"},
        "left": {"type": "String", "value": "yes!"},
        "moment": {"type": "String", "value": "20261121T070809Z"},
        "day": {"type": "String", "value": "2026-11-21"},
        "secret": {"type": "SecureString"},
        "list": {"type": "Array", "value": [3, 1]},
    }


@pytest.mark.parametrize(
    ("definition", "given", "message"),
    [
        ({"type": "string"}, {}, "The value for the template parameter 'p' is not provided"),
        ({"type": "string"}, {"p": "a", "q": "b"}, "The template parameters 'q' in the parameters"),
        ({"type": "string"}, {"p": 1}, f"'p' is not valid. {EXPECTED_TYPE} 'String', but"),
        ({"type": "string"}, {"p": None}, "received a value of type 'Null'"),
        ({"type": "int"}, {"p": True}, "received a value of type 'Boolean'"),
        ({"type": "bool"}, {"p": "true"}, f"{EXPECTED_TYPE} 'Boolean'"),
        ({"type": "array"}, {"p": {}}, f"{EXPECTED_TYPE} 'Array'"),
        ({"type": "object"}, {"p": []}, f"{EXPECTED_TYPE} 'Object'"),
        ({"type": "text"}, {"p": "a"}, "the template parameter 'p' has the type 'text'"),
        ({"type": "string", "minLength": 5}, {"p": "abcd"}, "greater than or equal to '5'"),
        ({"type": "array", "maxLength": 1}, {"p": [1, 2]}, "less than or equal to '1'"),
        ({"type": "int", "minValue": 5}, {"p": 4}, "The value should be greater than"),
        ({"type": "int", "maxValue": 5}, {"p": 6}, "The value should be less than"),
        ({"type": "int", "maxLength": 5}, {"p": 6}, "'p' cannot have the property 'maxLength'"),
        ({"type": "string", "allowedValues": ["A"]}, {"p": "b"}, "value(s): 'A'"),
        ({"type": "array", "allowedValues": ["A"]}, {"p": ["a", "b"]}, "value(s): 'A'"),
        ({"type": "string", "defaultValue": "[parameters('p')]"}, {}, "'p' builds on itself"),
        ({"type": "string", "defaultValue": "[parameters('x')]"}, {}, "parameter 'x' is not found"),
        ({"type": "string", "defaultValue": "[variables('x')]"}, {}, "not expected at this loc"),
    ],
)
def test_parameters_are_refused_by_name(
    definition: dict[str, Any], given: dict[str, Any], message: str
) -> None:
    with pytest.raises(TemplateError) as refused:
        template(given, parameters={"p": definition})
    assert message.lower() in refused.value.message.lower()
    assert refused.value.code == "InvalidTemplate"


@pytest.mark.parametrize(
    ("sections", "member", "kind"),
    [
        ({"resurces": []}, "resurces", "Template"),
        ({"resources": [thing("a", dependson=[], dependOn=[])]}, "dependOn", "TemplateResource"),
        ({"resources": [thing("a", resources=[thing("b", tag={})])]}, "tag", "TemplateResource"),
        (
            {"parameters": {"p": {"type": "string", "minLen": 1}}},
            "minLen",
            "TemplateInputParameter",
        ),
        ({"outputs": {"o": {"type": "string", "valu": 1}}}, "valu", "TemplateOutputParameter"),
        ({"resources": [nested(None, tempalte={})]}, "tempalte", "DeploymentPropertiesDefinition"),
        ({"resources": [nested("inner", template={"outpts": {}})]}, "outpts", "Template"),
    ],
)
def test_unknown_members_are_refused(sections: dict[str, Any], member: str, kind: str) -> None:
    with pytest.raises(TemplateError) as refused:
        template(**sections)
    assert refused.value.code == "InvalidTemplate"
    assert refused.value.message == (
        "Deployment template parse failed:"
        f" 'Could not find member '{member}' on object of type '{kind}''."
    )


def test_an_unknown_member_of_a_given_parameter_is_refused() -> None:
    parameters = {"parameters": {"p": {"type": "string", "defaultValue": ""}}}
    with pytest.raises(TemplateError, match="Could not find member 'vlaue' on object of type"):
        Template(parameters, {"p": {"value": "a", "vlaue": "b"}}, CONTEXT)


def test_a_parameter_is_given_by_its_value_alone() -> None:
    parameters = {"parameters": {"p": {"type": "string"}}}
    with pytest.raises(TemplateError, match="The parameter 'p' was given without 'value'"):
        Template(parameters, {"p": {}}, CONTEXT)
    with pytest.raises(NotImitatedError, match="parameters that refer to a key vault"):
        Template(parameters, {"p": {"Reference": {}}}, CONTEXT)
    made = Template(parameters, {"P": {"Type": "String", "Value": "a"}}, CONTEXT)
    assert made.parameters.shown() == {"p": {"type": "String", "value": "a"}}


def test_members_are_found_whatever_their_case() -> None:
    document = {
        "Parameters": {"p": {"Type": "string", "DefaultValue": "x"}},
        "RESOURCES": [
            {"Type": "My.Own/things", "APIVERSION": "2020-01-01", "Name": "a", "DependsOn": ["b"]},
            thing("b", Tags={"Key": "[parameters('p')]"}),
        ],
        "Outputs": {"o": {"TYPE": "string", "Value": "[parameters('P')]"}},
    }
    made = Template(document, {}, CONTEXT)
    assert [step.resource.name for step in made.resources] == ["b", "a"]
    assert made.body(made.resources[0].resource, {}) == {"tags": {"Key": "x"}}
    assert made.outputs({}) == {"o": {"type": "String", "value": "x"}}
    with pytest.raises(TemplateError, match="The template has the property 'resources' twice"):
        Template({"resources": [], "Resources": []}, {}, CONTEXT)


LOOP = [{"name": "x", "count": 2, "input": 1}]


@pytest.mark.parametrize("value", [True, "yes", [], ["a"], [{"name": "x"}], {"name": "x"}])
def test_copy_is_a_name_like_others_where_it_is_no_loop(value: Any) -> None:
    properties = {"copy": value, "deep": [{"Copy": value}]}
    made = template(
        {"copy": {"copy": LOOP}},
        parameters={"copy": {"type": "object"}},
        variables={"copy": value},
        resources=[thing("a", properties=properties, tags={"copy": LOOP})],
        outputs={"copy": {"type": "object", "value": {"copy": "[variables('copy')]"}}},
    )
    body = made.body(made.resources[0].resource, {})
    assert body == {"properties": properties, "tags": {"copy": LOOP}}
    assert made.outputs({}) == {"copy": {"type": "Object", "value": {"copy": value}}}


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1])
@pytest.mark.parametrize("where", ["given", "variables", "outputs"])
def test_integers_beyond_64_bits_are_refused(where: str, number: int) -> None:
    given = {"p": {"value": {"deep": [number]}}} if where == "given" else {}
    sections = {} if where == "given" else {where: {"x": {"type": "int", "value": number}}}
    parameters = {"p": {"type": "object", "defaultValue": {}}}
    with pytest.raises(TemplateError, match="An integer has more than 64 bits"):
        Template({"parameters": parameters, **sections}, given, CONTEXT)


@pytest.mark.parametrize("section", ["variables", "outputs", "resources", "given"])
def test_a_document_of_great_depth_is_refused(section: str) -> None:
    deep: Any = {}
    for _ in range(100_000):
        deep = {"a": deep}
    document = {} if section == "given" else {section: deep}
    with pytest.raises(TemplateError, match="The template is nested too deeply"):
        Template(document, {"p": deep} if section == "given" else {}, CONTEXT)


def test_the_largest_integers_are_taken() -> None:
    parameters = {name: {"type": "int"} for name in "ab"}
    made = template({"a": 2**63 - 1, "b": -(2**63)}, parameters=parameters)
    assert [made.parameters.values.get(name) for name in "ab"] == [2**63 - 1, -(2**63)]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("[variables(parameters('pw'))]", "variable parameters('pw') is not found"),
        ("[parameters(toUpper(parameters('pw')))]", "parameter toUpper(parameters('pw')) is not"),
        ("[reference(parameters('pw'))]", "template reference parameters('pw') is not valid"),
        ("[listKeys(parameters('pw'), '1')]", "template reference parameters('pw') is not valid"),
        ("[listKeys(parameters('pw'))]", "'listKeys': it was given 1 argument(s) and takes (reso"),
        ("[listKeys(1, '1')]", "'listKeys': the type of 'resource' is 'Integer' and must be"),
        ("[reference(1)]", "'reference': the type of 'resource' is 'Integer' and must be"),
        ("[parameters(1)]", "'parameters': the type of 'name' is 'Integer' and must be"),
        ("[variables(createArray())]", "'variables': the type of 'name' is 'Array' and must be"),
        ("[resourceGroup()[parameters('pw')]]", "property parameters('pw') doesn't exist"),
        ("[parameters('pw')[parameters('pw')]]", "property parameters('pw') can't be evaluated"),
        ("[createArray()[int(parameters('pin'))]]", "index int(parameters('pin')) is out of"),
        ("[createObject(parameters('pw'), 1).x]", "property 'x' doesn't exist"),
        ("[format(concat('{', parameters('pw'), '}'))]", "'format': 'pattern' has braces that"),
        ("[resourceId(concat('a/', parameters('pw')))]", "the type needs 2 name(s), it was given"),
        ("[uri(concat('https://[', parameters('pw')), 'y')]", f"'uri': {NO_PART_OF_A_URI}"),
        ("[div(1, parameters('pw'))]", "the type of 'divisor' is 'String' and must be"),
    ],
)
def test_a_refusal_quotes_what_is_written_not_its_value(expression: str, message: str) -> None:
    secrets = {"pw": "sesame/x", "pin": "748159263"}
    made = template(
        secrets,
        parameters=dict.fromkeys(secrets, {"type": "secureString"}),
        outputs={"o": {"type": "string", "value": expression}},
    )
    with pytest.raises(TemplateError) as refused:
        made.outputs({})
    assert message in refused.value.message
    assert not re.search("sesame|748159263", refused.value.message.lower())


def test_a_refused_dependency_name_or_default_shows_no_secret() -> None:
    secret = {"pw": {"type": "secureString"}}
    guess = {"type": "string", "defaultValue": "[parameters('pw')]", "allowedValues": ["a"]}
    one, some = "[parameters('pw')]", "[createArray(parameters('pw'))]"
    for sections, message in (
        ({"resources": [thing("a", dependsOn=[one])]}, f"The resource '{one}' is not defined"),
        ({"resources": [thing("a", dependsOn=some)]}, f"The resource '{some}' is not defined"),
        ({"resources": [thing(one)]}, f"resource '{one}' for type 'My.Own/things' has incorrect"),
        ({"resources": [thing(one, condition=1)]}, f"'condition' of the resource '{one}' must be"),
        ({"parameters": secret | {"p": guess}}, "The provided value for the template parameter"),
    ):
        with pytest.raises(TemplateError) as refused:
            template({"pw": "x/sesame"}, **{"parameters": secret, **sections})
        assert message in refused.value.message
        assert "sesame" not in refused.value.message


def test_a_secret_is_in_no_refusal() -> None:
    definition = {"type": "securestring", "allowedValues": ["a"], "maxLength": 3}
    with pytest.raises(TemplateError) as refused:
        template({"p": "sesame"}, parameters={"p": definition})
    assert "sesame" not in refused.value.message
    for function in ("int", "bool", "json", "base64ToString"):
        with pytest.raises(TemplateError) as refused:
            template(
                {"p": "sesame?"},
                parameters={"p": {"type": "securestring"}},
                resources=[thing("a", tags=f"[{function}(parameters('p'))]")],
            )
        assert f"function '{function}'" in refused.value.message
        assert "sesame" not in refused.value.message


def test_variables_build_on_one_another() -> None:
    variables = {"a": "[concat(variables('b').c, '!')]", "b": {"c": "[toUpper('x')]"}}
    assert output("[variables('a')]", variables=variables) == "X!"
    with pytest.raises(TemplateError, match="variable 'loop' builds on itself"):
        output("[variables('loop')]", variables={"loop": "[variables('LOOP')]"})


@pytest.mark.parametrize("double", ["concat({0}, {0})", "replace({0}, 'a', {0})"])
def test_variables_that_grow_without_end_are_refused(double: str) -> None:
    variables = {"v0": "aa"}
    for step in range(59):
        variables[f"v{step + 1}"] = "[" + double.format(f"variables('v{step}')") + "]"
    with pytest.raises(TemplateError, match="the result (is longer|has more) than 4194304"):
        output("[variables('v59')]", variables=variables)


def test_resources_follow_what_they_depend_on_else_the_template() -> None:
    assert order(thing("a"), thing("b")) == ["a", "b"]
    assert order(thing("a", dependsOn=["b"]), thing("b")) == ["b", "a"]
    by_id = "[resourceId('My.Own/things', 'b')]"
    assert order(thing("a", dependsOn=[by_id]), thing("b")) == ["b", "a"]
    assert order(thing("a", dependsOn=["My.Own/things/b"]), thing("b")) == ["b", "a"]


def test_a_reference_is_a_dependency() -> None:
    read = {"x": "[reference(resourceId('My.Own/things', 'b'), '2020-01-01', 'Full').x]"}
    assert order(thing("a", properties=read), thing("b")) == ["b", "a"]
    assert order(thing("a", properties={"x": "[reference('b').x]"}), thing("b")) == ["b", "a"]
    listed = {"x": "[listKeys('b', '2020-01-01').keys[0]]"}
    assert order(thing("a", properties=listed), thing("b")) == ["b", "a"]


def test_what_has_no_condition_met_is_left_out_and_depended_on_in_vain() -> None:
    off = thing("b", condition="[not(true())]")
    assert order(thing("a", dependsOn=["b"]), off, thing("c", condition="[true()]")) == ["a", "c"]
    assert order(off, thing("b", condition=True)) == ["b"]


def test_children_within_their_parent_have_its_type_and_name() -> None:
    child = {"type": "parts", "apiVersion": "2020-01-01", "name": "x"}
    made = template(resources=[thing("a", resources=[child]), thing("b", dependsOn=["a/x"])])
    assert [step.resource.id for step in made.resources] == [
        f"{GROUP}/providers/My.Own/things/a",
        f"{GROUP}/providers/My.Own/things/a/parts/x",
        f"{GROUP}/providers/My.Own/things/b",
    ]


@pytest.mark.parametrize(
    ("resource", "resource_id"),
    [
        (
            thing("x", scope="My.Own/things/a"),
            f"{GROUP}/providers/My.Own/things/a/providers/My.Own",
        ),
        (
            thing("x", scope=f"{GROUP}/providers/A.B/c/d"),
            f"{GROUP}/providers/A.B/c/d/providers/My.Own",
        ),
        (
            {**thing("a/My.Second/x"), "type": "My.Own/things/providers/locks"},
            f"{GROUP}/providers/My.Own/things/a/providers/My.Second/locks/x",
        ),
        (thing("x", resourceGroup="rg2"), "/subscriptions/sub/resourceGroups/rg2/providers/My.Own"),
    ],
)
def test_extensions_are_below_their_scope(resource: dict[str, Any], resource_id: str) -> None:
    [step] = template(resources=[resource]).resources
    assert step.resource.id.startswith(resource_id)


def test_the_body_is_the_resource_without_what_is_for_the_deployment() -> None:
    declared = thing(
        "a", dependsOn=[], comments="c", condition=True, location="[resourceGroup().location]",
        properties={"[toLower('K')]": "[parameters('p')]"}, tags={}, identity={"type": "None"},
    )  # fmt: skip
    made = template({"p": "v"}, parameters={"p": {"type": "string"}}, resources=[declared])
    assert made.body(made.resources[0].resource, {}) == {
        "location": "westus",
        "properties": {"k": "v"},
        "tags": {},
        "identity": {"type": "None"},
    }


def test_a_reference_requests_what_it_needs_once() -> None:
    made = template(
        resources=[thing("b")],
        outputs={
            "x": {"type": "string", "value": "[reference('b').x]"},
            "id": {"type": "string", "value": "[reference('b', '2021-01-01', 'Full').resourceId]"},
            "all": {"type": "object", "value": "[reference('b', '2021-01-01', 'Full')]"},
            "key": {"type": "securestring", "value": "[listKeys('b', '2021-01-01').key]"},
            "off": {"condition": False, "type": "string", "value": "[reference('none').x]"},
        },
    )
    path = f"{GROUP}/providers/My.Own/things/b"
    answers = {
        Fetch("GET", path, "2020-01-01"): {"id": path, "properties": {"x": "1"}},
        Fetch("GET", path, "2021-01-01"): {"id": path, "location": "westus", "properties": {}},
        Fetch("POST", f"{path}/listKeys", "2021-01-01"): {"key": "secret"},
    }
    known: dict[Fetch, Any] = {}
    for fetch in answers:
        with pytest.raises(NeededError) as needed:
            made.outputs(known)
        assert needed.value.fetch == fetch
        known[fetch] = answers[fetch]
    assert made.outputs(known) == {
        "x": {"type": "String", "value": "1"},
        "id": {"type": "String", "value": "My.Own/things/b"},
        "all": {
            "type": "Object",
            "value": {
                "apiVersion": "2021-01-01",
                "location": "westus",
                "properties": {},
                "resourceId": "My.Own/things/b",
                "subscriptionId": GROUP.split("/")[2],
                "resourceGroupName": GROUP.split("/")[4],
            },
        },
        "key": {"type": "SecureString"},
    }


@pytest.mark.parametrize(
    ("scope", "name"), [(None, "outside"), ("outer", "outside"), ("Inner", "[parameters('p')]")]
)
def test_a_nested_template_sees_this_one_or_itself(scope: str | None, name: str) -> None:
    made = template(
        {"p": "outside"}, parameters={"p": {"type": "string"}}, resources=[nested(scope)]
    )
    properties = made.body(made.resources[0].resource, {})["properties"]
    assert properties["parameters"] == {"p": {"value": "outside"}}
    [resource] = properties["template"]["resources"]
    assert resource["name"] == name
    assert resource["properties"] == {"literal": "[[x]"}  # to be evaluated once more


def test_what_an_inner_template_reads_is_no_dependency_of_its_deployment() -> None:
    properties = {"x": "[reference('b').x]"}
    for scope, expected in (("inner", ["a", "b"]), ("outer", ["b", "a"])):
        deployment = nested(scope) | {"name": "a"}
        inner = deployment["properties"]["template"]
        inner["resources"] = [{**inner["resources"][0], "name": "x", "properties": properties}]
        deployment["properties"]["parameters"] = {}
        assert order(deployment, thing("b")) == expected


def test_a_template_within_something_else_is_nothing_special() -> None:
    application = thing("a", properties={"template": {"image": "[toLower('IMAGE')]"}})
    made = template(resources=[application])
    body = made.body(made.resources[0].resource, {})
    assert body == {"properties": {"template": {"image": "image"}}}


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"resources": [thing("a", properties={"x": "[nonesuch()]"})]}, "function 'nonesuch'"),
        ({"outputs": {"x": {"type": "string", "value": "[oops(]"}}}, "Unable to parse"),
        ({"resources": [thing("a"), thing("A")]}, "is defined multiple times"),
        ({"resources": [thing("a", dependsOn=["z"])]}, "The resource 'z' is not defined"),
        (
            {"resources": [thing("a", dependsOn=["b"]), thing("b", dependsOn=["a"])]},
            "Circular dependency detected on resource",
        ),
        ({"resources": [thing("a/b")]}, "has incorrect segment lengths"),
        ({"resources": [{"type": "A.B/c", "name": "x"}]}, "The resource 'x' has no property 'api"),
        ({"resources": [thing("a", condition="yes")]}, "'condition' of the resource 'a'"),
        ({"resources": [thing("[reference('b').name]")]}, f"'reference' {NOT_AT_THIS_LOCATION}"),
        ({"resources": ["a"]}, "The property 'resources' must be an array of objects"),
        ({"resources": {}}, "The property 'resources' must be an array of objects"),
        (
            {"languageVersion": "2.0", "resources": []},
            "The property 'resources' must be an object of objects",
        ),
        ({"parameters": ["p"]}, f"'parameters' of the template {NOT_AN_OBJECT}"),
        ({"parameters": {"p": ["int"]}}, "The parameter 'p' must be an object"),
        ({"parameters": {"p": {"type": 5}}}, "'type' of the parameter 'p' must be of the type"),
        ({"outputs": {"x": {"type": "string"}}}, "The template output 'x' has no value"),
        ({"outputs": {"x": {"type": "int", "value": "1"}}}, "output 'x' is not valid. Expected"),
        (
            {"outputs": {"x": {"type": "string", "value": "[reference('nowhere').x]"}}},
            "The template reference 'nowhere' is not valid",
        ),
    ],
)  # fmt: skip
def test_templates_are_refused(sections: dict[str, Any], message: str) -> None:
    with pytest.raises(TemplateError) as refused:
        template(**sections).outputs({})
    assert message in refused.value.message
    assert (refused.value.status, refused.value.code) == (400, "InvalidTemplate")


@pytest.mark.parametrize(
    ("sections", "what"),
    [
        (
            {"parameters": {"p": {"type": "object", "discriminator": {"propertyName": "k"}}}},
            "'discriminator' in types of templates",
        ),
        ({"extensions": {"k": {"name": "kubernetes"}}}, "extensions of templates"),
        (
            {"languageVersion": "2.1-experimental"},
            "'languageVersion' 2.1-experimental of templates",
        ),
        (
            {"resources": [thing("a", **{"@options": {"onlyIfNotExists": True}})]},
            "options of resources in templates",
        ),
        (
            {"outputs": {"x": {"type": "array", "value": "[pickZones('A.B', 'c', 'west')]"}}},
            "the function 'pickZones' of templates",
        ),
        (
            {"resources": [nested(None, template={"variables": {"copy": LOOP}})]},
            "'copy' in a nested template of the outer scope",
        ),
        (
            {"resources": [nested("outer", template={"functions": [{"namespace": "a"}]})]},
            "functions in a nested template of the outer scope",
        ),
        (
            {"resources": [nested("outer", template={"resources": [looped("a")]})]},
            "'copy' in a nested template of the outer scope",
        ),
    ],
)
def test_what_is_not_imitated_is_said_so(sections: dict[str, Any], what: str) -> None:
    with pytest.raises(NotImitatedError) as refused:
        template(**sections)
    assert refused.value.message == f"The emulator does not imitate {what}."
    assert (refused.value.status, refused.value.code) == (501, "NotImplemented")
