// Command webhook is a validating webhook as people write one in Go: controller-runtime's admission server, a handler that
// decodes an Orchestration and runs Tekton's dag.Build on its steps. The benchmark asks it what it asks the gate.
package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"flag"
	"log"
	"net/http"

	"github.com/go-logr/logr"
	"github.com/tektoncd/pipeline/pkg/reconciler/pipeline/dag"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/manager/signals"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// orchestration has the fields of an Orchestration that dag.Build asks for, and those that a step must have.
type orchestration struct {
	Spec struct {
		Steps tasks `json:"steps"`
	} `json:"spec"`
}

type step struct {
	Name      string   `json:"name"`
	Kind      string   `json:"kind"`
	DependsOn []string `json:"dependsOn"`
}

func (s step) HashKey() string { return s.Name }
func (s step) Deps() []string  { return s.DependsOn }

type tasks []step

func (t tasks) Items() []dag.Task {
	items := make([]dag.Task, len(t))
	for index, one := range t {
		items[index] = one
	}
	return items
}

func main() {
	port := flag.Int("port", 0, "of 127.0.0.1, to listen on")
	folder := flag.String("tls-dir", "", "holds tls.crt and tls.key")
	flag.Parse()
	ctrllog.SetLogger(logr.Discard()) // it would write no line for a review anyway
	server := webhook.NewServer(webhook.Options{
		Host:    "127.0.0.1",
		Port:    *port,
		CertDir: *folder,
		TLSOpts: []func(*tls.Config){func(config *tls.Config) { config.MinVersion = tls.VersionTLS12 }},
	})
	server.Register("/validate", &admission.Webhook{Handler: admission.HandlerFunc(decide)})
	if err := server.Start(signals.SetupSignalHandler()); err != nil {
		log.Fatal(err)
	}
}

func decide(_ context.Context, request admission.Request) admission.Response {
	var object orchestration
	if err := json.Unmarshal(request.Object.Raw, &object); err != nil {
		return admission.Errored(http.StatusBadRequest, err)
	}
	dependencies := map[string][]string{} // only of tasks that have some, as Tekton fills it
	for _, one := range object.Spec.Steps {
		if len(one.DependsOn) > 0 {
			dependencies[one.Name] = one.DependsOn
		}
	}
	if _, err := dag.Build(object.Spec.Steps, dependencies); err != nil {
		return admission.Denied(err.Error())
	}
	return admission.Allowed("")
}
