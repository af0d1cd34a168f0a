package flow

// integrationTypes are the actions that reach beyond the contact.
var integrationTypes = []Type{
	{
		Name: "InvokeLambdaFunction", Flows: everywhere, Required: onError, Rules: Suspends,
		Title: "Invoke function", Family: FamilyCall, Shows: []string{"LambdaFunctionARN"},
		Params: []Param{prose("LambdaFunctionARN").must(), refer("InvocationTimeLimitSeconds"),
			literal("InvocationType", "SYNCHRONOUS", "ASYNCHRONOUS"), nested("LambdaInvocationAttributes"), nested("ResponseValidation")},
		read:    readInvoke,
		Block:   "InvokeExternalResource",
		Aliases: []string{"InvokeExternalResource"},
	},
	{
		Name: "CreateTask", Flows: everywhere, Required: onError,
		Title: "Create task", Family: FamilyCall, Shows: []string{"Name"},
		Params: []Param{prose("Name").must(), prose("Description"), refer("ContactFlowId"), refer("TaskTemplateId"), nested("Attributes"),
			nested("References"), refer("DelaySeconds").between(1, 518400), refer("ScheduledTime")},
	},
	{
		Name: "CreateWisdomSession", Flows: everywhere, Required: onError, Open: true,
		Title: "Connect assistant", Family: FamilyCall,
		Params: []Param{refer("WisdomAssistantArn").must()}, read: readAssistant,
	},
	{
		Name: "CreateCase", Flows: everywhere, Required: onError, Optional: []string{"ContactNotLinked"},
		Title: "Create case", Family: FamilyCall, Shows: []string{"CaseTemplateId"},
		Params: []Param{literal("LinkContactToCase", "true", "false"), refer("CaseTemplateId").must(), nested("CaseRequestFields"),
			literal("ContactToLink")},
	},
	{
		Name: "GetCase", Flows: everywhere, Required: []string{NoMatchingError, "MultipleFound", "NoneFound"}, Optional: []string{"ContactNotLinked"},
		Title: "Get case", Family: FamilyCall,
		Params: []Param{literal("LinkContactToCase", "true", "false"), literal("GetLastUpdatedCase", "true", "false"),
			nested("CaseRequestFields"), prose("CustomerId"), nested("CaseResponseFields")},
	},
	{
		Name: "UpdateCase", Flows: everywhere, Required: []string{"ContactNotLinked", NoMatchingError},
		Title: "Update case", Family: FamilyCall,
		Params: []Param{prose("CaseId").must(), literal("LinkContactToCase", "true", "false"), nested("CaseRequestFields")},
	},
	{
		Name: "GetCustomerProfile", Flows: everywhere, Required: []string{"MultipleFoundError", "NoneFoundError", NoMatchingError},
		Title: "Get profile", Family: FamilyCall, Shows: []string{"ProfileRequestData"},
		Params: []Param{nested("ProfileRequestData").must(), nested("ProfileResponseData")},
	},
	{
		Name: "GetCustomerProfileObject", Flows: everywhere, Required: []string{"NoneFoundError", NoMatchingError}, Open: true,
		Family: FamilyCall,
		Params: []Param{nested("ProfileResponseData")},
	},
	{
		Name: "GetCalculatedAttributesForCustomerProfile", Flows: everywhere, Required: []string{"NoneFoundError", NoMatchingError}, Open: true,
		Family: FamilyCall,
	},
	{
		Name: "CreateCustomerProfile", Flows: everywhere, Required: onError,
		Title: "Create profile", Family: FamilyCall,
		Params: []Param{nested("ProfileRequestData").must(), nested("ProfileResponseData")},
	},
	{
		Name: "UpdateCustomerProfile", Flows: everywhere, Required: onError,
		Title: "Update profile", Family: FamilyCall,
		Params: []Param{nested("ProfileRequestData").must(), nested("ProfileResponseData")},
	},
	{
		Name: "AssociateContactToCustomerProfile", Flows: everywhere, Required: onError, Open: true, Params: []Param{nested("ProfileRequestData")},
		Family: FamilyCall,
	},
	{
		Name: "EvaluateDataTableValues", Flows: everywhere, Required: onError, Open: true,
		Family: FamilyCall,
		Params: []Param{refer("DataTableId").must(), nested("Queries")},
	},
	{
		Name: "ListDataTableValues", Flows: everywhere, Required: onError, Open: true, Params: []Param{refer("DataTableId").must()},
		Family: FamilyCall,
	},
	{
		Name: "UpsertDataTableValues", Flows: everywhere, Required: onError, Open: true,
		Family: FamilyCall,
	},
	{
		Name: "StartOutboundChatContact", Flows: everywhere, Required: onError, Open: true,
		Family: FamilyCall,
	},
	{
		Name: "CheckSegmentMembership", Flows: everywhere, Required: onError, Optional: onCondition, Open: true, Conditions: equalsAny,
		Family: FamilyCall,
	},
	{
		Name: "RenderMessageTemplate", Flows: everywhere, Required: []string{NoMatchingError, "TemplateRenderingError"}, Open: true,
		Family: FamilyCall,
		Params: []Param{refer("WisdomKnowledgeBaseArn").must(), refer("WisdomMessageTemplateArn").must()},
	},
	{
		Name: "ConnectParticipantWithAgenticCX", Flows: everywhere, Required: onError, Rules: Suspends, Open: true,
		Family:   FamilyCall,
		Optional: []string{NoMatchingCondition, "InputTimeLimitExceeded"}, Conditions: equalsAny,
	},
	{
		Name: "RouteContactToAgent", Flows: Queued, Required: onError, Open: true,
		Family: FamilyCall,
	},
	{
		Name: "CreateContact", Flows: everywhere, Required: onError, Open: true, NotInChat: forEmail,
		Family: FamilyCall,
	},
	{
		Name: "StartOutboundEmailContact", Flows: everywhere, Required: onError, Open: true, NotInChat: forEmail,
		Family: FamilyCall,
	},
}
