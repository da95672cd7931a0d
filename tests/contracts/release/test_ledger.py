"""The ledger under real concurrency: every writer goes through the emulated S3, SSM and SageMaker."""

from __future__ import annotations

import pytest

from contracts import release
from contracts.release import Record, ReleaseError, Status
from contracts.release.lock import BusyError
from tests.contracts.release.conftest import Endpoint, together
from tests.contracts.release.records import FIRST, at, package, promoted, statuses


def promote(endpoint: Endpoint, version: int) -> Record:
    with endpoint.ledger(sleep=lambda _: None).open(who=f"user {version}", doing="promote") as book:
        book.refuse_in_progress()
        return book.write(_promoted(book.record, version))


def _promoted(record: Record | None, version: int) -> Record:
    return release.promote(record, package(version), who="ana", why="better", when=at(version))


def test_before_the_first_release_there_is_no_record(endpoint: Endpoint) -> None:
    assert endpoint.ledger().read().record is None


def test_what_is_deployed_is_live_at_the_next_write(endpoint: Endpoint) -> None:
    endpoint.up(promote(endpoint, 1))
    assert statuses(promote(endpoint, 2)) == [("2", Status.CANDIDATE), ("1", Status.LIVE)]


def test_live_counts_and_weights_are_written_with_the_endpoint_scaled_to_eight(endpoint: Endpoint) -> None:
    endpoint.up(promote(endpoint, 1))
    endpoint.scale(champion=8)
    with endpoint.ledger().open(who="ana", doing="promote") as book:
        record = book.write(promoted(book.record, 2, champion=book.counts["champion"]))
    assert (record.counts, record.weights) == ({"champion": 8}, {"champion": 100.0})
    assert record.wanted.instances == {"champion": 8}
    assert endpoint.read() == record


def test_the_configuration_that_serves_is_written_and_none_once_the_endpoint_leaves_it(endpoint: Endpoint) -> None:
    first = promote(endpoint, 1)
    assert first.config == ""
    endpoint.up(first)
    second = promote(endpoint, 2)
    assert second.config == endpoint.config(first.wanted.id)
    with endpoint.ledger().open(who="up", doing="roll out") as book:
        leaving = book.write(release.begin(second, second.wanted.id, when=at(3)), moving=True)
    assert leaving.config == endpoint.read().config == ""
    endpoint.up(second)
    with endpoint.ledger().open(who="ana", doing="look") as book:
        assert book.record is not None
        book.write(book.record)
    assert endpoint.read().config == endpoint.config(second.wanted.id)


def test_of_many_promotions_at_once_none_is_lost(endpoint: Endpoint) -> None:
    endpoint.up(promote(endpoint, 1))
    before = endpoint.ledger().read().version
    results = together(*[lambda v=version: promote(endpoint, v) for version in (2, 3, 4, 5)])
    assert all(isinstance(result, Record) for result in results)
    assert endpoint.ledger().read().version == before + 4
    record = endpoint.read()
    assert record.live is not None
    assert record.live.champion == package(1)
    assert len(record.releases) == 4


def test_of_many_first_promotions_at_once_each_builds_on_the_one_before(endpoint: Endpoint) -> None:
    together(*[lambda v=version: promote(endpoint, v) for version in (1, 2, 3)])
    assert sorted(version for version, _ in statuses(endpoint.read())) == ["1", "2", "3"]


def test_a_writer_without_the_lock_is_found_out(endpoint: Endpoint) -> None:
    promote(endpoint, 1)
    ledger = endpoint.ledger()
    with ledger.open(who="ana", doing="promote") as book:
        text = release.to_json(FIRST)
        ledger.ssm.put_parameter(Name=ledger.parameter, Value=text, Type="String", Overwrite=True)
        with pytest.raises(ReleaseError) as caught:
            book.write(_promoted(book.record, 2))
    assert str(caught.value) == (
        f"{ledger.parameter}: version 3 was written over version 2, which somebody else wrote without the lock; "
        f"decide with `aws ssm get-parameter-history --name {ledger.parameter}`"
    )


def test_a_first_record_that_somebody_else_wrote_is_not_overwritten(endpoint: Endpoint) -> None:
    ledger = endpoint.ledger()
    with ledger.open(who="ana", doing="promote") as book:
        ledger.ssm.put_parameter(Name=ledger.parameter, Value=release.to_json(FIRST), Type="String")
        with pytest.raises(BusyError, match="somebody else wrote it first, without the lock; try again"):
            book.write(_promoted(None, 2))
    assert endpoint.read() == FIRST


def test_a_crash_between_lock_and_write_loses_nothing(endpoint: Endpoint) -> None:
    before = promote(endpoint, 1)
    with pytest.raises(KeyboardInterrupt), endpoint.ledger().open(who="ana", doing="promote"):
        raise KeyboardInterrupt
    assert endpoint.read() == before
    assert statuses(promote(endpoint, 2)) == [("2", Status.CANDIDATE), ("1", Status.CANDIDATE)]


def test_a_write_that_changes_nothing_is_no_new_version(endpoint: Endpoint) -> None:
    promote(endpoint, 1)
    with endpoint.ledger().open(who="ana", doing="look") as book:
        assert book.record is not None
        book.write(book.record)
    assert endpoint.ledger().read().version == 1


def test_a_promotion_while_the_endpoint_moves_is_refused(endpoint: Endpoint) -> None:
    endpoint.up(promote(endpoint, 1))
    routing = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 1200}
    bake = {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}}
    endpoint.up(promote(endpoint, 2), wait=False, DeploymentConfig=bake)
    with pytest.raises(BusyError, match=f"endpoint {endpoint.name} is Updating; wait until it is done"):
        promote(endpoint, 3)
    endpoint.settled()
    assert statuses(promote(endpoint, 3)) == [("3", Status.CANDIDATE), ("2", Status.LIVE), ("1", Status.GOOD)]


def test_an_endpoint_moved_by_hand_is_seen(endpoint: Endpoint) -> None:
    record = promote(endpoint, 1)
    endpoint.up(_promoted(None, 9))
    with endpoint.ledger().open(who="ana", doing="look") as book:
        assert (book.stray, book.record) == (True, record)


def test_a_record_that_cannot_be_read_names_its_parameter_and_the_way_back(endpoint: Endpoint) -> None:
    ledger = endpoint.ledger()
    ledger.ssm.put_parameter(Name=ledger.parameter, Value="[]", Type="String")
    with pytest.raises(ReleaseError) as caught:
        ledger.read()
    assert str(caught.value).startswith(f"{ledger.parameter}: not a release record: ")
    assert str(caught.value).endswith(f"`aws ssm get-parameter-history --name {ledger.parameter}` has those before")
