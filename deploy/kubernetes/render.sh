#!/usr/bin/env bash
# Renders the overlays into rendered/, by the kustomize of the PATH or of target/bin:
#   GOBIN="$PWD/deploy/kubernetes/target/bin" go install sigs.k8s.io/kustomize/kustomize/v5@v5.7.1
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export PATH="$PWD/target/bin:$PATH"
command -v kustomize >/dev/null || { echo "render.sh: no kustomize found; install it as the head of this script says" >&2; exit 1; }
# shellcheck source=venv.sh
source venv.sh
for name in minimal gpu production strimzi; do
    folder="overlays/$name"
    [[ "$name" != strimzi ]] || folder=strimzi
    sources="$(target/venv/bin/python -c "import test_manifests; print(test_manifests.sources_digest('$name'))")"
    { echo "# Sources: $sources" && kustomize build "$folder"; } >"rendered/$name.yaml"
done
