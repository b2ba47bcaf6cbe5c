#!/usr/bin/env bash
# Set up everything in .venv: the locked packages, this project, and what engine spark needs. Nothing to do when done.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() { echo "usage: scripts/setup.sh [--force]   (environment in \$PTM_VENV, default .venv)"; }
force=no
case "${1:-}" in
  "") ;;
  --force) force=yes ;;
  -h | --help) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac

venv=${PTM_VENV:-.venv}
stamp=$venv/.ptm-setup
wanted=$(cat pyproject.toml requirements.lock requirements-java.lock scripts/setup.sh scripts/setup_spark.py | sha256sum | cut -d' ' -f1)
if [ "$force" = no ] && [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then exit 0; fi

find_python() {
  for name in "${PYTHON:-}" python3 python3.13 python3.12 python3.11; do
    [ -n "$name" ] && command -v "$name" >/dev/null || continue
    if "$name" -c 'import sys, venv, ensurepip; raise SystemExit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null
    then echo "$name"; return; fi
  done
  echo "setup: needs Python 3.11 to 3.13 with venv, found none; install one or set PYTHON=/path/to/python" >&2
  exit 2
}

if [ ! -x "$venv/bin/python" ]; then
  python=$(find_python)
  echo "setup: environment $venv with $("$python" --version)"
  "$python" -m venv "$venv"
fi
py=$venv/bin/python
# uv installs in seconds what takes pip minutes; its version is pinned like all others
"$py" -m pip install --quiet --disable-pip-version-check "uv==0.13.9"
echo "setup: packages of requirements.lock"
# without compiled bytecode every start would cost three times as much, and some environments forbid writing it later
env -u PYTHONDONTWRITEBYTECODE "$venv/bin/uv" pip install --quiet --python "$py" --compile-bytecode \
  --require-hashes --requirement requirements.lock
"$venv/bin/uv" pip install --quiet --python "$py" --no-deps --editable .
env -u PYTHONDONTWRITEBYTECODE "$py" -m compileall -q ptm_spark jobs
echo "setup: engine spark"
"$py" scripts/setup_spark.py
echo "$wanted" >"$stamp"
echo "setup: done"
