// Program chart reads manifests that a Helm chart has rendered, as the API server of a cluster would, and looks whether what
// they name is there: a field that Kubernetes does not have, and a port, a volume or a label that nothing has, are what
// helm lint and helm template let pass. It prints what is wrong, and ends with 1 if anything is.
//
//	helm template shop CHART | go run .
package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"slices"
	"time"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/json" // which knows capitals from small letters, as API servers do
	"sigs.k8s.io/yaml"
)

// manifests are what the chart renders, one of a kind.
type manifests struct {
	set      apps.StatefulSet
	service  core.Service
	settings core.ConfigMap
	ingress  networking.Ingress         // if it is enabled
	budget   policy.PodDisruptionBudget // of several nodes
}

// longestName is what a StatefulSet may be called: the label that its pods have of its revision is
// the name, a hyphen, and a hash of ten characters, in 63.
const longestName = 52

func main() {
	text, err := io.ReadAll(os.Stdin)
	if err == nil {
		var m manifests
		if err = m.read(text); err == nil {
			err = errors.Join(m.problems()...)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// read decodes the manifests, and refuses a field that its kind does not have.
func (m *manifests) read(text []byte) error {
	kinds := map[meta.TypeMeta]any{
		{APIVersion: "apps/v1", Kind: "StatefulSet"}:           &m.set,
		{APIVersion: "v1", Kind: "Service"}:                    &m.service,
		{APIVersion: "v1", Kind: "ConfigMap"}:                  &m.settings,
		{APIVersion: "networking.k8s.io/v1", Kind: "Ingress"}:  &m.ingress,
		{APIVersion: "policy/v1", Kind: "PodDisruptionBudget"}: &m.budget,
	}
	for document := range bytes.SplitSeq(text, []byte("\n---\n")) {
		var of meta.TypeMeta
		if err := yaml.Unmarshal(document, &of); err != nil {
			return err
		}
		object := kinds[of]
		if object == nil {
			return fmt.Errorf("%s of %s is none of the kinds that the chart has, or there are two of it", of.Kind, of.APIVersion)
		}
		delete(kinds, of)
		text, err := yaml.YAMLToJSONStrict(document)
		if err != nil {
			return fmt.Errorf("%s: %w", of.Kind, err)
		}
		strict, err := json.UnmarshalStrict(text, object)
		if err := errors.Join(append(strict, err)...); err != nil {
			return fmt.Errorf("%s: %w", of.Kind, err)
		}
	}
	for _, optional := range []meta.TypeMeta{{APIVersion: "networking.k8s.io/v1", Kind: "Ingress"}, {APIVersion: "policy/v1", Kind: "PodDisruptionBudget"}} {
		delete(kinds, optional)
	}
	for of := range kinds {
		return fmt.Errorf("there is no %s", of.Kind)
	}
	return nil
}

// problems are names that nothing has.
func (m *manifests) problems() []error {
	var all []error
	want := func(ok bool, format string, args ...any) {
		if !ok {
			all = append(all, fmt.Errorf(format, args...))
		}
	}
	pod := m.set.Spec.Template
	for _, object := range []meta.ObjectMeta{m.set.ObjectMeta, m.service.ObjectMeta, m.settings.ObjectMeta} {
		problem := validation.IsDNS1123Label(object.Name)
		want(len(problem) == 0 && len(object.Name) <= longestName, "the name %s: %v, or more than %d characters", object.Name, problem, longestName)
		for key, value := range object.Labels {
			problem := append(validation.IsQualifiedName(key), validation.IsValidLabelValue(value)...)
			want(len(problem) == 0, "the label %s=%s: %v", key, value, problem)
		}
	}
	for what, selector := range map[string]map[string]string{"StatefulSet": m.set.Spec.Selector.MatchLabels, "Service": m.service.Spec.Selector} {
		want(len(selector) > 0 && labels.SelectorFromSet(selector).Matches(labels.Set(pod.Labels)), "the %s selects %v, and the pod has %v", what, selector, pod.Labels)
	}
	m.nodes(want)
	want(m.set.Spec.ServiceName == m.service.Name, "the StatefulSet is of the service %s, which is called %s", m.set.Spec.ServiceName, m.service.Name)

	volumes := map[string]bool{}
	for _, v := range pod.Spec.Volumes {
		volumes[v.Name] = true
		want(v.ConfigMap == nil || v.ConfigMap.Name == m.settings.Name, "the volume %s is of another ConfigMap", v.Name)
	}
	for _, claim := range m.set.Spec.VolumeClaimTemplates {
		volumes[claim.Name] = true
		want(len(claim.Spec.AccessModes) > 0 && !claim.Spec.Resources.Requests.Storage().IsZero(), "the claim %s asks for no space", claim.Name)
	}
	want(len(pod.Spec.Containers) == 1, "the pod has %d containers", len(pod.Spec.Containers))
	ports := map[string]bool{}
	for _, c := range pod.Spec.Containers {
		for _, p := range c.Ports {
			ports[p.Name] = true
		}
		for _, mount := range c.VolumeMounts {
			want(volumes[mount.Name], "%s mounts the volume %s, and there are %v", c.Name, mount.Name, slices.Sorted(maps.Keys(volumes)))
		}
		for what, probe := range map[string]*core.Probe{"startup": c.StartupProbe, "liveness": c.LivenessProbe, "readiness": c.ReadinessProbe} {
			want(probe != nil && probe.HTTPGet != nil && ports[probe.HTTPGet.Port.String()], "the %s probe of %s asks no port of it", what, c.Name)
		}
	}
	served := map[string]bool{}
	for _, p := range m.service.Spec.Ports {
		served[p.Name] = true
		to := p.TargetPort
		want(p.Port > 0 && to.Type == intstr.String && ports[to.String()], "the service leads port %d to %s, which the pod has not", p.Port, to.String())
	}
	for _, rule := range m.ingress.Spec.Rules {
		for _, p := range cmp.Or(rule.HTTP, &networking.HTTPIngressRuleValue{}).Paths {
			to := cmp.Or(p.Backend.Service, &networking.IngressServiceBackend{})
			want(to.Name == m.service.Name && served[to.Port.Name], "the ingress leads %s%s to port %q of %q", rule.Host, p.Path, to.Port.Name, to.Name)
		}
	}
	return all
}

// nodes looks whether several nodes, if there are, have what nodes need: no volume of one of them, connections, and a budget of disruptions.
func (m *manifests) nodes(want func(ok bool, format string, args ...any)) {
	spec, pod := m.set.Spec, m.set.Spec.Template
	if spec.Replicas == nil || *spec.Replicas < 2 {
		want(m.budget.Name == "", "one node has a budget of disruptions, and could never be moved")
		return
	}
	want(len(spec.VolumeClaimTemplates) == 0, "each of several nodes has a volume")
	selector, err := meta.LabelSelectorAsSelector(m.budget.Spec.Selector)
	want(err == nil && m.budget.Spec.MaxUnavailable != nil && selector.Matches(labels.Set(pod.Labels)), "several nodes have the budget of disruptions %+v", m.budget.Spec)
	for _, c := range pod.Spec.TopologySpreadConstraints {
		spread, err := meta.LabelSelectorAsSelector(c.LabelSelector)
		want(err == nil && spread.Matches(labels.Set(pod.Labels)), "the pods that are spread are %v", c.LabelSelector)
	}
	for _, c := range pod.Spec.Containers {
		mounts := map[string]bool{}
		for _, mount := range c.VolumeMounts {
			mounts[mount.MountPath] = true
		}
		env := map[string]string{}
		for _, v := range c.Env {
			env[v.Name] = v.Value
		}
		want(len(c.EnvFrom) > 0, "%s knows no database", c.Name)
		want(mounts[env["PARLEY_FLOW_LOGS"]], "%s writes flow logs to %q, which is no volume", c.Name, env["PARLEY_FLOW_LOGS"])
		if file := env["PARLEY_SECRET_FILE"]; file != "" {
			want(mounts[path.Dir(file)], "%s has the secret file %s, which is in no volume", c.Name, file)
		}
		drain, err := time.ParseDuration(env["PARLEY_DRAIN"])
		grace := time.Duration(*cmp.Or(pod.Spec.TerminationGracePeriodSeconds, new(int64))) * time.Second
		want(err == nil && drain > 0 && grace >= drain+30*time.Second, "a node drains for %s, and is killed after %s", drain, grace)
	}
}
