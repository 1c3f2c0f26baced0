// Syncs and compares manifests as Argo CD does: its own engine, asked by JSON lines on standard input.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	cmdutil "k8s.io/kubectl/pkg/cmd/util"

	"github.com/argoproj/argo-cd/gitops-engine/v3/pkg/diff"
	"github.com/argoproj/argo-cd/gitops-engine/v3/pkg/utils/kube"
	"github.com/argoproj/argo-cd/gitops-engine/v3/pkg/utils/tracing"
)

// The field manager that Argo CD applies under.
const manager = "argocd-controller"

// A manifest as it is in Git, with the mark by which it is tracked, and how it is to be synced or compared.
type order struct {
	Verb                   string                 `json:"verb"`
	Manifest               map[string]interface{} `json:"manifest"`
	ServerSideApply        bool                   `json:"serverSideApply"`
	ServerSideDiff         bool                   `json:"serverSideDiff"`
	IncludeMutationWebhook bool                   `json:"includeMutationWebhook"`
}

type answer struct {
	// Of a diff: what would be changed, as the engine puts it; empty when the object is Synced.
	Live      string `json:"live,omitempty"`
	Predicted string `json:"predicted,omitempty"`
	Error     string `json:"error,omitempty"`
}

func main() {
	config, err := clientcmd.BuildConfigFromFlags("", os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	lines := bufio.NewReader(os.Stdin)
	for decoder, encoder := json.NewDecoder(lines), json.NewEncoder(os.Stdout); decoder.More(); {
		var told order
		if err := decoder.Decode(&told); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		given, err := obey(config, told)
		if err != nil {
			given.Error = err.Error()
		}
		if err := encoder.Encode(given); err != nil {
			os.Exit(1)
		}
	}
}

func obey(config *rest.Config, told order) (answer, error) {
	kubectl := &kube.KubectlCmd{Log: logr.Discard(), Tracer: tracing.NopTracer{}}
	manifest := &unstructured.Unstructured{Object: told.Manifest}
	if told.Verb == "sync" {
		return answer{}, sync(kubectl, config, manifest, told.ServerSideApply)
	}
	return compare(kubectl, config, manifest, told)
}

func sync(kubectl *kube.KubectlCmd, config *rest.Config, manifest *unstructured.Unstructured, serverSide bool) error {
	operations, cleanup, err := kubectl.ManageResources(config)
	if err != nil {
		return err
	}
	defer cleanup()
	_, err = operations.ApplyResource(context.Background(), manifest, cmdutil.DryRunNone, false, true, serverSide, manager)
	return err
}

func compare(kubectl *kube.KubectlCmd, config *rest.Config, manifest *unstructured.Unstructured, told order) (answer, error) {
	ctx := context.Background()
	gvk := manifest.GroupVersionKind()
	live, err := kubectl.GetResource(ctx, config, gvk, manifest.GetName(), manifest.GetNamespace())
	if err != nil {
		return answer{}, err
	}
	_, parser, err := kubectl.LoadOpenAPISchema(config)
	if err != nil {
		return answer{}, err
	}
	applier, cleanup, err := kubectl.ManageServerSideDiffDryRuns(config)
	if err != nil {
		return answer{}, err
	}
	defer cleanup()
	options := []diff.Option{
		diff.WithLogr(logr.Discard()),
		diff.WithGVKParser(parser),
		diff.WithManager(manager),
		diff.WithServerSideDiff(told.ServerSideDiff),
		diff.WithServerSideDryRunner(diff.NewK8sServerSideDryRunner(applier)),
		diff.WithIgnoreMutationWebhook(!told.IncludeMutationWebhook),
	}
	result, err := diff.Diff(ctx, manifest, live, options...)
	if err != nil || !result.Modified {
		return answer{}, err
	}
	return answer{Live: string(result.NormalizedLive), Predicted: string(result.PredictedLive)}, nil
}
