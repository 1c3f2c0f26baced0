module orchestration-gate/bench/tekton

go 1.24.0

require github.com/tektoncd/pipeline v1.9.0

require k8s.io/apimachinery v0.33.7 // indirect
