package flow

// controlTypes are the actions that steer the flow.
var controlTypes = []Type{
	{
		Name: "Compare", Flows: everywhere, Required: onCondition, Rules: Branches,
		Title: "Check", Family: FamilyControl, Shows: []string{"ComparisonValue"},
		Params: []Param{refer("ComparisonValue").must()}, Conditions: anyCondition, read: readCompare,
		Block:   "CheckAttribute",
		Aliases: []string{"CheckAttribute"},
	},
	{
		Name: "Wait", Flows: everywhere, Required: onError, Optional: []string{ParticipantNotFound}, Rules: Branches | Suspends,
		Title: "Wait", Family: FamilyControl, Shows: []string{"TimeLimitSeconds"},
		Params: []Param{refer("TimeLimitSeconds").between(1, MaxWait), nested("Events"),
			literal("ContinueExecution", "True", "False"), refer("MinimumWaitTimeSeconds").between(1, MaxWait)},
		Conditions: anyCondition, read: readWait,
	},
	{
		Name: "Loop", Flows: everywhere, Optional: onError, Rules: Branches | GoesOn,
		Title: "Loop", Family: FamilyControl, Shows: []string{"LoopCount"},
		Params:     []Param{refer("LoopCount").must().between(0, MaxLoop).loose(), literal("LoopName")},
		Conditions: allOf(ContinueLooping, DoneLooping), read: readLoop,
	},
	{
		Name: "CheckHoursOfOperation", Flows: spoken, Required: onError, Rules: Branches,
		Title: "Check hours", Family: FamilyControl, Shows: []string{"HoursOfOperationId"},
		Params: []Param{refer("HoursOfOperationId")}, Conditions: &Conditions{Operators: equals, Complete: []string{"True", "False"}}, read: readHours,
	},
	{
		Name: "CheckMetricData", Flows: spoken, Required: onErrorAndCondition, Rules: Branches,
		Title: "Check queue or staff", Family: FamilyControl, Shows: []string{"MetricType"},
		Params:     []Param{literal("MetricType", metricTypes...).must(), refer("QueueId"), refer("AgentId")},
		Conditions: anyCondition, read: readMetric,
		Block: "CheckStaffing",
		Variants: []Variant{
			{"MetricType", "NumberOfContactsInQueue", "CheckQueueStatus"}, {"MetricType", "OldestContactInQueueAgeSeconds", "CheckQueueStatus"},
		},
	},
	{
		Name: "GetMetricData", Flows: everywhere, Required: onError,
		Title: "Get queue metrics", Family: FamilyCall, Shows: []string{"QueueId"},
		Params: []Param{refer("QueueId"), refer("AgentId"), refer("QueueChannel").of(QueueChannels...)},
		read:   readMetrics,
	},
	{
		Name: "DistributeByPercentage", Flows: spoken | OutboundWhisper, Required: onCondition, Rules: Branches,
		Title: "Distribute by percentage", Family: FamilyControl,
		Conditions: anyCondition, read: noArgs,
	},
	{
		Name: "TransferToFlow", Flows: Inbound | Transfers, Required: onError, Rules: Branches,
		Title: "Transfer to flow", Family: FamilyEnd, Shows: []string{"ContactFlowId"},
		Params: []Param{refer("ContactFlowId").must()}, read: readTransfer,
		Block:   "Transfer",
		Aliases: []string{"TransferContactToFlow"},
	},
	{
		Name: "EndFlowExecution", Flows: Queued | Whispers | Hold, Only: Queued | Whispers | Hold | Modules, Rules: Terminal, read: noArgs,
		Title: "End flow", Family: FamilyEnd,
		Block:   "Resume",
		Aliases: []string{"Resume"},
	},
	{
		Name: "UpdateFlowAttributes", Flows: everywhere, Required: onError,
		Title: "Set flow attributes", Family: FamilyContact, Shows: []string{"FlowAttributes"},
		Params: []Param{nested("FlowAttributes").must()}, read: readFlowAttributes,
		Block: "SetAttributes",
	},
	{
		Name: "UpdateFlowLoggingBehavior", Flows: everywhere, Rules: GoesOn,
		Title: "Set logging", Family: FamilyControl, Shows: []string{"FlowLoggingBehavior"},
		Params: []Param{literal("FlowLoggingBehavior", "Enabled", "Disabled").must()}, read: readLogging,
		Block:   "SetLoggingBehavior",
		Aliases: []string{"SetLoggingBehavior"},
	},
	{
		Name: "InvokeFlowModule", Flows: everywhere, Required: onError, Optional: onCondition, Open: true, Rules: Suspends | Speaks,
		Title: "Invoke module", Family: FamilyCall, Shows: []string{"FlowModuleId"},
		Params: []Param{refer("FlowModuleId").must()}, Conditions: equalsAny, read: readModule,
	},
	{
		Name: "EndFlowModuleExecution", Flows: everywhere, Only: Modules, Rules: Terminal, Open: true, read: readEndModule,
		Title: "Return", Family: FamilyEnd,
	},
}
