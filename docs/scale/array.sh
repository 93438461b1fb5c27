#!/bin/bash
# A run as a job array of Slurm. From the project's folder, which every node sees:
#
#   bash docs/scale/array.sh                  # submits all tasks, and their merge behind them
#   bash docs/scale/array.sh submit 7,12      # these tasks again, and the merge
#
# What is set below may also be set by whoever calls: SHARDS=256 GOLD=mine.jsonl bash ...
#SBATCH --job-name=harness
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=1
#SBATCH --mem=4G
#SBATCH --time=04:00:00
set -euo pipefail

shards=${SHARDS:-64}         # tasks; MaxArraySize of the cluster is the limit
backends=${BACKENDS:-gazetteer}
gold=${GOLD:-seeds}
out=${OUT:-results/cut}      # gets shards/1, shards/2, ... and merged

case ${1:-submit} in
submit)
  harness cache gold "$gold"  # Counted once, and not by every task.
  # From 1, and not in the lines above: the merge is a job of this script, too, and no array.
  tasks=$(sbatch --parsable --array="${2:-1-$shards}" --output=shard-%A_%a.log "$0" shard)
  sbatch --dependency="afterok:${tasks%%;*}" --kill-on-invalid-dep=yes \
    --output=merge-%j.log "$0" merge
  ;;
shard)
  # auto/N, for where some tasks are run again SLURM_ARRAY_TASK_COUNT counts these alone.
  # shellcheck disable=SC2086  # several backends are several words
  harness run $backends --gold "$gold" --threads "${SLURM_CPUS_PER_TASK:-1}" \
    --shard "auto/$shards" --out "$out/shards/$SLURM_ARRAY_TASK_ID" --quiet --rankings
  ;;
merge)
  harness merge "$out/shards" --out "$out/merged" --require-complete
  ;;
*)
  echo "$0: expected submit, shard or merge; found $1" >&2
  exit 2
  ;;
esac
