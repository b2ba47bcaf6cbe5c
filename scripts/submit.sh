#!/usr/bin/env bash
# Run a job by spark-submit: the packages as a zip, the settings of conf/spark-cluster.conf, everything else passed on.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

usage() {
  cat <<'END'
usage: scripts/submit.sh [spark-submit options] JOB [job options]

  scripts/submit.sh --master spark://host:7077 build_gold --lake s3a://bucket/lake
  MASTER=spark://host:7077 scripts/submit.sh run_all --lake /shared/lake --conf conf/cluster.toml

JOB is a file of jobs/ without .py, with dashes or underscores; `JOB --help` lists its options. Options before JOB go to
spark-submit, those after it to the job. Without --jars or --packages the Delta jars of set-up are sent along.
Environment: PTM_VENV (default .venv), SPARK_HOME (default: the environment's own Spark), JAVA_HOME, MASTER,
PYSPARK_PYTHON (the workers' Python).
END
  echo "jobs: $(find "$root/jobs" -name '[a-z]*.py' ! -name cli.py -exec basename {} .py \; | sort | tr '\n' ' ')"
}

fail() { printf 'submit: %s\n' "$1" >&2; exit 2; }

options=() own_delta=no
while (($#)) && [[ $1 == -* || ! -f $root/jobs/${1//-/_}.py ]]; do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --jars | --packages) own_delta=yes ;;
  esac
  options+=("$1")
  shift
done
(($#)) || { usage >&2; fail "no JOB named; expected a file of jobs/ without .py${options[0]:+, found ${options[*]}}"; }
job=$root/jobs/${1//-/_}.py
shift

venv=$(cd "${PTM_VENV:-$root/.venv}" 2>/dev/null && pwd) || fail "no environment in ${PTM_VENV:-.venv}; run make setup"
submit=${SPARK_HOME:+$SPARK_HOME/bin/}spark-submit
export PATH=$venv/bin:$PATH
export PYSPARK_PYTHON=${PYSPARK_PYTHON:-$venv/bin/python}
command -v "$submit" >/dev/null || fail "no $submit; run make setup, or set SPARK_HOME"
JAVA_HOME=$(python -c 'from ptm_spark.session import find_java; print(find_java())' 2>&1) || fail "${JAVA_HOME##*Error: }"
export JAVA_HOME
if [[ $own_delta == no ]]; then
  jars=$(python -c 'from ptm_spark.session import find_jars; print(*find_jars(), sep=",")' 2>&1) || fail "${jars##*Error: }"
  options+=(--jars "$jars")
fi

# a zip, for executors cannot import from a wheel
zip=$root/build/ptm_spark.zip
python - "$root" "$zip" <<'END'
import sys
import zipfile
from pathlib import Path

root, target = map(Path, sys.argv[1:])
target.parent.mkdir(exist_ok=True)
with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
    for folder in ("ptm_spark", "jobs", "conf"):
        for file in sorted((root / folder).rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                archive.write(file, file.relative_to(root))
END
exec "$submit" --properties-file "$root/conf/spark-cluster.conf" --py-files "$zip" "${options[@]}" "$job" "$@"
