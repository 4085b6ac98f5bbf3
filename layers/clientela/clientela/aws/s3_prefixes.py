"""Deleting versions of objects, such as everything under a prefix of a bucket."""

from collections.abc import Sequence

from clientela.aws import clients


def delete_all(bucket: str, prefix: str) -> int:
    """Delete all versions of all objects, and unfinished uploads; return how many versions.

    Delete markers are deleted, too, and not counted.

    Cost: one LIST and one DELETE request per 1,000 versions.
    """
    s3, count = clients.s3(), 0
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        versions, markers = page.get("Versions", []), page.get("DeleteMarkers", [])
        delete_versions(bucket, [(each["Key"], each["VersionId"]) for each in (*versions, *markers)])
        count += len(versions)
    for uploads in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, Prefix=prefix):
        for upload in uploads.get("Uploads", []):
            s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    return count


def delete_versions(bucket: str, versions: Sequence[tuple[str, str]]) -> None:
    """Delete up to 1,000 versions, given by key and version id, with one request.

    Raises:
        ObjectsLeftError: S3 refused some of them.
    """
    if not versions:
        return
    names = [{"Key": key, "VersionId": version_id} for key, version_id in versions]
    answer = clients.s3().delete_objects(Bucket=bucket, Delete={"Objects": names, "Quiet": True})  # type: ignore[typeddict-item]
    if errors := answer.get("Errors"):
        raise ObjectsLeftError(f"{len(errors)} objects were not deleted: {errors[0].get('Code')}")


class ObjectsLeftError(RuntimeError):
    """S3 refused to delete objects: the caller lacks the right, or they are locked."""
