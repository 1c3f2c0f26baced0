// Command tekton times dag.Build of Tekton Pipelines, with which its webhook looks for cycles. It reads a graph and the
// time to measure from stdin, and prints the median of the runs and what Tekton says about the graph.
package main

import (
	"encoding/json"
	"log"
	"os"
	"slices"
	"time"

	"github.com/tektoncd/pipeline/pkg/reconciler/pipeline/dag"
)

type step struct {
	Name      string
	DependsOn []string
}

func (s step) HashKey() string { return s.Name }
func (s step) Deps() []string  { return s.DependsOn }

type tasks []dag.Task

func (t tasks) Items() []dag.Task { return t }

type input struct {
	Milliseconds int
	Steps        []step
}

type output struct {
	MedianMs float64 `json:"medianMs"`
	Problem  string  `json:"problem"`
}

func main() {
	var in input
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(measure(in)); err != nil {
		log.Fatal(err)
	}
}

func measure(in input) output {
	var items tasks
	dependencies := map[string][]string{} // only of tasks that have some, as Tekton fills it
	for _, s := range in.Steps {
		items = append(items, s)
		if len(s.DependsOn) > 0 {
			dependencies[s.Name] = s.DependsOn
		}
	}
	var out output
	if _, err := dag.Build(items, dependencies); err != nil {
		out.Problem = err.Error()
	}
	var times []time.Duration
	for end := time.Now().Add(time.Duration(in.Milliseconds) * time.Millisecond); len(times) < 5 || time.Now().Before(end); {
		start := time.Now()
		_, _ = dag.Build(items, dependencies)
		times = append(times, time.Since(start))
	}
	slices.Sort(times)
	out.MedianMs = times[len(times)/2].Seconds() * 1000
	return out
}
