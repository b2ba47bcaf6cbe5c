#!/usr/bin/env bash
# The whole path in one go, on an invented Hub at three dates, without a network.
set -euo pipefail
usage() { echo "usage: scripts/run_world.sh LAKE [MODELS]   writes the lake's tables and its page"; }
case "${1:-}" in
  -h | --help) usage; exit 0 ;;
  "" | -*) usage >&2; exit 2 ;;
esac
lake=$1 models=${2:-20000}
ptm=${PTM_VENV:-.venv}/bin/ptm-spark
dumps=$(mktemp -d)
trap 'rm -rf "$dumps"' EXIT

"$ptm" standin --write "$dumps" --models "$models" --dirty --lake "$lake" | while read -r dump moment; do
  "$ptm" import-dump hub/models "$dump" --observed-at "$moment" --coverage census --scope world --lake "$lake"
done
"$ptm" run --lake "$lake"
"$ptm" tables --lake "$lake"
echo "page: $lake/report/index.html"
