"""What a store keeps of what was deleted, asked of a real S3 server."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from etl.settings.models import StoreOptions
from etl.stores import Store, open_store
from etl.stores.versions import OldVersions, find_old_versions
from tests.services.s3 import S3Server

NUMBERS = count(1)


@pytest.fixture
def bucket(s3_credentials: S3Server) -> str:
    """A bucket of its own, with nothing switched on."""
    name = f"versions-{next(NUMBERS)}"
    s3_credentials.connect().mkdir(name)
    return name


def call(s3: S3Server, method: str, **arguments: Any) -> Any:  # noqa: ANN401 - S3's own answers
    """Call S3."""
    return s3.connect().call_s3(method, **arguments)


def find(s3: S3Server, bucket: str) -> OldVersions:
    """Ask of a prefix of the bucket."""
    return find_old_versions(open_store(f"s3://{bucket}/lake", s3.options))


def test_a_folder_and_a_plain_bucket_keep_nothing(
    local_store: Store, s3_credentials: S3Server, bucket: str
) -> None:
    """What is deleted is gone."""
    assert find_old_versions(local_store).state == "none"
    assert find(s3_credentials, bucket).describe() == f"s3://{bucket}/lake: keeps no old versions"


def test_a_versioned_bucket_keeps_what_is_deleted(s3_credentials: S3Server, bucket: str) -> None:
    """Also once its versioning is suspended; a rule may end old versions of a prefix."""
    for status in ("Enabled", "Suspended"):
        configuration = {"Status": status}
        call(s3_credentials, "put_bucket_versioning", Bucket=bucket, VersioningConfiguration=configuration)
        found = find(s3_credentials, bucket)
        assert found.describe() == (
            f"s3://{bucket}/lake: old versions stay until somebody deletes them, not erased"
        )


def test_a_rule_ends_old_versions_of_what_it_reaches(s3_credentials: S3Server, bucket: str) -> None:
    """The shortest term counts; a rule that is off, or is for other keys, does not."""
    configuration = {"Status": "Enabled"}
    call(s3_credentials, "put_bucket_versioning", Bucket=bucket, VersioningConfiguration=configuration)
    rules = [("Enabled", "", 90), ("Enabled", "lake/", 30), ("Enabled", "landing/", 7), ("Disabled", "", 1)]
    call(
        s3_credentials,
        "put_bucket_lifecycle_configuration",
        Bucket=bucket,
        LifecycleConfiguration={
            "Rules": [
                {
                    "ID": f"rule-{place}",
                    "Status": status,
                    "Filter": {"Prefix": prefix},
                    "NoncurrentVersionExpiration": {"NoncurrentDays": days},
                }
                for place, (status, prefix, days) in enumerate(rules)
            ]
        },
    )

    assert find(s3_credentials, bucket).expire_days == 30


def test_a_locked_bucket_says_for_how_long(s3_credentials: S3Server) -> None:
    """Nobody can delete old versions before."""
    bucket = f"locked-{next(NUMBERS)}"
    call(s3_credentials, "create_bucket", Bucket=bucket, ObjectLockEnabledForBucket=True)
    retention = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 40}}
    call(
        s3_credentials,
        "put_object_lock_configuration",
        Bucket=bucket,
        ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": retention},
    )

    found = find(s3_credentials, bucket)

    assert (found.state, found.lock_days) == ("kept", 40)
    assert "locked for 40 days from their writing" in found.describe()


def test_a_store_that_cannot_be_asked_is_unknown(s3_credentials: S3Server, bucket: str) -> None:
    """It is told so, and nothing fails."""
    absent = find(s3_credentials, "there-is-no-such-bucket")
    assert absent.state == "unknown"
    assert "does not say" in absent.describe()
    store = open_store(f"s3://{bucket}", StoreOptions(endpoint_url="http://127.0.0.1:9", region="us-east-1"))
    assert find_old_versions(replace(store, scheme="gs")).state == "unknown"
