"""`python -m automation`: what people and pipelines do with a stack that is deployed."""

import sys

try:
    from automation.commands import main
except KeyboardInterrupt:  # nothing was begun
    sys.exit(130)

if __name__ == "__main__":
    sys.exit(main())
