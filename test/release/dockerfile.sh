# Builds packaging/Dockerfile with Buildah, in base images made of Debian and this machine's Go and Node, since it is
# the file that is tried and not the bases: the binary and the rest have to be those of the image.
debian debootstrap debootstrap
debian buildah buildah
debian jq jq
if [ ! -f "$cache/golang.tar" ]; then
  say "making a base image"
  debootstrap --variant=minbase --include=ca-certificates,git bookworm "$work/base" >"$work/debootstrap.log" || fail "$(tail -5 "$work/debootstrap.log")"
  tar -cf "$cache/golang.tar.new" -C "$work/base" .
  mv "$cache/golang.tar.new" "$cache/golang.tar"
  rm -rf "$work/base"
fi
build() { buildah --root "$work/store" --runroot "$work/storerun" --storage-driver vfs "$@"; }
base=$(build from scratch)
build add --quiet "$base" "$cache/golang.tar" / >/dev/null
build copy --quiet "$base" "$(readlink -f "$(command -v node)")" /usr/local/bin/node >/dev/null
npm=$(readlink -f "$(command -v npm)")
build copy --quiet "$base" "${npm%/bin/*}" /usr/local/lib/node_modules/npm >/dev/null
build run --isolation chroot "$base" ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
build config --env PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --env npm_config_cache=/npm "$base"
build commit --quiet --rm "$base" docker.io/library/node:24 >/dev/null
base=$(build from scratch)
build add --quiet "$base" "$cache/golang.tar" / >/dev/null
build copy --quiet "$base" "$(go env GOROOT)" /usr/local/go >/dev/null
build config --env PATH=/usr/local/go/bin:/usr/sbin:/usr/bin:/sbin:/bin --env GOPATH=/go "$base"
build commit --quiet --rm "$base" docker.io/library/golang:1.26 >/dev/null
# A clone that shares no objects, as the build sees nothing else of this machine.
git clone --quiet "file://$work/repo" "$work/context"
# All modules are in the caches that the build is given: it needs no network, nor the certificates of a proxy.
go -C "$work/context" mod download
(cd "$work/context/web/console" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null)
build build --quiet --isolation chroot --network host --pull-never --format docker --tag parley \
  --volume "$(go env GOMODCACHE):/go/pkg/mod" --volume "$(go env GOCACHE):/go/cache" --env GOCACHE=/go/cache \
  --volume "$(npm config get cache):/npm" --env npm_config_prefer_offline=true --env npm_config_registry="$(npm config get registry)" \
  --env GOPROXY="$(go env GOPROXY)" --env GOSUMDB="$(go env GOSUMDB)" \
  -f "$work/context/packaging/Dockerfile" "$work/context" >/dev/null
built=$(build from --pull-never localhost/parley)
rootfs=$(build mount "$built")
cmp "$rootfs/usr/bin/parley" "$work/archive/parley" || fail "the binary is not that of the release"
[ "$(stat -c '%u:%g %a' "$rootfs/var/lib/parley")" = "65532:65532 700" ] || fail "the data directory is not the user's"
[ "$(stat -c '%u:%g %a' "$rootfs/tmp")" = "0:0 1777" ] || fail "there is no directory for temporary files"
[ "$(cd "$rootfs" && find . -type f -perm /111)" = ./usr/bin/parley ] || fail "there are other programs in the image"
config=$(build inspect --type image localhost/parley | jq -c .Docker.config)
[ "$(jq -rc '[.User, .Entrypoint, .Cmd, .Healthcheck.Test]' <<<"$config")" = '["65532:65532",["/usr/bin/parley"],["serve"],["CMD","/usr/bin/parley","health"]]' ] || fail "the image is configured otherwise: $config"
build umount "$built" >/dev/null
