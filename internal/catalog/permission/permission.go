// Package permission has what security profiles grant: the one table of the names
// of permissions, with what Parley makes of each, and the changes of the profiles.
//
// The names are those of Amazon's list of security profile permissions
// (administrator guide, 2026-11), and those that ListSecurityProfilePermissions gives
// of an Admin profile beyond that list (public Terraform code, 2026-11). [Of]
// knows each of them. Those with a constant are Parley's to enforce, where [Place]
// says; the others are about products that Parley does not have, and are kept
// for the tools that read them back.
//
// [CreateProfile] and its like each make one change of the catalog: they block until it is
// durable, make it whole or not at all, and return a *center.Error unless the store fails.
package permission

import (
	"iter"
	"maps"
	"slices"
	"strings"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow/check"
)

// Name is the name of a permission, as ListSecurityProfilePermissions shows it.
type Name string

// Place is where a permission is asked for.
type Place string

// The places.
const (
	Desk    Place = "desk"    // by the agent's API, of whoever is signed in at the desk
	Console Place = "console" // of whoever signs in to set up the centre, or to look into it
	Kept    Place = "kept"    // nowhere: what it is about is not in Parley
)

// What is asked for at the desk, of agents and supervisors.
const (
	BasicAgentAccess       Name = "BasicAgentAccess"              // to sign in at the desk at all
	OutboundCallAccess     Name = "OutboundCallAccess"            // to begin contacts, and to transfer out of the centre
	ManualAssignAnyContact Name = "ManualAssignAnyContact.Enable" // to pick any contact of the queues of a profile's manual list
	ManualAssignMyContacts Name = "ManualAssignMyContacts.Enable" // to pick those for which the agent is a preferred one
	ManagerListenIn        Name = "ManagerListenIn"               // to monitor contacts of others without a word (MonitorContact SILENT_MONITOR)
	ManagerBargeIn         Name = "ManagerBargeIn"                // to join them (BARGE)
	ContentCreate          Name = "ContentManagement.Create"      // quick responses
	ContentDelete          Name = "ContentManagement.Delete"
	ContentEdit            Name = "ContentManagement.Edit"
	ContentView            Name = "ContentManagement.View"
)

// What is asked for to look into the centre: metrics, contacts, transcripts.
const (
	AccessMetrics            Name = "AccessMetrics" // every kind of metrics
	RealTimeMetrics          Name = "AccessMetrics.RealTimeMetrics.Access"
	HistoricalMetrics        Name = "AccessMetrics.HistoricalMetrics.Access"
	AgentActivityAudit       Name = "AccessMetrics.AgentActivityAudit.Access"
	Dashboards               Name = "AccessMetrics.Dashboards.Access"
	DashboardsWithMyData     Name = "AccessMetrics.DashboardsWithMyData.View" // of the agent's own contacts and queues
	ContactSearchView        Name = "ContactSearch.View"
	MyContactsView           Name = "MyContacts.View"                       // the contacts that the user has handled
	RestrictContactAccess    Name = "RestrictContactAccessByHierarchy.View" // takes away: contacts of agents below the user's hierarchy group alone
	ContactAttributesView    Name = "ContactAttributes.View"
	TranscriptsAccess        Name = "ContactTranscripts.Unredacted.Access"
	TranscriptsDownload      Name = "ContactTranscripts.Unredacted.DownloadButton"
	ListenCallRecordings     Name = "ListenCallRecordings"   // legacy: TranscriptsAccess among others
	DownloadCallRecordings   Name = "DownloadCallRecordings" // legacy: TranscriptsDownload among others
	DeleteRecordings         Name = "DeleteCallRecordings"   // transcripts are recordings too
	StopContactEnabled       Name = "StopContact.Enabled"
	TransferContactEnabled   Name = "TransferContact.Enabled"
	ContactTagsEdit          Name = "Contacts.Tag.Edit"
	HistoricalChangesView    Name = "HistoricalChanges.View"
	ChatTestMode             Name = "ChatTestMode" // the page on which chats are tried
	AgentTimeCardView        Name = "AgentTimeCard.View"
	UsersEditPermission      Name = "Users.EditPermission" // which security profiles a user has
	ConfigureAttributesView  Name = "ConfigureContactAttributes.View"
	RoutingPoliciesCreate    Name = "RoutingPolicies.Create" // routing profiles
	RoutingPoliciesDelete    Name = "RoutingPolicies.Delete"
	RoutingPoliciesEdit      Name = "RoutingPolicies.Edit"
	RoutingPoliciesView      Name = "RoutingPolicies.View"
	DestinationsCreate       Name = "TransferDestinations.Create" // quick connects
	DestinationsDelete       Name = "TransferDestinations.Delete"
	DestinationsEdit         Name = "TransferDestinations.Edit"
	DestinationsView         Name = "TransferDestinations.View"
	HoursCreate              Name = "HoursOfOperation.Create"
	HoursDelete              Name = "HoursOfOperation.Delete"
	HoursEdit                Name = "HoursOfOperation.Edit"
	HoursView                Name = "HoursOfOperation.View"
	QueuesCreate             Name = "Queues.Create"
	QueuesDelete             Name = "Queues.Delete"
	QueuesEdit               Name = "Queues.Edit"
	QueuesEnableAndDisable   Name = "Queues.EnableAndDisable"
	QueuesView               Name = "Queues.View"
	PredefinedCreate         Name = "PredefinedAttributes.Create"
	PredefinedDelete         Name = "PredefinedAttributes.Delete"
	PredefinedEdit           Name = "PredefinedAttributes.Edit"
	PredefinedView           Name = "PredefinedAttributes.View"
	FlowsCreate              Name = "ContactFlows.Create"
	FlowsDelete              Name = "ContactFlows.Delete"
	FlowsEdit                Name = "ContactFlows.Edit"
	FlowsPublish             Name = "ContactFlows.Publish"
	FlowsView                Name = "ContactFlows.View"
	FlowModulesCreate        Name = "ContactFlowModules.Create"
	FlowModulesDelete        Name = "ContactFlowModules.Delete"
	FlowModulesEdit          Name = "ContactFlowModules.Edit"
	FlowModulesPublish       Name = "ContactFlowModules.Publish"
	FlowModulesView          Name = "ContactFlowModules.View"
	ViewsCreate              Name = "Views.Create"
	ViewsEdit                Name = "Views.Edit"
	ViewsRemove              Name = "Views.Remove"
	ViewsView                Name = "Views.View"
	UsersCreate              Name = "Users.Create"
	UsersDelete              Name = "Users.Delete"
	UsersEdit                Name = "Users.Edit"
	UsersEnableAndDisable    Name = "Users.EnableAndDisable"
	UsersView                Name = "Users.View"
	HierarchyCreate          Name = "AgentGrouping.Create"
	HierarchyEdit            Name = "AgentGrouping.Edit"
	HierarchyEnable          Name = "AgentGrouping.EnableAndDisable"
	HierarchyView            Name = "AgentGrouping.View"
	SecurityProfilesCreate   Name = "SecurityProfiles.Create"
	SecurityProfilesDelete   Name = "SecurityProfiles.Delete"
	SecurityProfilesEdit     Name = "SecurityProfiles.Edit"
	SecurityProfilesView     Name = "SecurityProfiles.View"
	AgentStatesCreate        Name = "AgentStates.Create"
	AgentStatesEdit          Name = "AgentStates.Edit"
	AgentStatesEnableDisable Name = "AgentStates.EnableAndDisable"
	AgentStatesView          Name = "AgentStates.View"
)

// places has every permission that Parley enforces.
var places = map[Place][]Name{
	Desk: {
		BasicAgentAccess, OutboundCallAccess, ManualAssignAnyContact, ManualAssignMyContacts, ManagerListenIn, ManagerBargeIn,
		ContentCreate, ContentDelete, ContentEdit, ContentView,
	},
	Console: {
		AccessMetrics, RealTimeMetrics, HistoricalMetrics, AgentActivityAudit, Dashboards, DashboardsWithMyData,
		ContactSearchView, MyContactsView, RestrictContactAccess, ContactAttributesView, ConfigureAttributesView,
		TranscriptsAccess, TranscriptsDownload, ListenCallRecordings, DownloadCallRecordings, DeleteRecordings,
		StopContactEnabled, TransferContactEnabled, ContactTagsEdit, HistoricalChangesView, ChatTestMode, AgentTimeCardView,
		RoutingPoliciesCreate, RoutingPoliciesDelete, RoutingPoliciesEdit, RoutingPoliciesView,
		DestinationsCreate, DestinationsDelete, DestinationsEdit, DestinationsView,
		HoursCreate, HoursDelete, HoursEdit, HoursView,
		QueuesCreate, QueuesDelete, QueuesEdit, QueuesEnableAndDisable, QueuesView,
		PredefinedCreate, PredefinedDelete, PredefinedEdit, PredefinedView,
		FlowsCreate, FlowsDelete, FlowsEdit, FlowsPublish, FlowsView,
		FlowModulesCreate, FlowModulesDelete, FlowModulesEdit, FlowModulesPublish, FlowModulesView,
		ViewsCreate, ViewsEdit, ViewsRemove, ViewsView,
		UsersCreate, UsersDelete, UsersEdit, UsersEditPermission, UsersEnableAndDisable, UsersView,
		HierarchyCreate, HierarchyEdit, HierarchyEnable, HierarchyView,
		SecurityProfilesCreate, SecurityProfilesDelete, SecurityProfilesEdit, SecurityProfilesView,
		AgentStatesCreate, AgentStatesEdit, AgentStatesEnableDisable, AgentStatesView,
	},
}

// kept has the permissions that nothing in Parley asks for: a family, and what may be done with it.
// A family of one stands alone.
var kept = []string{
	"Analytics.PerformanceMetrics: Access", "AnalyticsConnectors: Edit View", "Audio: View", "AudioDeviceSettings: Access",
	"AutomatedVoiceInteraction.Recordings.Redacted: Access DownloadButton", "AutomatedVoiceInteraction.Recordings.Unredacted: Access DownloadButton",
	"AutomatedVoiceInteraction.Transcripts.Redacted: Access", "AutomatedVoiceInteraction.Transcripts.Unredacted: Access",
	"Bots: Create Delete Edit View", "CallRecordings.Redacted: Access DownloadButton", "CallRecordings.Unredacted: Access DownloadButton",
	"Campaigns: Create Delete Edit Manage View", "Capacity: Edit Publish View",
	"CaseComments: Delete Edit", "CaseContacts: Delete", "CaseCustomRelatedItems: Delete Edit", "CaseFields: Create Edit View", "CaseFiles: Delete",
	"CaseHistory: View", "CaseTemplates: Create Edit View", "Cases: Create Delete Edit View",
	"MyCaseComments: Delete Edit", "MyCaseContacts: Delete", "MyCaseCustomRelatedItems: Delete Edit", "MyCases: Delete",
	"CoachingSessions: Create Delete Edit View", "MyCoachingSessions: Create Delete Edit View",
	"ContactLensCustomVocabulary: Edit View", "ContactLensPostContactSummary: View", "ContactSearchQuickViewWidget: Create Delete Edit View",
	"ContactSearchSampleContacts: View", "ContactSearchWithCharacteristics: Access View", "ContactSearchWithKeywords: Access View", "ContactTranscripts.Redacted: Access",
	"ContentManagement.MessageTemplates: Create Delete Edit View",
	"CustomMetrics: Create Delete Edit Publish View", "CustomViews: Access",
	"CustomerProfiles: Create Edit View", "CustomerProfiles.CalculatedAttributes: Create Delete Edit View", "CustomerProfiles.PredictiveInsights: Create Delete Edit View",
	"CustomerProfiles.ProfileExplorer: Create Delete Edit View", "CustomerProfiles.Segments: Create Delete Export View",
	"DataTables: Create Delete Edit EditExpressionValues ManageValues View", "EmailAddresses: Create Edit Remove View",
	"Evaluation: Create Delete Edit View", "EvaluationAssistant: Access", "EvaluationCalibrationSessions: Create Delete Edit View",
	"EvaluationForms: Create Delete Edit View", "EvaluationReviewRequest: Create Delete View", "EvaluationReviews: Create View", "MyReceivedEvaluations: View",
	"ForecastScheduleInterval: Edit View", "Forecasting: Edit Publish View", "GraphTrends: View",
	"InformationExtraction.Definitions: Create Delete Edit View", "InformationExtraction.Results: View",
	"MetricsReports: Create Delete Edit Publish Schedule Share View", "OutboundEmail: Create", "PhoneNumbers: Claim Edit Release View", "Prompts: Create Delete Edit View",
	"QConnectAIAgents: Create Delete Edit View", "QConnectAIPrompts: Create Delete Edit View", "QConnectGuardrails: Create Delete Edit View", "Queues: Purge",
	"RealtimeContactLens: View", "RedactedData: View", "ReportSchedules: Create Delete Edit View", "ReportsAdmin: Access Delete Publish Schedule View",
	"RequireEndContactConfirmation: Enabled", "RestrictPhoneTypeSettings: Access", "RestrictTaskCreation: Access",
	"Rules: Create Delete Edit View", "RulesGenerativeAI: Create Delete Edit View", "Scheduling: Edit Publish View",
	"ScreenRecording: Access Delete Download", "ScreenRecording.Redacted: Access Download", "SelfAssignContacts: Access", "StaffCalendar: Edit View",
	"TaskTemplates: Create Delete Edit View", "TeamCalendar: Edit View", "TestCases: Create Delete Edit Execute Publish View", "ThemeDetection: Create Delete View",
	"TimeOff: Approve Edit View", "TimeOffBalance: Edit View", "Transcript: View", "UnredactedData: View", "UpdateContactSchedule: Enabled", "VideoContact: Access",
	"VoiceId: Access", "VoiceIdAttributesAndSearch: View", "VoiceIdUpdateSpeakerId: Access", "Wisdom: View",
	"Workspaces: Assign Create Delete Edit EditVisibility View",
}

// known has every permission with its place.
var known = func() map[Name]Place {
	all := map[Name]Place{}
	for place, names := range places {
		for _, n := range names {
			all[n] = place
		}
	}
	for _, family := range kept {
		of, verbs, _ := strings.Cut(family, ":")
		for verb := range strings.FieldsSeq(verbs) {
			all[Name(of+"."+verb)] = Kept
		}
	}
	return all
}()

// Restricts reports whether who has the permission may do less for it.
func (n Name) Restricts() bool {
	return strings.HasPrefix(string(n), "Restrict") || strings.HasPrefix(string(n), "Require")
}

// Of returns where a permission is asked for. ok is false for what is none.
func Of(n Name) (p Place, ok bool) {
	p, ok = known[n]
	return p, ok
}

// All yields every permission with its place, by name.
func All() iter.Seq2[Name, Place] {
	return func(yield func(Name, Place) bool) {
		for _, n := range slices.Sorted(maps.Keys(known)) {
			if !yield(n, known[n]) {
				return
			}
		}
	}
}

// Checked returns names in alphabetical order, each once. Errors: Invalid for
// one that is no permission, with the one that may be meant.
func Checked(names []string) ([]string, error) {
	for _, n := range names {
		if _, ok := Of(Name(n)); ok {
			continue
		}
		hint := ""
		if near := check.Nearest(n, texts); near != "" {
			hint = "; did you mean " + near + "?"
		}
		return nil, center.Errorf(center.Invalid, "Permissions: %q is not a permission of a security profile%s", n, hint)
	}
	return slices.Compact(slices.Sorted(slices.Values(names))), nil
}

func texts(yield func(string) bool) {
	for n := range All() {
		if !yield(string(n)) {
			return
		}
	}
}
