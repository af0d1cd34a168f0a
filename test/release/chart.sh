# Lints and renders the chart with Helm, which Go builds: that takes minutes the first time.
helm() { CGO_ENABLED=0 go run helm.sh/helm/v3/cmd/helm@v3.22.0 "$@"; }
chart=$work/0.2.0/parley-chart-0.2.0.tgz
helm lint --strict "$chart"
rendered=$(helm template shop "$chart" --set ingress.enabled=true --set ingress.tlsSecret=shop-tls --set existingSecret=keys --set settings.public-url=https://shop.example.com --set persistence.storageClass=fast)
for want in 'image: "parley:0.2.0"' 'runAsUser: 65532' 'readOnlyRootFilesystem: true' 'secretName: shop-tls' 'name: keys' '"public-url": "https://shop.example.com"' 'storageClassName: fast' 'replicas: 1' 'path: /readyz, port: http'; do
  grep -qF -- "$want" <<<"$rendered" || fail "the chart renders no $want: $rendered"
done
# The settings that it renders are settings of the server.
debian python3 python3
python3 -c 'import yaml' 2>/dev/null || { DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-yaml >/dev/null; }
python3 -c 'import sys, yaml; print([d for d in yaml.safe_load_all(sys.stdin) if d["kind"] == "ConfigMap"][0]["data"]["parley.json"])' <<<"$rendered" >"$work/chart.json"
if complaint=$(parley health --config "$work/chart.json" --endpoint http://127.0.0.1:1 2>&1); then fail "something answers at port 1"; fi
[[ $complaint == *"is not ready"* ]] || fail "the server does not take the settings of the chart: $complaint"
