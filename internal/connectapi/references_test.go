package connectapi_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/engine/enginetest"
)

// taking says what may follow the id of a flow or a module behind a colon, and how
// anything else is refused.
type taking struct {
	takes   string            // separated by spaces; nothing is "-"
	refuses map[string]string // the exception
}

const (
	notFoundE = "ResourceNotFoundException"
	requestE  = "InvalidRequestException"
	parameter = "InvalidParameterException"
)

// The ways in which members take references. Where a member's documentation names
// $SAVED or versions (DescribeContactFlow, UpdateContactFlowContent: Amazon Connect
// API reference, 2026-11; InvokeFlowModule: flow language, 2026-11) it is held to;
// that ID:alias and ID:version name what runs is in the model of 2026-10. The
// exceptions of what is refused are ours.
var (
	reads  = taking{"- $LATEST $SAVED 1 prod", map[string]string{"9": notFoundE, "nobody": notFoundE, "$DRAFT": parameter}}
	saves  = taking{"- $LATEST $SAVED", map[string]string{"1": parameter, "prod": parameter, "9": notFoundE, "nobody": notFoundE, "$DRAFT": parameter}}
	saves2 = taking{"- $LATEST $SAVED", map[string]string{"1": requestE, "prod": requestE, "9": notFoundE, "nobody": notFoundE, "$DRAFT": requestE}}
	starts = taking{"- $LATEST 1 prod", map[string]string{"$SAVED": notFoundE, "9": notFoundE, "nobody": notFoundE, "$DRAFT": notFoundE}}
	runs   = taking{"- $LATEST 1 prod", map[string]string{"$SAVED": requestE, "9": notFoundE, "nobody": notFoundE, "$DRAFT": parameter}}
	whole  = taking{"- $LATEST", map[string]string{"$SAVED": requestE, "1": requestE, "prod": requestE, "9": notFoundE, "nobody": notFoundE, "$DRAFT": parameter}}
	// The tags are the flow's, whichever of its contents is named; one that is not there is a mistake.
	tags = taking{"- $LATEST $SAVED 1 prod", map[string]string{"9": notFoundE, "nobody": notFoundE, "$DRAFT": parameter}}
)

// references has every member of a request that names a flow or a module, but for
// those of operations that answer 501, with how it takes references.
var references = map[string]*taking{
	"StartChatContact.ContactFlowId":                                        &starts,
	"CreateQueue.OutboundCallerConfig.OutboundFlowId":                       &runs,
	"UpdateQueueOutboundCallerConfig.OutboundCallerConfig.OutboundFlowId":   &runs,
	"CreateQuickConnect.QuickConnectConfig.UserConfig.ContactFlowId":        &runs,
	"CreateQuickConnect.QuickConnectConfig.QueueConfig.ContactFlowId":       &runs,
	"CreateQuickConnect.QuickConnectConfig.FlowConfig.ContactFlowId":        &runs,
	"UpdateQuickConnectConfig.QuickConnectConfig.UserConfig.ContactFlowId":  &runs,
	"UpdateQuickConnectConfig.QuickConnectConfig.QueueConfig.ContactFlowId": &runs,
	"UpdateQuickConnectConfig.QuickConnectConfig.FlowConfig.ContactFlowId":  &runs,
	"CreateSecurityProfile.AllowedFlowModules.FlowModuleId":                 &whole,
	"UpdateSecurityProfile.AllowedFlowModules.FlowModuleId":                 &whole,
	"DescribeContactFlow.ContactFlowId":                                     &reads,
	"DescribeContactFlowModule.ContactFlowModuleId":                         &reads,
	"UpdateContactFlowContent.ContactFlowId":                                &saves,
	"UpdateContactFlowModuleContent.ContactFlowModuleId":                    &saves2,
	"UpdateContactFlowMetadata.ContactFlowId":                               &whole,
	"UpdateContactFlowModuleMetadata.ContactFlowModuleId":                   &whole,
	"UpdateContactFlowName.ContactFlowId":                                   &whole,
	"DeleteContactFlow.ContactFlowId":                                       &whole,
	"DeleteContactFlowModule.ContactFlowModuleId":                           &whole,
	"CreateContactFlowVersion.ContactFlowId":                                &whole,
	"CreateContactFlowModuleVersion.ContactFlowModuleId":                    &whole,
	"ListContactFlowVersions.ContactFlowId":                                 &whole,
	"ListContactFlowModuleVersions.ContactFlowModuleId":                     &whole,
	"DeleteContactFlowVersion.ContactFlowId":                                &whole,
	"DeleteContactFlowModuleVersion.ContactFlowModuleId":                    &whole,
	"CreateContactFlowAlias.ContactFlowId":                                  &whole,
	"CreateContactFlowModuleAlias.ContactFlowModuleId":                      &whole,
	"DescribeContactFlowAlias.ContactFlowId":                                &whole,
	"DescribeContactFlowModuleAlias.ContactFlowModuleId":                    &whole,
	"ListContactFlowAliases.ContactFlowId":                                  &whole,
	"ListContactFlowModuleAliases.ContactFlowModuleId":                      &whole,
	"UpdateContactFlowAlias.ContactFlowId":                                  &whole,
	"UpdateContactFlowModuleAlias.ContactFlowModuleId":                      &whole,
	"DeleteContactFlowAlias.ContactFlowId":                                  &whole,
	"DeleteContactFlowModuleAlias.ContactFlowModuleId":                      &whole,
	"ListTagsForResource.ResourceArn":                                       &tags,
	"TagResource.ResourceArn":                                               &tags,
	"UntagResource.ResourceArn":                                             &tags,
}

// flowTypes are the types of the flows that members name, by a part of their paths;
// of the others it is CONTACT_FLOW.
var flowTypes = map[string]connect.ContactFlowType{
	"Outbound":    connect.ContactFlowTypeOUTBOUND_WHISPER,
	".UserConfig": connect.ContactFlowTypeAGENT_TRANSFER, ".QueueConfig": connect.ContactFlowTypeQUEUE_TRANSFER, ".FlowConfig": connect.ContactFlowTypeQUEUE_TRANSFER,
}

// quickConnectTypes are the types of quick connect by the member that they have.
var quickConnectTypes = map[string]connect.QuickConnectType{
	"UserConfig": connect.QuickConnectTypeUSER, "QueueConfig": connect.QuickConnectTypeQUEUE, "FlowConfig": connect.QuickConnectTypeFLOW,
}

// namesFlow reports whether a member names a flow or a module.
func namesFlow(name string) bool {
	return strings.HasSuffix(name, "FlowId") || strings.HasSuffix(name, "FlowModuleId") || strings.HasSuffix(name, "FlowIds")
}

// members yields the paths of the members of a type that name a flow or a module.
func members(typ reflect.Type, path string, open []reflect.Type) (paths []string) {
	for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice || typ.Kind() == reflect.Map {
		typ = typ.Elem()
	}
	if typ.Kind() != reflect.Struct || slices.Contains(open, typ) {
		return nil
	}
	for f := range typ.Fields() {
		at := path + "." + f.Name
		if f.IsExported() && namesFlow(f.Name) {
			paths = append(paths, at)
		} else if f.IsExported() {
			paths = append(paths, members(f.Type, at, append(slices.Clone(open), typ))...)
		}
	}
	return paths
}

// put sets a member at a path of a request.
func put(v reflect.Value, path []string, value any) {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		v = v.Elem()
	}
	if v.Kind() == reflect.Slice && len(path) > 0 { // of which one element is enough
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		v = v.Index(0)
	}
	if len(path) > 0 {
		put(v.FieldByName(path[0]), path[1:], value)
		return
	}
	v.Set(reflect.ValueOf(value).Convert(v.Type()))
}

// TestMembersThatTakeVersionsAndAliases asks every member of the API that names a
// flow or a module for everything that may follow an id.
func TestMembersThatTakeVersionsAndAliases(t *testing.T) {
	o := newStaff(t, catalog.Limits{Flows: 1000, Modules: 1000, Queues: 1000, QuickConnects: 1000, SecurityProfiles: 1000})
	ctx := t.Context()
	for m := range reflect.TypeFor[connect.Service]().Methods() {
		for _, path := range members(m.Type.In(1), m.Name, nil) {
			if references[path] != nil {
				continue
			}
			in := reflect.New(m.Type.In(1).Elem())
			err, _ := reflect.ValueOf(o.service).MethodByName(m.Name).Call([]reflect.Value{reflect.ValueOf(ctx), in})[1].Interface().(error)
			refused(t, path+", which is not in the table", err, "NotImplementedException", 501)
		}
	}
	hours := must[*connect.ListHoursOfOperationsResponse](t)(o.ListHoursOfOperations(ctx, &connect.ListHoursOfOperationsRequest{InstanceId: o.id})).HoursOfOperationSummaryList[0]
	queue := must[*connect.ListQueuesResponse](t)(o.ListQueues(ctx, &connect.ListQueuesRequest{InstanceId: o.id})).QueueSummaryList[0]
	quick := must[*connect.CreateQuickConnectResponse](t)(o.CreateQuickConnect(ctx, &connect.CreateQuickConnectRequest{InstanceId: o.id, Name: "quick",
		QuickConnectConfig: &connect.QuickConnectConfig{QuickConnectType: connect.QuickConnectTypePHONE_NUMBER, PhoneConfig: &connect.PhoneNumberQuickConnectConfig{PhoneNumber: "+15550100"}}}))
	security := must[*connect.CreateSecurityProfileResponse](t)(o.CreateSecurityProfile(ctx, &connect.CreateSecurityProfileRequest{InstanceId: o.id, SecurityProfileName: "security"}))
	user := o.user("ana")
	made := 0
	for _, path := range slices.Sorted(maps.Keys(references)) {
		how := references[path]
		operation, member, _ := strings.Cut(path, ".")
		for qualifier := range strings.FieldsSeq("- $LATEST $SAVED 1 prod 9 nobody $DRAFT") {
			made++
			name := fmt.Sprint("number ", made)
			var of authored
			switch {
			case strings.Contains(path, "Module"):
				of = o.asModule(ctx, name)
			default:
				of = o.asFlow(ctx, name)
			}
			for part, typ := range flowTypes {
				if !strings.Contains(path, part) {
					continue
				}
				content := good("x")
				if typ == connect.ContactFlowTypeOUTBOUND_WHISPER {
					content = `{"Version":"2019-10-30","StartAction":"end","Actions":[{"Identifier":"end","Type":"EndFlowExecution","Parameters":{},"Transitions":{}}]}`
				}
				out := must[*connect.CreateContactFlowResponse](t)(o.CreateContactFlow(ctx, &connect.CreateContactFlowRequest{InstanceId: o.id, Name: "another " + name, Type: typ, Content: content}))
				of.id, of.arn = *out.ContactFlowId, *out.ContactFlowArn
			}
			for range 2 {
				if _, _, err := of.version(of.id, "", ""); err != nil {
					t.Fatal(err)
				}
			}
			if _, _, err := of.alias(of.id, "prod", "", 1); err != nil {
				t.Fatal(err)
			}
			ref := of.arn
			if strings.Contains(path, "AllowedFlowModules") { // in which an ARN has no room
				ref = of.id
			}
			if qualifier != "-" {
				ref += ":" + qualifier
			}
			call := reflect.ValueOf(o.Client).MethodByName(operation)
			in := reflect.New(call.Type().In(1).Elem())
			for name, value := range map[string]any{
				"InstanceId": o.id, "HoursOfOperationId": *hours.Id, "QueueId": *queue.Id, "Name": "new " + name, "Content": of.text("x"), "AliasName": "fresh", "AliasId": "prod",
				"QuickConnectId": *quick.QuickConnectId, "SecurityProfileId": *security.SecurityProfileId, "SecurityProfileName": "new " + name,
				"ContactFlowVersion": int64(2), "ContactFlowModuleVersion": int64(2), "TagKeys": []string{"a"}, "Tags": map[string]string{"a": "b"},
				"ParticipantDetails": connect.ParticipantDetails{DisplayName: "Ana"},
			} {
				if f := in.Elem().FieldByName(name); f.IsValid() && operation+"."+name != "CreateContactFlowVersion.ContactFlowVersion" {
					put(f, nil, value)
				}
			}
			if config := strings.Split(member, "."); config[0] == "QuickConnectConfig" {
				put(in, []string{"QuickConnectConfig", "QuickConnectType"}, quickConnectTypes[config[1]])
				switch config[1] {
				case "QueueConfig":
					put(in, []string{"QuickConnectConfig", "QueueConfig", "QueueId"}, *queue.Id)
				case "UserConfig":
					put(in, []string{"QuickConnectConfig", "UserConfig", "UserId"}, user)
				}
			}
			put(in, strings.Split(member, "."), ref)
			err, _ := call.Call([]reflect.Value{reflect.ValueOf(ctx), in})[1].Interface().(error)
			if exception, isRefused := how.refuses[qualifier]; isRefused {
				status := 400
				if exception == notFoundE {
					status = 404
				}
				refused(t, path+" with "+qualifier, err, exception, status)
				continue
			}
			if err != nil || !slices.Contains(strings.Fields(how.takes), qualifier) {
				t.Errorf("%s with %s = %v; want one of %s taken, or refused as the table says", path, qualifier, err, how.takes)
			}
		}
	}
}

// TestActionsThatTakeVersionsAndAliases asks every action of the flow language that
// leads a chat to a flow or a module for everything that may follow an id. What is
// refused takes the error branch. CreateTask and CreateCallbackContact name flows of
// other channels; in a chat they take their error branch whatever they name.
func TestActionsThatTakeVersionsAndAliases(t *testing.T) {
	const (
		end  = `{"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}`
		says = `{"Identifier":%q,"Type":"MessageParticipant","Parameters":{"Text":%q},"Transitions":{"NextAction":"wait","Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"}]}}`
		wait = `{"Identifier":"wait","Type":"Wait","Parameters":{"TimeLimitSeconds":"60"},"Transitions":{"NextAction":"end","Conditions":[{"NextAction":"end","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],"Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"}]}}`
	)
	inHall(t, func(h *hall) {
		target := h.flow("target", connect.ContactFlowTypeCONTACT_FLOW, `{"Version":"2019-10-30","StartAction":"taken","Actions":[`+strings.Join([]string{fmt.Sprintf(says, "taken", "taken"), wait, end}, ",")+`]}`)
		module, err := h.CreateContactFlowModule(h.Context(), &connect.CreateContactFlowModuleRequest{InstanceId: h.instance, Name: "module", Content: moduleOf("taken")})
		if err != nil {
			h.Fatal(err)
		}
		in := h.instance
		version := func(err error) {
			if err != nil {
				h.Fatal(err)
			}
		}
		version(second(h.CreateContactFlowVersion(h.Context(), &connect.CreateContactFlowVersionRequest{InstanceId: in, ContactFlowId: target})))
		version(second(h.CreateContactFlowAlias(h.Context(), &connect.CreateContactFlowAliasRequest{InstanceId: in, ContactFlowId: target, AliasName: "prod", ContactFlowVersion: 1})))
		version(second(h.CreateContactFlowModuleVersion(h.Context(), &connect.CreateContactFlowModuleVersionRequest{InstanceId: in, ContactFlowModuleId: *module.Id})))
		version(second(h.CreateContactFlowModuleAlias(h.Context(), &connect.CreateContactFlowModuleAliasRequest{InstanceId: in, ContactFlowModuleId: *module.Id, AliasName: "prod", ContactFlowModuleVersion: 1})))
		for _, action := range []struct {
			typ, parameter, to string
			next               string // where the way goes on that is not an error
		}{
			{"TransferToFlow", `"ContactFlowId":"$.Attributes.ref"`, target, ""},
			{"InvokeFlowModule", `"FlowModuleId":"$.Attributes.ref"`, *module.Id, "wait"},
			{"UpdateContactEventHooks", `"EventHooks":{"CustomerRemaining":"$.Attributes.ref"}`, target, "taken"},
		} {
			next := action.next
			if next == "" {
				next = "refused"
			}
			flow := h.flow("of "+action.typ, connect.ContactFlowTypeCONTACT_FLOW, fmt.Sprintf(`{"Version":"2019-10-30","StartAction":"act","Actions":[
				{"Identifier":"act","Type":%q,"Parameters":{%s},"Transitions":{"NextAction":%q,"Errors":[{"NextAction":"refused","ErrorType":"NoMatchingError"}]}},%s]}`,
				action.typ, action.parameter, next, strings.Join([]string{fmt.Sprintf(says, "taken", "taken"), fmt.Sprintf(says, "refused", "refused"), wait, end}, ",")))
			for qualifier, want := range map[string]string{
				"": "taken", ":$LATEST": "taken", ":1": "taken", ":prod": "taken", ":$SAVED": "refused", ":9": "refused", ":nobody": "refused", ":$DRAFT": "refused",
			} {
				id, _ := h.join(func(in *connect.StartChatContactRequest) {
					in.ContactFlowId, in.Attributes = flow, map[string]string{"ref": action.to + qualifier}
				})
				if got := enginetest.Script(h.engine.Items(center.ContactID(id))); !slices.Equal(got, []string{"joined CUSTOMER", want}) {
					h.Errorf("%s with %q: the chat is %q; want it %s", action.typ, qualifier, got, want)
				}
			}
		}
	})
}

// TestNothingBehindTheColon: what a script makes of $FLOW:$ALIAS when ALIAS is not
// set does not start what is published.
func TestNothingBehindTheColon(t *testing.T) {
	o := newOffice(t, catalog.Limits{})
	id, _ := o.flow("hello")
	start := func(ref string) error {
		_, err := o.StartChatContact(t.Context(), &connect.StartChatContactRequest{
			InstanceId: o.id, ContactFlowId: ref, ParticipantDetails: &connect.ParticipantDetails{DisplayName: "Ana"},
		})
		return err
	}
	if err := start(id); err != nil {
		t.Error(err)
	}
	refused(t, "nothing behind the colon", start(id+":"), notFoundE, 404)
	_, err := o.DescribeContactFlow(t.Context(), &connect.DescribeContactFlowRequest{InstanceId: o.id, ContactFlowId: id + ":"})
	refused(t, "nothing behind the colon", err, parameter, 400)
}
