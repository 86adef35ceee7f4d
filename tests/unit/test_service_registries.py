"""Finding the group of a registry that was named alone."""

from __future__ import annotations

from tests.support.az import SUBSCRIPTION
from tests.unit.conftest import ARM, GROUP, REGISTRY, Az, Service

REGISTRIES = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.ContainerRegistry/registries"
LIST = ("acr", "export-pipeline", "list", "--only-show-errors", "-r")
#: As a service that leaves something out would tell it.
OTHERS = [{"name": "nameless"}, {"id": f"{GROUP}/providers/Microsoft.ContainerRegistry"}]


def test_the_group_is_that_of_the_registry_whatever_its_case(az: Az, service: Service) -> None:
    page = {"value": OTHERS, "nextLink": f"{ARM}{REGISTRIES}?page=2"}
    service.answers("GET", REGISTRIES, page)
    service.answers("GET", REGISTRIES, {"value": [{"id": REGISTRY, "name": "myregistry"}]})
    service.answers(
        "GET",
        f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/MyRegistry/exportPipelines",
        {"value": []},
    )
    result = az(*LIST, "MyRegistry")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "[]\n", "")


def test_a_registry_that_is_not_listed_is_not_found(az: Az, service: Service) -> None:
    service.answers("GET", REGISTRIES, {"value": OTHERS})
    result = az(*LIST, "myregistry")
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr == (
        "ERROR: The registry 'myregistry' was not found among those that you may read in the "
        "active subscription.\n"
        "Check --registry and 'az account show', or name its --resource-group.\n"
    )
