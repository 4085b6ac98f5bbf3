"""Delete source files that are left in the imports bucket: they may hold clear passwords.

An import deletes its source with passwords when it ends. The sweep deletes the others: of an import
that never started or was never finished, of an unknown store, older versions, and unfinished
uploads. S3's lifecycle rules count whole days, so they take two days or more.
"""

from datetime import datetime, timedelta

from clientela import settings
from clientela.aws import clients, s3_prefixes

MAX_AGE = timedelta(hours=22)  # the sweep runs every hour, and passwords are gone within a day


def sweep(now: datetime) -> int:
    """Delete all versions that are older than MAX_AGE, and unfinished uploads.

    Return how many there were. Safe to repeat. Cost: one LIST request per 1,000 versions in the
    bucket, and one DELETE request per 1,000 deleted ones.
    """
    s3, bucket, before, count = clients.s3(), settings.imports_bucket(), now - MAX_AGE, 0
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        found = (*page.get("Versions", []), *page.get("DeleteMarkers", []))
        old = [(each["Key"], each["VersionId"]) for each in found if each["LastModified"] <= before]
        s3_prefixes.delete_versions(bucket, old)
        count += len(old)
    for uploads in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
        old_uploads = [each for each in uploads.get("Uploads", []) if each["Initiated"] <= before]
        for upload in old_uploads:
            s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
        count += len(old_uploads)
    return count
