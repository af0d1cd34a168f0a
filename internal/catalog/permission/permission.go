// Package permission has the names of what security profiles can grant, in one table, with what
// each does in Parley. It is pure, and knows nothing of profiles and users: those are package access's.
//
// The names are those of Amazon's list of security profile permissions
// (administrator guide, 2026-11), and those that ListSecurityProfilePermissions gives
// of an Admin profile beyond that list (public Terraform code, 2026-11). Those with a constant
// are enforced: [Effects] says what each is for, and a test of package access that the code asks for each of them. The
// others have no effect, because of what [Of] says, and are kept for the tools that read them back.
//
// Start reading at [Effects].
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

// Class says whether a permission has an effect, and why if it has none.
type Class string

// The classes.
const (
	Enforced Class = "enforced" // it has an effect: see [Effects]
	// Managed permissions are about setting up the centre, and looking into it: that is done by Amazon's API, where the policies
	// of access keys say who may do what, and not the profiles of users.
	Managed Class = "managed"
	Absent  Class = "absent" // what it is about is not in Parley
)

// The permissions that are enforced.
const (
	BasicAgentAccess       Name = "BasicAgentAccess"
	StopContactEnabled     Name = "StopContact.Enabled"
	ContactAttributesView  Name = "ContactAttributes.View"
	ManualAssignAnyContact Name = "ManualAssignAnyContact.Enable"
	ManualAssignMyContacts Name = "ManualAssignMyContacts.Enable"
	AccessMetrics          Name = "AccessMetrics"
	AgentActivityAudit     Name = "AccessMetrics.AgentActivityAudit.Access"
	ContentView            Name = "ContentManagement.View"
	ContentCreate          Name = "ContentManagement.Create"
	ContentEdit            Name = "ContentManagement.Edit"
	ContentDelete          Name = "ContentManagement.Delete"
	ManagerListenIn        Name = "ManagerListenIn"
	ManagerBargeIn         Name = "ManagerBargeIn"
	RestrictContactAccess  Name = "RestrictContactAccessByHierarchy.View"
	RealTimeMetrics        Name = "AccessMetrics.RealTimeMetrics.Access"
	HistoricalMetrics      Name = "AccessMetrics.HistoricalMetrics.Access"
	ContactSearchView      Name = "ContactSearch.View"
	MyContactsView         Name = "MyContacts.View"
	UnredactedTranscripts  Name = "ContactTranscripts.Unredacted.Access"
	AgentStatesView        Name = "AgentStates.View"
	AgentStatesEdit        Name = "AgentStates.Edit"
	QueuesView             Name = "Queues.View"
	RoutingPoliciesView    Name = "RoutingPolicies.View"
	UsersView              Name = "Users.View"
)

// Effect is what a permission does.
type Effect struct {
	Name Name
	What string // what it lets a user do, or keeps a user from, in Markdown
}

// Effects are those of all permissions that are enforced.
var Effects = []Effect{
	{BasicAgentAccess, "To sign in at the desk (SignIn, CreateStream), and all that needs no other permission there: the status, and to accept, reject, leave and clear contacts. Whoever loses it is signed out."},
	{StopContactEnabled, "To end a chat for everybody (EndContact, and RemoveParticipant of the customer). To leave one needs no permission."},
	{ContactAttributesView, "To set attributes of a contact in hand (UpdateContactAttributes), and to read those of any that the user may look at (GetContactAttributes below `/agent/connect`)."},
	{ManualAssignAnyContact, "To see and pick what waits in the manual queues of the routing profile (ListWaitingContacts, PickContact)."},
	{ManualAssignMyContacts, "The same, of the contacts whose active routing step names the user as a preferred agent."},
	{AgentActivityAudit, "To ask why a chat has no agent yet, and what agents do meanwhile (ExplainContact)."},
	{AccessMetrics, "The same, and what the permissions for metrics in real time and for historical ones are for."},
	{RealTimeMetrics, "To see how queues and agents are doing (GetCurrentMetricData and GetCurrentUserData below `/agent/connect`)."},
	{HistoricalMetrics, "To see how they did (GetMetricDataV2 below `/agent/connect`)."},
	{ContactSearchView, "To find and look at contacts, live and ended (SearchContacts and DescribeContact below `/agent/connect`)."},
	{MyContactsView, "The same, of those of which the user was the agent; and to read what was said in contacts that he has handled (GetContactTranscript)."},
	{UnredactedTranscripts, "To read what was said in any contact, which goes on or is over (GetContactTranscript)."},
	{AgentStatesView, "To list the statuses of agents (ListAgentStatuses below `/agent/connect`). For the own status no permission is needed."},
	{AgentStatesEdit, "To give an agent another status (PutUserStatus below `/agent/connect`)."},
	{QueuesView, "To list the queues (ListQueues below `/agent/connect`)."},
	{RoutingPoliciesView, "To list the routing profiles (ListRoutingProfiles below `/agent/connect`)."},
	{UsersView, "To list the users (ListUsers below `/agent/connect`)."},
	{ContentView, "To list the quick responses as they were set up (ListQuickResponses). To search them for a contact needs no permission."},
	{ContentCreate, "To set up quick responses (CreateQuickResponse)."},
	{ContentEdit, "To change them (UpdateQuickResponse)."},
	{ContentDelete, "To delete them (DeleteQuickResponse)."},
	{ManagerListenIn, "To list the chats of agents, and to watch them silently (ListActiveContacts and MonitorContact at the desk; MonitorContact of Amazon's API, of the user who is to watch)."},
	{ManagerBargeIn, "To join a chat that the user watches (UpdateMonitorParticipantState, MonitorContact with `BARGE`), and to remove others from it then (RemoveParticipant)."},
	{RestrictContactAccess, "It restricts: of the chats of other agents the user is shown, finds and may watch those of agents whose hierarchy group is the user's own, or one below it (MonitorContact, SearchContacts below `/agent/connect`); none, for want of a group."},
}

// managed has the permissions of that class: a family, and what may be done with it. A family of one stands alone.
var managed = []string{
	"AccessMetrics.Dashboards: Access", "AccessMetrics.DashboardsWithMyData: View",
	"AgentGrouping: Create Edit EnableAndDisable View", "AgentStates: Create EnableAndDisable", "AgentTimeCard: View",
	"ChatTestMode", "ConfigureContactAttributes: View", "ContactFlowModules: Create Delete Edit Publish View", "ContactFlows: Create Delete Edit Publish View",
	"ContactTranscripts.Unredacted: DownloadButton", "Contacts.Tag: Edit", "DeleteCallRecordings", "DownloadCallRecordings",
	"HistoricalChanges: View", "HoursOfOperation: Create Delete Edit View", "ListenCallRecordings", "PredefinedAttributes: Create Delete Edit View",
	"Queues: Create Delete Edit EnableAndDisable", "RoutingPolicies: Create Delete Edit", "SecurityProfiles: Create Delete Edit View", "TransferContact: Enabled",
	"TransferDestinations: Create Delete Edit View", "Users: Create Delete Edit EditPermission EnableAndDisable", "Views: Create Edit Remove View",
}

// absent has the permissions of that class, in the same form.
var absent = []string{
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
	"MetricsReports: Create Delete Edit Publish Schedule Share View", "OutboundCallAccess", "OutboundEmail: Create", "PhoneNumbers: Claim Edit Release View", "Prompts: Create Delete Edit View",
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

// known has every permission with its class.
var known = func() map[Name]Class {
	all := map[Name]Class{}
	for _, e := range Effects {
		all[e.Name] = Enforced
	}
	for class, families := range map[Class][]string{Managed: managed, Absent: absent} {
		for _, family := range families {
			for n := range namesOf(family) {
				all[n] = class
			}
		}
	}
	return all
}()

// namesOf yields the permissions of a family.
func namesOf(family string) iter.Seq[Name] {
	return func(yield func(Name) bool) {
		of, verbs, several := strings.Cut(family, ": ")
		if !several {
			yield(Name(of))
			return
		}
		for verb := range strings.FieldsSeq(verbs) {
			if !yield(Name(of + "." + verb)) {
				return
			}
		}
	}
}

// Restricts reports whether who has the permission may do less for it.
func (n Name) Restricts() bool {
	return strings.HasPrefix(string(n), "Restrict") || strings.HasPrefix(string(n), "Require")
}

// Of returns the class of a permission. ok is false for what is none.
func Of(n Name) (c Class, ok bool) {
	c, ok = known[n]
	return c, ok
}

// All yields every permission with its class, by name.
func All() iter.Seq2[Name, Class] {
	return func(yield func(Name, Class) bool) {
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
