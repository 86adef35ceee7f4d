"""When and where a SAS holds, by what it tells of itself."""

from datetime import datetime, timezone

import pytest
from acr_emulator.engine import Sas
from acr_emulator.engine.transfer_errors import StorageError

from tests.support.emulator_wording import (
    NOT_AUTHENTICATED,
    NOT_AUTHORIZED,
    NOT_IN_TIME_FRAME,
    STORAGE_STATUS,
)

NOW = datetime(2026, 1, 3, 12, tzinfo=timezone.utc)
REFUSED = (
    f"{STORAGE_STATUS}403 ({NOT_AUTHENTICATED} {NOT_IN_TIME_FRAME} Start [{{}}] - Expiry [{{}}] "
    "- Current [Sat, 03 Jan 2026 12:00:00 GMT])"
)


@pytest.mark.parametrize(
    "sas",
    [
        "?se=2026-01-03T12:00:00Z&sig=secret",
        "st=2026-01-03&se=2026-01-04&sig=secret",
        "st=2026-01-03T11%3A59Z&se=2026-01-03T13%3A01%3A00Z&sig=secret",
        "si=policy&sig=secret",
        "se=soon&sig=secret",
        "sip=127.0.0.1&sig=secret",
        "sip=10.0.0.1-200.0.0.1&sig=secret",
        "sip=anywhere&sig=secret",
        "not a SAS",
        "",
    ],
)
def test_a_sas_is_evaluated_by_its_parameters_or_left_to_storage(sas: str) -> None:
    assert Sas.parse(sas).check(NOW) is None  # type: ignore[func-returns-value]


@pytest.mark.parametrize(
    ("sas", "start", "expiry"),
    [
        (
            "?st=2026-01-01T00%3A00Z&se=2026-01-03T11%3A59%3A59Z&sig=secret",
            "Thu, 01 Jan 2026 00:00:00 GMT",
            "Sat, 03 Jan 2026 11:59:59 GMT",
        ),
        ("se=2026-01-03&sig=secret", "", "Sat, 03 Jan 2026 00:00:00 GMT"),
        (
            "st=2026-01-03T14:00:00%2B01:00&se=2026-01-04&sig=secret",
            "Sat, 03 Jan 2026 13:00:00 GMT",
            "Sun, 04 Jan 2026 00:00:00 GMT",
        ),
    ],
    ids=["expired", "expired, without a start", "not valid yet"],
)
def test_a_sas_outside_of_its_time_is_refused_as_storage_words_it(
    sas: str, start: str, expiry: str
) -> None:
    with pytest.raises(StorageError) as error:
        Sas.parse(sas).check(NOW)
    assert str(error.value) == REFUSED.format(start, expiry)


@pytest.mark.parametrize("addresses", ["203.0.113.7", "203.0.113.7-203.0.113.70"])
def test_a_sas_for_other_addresses_is_refused(addresses: str) -> None:
    with pytest.raises(StorageError) as error:
        Sas.parse(f"sip={addresses}&sig=secret").check(NOW)
    assert str(error.value).endswith(
        f"Status: 403 ({NOT_AUTHORIZED} using this source IP 127.0.0.1)"
    )


def test_a_sas_does_not_show_itself() -> None:
    assert "secret" not in repr(Sas.parse("?sig=secret"))


def test_a_stored_access_policy_must_be_one_of_the_container() -> None:
    assert Sas.parse("sig=secret").policy == ""
    Sas.parse("sig=secret").check_policy([])
    sas = Sas.parse("?si=nightly&sig=secret")
    sas.check_policy(["other", "nightly"])
    with pytest.raises(StorageError) as error:
        sas.check_policy(["other"])
    assert str(error.value) == (
        f"{STORAGE_STATUS}403 ({NOT_AUTHENTICATED} SAS identifier cannot be found for specified "
        "signed identifier)"
    )
