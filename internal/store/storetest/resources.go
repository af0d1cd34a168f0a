package storetest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/storetest/kit"
)

var resourceCases = []testCase{
	{Name: "every member is kept", Run: resourceMembers},
	{Name: "creating what exists is Duplicate", Run: resourceDuplicate},
	{Name: "replacing needs the version", Run: resourceVersions},
	{Name: "names are unique where they belong", Run: resourceNames},
	{Name: "several at once: all or none", Run: resourcesTogether},
	{Name: "listed by name, then id", Run: resourceList},
	{Name: "more than a page", Run: resourcePages},
	{Name: "deleting", Run: resourceDelete},
	{Name: "one of many creators, of two nodes, wins", Run: resourceRace},
	{Name: "put and dropped together or not at all", Run: resourcePutAndDrop},
	{Name: "overwritten all or none", Run: resourceOverwrite},
	{Name: "a write moves the revisions of what it touches", Run: resourceRevisions},
	{Name: "a revision seen from the other node", Run: resourceRevisionElsewhere},
	{Name: "revisions last", Run: resourceRevisionsLast, Reopens: true},
}

func queue(id, name string) center.Resource {
	return center.Resource{Instance: kit.Instance, Kind: center.KindQueue, ID: id, Name: name, Created: kit.Epoch, Updated: kit.Epoch, Body: json.RawMessage(`{"a":1}`)}
}

func resourceMembers(t *testing.T, s *env) {
	full := center.Resource{Instance: kit.Instance, Kind: center.KindFlow, ID: "f1", Name: "Main flow", Created: kit.At(1), Updated: kit.At(2),
		Body: json.RawMessage(`{"content": "{\"é\": null}", "n": [1, 2]}`), Tags: map[string]string{"a": "b", "": "c"}}
	bare := center.Resource{Kind: center.KindSetting, ID: "s1"}
	s.mustPut(t, full, bare)
	for _, want := range []center.Resource{full, bare} {
		want.Version = 1
		got, err := s.Resource(t.Context(), want.Kind, want.ID)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("Resource = %+v, %v; want %+v", got, err, want)
		}
	}
	_, err := s.Resource(t.Context(), center.KindQueue, "f1")
	kit.WantReason(t, err, center.NotFound)
}

// write writes resources and returns the new revisions.
func (s *env) write(t *testing.T, put, drop []center.Resource) (map[center.InstanceID]int64, error) {
	t.Helper()
	return s.WriteResources(t.Context(), store.ResourceWrite{Put: put, Drop: drop})
}

func (s *env) mustWrite(t *testing.T, put, drop []center.Resource) map[center.InstanceID]int64 {
	t.Helper()
	revisions, err := s.write(t, put, drop)
	if err != nil {
		t.Fatalf("WriteResources: %v", err)
	}
	return revisions
}

func (s *env) wantPut(t *testing.T, want center.Reason, rs ...center.Resource) {
	t.Helper()
	_, err := s.write(t, rs, nil)
	kit.WantReason(t, err, want)
}

func (s *env) mustPut(t *testing.T, rs ...center.Resource) {
	t.Helper()
	s.mustWrite(t, rs, nil)
}

func resourceDuplicate(t *testing.T, s *env) {
	s.mustPut(t, queue("q1", "Sales"))
	s.wantPut(t, center.Duplicate, queue("q1", "Other"))
	s.wantPut(t, center.Duplicate, queue("q2", "Sales"))
	s.mustPut(t, queue("q2", "sales")) // names differ by case
	got, err := s.Resource(t.Context(), center.KindQueue, "q1")
	if err != nil || got.Name != "Sales" || got.Version != 1 {
		t.Errorf("Resource = %+v, %v; want the first", got, err)
	}
}

func resourceVersions(t *testing.T, s *env) {
	r := queue("q1", "Sales")
	r.Version = 1
	s.wantPut(t, center.Conflict, r) // not there
	r.Version = 0
	s.mustPut(t, r)
	for _, wrong := range []int64{2, 7, -1} {
		r.Version = wrong
		s.wantPut(t, center.Conflict, r)
	}
	r.Version, r.Name, r.Body, r.Updated, r.Tags = 1, "Support", json.RawMessage(`2`), kit.At(5), map[string]string{"k": "v"}
	s.mustPut(t, r)
	got, err := s.Resource(t.Context(), center.KindQueue, "q1")
	r.Version = 2
	if err != nil || !reflect.DeepEqual(got, r) {
		t.Errorf("Resource = %+v, %v; want %+v", got, err, r)
	}
	r.Version = 1
	s.wantPut(t, center.Conflict, r)
	s.mustPut(t, queue("q9", "Sales")) // the old name is free again
}

func resourceNames(t *testing.T, s *env) {
	s.mustPut(t, queue("q1", "Sales"), queue("q2", "Support"))
	other := queue("q3", "Sales")
	other.Instance = kit.Elsewhere
	s.mustPut(t, other)
	flow := queue("f1", "Sales")
	flow.Kind = center.KindFlow
	s.mustPut(t, flow)
	s.mustPut(t, queue("q4", ""), queue("q5", "")) // no name, no rule
	rename := queue("q2", "Sales")
	rename.Version = 1
	s.wantPut(t, center.Duplicate, rename)
	same := queue("q2", "Support")
	same.Version = 1
	s.mustPut(t, same)
}

func resourcesTogether(t *testing.T, s *env) {
	s.mustPut(t, queue("q1", "Sales"))
	first := queue("q1", "Renamed")
	first.Version = 1
	s.wantPut(t, center.Duplicate, first, queue("q2", "New"), queue("q3", "New"))
	s.wantPut(t, center.Duplicate, queue("q4", "A"), queue("q4", "B"))
	for _, id := range []string{"q2", "q3", "q4"} {
		_, err := s.Resource(t.Context(), center.KindQueue, id)
		kit.WantReason(t, err, center.NotFound)
	}
	if got, err := s.Resource(t.Context(), center.KindQueue, "q1"); err != nil || got.Name != "Sales" || got.Version != 1 {
		t.Errorf("Resource = %+v, %v; want it unchanged", got, err)
	}
	s.mustPut(t, first, queue("q2", "Sales")) // the second takes the name that the first gives up
	s.mustPut(t)
}

func (s *env) wantList(t *testing.T, in center.InstanceID, kind center.Kind, want ...string) {
	t.Helper()
	var got []string
	for r, err := range s.Resources(t.Context(), in, kind) {
		if err != nil {
			t.Fatalf("Resources: %v", err)
		}
		got = append(got, r.ID)
	}
	if !slices.Equal(got, want) {
		t.Errorf("Resources(%q, %s) = %v; want %v", in, kind, got, want)
	}
}

func resourceList(t *testing.T, s *env) {
	foreign := queue("q7", "A")
	foreign.Instance = kit.Elsewhere
	key := func(id, name string) center.Resource {
		return center.Resource{Kind: center.KindAccessKey, ID: id, Name: name}
	}
	house := func(id center.InstanceID, name string) center.Resource {
		return center.Resource{Instance: id, Kind: center.KindInstance, ID: string(id), Name: name}
	}
	s.mustPut(t, queue("q2", "b"), queue("q1", "c"), queue("q3", ""), queue("q4", "B"), queue("q0", ""), foreign,
		key("k2", "x"), key("k1", "y"), house("i2", "first"), house("i1", "second"))
	s.wantList(t, kit.Instance, center.KindQueue, "q0", "q3", "q4", "q2", "q1")
	s.wantList(t, kit.Elsewhere, center.KindQueue, "q7")
	s.wantList(t, "", center.KindQueue)
	s.wantList(t, "", center.KindAccessKey, "k2", "k1")
	s.wantList(t, "", center.KindInstance, "i2", "i1")
	s.wantList(t, "i1", center.KindInstance, "i1")
	s.wantList(t, kit.Instance, center.KindView)
}

func resourcePages(t *testing.T, s *env) {
	const n = 430
	var rs []center.Resource
	var want []string
	for i := range n {
		id := fmt.Sprintf("q%03d", i)
		want = append(want, id)
		rs = append(rs, queue(id, "Queue "+id))
	}
	slices.Reverse(rs)
	s.mustPut(t, rs...)
	s.wantList(t, kit.Instance, center.KindQueue, want...)
}

func resourceDelete(t *testing.T, s *env) {
	flow := queue("q1", "Sales")
	flow.Kind = center.KindFlow
	s.mustPut(t, queue("q1", "Sales"), queue("q2", "Support"), flow)
	s.mustWrite(t, nil, []center.Resource{queue("q1", ""), queue("unknown", "")})
	s.wantList(t, kit.Instance, center.KindQueue, "q2")
	s.wantList(t, kit.Instance, center.KindFlow, "q1")
	s.mustPut(t, queue("q1", "Sales"))
	if got, err := s.Resource(t.Context(), center.KindQueue, "q1"); err != nil || got.Version != 1 {
		t.Errorf("Resource = %+v, %v; want version 1 again", got, err)
	}
}

func resourceRace(t *testing.T, s *env) {
	nodes := s.nodes()
	var won atomic.Int64
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			_, err := nodes[i%2].write(t, []center.Resource{queue(fmt.Sprint("q", i), "The name")}, nil)
			if err == nil {
				won.Add(1)
			} else if center.ReasonOf(err) != center.Duplicate {
				t.Errorf("WriteResources = %v; want nil or Duplicate", err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d resources have one name", won.Load())
	}
}

func resourcePutAndDrop(t *testing.T, s *env) {
	s.mustPut(t, queue("q1", "Sales"), queue("q2", "Support"))
	wrong := queue("q2", "Renamed")
	wrong.Version = 9
	_, err := s.write(t, []center.Resource{queue("q3", "Sales"), wrong}, []center.Resource{queue("q1", "")})
	kit.WantReason(t, err, center.Conflict)
	s.wantList(t, kit.Instance, center.KindQueue, "q1", "q2")
	s.mustWrite(t, []center.Resource{queue("q3", "Sales"), queue("q2", "Again")}, []center.Resource{queue("q1", ""), queue("q2", "")})
	s.wantList(t, kit.Instance, center.KindQueue, "q2", "q3")
}

func resourceOverwrite(t *testing.T, s *env) {
	s.mustPut(t, queue("q1", "Sales"), queue("q2", "Support"))
	again, wrong := queue("q1", "Sales"), queue("q2", "Support")
	again.Version, again.Body = 1, json.RawMessage(`{"new":1}`)
	wrong.Version = 9
	kit.WantReason(t, s.Overwrite(t.Context(), store.ResourceWrite{Put: []center.Resource{again, wrong}}, "text"), center.Conflict)
	if got, err := s.Resource(t.Context(), center.KindQueue, "q1"); err != nil || got.Version != 1 {
		t.Errorf("after a refused write the version is %d, %v; want 1", got.Version, err)
	}
	w := store.ResourceWrite{Put: []center.Resource{again}, Drop: []center.Resource{wrong}}
	if err := s.Overwrite(t.Context(), w, "text", "another"); err != nil {
		t.Fatalf("Overwrite: %v", err)
	}
	if got, err := s.Resource(t.Context(), center.KindQueue, "q1"); err != nil || got.Version != 2 || string(got.Body) != `{"new":1}` {
		t.Errorf("Resource = version %d, %s, %v; want version 2 with the new body", got.Version, got.Body, err)
	}
	s.wantList(t, kit.Instance, center.KindQueue, "q1")
	if err := s.Overwrite(t.Context(), store.ResourceWrite{}, "text"); err != nil {
		t.Errorf("Overwrite of nothing: %v", err)
	}
	s.mustPut(t, queue("q2", "Support")) // and the store goes on
}

func (s *env) wantRevision(t *testing.T, in center.InstanceID, want int64) {
	t.Helper()
	if got, err := s.Revision(t.Context(), in); err != nil || got != want {
		t.Errorf("Revision(%q) = %d, %v; want %d", in, got, err, want)
	}
}

func resourceRevisions(t *testing.T, s *env) {
	type revisions = map[center.InstanceID]int64
	key := center.Resource{Kind: center.KindAccessKey, ID: "k"}
	foreign := queue("q9", "Sales")
	foreign.Instance = kit.Elsewhere
	moved := queue("q1", "Sales")
	moved.Version, moved.Instance = 1, kit.Elsewhere
	moved.Name = "Moved"
	for i, step := range []struct {
		put, drop []center.Resource
		want      revisions
	}{
		{nil, nil, revisions{}},
		{[]center.Resource{queue("q1", "Sales"), queue("q2", "")}, nil, revisions{kit.Instance: 1}},
		{[]center.Resource{foreign, key}, nil, revisions{kit.Elsewhere: 1, "": 1}},
		{nil, []center.Resource{queue("q2", "")}, revisions{kit.Instance: 2}},
		{nil, []center.Resource{queue("q2", "")}, revisions{}},                                    // it is not there any more
		{nil, []center.Resource{{Kind: center.KindQueue, ID: "q9"}}, revisions{kit.Elsewhere: 2}}, // of the instance that has it
		{[]center.Resource{moved}, nil, revisions{kit.Instance: 3, kit.Elsewhere: 3}},
		{nil, []center.Resource{key}, revisions{"": 2}},
	} {
		if got := s.mustWrite(t, step.put, step.drop); !reflect.DeepEqual(got, step.want) {
			t.Errorf("step %d: revisions %v; want %v", i, got, step.want)
		}
		for in, want := range step.want {
			s.wantRevision(t, in, want)
		}
	}
	s.wantPut(t, center.Duplicate, queue("q7", ""), queue("q7", ""))
	s.wantRevision(t, kit.Instance, 3)
	s.wantRevision(t, "unknown", 0)
}

func resourceRevisionElsewhere(t *testing.T, s *env) {
	nodes := s.nodes()
	nodes[0].mustPut(t, queue("q1", "Sales"))
	nodes[1].wantRevision(t, kit.Instance, 1)
	nodes[1].mustPut(t, queue("q2", "Support"))
	nodes[0].wantRevision(t, kit.Instance, 2)
	nodes[0].wantList(t, kit.Instance, center.KindQueue, "q1", "q2")
}

func resourceRevisionsLast(t *testing.T, s *env) {
	s.mustPut(t, queue("q1", "Sales"))
	s.Restart(t)
	s.mustPut(t, queue("q2", "Support"))
	s.wantRevision(t, kit.Instance, 2)
}
