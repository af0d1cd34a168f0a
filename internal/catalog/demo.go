package catalog

// The demo instance and what a newcomer needs of it, under ids that never
// change, so that commands can be copied from the documentation.
const (
	DemoInstance = "11111111-1111-4111-8111-111111111111"
	DemoFlow     = "22222222-2222-4222-8222-222222222222" // "Parley demo"
	DemoQueue    = "33333333-3333-4333-8333-333333333333" // BasicQueue
	DemoWhile    = "44444444-4444-4444-8444-444444444444" // "Parley demo queue", which DemoWaiting names
	DemoWaiting  = "55555555-5555-4555-8555-555555555555" // "Parley demo with a queue"
	DemoViews    = "66666666-6666-4666-8666-666666666666" // "Parley demo with views"
	DemoAlias    = "parley-demo"
	DemoAgent    = "66666666-6666-4666-8666-666666666666" // DemoUserName, who takes chats from DemoQueue
)

// Who works in the demo instance: two agents and a supervisor. Everybody knows their password: they exist in development mode only.
const (
	DemoUserName   = "demo-agent"      // Dana, DemoAgent
	DemoSecondName = "demo-agent-2"    // Eli, to whom a quick connect leads
	DemoSupervisor = "demo-supervisor" // Sam, who monitors chats and is offered none
	DemoPassword   = "Parley-demo-1"   // of each
)

// DemoUser reports whether a username is that of somebody in the demo instance.
func DemoUser(name string) bool {
	return name == DemoUserName || name == DemoSecondName || name == DemoSupervisor
}
