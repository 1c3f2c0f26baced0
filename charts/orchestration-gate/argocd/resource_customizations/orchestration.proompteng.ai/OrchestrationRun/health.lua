-- A run is healthy when it has done all that its graph says. Cancelled is degraded: what Git asks for did not happen.
local phases = {
  Pending = "Progressing",
  Running = "Progressing",
  Succeeded = "Healthy",
  Failed = "Degraded",
  Cancelled = "Degraded",
}

local phase = (obj.status or {}).phase or "Pending"
if phase == "Pending" and (obj.metadata.annotations or {})["agents.proompteng.ai/template"] == "true" then
  return { status = "Healthy", message = "a template: it is there to be copied, and never runs" }
end

if obj.status == nil or obj.status.phase == nil then
  return { status = "Progressing", message = "no controller has started to process the run yet" }
end

local hs = { status = phases[obj.status.phase] or "Unknown", message = obj.status.phase }
for _, condition in ipairs(obj.status.conditions or {}) do
  local told = (condition.reason or condition.type) .. ": " .. (condition.message or "")
  if condition.type == "EngineFault" and condition.status == "True" then
    return { status = "Degraded", message = told }
  end
  if condition.type == "Succeeded" then
    hs.message = told
    if hs.status == "Progressing" and condition.reason == "Suspended" then
      hs.status = "Suspended"
    end
  end
end
return hs
