"""Make the bucket of archives and of MLflow's files, where it is missing, as soon as the object store answers.

Run by the service `mlflow` of compose.yaml before its server; address and credentials come from its environment.
"""

import os
import time

import boto3
from botocore.exceptions import ClientError, EndpointConnectionError

BUCKET, ATTEMPTS = "ablations", 60

client = boto3.client("s3", endpoint_url=os.environ["MLFLOW_S3_ENDPOINT_URL"], region_name="us-east-1")
for attempt in range(ATTEMPTS):
    try:
        client.create_bucket(Bucket=BUCKET)
        break
    except ClientError as error:
        if error.response["Error"]["Code"] in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
            break
        raise
    except EndpointConnectionError:
        if attempt + 1 == ATTEMPTS:
            raise
        time.sleep(1)
