package permission

import (
	"maps"
	"slices"
)

// The security profiles that come with every instance.
const (
	Admin             = "Admin"
	Agent             = "Agent"
	CallCenterManager = "CallCenterManager"
	QualityAnalyst    = "QualityAnalyst"
)

// managing are the permissions of the profile CallCenterManager, as public Terraform code
// that copies it from an instance of the service has them (2026-11). Managers who take
// or monitor contacts are given the profile Agent as well.
var managing = []string{
	"AccessMetrics", "AgentStates: Create Edit EnableAndDisable View", "AgentTimeCard: View", "ContactAttributes: View",
	"ContactFlowModules: Create Delete Edit Publish View", "ContactFlows: Create Delete Edit Publish View", "ContactSearch: View",
	"CustomerProfiles.CalculatedAttributes: Create Delete Edit View", "DeleteCallRecordings", "DownloadCallRecordings",
	"HoursOfOperation: Create Edit View", "ListenCallRecordings", "ManagerListenIn", "MetricsReports: Create Delete Edit Publish Schedule Share View",
	"PhoneNumbers: Claim Edit Release View", "Prompts: Create Delete Edit View", "Queues: Create Edit EnableAndDisable View",
	"ReportSchedules: Create Delete Edit View", "RoutingPolicies: Create Edit View", "TaskTemplates: Create Delete Edit View",
	"TransferDestinations: Create Edit View", "Users: EnableAndDisable View",
}

// predefined are the permissions of the profiles that come with an instance, but for Admin, in the form of families.
var predefined = map[string][]string{
	Agent:             {string(BasicAgentAccess), "OutboundCallAccess"},
	CallCenterManager: managing,
	QualityAnalyst:    {string(AccessMetrics), "AgentTimeCard: View", string(ContactAttributesView), "ContactSearch: View"},
}

// Predefined returns the permissions of a security profile that comes with every instance, in alphabetical order; Admin has
// all that do not restrict. It is nil for a profile with another name.
func Predefined(profile string) []string {
	names := map[string]bool{}
	if profile == Admin {
		for n := range All() {
			if !n.Restricts() {
				names[string(n)] = true
			}
		}
	}
	for _, family := range predefined[profile] {
		for n := range namesOf(family) {
			names[string(n)] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}
