"""What bodies of registries and transfers can hold, compared with the models of Azure's own SDK."""

from __future__ import annotations

import enum
import typing
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from acr_emulator.arm import body_forms
from acr_emulator.arm.bodies import Form, Text
from azure.mgmt.containerregistry import models

#: What isn't imitated, and what had another name in earlier versions of the API.
EXPECTED = {
    ".properties.writableCacheRepos",
    ".properties.networkRuleSet.virtualNetworkRules[].id",
}
READ_ONLY = ["read"]


def form_of(annotation: Any) -> Form:
    """The form of a type of the SDK; words are in a tuple, in which their order means nothing."""
    arguments = [item for item in typing.get_args(annotation) if item is not type(None)]
    origin = typing.get_origin(annotation)
    if origin is list:
        return [form_of(arguments[0])]
    if origin is dict:
        return {"*": form_of(arguments[1])}
    for item in arguments or [annotation]:
        if issubclass(typing.get_origin(item) or item, enum.Enum):
            return tuple(member.value for member in item)
    if arguments:
        return form_of(arguments[0])
    return annotation if annotation in (str, bool, int) else form_of_model(annotation)


def form_of_model(model: Any) -> dict[str, Form]:
    hints = typing.get_type_hints(model, localns={**vars(models), "_models": models})
    fields = {
        name: field for cls in model.__mro__ for name, field in vars(cls).items() if name in hints
    }
    return {
        field._rest_name_input or name: form_of(hints[name])
        for name, field in fields.items()
        if getattr(field, "_visibility", READ_ONLY) != READ_ONLY
    }


def leaves(form: Form, path: str = "") -> Iterator[tuple[str, Any]]:
    """What can be at each place; words without their order."""
    if isinstance(form, Mapping):
        for name, member in form.items():
            yield from leaves(member, f"{path}.{name}")
    elif isinstance(form, list):
        yield from leaves(form[0], f"{path}[]")
    elif isinstance(form, range) or form is Text:
        yield path, str if form is Text else int
    else:
        yield path, {*form} if isinstance(form, tuple) else form


PIPELINE = {
    "identity": form_of_model(models.IdentityProperties),
    "location": str,
    "properties": {
        **form_of_model(models.ExportPipelineProperties),
        **form_of_model(models.ImportPipelineProperties),
    },
}


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (body_forms.REGISTRY, form_of_model(models.Registry)),
        (body_forms.IMAGE_IMPORT, form_of_model(models.ImportImageParameters)),
        (body_forms.PIPELINE, PIPELINE),
        (body_forms.PIPELINE_RUN, form_of_model(models.PipelineRun)),
    ],
    ids=["registry", "importImage", "pipeline", "pipelineRun"],
)
def test_a_form_is_that_of_the_sdk(ours: Form, theirs: Form) -> None:
    mine, its = dict(leaves(ours)), dict(leaves(theirs))
    # Words of transfers are looked at by their handlers, as templates send "" for each.
    differing = {
        path: (mine.get(path), its.get(path))
        for path in {*mine, *its} - EXPECTED
        if mine.get(path) != its.get(path)
        and not (mine.get(path) is str and isinstance(its.get(path), set))
    }
    assert differing == {}
