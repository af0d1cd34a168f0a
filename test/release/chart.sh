# Lints and renders the chart with Helm, and has what it renders read as a cluster would. Go builds
# both: that takes minutes the first time.
CGO_ENABLED=0 go -C test/release/chart build -o "$work/chart-tools/" helm.sh/helm/v3/cmd/helm .
# A Helm that Go builds takes Kubernetes 1.20 for granted.
helm() { "$work/chart-tools/helm" "$@" --kube-version 1.27.0; }
chart=$work/0.2.0/parley-chart-0.2.0.tgz
helm lint --strict "$chart"
for release in shop a-shop-whose-name-is-as-long-as-helm-lets-names-be-53; do
  helm template "$release" "$chart" | "$work/chart-tools/chart" || fail "the chart renders manifests that do not work"
done
rendered=$(helm template shop "$chart" --set ingress.enabled=true --set ingress.className=nginx --set ingress.annotations.timeout=1h --set ingress.tlsSecret=shop-tls \
  --set existingSecret=keys --set settings.public-url=https://shop.example.com --set persistence.storageClass=fast --set imagePullSecrets[0].name=registry \
  --set nodeSelector.disk=ssd --set tolerations[0].operator=Exists --set affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution=null)
"$work/chart-tools/chart" <<<"$rendered" || fail "the chart renders manifests that do not work"
for want in 'image: "parley:0.2.0"' 'runAsUser: 65532' 'readOnlyRootFilesystem: true' 'secretName: shop-tls' 'name: keys' '"public-url": "https://shop.example.com"' 'storageClassName: fast' 'replicas: 1' 'path: /readyz, port: http'; do
  grep -qF -- "$want" <<<"$rendered" || fail "the chart renders no $want: $rendered"
done
# Several nodes, with attachments in S3 or in a claim that they share.
nodes=(--set replicas=3 --set cluster.connections=database)
s3=(--set cluster.secretFile=sealing --set cluster.busFiles=nats --set settings.files=s3://chats/files --set settings.bus-ca=/etc/parley-bus/ca.pem)
several=$(helm template shop "$chart" "${nodes[@]}" "${s3[@]}" --set existingSecret=keys)
"$work/chart-tools/chart" <<<"$several" || fail "the chart renders nodes that do not work"
for want in 'replicas: 3' 'kind: PodDisruptionBudget' 'name: database' 'name: keys' 'secretName: sealing' 'secretName: nats' 'value: "15s"' 'type: RollingUpdate' 'value: /etc/parley-secret/parley.secret'; do
  grep -qF -- "$want" <<<"$several" || fail "the chart renders no $want for several nodes: $several"
done
several=$(helm template shop "$chart" "${nodes[@]}" --set persistence.sharedClaim=attachments)
"$work/chart-tools/chart" <<<"$several" || fail "the chart renders nodes with a claim that do not work"
grep -qF 'claimName: attachments' <<<"$several" || fail "the chart renders no claim for several nodes: $several"
# One node with its data in PostgreSQL has neither a volume nor a budget.
"$work/chart-tools/chart" <<<"$(helm template shop "$chart" --set cluster.connections=database "${s3[@]}")" || fail "the chart renders one node on PostgreSQL that does not work"
# What is missing is asked for.
while read -r want set; do
  if complaint=$(helm template shop "$chart" $set 2>&1); then fail "the chart renders nodes without $want"; fi
  [[ $complaint == *"$want"*"is needed"* ]] || fail "the chart does not ask for $want: $complaint"
done <<'ASKED'
cluster.connections --set replicas=2
cluster.secretFile --set replicas=2 --set cluster.connections=database --set settings.files=s3://chats
persistence.sharedClaim --set replicas=2 --set cluster.connections=database --set cluster.secretFile=sealing
ASKED
# The settings that it renders are settings of the server.
debian python3 python3
python3 -c 'import yaml' 2>/dev/null || { DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-yaml >/dev/null; }
python3 -c 'import sys, yaml; print([d for d in yaml.safe_load_all(sys.stdin) if d["kind"] == "ConfigMap"][0]["data"]["parley.json"])' <<<"$rendered" >"$work/chart.json"
if complaint=$(parley health --config "$work/chart.json" --endpoint http://127.0.0.1:1 2>&1); then fail "something answers at port 1"; fi
[[ $complaint == *"is not ready"* ]] || fail "the server does not take the settings of the chart: $complaint"
