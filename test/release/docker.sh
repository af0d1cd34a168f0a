# Runs the commands of docs/installing.md with a Docker of its own: the image from its file, a container that gets
# healthy and keeps its data, and packaging/compose.yaml with that image.
debian dockerd docker.io
debian skopeo skopeo
debian docker-compose docker-compose
export DOCKER_HOST=unix://$work/docker.sock
dockerd --storage-driver vfs --data-root "$work/docker" --exec-root "$work/docker-exec" --pidfile "$work/docker.pid" --host "$DOCKER_HOST" >"$work/docker.log" 2>&1 &
daemon=$!
for ((i = 0; i < 300; i++)); do docker info >/dev/null 2>&1 && break; sleep 0.1; done
docker info >/dev/null || fail "Docker does not start: $(tail -5 "$work/docker.log")"
# healthy CONTAINER waits until its own check says that it is.
healthy() {
  local i
  for ((i = 0; i < 600; i++)); do
    [ "$(docker inspect --format '{{.State.Health.Status}}' "$1")" = healthy ] && return
    sleep 0.1
  done
  fail "$1 does not get healthy: $(docker logs "$1" 2>&1)"
}
skopeo copy --quiet --dest-daemon-host "$DOCKER_HOST" "oci-archive:$work/0.2.0/parley_0.2.0_image.tar" docker-daemon:parley:0.2.0
docker run -d --name parley -p 127.0.0.1::8790 -v parley:/var/lib/parley -e PARLEY_PUBLIC_URL=http://127.0.0.1:8790 --memory 256m parley:0.2.0 >/dev/null
healthy parley
docker cp parley:/var/lib/parley/first-key.env "$work/first-key.env"
grep -q '^export AWS_ACCESS_KEY_ID=AKIA' "$work/first-key.env" || fail "the first key is not where the page says"
(. "$work/first-key.env"; parley keys --server "http://$(docker port parley 8790)" list) | grep -q AKIA || fail "the first key is refused"
docker stop parley >/dev/null
status=$(docker inspect --format '{{.State.ExitCode}}' parley)
[ "$status" = 0 ] || fail "the server ended with $status when it was stopped"
docker start parley >/dev/null
healthy parley
docker logs parley 2>&1 | grep -c 'A first access key was created' | grep -qx 1 || fail "the data of the volume is not kept"
docker rm --force parley >/dev/null
[ "$(docker run --rm parley:0.2.0 version | head -1)" = "parley v0.2.0" ] || fail "arguments behind the image do not reach the program"

docker tag parley:0.2.0 parley
# At a port that is free, in place of the one that it names.
mkdir "$work/compose"
sed 's/127.0.0.1:8790:8790/127.0.0.1::8790/' packaging/compose.yaml >"$work/compose/compose.yaml"
compose() { docker-compose --project-name chat --file "$work/compose/compose.yaml" "$@"; }
compose up --detach --no-build >"$work/compose/log" 2>&1 || fail "compose does not start it: $(cat "$work/compose/log")"
healthy chat_parley_1
[ "$(docker inspect --format '{{.HostConfig.ReadonlyRootfs}}' chat_parley_1)" = true ] || fail "compose lets the program write to its root"
compose down --volumes >/dev/null 2>&1
kill "$daemon"
wait "$daemon" || true
daemon=
unset DOCKER_HOST
