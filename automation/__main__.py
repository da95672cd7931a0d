"""`python -m automation`: what people and pipelines do with a stack that is deployed."""

import sys

from automation.commands import main

if __name__ == "__main__":
    sys.exit(main())
