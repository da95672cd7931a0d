"""Asynchronous endpoints: requests by S3, a queue, results and failures in S3 and on topics."""
