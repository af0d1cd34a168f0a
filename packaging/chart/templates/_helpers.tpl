{{- /* Pods have a label of the name and ten characters more, in 63. */}}
{{- define "parley.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 52 | trimSuffix "-" }}{{ else }}{{ .Release.Name | trunc 45 | trimSuffix "-" }}-{{ .Chart.Name }}{{ end }}
{{- end }}

{{- define "parley.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "parley.labels" -}}
{{ include "parley.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- /* Nodes that share a database; empty for one with a volume of its own. What they need is asked for here. */}}
{{- define "parley.shared" -}}
{{- if .Values.cluster.connections -}}
{{- if not (or .Values.cluster.secretFile .Values.persistence.sharedClaim) }}{{ fail "cluster.secretFile is needed: the secret with the file that all nodes have alike" }}{{ end -}}
{{- if not (or .Values.settings.files .Values.persistence.sharedClaim) }}{{ fail "settings.files (s3://BUCKET/PREFIX) or persistence.sharedClaim is needed: a place for attachments that all nodes reach" }}{{ end -}}
true
{{- else if gt (int .Values.replicas) 1 }}{{ fail "cluster.connections is needed for more than one node: the secret with PARLEY_STORE and PARLEY_BUS" }}{{ end -}}
{{- end }}
