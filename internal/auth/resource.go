package auth

import (
	"iter"
	"reflect"
	"slices"
	"strings"

	"github.com/google/uuid"

	"parley.example/parley/internal/center"
)

// Resources is what a request touches, as ARNs.
type Resources struct {
	// Named are the resources that a policy has to allow, each of them.
	Named []string
	// Touched are those that no Deny may name: the instances that hold the named ones, and what the
	// request names without needing a permission for it.
	Touched []string
	// More says that the request names more than [maxNamed], which nobody is authorised for.
	More bool
}

// Everything is the resource of a request that names none, as IAM has it.
const Everything = "*"

// maxNamed bounds what one request may name. The largest list of the model has 100 elements.
const maxNamed = 256

// naming is what a member of a request names.
type naming struct {
	kind  center.Kind
	shape shape
	in    string // the member of the elements of a list that has the id; "" for lists of ids
}

// shape is how the ARN of a resource is made.
type shape int

const (
	inside shape = iota // of the request's instance: arn:…:instance/I/KIND/ID
	beside              // of no instance: arn:…:KIND/ID
	byARN               // the member is an ARN itself, and says of what
)

// instanceMember is the member that names the instance of a request.
const instanceMember = "InstanceId"

// named is the one table of the members of requests, by name, wherever in a
// request they stand, that name a resource by its id or ARN. What is not listed has no
// ARN of its own (a version, an alias, an override: their resource is named beside
// it), is not a resource of this service, or is a name that several things have (Id).
var named = map[string]naming{
	"AgentStatusId":                        {kind: center.KindAgentStatus},
	"AgentStatuses":                        {kind: center.KindAgentStatus},
	"AgentIds":                             {kind: center.KindUser},
	"Agents":                               {kind: center.KindUser},
	"AllowedAccessControlHierarchyGroupId": {kind: center.KindHierarchyGroup},
	"AssociatedResourceArn":                {shape: byARN},
	"AuthenticationProfileId":              {kind: "authentication-profile"},
	"ContactFlowId":                        {kind: center.KindFlow},
	"ContactFlowModuleId":                  {kind: center.KindFlowModule},
	"ContactId":                            {kind: kindContact},
	"DataTableId":                          {kind: "data-table"},
	"DefaultOutboundQueueId":               {kind: center.KindQueue},
	"EmailAddressId":                       {kind: kindEmailAddress},
	"EmailAddressesId":                     {kind: kindEmailAddress},
	"EntityArn":                            {shape: byARN},
	"EvaluationFormId":                     {kind: "evaluation-form"},
	"EvaluationId":                         {kind: "contact-evaluation"},
	"ExtractionDefinitionId":               {kind: "extraction-definition"},
	"FileId":                               {kind: "file"},
	"FileIds":                              {kind: "file"},
	"FlowId":                               {kind: center.KindFlow},
	"FlowModuleId":                         {kind: center.KindFlowModule},
	"HierarchyGroupId":                     {kind: center.KindHierarchyGroup},
	"HoursOfOperationId":                   {kind: center.KindHours},
	"InitialContactId":                     {kind: kindContact},
	"IntegrationAssociationId":             {kind: "integration-association"},
	"NotificationId":                       {kind: "notification"},
	"OutboundCallerIdNumberId":             {kind: kindPhoneNumber, shape: beside},
	"OutboundEmailAddressId":               {kind: kindEmailAddress},
	"OutboundFlowId":                       {kind: center.KindFlow},
	"ParentGroupId":                        {kind: center.KindHierarchyGroup},
	"ParentHoursOfOperationIds":            {kind: center.KindHours},
	"PhoneNumberId":                        {kind: kindPhoneNumber, shape: beside},
	"PreviousContactId":                    {kind: kindContact},
	"PromptId":                             {kind: kindPrompt},
	"QueueId":                              {kind: center.KindQueue},
	"QueueIds":                             {kind: center.KindQueue},
	"Queues":                               {kind: center.KindQueue},
	"QuickConnectId":                       {kind: center.KindQuickConnect},
	"QuickConnectIds":                      {kind: center.KindQuickConnect},
	"RelatedContactId":                     {kind: kindContact},
	"ResourceArn":                          {shape: byARN},
	"ResourceArns":                         {shape: byARN},
	"RoutingProfileId":                     {kind: center.KindRoutingProfile},
	"RoutingProfiles":                      {kind: center.KindRoutingProfile},
	"RuleId":                               {kind: "rule"},
	"SecurityProfileId":                    {kind: center.KindSecurityProfile},
	"SecurityProfileIds":                   {kind: center.KindSecurityProfile},
	"SecurityProfiles":                     {kind: center.KindSecurityProfile, in: "Id"},
	"SelfAssignFlowId":                     {kind: center.KindFlow},
	"SourceContactId":                      {kind: kindContact},
	"TargetArn":                            {shape: byARN},
	"TaskTemplateId":                       {kind: "task-template"},
	"TestCaseId":                           {kind: "test-case"},
	"TrafficDistributionGroupId":           {kind: "traffic-distribution-group", shape: beside},
	"UseCaseId":                            {kind: "use-case"},
	"UserId":                               {kind: center.KindUser},
	"UserHierarchyGroups":                  {kind: center.KindHierarchyGroup},
	"UserIds":                              {kind: center.KindUser},
	"ViewArn":                              {shape: byARN},
	"ViewId":                               {kind: center.KindView},
	"VocabularyId":                         {kind: "vocabulary"},
	"WorkspaceId":                          {kind: "workspace"},
}

// What ARNs call kinds of resource that no catalog holds.
const (
	kindContact      center.Kind = "contact"
	kindEmailAddress center.Kind = "email-address"
	kindPhoneNumber  center.Kind = "phone-number"
	kindPrompt       center.Kind = "prompt"
)

// ResourcesOf returns what a request touches: request is a pointer to the input of
// an operation, with its members under the names of the model. Ids and ARNs give
// the same; an ARN that leads elsewhere gives what the service would look for. A request
// that names only its instance touches the instance, one that names nothing [Everything];
// [required] has the operations for which it is something else.
func ResourcesOf(p center.Partition, operation string, request any) Resources {
	w := walk{partition: p, requirement: required[operation]}
	v := reflect.Indirect(reflect.ValueOf(request))
	if f := v.FieldByName(instanceMember); f.IsValid() {
		for id := range texts(f) {
			w.instance = center.InstanceID(center.IDOf(id))
			w.touch(p.InstanceARN(w.instance))
		}
	}
	w.value(v)
	if w.every != "" && w.instance != "" {
		w.name(p.ARN(w.instance, w.every, "*"))
	}
	switch {
	case w.requirement.instance && w.instance != "":
		own := p.InstanceARN(w.instance)
		w.found.Touched = slices.DeleteFunc(w.found.Touched, func(arn string) bool { return arn == own })
		w.name(own)
	case len(w.found.Named) == 0 && len(w.found.Touched) == 0:
		w.found.Named = []string{Everything}
	case len(w.found.Named) == 0:
		w.found.Named, w.found.Touched = w.found.Touched, nil
	}
	return w.found
}

// walk goes through a request.
type walk struct {
	partition center.Partition
	instance  center.InstanceID
	found     Resources
	requirement
}

func (w *walk) value(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			w.value(v.Elem())
		}
	case reflect.Slice:
		if nested(v.Type().Elem()) {
			for i := range v.Len() {
				w.value(v.Index(i))
			}
		}
	case reflect.Map:
		if nested(v.Type().Elem()) {
			for it := v.MapRange(); it.Next(); {
				w.value(it.Value())
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if !f.IsExported() {
				continue
			}
			what, ok := named[f.Name]
			if !ok {
				w.value(v.Field(i))
				continue
			}
			for text := range what.texts(v.Field(i)) {
				w.add(what, text)
			}
		}
	}
}

// nested reports whether values of a type may have members.
func nested(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Struct, reflect.Interface:
		return true
	}
	return false
}

// texts yields what a member names.
func (n naming) texts(v reflect.Value) iter.Seq[string] {
	if n.in == "" {
		return texts(v)
	}
	return func(yield func(string) bool) {
		for i := range v.Len() {
			for text := range texts(v.Index(i).FieldByName(n.in)) {
				if !yield(text) {
					return
				}
			}
		}
	}
}

// texts yields what a member holds that is a string, a pointer to one or a list of them.
// An empty string names nothing.
func texts(v reflect.Value) iter.Seq[string] {
	return func(yield func(string) bool) {
		switch v = reflect.Indirect(v); v.Kind() {
		case reflect.String:
			if v.Len() > 0 {
				yield(v.String())
			}
		case reflect.Slice:
			if v.Type().Elem().Kind() != reflect.String {
				return
			}
			for i := range v.Len() {
				if e := v.Index(i); e.Len() > 0 && !yield(e.String()) {
					return
				}
			}
		}
	}
}

func (w *walk) add(what naming, text string) {
	if what.shape == byARN {
		w.arn(text)
		return
	}
	note := w.name
	if slices.Contains(w.spared, what.kind) {
		note = w.touch
	}
	id := kindID(what.kind, text)
	switch {
	case what.shape == beside:
		note("arn:aws:connect:" + w.partition.Region + ":" + w.partition.Account + ":" + string(what.kind) + "/" + id)
	case what.kind == center.KindView && uuid.Validate(id) != nil:
		note("arn:aws:connect:" + w.partition.Region + ":aws:view/" + id) // one that comes with the service: those of instances have UUIDs
	default:
		note(w.partition.ARN(w.instance, what.kind, id))
	}
}

// arn adds what an ARN names, spelt one way: the service would understand others too.
func (w *walk) arn(text string) {
	a, ok := center.ParseARN(text)
	if !ok {
		w.name(text) // no resource of an instance
		return
	}
	instance := a.InstanceARN(a.Instance)
	if a.Kind == center.KindInstance {
		w.name(instance)
		return
	}
	w.touch(instance)
	w.name(a.ARN(a.Instance, a.Kind, kindID(a.Kind, a.ID)))
}

func (w *walk) name(arn string) {
	if slices.Contains(w.found.Named, arn) {
		return
	}
	if len(w.found.Named) == maxNamed {
		w.found.More = true
		return
	}
	w.found.Named = append(w.found.Named, arn)
}

func (w *walk) touch(arn string) {
	if slices.Contains(w.found.Touched, arn) {
		return
	}
	if len(w.found.Touched) == maxNamed {
		w.found.More = true
		return
	}
	w.found.Touched = append(w.found.Touched, arn)
}

// kindID returns the id of a resource as the service looks it up.
func kindID(kind center.Kind, text string) string {
	if kind == kindContact {
		if id, ok := center.ParseContactID(text); ok {
			return string(id)
		}
	}
	return idOf(text)
}

// idOf returns the id in an id or ARN without the qualifier behind it, as in ":$SAVED".
func idOf(text string) string {
	id := center.IDOf(text)
	if i := strings.LastIndexByte(id, '/'); i >= 0 && strings.HasPrefix(id, "arn:") {
		id = id[i+1:] // of what is not inside an instance: a phone number, a view of the service
	}
	id, _, _ = strings.Cut(id, ":")
	return id
}
