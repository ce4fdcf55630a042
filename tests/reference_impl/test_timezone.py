"""The host's time zone: where its name comes from, and how instants are shown."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elastic_hal.reference_impl import timezone
from elastic_hal.reference_impl.bindings.elastic_hal import types
from elastic_hal.reference_impl.bindings.wasi_clocks.wall_clock import Datetime
from elastic_hal.reference_impl.timezone import TimezoneProvider, configured_zone

LAST = 253_402_300_799
WINTER, SUMMER = Datetime(1_704_067_200, 0), Datetime(1_719_792_000, 0)


def test_berlin_in_winter_and_summer() -> None:
    berlin = TimezoneProvider("Europe/Berlin")
    assert berlin.zone_id() == "Europe/Berlin"
    winter, summer = berlin.display(WINTER), berlin.display(SUMMER)
    assert (winter.utc_offset, winter.name, winter.in_daylight_saving_time) == (3600, "CET", False)
    assert (summer.utc_offset, summer.name, summer.in_daylight_saving_time) == (7200, "CEST", True)
    assert (berlin.utc_offset(WINTER), berlin.utc_offset(SUMMER)) == (3600, 7200)


def test_the_hour_of_the_change() -> None:
    berlin = TimezoneProvider("Europe/Berlin")
    change = int(datetime(2024, 3, 31, 1, tzinfo=UTC).timestamp())
    assert [berlin.utc_offset(Datetime(change + step, 999_999_999)) for step in (-1, 0)] == [3600, 7200]


@pytest.mark.parametrize("name", ["UTC", "Etc/UTC"])
def test_utc(name: str) -> None:
    shown = TimezoneProvider(name).display(Datetime(0, 0))
    assert (shown.utc_offset, shown.name, shown.in_daylight_saving_time) == (0, "UTC", False)


@pytest.mark.parametrize("name", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin", "Africa/Monrovia"])
def test_the_ends_of_the_calendar(name: str) -> None:
    provider = TimezoneProvider(name)
    for seconds in (0, 1, LAST - 2 * 86_400, LAST - 2 * 86_400 + 1, LAST - 86_399, LAST):
        assert abs(provider.utc_offset(Datetime(seconds, 999_999_999))) < 86_400
    assert provider.utc_offset(Datetime(LAST, 0)) == provider.utc_offset(Datetime(LAST - 3 * 86_400, 0))


@pytest.mark.parametrize(
    "when", [Datetime(LAST + 1, 0), Datetime(2**64 - 1, 0), Datetime(0, 1_000_000_000), Datetime(0, 2**32 - 1)]
)
def test_instants_out_of_bounds_are_refused(when: Datetime) -> None:
    provider = TimezoneProvider("Europe/Berlin")
    for call in (provider.display, provider.utc_offset):
        with pytest.raises(types.Error_InvalidArgument, match="when"):
            call(when)


_ZONES = sorted(available_timezones())


@given(name=st.sampled_from(_ZONES), seconds=st.integers(0, LAST - 3 * 86_400))
def test_agrees_with_the_database_everywhere(name: str, seconds: int) -> None:
    shown = TimezoneProvider(name).display(Datetime(seconds, 0))
    local = datetime.fromtimestamp(seconds, ZoneInfo(name))
    assert (shown.utc_offset, shown.name) == (local.utcoffset().total_seconds(), local.tzname())  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "name", ["Nowhere/Atall", "CET-1CEST", "../../etc/passwd", "/etc/passwd", "", "a\0b", "Europe"]
)
def test_a_zone_without_data_is_unsupported(name: str) -> None:
    provider = TimezoneProvider(name)
    assert not provider.available
    for call in (provider.zone_id, lambda: provider.display(WINTER), lambda: provider.utc_offset(WINTER)):
        with pytest.raises(types.Error_Unsupported):
            call()


@pytest.mark.parametrize(
    ("variable", "name"),
    [
        ("Europe/Paris", "Europe/Paris"),
        (":Europe/Paris", "Europe/Paris"),
        ("", "UTC"),
        (":", "UTC"),
        ("/usr/share/zoneinfo/Asia/Tokyo", "Asia/Tokyo"),
        ("/usr/share/zoneinfo/posix/Asia/Tokyo", "Asia/Tokyo"),
    ],
)
def test_the_variable_comes_first(monkeypatch: pytest.MonkeyPatch, variable: str, name: str) -> None:
    monkeypatch.setenv("TZ", variable)
    assert configured_zone() == name


def test_then_the_files_of_the_host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TZ", raising=False)
    localtime, written = tmp_path / "localtime", tmp_path / "timezone"
    monkeypatch.setattr(timezone, "LOCALTIME", localtime)
    monkeypatch.setattr(timezone, "TIMEZONE", written)
    assert configured_zone() == "UTC"
    written.write_text("America/Lima\n")
    assert configured_zone() == "America/Lima"
    database = tmp_path / "zoneinfo" / "Australia" / "Perth"
    localtime.symlink_to(database)
    assert configured_zone() == "Australia/Perth"
    localtime.unlink()
    localtime.write_bytes(b"TZif")
    assert configured_zone() == "America/Lima"
    written.unlink()
    assert not TimezoneProvider().available
