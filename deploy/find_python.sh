#!/bin/sh
# Prints the Python to build .venv with: 3.11, for which the requirements were locked, or newer.
# A name on the PATH may be a version manager's empty promise, so each one is asked.
for name in ${PYTHON:-python3.11 python3.12 python3.13 python3.14 python3}; do
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
        "$name" -c 'import sys; print(sys.executable)'
        exit 0
    fi
done
echo "setup: Python 3.11 or newer is missing (looked for: ${PYTHON:-python3.11, python3.12, …, python3})" >&2
exit 1
