{{- /* Generated from src/orchestration/kinds by make generate: change that, not this. */}}
{{- define "orchestration-gate.stepRules" -}}
# AgentRun runs an Agent.
- apiGroups: [agents.proompteng.ai]
  resources: [agentruns]
  verbs: [get, list, watch, create, patch, delete]
# ToolRun runs a Tool.
- apiGroups: [tools.proompteng.ai]
  resources: [toolruns]
  verbs: [get, list, watch, create, delete]
# SubOrchestration runs another Orchestration.
- apiGroups: [orchestration.proompteng.ai]
  resources: [orchestrationruns]
  verbs: [get, list, watch, create, delete]
# ApprovalGate waits for an approval, by people or by an ApprovalPolicy.
- apiGroups: [approvals.proompteng.ai]
  resources: [approvalpolicies]
  verbs: [get, list, watch]
# SignalWait waits for a SignalDelivery.
- apiGroups: [signals.proompteng.ai]
  resources: [signaldeliveries]
  verbs: [get, list, watch]
{{- end }}
