#!/usr/bin/env bash
# Prints, in Markdown, how the graphs of Orchestrations differ between the commits BASE and HEAD of the repository in this
# folder. Prints nothing where no graph differs. Usage: describe-graphs.sh BASE HEAD
set -euo pipefail
base=$1 head=$2
scratch=$(mktemp -d)
trap 'rm -r "$scratch"' EXIT

# draw COMMIT FILE FORMAT: the graph of a file as it is in a commit; nothing where there is no file or no Orchestration in it.
draw() {
  git show "$1:$2" 2>/dev/null | orchestration-gate graph -o "$3" - 2>/dev/null || true
}

git diff --name-only -z --no-renames "$base...$head" -- '*.yaml' '*.yml' '*.json' | while IFS= read -r -d '' file; do
  draw "$(git merge-base "$base" "$head")" "$file" text > "$scratch/before"
  draw "$head" "$file" text > "$scratch/after"
  if cmp -s "$scratch/before" "$scratch/after"; then continue; fi
  printf '### `%s`\n\n```diff\n' "$file"
  diff --unified=3 "$scratch/before" "$scratch/after" | tail -n +3 || true
  printf '```\n\n'
  if [ -s "$scratch/after" ]; then
    printf '<details><summary>The graph after the change</summary>\n\n```mermaid\n'
    draw "$head" "$file" mermaid
    printf '```\n\n</details>\n\n'
  fi
done
