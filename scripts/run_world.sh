#!/usr/bin/env bash
# The whole path in one go: an invented Hub and forum are crawled at three dates, and all stages run, without a network.
set -euo pipefail
usage() { echo "usage: scripts/run_world.sh LAKE [MODELS]   writes the lake's tables and its page"; }
case "${1:-}" in
  -h | --help) usage; exit 0 ;;
  "" | -*) usage >&2; exit 2 ;;
esac
lake=$1 models=${2:-20000}
ptm=${PTM_VENV:-.venv}/bin/ptm-spark
# nothing of the user's own account may reach the invented Hub
unset HF_TOKEN HUGGING_FACE_HUB_TOKEN
export HF_HUB_DISABLE_IMPLICIT_TOKEN=1
standin="" addresses=$(mktemp)
stop() { [ -z "$standin" ] || { kill "$standin" && wait "$standin"; } 2>/dev/null || true; standin=""; }
trap 'stop; rm -f "$addresses"' EXIT

for moment in 2024-04-30T12:00:00Z 2024-08-31T12:00:00Z 2024-11-30T12:00:00Z; do
  : >"$addresses"
  "$ptm" standin --models "$models" --at "$moment" >"$addresses" & standin=$!
  until grep -q '^forum ' "$addresses"; do
    kill -0 "$standin" 2>/dev/null || { echo "run_world: the stand-in did not start" >&2; exit 1; }
    sleep 0.1
  done
  HF_ENDPOINT=$(sed -n 's/^hub //p' "$addresses"); export HF_ENDPOINT
  forum=$(sed -n 's/^forum //p' "$addresses")
  "$ptm" crawl-hub models --observed-at "$moment" --lake "$lake"
  # an hour later, as it would be: what is asked about has been listed by then
  "$ptm" crawl-hub cards commits discussions --sample 200 --observed-at "${moment/T12/T13}" --lake "$lake"
  "$ptm" crawl-forum --forum-url "$forum" --observed-at "$moment" --lake "$lake"
  stop
done
"$ptm" run --lake "$lake"
"$ptm" tables --lake "$lake"
echo "page: $lake/report/index.html"
