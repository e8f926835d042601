#!/bin/sh
# Runs every command of the tutorial in order, in an empty folder: run.sh PROGRAM. Trainings are cut to a few steps (`quick`).
set -eu
program=$(realpath "$1")
book=$(cd "$(dirname "$0")/.." && pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
cp "$book/tutorial/photos.py" .

foretask() {
    if [ "$1" = run ]; then
        "$program" "$@" --set quick=true
    else
        "$program" "$@"
    fi
}

awk '/^```sh$/ { on = 1; next } /^```$/ { on = 0 } on' "$book/tutorial.md" > commands.sh
. ./commands.sh
for made in photos-to-label.csv photos-to-label.png photos-labeled-labels.csv labels.csv classifier.onnx.py; do
    test -s "$made" || { echo "the tutorial left no $made"; exit 1; }
done
test -s runs/photos-labeled/*/report.html
echo "every command of the tutorial did what it says"
