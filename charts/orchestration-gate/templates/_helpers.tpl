{{/* Cluster-scoped names carry the namespace, so that two releases can stand side by side. */}}
{{- define "orchestration-gate.clusterName" -}}
{{ printf "%s-%s" .Release.Namespace .Release.Name }}
{{- end }}

{{- define "orchestration-gate.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/*
One webhook. Every field that the API server would default is written, and caBundle never is: else Argo CD shows drift.
Arguments: root, name, path, resource, failurePolicy.
*/}}
{{- define "orchestration-gate.webhook" -}}
{{- $namespaces := .root.Values.controller.namespaces | default (list .root.Release.Namespace) -}}
name: {{ .name }}.orchestration.proompteng.ai
admissionReviewVersions: [v1]
clientConfig:
  url: {{ required "webhook.url is empty: say where the gate runs, for example https://127.0.0.1:8443" .root.Values.webhook.url }}/{{ .path }}
rules:
  - apiGroups: [orchestration.proompteng.ai]
    apiVersions: [v1alpha1]
    operations: [CREATE, UPDATE]
    resources: [{{ .resource }}]
    scope: Namespaced
# An object stored before the gate stays editable in all but its spec, also while the gate is down.
matchConditions:
  - name: spec-changed
    expression: request.operation == 'CREATE' || object.?spec != oldObject.?spec
  - name: not-being-deleted
    expression: '!has(object.metadata.deletionTimestamp)'
{{- if eq .path "mutate" }}
  # A chain to write, to mend or to take the mark from. No schema has checked the object yet and an error would refuse it,
  # so every access is guarded, and a list is not gone through that could cost more than an expression may.
  - name: something-to-default
    expression: >-
      [object, oldObject].exists(one, type(one) == map && type(one.metadata) == map &&
        has(one.metadata.annotations) && type(one.metadata.annotations) == map &&
        'orchestration.proompteng.ai/defaulted' in one.metadata.annotations) ||
      has(object.spec) && type(object.spec) == map && has(object.spec.steps) && type(object.spec.steps) == list &&
      size(object.spec.steps) > 1 && (size(object.spec.steps) > 10000 ||
        object.spec.steps.all(step, type(step) == map && (!has(step.dependsOn) || step.dependsOn == null)))
{{- end }}
{{- if has "*" $namespaces }}
namespaceSelector: {}
{{- else }}
namespaceSelector:
  matchExpressions:
    - key: kubernetes.io/metadata.name
      operator: In
      values: {{- toYaml $namespaces | nindent 8 }}
{{- end }}
objectSelector: {}
matchPolicy: Equivalent
failurePolicy: {{ .failurePolicy }}
sideEffects: None
timeoutSeconds: {{ .root.Values.webhook.timeoutSeconds }}
{{- end }}
