#!/usr/bin/env bash
# Deploys a server with its model to Cloud Run and prints its URL.
# Usage: bash engine/deploy.sh SERVER [GCLOUD OPTION ...]      (every server's own deploy.sh does this)
# Project and region: gcloud's settings (gcloud config set run/region REGION), or --project and --region here.
# Callers need an identity token, which run_client_cloud.sh brings; --allow-unauthenticated makes the service public.
set -euo pipefail

server=$1
shift
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=server_python_fast/settings.sh
source "$root/$server/settings.sh"

if ! type -P gcloud >/dev/null; then
  echo "gcloud is not installed: get it from https://cloud.google.com/sdk/docs/install, then run gcloud auth login" >&2
  exit 1
fi
bash "$root/engine/model.sh" "$server" >/dev/null

# Cloud Build receives a folder whole, and wants the Dockerfile at its top: only what the Dockerfile copies goes there.
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
cp "$root/$server/Dockerfile" "$stage"
grep '^COPY [^-]' "$stage/Dockerfile" | while read -ra words; do
  for path in "${words[@]:1:${#words[@]}-2}"; do
    mkdir -p "$stage/$(dirname "$path")"
    cp -R "$root/$path" "$stage/$path"
  done
done
find "$stage" -name __pycache__ -prune -exec rm -rf {} +

# The first generation is gVisor: of the two, the one that starts faster. The health check, a beta option, may have been
# switched off by run_client_cloud.sh --cold.
gcloud beta run deploy "${server//_/-}" --source "$stage" --cpu-boost --execution-environment gen1 "${resources[@]}" \
  --no-allow-unauthenticated --deploy-health-check --format 'value(status.url)' "$@"
echo "Next: bash run_client_cloud.sh" >&2
