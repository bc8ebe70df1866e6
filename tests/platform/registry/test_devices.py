"""Devices: secrets at rest, what a gateway asks, outlets told by their keys."""

from __future__ import annotations

import copy
import logging
import pickle
import time
from pathlib import Path
from typing import Any

import pytest
from django.core import serializers
from django.db import IntegrityError, connection

from fenhe.platform import paths
from fenhe.platform.registry import devices, secrets
from fenhe.platform.registry.models import (
    Channel,
    Device,
    DeviceKey,
    Outlet,
    Site,
)
from tests.platform.conftest import World

pytestmark = pytest.mark.django_db
WORD = "654321"
KEY = "30" * 16


def outlet(world: World, key: str = "outlet:DA001") -> Site:
    site = Site.objects.create(
        key=key, kind=Site.Kind.OUTLET, region=world.county, organisation=world.firm
    )
    Outlet.objects.create(site=site, medium="gas")
    return site


def device(mn: str = "010000A8900016F000169DC0", **more: Any) -> Device:
    more.setdefault("password", secrets.Secret(WORD))
    return Device.objects.create(mn=mn, **more)


def test_a_secret_is_encrypted_in_the_records_and_read_back(data: Path) -> None:
    one = device()
    DeviceKey.objects.create(device=one, key=KEY)
    with connection.cursor() as cursor:
        rows = cursor.execute("SELECT password FROM registry_device").fetchall()
        rows += cursor.execute("SELECT key FROM registry_devicekey").fetchall()
    assert len(rows) == 2
    assert all(WORD not in text and KEY not in text for (text,) in rows)
    again = Device.objects.get(pk=one.pk)
    assert again.password is not None
    assert again.password.reveal() == WORD
    assert again.keys.get().key.reveal() == KEY


def test_the_same_secret_is_never_twice_the_same_token(data: Path) -> None:
    assert secrets.encrypted(WORD) != secrets.encrypted(WORD)


@pytest.mark.parametrize("shown", [str, repr, "{}".format, "{0!r:>30}".format])
def test_a_secret_is_masked_wherever_it_is_printed(data: Path, shown: Any) -> None:
    fresh, kept = secrets.Secret(WORD), device().password
    assert WORD not in shown(fresh)
    assert secrets.MASK in shown(fresh)
    assert kept is not None
    kept.reveal()
    assert WORD not in shown(kept)


def test_a_device_is_masked_in_print_in_logs_in_dumps_and_in_copies(
    data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one = device()
    DeviceKey.objects.create(device=one, key=KEY)
    access = devices.Access()
    access.refresh()
    known = access.device(one.mn)
    with caplog.at_level(logging.INFO):
        logging.getLogger("fenhe").info("%s %r %s", known, known, vars(one))
    dumped = serializers.serialize("json", [*Device.objects.all(), *DeviceKey.objects.all()])
    pickled = pickle.dumps(Device.objects.get())
    for text in (caplog.text, dumped, repr(pickled)):
        assert WORD not in text
        assert KEY not in text
    password = pickle.loads(pickled).password  # noqa: S301
    assert password.reveal() == WORD
    assert copy.deepcopy(one).password == one.password


def test_a_loaded_dump_has_the_same_secret(data: Path) -> None:
    one = device()
    dumped = serializers.serialize("json", [Device.objects.get(pk=one.pk)])
    Device.objects.all().delete()
    for loaded in serializers.deserialize("json", dumped):
        loaded.save()
    assert Device.objects.get(mn=one.mn).password == secrets.Secret(WORD)


def test_with_another_key_of_the_folder_no_secret_is_read_and_the_device_is_refused(
    data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one = device()
    key = data / paths.SECRET
    key.chmod(0o600)
    key.write_text("another-key", encoding="ascii")
    kept = Device.objects.get(pk=one.pk).password
    assert kept is not None
    with pytest.raises(secrets.SecretLost, match="enter it again"):
        kept.reveal()
    access = devices.Access()
    access.refresh()
    known = access.device(one.mn)
    assert known is not None
    assert not known.enabled
    assert "its secrets can not be read" in caplog.text


def test_access_answers_what_a_gateway_asks(data: Path, world: World) -> None:
    first, second = outlet(world), outlet(world, "outlet:DA002")
    one = device(edition=2025)
    old = DeviceKey.objects.create(device=one, key="31" * 16)
    DeviceKey.objects.create(device=one, key=KEY)
    for site, item in ((first, "a21026"), (first, "a21002"), (second, "a21026")):
        Channel.objects.create(device=one, code=f"{item}", site=site, item=item, unit="mg/m3")
    access = devices.Access()
    assert access.device(one.mn) is None
    assert access.refresh()
    assert not access.refresh()
    known = access.device(" 010000a8900016f000169dc0 ")
    assert known is not None
    assert known.sites == ("outlet:DA001", "outlet:DA002")
    assert (known.password, known.edition, known.enabled) == (WORD, 2025, True)
    assert known.keys == (bytes.fromhex(KEY), bytes.fromhex("31" * 16))
    assert access.device("FFFF") is None
    old.valid = False
    old.save()
    assert access.refresh()
    assert access.devices()[0].keys == (bytes.fromhex(KEY),)


def test_asking_reads_no_records(data: Path, django_assert_num_queries: Any) -> None:
    device()
    access = devices.Access()
    access.refresh()
    with django_assert_num_queries(0):
        assert access.device("010000A8900016F000169DC0") is not None


@pytest.mark.parametrize("change", ["device", "key", "channel", "outlet"])
def test_every_change_is_noticed_whoever_writes_it(data: Path, world: World, change: str) -> None:
    one, site = device(), outlet(world)
    access = devices.Access()
    access.refresh()
    with connection.cursor() as cursor:
        if change == "device":
            cursor.execute("UPDATE registry_device SET enabled = 0")
        elif change == "key":
            DeviceKey.objects.bulk_create([DeviceKey(device=one, key=KEY)])
        elif change == "channel":
            Channel.objects.create(device=one, code="01", site=site, item="a34013")
        else:
            cursor.execute("DELETE FROM registry_outlet")
    assert access.refresh()


@pytest.mark.django_db(transaction=True)
def test_the_keeper_follows_the_records(data: Path) -> None:
    access, told = devices.Access(), []
    keeper = devices.Keeper(access, lambda: told.append(len(access.devices())))
    keeper.start()
    try:
        device()
        until = time.monotonic() + 30
        while access.device("010000A8900016F000169DC0") is None and time.monotonic() < until:
            time.sleep(0.05)
    finally:
        keeper.stop()
    assert access.device("010000A8900016F000169DC0") is not None
    assert told[-1] == 1
    assert not keeper.is_alive()


def test_an_outlet_is_told_by_its_key(world: World) -> None:
    assert outlet(world).kind == Site.Kind.OUTLET
    with pytest.raises(IntegrityError):
        Site.objects.create(key="DA009", kind=Site.Kind.OUTLET, region=world.county)


def test_a_station_may_not_have_the_key_of_an_outlet(world: World) -> None:
    with pytest.raises(IntegrityError):
        Site.objects.create(key="outlet:DA009", region=world.county)


def test_the_version_of_the_sites_still_changes_after_their_table_was_built_anew(
    world: World,
) -> None:
    from fenhe.platform.registry.queries import version

    before = version()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE registry_site SET published = 1 WHERE key = 'in'")
    assert version() != before


def test_the_records_hold_no_plain_secret_anywhere(data: Path) -> None:
    one = device(password=secrets.Secret("plainly-seen"))
    DeviceKey.objects.create(device=one, key="4142434445464748494a4b4c4d4e4f50")
    content = connection.connection.serialize()  # a backup would wait for our own transaction
    assert b"010000A8900016F000169DC0" in content
    assert b"plainly-seen" not in content
    assert b"4142434445464748494a4b4c4d4e4f50" not in content
