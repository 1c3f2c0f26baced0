// Steps that create children, as an Orchestration declares them.

/** Runs the tool `echo`. Without `dependsOn` it does not say what it waits for. */
export function tool(name: string, fields: object = {}) {
  return { name, kind: 'ToolRun', toolRef: { name: 'echo' }, ...fields };
}

/** Waits for nothing. */
export function agent(name: string, fields: object = {}) {
  return {
    name,
    kind: 'AgentRun',
    dependsOn: [],
    agentRef: { name: 'coder' },
    implementationSpecRef: { name: 'fix' },
    ...fields,
  };
}
