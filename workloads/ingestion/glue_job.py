"""The script of the Glue job (`workloads.ingestion.on_spark`); everything else comes in an archive beside it.

A run fails by what its script raises: leaving with 0 is an exception to Glue too.
"""

import sys

from workloads.ingestion.on_spark import given_by_glue, main

if code := main(given_by_glue(sys.argv[1:])):
    sys.exit(code)
