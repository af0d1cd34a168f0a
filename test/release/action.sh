# Runs the steps of action.yml as a runner does, with what make release wrote as the releases.
debian curl curl
debian python3 python3
python3 -c 'import yaml' 2>/dev/null || { DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-yaml >/dev/null; }
mkdir "$work/releases" "$work/runner"
ln -s "$work/0.2.0" "$work/releases/v0.2.0"
step() { python3 -c 'import sys, yaml; print([s["run"] for s in yaml.safe_load(open("action.yml"))["runs"]["steps"] if s["id"] == sys.argv[1]][0])' "$1"; }
export GITHUB_PATH=$work/runner/path GITHUB_OUTPUT=$work/runner/output GITHUB_ENV=$work/runner/env
install() { VERSION=${1-} REF=v0.2.0 RELEASES=file://$work/releases SYSTEM=Linux CPU=X64 TEMP=$work/runner bash -c "$(step install)"; }
install
dir=$(sed -n 's/^dir=//p' "$GITHUB_OUTPUT")
# It runs until the job ends; here its group is ended.
DIR=$dir PORT=18791 ARGS="--log-level warn" setsid bash -c "echo \$\$ >'$work/runner/pid'; $(step start)"
said=$(set -a; . "$GITHUB_ENV"; export PATH=$(cat "$GITHUB_PATH"):$PATH; echo Hello | parley chat)
kill -TERM -- "-$(cat "$work/runner/pid")"
[[ $said == *"Ana: Hello"* ]] || fail "there was no chat: $said"
grep -qx endpoint=http://127.0.0.1:18791 "$GITHUB_OUTPUT" || fail "the action has no output"
# A file that is not what the sums say is not run.
rm "$work/releases/v0.2.0" && cp -r "$work/0.2.0" "$work/releases/v0.2.0" && echo >>"$work/releases/v0.2.0/parley_0.2.0_linux_amd64.tar.gz"
if complaint=$(install 2>&1) || [[ $complaint != *"is not what SHA256SUMS says"* ]]; then fail "the action takes another file: $complaint"; fi
if complaint=$(install main 2>&1) || [[ $complaint != *"say which version"* ]]; then fail "the action takes main for a version: $complaint"; fi
unset GITHUB_PATH GITHUB_OUTPUT GITHUB_ENV
