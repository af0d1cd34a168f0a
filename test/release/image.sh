# Unpacks the image as a container engine would, and runs it as one would: its layers one over
# the other, its user, its variables, nothing else of this machine but a loopback of its own.
debian jq jq
image=$work/0.2.0/parley_0.2.0_image.tar
mkdir "$work/layout" "$work/rootfs"
tar -xf "$image" -C "$work/layout"
blob() { printf '%s/blobs/%s' "$work/layout" "${1/://}"; }
index=$(blob "$(jq -r '.manifests[0].digest' "$work/layout/index.json")")
[ "$(jq -r '[.manifests[].platform | "\(.os)/\(.architecture)"] | join(" ")' "$index")" = "linux/amd64 linux/arm64" ] || fail "the image is for other systems: $(cat "$index")"
(cd "$work/layout/blobs/sha256" && for file in *; do echo "$file  $file"; done | sha256sum --quiet --check) # each blob is what its name says
manifest=$(blob "$(jq -r '.manifests[] | select(.platform.architecture == "amd64") | .digest' "$index")")
config=$(blob "$(jq -r .config.digest "$manifest")")
jq -r '.layers[].digest' "$manifest" | while read -r digest; do tar --same-owner -xpf "$(blob "$digest")" -C "$work/rootfs"; done
[ "$(cd "$work/rootfs" && find . -type f -perm /111)" = ./usr/bin/parley ] || fail "there are other programs in the image"
[ "$(stat -c '%u:%g %a' "$work/rootfs/var/lib/parley")" = "65532:65532 700" ] || fail "the data directory is not the user's"
[ -z "$(find "$work/rootfs" -uid 65532 ! -path "$work/rootfs/var/lib/parley")" ] || fail "the user could change the image"

# The container runs what the image says, and what it says asks whether it is healthy.
user=$(jq -r .config.User "$config")
mapfile -t variables < <(jq -r '.config.Env[]' "$config")
mapfile -t entrypoint < <(jq -r '.config.Entrypoint[]' "$config")
mapfile -t command < <(jq -r '.config.Cmd[]' "$config")
mapfile -t health < <(jq -r '.config.Healthcheck.Test[1:][]' "$config")
cat >"$work/container" <<SH
set -eu
run=(env -i $(printf '%q ' "${variables[@]}") PARLEY_DEV=1 $(command -v chroot) --userspec=$user $work/rootfs)
"\${run[@]}" $(printf '%q ' "${entrypoint[@]}" "${command[@]}") &
server=\$!
tries=0
until "\${run[@]}" $(printf '%q ' "${health[@]}") 2>/dev/null; do tries=\$((tries + 1)); [ \$tries -lt 300 ]; sleep 0.1; done
printf 'Hello from a container\n' | "\${run[@]}" /usr/bin/parley chat
curl -fsS http://127.0.0.1:8790/console/ | grep -q '<div id="app">'
[ "\$(awk '/^Uid:/ {print \$2}' /proc/\$server/status)" = 65532 ]
kill -TERM \$server
wait \$server
! "\${run[@]}" $(printf '%q ' "${health[@]}")
SH
said=$(unshare --net --mount --pid --fork --mount-proc bash -c "ip link set lo up; . '$work/container'" 2>&1) || fail "the image does not run: $said"
sed 's/^/   /' <<<"$said"
[[ $said == *"You: "*"Hello from a container"* || $said == *"Ana: Hello from a container"* ]] || fail "there was no chat"
[ -f "$work/rootfs/var/lib/parley/parley.db" ] || fail "the data is not in the volume"
