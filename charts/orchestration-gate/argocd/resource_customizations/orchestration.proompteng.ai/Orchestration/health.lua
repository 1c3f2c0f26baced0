-- An Orchestration is a definition: it is healthy unless somebody says that it can never run. Without a status nobody has
-- looked at it, which is no reason to hold a sync up: what the gate refuses never gets this far.
local hs = { status = "Healthy", message = "accepted" }
if obj.status == nil then
  return hs
end

local conditions = {}
for _, condition in ipairs(obj.status.conditions or {}) do
  conditions[condition.type] = condition
end

local accepted = conditions["GateAccepted"]
if accepted ~= nil and accepted.observedGeneration ~= nil and accepted.observedGeneration ~= obj.metadata.generation then
  return { status = "Progressing", message = "the status is of an older spec" }
end
for _, type in ipairs({ "GateAccepted", "Ready" }) do
  local condition = conditions[type]
  if condition ~= nil and condition.status == "False" then
    return { status = "Degraded", message = (condition.reason or type) .. ": " .. (condition.message or "") }
  end
end
if obj.status.phase == "Invalid" then
  return { status = "Degraded", message = "the graph can never run" }
end
-- What the gate warned of: Argo CD shows no warning of a webhook.
if accepted ~= nil and accepted.reason ~= "Accepted" then
  hs.message = (accepted.reason or "") .. ": " .. (accepted.message or "")
end
return hs
