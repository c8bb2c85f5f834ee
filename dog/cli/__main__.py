"""C{python -m dog.cli}."""

import sys

from dog.cli.main import main

sys.exit(main())
