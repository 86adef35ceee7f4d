"""OData filters of lists: what they let through, and that an unknown one is refused."""

from __future__ import annotations

from typing import Any

import pytest
from acr_emulator.state.odata_filters import FilterError, parsed

from tests.emulator.running import GROUP, SUBSCRIPTION, Emulator

KNOWN = {"name", "tagname", "owners", "atscope()", "assignedto()"}
ITEM = {"name": "Demo", "tagname": ["team", "it's"], "owners": [], "atscope()": "true"}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("name eq 'demo'", True),
        ("name eq ''", False),
        ("'DEMO' eq name", True),
        ("name ne 'demo'", False),
        ("owners eq 'x'", False),
        ("owners ne 'x'", True),
        ("tagname eq 'it''s'", True),
        ("startswith(tagName, 'te') and name eq 'demo'", True),
        ("endswith(name, 'mo')", True),
        ("contains(name, 'em')", True),
        ("substringof('xx', name)", False),
        ("tagName/any(t:t eq 'team')", True),
        ("(name eq 'a' or name eq 'demo') and not (tagname eq 'x')", True),
        ("name eq 'a' or name eq 'b' and name eq 'demo'", False),
        ("atScope()", True),
        ("assignedTo('someone')", False),
    ],
)
def test_a_filter_lets_through(text: str, matches: bool) -> None:
    assert parsed(text, KNOWN).matches(ITEM) is matches


@pytest.mark.parametrize(
    "text",
    [
        "kind eq 'x'",
        "name gt 'a'",
        "name eq demo",
        "startswith(name)",
        "startswith(kind, 'x')",
        "nonsense",
        "name eq 'a",
        "name eq 'a' and",
        "((((",
    ],
)
def test_what_is_no_filter_of_the_list_is_refused(text: str) -> None:
    with pytest.raises(FilterError):
        parsed(text, KNOWN)


@pytest.fixture(scope="module")
def groups(emulator: Emulator) -> None:
    """Two groups with tags, and an account in each."""
    for name, tags in (("tagged", {"team": "red", "stage": "blue"}), ("other", {"team": "blue"})):
        group = f"{SUBSCRIPTION}/resourceGroups/{name}"
        emulator.ok("PUT", group, {"location": "westus", "tags": tags})
        account = f"{group}/providers/Microsoft.Storage/storageAccounts/filter{name}"
        body = {"location": "eastus", "sku": {"name": "Standard_LRS"}, "tags": tags}
        emulator.ok("PUT", account, body)


def listed(emulator: Emulator, path: str, text: str) -> Any:
    """The names that a filtered list has, or the code of the refusal."""
    answer = emulator.http.get(
        f"{emulator.cloud.arm_url}{path}",
        params={"api-version": "2024-11-01", "$filter": text},
        headers={"Authorization": f"Bearer {emulator.entra_token(emulator.cloud.arm_audience)}"},
    )
    if answer.is_success:
        return sorted(item["name"] for item in answer.json()["value"])
    return answer.status_code, answer.json()["error"]["code"]


INVALID = (400, "InvalidFilterInQueryString")


@pytest.mark.usefixtures("groups")
@pytest.mark.parametrize(
    ("path", "text", "names"),
    [
        ("resources", "resourceGroup eq 'tagged'", ["filtertagged"]),
        ("resources", "tagname eq 'team'", ["filterother", "filtertagged"]),
        ("resources", "tagname eq 'team' and tagvalue eq 'blue'", ["filterother"]),
        ("resources", "startswith(tagname, 'sta')", ["filtertagged"]),
        (
            "resources",
            "resourceType eq 'microsoft.storage/storageaccounts' and location eq 'eastus'",
            ["filterother", "filtertagged"],
        ),
        ("resources", "name eq ''", []),
        ("resources", "location eq 'northpole'", []),
        ("resources", "sku eq 'Standard_LRS'", INVALID),
        ("resourceGroups/other/resources", "name eq 'filterother'", ["filterother"]),
        ("resourceGroups/other/resources", "name eq 'filtertagged'", []),
        ("resourceGroups", "tagname eq 'stage' and tagvalue eq 'blue'", ["tagged"]),
        ("resourceGroups", "tagname eq 'none'", []),
        ("resourceGroups", "name eq 'tagged'", INVALID),
        ("providers/Microsoft.Storage/storageAccounts", "name eq 'x'", INVALID),
        ("providers/Microsoft.Authorization/roleDefinitions", "roleName eq 'acrpull'", 1),
        ("providers/Microsoft.Authorization/roleDefinitions", "type eq 'CustomRole'", []),
        ("providers/Microsoft.Authorization/roleAssignments", "principalId eq 'x'", []),
        ("providers/Microsoft.Authorization/roleAssignments", "scope eq 'x'", INVALID),
    ],
)
def test_lists_are_filtered(emulator: Emulator, path: str, text: str, names: Any) -> None:
    resources = listed(emulator, f"{SUBSCRIPTION}/{path}", text)
    assert (len(resources) if isinstance(names, int) else resources) == names


@pytest.mark.usefixtures("groups")
def test_deployments_are_filtered_by_their_state(emulator: Emulator) -> None:
    emulator.ok("PUT", GROUP, {"location": "westus"})
    deployments = f"{GROUP}/providers/Microsoft.Resources/deployments"
    template = {"properties": {"template": {"resources": []}, "mode": "Incremental"}}
    emulator.ok("PUT", f"{deployments}/filtered", template)
    assert listed(emulator, deployments, "provisioningState eq 'Canceled'") == []
    assert listed(emulator, deployments, "name eq 'filtered'") == INVALID
