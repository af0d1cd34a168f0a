package server_test

import (
	"encoding/json"
	"fmt"
	"strings"
)

// The contents of the flow and the module that are configured, with what they say.
const (
	terraformFlow = `{"Version":"2019-10-30","StartAction":"a","Metadata":{"entryPointPosition":{"x":20,"y":20}},"Actions":[
 {"Identifier":"a","Type":"MessageParticipant","Parameters":{"Text":%q},"Transitions":{"NextAction":"b","Errors":[{"NextAction":"b","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"b","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`
	terraformModule = `{"Version":"2019-10-30","StartAction":"a","Settings":{"InputParameters":[],"OutputParameters":[],"Transitions":[]},"Actions":[
 {"Identifier":"a","Type":"MessageParticipant","Parameters":{"Text":%q},"Transitions":{"NextAction":"b","Errors":[{"NextAction":"b","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"b","Type":"EndFlowModuleExecution","Parameters":{},"Transitions":{}}]}`
)

// configuration is what is declared at a step: ${KIND.NAME} is the id of another resource.
func (w *terraform) configuration(step string) func(yield func(int, declared) bool) {
	w.t.Helper()
	steps := map[string]string{"created": created, "changed": changed, "without what is optional": bare}
	return func(yield func(int, declared) bool) {
		for i, block := range strings.Split(strings.TrimSpace(steps[step]), "\n\n") {
			address, text, _ := strings.Cut(block, " ")
			kind, name, _ := strings.Cut(address, ".")
			for a, id := range w.ids {
				text = strings.ReplaceAll(text, "${"+a+"}", id)
			}
			r := declared{kind: kind, name: name, config: object{}}
			if err := json.Unmarshal([]byte(text), &r.config); err != nil {
				w.t.Fatalf("%s at the step %s: %v", address, step, err)
			}
			for k, form := range map[string]string{"contact_flow": terraformFlow, "contact_flow_module": terraformModule} {
				if kind == k {
					r.config["Content"] = fmt.Sprintf(form, r.config["Content"])
				}
			}
			if !yield(i, r) {
				return
			}
		}
	}
}

const created = `
instance.main {"ClientToken": "terraform-1", "IdentityManagementType": "CONNECT_MANAGED", "InstanceAlias": "terraformed", "InboundCallsEnabled": true, "OutboundCallsEnabled": true,
 "Tags": {"team": "platform"}, "AUTO_RESOLVE_BEST_VOICES": true, "CONTACT_LENS": true, "EARLY_MEDIA": true, "INBOUND_CALLS": true, "OUTBOUND_CALLS": true}

hours.office {"Name": "Office hours", "Description": "When somebody is there", "TimeZone": "Europe/Lisbon", "Tags": {"team": "sales"}, "Config": [
 {"Day": "TUESDAY", "StartTime": {"Hours": 9, "Minutes": 0}, "EndTime": {"Hours": 17, "Minutes": 30}},
 {"Day": "MONDAY", "StartTime": {"Hours": 9, "Minutes": 0}, "EndTime": {"Hours": 17, "Minutes": 30}}]}

contact_flow.welcome {"Name": "Welcome", "Description": "The first words", "Type": "CONTACT_FLOW", "Content": "Welcome.", "Tags": {"team": "sales"}}

contact_flow.to_queue {"Name": "To the queue", "Type": "QUEUE_TRANSFER", "Content": "Please wait."}

contact_flow.to_agent {"Name": "To the agent", "Type": "AGENT_TRANSFER", "Content": "Please wait."}

contact_flow_module.closing {"Name": "Closing", "Description": "The last words", "Content": "Goodbye.", "Tags": {"team": "sales"}}

quick_connect.phone {"Name": "Reception", "Description": "Downstairs", "Tags": {"team": "sales"}, "QuickConnectConfig": {"QuickConnectType": "PHONE_NUMBER", "PhoneConfig": {"PhoneNumber": "+351210000000"}}}

queue.sales {"Name": "Sales", "Description": "Who buys", "HoursOfOperationId": "${hours.office}", "MaxContacts": 10, "Tags": {"team": "sales"},
 "OutboundCallerConfig": {"OutboundCallerIdName": "Acme"}, "QuickConnectIds": ["${quick_connect.phone}"]}

queue.help {"Name": "Help", "HoursOfOperationId": "${hours.office}"}

quick_connect.queue {"Name": "Help desk", "QuickConnectConfig": {"QuickConnectType": "QUEUE", "QueueConfig": {"QueueId": "${queue.help}", "ContactFlowId": "${contact_flow.to_queue}"}}}

routing_profile.sales {"Name": "Sales people", "Description": "Chats and calls", "DefaultOutboundQueueId": "${queue.sales}", "Tags": {"team": "sales"},
 "MediaConcurrencies": [{"Channel": "VOICE", "Concurrency": 1}, {"Channel": "CHAT", "Concurrency": 3}],
 "QueueConfigs": [{"QueueReference": {"QueueId": "${queue.sales}", "Channel": "CHAT"}, "Priority": 1, "Delay": 0}, {"QueueReference": {"QueueId": "${queue.sales}", "Channel": "VOICE"}, "Priority": 2, "Delay": 30}]}

security_profile.seller {"SecurityProfileName": "Seller", "Description": "Who sells", "Permissions": ["OutboundCallAccess", "BasicAgentAccess"], "Tags": {"team": "sales"}}

user_hierarchy_structure.levels {"LevelOne": {"Name": "Site"}, "LevelTwo": {"Name": "Team"}}

user_hierarchy_group.lisbon {"Name": "Lisbon", "Tags": {"team": "sales"}}

user_hierarchy_group.blue {"Name": "Blue", "ParentGroupId": "${user_hierarchy_group.lisbon}"}

user.ana {"Username": "ana", "Password": "Passw0rd-1", "RoutingProfileId": "${routing_profile.sales}", "SecurityProfileIds": ["${security_profile.seller}"],
 "HierarchyGroupId": "${user_hierarchy_group.blue}", "Tags": {"team": "sales"}, "IdentityInfo": {"FirstName": "Ana", "LastName": "Silva", "Email": "ana@example.com"},
 "PhoneConfig": {"PhoneType": "SOFT_PHONE", "AutoAccept": false, "AfterContactWorkTimeLimit": 0}}

quick_connect.user {"Name": "Ana", "QuickConnectConfig": {"QuickConnectType": "USER", "UserConfig": {"UserId": "${user.ana}", "ContactFlowId": "${contact_flow.to_agent}"}}}
`

const changed = `
instance.main {"IdentityManagementType": "CONNECT_MANAGED", "InstanceAlias": "terraformed", "InboundCallsEnabled": true, "OutboundCallsEnabled": false,
 "Tags": {"team": "operations", "stage": "test"}, "AUTO_RESOLVE_BEST_VOICES": false, "CONTACT_LENS": true, "EARLY_MEDIA": true, "INBOUND_CALLS": true, "OUTBOUND_CALLS": false, "CONTACTFLOW_LOGS": true, "MULTI_PARTY_CONFERENCE": true}

hours.office {"Name": "Long hours", "Description": "When anybody is there", "TimeZone": "Europe/Paris", "Tags": {"stage": "test"}, "Config": [
 {"Day": "FRIDAY", "StartTime": {"Hours": 0, "Minutes": 0}, "EndTime": {"Hours": 0, "Minutes": 0}}]}

contact_flow.welcome {"Name": "Hello", "Description": "Other words", "Type": "CONTACT_FLOW", "Content": "Hello.", "Tags": {"stage": "test"}}

contact_flow.to_queue {"Name": "To a queue", "Type": "QUEUE_TRANSFER", "Content": "One moment."}

contact_flow_module.closing {"Name": "Ending", "Description": "Other last words", "Content": "See you.", "Tags": {"stage": "test"}}

quick_connect.phone {"Name": "Front desk", "Description": "Upstairs", "QuickConnectConfig": {"QuickConnectType": "QUEUE", "QueueConfig": {"QueueId": "${queue.help}", "ContactFlowId": "${contact_flow.to_queue}"}}}

queue.help {"Name": "Help", "HoursOfOperationId": "${hours.office}", "QuickConnectIds": ["${quick_connect.phone}", "${quick_connect.queue}"], "Status": "DISABLED"}

queue.sales {"Name": "Sales and more", "Description": "Whoever buys", "HoursOfOperationId": "${hours.office}", "MaxContacts": 20, "Tags": {"stage": "test"},
 "OutboundCallerConfig": {"OutboundCallerIdName": "Acme and Sons"}, "QuickConnectIds": ["${quick_connect.queue}"]}

routing_profile.sales {"Name": "Sales and help", "Description": "Chats", "DefaultOutboundQueueId": "${queue.help}", "Tags": {"stage": "test"},
 "MediaConcurrencies": [{"Channel": "VOICE", "Concurrency": 1}, {"Channel": "CHAT", "Concurrency": 5}, {"Channel": "TASK", "Concurrency": 2}],
 "QueueConfigs": [{"QueueReference": {"QueueId": "${queue.sales}", "Channel": "CHAT"}, "Priority": 3, "Delay": 10}, {"QueueReference": {"QueueId": "${queue.help}", "Channel": "TASK"}, "Priority": 1, "Delay": 0}]}

security_profile.seller {"SecurityProfileName": "Seller", "Description": "Who also watches", "Permissions": ["BasicAgentAccess", "ManagerListenIn", "Users.View"], "Tags": {"stage": "test"}}

user_hierarchy_structure.levels {"LevelOne": {"Name": "Country"}, "LevelTwo": {"Name": "Team"}, "LevelThree": {"Name": "Desk"}}

user_hierarchy_group.lisbon {"Name": "Portugal", "Tags": {"stage": "test"}}

user.ana {"Username": "ana", "Password": "Passw0rd-1", "RoutingProfileId": "${routing_profile.sales}", "SecurityProfileIds": ["${security_profile.seller}"],
 "HierarchyGroupId": "${user_hierarchy_group.lisbon}", "Tags": {"stage": "test"}, "IdentityInfo": {"FirstName": "Anna", "LastName": "Silva", "Email": "anna@example.com"},
 "PhoneConfig": {"PhoneType": "DESK_PHONE", "AutoAccept": true, "AfterContactWorkTimeLimit": 60, "DeskPhoneNumber": "+351210000001"}}
`

const bare = `
hours.office {"Name": "Long hours", "TimeZone": "Europe/Paris", "Config": [
 {"Day": "FRIDAY", "StartTime": {"Hours": 0, "Minutes": 0}, "EndTime": {"Hours": 0, "Minutes": 0}}]}

contact_flow.welcome {"Name": "Hello", "Type": "CONTACT_FLOW", "Content": "Hello."}

contact_flow_module.closing {"Name": "Ending", "Description": "Other last words", "Content": "See you."}

quick_connect.phone {"Name": "Front desk", "QuickConnectConfig": {"QuickConnectType": "PHONE_NUMBER", "PhoneConfig": {"PhoneNumber": "+351210000000"}}}

queue.help {"Name": "Help", "HoursOfOperationId": "${hours.office}"}

queue.sales {"Name": "Sales and more", "Description": "Whoever buys", "HoursOfOperationId": "${hours.office}", "OutboundCallerConfig": {"OutboundCallerIdName": "Acme and Sons"}}

routing_profile.sales {"Name": "Sales and help", "Description": "Chats", "DefaultOutboundQueueId": "${queue.help}", "MediaConcurrencies": [{"Channel": "CHAT", "Concurrency": 5}]}

security_profile.seller {"SecurityProfileName": "Seller"}

user_hierarchy_structure.levels {"LevelOne": {"Name": "Country"}, "LevelTwo": {"Name": "Team"}}

user.ana {"Username": "ana", "Password": "Passw0rd-1", "RoutingProfileId": "${routing_profile.sales}", "SecurityProfileIds": ["${security_profile.seller}"],
 "IdentityInfo": {"FirstName": "Anna", "LastName": "Silva"}, "PhoneConfig": {"PhoneType": "SOFT_PHONE", "AutoAccept": false, "AfterContactWorkTimeLimit": 0}}
`
