// Package typescript writes the types of an API, and the table of its operations, for pages: [Generate] is a pure function of the model, so
// that equal models give equal bytes.
//
// Values are those of the JSON on the wire: nothing is read into another form, and a time is the text or the number that the
// server sends. What sends requests by the table is written by hand, in web/api/call.ts.
package typescript

//go:generate go run ../cmd -model ../../../api/model/agent.json -typescript ../../../web/api/agent_gen.ts
//go:generate go run ../cmd -model ../../../api/model/connectparticipant.json -typescript ../../../web/api/participant_gen.ts
//go:generate go run ../cmd -model ../../../api/model/connect.json -operations DescribeContact,GetContactAttributes,GetCurrentMetricData,GetCurrentUserData,GetMetricDataV2,ListAgentStatuses,ListQueues,ListRoutingProfiles,ListUsers,PutUserStatus,SearchContacts -typescript ../../../web/api/connect_gen.ts
