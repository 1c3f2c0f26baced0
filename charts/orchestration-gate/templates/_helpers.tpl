{{- define "orchestration-gate.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* What objects in the release's namespace are called; names of 50 leave room for endings, in a label too. */}}
{{- define "orchestration-gate.fullname" -}}
{{- $name := include "orchestration-gate.name" . }}
{{- $own := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) }}
{{- .Values.fullnameOverride | default $own | trunc 50 | trimSuffix "-" }}
{{- end }}

{{/* Cluster-scoped names carry the namespace, so that two releases can stand side by side. */}}
{{- define "orchestration-gate.clusterName" -}}
{{ printf "%s-%s" .Release.Namespace .Release.Name }}
{{- end }}

{{- define "orchestration-gate.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (include "orchestration-gate.fullname" .) }}
{{- end }}

{{/* As CEL: that it is the sidecar who asks. */}}
{{- define "orchestration-gate.bySidecar" -}}
request.userInfo.username == {{ printf "system:serviceaccount:%s:%s" .Release.Namespace (include "orchestration-gate.serviceAccountName" .) | toJson }}
{{- end }}

{{- define "orchestration-gate.selectorLabels" -}}
app.kubernetes.io/name: {{ include "orchestration-gate.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "orchestration-gate.labels" -}}
{{ include "orchestration-gate.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | quote }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Metadata of any object. Arguments: root, name, and optionally namespace, labels, annotations. */}}
{{- define "orchestration-gate.metadata" -}}
name: {{ .name | quote }}
{{- with .namespace }}
namespace: {{ . | quote }}
{{- end }}
labels: {{- include "orchestration-gate.labels" .root | nindent 2 }}
{{- with .labels }}
{{- toYaml . | nindent 2 }}
{{- end }}
{{- with merge dict (.annotations | default dict) .root.Values.commonAnnotations }}
annotations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "orchestration-gate.image" -}}
{{- with .Values.image }}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{/* A quantity of memory in MiB; one that is absent or not understood is as large as any. */}}
{{- define "orchestration-gate.mebibytes" -}}
{{- $units := dict "" 1 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 }}
{{- $number := regexFind "^[0-9.]+" (toString .) }}
{{- $unit := trimPrefix $number (toString .) }}
{{- if and $number (hasKey $units $unit) }}{{ divf (mulf ($number | float64) (get $units $unit)) 1048576 }}{{ else }}1e18{{ end }}
{{- end }}

{{/* What holds for the containers, as JSON: their own security context, and beside it that of the pods. */}}
{{- define "orchestration-gate.containerSecurity" -}}
{{- $security := deepCopy .Values.securityContext }}
{{- range $field, $value := .Values.containerSecurityContext }}{{ $_ := set $security $field $value }}{{ end }}
{{- toJson $security }}
{{- end }}

{{/* What makes this release less safe than it could be, as a JSON list of sentences. */}}
{{- define "orchestration-gate.risks" -}}
{{- $risks := list }}
{{- with .Values }}
{{- if ne .settings.mode "enforce" }}
{{- $risks = append $risks (printf "settings.mode is %s: no Orchestration is denied, whatever is wrong with it." .settings.mode) }}
{{- end }}
{{- range $code, $severity := .settings.severities }}
{{- if ne $severity "deny" }}
{{- $risks = append $risks (printf "settings.severities.%s is %s: what this rule finds is not denied." $code $severity) }}
{{- end }}
{{- end }}
{{- if eq .webhook.failurePolicy "Ignore" }}
{{- $stored := ternary "Orchestrations are stored that only the gate denies, such as cycles" "every Orchestration is stored unjudged" .policies.enabled }}
{{- $risks = append $risks (printf "webhook.failurePolicy is Ignore: while no gate answers, %s." $stored) }}
{{- end }}
{{- $memory := ((.gate.resources).limits).memory }}
{{- if lt (include "orchestration-gate.mebibytes" $memory | float64) 256.0 }}
{{- $risks = append $risks (printf "gate.resources.limits.memory is %v: below 256Mi one large review may kill the gate." $memory) }}
{{- end }}
{{- if and .toolRunController.enabled (not .toolRunController.allowedServiceAccounts) }}
{{- $where := .rbac.clusterScoped | ternary "the whole cluster" "the followed namespaces" }}
{{- $risks = append $risks (printf "toolRunController.allowedServiceAccounts is empty: Tools, and anyone who has the token of the sidecar, can use almost every service account of %s." $where) }}
{{- end }}
{{- if and .orchestrationController.enabled (not .approvals.policy.enabled) }}
{{- $risks = append $risks "approvals.policy.enabled is false: every user who can change a run may approve its steps in any name." }}
{{- end }}
{{- range $receiver := include "orchestration-gate.receivers" $ | fromJsonArray }}
{{- range .folders }}
{{- if and (eq .name "headers") (hasPrefix "http:" $receiver.url) }}
{{- $risks = append $risks (printf "telemetry goes to %s without TLS: anyone who can see the traffic reads the headers of Secret %s." $receiver.url .object) }}
{{- end }}
{{- end }}
{{- end }}
{{- $security := include "orchestration-gate.containerSecurity" $ | fromJson }}
{{- if $security.privileged }}
{{- $risks = append $risks "containerSecurityContext.privileged is true: an attacker in a container also controls its node." }}
{{- end }}
{{- if not $security.runAsNonRoot }}
{{- $risks = append $risks "securityContext.runAsNonRoot is not true: the containers may run as root." }}
{{- end }}
{{- if ne (toString .containerSecurityContext.allowPrivilegeEscalation) "false" }}
{{- $risks = append $risks "containerSecurityContext.allowPrivilegeEscalation is not false: a process may gain more rights than its parent." }}
{{- end }}
{{- end }}
{{- toJson $risks }}
{{- end }}

{{/* The receivers of telemetry, as a JSON list: the flag of the URL, what the other flags begin with, and the folders to mount. */}}
{{- define "orchestration-gate.receivers" -}}
{{- $receivers := list }}
{{- if .Values.orchestrationController.enabled }}
{{- with .Values.telemetry }}
{{- range list (dict "flag" "otlp" "urlFlag" "otlp-endpoint" "url" .otlp.endpoint "from" .otlp) (dict "flag" "cloud-events" "urlFlag" "cloud-events-url" "url" .cloudEvents.url "from" .cloudEvents) }}
{{- $folders := list }}
{{- with .from.headersSecret }}
{{- $folders = append $folders (dict "name" "headers" "type" "secret" "field" "secretName" "object" .) }}
{{- end }}
{{- with .from.ca }}
{{- if .secret }}
{{- $folders = append $folders (dict "name" "ca" "type" "secret" "field" "secretName" "object" .secret "key" .key) }}
{{- else if .configMap }}
{{- $folders = append $folders (dict "name" "ca" "type" "configMap" "field" "name" "object" .configMap "key" .key) }}
{{- end }}
{{- end }}
{{- if .url }}
{{- $receivers = append $receivers (dict "flag" .flag "urlFlag" .urlFlag "url" .url "folders" $folders) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- toJson $receivers }}
{{- end }}

{{/* Whether the sidecar has anything to do: without it no pod has a token. */}}
{{- define "orchestration-gate.hasSidecar" -}}
{{- if or (include "orchestration-gate.hasEngine" .) (ne .Values.certificates.mode "certManager") }}true{{ end }}
{{- end }}

{{/* Whether the sidecar starts an engine, of which one in the release works. */}}
{{- define "orchestration-gate.hasEngine" -}}
{{- if or .Values.orchestrationController.enabled .Values.audit.enabled }}true{{ end }}
{{- end }}

{{/* Where stored Orchestrations are audited, as a JSON list. */}}
{{- define "orchestration-gate.auditedNamespaces" -}}
{{- ternary (.Values.controller.namespaces | default (list .Release.Namespace)) list .Values.audit.enabled | toJson }}
{{- end }}

{{/* The Secret that holds the certificate of the gate, where one does. */}}
{{- define "orchestration-gate.tlsSecret" -}}
{{- if eq .Values.certificates.mode "certManager" }}{{ include "orchestration-gate.fullname" . }}-tls{{ end }}
{{- if eq .Values.certificates.mode "provided" }}{{ .Values.certificates.provided.secretName }}{{ end }}
{{- end }}

{{/* The Secret that the sidecar reads or fills: of its own authority, or the provided one. */}}
{{- define "orchestration-gate.authoritySecret" -}}
{{- include "orchestration-gate.tlsSecret" . | default (printf "%s-ca" (include "orchestration-gate.fullname" .)) }}
{{- end }}

{{/* The webhook configurations, as a JSON list of type/name. */}}
{{- define "orchestration-gate.webhookConfigurations" -}}
{{- $cluster := include "orchestration-gate.clusterName" . }}
{{- $names := list (printf "validating/%s-orchestrations" $cluster) (printf "validating/%s-orchestrationruns" $cluster) }}
{{- if .Values.orchestrationController.enabled }}{{ $names = prepend $names (printf "mutating/%s-stamping" $cluster) }}{{ end }}
{{- if ne .Values.defaulting.mode "Never" }}{{ $names = prepend $names (printf "mutating/%s-defaulting" $cluster) }}{{ end }}
{{- toJson $names }}
{{- end }}

{{/*
One webhook. Every field that the API server would default is written, and caBundle never is: else Argo CD shows drift.
Arguments: root, name, path, resource, failurePolicy, and optionally operations, namespaces.
*/}}
{{- define "orchestration-gate.webhook" -}}
{{- $operations := .operations | default (list "CREATE" "UPDATE") }}
{{- $namespaces := .namespaces | default .root.Values.controller.namespaces | default (list .root.Release.Namespace) -}}
name: {{ .name }}.orchestration.proompteng.ai
admissionReviewVersions: [v1]
clientConfig:
  {{- with .root.Values.webhook.url }}
  url: {{ printf "%s/%s" . $.path | quote }}
  {{- else }}
  service:
    name: {{ include "orchestration-gate.fullname" .root | quote }}
    namespace: {{ .root.Release.Namespace | quote }}
    path: /{{ .path }}
    port: 443
  {{- end }}
rules:
  - apiGroups: [orchestration.proompteng.ai]
    apiVersions: [v1alpha1]
    operations: [{{ join ", " $operations }}]
    resources: [{{ .resource }}]
    scope: Namespaced
{{- if has "UPDATE" $operations }}
# An object stored before the gate stays editable in all but its spec, also while the gate is down.
matchConditions:
  {{- include "orchestration-gate.specChanged" . | nindent 2 }}
{{- if eq .path "mutate" }}
  {{- $steps := min (int .root.Values.settings.limits.maxSteps) 10000 }}
  {{- $entries := int .root.Values.settings.limits.maxDependencies }}
  # No schema has checked the object yet, and an error would deny it, so every access is guarded. Nothing is written into what is
  # over the limits, nor into more steps than an expression may go through: the default holds there without being written.
  - name: within-limits
    expression: >-
      !has(object.spec) || type(object.spec) != map || !has(object.spec.steps) || type(object.spec.steps) != list ||
      size(object.spec.steps) <= {{ $steps }} && object.spec.steps.all(step, type(step) != map || !has(step.dependsOn) ||
        type(step.dependsOn) != list || size(step.dependsOn) <= {{ $entries }})
  # A chain to write, to derive again or to take the mark from.
  - name: something-to-default
    expression: >-
      [object, oldObject].exists(one, type(one) == map && type(one.metadata) == map &&
        has(one.metadata.annotations) && type(one.metadata.annotations) == map &&
        'orchestration.proompteng.ai/defaulted' in one.metadata.annotations) ||
      has(object.spec) && type(object.spec) == map && has(object.spec.steps) && type(object.spec.steps) == list &&
      size(object.spec.steps) > 1 && size(object.spec.steps) <= {{ $steps }} &&
      object.spec.steps.all(step, type(step) == map && (!has(step.dependsOn) || step.dependsOn == null))
{{- end }}
{{- end }}
{{ include "orchestration-gate.namespaceSelector" $namespaces }}
objectSelector: {}
matchPolicy: Equivalent
failurePolicy: {{ .failurePolicy }}
sideEffects: None
timeoutSeconds: {{ .root.Values.webhook.timeoutSeconds }}
{{- end }}

{{/* Conditions of a match: a create, or an update that changes the spec. Finalizers must be able to work. */}}
{{- define "orchestration-gate.specChanged" -}}
- name: spec-changed
  expression: request.operation == 'CREATE' || object.?spec != oldObject.?spec
- name: not-being-deleted
  expression: '!has(object.metadata.deletionTimestamp)'
{{- end }}

{{/* Selects the namespaces of a list by their names, which nobody can change. */}}
{{- define "orchestration-gate.namespaceSelector" -}}
{{- if has "*" . -}}
namespaceSelector: {}
{{- else -}}
namespaceSelector:
  matchExpressions:
    - key: kubernetes.io/metadata.name
      operator: In
      values: {{- toYaml . | nindent 8 }}
{{- end }}
{{- end }}

{{/* Probes of a process by its side port, which is the argument. It has five minutes to start: killing what is slow makes a busy
     node busier, and then nothing starts. */}}
{{- define "orchestration-gate.liveness" -}}
startupProbe:
  httpGet: { path: /livez, port: {{ . }}, scheme: HTTP }
  periodSeconds: 1
  timeoutSeconds: 5
  successThreshold: 1
  failureThreshold: 300
livenessProbe:
  httpGet: { path: /livez, port: {{ . }}, scheme: HTTP }
  periodSeconds: 10
  timeoutSeconds: 5
  successThreshold: 1
  failureThreshold: 3
{{- end }}

{{/* The volume with the account's token: only containers that ask the API server mount it. */}}
{{- define "orchestration-gate.apiAccess" -}}
projected:
  defaultMode: 0440
  sources:
    - serviceAccountToken: { path: token, expirationSeconds: 3600 }
    - configMap:
        name: kube-root-ca.crt
        items: [{ key: ca.crt, path: ca.crt }]
{{- end }}

{{/* Of the pod that runs before an uninstall. Not those of the gate, or its Service would choose it. */}}
{{- define "orchestration-gate.releaseLabels" -}}
app.kubernetes.io/component: release
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}
