#!/usr/bin/env bash
# Copies what a package is built from into a folder: what is committed or, with --worktree, what lies here.
#
# usage: packaging/stage.sh [--worktree] FOLDER
set -euo pipefail
worktree=
if [ "${1:-}" = --worktree ]; then
  worktree=yes
  shift
fi
folder=$(realpath -m "${1:?a folder is needed}")
cd "$(dirname "$0")/.."

mkdir -p "$folder"
# Through sudo the tree belongs to somebody else, which git would refuse.
git=(git -c "safe.directory=$PWD")
if [ -n "$worktree" ]; then
  "${git[@]}" ls-files -z --cached --others --exclude-standard |
    while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done | tar -c --null -T - | tar -x -C "$folder"
else
  "${git[@]}" archive HEAD | tar -x -C "$folder"
fi
