"""Buckets: closed, encrypted, TLS only, and nothing stays in them for ever."""

import re
from datetime import timedelta
from typing import Any

import pytest
from tests.support.template_file import resources, template

from clientela.exports import export_files
from clientela.imports import source_sweep

PARAMETERS = template()["Parameters"]
BUCKETS = resources("AWS::S3::Bucket")
POLICIES = resources("AWS::S3::BucketPolicy")


def lifecycle(bucket: str) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = BUCKETS[bucket]["Properties"]["LifecycleConfiguration"]["Rules"]
    return rules


@pytest.mark.parametrize("name", BUCKETS)
def test_a_bucket_is_closed_to_the_public(name: str) -> None:
    closed = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    assert BUCKETS[name]["Properties"]["PublicAccessBlockConfiguration"] == dict.fromkeys(closed, True)


@pytest.mark.parametrize("name", BUCKETS)
def test_a_bucket_is_encrypted(name: str) -> None:
    assert BUCKETS[name]["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]


@pytest.mark.parametrize("name", BUCKETS)
def test_a_bucket_is_reached_by_tls_only(name: str) -> None:
    policy = next(body["Properties"] for body in POLICIES.values() if body["Properties"]["Bucket"] == {"Ref": name})
    statement = policy["PolicyDocument"]["Statement"][0]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert statement["Resource"] == [{"Fn::GetAtt": [name, "Arn"]}, {"Fn::Sub": f"${{{name}.Arn}}/*"}]


@pytest.mark.parametrize("name", BUCKETS)
def test_everything_expires_and_broken_uploads_are_removed(name: str) -> None:
    for rule in lifecycle(name):
        assert rule["Status"] == "Enabled"
        days = rule["ExpirationInDays"]
        assert int(PARAMETERS[days["Ref"]]["Default"] if isinstance(days, dict) else days) > 0
        assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}


def test_source_files_expire_after_a_day_whatever_their_folder_is_called() -> None:
    """They may hold clear passwords, also in a folder that is no store's."""
    (rule,) = lifecycle("ImportsBucket")
    assert rule.keys() & {"Prefix", "Filter"} == set()
    assert rule["ExpirationInDays"] == 1


def test_source_files_are_swept_every_hour() -> None:
    sweep = resources("AWS::Serverless::Function")["CsvImportSweep"]["Properties"]
    assert sweep["Events"]["Schedule"]["Properties"]["ScheduleExpression"] == "rate(1 hour)"
    assert source_sweep.MAX_AGE + timedelta(hours=1) < timedelta(days=1)


def test_old_versions_of_source_files_expire_too() -> None:
    assert BUCKETS["ImportsBucket"]["Properties"]["VersioningConfiguration"] == {"Status": "Enabled"}
    assert all(rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1} for rule in lifecycle("ImportsBucket"))


def test_job_files_stay_for_thirty_days() -> None:
    assert [rule["ExpirationInDays"] for rule in lifecycle("ImportJobsBucket")] == [30]


def test_exports_stay_for_ninety_days_unless_the_operator_says_otherwise() -> None:
    assert [rule["ExpirationInDays"] for rule in lifecycle("ExportsBucket") if "Prefix" not in rule] == [
        {"Ref": "ExportRetentionDays"}
    ]
    assert PARAMETERS["ExportRetentionDays"]["Default"] == "90"


def test_another_account_reads_one_stores_exports_and_nothing_else() -> None:
    _tls, *readers = POLICIES["ExportsBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    for reader in readers:
        condition, statement, otherwise = reader["Fn::If"]
        assert (condition, otherwise) == ("HasExportReader", {"Ref": "AWS::NoValue"})
        assert statement["Principal"] == {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${ExportReaderAccount}:root"}}
    get, list_ = (reader["Fn::If"][1] for reader in readers)
    assert get["Action"] == "s3:GetObject"
    assert get["Resource"] == {"Fn::Sub": "${ExportsBucket.Arn}/${ExportReaderStore}/*"}
    assert list_["Action"] == "s3:ListBucket"
    assert list_["Condition"] == {"StringLike": {"s3:prefix": {"Fn::Sub": "${ExportReaderStore}/*"}}}


def test_nobody_else_reads_exports_unless_both_parameters_are_set() -> None:
    is_set = [{"Fn::Not": [{"Fn::Equals": [{"Ref": f"ExportReader{name}"}, ""]}]} for name in ("Store", "Account")]
    assert template()["Conditions"]["HasExportReader"] == {"Fn::And": is_set}


def test_the_parts_of_exports_expire_after_two_days_and_no_store_has_that_prefix() -> None:
    """S3 lets the shortest of several matching rules win."""
    (rule,) = (rule for rule in lifecycle("ExportsBucket") if "Prefix" in rule)
    assert (rule["Prefix"], rule["ExpirationInDays"]) == (export_files.PARTS_PREFIX, 2)
    assert not re.fullmatch(r"[a-z0-9].*", rule["Prefix"])
