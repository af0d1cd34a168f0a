package catalog_test

import (
	"strings"
	"testing"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/catalogtest"
	"parley.example/parley/internal/center"
)

// TestStrayReferences makes the usual mistakes with ids: the refusal says which one it was.
func TestStrayReferences(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	id, other := f.NewInstance(t, "acme"), f.NewInstance(t, "other")
	made := f.NewFlow(t, id, "Greet", catalogtest.Says("hello"))
	snap, err := f.Snapshot(t.Context(), string(id))
	if err != nil {
		t.Fatal(err)
	}
	instance := catalogtest.Partition.InstanceARN(id)
	arn := catalogtest.Partition.ARN(id, center.KindFlow, string(made.ID))
	abroad := strings.NewReplacer(catalogtest.Partition.Region, "eu-west-1")
	here := "this server is " + catalogtest.Partition.Region + " and " + catalogtest.Partition.Account
	for ref, want := range map[string]string{
		"Greet":             "; that is its name; its id is " + string(made.ID),
		"Greeting":          `contact-flow "Greeting" does not exist`,
		abroad.Replace(arn): "; the ARN is of region eu-west-1 and account " + catalogtest.Partition.Account + ", " + here,
		strings.Replace(arn, string(id), string(other), 1):   "; the ARN is of instance " + string(other),
		catalogtest.Partition.ARN(id, center.KindQueue, "q"): "; the ARN is of another kind of resource: queue",
		instance:               "; the ARN is of another kind of resource: instance",
		"arn:aws:lambda:x:y:z": "; that is not the ARN of something in an instance of Amazon Connect",
	} {
		err := snap.CanStart(ref)
		catalogtest.WantReason(t, "CanStart of "+ref, err, center.NotFound)
		if !strings.HasSuffix(err.Error(), want) {
			t.Errorf("CanStart(%q) = %v; want …%s", ref, err, want)
		}
	}
	for ref, want := range map[string]string{
		"acme":                   "; that is its alias; its id is " + string(id),
		"ACME":                   "; that is its alias; its id is " + string(id),
		"acne":                   `instance "acne" does not exist`,
		abroad.Replace(instance): "; the ARN is of region eu-west-1 and account " + catalogtest.Partition.Account + ", " + here,
		arn:                      "; the ARN is of another kind of resource: contact-flow",
		"arn:aws:s3:::x":         "; that is not the ARN of something in an instance of Amazon Connect",
	} {
		_, err := f.Snapshot(t.Context(), ref)
		catalogtest.WantReason(t, "Snapshot of "+ref, err, center.NotFound)
		if !strings.HasSuffix(err.Error(), want) {
			t.Errorf("Snapshot(%q) = %v; want …%s", ref, err, want)
		}
	}
}
