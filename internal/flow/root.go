package flow

// Root is a first name of references: what $.Attributes, $.Queue and so on
// stand for.
type Root struct {
	Name      string
	Index     int     // its position in [Roots]
	Filled    Filling // whether a chat has it
	Flat      bool    // its members are texts: no reference goes further than one key
	Named     bool    // its members are named by users; only an absent member of the others equals the operand NULL
	Namespace string  // what the designer calls it, "" for System
	Setter    string  // the type of the action that sets it, "" for what a contact has by itself
	Local     bool    // what sets it is in the same flow
	Leaf      bool    // it is a value itself; the others are only by their members
}

// Filling says whether anything fills a root in a chat.
type Filling uint8

// What may fill a root. One that is not filled is always null.
const (
	FilledInChat  Filling = iota
	NeverInChat           // it is of calls, tasks or email
	NeverInParley         // services that Parley does not have would fill it
)

// rootTable are the roots of references.
var rootTable = []Root{
	{Name: "Channel", Leaf: true},
	{Name: "ContactId", Leaf: true},
	{Name: "InitialContactId", Leaf: true},
	{Name: "PreviousContactId", Leaf: true},
	{Name: "RelatedContactId", Leaf: true},
	{Name: "InitiationMethod", Leaf: true},
	{Name: "InstanceARN", Leaf: true},
	{Name: "AwsRegion", Leaf: true},
	{Name: "LanguageCode", Leaf: true},
	{Name: "CustomerId", Leaf: true},
	{Name: "Name", Leaf: true},
	{Name: "Description", Leaf: true},

	{Name: "Queue"},
	{Name: "Agent"},
	{Name: "CustomerEndpoint"},
	{Name: "Media"},

	{Name: "Attributes", Flat: true, Named: true, Namespace: "User Defined"},
	{Name: "FlowAttributes", Flat: true, Named: true, Namespace: "Flow", Setter: "UpdateFlowAttributes", Local: true},
	{Name: "Tags", Flat: true, Named: true},
	{Name: "References", Named: true},
	{Name: "SegmentAttributes", Named: true, Namespace: "Segment attributes"},
	{Name: "External", Named: true, Namespace: "External", Setter: "InvokeLambdaFunction"},
	{Name: "Lex", Namespace: "Lex", Setter: "ConnectParticipantWithLexBot"},
	{Name: "Views", Named: true, Namespace: "Views", Setter: "ShowView"},
	{Name: "Metrics", Namespace: "Queue metrics", Setter: "GetMetricData"},
	{Name: "Modules", Named: true, Namespace: "Modules"},
	{Name: "Loop", Named: true, Namespace: "Loop", Setter: "Loop", Local: true},
	{Name: "LambdaInvocation", Named: true, Setter: "InvokeLambdaFunction"},
	{Name: "Wisdom", Setter: "CreateWisdomSession"},

	{Name: "SystemEndpoint", Filled: NeverInChat},
	{Name: "TextToSpeechVoiceId", Filled: NeverInChat, Leaf: true},
	{Name: "StoredCustomerInput", Filled: NeverInChat, Leaf: true},
	{Name: "CallbackNumber", Filled: NeverInChat, Leaf: true},
	{Name: "MediaStreams", Filled: NeverInChat},
	{Name: "Email", Filled: NeverInChat},
	{Name: "AdditionalEmailRecipients", Filled: NeverInChat},
	{Name: "Capabilities", Filled: NeverInParley},
	{Name: "Task", Filled: NeverInParley},
	{Name: "Customer", Filled: NeverInParley, Named: true, Namespace: "Customer"},
	{Name: "Case", Filled: NeverInParley, Named: true, Namespace: "Cases"},
	{Name: "DataTables", Filled: NeverInParley, Named: true},
	{Name: "DataTableList", Filled: NeverInParley, Named: true},
	{Name: "AgenticCX", Filled: NeverInParley, Named: true},
}

// roots are the roots of references by name.
var roots = func() map[string]*Root {
	byName := make(map[string]*Root, len(rootTable))
	for i := range rootTable {
		rootTable[i].Index = i
		byName[rootTable[i].Name] = &rootTable[i]
	}
	return byName
}()

// Roots returns the roots of references. The caller must not change them.
func Roots() []Root { return rootTable }

// ChatChannel is $.Channel of every contact that Parley has.
const ChatChannel = "CHAT"
