// Command argo times the validation of a workflow by Argo Workflows, as its server and its CLI do it before they accept
// one. It reads a graph and the time to measure from stdin, and prints the median of the runs and what Argo says about
// the graph.
package main

import (
	"encoding/json"
	"log"
	"os"
	"slices"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	"github.com/argoproj/argo-workflows/v3/workflow/validate"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

type input struct {
	Milliseconds int
	Steps        []struct {
		Name      string
		DependsOn []string
	}
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
	workflow := toWorkflow(in)
	var out output
	var times []time.Duration
	for end := time.Now().Add(time.Duration(in.Milliseconds) * time.Millisecond); len(times) < 1 || time.Now().Before(end); {
		fresh := workflow.DeepCopy() // because the tasks are sorted in place
		start := time.Now()
		err := decide(fresh)
		times = append(times, time.Since(start))
		if err != nil {
			out.Problem = err.Error()
		}
	}
	slices.Sort(times)
	out.MedianMs = times[len(times)/2].Seconds() * 1000
	return out
}

func decide(workflow *wfv1.Workflow) error {
	return validate.ValidateWorkflow(nil, nil, workflow, nil, validate.ValidateOpts{})
}

// toWorkflow turns each step into a task that runs one template without inputs, so that only the graph matters.
func toWorkflow(in input) *wfv1.Workflow {
	graph := &wfv1.DAGTemplate{}
	for _, s := range in.Steps {
		graph.Tasks = append(graph.Tasks, wfv1.DAGTask{Name: s.Name, Template: "builder", Dependencies: s.DependsOn})
	}
	return &wfv1.Workflow{
		ObjectMeta: metav1.ObjectMeta{Name: "bench", Namespace: "default"},
		Spec: wfv1.WorkflowSpec{
			Entrypoint: "main",
			Templates: []wfv1.Template{
				{Name: "main", DAG: graph},
				{Name: "builder", Container: &corev1.Container{Image: "busybox"}},
			},
		},
	}
}
