#!/usr/bin/env bash
# Builds the libFuzzer targets with clang and runs each for NTPOPT_FUZZ_SECONDS, two at a time, from its corpus.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1

seconds=${NTPOPT_FUZZ_SECONDS:-60}
cmake --preset fuzz >build/configure-fuzz.log || { cat build/configure-fuzz.log; exit 1; }
cmake --build build/fuzz -j "$(nproc)" --target fuzz_targets -- --quiet || exit 1

fuzz_one() {
  local target=$1 name corpus findings
  name=$(basename "$target")
  corpus=$(mktemp -d)
  findings=build/fuzz/findings/$name/
  mkdir -p "$findings"
  if "$target" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=2048 -artifact_prefix="$findings" \
      "$corpus" "tests/fuzz/${name#fuzz_}/corpus" >"$findings/log" 2>&1; then
    echo "passed $name: $(grep -E '^Done' "$findings/log" | tail -n 1)"
  else
    echo "failed $name: see $findings"
    tail -n 30 "$findings/log"
  fi
  rm -rf "$corpus"
}
export -f fuzz_one
export seconds

results=$(find build/fuzz/tests/fuzz -type f -executable -name 'fuzz_*' | sort |
  xargs -P "$(nproc)" -I{} bash -c 'fuzz_one {}')
echo "$results"
passed=$(grep -c '^passed' <<<"$results")
failed=$(grep -c '^failed' <<<"$results")
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
