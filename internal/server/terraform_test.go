package server_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"parley.example/parley/internal/server/servertest"
)

// TestTerraform makes the calls that the AWS provider of Terraform makes for its resources aws_connect_*, as its sources have them (read
// 2026-11), without the provider itself: it applies a configuration, plans, imports, changes it, takes away what is optional, plans each time, reads every data
// source, and destroys everything. A plan is not empty when what is read back is not what is configured.
func TestTerraform(t *testing.T) {
	w := &terraform{t: t, s: servertest.Start(t), ids: map[string]string{}}
	for _, step := range []string{"created", "changed", "without what is optional"} {
		for _, r := range w.configuration(step) {
			w.apply(r)
		}
		w.plan(step)
		w.read(step)
	}
	imported := &terraform{t: t, s: w.s, ids: maps.Clone(w.ids), known: w.known} // knows ids, and nothing else
	imported.plan("imported")
	for _, r := range slices.Backward(w.known) {
		w.destroy(r)
	}
}

// object is a JSON object: what is configured, or read. Members have the names of the API.
type object = map[string]any

// declared is a resource of a configuration.
type declared struct {
	kind, name string
	config     object
}

func (d declared) address() string { return d.kind + "." + d.name }

// terraform is a workspace, with the provider's part of what it does.
type terraform struct {
	t     testing.TB
	s     *servertest.Server
	ids   map[string]string // by address
	known []declared        // in the order in which they were created
}

// provided is how the provider handles a kind of resource. In paths I is the instance and ID the resource.
type provided struct {
	create, read, destroy string
	id                    string   // of the answer to create; "" for a resource that has no id of its own
	in                    string   // member of the answer to read
	optional              []string // members that can be configured, besides the required ones
	computed              []string // those of which the service says what they are when they are not configured
	updates               map[string][]string
	lists                 map[string]listed
	apart                 map[string]func(w *terraform, path string, add, del []any) // how lists are changed
	summaries             string                                                     // path and member of the data source's list
	named                 string                                                     // its member for the name
}

// listed is a list of a resource that is read by a call of its own.
type listed struct {
	path, member string
	element      func(e any) any
}

func same(e any) any { return e }

func idOf(e any) any { return e.(object)["Id"] }

var providing = map[string]provided{
	"hours": {
		create: "PUT /hours-of-operations/I", read: "GET /hours-of-operations/I/ID", destroy: "DELETE /hours-of-operations/I/ID",
		id: "HoursOfOperationId", in: "HoursOfOperation", optional: []string{"Name", "TimeZone", "Config", "Description"},
		updates:   map[string][]string{"POST /hours-of-operations/I/ID": {"Config", "Description", "Name", "TimeZone"}},
		summaries: "/hours-of-operations-summary/I HoursOfOperationSummaryList", named: "Name",
	},
	"queue": {
		create: "PUT /queues/I", read: "GET /queues/I/ID", destroy: "DELETE /queues/I/ID", id: "QueueId", in: "Queue",
		optional: []string{"Name", "HoursOfOperationId", "Description", "MaxContacts", "OutboundCallerConfig", "QuickConnectIds"}, computed: []string{"Status"},
		updates: map[string][]string{
			"POST /queues/I/ID/hours-of-operation": {"HoursOfOperationId"}, "POST /queues/I/ID/max-contacts": {"MaxContacts"}, "POST /queues/I/ID/name": {"Name", "Description"},
			"POST /queues/I/ID/outbound-caller-config": {"OutboundCallerConfig"}, "POST /queues/I/ID/status": {"Status"},
		},
		lists: map[string]listed{"QuickConnectIds": {"/queues/I/ID/quick-connects?maxResults=60", "QuickConnectSummaryList", idOf}},
		apart: map[string]func(*terraform, string, []any, []any){"QuickConnectIds": func(w *terraform, id string, add, del []any) {
			if len(add) > 0 {
				w.must("POST /queues/I/ID/associate-quick-connects", id, object{"QuickConnectIds": add})
			}
			if len(del) > 0 {
				w.must("POST /queues/I/ID/disassociate-quick-connects", id, object{"QuickConnectIds": del})
			}
		}},
		summaries: "/queues-summary/I QueueSummaryList", named: "Name",
	},
	"routing_profile": {
		create: "PUT /routing-profiles/I", read: "GET /routing-profiles/I/ID", destroy: "DELETE /routing-profiles/I/ID", id: "RoutingProfileId", in: "RoutingProfile",
		optional: []string{"Name", "Description", "DefaultOutboundQueueId", "MediaConcurrencies", "QueueConfigs"},
		updates: map[string][]string{
			"POST /routing-profiles/I/ID/concurrency": {"MediaConcurrencies"}, "POST /routing-profiles/I/ID/name": {"Name", "Description"},
			"POST /routing-profiles/I/ID/default-outbound-queue": {"DefaultOutboundQueueId"},
		},
		lists: map[string]listed{"QueueConfigs": {"/routing-profiles/I/ID/queues?maxResults=60", "RoutingProfileQueueConfigSummaryList", func(e any) any {
			q := e.(object)
			return object{"QueueReference": object{"QueueId": q["QueueId"], "Channel": q["Channel"]}, "Priority": q["Priority"], "Delay": q["Delay"]}
		}}},
		apart: map[string]func(*terraform, string, []any, []any){"QueueConfigs": func(w *terraform, id string, add, del []any) {
			var references []any
			for _, q := range del { // first: a queue and a channel may be there once
				references = append(references, q.(object)["QueueReference"])
			}
			if len(del) > 0 {
				w.must("POST /routing-profiles/I/ID/disassociate-queues", id, object{"QueueReferences": references})
			}
			if len(add) > 0 {
				w.must("POST /routing-profiles/I/ID/associate-queues", id, object{"QueueConfigs": add})
			}
		}},
		summaries: "/routing-profiles-summary/I RoutingProfileSummaryList", named: "Name",
	},
	"security_profile": {
		create: "PUT /security-profiles/I", read: "GET /security-profiles/I/ID", destroy: "DELETE /security-profiles/I/ID", id: "SecurityProfileId", in: "SecurityProfile",
		optional: []string{"SecurityProfileName", "Description", "Permissions"}, updates: map[string][]string{"POST /security-profiles/I/ID": {"Description", "Permissions"}},
		lists:     map[string]listed{"Permissions": {"/security-profiles-permissions/I/ID?maxResults=60", "Permissions", same}},
		summaries: "/security-profiles-summary/I SecurityProfileSummaryList", named: "Name",
	},
	"user_hierarchy_structure": {
		create: "POST /user-hierarchy-structure/I", read: "GET /user-hierarchy-structure/I", destroy: "POST /user-hierarchy-structure/I", in: "HierarchyStructure",
		optional: []string{"LevelOne", "LevelTwo", "LevelThree", "LevelFour", "LevelFive"}, updates: map[string][]string{"POST /user-hierarchy-structure/I": {"HierarchyStructure"}},
	},
	"user_hierarchy_group": {
		create: "PUT /user-hierarchy-groups/I", read: "GET /user-hierarchy-groups/I/ID", destroy: "DELETE /user-hierarchy-groups/I/ID", id: "HierarchyGroupId", in: "HierarchyGroup",
		optional: []string{"Name"}, updates: map[string][]string{"POST /user-hierarchy-groups/I/ID/name": {"Name"}},
		summaries: "/user-hierarchy-groups-summary/I UserHierarchyGroupSummaryList", named: "Name",
	},
	"user": {
		create: "PUT /users/I", read: "GET /users/I/ID", destroy: "DELETE /users/I/ID", id: "UserId", in: "User", computed: []string{"DirectoryUserId"},
		optional: []string{"Username", "PhoneConfig", "RoutingProfileId", "SecurityProfileIds", "HierarchyGroupId", "IdentityInfo"},
		updates: map[string][]string{
			"POST /users/I/ID/hierarchy": {"HierarchyGroupId"}, "POST /users/I/ID/identity-info": {"IdentityInfo"}, "POST /users/I/ID/phone-config": {"PhoneConfig"},
			"POST /users/I/ID/routing-profile": {"RoutingProfileId"}, "POST /users/I/ID/security-profiles": {"SecurityProfileIds"},
		},
		summaries: "/users-summary/I UserSummaryList", named: "Username",
	},
	"quick_connect": {
		create: "PUT /quick-connects/I", read: "GET /quick-connects/I/ID", destroy: "DELETE /quick-connects/I/ID", id: "QuickConnectId", in: "QuickConnect",
		optional:  []string{"Name", "Description", "QuickConnectConfig"},
		updates:   map[string][]string{"POST /quick-connects/I/ID/name": {"Name", "Description"}, "POST /quick-connects/I/ID/config": {"QuickConnectConfig"}},
		summaries: "/quick-connects/I QuickConnectSummaryList", named: "Name",
	},
	"contact_flow": {
		create: "PUT /contact-flows/I", read: "GET /contact-flows/I/ID", destroy: "DELETE /contact-flows/I/ID", id: "ContactFlowId", in: "ContactFlow",
		optional:  []string{"Name", "Type", "Description", "Content"},
		updates:   map[string][]string{"POST /contact-flows/I/ID/metadata": {"Name", "Description"}, "POST /contact-flows/I/ID/content": {"Content"}},
		summaries: "/contact-flows-summary/I ContactFlowSummaryList", named: "Name",
	},
	"contact_flow_module": {
		create: "PUT /contact-flow-modules/I", read: "GET /contact-flow-modules/I/ID", destroy: "DELETE /contact-flow-modules/I/ID", id: "Id", in: "ContactFlowModule",
		optional:  []string{"Name", "Description", "Content"},
		updates:   map[string][]string{"POST /contact-flow-modules/I/ID/metadata": {"Name", "Description"}, "POST /contact-flow-modules/I/ID/content": {"Content"}},
		summaries: "/contact-flow-modules-summary/I ContactFlowModulesSummaryList", named: "Name",
	},
	"instance": {
		create: "PUT /instance", read: "GET /instance/ID", destroy: "DELETE /instance/ID", id: "Id", in: "Instance",
		optional:  []string{"IdentityManagementType", "InstanceAlias", "InboundCallsEnabled", "OutboundCallsEnabled"},
		summaries: "/instance InstanceSummaryList", named: "InstanceAlias",
	},
}

// attributes are those of an instance that the provider has members for; it sends them when they are true, or have changed.
var attributes = []string{"AUTO_RESOLVE_BEST_VOICES", "CONTACTFLOW_LOGS", "CONTACT_LENS", "EARLY_MEDIA", "INBOUND_CALLS", "MULTI_PARTY_CONFERENCE", "OUTBOUND_CALLS"}

// call makes a request for a resource, and returns the answer.
func (w *terraform) call(request, id string, body object) (reply, object) {
	w.t.Helper()
	method, path, _ := strings.Cut(request, " ")
	path = strings.ReplaceAll(path, "/ID", "/"+id)
	path = strings.NewReplacer("/I/", "/"+w.ids["instance.main"]+"/", "/I?", "/"+w.ids["instance.main"]+"?").Replace(path)
	if rest, ok := strings.CutSuffix(path, "/I"); ok {
		path = rest + "/" + w.ids["instance.main"]
	}
	text := ""
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			w.t.Fatal(err)
		}
		text = string(b)
	}
	r := call(w.t, w.s, method, path, text)
	answer := object{}
	if r.body != "" {
		if err := json.Unmarshal([]byte(r.body), &answer); err != nil {
			w.t.Fatalf("%s: %v, of %s", request, err, r.body)
		}
	}
	return r, answer
}

func (w *terraform) must(request, id string, body object) object {
	w.t.Helper()
	r, answer := w.call(request, id, body)
	if r.status != 200 {
		w.t.Fatalf("%s of %s with %v is answered %d %s", request, id, body, r.status, r.body)
	}
	return answer
}

// pages reads a list to its end.
func (w *terraform) pages(path, member, id string) (all []any) {
	w.t.Helper()
	for next := ""; ; {
		at := path
		if next != "" {
			at += "&nextToken=" + url.QueryEscape(next)
		}
		answer := w.must("GET "+at, id, nil)
		list, _ := answer[member].([]any)
		all = append(all, list...)
		if next, _ = answer["NextToken"].(string); next == "" {
			return all
		}
	}
}

// state reads a resource, as the provider refreshes it. ok is false when it is not found.
func (w *terraform) state(kind, id string) (state object, ok bool) {
	w.t.Helper()
	p := providing[kind]
	r, answer := w.call(p.read, id, nil)
	if r.status == 404 && r.code(w.t) == "ResourceNotFoundException" {
		return nil, false
	}
	if r.status != 200 {
		w.t.Fatalf("%s of %s is answered %d %s", p.read, id, r.status, r.body)
	}
	found, _ := answer[p.in].(object)
	state = object{}
	for _, member := range slices.Concat(p.optional, p.computed, []string{"Tags"}) {
		state[member] = found[member]
	}
	for member, l := range p.lists {
		var elements []any
		for _, e := range w.pages(l.path, l.member, id) {
			elements = append(elements, l.element(e))
		}
		state[member] = elements
	}
	if kind == "instance" {
		for _, name := range attributes {
			state[name] = w.must("GET /instance/ID/attribute/"+name, id, nil)["Attribute"].(object)["Value"] == "true"
		}
	}
	if kind == "user_hierarchy_structure" {
		for _, level := range state {
			if level, ok := level.(object); ok {
				maps.DeleteFunc(level, func(member string, _ any) bool { return member != "Name" })
			}
		}
	}
	if list, ok := state["MediaConcurrencies"].([]any); ok { // told apart by channel and concurrency
		for _, m := range list {
			delete(m.(object), "CrossChannelBehavior")
		}
	}
	if content, ok := state["Content"].(string); ok {
		state["Content"] = document(w.t, content)
	}
	return state, true
}

// document is a JSON text as the provider compares it: by what it says.
func document(t testing.TB, text string) (v any) {
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// settled is a value without what says nothing, and with sets in one order: null, zero and empty are the same to Terraform.
func settled(v any) any {
	switch v := v.(type) {
	case object:
		left := object{}
		for k, e := range v {
			if e = settled(e); e != nil {
				left[k] = e
			}
		}
		if len(left) > 0 {
			return left
		}
		return nil
	case []any:
		var left []any
		for _, e := range v {
			left = append(left, settled(e))
		}
		slices.SortFunc(left, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		if len(left) > 0 {
			return left
		}
		return nil
	case nil, string, bool, float64:
		if v == nil || v == "" || v == false || v == 0.0 {
			return nil
		}
	}
	return v
}

// differences are the members of which what is configured is not what is so.
func (w *terraform) differences(r declared, state object) (members []string) {
	for member, is := range state {
		wanted, configured := r.config[member]
		if text, ok := wanted.(string); ok && member == "Content" {
			wanted = document(w.t, text)
		}
		if !configured && slices.Contains(providing[r.kind].computed, member) {
			continue
		}
		if fmt.Sprint(settled(wanted)) != fmt.Sprint(settled(is)) {
			members = append(members, member)
		}
	}
	slices.Sort(members)
	return members
}

// apply creates a resource, or changes what differs, and remembers how it is configured.
func (w *terraform) apply(r declared) {
	w.t.Helper()
	p := providing[r.kind]
	id, exists := w.ids[r.address()]
	if !exists {
		body := maps.Clone(r.config)
		if r.kind == "user_hierarchy_structure" {
			body = object{"HierarchyStructure": body}
		}
		for _, name := range attributes {
			delete(body, name)
		}
		answer := w.must(p.create, "", body)
		id, _ = answer[p.id].(string)
		if w.ids[r.address()] = id; id == "" && p.id != "" {
			w.t.Fatalf("%s: the answer %v has no %s", r.address(), answer, p.id)
		}
		for _, name := range attributes {
			if r.config[name] == true {
				w.must("POST /instance/ID/attribute/"+name, id, object{"Value": "true"})
			}
		}
		w.known = append(w.known, r)
		return
	}
	w.known[slices.IndexFunc(w.known, func(k declared) bool { return k.address() == r.address() })] = r
	state, ok := w.state(r.kind, id)
	if !ok {
		w.t.Fatalf("%s has gone", r.address())
	}
	differ := w.differences(r, state)
	for request, members := range p.updates {
		if r.kind == "user_hierarchy_structure" {
			if len(differ) > 0 {
				w.must(request, id, object{"HierarchyStructure": r.config})
			}
			continue
		}
		if !slices.ContainsFunc(members, func(m string) bool { return slices.Contains(differ, m) }) {
			continue
		}
		body := object{}
		for _, m := range members {
			body[m] = r.config[m]
			switch {
			case r.config[m] != nil:
			case m == "MaxContacts":
				body[m] = 0
			case m == "Permissions":
				body[m] = []any{}
			case m == "Name" || m == "Description":
				body[m] = ""
			default:
				delete(body, m)
			}
		}
		w.must(request, id, body)
	}
	for member, change := range p.apart {
		if slices.Contains(differ, member) {
			was, _ := state[member].([]any)
			is, _ := r.config[member].([]any)
			change(w, id, minus(is, was), minus(was, is))
		}
	}
	for _, name := range attributes {
		if slices.Contains(differ, name) {
			w.must("POST /instance/ID/attribute/"+name, id, object{"Value": fmt.Sprint(r.config[name] == true)})
		}
	}
	if slices.Contains(differ, "Tags") {
		w.tag(r, id, state)
	}
}

// minus returns what is in a set and not in another.
func minus(set, other []any) (left []any) {
	for _, e := range set {
		if !slices.ContainsFunc(other, func(o any) bool { return fmt.Sprint(settled(o)) == fmt.Sprint(settled(e)) }) {
			left = append(left, e)
		}
	}
	return left
}

// tag changes the tags of a resource: first those that are not configured go, then those that are come.
func (w *terraform) tag(r declared, id string, state object) {
	w.t.Helper()
	found := w.must(providing[r.kind].read, id, nil)[providing[r.kind].in].(object)
	arn := ""
	for member, v := range found {
		if strings.EqualFold(member, "Arn") || strings.EqualFold(member, strings.TrimSuffix(providing[r.kind].id, "Id")+"Arn") {
			arn = v.(string)
		}
	}
	was, _ := state["Tags"].(object)
	is, _ := r.config["Tags"].(object)
	path := "/tags/" + url.PathEscape(arn)
	gone := url.Values{}
	for k := range was {
		if is[k] == nil {
			gone.Add("tagKeys", k)
		}
	}
	if len(gone) > 0 {
		w.must("DELETE "+path+"?"+gone.Encode(), id, nil)
	}
	if len(is) > 0 {
		w.must("POST "+path, id, object{"tags": is})
	}
}

// plan fails the test when something is not as it is configured.
func (w *terraform) plan(step string) {
	w.t.Helper()
	for _, r := range w.known {
		state, ok := w.state(r.kind, w.ids[r.address()])
		if !ok {
			w.t.Errorf("%s: %s has gone", step, r.address())
			continue
		}
		for _, member := range w.differences(r, state) {
			w.t.Errorf("%s: %s.%s is %v; configured is %v", step, r.address(), member, settled(state[member]), settled(r.config[member]))
		}
	}
}

// read finds each resource by its name, as data sources do: there is exactly one.
func (w *terraform) read(step string) {
	w.t.Helper()
	for _, r := range w.known {
		p := providing[r.kind]
		if p.summaries == "" {
			continue
		}
		path, member, _ := strings.Cut(p.summaries, " ")
		name := r.config["Name"]
		for _, other := range []string{"Username", "SecurityProfileName", "InstanceAlias"} {
			if v := r.config[other]; v != nil {
				name = v
			}
		}
		size := "60"
		if r.kind == "instance" {
			size = "10"
		}
		var found []any
		for _, e := range w.pages(path+"?maxResults="+size, member, "") {
			if e.(object)[p.named] == name {
				found = append(found, e.(object)["Id"])
			}
		}
		if len(found) != 1 || found[0] != w.ids[r.address()] {
			w.t.Errorf("%s: the data source %s named %v finds %v; want %s", step, r.address(), name, found, w.ids[r.address()])
		}
	}
}

// destroy removes a resource, which is not found any more then.
func (w *terraform) destroy(r declared) {
	w.t.Helper()
	p, id := providing[r.kind], w.ids[r.address()]
	if r.kind == "user_hierarchy_structure" {
		w.must(p.destroy, id, object{"HierarchyStructure": object{}})
		if state, ok := w.state(r.kind, id); !ok || settled(state) != nil {
			w.t.Errorf("the hierarchy that was destroyed is %v, %v; want it empty", state, ok)
		}
		return
	}
	w.must(p.destroy, id, nil)
	if state, ok := w.state(r.kind, id); ok {
		w.t.Errorf("%s is destroyed, and is %v", r.address(), state)
	}
}
